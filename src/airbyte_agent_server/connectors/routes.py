"""Routes of connectors."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.accounts.store import Workspace
from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.bodies import ChangeBody, ConnectorBody, TypeFields, rows_of
from airbyte_agent_server.connectors.intake import Intake, Taker
from airbyte_agent_server.connectors.registry import ConnectorType, find_connector_type, get_connector_type
from airbyte_agent_server.connectors.service import ConnectorService, Draft, NewConnector, Revoke
from airbyte_agent_server.connectors.store import Change
from airbyte_agent_server.connectors.views import (
    ConnectorList,
    ConnectorView,
    DeletedConnector,
    Inspection,
    ListedConnector,
)
from airbyte_agent_server.idempotency.keys import (
    KEY_TEXT,
    REPLAYED,
    Answered,
    Claim,
    KeyedRequest,
    body_of,
    check_key,
)
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.problems import (
    CONNECTOR_CODES,
    HUBSPOT_CODES,
    KEY_CODES,
    SECRET_CODES,
    TENANT_CODES,
    TYPE_CODES,
    ProblemError,
    may_answer,
)
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import Denied, verify_connector
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName
from airbyte_agent_server.wire.canonical import spelling_of

_PREFIX = f"{API}/integrations/connectors"
_LEASE_S = 120.0
"""Longer than credentials take to be tried."""


class ConnectorRoutes:
    """Create, list, get, change and delete connectors."""

    def __init__(
        self,
        service: ConnectorService,
        tenants: Tenants,
        keys: IdempotencyStore,
        intake: Intake,
    ) -> None:
        self._service = service
        self._tenants = tenants
        self._keys = keys
        self._intake = intake

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        one, known = f"{_PREFIX}/{{connector_id}}", may_answer(*CONNECTOR_CODES)
        creating = may_answer(*TENANT_CODES, *TYPE_CODES, *SECRET_CODES, *KEY_CODES, *HUBSPOT_CODES)
        changing = may_answer(*CONNECTOR_CODES, *SECRET_CODES, *HUBSPOT_CODES)
        router.add_api_route(
            _PREFIX, self.create, methods=["POST"], response_model=ConnectorView, openapi_extra=creating
        )
        listing = may_answer(*TENANT_CODES)
        router.add_api_route(_PREFIX, self.list, methods=["GET"], response_model=ConnectorList, openapi_extra=listing)
        router.add_api_route(one, self.get, methods=["GET"], openapi_extra=known)
        router.add_api_route(f"{one}/inspect", self.inspect, methods=["GET"], openapi_extra=known)
        for method in ("PUT", "PATCH"):
            name = f"change_by_{method.lower()}"
            router.add_api_route(one, self.change, methods=[method], name=name, openapi_extra=changing)
        router.add_api_route(one, self.delete, methods=["DELETE"], openapi_extra=known)

    async def create(
        self,
        request: Request,
        body: ConnectorBody,
        *,
        validate_credentials: Annotated[bool, Query(alias="validate")] = True,
        idempotency_key: Annotated[str | None, Header(description=KEY_TEXT)] = None,
    ) -> Response:
        """Create a connector. Its credentials are tried at HubSpot first, unless `validate=false`."""
        kind = find_type(body)
        claims = claims_of(request)
        workspace = await self._tenants.enter(claims, Tenant.of(body.workspace_name, body.workspace_id))
        if idempotency_key is None:
            draft = await self._draft(body, workspace, kind, validate=validate_credentials)
            await self._service.store(draft)
            return _shown(draft)
        check_key(idempotency_key)
        content = msgspec.json.encode(
            (validate_credentials, msgspec.json.decode(await request.body())), order="deterministic"
        )
        keyed = KeyedRequest(workspace.organization_id, workspace.id, "connectors", idempotency_key, content)
        claim = await self._keys.claim(keyed, lease_s=_LEASE_S)
        if not isinstance(claim, Claim):
            return Response(body_of(claim), media_type="application/json", headers={REPLAYED: "true"})
        try:  # an interrupted attempt stored nothing: the answer is stored together with the connector
            draft = await self._draft(body, workspace, kind, validate=validate_credentials)
            answer = _shown(draft)
            settlement = await self._keys.seal(claim, Answered(msgspec.Raw(bytes(answer.body))))
            await self._service.store(draft, settlement)
        except (ProblemError, ConnectorError):
            await self._keys.release(claim)
            raise
        return answer

    async def _draft(self, body: ConnectorBody, workspace: Workspace, kind: ConnectorType, *, validate: bool) -> Draft:
        return await self._service.draft(
            NewConnector(
                workspace=workspace,
                kind=kind,
                offer=await self._intake.take(body, kind, Taker.of(workspace), validate=validate),
                name=body.name,
                replication_config=body.public_config or {},
                entities=rows_of(body.entities),
            )
        )

    async def list(
        self,
        request: Request,
        workspace_name: WorkspaceName | None = None,
        workspace_id: str | None = None,
        definition_id: str | None = None,
        connector_type: str | None = None,
    ) -> Response:
        """List a workspace's connectors, oldest first. An unknown workspace or type has none."""
        claims = claims_of(request)
        workspace = await self._tenants.find(claims, Tenant(workspace_name, workspace_id))
        try:
            kind = _listed_kind(definition_id, connector_type)
        except ProblemError as problem:
            if problem.type.code != "connector_type_unknown":
                raise
            workspace = None  # nothing can be of a type that does not exist
            kind = None
        found = [] if workspace is None else await self._service.list(workspace.id, kind=kind)
        shown = [
            ListedConnector.of(connector).model_dump(mode="json")
            for connector in found
            if not isinstance(verify_connector(claims, connector.id), Denied)
        ]
        return JSONResponse({spelling_of(request.scope).list_member: shown})

    async def get(self, request: Request, connector_id: str) -> ConnectorView:
        """Show one connector."""
        return ConnectorView.of(await self._service.find(claims_of(request), connector_id))

    async def inspect(self, request: Request, connector_id: str) -> Inspection:
        """Say what agents should know before they use the connector."""
        return Inspection.of(await self._service.find(claims_of(request), connector_id))

    async def change(self, request: Request, connector_id: str, body: ChangeBody) -> ConnectorView:
        """Change a connector; what is left out stays. New credentials are tried first, and its id stays."""
        claims = claims_of(request)
        connector = await self._service.find(claims, connector_id)
        workspace = await self._tenants.enter(claims, Tenant(None, connector.workspace_id))
        kind = get_connector_type(connector.connector_type)
        offer = await self._intake.take_if_offered(body, kind, Taker.of(workspace))
        change = Change(body.name, body.public_config, rows_of(body.entities), body.disabled)
        return ConnectorView.of(
            await self._service.change(connector, change, offer, allow_account_change=body.allow_account_change)
        )

    async def delete(self, request: Request, connector_id: str, revoke: Revoke = Revoke.AUTO) -> DeletedConnector:
        """Delete a connector and erase its credentials."""
        connector = await self._service.find(claims_of(request), connector_id)
        return DeletedConnector.of(await self._service.delete(connector, revoke=revoke))


def _shown(draft: Draft) -> Response:
    return Response(ConnectorView.of(draft.connector).model_dump_json(), media_type="application/json")


def find_type(body: TypeFields) -> ConnectorType:
    """The type of connector that a request names."""
    return find_connector_type(
        connector_type=body.connector_type,
        definition_id=body.definition_id,
        source_template_id=body.source_template_id,
    )


def _listed_kind(definition_id: str | None, connector_type: str | None) -> ConnectorType | None:
    if definition_id is None and connector_type is None:
        return None
    return find_connector_type(connector_type=connector_type, definition_id=definition_id, source_template_id=None)
