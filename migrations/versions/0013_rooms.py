"""Rooms: their state, who plays in them, every answer; and what the crowd comes to, kept in a row."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        'rooms',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('code', sa.String(length=6), nullable=False),
        sa.Column('key_digest', sa.String(length=64), nullable=False),
        sa.Column('passage_id', sa.Integer(), nullable=True),
        sa.Column('scored_passage_id', sa.Integer(), nullable=True),
        sa.Column('model_id', sa.Integer(), nullable=False),
        sa.Column('own_text', sa.Boolean(), nullable=False),
        sa.Column('words', sa.Integer(), nullable=False),
        sa.Column('seconds', sa.Integer(), nullable=True),
        sa.Column('phase', sa.String(length=16), nullable=False),
        sa.Column('word', sa.Integer(), nullable=False),
        sa.Column('asked_at', _MOMENT, nullable=True),
        sa.Column('ends_at', _MOMENT, nullable=True),
        sa.Column('paused_at', _MOMENT, nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('answers', sa.Integer(), nullable=False),
        sa.Column('created_at', _MOMENT, nullable=False),
        sa.Column('closes_at', _MOMENT, nullable=False),
        sa.Column('closed', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ['passage_id'],
            ['passages.id'],
            name='fk_rooms_passage_id_passages',
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['scored_passage_id'],
            ['scored_passages.id'],
            name='fk_rooms_scored_passage_id_scored_passages',
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['model_id'], ['language_models.id'], name='fk_rooms_model_id_language_models'
        ),
        sa.PrimaryKeyConstraint('id', name='pk_rooms'),
        sa.UniqueConstraint('code', name='uq_rooms_code'),
    )
    op.create_index('ix_rooms_passage_id', 'rooms', ['passage_id'])
    op.create_index('ix_rooms_scored_passage_id', 'rooms', ['scored_passage_id'])
    op.create_index('ix_rooms_closed_closes_at', 'rooms', ['closed', 'closes_at'])
    op.create_table(
        'room_players',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('room_id', sa.Integer(), nullable=False),
        sa.Column('player_id', sa.Integer(), nullable=False),
        sa.Column('seat', sa.Integer(), nullable=False),
        sa.Column('from_word', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=64), nullable=True),
        sa.Column('made_up', sa.String(length=64), nullable=False),
        sa.Column('agreed', sa.Boolean(), nullable=False),
        sa.Column('hidden', sa.Boolean(), nullable=False),
        sa.Column('repeated', sa.Boolean(), nullable=False),
        sa.Column('joined_at', _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ['room_id'], ['rooms.id'], name='fk_room_players_room_id_rooms', ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(
            ['player_id'],
            ['players.id'],
            name='fk_room_players_player_id_players',
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name='pk_room_players'),
        sa.UniqueConstraint('room_id', 'player_id', name='uq_room_players_room_id_player_id'),
        sa.UniqueConstraint('room_id', 'seat', name='uq_room_players_room_id_seat'),
    )
    op.create_index('ix_room_players_player_id', 'room_players', ['player_id'])
    op.create_table(
        'room_answers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('room_id', sa.Integer(), nullable=False),
        sa.Column('room_player_id', sa.Integer(), nullable=False),
        sa.Column('word', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('text', sa.String(length=64), nullable=True),
        sa.Column('is_right', sa.Boolean(), nullable=False),
        sa.Column('guess_logprob_nats', sa.Double(), nullable=True),
        sa.Column('guess_rank', sa.Integer(), nullable=True),
        sa.Column('target', sa.String(), nullable=False),
        sa.Column('target_rank', sa.Integer(), nullable=False),
        sa.Column('target_loss_nats', sa.Double(), nullable=False),
        sa.Column('entropy_nats', sa.Double(), nullable=False),
        sa.Column('model_guess', sa.String(), nullable=False),
        sa.Column('model_is_right', sa.Boolean(), nullable=False),
        sa.Column('elapsed_ms', sa.Integer(), nullable=False),
        sa.Column('answered_at', _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ['room_id'], ['rooms.id'], name='fk_room_answers_room_id_rooms', ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(
            ['room_player_id'],
            ['room_players.id'],
            name='fk_room_answers_room_player_id_room_players',
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name='pk_room_answers'),
        sa.UniqueConstraint('room_player_id', 'word', name='uq_room_answers_room_player_id_word'),
    )
    op.create_index('ix_room_answers_room_id_word', 'room_answers', ['room_id', 'word'])
    crowd = op.create_table(
        'crowd_statistics',
        sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('begun_at', _MOMENT, nullable=False),
        sa.Column('document', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_crowd_statistics'),
    )
    begun_at = datetime(2026, 1, 1, tzinfo=UTC)
    op.bulk_insert(crowd, [{'id': 1, 'begun_at': begun_at, 'document': None}])


def downgrade() -> None:
    """Undo; texts that belonged to rooms go with them."""
    own = 'SELECT passage_id FROM rooms WHERE own_text AND passage_id IS NOT NULL'
    # On SQLite foreign keys are off meanwhile, so nothing follows by itself.
    op.execute(f'DELETE FROM scored_passages WHERE passage_id IN ({own})')
    op.execute(f'DELETE FROM passages WHERE id IN ({own})')
    for table in ('crowd_statistics', 'room_answers', 'room_players', 'rooms'):
        op.drop_table(table)
