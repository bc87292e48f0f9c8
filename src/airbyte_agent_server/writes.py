"""Writes to sockets, those of one turn of the event loop together."""

import asyncio
from collections.abc import Callable, Sequence


class Writes:
    """What has to be written soon. A process that is woken by the first write has the others to do, too.

    Written one by one, with work in between, each wakes the other side anew, which costs more than the write.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[tuple[asyncio.WriteTransport, Sequence[bytes]]] = []
        self._before: dict[Callable[[], None], None] = {}

    def put(
        self, transport: asyncio.WriteTransport, parts: Sequence[bytes], before: Callable[[], None] | None = None
    ) -> None:
        """Write once everything that can run now has run. `before`: what has to be done first."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append((transport, parts))
        if before is not None:
            self._before[before] = None

    def flush(self) -> None:
        """Write what there is now."""
        waiting, self._waiting = self._waiting, []
        first, self._before = self._before, {}
        for before in first:
            before()
        for transport, parts in waiting:
            if not transport.is_closing():
                transport.writelines(parts)
