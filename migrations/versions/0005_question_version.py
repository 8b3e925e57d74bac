"""What a judgement answers; sums start over, since accuracy and calibration now count otherwise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_ROLLUPS = ('statistics_sums', 'cluster_sums', 'duel_sums', 'player_sums', 'player_marks')


def upgrade() -> None:
    """Apply; every existing judgement answers the first question."""
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('question_version', sa.Integer(), nullable=False, server_default='1')
        )
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        batch_op.alter_column('question_version', server_default=None)
    _start_over()


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        batch_op.drop_column('question_version')
    _start_over()


def _start_over() -> None:
    for table in _ROLLUPS:
        op.execute(f'DELETE FROM {table}')
    op.execute('INSERT INTO player_marks (player_id) SELECT id FROM players')
    op.execute('UPDATE statistics SET document = NULL')
