"""Traces: what the layers of a model say about the passages that it scored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        'traces',
        sa.Column('scored_passage_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('lens', sa.String(length=64), nullable=False),
        sa.Column('left_out', sa.String(length=200), nullable=True),
        sa.Column('trace', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['scored_passage_id'], ['scored_passages.id'],
            name=op.f('fk_traces_scored_passage_id_scored_passages'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('scored_passage_id', name=op.f('pk_traces')),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table('traces')
