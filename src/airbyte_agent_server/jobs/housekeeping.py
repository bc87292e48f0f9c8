"""Deletes what has had its time, in portions."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from airbyte_agent_server.jobs.engine import Job, Recorded, Run

HOUSEKEEPING_EVERY_S = 300.0
_PORTIONS = 100

_log = logging.getLogger(__name__)

Sweep = Callable[[], Awaitable[int]]
"""Deletes one portion of what is out of date; how many that were. 0 says that nothing is left."""


class Housekeeping:
    """A job with one step for each kind of thing to delete. One kind that fails does not keep the others."""

    def __init__(self, sweeps: Mapping[str, Sweep]) -> None:
        self._sweeps = sweeps
        self.job = Job("housekeeping", self._work)

    async def _work(self, run: Run, _tick: str) -> None:
        for name, sweep in self._sweeps.items():

            async def portions(sweep: Sweep = sweep) -> Recorded:
                deleted = 0
                for _ in range(_PORTIONS):
                    portion = await sweep()
                    deleted += portion
                    if not portion:
                        break
                return deleted

            await run.step(name, portions)
