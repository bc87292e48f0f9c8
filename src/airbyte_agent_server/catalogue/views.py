"""Definitions and templates as answers show them."""

from typing import Self

from pydantic import BaseModel, Field

from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.connectors.validation import Credentials
from airbyte_agent_server.connectors.views import SourceTemplate, SummarizedSourceTemplate

_IGNORED = ("auth_type", "credentials_title")
_SERVER_INPUT = {"type": "object", "properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}}}
_OUTPUT = {
    "type": "object",
    "properties": {"refresh_token": {"type": "string", "path_in_connector_config": ["refresh_token"]}},
}


class Definition(BaseModel):
    """One kind of connector."""

    sourceDefinitionId: str  # noqa: N815  # existing clients read it so
    name: str
    dockerRepository: str | None = None  # noqa: N815
    iconUrl: str | None = None  # noqa: N815
    custom: bool = False
    supportLevel: str = "community"  # noqa: N815

    @classmethod
    def of(cls, kind: ConnectorType) -> Self:
        """The definition of a type."""
        return cls(sourceDefinitionId=kind.definition_id, name=kind.name)


class DefinitionList(BaseModel):
    """Kinds of connectors."""

    definitions: list[Definition]


class Specification(BaseModel):
    """What has to be given to connect an account."""

    connectionSpecification: dict[str, object] = Field(description="JSON Schema of `credentials`.")  # noqa: N815
    advanced_auth: dict[str, object] = Field(description="What the OAuth flow takes and gives.")


class SpecifiedDefinition(Definition):
    """One kind of connector, with what it takes to connect an account."""

    spec: Specification

    @classmethod
    def of(cls, kind: ConnectorType) -> Self:
        """The definition of a type."""
        schema = Credentials.model_json_schema()
        for name in _IGNORED:
            del schema["properties"][name]
        oauth = {
            "auth_flow_type": "oauth2.0",
            "oauth_config_specification": {
                "complete_oauth_output_specification": _OUTPUT,
                "complete_oauth_server_input_specification": _SERVER_INPUT,
            },
        }
        spec = Specification(connectionSpecification=schema, advanced_auth=oauth)
        return cls(sourceDefinitionId=kind.definition_id, name=kind.name, spec=spec)


class ExampleQuestions(BaseModel):
    """What an agent may be asked."""

    direct: list[str] = Field(default_factory=list)
    search: list[str] = Field(default_factory=list)


class DefinitionDetail(BaseModel):
    """One kind of connector, with all there is to know of it."""

    id: str
    definition: SpecifiedDefinition
    example_questions: ExampleQuestions = Field(default_factory=ExampleQuestions)

    @classmethod
    def of(cls, kind: ConnectorType) -> Self:
        """The view of a type."""
        return cls(id=kind.definition_id, definition=SpecifiedDefinition.of(kind))


class TemplateList(BaseModel):
    """Source templates."""

    data: list[SummarizedSourceTemplate]


class TemplateDetail(SourceTemplate):
    """One source template."""

    auth_tooltip: str | None = None


class ConnectionTemplateList(BaseModel):
    """Connection templates, of which this server has none."""

    data: list[dict[str, object]] = Field(default_factory=list, max_length=0)


class DestinationList(BaseModel):
    """Destinations, of which this server has none."""

    destinations: list[dict[str, object]] = Field(default_factory=list, max_length=0)
