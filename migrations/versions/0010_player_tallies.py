"""Players' guesses by how hard they were, which abilities are estimated from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and have everything counted again, since earlier folds left it empty."""
    op.create_table(
        'player_tallies',
        sa.Column('player_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('model_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('unit', sa.String(length=16), nullable=False),
        sa.Column('words', sa.Integer(), nullable=False),
        sa.Column('passage_squares', sa.Integer(), nullable=False),
        sa.Column('right_by_grade', sa.JSON(), nullable=False),
        sa.Column('guesses_by_grade', sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint('player_id', 'model_id', 'unit', name=op.f('pk_player_tallies')),
    )
    op.create_index('ix_player_tallies_words', 'player_tallies', ['model_id', 'unit', 'words'])
    _start_over()


def downgrade() -> None:
    """Drop the table; the sums lose what only it needs, by being counted again."""
    op.drop_table('player_tallies')
    _start_over()


def _start_over() -> None:
    for table in ('player_marks', 'player_sums', 'duel_sums', 'cluster_sums', 'statistics_sums'):
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
