"""Refreshes are leased among processes, and what fails is remembered."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0009"
down_revision = "0008"

_CREDENTIALS = ("expires_at", "used_at", "lease", "leased_until", "failure", "failed_at")
_TEXTS = {"lease": 36, "failure": 16}


def upgrade() -> None:
    """Forward."""
    for name in _CREDENTIALS:
        op.add_column("credentials", sa.Column(name, sa.String(_TEXTS[name]) if name in _TEXTS else Instant))
    op.create_index("ix_credentials_expires_at", "credentials", ["expires_at"])
    op.add_column("connectors", sa.Column("needs_reauth_cause", sa.String(64)))
    op.add_column("connectors", sa.Column("needs_reauth_at", Instant))


def downgrade() -> None:
    """Backward."""
    op.drop_index("ix_credentials_expires_at", "credentials")
    for name in reversed(_CREDENTIALS):
        op.drop_column("credentials", name)
    op.drop_column("connectors", "needs_reauth_at")
    op.drop_column("connectors", "needs_reauth_cause")
