"""Access tokens from the vault: one refresh per credential at a time, stored before anyone uses it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from pydantic import SecretStr

from airbyte_agent_hubspot._auth import REFRESH_MARGIN_S
from airbyte_agent_hubspot._sansio import reauthorization_required
from airbyte_agent_hubspot.models import TokenGrant
from airbyte_agent_server.hubspot import HubspotOAuth, OAuthApp
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret, PrivateAppSecret
from airbyte_agent_server.vault.store import OpenedSecret, SecretStore

AppOf = Callable[[OAuthSecret], OAuthApp]
"""The OAuth app that a grant belongs to. Raises `ProblemError` when the server does not know its secret."""


class TokenRefresher:
    """Refreshes the tokens of all connectors, each by one task that everybody who needs it waits for."""

    def __init__(self, store: SecretStore, oauth: HubspotOAuth, *, app_of: AppOf, clock: Clock) -> None:
        self._store = store
        self._oauth = oauth
        self._app_of = app_of
        self._clock = clock
        self._running: dict[str, asyncio.Task[str]] = {}

    async def current(self, connector_id: str) -> str:
        """The connector's access token; a new one if there is none or it is about to expire."""
        opened = await self._store.open(connector_id)
        return self._usable(opened) or await self._refresh(connector_id, rejected="")

    async def renew(self, connector_id: str, rejected: str) -> str:
        """Another access token than `rejected`."""
        return await self._refresh(connector_id, rejected=rejected)

    async def close(self) -> None:
        """Let refreshes that are under way finish: HubSpot may have answered them already."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _refresh(self, connector_id: str, *, rejected: str) -> str:
        task = self._running.get(connector_id)
        if task is None:
            task = asyncio.create_task(self._fetch(connector_id, rejected), name=f"refresh {connector_id}")
            self._running[connector_id] = task
            task.add_done_callback(lambda done: self._forget(connector_id, done))
        # A caller that is cancelled must not cancel the refresh that others wait for.
        return await asyncio.shield(task)

    def _forget(self, connector_id: str, task: asyncio.Task[str]) -> None:
        del self._running[connector_id]
        if not task.cancelled():
            task.exception()  # read, so that a refresh whose callers all left does not warn

    async def _fetch(self, connector_id: str, rejected: str) -> str:
        opened = await self._store.reload(connector_id)  # another process may have refreshed it
        usable = self._usable(opened)
        if usable is not None and usable != rejected:
            return usable
        if opened is None:
            raise _gone(connector_id)
        if isinstance(opened.secret, PrivateAppSecret):
            raise reauthorization_required("the private app's token is invalid or was rotated")
        grant = await self._oauth.refresh(self._app_of(opened.secret), opened.secret.refresh_token)
        stored = await self._store.replace(opened, granted(opened.secret, grant))
        if stored is None:
            raise _gone(connector_id)
        return _token_of(stored.secret)

    def _usable(self, opened: OpenedSecret | None) -> str | None:
        if opened is None:
            return None
        secret = opened.secret
        if isinstance(secret, OAuthSecret) and (
            secret.expires_at is None or self._clock.now() >= secret.expires_at - timedelta(seconds=REFRESH_MARGIN_S)
        ):
            return None
        return _token_of(secret)


@dataclass(frozen=True, slots=True)
class VaultTokens:
    """The access tokens of one connector, as an executor wants them."""

    refresher: TokenRefresher
    connector_id: str

    async def current(self) -> str:
        """An access token that has not expired as far as anyone knows."""
        return await self.refresher.current(self.connector_id)

    async def renew(self, rejected: str) -> str:
        """Another access token than `rejected`, which HubSpot answered with 401."""
        return await self.refresher.renew(self.connector_id, rejected)

    async def close(self) -> None:
        """Nothing to stop: the refresher outlives its connectors' calls."""


def _token_of(secret: ConnectorSecret) -> str:
    token = secret.token if isinstance(secret, PrivateAppSecret) else secret.access_token
    return "" if token is None else token.get_secret_value()


def granted(secret: OAuthSecret, grant: TokenGrant) -> OAuthSecret:
    """`secret` with what HubSpot granted."""
    return msgspec.structs.replace(
        secret,
        refresh_token=SecretStr(grant.refresh_token),
        access_token=SecretStr(grant.access_token),
        expires_at=datetime.fromtimestamp(grant.expires_at_s, UTC),
    )


def _gone(connector_id: str) -> ProblemError:
    return ProblemError(
        "connector_not_found",
        f"Connector {connector_id} was deleted in the meantime: list the workspace's connectors.",
    )
