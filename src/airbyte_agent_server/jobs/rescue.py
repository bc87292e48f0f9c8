"""Finds processes that fell silent, and hands what they were doing to those that live."""

import logging
from dataclasses import dataclass

from airbyte_agent_server.jobs.engine import Engine
from airbyte_agent_server.jobs.nodes import Nodes, Sign
from airbyte_agent_server.ports import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Watched:
    sign: Sign | None
    since_s: float


class Rescuer:
    """Watches the others from one process.

    Each watcher measures with its own clock how long a process has shown the same sign, so clocks that differ do no
    harm. A process that was only paused may wake up after it was taken for dead: the engine then refuses what it
    records, and another process has its runs.
    """

    def __init__(self, engine: Engine, nodes: Nodes, *, own_id: str, silence_s: float, clock: Clock) -> None:
        self._engine = engine
        self._nodes = nodes
        self._own_id = own_id
        self._silence_s = silence_s
        self._clock = clock
        self._watched: dict[str, _Watched] = {}

    async def look(self) -> int:
        """Rescue the runs of processes that stopped or fell silent; how many runs that are."""
        signs = await self._nodes.signs()
        busy = await self._engine.busy_nodes()
        others = (signs.keys() | busy) - {self._own_id}
        self._watched = {node_id: self._watch(node_id, signs.get(node_id)) for node_id in others}
        rescued = 0
        for node_id, watched in self._watched.items():
            sign = watched.sign
            if (sign is not None and sign.stopped) or self._clock.monotonic_s() - watched.since_s >= self._silence_s:
                rescued += await self._rescue(node_id, sign, busy=node_id in busy)
        return rescued

    def _watch(self, node_id: str, sign: Sign | None) -> _Watched:
        watched = self._watched.get(node_id)
        if watched is not None and watched.sign == sign:
            return watched
        return _Watched(sign, self._clock.monotonic_s())

    async def _rescue(self, node_id: str, sign: Sign | None, *, busy: bool) -> int:
        rescued = await self._engine.rescue(node_id) if busy else 0
        if rescued:
            _log.warning("process %s fell silent or stopped: others continue %d of its jobs", node_id, rescued)
        if sign is not None:
            await self._nodes.forget(node_id, sign)
        return rescued
