"""Counts what keeping HubSpot's limits costs."""

from airbyte_agent_hubspot._clock import Clock
from airbyte_agent_hubspot._limits import Budget
from airbyte_agent_hubspot._operation import LimitKind
from airbyte_agent_hubspot.errors import RateLimitedError
from airbyte_agent_server.telemetry.metrics import Metrics

_HELD_BACK_S = 0.001
"""What passes at once takes less."""


class WatchedBudget:
    """A budget whose waits are measured."""

    def __init__(self, budget: Budget, metrics: Metrics) -> None:
        self._budget = budget
        self._metrics = metrics
        self.take = budget.take  # what passes at once is not held back
        self.learn = budget.learn

    async def enter(self, kind: LimitKind, clock: Clock, *, bulk: bool, deadline_s: float | None) -> None:
        """Waits for a place for one request.

        Raises:
            RateLimitedError: there is none before `deadline_s`.
        """
        began_at_s = clock.monotonic_s()
        try:
            await self._budget.enter(kind, clock, bulk=bulk, deadline_s=deadline_s)
        except RateLimitedError as error:
            # For the next day's calls nobody can say how many seconds it takes.
            self._metrics.budget_refused("daily" if error.retry_after_s is None else kind)
            raise
        waited_s = clock.monotonic_s() - began_at_s
        if waited_s >= _HELD_BACK_S:
            self._metrics.budget_waited(kind, waited_s)
