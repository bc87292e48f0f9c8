"""Every table of the server. Change it together with a migration: a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from airbyte_agent_server.db.types import Instant, Json

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_ID_LENGTH = 36
_HASH_LENGTH = 64


def _id(name: str = "id", *, key: bool = False) -> Column[str]:
    return Column(name, String(_ID_LENGTH), primary_key=key, nullable=False)


def _reference(name: str, target: str) -> Column[str]:
    return Column(name, String(_ID_LENGTH), ForeignKey(target), nullable=False)


organizations = Table(
    "organizations",
    metadata,
    _id(key=True),
    Column("name", String(255), nullable=False),
    Column("redirect_origins", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

client_secrets = Table(
    "client_secrets",
    metadata,
    Column("secret_hash", String(_HASH_LENGTH), primary_key=True),
    _reference("client_id", "clients.id"),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index(None, "client_id"),
)

workspaces = Table(
    "workspaces",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    Column("name", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)
Index(
    "uq_workspaces_live_name",
    workspaces.c.organization_id,
    workspaces.c.name,
    unique=True,
    sqlite_where=text("deleted_at IS NULL"),
    postgresql_where=text("deleted_at IS NULL"),
)

data_keys = Table(
    "data_keys",
    metadata,
    _id(key=True),
    Column("owner", String(_ID_LENGTH), nullable=False, unique=True),
    Column("master_key_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("public_jwk", Json, nullable=False),
    Column("sealed_private_jwk", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("signs_from", Instant, nullable=False),
    Column("accepted_until", Instant),
)

connectors = Table(
    "connectors",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    _reference("workspace_id", "workspaces.id"),
    Column("connector_type", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("auth_scheme", String(32), nullable=False),
    Column("replication_config", Json, nullable=False),
    Column("entities", Json),
    Column("hub_id", BigInteger),
    Column("granted_scopes", Json, nullable=False),
    Column("warnings", Json, nullable=False),
    Column("validated_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index(None, "workspace_id"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("connector_id", String(_ID_LENGTH), ForeignKey("connectors.id"), primary_key=True),
    _id("workspace_id"),
    Column("generation", Integer, nullable=False),
    Column("supplied_by", String(16), nullable=False),
    Column("grant_hash", String(_HASH_LENGTH), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "grant_hash"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("state_hash", String(_HASH_LENGTH), primary_key=True),
    _id("organization_id"),
    _id("workspace_id"),
    Column("connector_type", String(64), nullable=False),
    Column("redirect_url", Text, nullable=False),
    Column("completion", String(16), nullable=False),
    Column("app_client_id", String(255), nullable=False),
    Column("sealed_verifier", LargeBinary),
    Column("connector_id", String(_ID_LENGTH)),
    Column("allow_account_change", Boolean, nullable=False),
    Column("name", String(255)),
    Column("replication_config", Json, nullable=False),
    Column("entities", Json),
    Column("token_id", String(_ID_LENGTH), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

oauth_grants = Table(
    "oauth_grants",
    metadata,
    Column("secret_hash", String(_HASH_LENGTH), primary_key=True),
    _id("organization_id"),
    _id("workspace_id"),
    Column("connector_type", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key_hash", String(_HASH_LENGTH), primary_key=True),
    Column("connector_id", String(_ID_LENGTH)),
    Column("content_hash", String(_HASH_LENGTH), nullable=False),
    _id("attempt"),
    Column("leased_until", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("sealed", LargeBinary),
    Index(None, "connector_id"),
    Index(None, "expires_at"),
)
