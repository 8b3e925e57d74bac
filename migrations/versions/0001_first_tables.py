"""First tables."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('language_models',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('revision', sa.String(length=64), nullable=False),
    sa.Column('tokenizer_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('parameters', sa.BigInteger(), nullable=False),
    sa.Column('window_tokens', sa.Integer(), nullable=False),
    sa.Column('vocabulary', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_language_models')),
    sa.UniqueConstraint('name', 'revision', 'tokenizer_fingerprint', name=op.f('uq_language_models_name_revision_tokenizer_fingerprint'))
    )
    op.create_table('players',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('nickname', sa.String(length=64), nullable=True),
    sa.Column('flagged', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_players')),
    sa.UniqueConstraint('public_id', name=op.f('uq_players_public_id'))
    )
    op.create_table('passages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('licence', sa.String(length=200), nullable=False),
    sa.Column('genre', sa.String(length=200), nullable=False),
    sa.Column('cut_from_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['cut_from_id'], ['passages.id'], name=op.f('fk_passages_cut_from_id_passages')),
    sa.ForeignKeyConstraint(['owner_id'], ['players.id'], name=op.f('fk_passages_owner_id_players'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passages')),
    sa.UniqueConstraint('content_hash', name=op.f('uq_passages_content_hash'))
    )
    with op.batch_alter_table('passages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_passages_owner_id'), ['owner_id'], unique=False)

    op.create_table('imports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('tally', sa.JSON(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imports')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_imports_fingerprint'))
    )
    op.create_table('passage_bands',
    sa.Column('band', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('passage_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['passage_id'], ['passages.id'], name=op.f('fk_passage_bands_passage_id_passages')),
    sa.PrimaryKeyConstraint('band', name=op.f('pk_passage_bands'))
    )
    op.create_table('scored_passages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('passage_id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('draw_number', sa.Integer(), nullable=True),
    sa.Column('asked_words', sa.Integer(), nullable=False),
    sa.Column('asked_tokens', sa.Integer(), nullable=False),
    sa.Column('tail_words', sa.Integer(), nullable=False),
    sa.Column('tail_tokens', sa.Integer(), nullable=False),
    sa.Column('left_out', sa.String(length=200), nullable=True),
    sa.Column('scores', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['language_models.id'], name=op.f('fk_scored_passages_model_id_language_models')),
    sa.ForeignKeyConstraint(['passage_id'], ['passages.id'], name=op.f('fk_scored_passages_passage_id_passages'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scored_passages')),
    sa.UniqueConstraint('passage_id', 'model_id', name=op.f('uq_scored_passages_passage_id_model_id'))
    )
    with op.batch_alter_table('scored_passages', schema=None) as batch_op:
        batch_op.create_index('ix_scored_passages_model_id_draw_number', ['model_id', 'draw_number'], unique=False)

    op.create_table('rounds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('player_id', sa.Integer(), nullable=False),
    sa.Column('scored_passage_id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('assisted', sa.Boolean(), nullable=False),
    sa.Column('repeated', sa.Boolean(), nullable=False),
    sa.Column('practice', sa.Boolean(), nullable=False),
    sa.Column('form', sa.String(length=16), nullable=True),
    sa.Column('draw', sa.Integer(), nullable=True),
    sa.Column('seed', sa.String(length=32), nullable=False),
    sa.Column('daily_on', sa.Date(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['model_id'], ['language_models.id'], name=op.f('fk_rounds_model_id_language_models')),
    sa.ForeignKeyConstraint(['player_id'], ['players.id'], name=op.f('fk_rounds_player_id_players'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['scored_passage_id'], ['scored_passages.id'], name=op.f('fk_rounds_scored_passage_id_scored_passages')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rounds')),
    sa.UniqueConstraint('public_id', name=op.f('uq_rounds_public_id'))
    )
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rounds_daily_on'), ['daily_on'], unique=False)
        batch_op.create_index('ix_rounds_duels', ['model_id', 'mode', 'unit', 'form', 'scored_passage_id'], unique=False)
        batch_op.create_index('ix_rounds_player_id_model_id_started_at', ['player_id', 'model_id', 'started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_rounds_scored_passage_id'), ['scored_passage_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_rounds_started_on'), ['started_on'], unique=False)

    op.create_table('guesses',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('player_id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('assisted', sa.Boolean(), nullable=False),
    sa.Column('repeated', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=64), nullable=True),
    sa.Column('skipped', sa.Boolean(), nullable=False),
    sa.Column('is_right', sa.Boolean(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('model_guess', sa.String(), nullable=False),
    sa.Column('model_is_right', sa.Boolean(), nullable=False),
    sa.Column('target_rank', sa.Integer(), nullable=False),
    sa.Column('target_loss_nats', sa.Double(), nullable=False),
    sa.Column('entropy_nats', sa.Double(), nullable=False),
    sa.Column('elapsed_ms', sa.Integer(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['language_models.id'], name=op.f('fk_guesses_model_id_language_models')),
    sa.ForeignKeyConstraint(['player_id'], ['players.id'], name=op.f('fk_guesses_player_id_players'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['rounds.id'], name=op.f('fk_guesses_round_id_rounds'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guesses')),
    sa.UniqueConstraint('round_id', 'position', 'attempt', name=op.f('uq_guesses_round_id_position_attempt'))
    )
    with op.batch_alter_table('guesses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guesses_answered_on'), ['answered_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_guesses_player_id'), ['player_id'], unique=False)
        batch_op.create_index('ix_guesses_statistics', ['model_id', 'mode', 'unit', 'assisted', 'repeated', 'is_right', 'model_is_right'], unique=False)

    op.create_table('bets',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('player_id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('scored_passage_id', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('repeated', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('stakes', sa.JSON(), nullable=False),
    sa.Column('other', sa.Double(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('target_option', sa.String(), nullable=True),
    sa.Column('loss_nats', sa.Double(), nullable=False),
    sa.Column('target_logprob_nats', sa.Double(), nullable=False),
    sa.Column('elapsed_ms', sa.Integer(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['language_models.id'], name=op.f('fk_bets_model_id_language_models')),
    sa.ForeignKeyConstraint(['player_id'], ['players.id'], name=op.f('fk_bets_player_id_players'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['rounds.id'], name=op.f('fk_bets_round_id_rounds'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['scored_passage_id'], ['scored_passages.id'], name=op.f('fk_bets_scored_passage_id_scored_passages')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bets')),
    sa.UniqueConstraint('round_id', 'position', name=op.f('uq_bets_round_id_position'))
    )
    with op.batch_alter_table('bets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bets_answered_on'), ['answered_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_bets_model_id'), ['model_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bets_player_id'), ['player_id'], unique=False)

    op.create_table('judgements',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('player_id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('scored_passage_id', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('form', sa.String(length=16), nullable=False),
    sa.Column('practice', sa.Boolean(), nullable=False),
    sa.Column('asked', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('rival', sa.String(), nullable=False),
    sa.Column('target_share', sa.Double(), nullable=False),
    sa.Column('target_logprob_nats', sa.Double(), nullable=False),
    sa.Column('rival_logprob_nats', sa.Double(), nullable=False),
    sa.Column('elapsed_ms', sa.Integer(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['language_models.id'], name=op.f('fk_judgements_model_id_language_models')),
    sa.ForeignKeyConstraint(['player_id'], ['players.id'], name=op.f('fk_judgements_player_id_players'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['rounds.id'], name=op.f('fk_judgements_round_id_rounds'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['scored_passage_id'], ['scored_passages.id'], name=op.f('fk_judgements_scored_passage_id_scored_passages')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_judgements')),
    sa.UniqueConstraint('round_id', 'position', name=op.f('uq_judgements_round_id_position'))
    )
    with op.batch_alter_table('judgements', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_judgements_answered_on'), ['answered_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_judgements_model_id'), ['model_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_judgements_player_id'), ['player_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_judgements_scored_passage_id'), ['scored_passage_id'], unique=False)

    statistics = op.create_table('statistics',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statistics'))
    )
    op.bulk_insert(statistics, [{'id': 1, 'begun_at': datetime(2026, 1, 1, tzinfo=UTC), 'document': None}])


def downgrade() -> None:
    """Undo."""
    for table in ('statistics', 'judgements', 'bets'):
        op.drop_table(table)

    with op.batch_alter_table('guesses', schema=None) as batch_op:
        batch_op.drop_index('ix_guesses_statistics')
        batch_op.drop_index(batch_op.f('ix_guesses_player_id'))
        batch_op.drop_index(batch_op.f('ix_guesses_answered_on'))

    op.drop_table('guesses')
    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rounds_started_on'))
        batch_op.drop_index(batch_op.f('ix_rounds_scored_passage_id'))
        batch_op.drop_index('ix_rounds_duels')
        batch_op.drop_index('ix_rounds_player_id_model_id_started_at')
        batch_op.drop_index(batch_op.f('ix_rounds_daily_on'))

    op.drop_table('rounds')
    with op.batch_alter_table('scored_passages', schema=None) as batch_op:
        batch_op.drop_index('ix_scored_passages_model_id_draw_number')

    op.drop_table('scored_passages')
    op.drop_table('passage_bands')
    op.drop_table('imports')
    with op.batch_alter_table('passages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_passages_owner_id'))

    op.drop_table('passages')
    op.drop_table('players')
    op.drop_table('language_models')
