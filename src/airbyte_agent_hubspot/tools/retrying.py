"""A tool that tries again by itself after an error that may pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .._clock import Clock, SystemClock
from ..errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")
Args: TypeAlias = tuple[object, ...]
Kwargs: TypeAlias = dict[str, object]
MayRetry: TypeAlias = Callable[[Exception, Args, Kwargs], bool]
FailureMessage: TypeAlias = Callable[[Exception, Args, Kwargs], str | None]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, if `allowed`, and what a model is told instead of the last error: nothing if `message` gives None."""

    number: int = 0
    allowed: MayRetry | None = None
    message: FailureMessage | None = None
    clock: Clock = field(default_factory=SystemClock)

    async def run(self, function: Callable[..., Awaitable[T]], args: Args, kwargs: Kwargs) -> T:
        """What the function gives, at the latest after the last retry.

        An error is `retryable` only if nothing has happened, or if twice does no harm: writes are tried again, too.
        """
        left = self.number
        while True:
            try:
                return await function(*args, **kwargs)
            except ConnectorError as error:
                if left <= 0 or not error.retryable or not (self.allowed is None or self.allowed(error, args, kwargs)):
                    raise
                left -= 1
                await self.clock.sleep(error.retry_after_s or 0)

    def told(self, error: ConnectorError, args: Args, kwargs: Kwargs) -> str | None:
        """What the model is told of an error that no retry helped against."""
        return self.message(error, args, kwargs) if self.message is not None and error.retryable else None
