"""Connectors as answers show them."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from airbyte_agent_server.connectors.bodies import EntityAccess
from airbyte_agent_server.connectors.registry import ConnectorType, get_connector_type
from airbyte_agent_server.connectors.service import Deletion
from airbyte_agent_server.connectors.store import Connector


class SourceTemplate(BaseModel):
    """The kind of connector, in the words of existing clients."""

    id: str
    name: str
    icon: str | None = None
    connector_name: str
    source_definition_id: str
    actor_definition_id: str
    organization_id: str | None = None
    user_config_spec: dict[str, object] = {"connectionSpecification": {"type": "object"}, "advanced_auth": None}
    partial_default_config: dict[str, object] = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    mode: str = "DIRECT"
    is_experimental: bool = False

    @classmethod
    def of(cls, kind: ConnectorType) -> Self:
        """The template of a type."""
        return cls(
            id=kind.template_id,
            name=kind.name,
            connector_name=kind.slug,
            source_definition_id=kind.definition_id,
            actor_definition_id=kind.definition_id,
        )


class SummarizedSourceTemplate(BaseModel):
    """The kind of connector, shorter, as lists show it."""

    id: str
    name: str
    icon: str | None = None
    connector_name: str
    organization_id: str | None = None
    actor_definition_id: str
    tags: list[str] = Field(default_factory=list)
    customization: dict[str, object] | None = None
    mode: str = "DIRECT"

    @classmethod
    def of(cls, kind: ConnectorType) -> Self:
        """The template of a type."""
        return cls(
            id=kind.template_id,
            name=kind.name,
            connector_name=kind.slug,
            actor_definition_id=kind.definition_id,
        )


class _Shown(BaseModel):
    """What lists and single answers have in common."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    workspace_id: str
    workspace_name: str
    connector_type: str
    status: str
    auth_scheme: str
    hub_id: int | None
    granted_scopes: list[str]
    validated_at: datetime | None
    needs_reauth_cause: str | None = Field(default=None, description="Why `status` is `needs_reauth`, as a code.")
    needs_reauth_at: datetime | None = None
    warnings: list[str]


class ConnectorView(_Shown):
    """One connector. Credentials never show."""

    source_template: SourceTemplate
    replication_config: dict[str, object]
    entities: list[EntityAccess] | None

    @classmethod
    def of(cls, connector: Connector) -> Self:
        """The view of a stored connector."""
        return cls.model_validate(
            {
                **_shown(connector),
                "source_template": SourceTemplate.of(get_connector_type(connector.connector_type)),
                "replication_config": connector.replication_config,
                "entities": connector.entities,
            }
        )


class ListedConnector(_Shown):
    """One connector in a list."""

    summarized_source_template: SummarizedSourceTemplate

    @classmethod
    def of(cls, connector: Connector) -> Self:
        """The view of a stored connector."""
        template = SummarizedSourceTemplate.of(get_connector_type(connector.connector_type))
        return cls.model_validate({**_shown(connector), "summarized_source_template": template})


class ConnectorList(BaseModel):
    """Connectors, oldest first. Historical paths name `data` otherwise."""

    data: list[ListedConnector]


class DeletedConnector(BaseModel):
    """What is left of a connector."""

    id: str
    deleted_at: datetime
    job_id: str
    upstream_revocation: Literal["revoked", "shared", "skipped", "failed"]

    @classmethod
    def of(cls, deletion: Deletion) -> Self:
        """The view of a deletion, which was over when it was answered: its job is the connector's own id."""
        return cls(
            id=deletion.connector_id,
            deleted_at=deletion.deleted_at,
            job_id=deletion.connector_id,
            upstream_revocation=deletion.revocation.value,
        )


class Inspection(BaseModel):
    """What agents should know before they use a connector."""

    connector_id: str
    name: str
    workspace_id: str
    organization_id: str
    source_definition_id: str
    source_definition_name: str
    source_config_template_id: str
    docs_skill_id: str
    status: str
    needs_reauth_cause: str | None
    needs_reauth_at: datetime | None
    warnings: list[str]
    context_store_readiness: dict[str, object] | None = Field(
        default=None, description="Null where the context store is switched off."
    )

    @classmethod
    def of(cls, connector: Connector) -> Self:
        """The view of a stored connector."""
        kind = get_connector_type(connector.connector_type)
        return cls(
            connector_id=connector.id,
            name=connector.name,
            workspace_id=connector.workspace_id,
            organization_id=connector.organization_id,
            source_definition_id=kind.definition_id,
            source_definition_name=kind.name,
            source_config_template_id=kind.template_id,
            docs_skill_id=f"connector-source:{connector.id}",
            status=connector.status,
            needs_reauth_cause=connector.needs_reauth_cause,
            needs_reauth_at=connector.needs_reauth_at,
            warnings=list(connector.warnings),
        )


def _shown(connector: Connector) -> dict[str, object]:
    shown = {name: getattr(connector, name) for name in _Shown.model_fields}
    return {**shown, "connector_type": get_connector_type(connector.connector_type).name}
