"""What MCP clients are let in with: connect codes, authorization codes and refresh tokens."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant, Json

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "mcp_grants",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("permissions", Json, nullable=False),
        sa.Column("program_hash", sa.String(64)),
        sa.Column("program_name", sa.String(100)),
        sa.Column("redirect_uri", sa.Text),
        sa.Column("code_challenge", sa.String(128)),
        sa.Column("resource", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mcp_grants"),
    )
    for column in ("workspace_id", "expires_at"):
        op.create_index(f"ix_mcp_grants_{column}", "mcp_grants", [column])


def downgrade() -> None:
    """Backward."""
    op.drop_table("mcp_grants")
