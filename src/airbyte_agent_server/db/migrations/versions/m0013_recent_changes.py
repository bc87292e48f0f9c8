"""What was changed lately is found without reading everything."""

from alembic import op

revision = "0013"
down_revision = "0012"

_TABLES = ("connectors", "credentials", "workspaces")


def upgrade() -> None:
    """Forward."""
    for table in _TABLES:
        op.create_index(f"ix_{table}_updated_at", table, ["updated_at"])


def downgrade() -> None:
    """Backward."""
    for table in _TABLES:
        op.drop_index(f"ix_{table}_updated_at", table)
