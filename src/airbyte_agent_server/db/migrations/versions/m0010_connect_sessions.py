"""Browser connect sessions."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "connect_sessions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("connector_id", sa.String(36)),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connect_sessions"),
    )
    op.create_index("ix_connect_sessions_expires_at", "connect_sessions", ["expires_at"])
    op.add_column("oauth_states", sa.Column("session_id", sa.String(36)))


def downgrade() -> None:
    """Backward."""
    op.drop_column("oauth_states", "session_id")
    op.drop_table("connect_sessions")
