"""Rollups of the statistics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; every existing player gets a mark, so that the first fold counts everything."""
    op.create_table('player_marks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('player_id', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_player_marks'))
    )
    with op.batch_alter_table('player_marks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_player_marks_player_id'), ['player_id'], unique=False)

    op.create_table('player_sums',
    sa.Column('player_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('counts', sa.Boolean(), nullable=False),
    sa.Column('judged', sa.JSON(), nullable=False),
    sa.Column('sums', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('player_id', name=op.f('pk_player_sums'))
    )
    op.create_table('duel_sums',
    sa.Column('scored_passage_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('form', sa.String(length=16), nullable=False),
    sa.Column('changed', sa.Boolean(), nullable=False),
    sa.Column('sums', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('scored_passage_id', 'unit', 'form', name=op.f('pk_duel_sums'))
    )
    with op.batch_alter_table('duel_sums', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_duel_sums_changed'), ['changed'], unique=False)

    op.create_table('cluster_sums',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('numbers', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_cluster_sums'))
    )
    op.create_table('statistics_sums',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('numbers', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_statistics_sums'))
    )
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')


def downgrade() -> None:
    """Undo."""
    for table in ('statistics_sums', 'cluster_sums', 'duel_sums', 'player_sums', 'player_marks'):
        op.drop_table(table)
