"""The first tables: accounts, keys, connectors with their credentials, OAuth."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from airbyte_agent_server.db.types import Instant

revision = "0001"
down_revision = None

_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Forward."""
    _create_accounts()
    _create_keys()
    _create_connectors()
    _create_oauth()


def _create_accounts() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("redirect_origins", _JSON, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("disabled_at", Instant),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_clients_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_table(
        "client_secrets",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_client_secrets_client_id"),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_client_secrets"),
    )
    op.create_index("ix_client_secrets_client_id", "client_secrets", ["client_id"])
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_workspaces_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "uq_workspaces_live_name",
        "workspaces",
        ["organization_id", "name"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def _create_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("master_key_id", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_keys"),
        sa.UniqueConstraint("owner", name="uq_data_keys_owner"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("public_jwk", _JSON, nullable=False),
        sa.Column("sealed_private_jwk", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("signs_from", Instant, nullable=False),
        sa.Column("accepted_until", Instant),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )


def _create_connectors() -> None:
    op.create_table(
        "connectors",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("auth_scheme", sa.String(32), nullable=False),
        sa.Column("replication_config", _JSON, nullable=False),
        sa.Column("entities", _JSON),
        sa.Column("hub_id", sa.BigInteger),
        sa.Column("granted_scopes", _JSON, nullable=False),
        sa.Column("warnings", _JSON, nullable=False),
        sa.Column("validated_at", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_connectors_organization_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_connectors_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connectors"),
    )
    op.create_index("ix_connectors_workspace_id", "connectors", ["workspace_id"])
    op.create_table(
        "credentials",
        sa.Column("connector_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("supplied_by", sa.String(16), nullable=False),
        sa.Column("grant_hash", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_credentials_connector_id"),
        sa.PrimaryKeyConstraint("connector_id", name="pk_credentials"),
    )
    op.create_index("ix_credentials_grant_hash", "credentials", ["grant_hash"])


def _create_oauth() -> None:
    op.create_table(
        "oauth_states",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("redirect_url", sa.Text, nullable=False),
        sa.Column("completion", sa.String(16), nullable=False),
        sa.Column("app_client_id", sa.String(255), nullable=False),
        sa.Column("sealed_verifier", sa.LargeBinary),
        sa.Column("connector_id", sa.String(36)),
        sa.Column("allow_account_change", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("replication_config", _JSON, nullable=False),
        sa.Column("entities", _JSON),
        sa.Column("token_id", sa.String(36), nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oauth_states"),
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"])
    op.create_table(
        "oauth_grants",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("connector_type", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_oauth_grants"),
    )
    op.create_index("ix_oauth_grants_expires_at", "oauth_grants", ["expires_at"])


def downgrade() -> None:
    """Backward."""
    for table in (
        "oauth_grants",
        "oauth_states",
        "credentials",
        "connectors",
        "signing_keys",
        "data_keys",
        "workspaces",
        "client_secrets",
        "clients",
        "organizations",
    ):
        op.drop_table(table)
