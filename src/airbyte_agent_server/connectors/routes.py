"""Routes of connectors."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.accounts.store import Workspace
from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.grants import Grant, GrantStore
from airbyte_agent_server.connectors.registry import ConnectorType, find_connector_type
from airbyte_agent_server.connectors.service import ConnectorService, Draft, NewConnector, Revoke
from airbyte_agent_server.connectors.validation import CredentialValidator
from airbyte_agent_server.connectors.views import (
    ConnectorBody,
    ConnectorList,
    ConnectorView,
    DeletedConnector,
    ListedConnector,
    TypeFields,
)
from airbyte_agent_server.hubspot import AccountFacts
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
from airbyte_agent_server.problems import ProblemError, field_problem
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import Denied, verify_connector
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName
from airbyte_agent_server.vault.secrets import ConnectorSecret
from airbyte_agent_server.wire.canonical import spelling_of

_PREFIX = f"{API}/integrations/connectors"
_LEASE_S = 120.0
"""Longer than credentials take to be tried."""


class ConnectorRoutes:
    """Create, list, get and delete connectors."""

    def __init__(
        self,
        service: ConnectorService,
        tenants: Tenants,
        keys: IdempotencyStore,
        *,
        grants: GrantStore,
        validator: CredentialValidator,
    ) -> None:
        self._service = service
        self._tenants = tenants
        self._keys = keys
        self._grants = grants
        self._validator = validator

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(_PREFIX, self.create, methods=["POST"], response_model=ConnectorView)
        router.add_api_route(_PREFIX, self.list, methods=["GET"], response_model=ConnectorList)
        router.add_api_route(f"{_PREFIX}/{{connector_id}}", self.get, methods=["GET"])
        router.add_api_route(f"{_PREFIX}/{{connector_id}}", self.delete, methods=["DELETE"])

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
        secret, facts, grant = await self._secret_of(body, workspace, kind, validate=validate)
        return await self._service.draft(
            NewConnector(
                workspace=workspace,
                kind=kind,
                secret=secret,
                facts=facts,
                supplied_by="caller" if grant is None else "consent",
                name=body.name,
                replication_config=body.replication_config.public(),
                entities=None if body.entities is None else [item.model_dump() for item in body.entities],
                grant=grant,
            )
        )

    async def _secret_of(
        self, body: ConnectorBody, workspace: Workspace, kind: ConnectorType, *, validate: bool
    ) -> tuple[ConnectorSecret, AccountFacts | None, Grant | None]:
        """What the new connector will hold, what is known of it, and the grant it comes from."""
        credentials = body.credentials
        if body.server_side_oauth_secret_id is not None:
            if credentials is not None:
                raise field_problem(
                    "conflicting_fields",
                    "credentials",
                    "credentials and server_side_oauth_secret_id exclude each other: send one of them.",
                )
            secret_id = body.server_side_oauth_secret_id.get_secret_value()
            grant = await self._grants.find(secret_id, workspace, kind.slug)
            return grant.validated.secret, grant.validated.facts, grant
        credentials = credentials or body.replication_config.credentials
        if credentials is None:
            raise field_problem(
                "credentials_required",
                "credentials",
                "credentials or server_side_oauth_secret_id is required: send one of them.",
            )
        if validate:
            validated = await self._validator.validate(credentials)
            return validated.secret, validated.facts, None
        return self._validator.accept_untried(credentials), None, None

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
