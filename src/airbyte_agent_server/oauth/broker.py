"""Starts consents and completes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from airbyte_agent_hubspot.errors import ConnectorError, RateLimitedError, UnavailableError
from airbyte_agent_server.accounts.store import ACTIVE, AccountStore, Workspace
from airbyte_agent_server.connectors.apps import ConfiguredApp, OAuthApps
from airbyte_agent_server.connectors.grants import GrantStore, new_secret_id
from airbyte_agent_server.connectors.intake import Offer, is_account_mismatch
from airbyte_agent_server.connectors.registry import ConnectorType, get_connector_type
from airbyte_agent_server.connectors.service import ConnectorService, NewConnector
from airbyte_agent_server.connectors.store import Change, Connector, ConnectorStore
from airbyte_agent_server.connectors.validation import Validated
from airbyte_agent_server.db.tables import oauth_states
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.hubspot import HubspotOAuth
from airbyte_agent_server.oauth.flow import (
    DESCRIPTIONS,
    STATE_LIFE_S,
    Completion,
    FlowError,
    Narrowing,
    ScopeRequest,
    always_with,
    build_consent_url,
    catalog_scopes,
    failure_of,
)
from airbyte_agent_server.oauth.redirects import check_redirect_url, with_parameters
from airbyte_agent_server.oauth.sessions import ConnectSession, ConnectSessions
from airbyte_agent_server.oauth.states import PendingConsent, StateStore
from airbyte_agent_server.origins import own_origin
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.tokens.service import check_active
from airbyte_agent_server.vault.refresh import granted
from airbyte_agent_server.vault.secrets import OAuthSecret


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a consent is started with."""

    workspace: Workspace
    kind: ConnectorType
    redirect_url: str
    completion: Completion
    narrowing: Narrowing
    connector: Connector | None
    session: ConnectSession | None
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
    sessions: ConnectSessions
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

    def _scopes_of(self, current: ConfiguredApp) -> ScopeRequest:
        """All that an OAuth app may ask for."""
        settings = self._settings
        required = settings.hubspot_scopes if current.scopes is None else always_with(current.scopes)
        optional = settings.hubspot_optional_scopes if current.optional_scopes is None else current.optional_scopes
        return ScopeRequest(required, catalog_scopes(without=required) if optional is None else optional)

    async def start(self, claims: Claims, asked: ConsentRequest) -> StartedConsent:
        """Remember the consent and say where to send the user.

        Raises:
            ProblemError: the redirect URL is not allowed, or there is no OAuth app.
        """
        await self._check_redirect(claims, asked.redirect_url)
        current = await self._parts.apps.current_app(claims.organization_id, asked.kind)
        state = new_secret_id(self._ids)
        verifier = new_secret_id(self._ids) if current.pkce == "s256" else None
        expires_at = self._clock.now() + timedelta(seconds=STATE_LIFE_S)
        pending = PendingConsent(
            organization_id=claims.organization_id,
            workspace_id=asked.workspace.id,
            connector_type=asked.kind.slug,
            redirect_url=asked.redirect_url,
            completion=asked.completion,
            app_client_id=current.app.client_id,
            app_id=current.id,
            connector_id=None if asked.connector is None else asked.connector.id,
            session_id=None if asked.session is None else asked.session.id,
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
            client_id=current.app.client_id,
            callback_url=self._settings.callback_url,
            scopes=self._scopes_of(current).narrowed(asked.narrowing),
            state=state,
            verifier=verifier,
        )
        return StartedConsent(consent_url, expires_at)

    async def _check_redirect(self, claims: Claims, redirect_url: str) -> None:
        if claims.allowed_origin is not None:
            pages = (claims.allowed_origin, own_origin(self._settings.effective_public_url))
            check_redirect_url(redirect_url, pages, of_widget=True)
            return
        organization = await self._parts.accounts.find_organization(claims.organization_id)
        more = () if organization is None else organization.redirect_origins
        check_redirect_url(redirect_url, (*self._settings.redirect_origins, *more))

    async def finish(self, state: str, *, code: str | None, provider_error: str | None) -> str:
        """Where to send the browser after HubSpot sent it back to us.

        Raises:
            ProblemError: `invalid_state`: there is nowhere to send it.
        """
        pending = await self._parts.states.consume(state)
        try:
            session = await self._session_of(pending)
            validated = await self._exchange(pending, code=code, provider_error=provider_error)
            parameters = await self._complete(pending, validated)
            if session is not None:
                await self._parts.sessions.complete(session, parameters["connector_id"])
        except (_FlowFailedError, ProblemError) as failure:
            error = failure.error if isinstance(failure, _FlowFailedError) else FlowError.CREATION_FAILED
            parameters = {"error": error, "error_description": DESCRIPTIONS[error]}
            if pending.session_id is not None:
                await self._parts.sessions.fail(pending.session_id, error)
        return with_parameters(pending.redirect_url, parameters)

    async def _session_of(self, pending: PendingConsent) -> ConnectSession | None:
        if pending.session_id is None:
            return None
        return await self._parts.sessions.find_pending(pending.organization_id, pending.session_id)

    async def _exchange(self, pending: PendingConsent, *, code: str | None, provider_error: str | None) -> Validated:
        if provider_error is not None or not code:
            raise _FlowFailedError(failure_of(provider_error))
        try:
            pinned = OAuthSecret(SecretStr(""), pending.app_client_id, app_id=pending.app_id)
            app = await self._parts.apps.app_of(pinned)
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
        except (UnavailableError, RateLimitedError) as error:
            raise _FlowFailedError(FlowError.TEMPORARILY_UNAVAILABLE) from error
        except (ConnectorError, ProblemError) as error:
            raise _FlowFailedError(FlowError.TOKEN_EXCHANGE_FAILED) from error
        return Validated(granted(pinned, grant), facts)

    async def _complete(self, pending: PendingConsent, validated: Validated) -> dict[str, str]:
        try:
            if pending.connector_id is not None:
                return {"connector_id": await self._reauthorize(pending, pending.connector_id, validated)}
            workspace = check_active(
                await self._parts.accounts.find_workspace(pending.organization_id, workspace_id=pending.workspace_id)
            )
            if pending.completion == Completion.SECRET_ID:
                secret_id = await self._parts.grants.add(workspace, pending.connector_type, validated)
                return {"secret_id": secret_id, "server_side_oauth_secret_id": secret_id}
            connector = await self._parts.connectors.create(
                NewConnector(
                    workspace=workspace,
                    kind=get_connector_type(pending.connector_type),
                    offer=Offer.consented(validated),
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
        if connector is None or connector.workspace_status != ACTIVE:
            raise _FlowFailedError(FlowError.CREATION_FAILED)
        try:
            await self._parts.connectors.change(
                connector,
                Change(),
                Offer.consented(validated),
                allow_account_change=pending.allow_account_change,
            )
        except ProblemError as problem:
            if is_account_mismatch(problem):
                raise _FlowFailedError(FlowError.ACCOUNT_MISMATCH) from problem
            raise
        return connector.id

    async def _sealed(self, verifier: str, workspace_id: str) -> bytes:
        return await self._parts.sealer.seal(verifier.encode(), owner=workspace_id, identity=_identity(workspace_id))


def _identity(workspace_id: str) -> str:
    return identity_of(oauth_states.c.sealed_verifier, workspace_id=workspace_id)
