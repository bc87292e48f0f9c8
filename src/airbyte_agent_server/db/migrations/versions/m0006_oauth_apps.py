"""OAuth apps of organizations, and what is pinned to them."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant, Json

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "oauth_apps",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("scopes", Json),
        sa.Column("optional_scopes", Json),
        sa.Column("pkce", sa.String(8), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("replaced_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_apps"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_oauth_apps_organization_id"),
    )
    op.create_index(
        "uq_oauth_apps_client", "oauth_apps", ["organization_id", "connector_type", "client_id"], unique=True
    )
    op.create_index(
        "uq_oauth_apps_current",
        "oauth_apps",
        ["organization_id", "connector_type"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.add_column("credentials", sa.Column("app_id", sa.String(36)))
    op.add_column("oauth_states", sa.Column("app_id", sa.String(36)))


def downgrade() -> None:
    """Backward. Connectors of an organization's own app must be connected again."""
    op.drop_column("oauth_states", "app_id")
    op.drop_column("credentials", "app_id")
    op.drop_table("oauth_apps")
