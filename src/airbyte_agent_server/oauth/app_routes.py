"""Routes of an organization's own OAuth app."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.app_store import AppConfiguration, OAuthAppStore, StoredApp
from airbyte_agent_server.connectors.registry import find_connector_type, get_connector_type
from airbyte_agent_server.problems import TYPE_CODES, field_problem, may_answer
from airbyte_agent_server.tokens.bearer import claims_of

_PREFIX = f"{API}/oauth/credentials"


class AppFields(BaseModel):
    """An OAuth app of yours at the provider."""

    model_config = ConfigDict(extra="forbid", title="Configuration")

    client_id: str = Field(min_length=1, max_length=255, description="Client id of the app.")
    client_secret: SecretStr = Field(min_length=1, description="Its secret. Never shown again.")
    scopes: list[str] | None = Field(
        default=None, description="Scopes that every connection must grant; default: the server's."
    )
    optional_scopes: list[str] | None = Field(
        default=None, description="Scopes that are asked for and may be missing; default: the server's."
    )
    pkce: Literal["never", "s256"] = Field(default="never", description="`s256` for app kinds that support PKCE.")


class AppBody(BaseModel):
    """An app to use from now on; it is named by connector_type or by definition id."""

    connector_type: str | None = Field(default=None, description="Name or slug; case does not matter.")
    definition_id: str | None = Field(default=None, description="Id of the connector's definition.")
    configuration: AppFields


class AppView(BaseModel):
    """An organization's app. Secrets never show."""

    id: str
    scope_type: Literal["organization"] = "organization"
    scope_id: str
    connector_type: Literal["source"] = "source"
    connector_definition_id: str
    configured_fields: list[str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, app: StoredApp) -> "AppView":
        """The view of a stored app."""
        chosen = {
            "scopes": app.scopes is not None,
            "optional_scopes": app.optional_scopes is not None,
            "pkce": app.pkce != "never",
        }
        return cls(
            id=app.id,
            scope_id=app.organization_id,
            connector_definition_id=get_connector_type(app.connector_type).definition_id,
            configured_fields=["client_id", "client_secret", *(name for name, given in chosen.items() if given)],
            created_at=app.created_at,
            updated_at=app.updated_at,
        )


class AppList(BaseModel):
    """The organization's apps."""

    data: list[AppView]


class OAuthAppRoutes:
    """Set, list and take back the organization's own OAuth app."""

    def __init__(self, store: OAuthAppStore) -> None:
        self._store = store

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        typed = may_answer(*TYPE_CODES)
        router.add_api_route(_PREFIX, self.put, methods=["PUT"], openapi_extra=typed)
        router.add_api_route(_PREFIX, self.list, methods=["GET"])
        router.add_api_route(
            f"{_PREFIX}/spec", self.describe, methods=["GET"], response_model=dict[str, object], openapi_extra=typed
        )
        router.add_api_route(
            f"{_PREFIX}/connector_type/{{connector_type}}",
            self.delete,
            methods=["DELETE"],
            status_code=204,
            openapi_extra=typed,
        )

    async def put(self, request: Request, body: AppBody) -> AppView:
        """Use this OAuth app for the organization's connections from now on. Existing ones keep theirs."""
        if body.connector_type is not None and body.definition_id is not None:
            raise field_problem(
                "conflicting_fields",
                "connector_type",
                "connector_type and connector_definition_id exclude each other: send one of them.",
            )
        kind = find_connector_type(
            connector_type=body.connector_type, definition_id=body.definition_id, source_template_id=None
        )
        given = body.configuration
        configuration = AppConfiguration(
            given.client_id, given.client_secret, given.scopes, given.optional_scopes, given.pkce
        )
        stored = await self._store.put(claims_of(request).organization_id, kind.slug, configuration)
        return AppView.of(stored)

    async def list(self, request: Request) -> AppList:
        """List the organization's OAuth apps."""
        return AppList(data=[AppView.of(app) for app in await self._store.list(claims_of(request).organization_id)])

    async def describe(self, connector_type: str) -> Response:
        """The JSON Schema of `configuration`."""
        find_connector_type(connector_type=connector_type, definition_id=None, source_template_id=None)
        return JSONResponse(AppFields.model_json_schema())

    async def delete(self, request: Request, connector_type: str) -> Response:
        """Go back to the server's OAuth app for new connections. Existing ones keep theirs."""
        kind = find_connector_type(connector_type=connector_type, definition_id=None, source_template_id=None)
        await self._store.retire(claims_of(request).organization_id, kind.slug)
        return Response(status_code=204)
