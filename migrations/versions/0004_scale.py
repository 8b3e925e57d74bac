"""Vocabularies' sizes as a column; indexes that let a round start at the same cost in any corpus."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.domain.text.tokens import Unit
from server.store.scoring.blobs import vocabulary_from_blob

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_SIZES = ('vocabulary_size', 'word_answers')
_COUNTS = ('asked_words', 'asked_tokens', 'tail_words', 'tail_tokens')


def upgrade() -> None:
    """Apply; the sizes are read from the vocabularies, once."""
    with op.batch_alter_table('language_models', schema=None) as batch_op:
        for name in _SIZES:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
    _fill_sizes()
    with op.batch_alter_table('language_models', schema=None) as batch_op:
        for name in _SIZES:
            batch_op.alter_column(name, existing_type=sa.Integer(), nullable=False)
    for column in _COUNTS:
        where = sa.text(f'{column} > 0')
        op.create_index(
            f'ix_scored_passages_{column}', 'scored_passages', ['model_id', 'draw_number'],
            sqlite_where=where, postgresql_where=where,
        )
    unfinished = sa.text('finished_at IS NULL')
    op.create_index(
        'ix_rounds_unfinished', 'rounds', ['player_id', 'scored_passage_id'],
        sqlite_where=unfinished, postgresql_where=unfinished,
    )
    op.create_index(
        'ix_rounds_player_id_scored_passage_id', 'rounds', ['player_id', 'scored_passage_id']
    )
    op.create_index('ix_rounds_daily', 'rounds', ['daily_on', 'model_id', 'unit', 'id'])
    op.drop_index('ix_rounds_daily_on', 'rounds')


def downgrade() -> None:
    """Undo."""
    op.create_index('ix_rounds_daily_on', 'rounds', ['daily_on'])
    for name in ('daily', 'player_id_scored_passage_id', 'unfinished'):
        op.drop_index(f'ix_rounds_{name}', 'rounds')
    for column in _COUNTS:
        op.drop_index(f'ix_scored_passages_{column}', 'scored_passages')
    with op.batch_alter_table('language_models', schema=None) as batch_op:
        for name in _SIZES:
            batch_op.drop_column(name)


def _fill_sizes() -> None:
    """Count each vocabulary's tokens and words, one model in memory at a time."""
    models = sa.table(
        'language_models', *(sa.column(name) for name in ('id', 'vocabulary', *_SIZES))
    )
    connection = op.get_bind()
    for model_id in connection.scalars(sa.select(models.c.id)).all():
        this = models.c.id == model_id
        blob = connection.scalars(sa.select(models.c.vocabulary).where(this)).one()
        vocabulary = vocabulary_from_blob(blob)
        sizes = {
            'vocabulary_size': vocabulary.answers(Unit.TOKENS),
            'word_answers': vocabulary.answers(Unit.WORDS),
        }
        connection.execute(sa.update(models).where(this).values(**sizes))
