"""Answers to writes, kept under the keys that callers gave them."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "idempotency_keys",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("connector_id", sa.String(36)),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("attempt", sa.String(36), nullable=False),
        sa.Column("leased_until", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("key_hash", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_connector_id", "idempotency_keys", ["connector_id"])
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])


def downgrade() -> None:
    """Backward."""
    op.drop_table("idempotency_keys")
