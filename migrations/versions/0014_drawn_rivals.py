"""How likely a duel's two words were to be drawn; sums start over, since bets have a finer step."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_COLUMNS = ('target_drawn_logprob_nats', 'rival_drawn_logprob_nats')


def upgrade() -> None:
    """Apply; the rivals of every existing judgement were drawn by the model."""
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        for name in _COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Double(), nullable=True))
    _start_over()


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        for name in _COLUMNS:
            batch_op.drop_column(name)
    _start_over()


def _start_over() -> None:
    for table in ('player_marks', 'player_sums', 'duel_sums', 'cluster_sums', 'statistics_sums'):
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
