"""The record of every tool call."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Json

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "tool_calls",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("workspace_name", sa.String(255), nullable=False),
        sa.Column("connector_id", sa.String(36), nullable=False),
        sa.Column("connector_name", sa.String(255), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("token_kind", sa.String(16), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("interface", sa.String(255)),
        sa.Column("entity", sa.String(100), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("param_names", Json, nullable=False),
        sa.Column("sealed_params", sa.LargeBinary),
        sa.Column("intent", sa.String(512)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("http_status", sa.Integer, nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("record_count", sa.Integer),
        sa.Column("result_bytes", sa.Integer),
        sa.Column("upstream_calls", sa.Integer, nullable=False),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("idempotency_replayed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tool_calls"),
    )
    op.create_index("ix_tool_calls_organization_id_id", "tool_calls", ["organization_id", "id"])
    op.create_index("ix_tool_calls_workspace_id_id", "tool_calls", ["workspace_id", "id"])
    op.create_index("ix_tool_calls_connector_id_id", "tool_calls", ["connector_id", "id"])
    op.create_index("ix_tool_calls_request_id", "tool_calls", ["request_id"])


def downgrade() -> None:
    """Backward."""
    op.drop_table("tool_calls")
