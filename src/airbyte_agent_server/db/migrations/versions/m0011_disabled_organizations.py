"""Organizations can be switched off."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Forward."""
    op.add_column("organizations", sa.Column("disabled_at", Instant))


def downgrade() -> None:
    """Backward."""
    op.drop_column("organizations", "disabled_at")
