"""Access tokens through a token store: one refresh for all processes, and no grant is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ._auth import ExpiringToken, hand_over, is_due
from .errors import ConfigurationError, MissingCredentialsError
from .models.auth import StoredGrant
from .token_store import origin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ._auth import OnTokenRefresh
    from .models.auth import HubspotAuthConfig, TokenGrant
    from .token_store import TokenStore

T = TypeVar("T")


class StoredRefresh:
    """Fetches access tokens from `store`, and with `exchange` from HubSpot when the stored one will not do.

    The stored refresh token wins over the configured one it descends from; one that was configured since replaces it.
    """

    def __init__(
        self,
        config: HubspotAuthConfig,
        *,
        store: TokenStore,
        exchange: Callable[[str], Awaitable[TokenGrant]],
        now_s: Callable[[], float],
        on_token_refresh: OnTokenRefresh | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._exchange = exchange
        self._now_s = now_s
        self._on_token_refresh = on_token_refresh
        self._generation = 0
        """Of the grant whose access token was given out last: the next one must be another."""
        self._unsaved: StoredGrant | None = None
        """A grant that HubSpot gave and the store did not take: the only one that still works, if it was rotated."""

    async def __call__(self) -> ExpiringToken:
        """An access token that is not the one given out before.

        `on_token_refresh` has been awaited when this returns, if HubSpot was asked.
        """
        async with self._store.exclusive():
            held = await self._held()
            own = self._own(held)
            if own is not None and own.generation != self._generation and not self._is_due(own):
                self._generation = own.generation
                return _token_of(own, is_fresh=False)
            refreshed = await to_its_end(self._refresh(own, 1 if held is None else held.generation + 1))
        await hand_over(refreshed.grant, self._on_token_refresh)
        return _token_of(refreshed, is_fresh=True)

    def _is_due(self, stored: StoredGrant) -> bool:
        return is_due(stored.grant.expires_at_s, self._now_s())

    async def _held(self) -> StoredGrant | None:
        """What the store holds, once it has what it did not take before."""
        held = await self._store.load()
        unsaved, self._unsaved = self._unsaved, None
        if unsaved is None or (held is not None and held.generation >= unsaved.generation):
            return held
        await self._save(unsaved)
        return unsaved

    def _own(self, held: StoredGrant | None) -> StoredGrant | None:
        """What the store holds if it is of the configured grant."""
        configured = self._config.refresh_token
        if held is None:
            if not configured:
                raise MissingCredentialsError(
                    f"{self._store!r} holds no grant yet: log in with `hubspot-agent login`, or pass refresh_token."
                )
            return None
        if held.client_id != self._config.client_id:
            raise ConfigurationError(
                f"{self._store!r} holds a grant of the OAuth app {held.client_id}, not of {self._config.client_id}. "
                "Give each app and each account a store of its own."
            )
        return held if not configured or held.origin == origin_of(configured) else None

    async def _refresh(self, own: StoredGrant | None, generation: int) -> StoredGrant:
        config = self._config
        grant = await self._exchange(config.refresh_token if own is None else own.grant.refresh_token)
        origin = origin_of(config.refresh_token) if own is None else own.origin
        refreshed = StoredGrant(grant, config.client_id or "", generation, origin)
        await self._save(refreshed)
        self._generation = generation
        return refreshed

    async def _save(self, stored: StoredGrant) -> None:
        self._unsaved = stored
        await self._store.save(stored)
        self._unsaved = None


def _token_of(stored: StoredGrant, *, is_fresh: bool) -> ExpiringToken:
    return ExpiringToken(stored.grant.access_token, stored.grant.expires_at_s, is_fresh)


async def to_its_end(work: Coroutine[None, None, T]) -> T:
    """The result of `work`, which is not cancelled with its caller: the caller ends when it has ended."""
    import asyncio  # noqa: PLC0415 - not needed to import the package

    task = asyncio.create_task(work, name="token refresh")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        _ = task.cancelled() or task.exception()  # read it, so that a failure whose caller left does not warn
        raise
