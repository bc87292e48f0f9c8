"""Starts consents and completes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from airbyte_agent_hubspot.errors import ConnectorError, UnavailableError
from airbyte_agent_server.accounts.store import AccountStore, Workspace
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.connectors.grants import GrantStore, new_secret_id
from airbyte_agent_server.connectors.registry import ConnectorType, get_connector_type
from airbyte_agent_server.connectors.service import ConnectorService, NewConnector
from airbyte_agent_server.connectors.store import Connector, ConnectorStore
from airbyte_agent_server.connectors.validation import Validated
from airbyte_agent_server.hubspot import HubspotOAuth, OAuthApp
from airbyte_agent_server.oauth.flow import (
    DESCRIPTIONS,
    STATE_LIFE_S,
    Completion,
    FlowError,
    ScopeRequest,
    build_consent_url,
    catalog_scopes,
    failure_of,
)
from airbyte_agent_server.oauth.redirects import check_redirect_url, with_parameters
from airbyte_agent_server.oauth.states import PendingConsent, StateStore
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.vault.refresh import granted
from airbyte_agent_server.vault.secrets import OAuthSecret


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a consent is started with."""

    workspace: Workspace
    kind: ConnectorType
    redirect_url: str
    completion: Completion
    scopes: ScopeRequest
    connector: Connector | None
    allow_account_change: bool
    name: str | None
    replication_config: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] | None


@dataclass(frozen=True, slots=True)
class StartedConsent:
    """Where to send the user, and until when."""

    consent_url: str
    expires_at: datetime


class _FlowFailedError(Exception):
    """The flow ends with an error for the application."""

    def __init__(self, error: FlowError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class BrokerParts:
    """What the broker works with."""

    accounts: AccountStore
    states: StateStore
    grants: GrantStore
    connectors: ConnectorService
    connector_store: ConnectorStore
    oauth: HubspotOAuth
    apps: OAuthApps
    sealer: Sealer


class OAuthBroker:
    """Asks HubSpot's users for consent on behalf of an application."""

    def __init__(self, parts: BrokerParts, settings: Settings, *, clock: Clock, ids: IdSource) -> None:
        self._parts = parts
        self._settings = settings
        self._clock = clock
        self._ids = ids

    def app_scopes(self) -> ScopeRequest:
        """All that the OAuth app may ask for."""
        required, optional = self._settings.hubspot_scopes, self._settings.hubspot_optional_scopes
        return ScopeRequest(required, catalog_scopes(without=required) if optional is None else optional)

    async def start(self, claims: Claims, asked: ConsentRequest) -> StartedConsent:
        """Remember the consent and say where to send the user.

        Raises:
            ProblemError: the redirect URL is not allowed, or there is no OAuth app.
        """
        organization = await self._parts.accounts.find_organization(claims.organization_id)
        own_origins = () if organization is None else organization.redirect_origins
        check_redirect_url(asked.redirect_url, (*self._settings.redirect_origins, *own_origins))
        app = self._parts.apps.default_app()
        state = new_secret_id(self._ids)
        verifier = new_secret_id(self._ids) if self._settings.hubspot_pkce == "s256" else None
        expires_at = self._clock.now() + timedelta(seconds=STATE_LIFE_S)
        pending = PendingConsent(
            organization_id=claims.organization_id,
            workspace_id=asked.workspace.id,
            connector_type=asked.kind.slug,
            redirect_url=asked.redirect_url,
            completion=asked.completion,
            app_client_id=app.client_id,
            connector_id=None if asked.connector is None else asked.connector.id,
            allow_account_change=asked.allow_account_change,
            name=asked.name,
            replication_config=asked.replication_config,
            entities=asked.entities,
            token_id=claims.token_id,
            expires_at=expires_at,
            sealed_verifier=None if verifier is None else await self._sealed(verifier, asked.workspace.id),
        )
        await self._parts.states.add(state, pending)
        consent_url = build_consent_url(
            self._settings.hubspot_authorize_url,
            client_id=app.client_id,
            callback_url=self._settings.callback_url,
            scopes=asked.scopes,
            state=state,
            verifier=verifier,
        )
        return StartedConsent(consent_url, expires_at)

    async def finish(self, state: str, *, code: str | None, provider_error: str | None) -> str:
        """Where to send the browser after HubSpot sent it back to us.

        Raises:
            ProblemError: `invalid_state`: there is nowhere to send it.
        """
        pending = await self._parts.states.consume(state)
        try:
            validated = await self._exchange(pending, code=code, provider_error=provider_error)
            parameters = await self._complete(pending, validated)
        except _FlowFailedError as failure:
            parameters = {"error": failure.error, "error_description": DESCRIPTIONS[failure.error]}
        return with_parameters(pending.redirect_url, parameters)

    async def _exchange(self, pending: PendingConsent, *, code: str | None, provider_error: str | None) -> Validated:
        if provider_error is not None or not code:
            raise _FlowFailedError(failure_of(provider_error))
        try:
            app = self._pinned_app(pending)
            verifier = None
            if pending.sealed_verifier is not None:
                opened = await self._parts.sealer.open(
                    pending.sealed_verifier, identity=_identity(pending.workspace_id)
                )
                verifier = opened.decode()
            grant = await self._parts.oauth.exchange(
                app, code, redirect_uri=self._settings.callback_url, verifier=verifier
            )
            facts = await self._parts.oauth.read_account(app, grant)
        except UnavailableError as error:
            raise _FlowFailedError(FlowError.TEMPORARILY_UNAVAILABLE) from error
        except (ConnectorError, ProblemError) as error:
            raise _FlowFailedError(FlowError.TOKEN_EXCHANGE_FAILED) from error
        secret = OAuthSecret(SecretStr(grant.refresh_token), app.client_id)
        return Validated(granted(secret, grant), facts)

    def _pinned_app(self, pending: PendingConsent) -> OAuthApp:
        return self._parts.apps.app_of(OAuthSecret(SecretStr(""), pending.app_client_id))

    async def _complete(self, pending: PendingConsent, validated: Validated) -> dict[str, str]:
        try:
            if pending.connector_id is not None:
                return {"connector_id": await self._reauthorize(pending, pending.connector_id, validated)}
            workspace = await self._parts.accounts.find_workspace(
                pending.organization_id, workspace_id=pending.workspace_id
            )
            if workspace is None:
                raise _FlowFailedError(FlowError.CREATION_FAILED)
            if pending.completion == Completion.SECRET_ID:
                secret_id = await self._parts.grants.add(workspace, pending.connector_type, validated)
                return {"secret_id": secret_id, "server_side_oauth_secret_id": secret_id}
            connector = await self._parts.connectors.create(
                NewConnector(
                    workspace=workspace,
                    kind=get_connector_type(pending.connector_type),
                    secret=validated.secret,
                    facts=validated.facts,
                    supplied_by="consent",
                    name=pending.name,
                    replication_config=pending.replication_config,
                    entities=pending.entities,
                )
            )
        except ProblemError as error:
            raise _FlowFailedError(FlowError.CREATION_FAILED) from error
        return {"connector_id": connector.id}

    async def _reauthorize(self, pending: PendingConsent, connector_id: str, validated: Validated) -> str:
        connector = await self._parts.connector_store.find(pending.organization_id, connector_id)
        if connector is None:
            raise _FlowFailedError(FlowError.CREATION_FAILED)
        if connector.hub_id not in {None, validated.facts.hub_id} and not pending.allow_account_change:
            raise _FlowFailedError(FlowError.ACCOUNT_MISMATCH)
        await self._parts.connectors.reauthorize(connector, validated, supplied_by="consent")
        return connector.id

    async def _sealed(self, verifier: str, workspace_id: str) -> bytes:
        return await self._parts.sealer.seal(verifier.encode(), owner=workspace_id, identity=_identity(workspace_id))


def _identity(workspace_id: str) -> str:
    return f"verifier:{workspace_id}"
