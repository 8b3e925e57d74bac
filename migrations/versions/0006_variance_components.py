"""Sums that tell how answers cluster: earlier folds lack them, so everything is counted again."""

from __future__ import annotations

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty the rollups and mark every player; pages show the last numbers until the first fold."""
    _start_over()


def downgrade() -> None:
    """The earlier sums lack what is here and could not remove it: count everything again, too."""
    _start_over()


def _start_over() -> None:
    for table in ('player_marks', 'player_sums', 'duel_sums', 'cluster_sums', 'statistics_sums'):
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
