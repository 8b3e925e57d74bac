"""Daily passages planned ahead, and how many words of a passage a mixed draw asks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; scores of before have no mixed words."""
    with op.batch_alter_table('scored_passages', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('mixed_words', sa.Integer(), nullable=False, server_default='0')
        )
    with op.batch_alter_table('scored_passages', schema=None) as batch_op:
        batch_op.alter_column('mixed_words', server_default=None)
    where = sa.text('mixed_words > 0')
    op.create_index(
        'ix_scored_passages_mixed_words', 'scored_passages', ['model_id', 'draw_number'],
        sqlite_where=where, postgresql_where=where,
    )
    op.create_table(
        'dailies',
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('model_id', sa.Integer(), nullable=False),
        sa.Column('scored_passage_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['model_id'], ['language_models.id'],
            name=op.f('fk_dailies_model_id_language_models'),
        ),
        sa.ForeignKeyConstraint(
            ['scored_passage_id'], ['scored_passages.id'],
            name=op.f('fk_dailies_scored_passage_id_scored_passages'),
        ),
        sa.PrimaryKeyConstraint('day', name=op.f('pk_dailies')),
    )
    op.create_index(
        'ix_dailies_scored_passage_id', 'dailies', ['scored_passage_id', 'day']
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table('dailies')
    op.drop_index('ix_scored_passages_mixed_words', 'scored_passages')
    with op.batch_alter_table('scored_passages', schema=None) as batch_op:
        batch_op.drop_column('mixed_words')
