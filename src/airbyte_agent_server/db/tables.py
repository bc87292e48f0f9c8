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

from airbyte_agent_server.db.types import Instant, Json, Sealed

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
    Column("disabled_at", Instant),
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
    Column("folded_name", Text, nullable=False),  # for searches that ignore case in every script
    Column("status", String(16), nullable=False),
    Column("cache_enabled", Boolean),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index(None, "updated_at"),
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
    Column("owner", String(_ID_LENGTH), nullable=False),
    Column("master_key_id", String(16), nullable=False),
    Column("wrapped", LargeBinary),  # none: the key was destroyed, and its owner shall never have another
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant),  # opens what it sealed, and seals nothing more
    Column("destroyed_at", Instant),
)
Index(
    "uq_data_keys_current",
    data_keys.c.owner,
    unique=True,
    sqlite_where=text("retired_at IS NULL"),
    postgresql_where=text("retired_at IS NULL"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("public_jwk", Json, nullable=False),
    Column("sealed_private_jwk", Sealed("signing-key:{kid}"), nullable=False),
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
    Column("needs_reauth_cause", String(64)),
    Column("needs_reauth_at", Instant),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index(None, "workspace_id"),
    Index(None, "updated_at"),
)

oauth_apps = Table(
    "oauth_apps",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    Column("connector_type", String(64), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("sealed", Sealed("oauth-app:{id}"), nullable=False),
    Column("scopes", Json),
    Column("optional_scopes", Json),
    Column("pkce", String(8), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("replaced_at", Instant),
)
Index(
    "uq_oauth_apps_client",
    oauth_apps.c.organization_id,
    oauth_apps.c.connector_type,
    oauth_apps.c.client_id,
    unique=True,
)
Index(
    "uq_oauth_apps_current",
    oauth_apps.c.organization_id,
    oauth_apps.c.connector_type,
    unique=True,
    sqlite_where=text("replaced_at IS NULL"),
    postgresql_where=text("replaced_at IS NULL"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("connector_id", String(_ID_LENGTH), ForeignKey("connectors.id"), primary_key=True),
    _id("workspace_id"),
    Column("generation", Integer, nullable=False),
    Column("supplied_by", String(16), nullable=False),
    Column("grant_hash", String(_HASH_LENGTH), nullable=False),
    Column("app_id", String(_ID_LENGTH)),
    Column("sealed", Sealed("connector:{workspace_id}:{connector_id}"), nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
    Column("lease", String(_ID_LENGTH)),
    Column("leased_until", Instant),
    Column("failure", String(16)),
    Column("failed_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Index(None, "grant_hash"),
    Index(None, "updated_at"),
    Index(None, "expires_at"),
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
    Column("app_id", String(_ID_LENGTH)),
    Column("sealed_verifier", Sealed("verifier:{workspace_id}")),
    Column("connector_id", String(_ID_LENGTH)),
    Column("session_id", String(_ID_LENGTH)),
    Column("allow_account_change", Boolean, nullable=False),
    Column("name", String(255)),
    Column("replication_config", Json, nullable=False),
    Column("entities", Json),
    Column("token_id", String(_ID_LENGTH), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

connect_sessions = Table(
    "connect_sessions",
    metadata,
    _id(key=True),
    _id("organization_id"),
    _id("workspace_id"),
    Column("connector_type", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", String(64)),
    Column("connector_id", String(_ID_LENGTH)),
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
    Column("sealed", Sealed("grant:{secret_hash}"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

mcp_grants = Table(
    "mcp_grants",
    metadata,
    _id(key=True),
    Column("secret_hash", String(_HASH_LENGTH), nullable=False),
    Column("kind", String(16), nullable=False),
    _id("organization_id"),
    _id("workspace_id"),
    _id("client_id"),
    Column("permissions", Json, nullable=False),
    Column("program_hash", String(_HASH_LENGTH)),
    Column("program_name", String(100)),
    Column("redirect_uri", Text),
    Column("code_challenge", String(128)),
    Column("resource", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "workspace_id"),
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
    Column("sealed", Sealed("idempotency:{key_hash}")),
    Index(None, "connector_id"),
    Index(None, "expires_at"),
)

tool_calls = Table(
    "tool_calls",
    metadata,
    _id(key=True),  # version 7: it holds the instant
    _id("organization_id"),
    _id("workspace_id"),
    Column("workspace_name", String(255), nullable=False),
    _id("connector_id"),
    Column("connector_name", String(255), nullable=False),
    Column("connector_type", String(64), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("token_kind", String(16), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("interface", String(255)),
    Column("entity", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("param_names", Json, nullable=False),
    Column("sealed_params", Sealed("tool-call:{id}")),
    Column("intent", String(512)),
    Column("status", String(16), nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("code", String(64)),
    Column("duration_ms", Integer, nullable=False),
    Column("record_count", Integer),
    Column("result_bytes", Integer),
    Column("upstream_calls", Integer, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("idempotency_replayed", Boolean, nullable=False),
    Index("ix_tool_calls_organization_id_id", "organization_id", "id"),
    Index("ix_tool_calls_workspace_id_id", "workspace_id", "id"),
    Index("ix_tool_calls_connector_id_id", "connector_id", "id"),
    Index(None, "request_id"),
)

job_nodes = Table(
    "job_nodes",
    metadata,
    _id(key=True),
    Column("beats", BigInteger, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("beat_at", Instant, nullable=False),
)

hubspot_windows = Table(
    "hubspot_windows",
    metadata,
    Column("key", String(128), primary_key=True, nullable=False),
    Column("state", Json, nullable=False),
    Column("traded_at", Instant, nullable=False),
    Index(None, "traded_at"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    Column("url", Text, nullable=False),
    Column("description", String(255)),
    Column("kinds", Json),
    Column("sealed_secrets", Sealed("webhook:{id}"), nullable=False),
    Column("failing_since", Instant),
    Column("disabled_at", Instant),
    Column("disabled_because", String(32)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "organization_id"),
)

events = Table(
    "events",
    metadata,
    _id(key=True),
    _reference("organization_id", "organizations.id"),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(key=True),
    _reference("event_id", "events.id"),
    _reference("endpoint_id", "webhook_endpoints.id"),
    Column("status", String(16), nullable=False),
    Column("attempts", Json, nullable=False),
    Column("due_at", Instant),
    Column("claim", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index(None, "due_at"),
    Index(None, "event_id"),
    Index("ix_webhook_deliveries_endpoint_id_created_at", "endpoint_id", "created_at"),
)

revocations = Table(
    "revocations",
    metadata,
    _id(key=True),
    _id("workspace_id"),
    Column("sealed", Sealed("revocation:{id}"), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),
    Column("claim", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "due_at"),
)
