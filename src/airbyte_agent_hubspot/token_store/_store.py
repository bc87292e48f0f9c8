"""What a token store is."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from ..models.auth import StoredGrant

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ..models.auth import TokenGrant


class TokenStore(Protocol):
    """Keeps one grant, for as many processes as there are.

    `load` and `save` are called inside `exclusive()` only. A grant that was saved must survive a crash from then on:
    its access token is used as soon as `save` returns, and the refresh token before it may be dead.
    """

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """While it is entered, nobody else is inside, in any process. A refresh happens inside: up to 30 s."""
        ...

    async def load(self) -> StoredGrant | None:
        """What was saved last; None if nothing was yet."""
        ...

    async def save(self, stored: StoredGrant) -> None:
        """Replaces what was saved before, wholly or not at all."""
        ...


def origin_of(refresh_token: str) -> str:
    """A name for a refresh token that does not tell it."""
    return sha256(refresh_token.encode()).hexdigest()


async def keep_grant(store: TokenStore, grant: TokenGrant, *, client_id: str) -> None:
    """Puts a grant that a user has just given into `store`, in place of what it holds."""
    async with store.exclusive():
        held = await store.load()
        generation = 1 if held is None else held.generation + 1
        await store.save(StoredGrant(grant, client_id, generation, origin_of(grant.refresh_token)))
