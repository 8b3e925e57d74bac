"""How a round's positions were drawn, and what both sides have scored in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_SCORES = (
    ('right_answers', sa.Integer()),
    ('model_right_answers', sa.Integer()),
    ('points_bits', sa.Double()),
    ('model_points_bits', sa.Double()),
)
# What settles a position: a right guess, a skip, the only guess of its kind, or the fifth try.
_FILL = """
UPDATE rounds SET
  right_answers = (SELECT count(*) FROM guesses WHERE {here} AND is_right),
  model_right_answers = (SELECT count(*) FROM guesses WHERE {here} AND {model}),
  points_bits = (SELECT coalesce(sum(target_loss_nats), 0) / 0.6931471805599453
                 FROM guesses WHERE {here} AND is_right),
  model_points_bits = (SELECT coalesce(sum(target_loss_nats), 0) / 0.6931471805599453
                       FROM guesses WHERE {here} AND {model})
"""
_HERE = (
    "guesses.round_id = rounds.id AND (guesses.mode = 'guess'"
    " OR guesses.mode = 'tries' AND (is_right OR skipped OR attempt = 5)"
    " OR guesses.mode = 'bet' AND EXISTS (SELECT 1 FROM bets"
    " WHERE bets.round_id = rounds.id AND bets.position = guesses.position))"
)
_MODEL = "(guesses.mode = 'tries' AND target_rank <= 5 OR guesses.mode <> 'tries' AND model_is_right)"


def upgrade() -> None:
    """Apply; every existing round was drawn uniformly."""
    with op.batch_alter_table('guesses', schema=None) as batch_op:
        batch_op.add_column(_draw_kind())
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.add_column(_draw_kind())
        for name, kind in _SCORES:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default='0'))
    op.execute(_FILL.format(here=_HERE, model=_MODEL))
    with op.batch_alter_table('guesses', schema=None) as batch_op:
        batch_op.alter_column('draw_kind', server_default=None)
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        for name in ('draw_kind', *(name for name, _ in _SCORES)):
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        for name in ('draw_kind', *(name for name, _ in _SCORES)):
            batch_op.drop_column(name)
    with op.batch_alter_table('guesses', schema=None) as batch_op:
        batch_op.drop_column('draw_kind')


def _draw_kind() -> sa.Column[str]:
    return sa.Column('draw_kind', sa.String(16), nullable=False, server_default='uniform')
