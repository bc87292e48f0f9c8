"""The one interface behind both ways to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._operation import Operation
    from ._shape import Params
    from .models import GrantedScopes, Result


@dataclass(frozen=True, slots=True)
class Call:
    """One validated call of one operation. `timeout_s` bounds everything: waits, refreshes, every attempt.

    `bulk` calls give way to others where the account's limits are shared.
    """

    operation: Operation
    params: Params
    timeout_s: float | None = None
    idempotency_key: str | None = None
    bulk: bool = False


class Executor(Protocol):
    """Runs calls."""

    async def execute(self, call: Call) -> Result:
        """The call's result.

        Raises:
            ConnectorError: for everything that can go wrong; there is no success flag.
        """
        ...

    async def granted_scopes(self) -> GrantedScopes:
        """What the account's user has granted.

        Raises:
            ConnectorError: it cannot be found out.
        """
        ...

    async def close(self) -> None:
        """Gives up connections. Calling it twice does no harm."""
        ...
