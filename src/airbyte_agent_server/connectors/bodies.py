"""Connectors as requests describe them."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from airbyte_agent_server.connectors.validation import Credentials
from airbyte_agent_server.tokens.tenant import WorkspaceName

ConnectorName = Annotated[str, Field(min_length=1, max_length=255, description="Need not be unique.")]


class EntityAccess(BaseModel):
    """One entity that a connector may be used for."""

    model_config = ConfigDict(extra="forbid")

    entity: str
    modes: list[Literal["read", "write"]] = Field(default=["read"], min_length=1)


class ReplicationConfig(BaseModel):
    """Configuration of the connector. `credentials` in it stand in for missing `credentials`."""

    model_config = ConfigDict(extra="allow")

    credentials: Credentials | None = None

    def public(self) -> dict[str, object]:
        """Everything but the secrets."""
        return dict(self.model_extra or {})


class TypeFields(BaseModel):
    """How a request names the type of connector: one of these."""

    connector_type: str | None = Field(default=None, description="Name or slug; case does not matter.")
    definition_id: str | None = Field(default=None, description="Id of the connector's definition.")
    source_template_id: str | None = Field(default=None, description="Id of the source template.")


class SecretFields(BaseModel):
    """What a request offers for a connector to hold: credentials, or the secret id of the OAuth flow."""

    credentials: Credentials | None = None
    server_side_oauth_secret_id: SecretStr | None = Field(
        default=None, min_length=1, description="The `secret_id` that came back from consent."
    )
    replication_config: ReplicationConfig | None = None

    @property
    def offered_credentials(self) -> Credentials | None:
        """The credentials, wherever they stand."""
        config = self.replication_config
        return self.credentials or (None if config is None else config.credentials)

    @property
    def public_config(self) -> dict[str, object] | None:
        """The configuration without its secrets; None where there is none."""
        return None if self.replication_config is None else self.replication_config.public()


class ConnectorBody(TypeFields, SecretFields):
    """A new connector."""

    workspace_name: WorkspaceName | None = None
    workspace_id: UUID | None = Field(default=None, description="An existing workspace, by id.")
    name: ConnectorName | None = None
    entities: list[EntityAccess] | None = Field(default=None, description="Limits what execute may touch.")


class ChangeBody(SecretFields):
    """Changes to a connector: what is left out stays. Credentials or a secret id replace what it holds."""

    name: ConnectorName | None = None
    entities: list[EntityAccess] | None = Field(default=None, description="An empty list lifts the limits.")
    disabled: bool | None = Field(default=None, description="A disabled connector refuses every call.")
    allow_account_change: bool = Field(default=False, description="Accept another HubSpot account.")


class CheckBody(BaseModel):
    """What to try with a connector."""

    entities: list[str | EntityAccess] | None = Field(
        default=None, description="Try to read each; default: only whether the account answers."
    )


def rows_of(entities: Sequence[EntityAccess] | None) -> list[dict[str, object]] | None:
    """Entities as they are kept."""
    return None if entities is None else [item.model_dump() for item in entities]


def names_of(entities: Sequence[str | EntityAccess] | None) -> list[str]:
    """The names of entities, each once."""
    return list(dict.fromkeys(item if isinstance(item, str) else item.entity for item in entities or ()))
