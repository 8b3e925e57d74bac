"""Challenges, one history on two devices, names that are not shown, and an index for the leaderboard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_NAMED = sa.text('nickname IS NOT NULL')


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('players', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('hidden', sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table('players', schema=None) as batch_op:
        batch_op.alter_column('hidden', server_default=None)
    op.create_index(
        'ix_players_named', 'players', ['id'], sqlite_where=_NAMED, postgresql_where=_NAMED
    )
    op.create_table(
        'challenges',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('code', sa.String(length=32), nullable=False),
        sa.Column('round_id', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_by_admin', sa.Boolean(), nullable=False),
        _belongs_to('challenges', 'round_id', 'rounds'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_challenges')),
        sa.UniqueConstraint('code', name=op.f('uq_challenges_code')),
    )
    op.create_index(op.f('ix_challenges_round_id'), 'challenges', ['round_id'])
    op.create_table(
        'challenge_rounds',
        sa.Column('challenge_id', sa.Integer(), nullable=False),
        sa.Column('round_id', sa.Integer(), nullable=False),
        _belongs_to('challenge_rounds', 'challenge_id', 'challenges'),
        _belongs_to('challenge_rounds', 'round_id', 'rounds'),
        sa.PrimaryKeyConstraint('challenge_id', 'round_id', name=op.f('pk_challenge_rounds')),
    )
    op.create_index(op.f('ix_challenge_rounds_round_id'), 'challenge_rounds', ['round_id'])
    op.create_table(
        'transfers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('code_hash', sa.String(length=64), nullable=False),
        sa.Column('player_id', sa.Integer(), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        _belongs_to('transfers', 'player_id', 'players'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_transfers')),
        sa.UniqueConstraint('code_hash', name=op.f('uq_transfers_code_hash')),
    )
    op.create_index(op.f('ix_transfers_player_id'), 'transfers', ['player_id'])
    op.create_table(
        'former_players',
        sa.Column('public_id', sa.String(length=32), nullable=False),
        sa.Column('player_id', sa.Integer(), nullable=False),
        _belongs_to('former_players', 'player_id', 'players'),
        sa.PrimaryKeyConstraint('public_id', name=op.f('pk_former_players')),
    )
    op.create_index(op.f('ix_former_players_player_id'), 'former_players', ['player_id'])


def downgrade() -> None:
    """Undo; names that were hidden are shown again, codes lead nowhere."""
    for table in ('former_players', 'transfers', 'challenge_rounds', 'challenges'):
        op.drop_table(table)
    op.drop_index('ix_players_named', 'players')
    with op.batch_alter_table('players', schema=None) as batch_op:
        batch_op.drop_column('hidden')


def _belongs_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f'fk_{table}_{column}_{other}')
    return sa.ForeignKeyConstraint([column], [f'{other}.id'], name=name, ondelete='CASCADE')
