"""The token that stands before every text, with the model that reads it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; for existing models it was not recorded: it is the one that they declare."""
    with op.batch_alter_table('language_models', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('beginning', sa.String(length=200), server_default='', nullable=False)
        )


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('language_models', schema=None) as batch_op:
        batch_op.drop_column('beginning')
