"""Connectors can be switched off."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward."""
    op.add_column("connectors", sa.Column("disabled_at", Instant))


def downgrade() -> None:
    """Backward."""
    op.drop_column("connectors", "disabled_at")
