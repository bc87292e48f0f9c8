"""Access tokens from the vault: one refresh per credential at a time, stored before anyone uses it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from pydantic import SecretStr

from airbyte_agent_hubspot._auth import REFRESH_MARGIN_S, ExpiringToken, is_due
from airbyte_agent_hubspot._sansio import private_app_token_refused, reauthorization_required
from airbyte_agent_hubspot.errors import ConnectorError, UpstreamUnavailableError
from airbyte_agent_hubspot.models import TokenGrant
from airbyte_agent_server.bounded import Kept
from airbyte_agent_server.hubspot import HubspotOAuth, OAuthApp
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.telemetry.spans import Watch
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret, PrivateAppSecret
from airbyte_agent_server.vault.store import Failure, OpenedSecret, SecretStore

AppOf = Callable[[OAuthSecret], Awaitable[OAuthApp]]
"""The OAuth app that a grant belongs to. Raises `ProblemError` when the server does not know its secret."""


_FIRST_LOOK_S = 0.05
_LAST_LOOK_S = 0.5


class FailureNotes(Protocol):
    """Where failed refreshes are noted."""

    async def note(self, opened: OpenedSecret, error: ConnectorError, holder: str) -> None:
        """Note that a refresh of `opened` failed, unless the holder has no right to it any more."""
        ...


class TokenRefresher:
    """Refreshes the tokens of all connectors.

    In this process one task does it, and everybody who needs the token waits for it. Among the processes one has a
    lease, and the others look until it is done. The lease spares HubSpot; what keeps grants from being lost is the
    generation, which lets a process store nothing once somebody else did, however long it slept.
    """

    def __init__(  # one argument for each part
        self,
        store: SecretStore,
        oauth: HubspotOAuth,
        notes: FailureNotes,
        watch: Watch,
        *,
        app_of: AppOf,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._oauth = oauth
        self._notes = notes
        self._watch = watch
        self._app_of = app_of
        self._clock = clock
        self._ids = ids
        self._running: dict[str, asyncio.Task[ExpiringToken]] = {}

    def find(self, connector_id: str) -> Kept[OpenedSecret] | None:
        """The secret, and until when it counts, if it was opened lately."""
        return self._store.find(connector_id)

    def held(self, kept: Kept[OpenedSecret]) -> str | None:
        """What `current` would give, if the secret that was found still counts and says so."""
        usable = self._usable(kept.value) if self._clock.monotonic_s() < kept.until_s else None
        return None if usable is None else usable.value

    async def current(self, connector_id: str) -> str:
        """The connector's access token; a new one if there is none or it is about to expire."""
        usable = self._usable(await self._store.open(connector_id))
        return (usable or await self._refresh(connector_id, rejected="")).value

    async def renew(self, connector_id: str, rejected: str) -> ExpiringToken:
        """Another access token than `rejected`."""
        return await self._refresh(connector_id, rejected=rejected)

    async def renew_ahead(self, connector_id: str, margin_s: float) -> None:
        """Have an access token that is good for `margin_s` at least."""
        await self._refresh(connector_id, rejected="", margin_s=margin_s)

    async def close(self) -> None:
        """Let refreshes that are under way finish: HubSpot may have answered them already."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _refresh(self, connector_id: str, *, rejected: str, margin_s: float = REFRESH_MARGIN_S) -> ExpiringToken:
        task = self._running.get(connector_id)
        if task is None:
            fetching = self._fetch(connector_id, rejected, margin_s)
            task = asyncio.create_task(fetching, name=f"refresh {connector_id}")
            self._running[connector_id] = task
            task.add_done_callback(lambda done: self._forget(connector_id, done))
        # A caller that is cancelled must not cancel the refresh that others wait for.
        return await asyncio.shield(task)

    def _forget(self, connector_id: str, task: asyncio.Task[ExpiringToken]) -> None:
        del self._running[connector_id]
        if not task.cancelled():
            task.exception()  # read, so that a refresh whose callers all left does not warn

    async def _fetch(self, connector_id: str, rejected: str, margin_s: float) -> ExpiringToken:
        holder = self._ids.new_id()
        seen: OpenedSecret | None = None
        wait_s = _FIRST_LOOK_S
        while True:
            opened = await self._store.reload(connector_id)  # another process may have refreshed it
            usable = self._usable(opened, margin_s)
            if usable is not None and usable.value != rejected:
                return usable
            if opened is None:
                raise _gone(connector_id)
            secret = opened.secret
            if isinstance(secret, PrivateAppSecret):
                raise private_app_token_refused()
            if seen is not None and opened.failed_at != seen.failed_at:
                raise _failed_elsewhere(opened)
            app = await self._app_of(secret)
            if await self._store.lease(opened, holder):
                with self._watch.traces.step("refresh token") as span:
                    span.note({"agent_server.connector_id": connector_id})
                    return await self._send(opened, secret, app, holder)
            seen = seen or opened
            await self._clock.sleep(wait_s)
            wait_s = min(wait_s * 1.5, _LAST_LOOK_S)

    async def _send(self, opened: OpenedSecret, secret: OAuthSecret, app: OAuthApp, holder: str) -> ExpiringToken:
        try:
            grant = await self._oauth.refresh(app, secret.refresh_token)
        except ConnectorError as error:
            self._watch.metrics.refresh_ended(error.code)
            await self._notes.note(opened, error, holder)
            newer = await self._store.reload(opened.connector_id)
            if newer is not None and newer.generation != opened.generation:
                return ExpiringToken(token_of(newer.secret))  # somebody was faster, or connected the account again
            raise
        self._watch.metrics.refresh_ended("success")
        stored = await self._store.replace(opened, granted(secret, grant))
        if stored is None:
            raise _gone(opened.connector_id)
        token = token_of(stored.secret)
        return ExpiringToken(token, is_fresh=token == grant.access_token)  # otherwise somebody was faster

    def _usable(self, opened: OpenedSecret | None, margin_s: float = REFRESH_MARGIN_S) -> ExpiringToken | None:
        access = None if opened is None else opened.access
        return None if access is None or is_due(access.expires_at_s, self._clock.now_s(), margin_s) else access


@dataclass(slots=True)
class VaultTokens:
    """The access tokens of one connector, as an executor wants them."""

    refresher: TokenRefresher
    connector_id: str
    _kept: Kept[OpenedSecret] | None = field(default=None, init=False, repr=False)

    def held(self) -> str | None:
        """What `current` would give, if it is at hand."""
        held = None if self._kept is None else self.refresher.held(self._kept)
        if held is None:
            self._kept = self.refresher.find(self.connector_id)
            held = None if self._kept is None else self.refresher.held(self._kept)
        return held

    async def current(self) -> str:
        """An access token that has not expired as far as anyone knows."""
        return await self.refresher.current(self.connector_id)

    async def renew(self, rejected: str) -> ExpiringToken:
        """Another access token than `rejected`, which HubSpot answered with 401."""
        return await self.refresher.renew(self.connector_id, rejected)

    async def close(self) -> None:
        """Nothing to stop: the refresher outlives its connectors' calls."""


def token_of(secret: ConnectorSecret) -> str:
    """The access token that a secret holds; empty if it was never refreshed."""
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


def _failed_elsewhere(opened: OpenedSecret) -> ConnectorError:
    if opened.failure == Failure.DEAD:
        return reauthorization_required("the refresh token is invalid")
    return UpstreamUnavailableError("HubSpot could not refresh the account's token. Try again later.")


def _gone(connector_id: str) -> ProblemError:
    return ProblemError(
        "connector_not_found",
        f"Connector {connector_id} was deleted in the meantime: list the workspace's connectors.",
    )
