"""HubSpot's limits are kept by all processes together."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant, Json

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "hubspot_windows",
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("state", Json, nullable=False),
        sa.Column("traded_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_hubspot_windows"),
    )
    op.create_index("ix_hubspot_windows_traded_at", "hubspot_windows", ["traded_at"])


def downgrade() -> None:
    """Backward."""
    op.drop_table("hubspot_windows")
