"""Which rounds count and from when; what an address may contribute; flaggings, audit, retirement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_WAITING = sa.text('counts_from IS NOT NULL')
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply; every round so far counts, and nobody was flagged by a window of time."""
    op.create_table(
        'flaggings',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('since', _MOMENT, nullable=False),
        sa.Column('until', _MOMENT, nullable=False),
        sa.Column('least_right', sa.Double(), nullable=True),
        sa.Column('made_at', _MOMENT, nullable=False),
        sa.Column('undone_at', _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_flaggings')),
    )
    op.create_table(
        'address_days',
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('digest', sa.String(length=32), nullable=False),
        sa.Column('rounds', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('day', 'digest', name=op.f('pk_address_days')),
    )
    op.create_table(
        'admin_actions',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('at', _MOMENT, nullable=False),
        sa.Column('by', sa.String(length=16), nullable=False),
        sa.Column('action', sa.String(length=32), nullable=False),
        sa.Column('detail', sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_admin_actions')),
    )
    op.create_index(op.f('ix_admin_actions_at'), 'admin_actions', ['at'])
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('counts', sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.add_column(sa.Column('counts_from', _MOMENT, nullable=True))
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.alter_column('counts', existing_type=sa.Boolean(), server_default=None)
    op.create_index(
        'ix_rounds_waiting', 'rounds', ['counts_from'],
        sqlite_where=_WAITING, postgresql_where=_WAITING,
    )
    with op.batch_alter_table('players', schema=None) as batch_op:
        batch_op.add_column(sa.Column('flagging_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('unlinked_at', _MOMENT, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_players_flagging_id_flaggings'), 'flaggings', ['flagging_id'], ['id']
        )
        batch_op.create_index('ix_players_created_at', ['created_at'])
    with op.batch_alter_table('passages', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('retired', sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table('passages', schema=None) as batch_op:
        batch_op.alter_column('retired', existing_type=sa.Boolean(), server_default=None)
    _start_over()


def downgrade() -> None:
    """Undo; players flagged by a window of time stay flagged, retired passages stay undrawn."""
    with op.batch_alter_table('passages', schema=None) as batch_op:
        batch_op.drop_column('retired')
    with op.batch_alter_table('players', schema=None) as batch_op:
        batch_op.drop_index('ix_players_created_at')
        batch_op.drop_constraint(
            batch_op.f('fk_players_flagging_id_flaggings'), type_='foreignkey'
        )
        batch_op.drop_column('unlinked_at')
        batch_op.drop_column('flagging_id')
    op.drop_index('ix_rounds_waiting', 'rounds')
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.drop_column('counts_from')
        batch_op.drop_column('counts')
    op.drop_index(op.f('ix_admin_actions_at'), 'admin_actions')
    for table in ('admin_actions', 'address_days', 'flaggings'):
        op.drop_table(table)
    _start_over()


def _start_over() -> None:
    """Count everything again: unsettled answers were in the sums, and are no more."""
    for table in ('player_marks', 'player_sums', 'duel_sums', 'cluster_sums', 'statistics_sums'):
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
    op.execute('UPDATE statistics SET document = NULL')
