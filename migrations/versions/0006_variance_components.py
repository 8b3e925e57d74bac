"""Sums that tell how answers cluster: what was folded before lacks them, so all is counted anew."""

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
    """The sums before lack what is here, and would not take it away: count anew as well."""
    _start_over()


def _start_over() -> None:
    for table in ('player_marks', 'player_sums', 'duel_sums', 'cluster_sums', 'statistics_sums'):
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
