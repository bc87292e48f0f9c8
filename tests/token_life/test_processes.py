"""Many processes and one grant: one refresh for all of them, and nobody loses it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

import pytest

from airbyte_agent_hubspot.token_store import EncryptedTokenFile, StoredGrant

if TYPE_CHECKING:
    from token_life.conftest import Sandbox

WORKER = Path(__file__).with_name("worker.py")
PROCESSES = 8
LIFETIME_S = 1800

HOLDER = """
import asyncio, sys, time
from airbyte_agent_hubspot.token_store import EncryptedTokenFile

async def main():
    async with EncryptedTokenFile(sys.argv[1]).exclusive():
        print("inside", flush=True)
        time.sleep(600)

asyncio.run(main())
"""


class Worker:
    """A process with a connector of its own."""

    def __init__(self, sandbox: Sandbox, refresh_token: str, token_file: Path) -> None:
        settings = {"HUBSPOT_REFRESH_TOKEN": refresh_token, "HUBSPOT_TOKEN_FILE": str(token_file)}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own script
            [sys.executable, str(WORKER)],
            env={**os.environ, **sandbox.variables(), **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._input, self._output = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._output.close()
        assert self._process.wait() == 0

    def tell(self, now_s: float) -> None:
        self._input.write(f"{now_s}\n")
        self._input.flush()

    def read(self) -> str:
        return self._output.readline().strip()


def call_at_once(workers: list[Worker], sandbox: Sandbox) -> list[str]:
    """What each says to a call that all make at once."""
    for worker in workers:
        worker.tell(sandbox.now_s)
    return [worker.read() for worker in workers]


def load(path: Path) -> StoredGrant | None:
    async def read() -> StoredGrant | None:
        return await EncryptedTokenFile(path).load()

    return asyncio.run(read())


@pytest.mark.requirement("token-store")
def test_eight_processes_refresh_once_for_each_expiry(sandbox: Sandbox, rotates: bool, tmp_path: Path) -> None:
    path, configured = tmp_path / "hubspot.token", sandbox.refresh_token
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(sandbox, configured, path)) for _ in range(PROCESSES)]
        assert [worker.read() for worker in workers] == ["ready"] * PROCESSES
        for expected in range(1, 5):
            assert call_at_once(workers, sandbox) == ["1 contact"] * PROCESSES
            assert call_at_once(workers, sandbox) == ["1 contact"] * PROCESSES
            assert sandbox.refreshes == expected
            sandbox.clock.advance(LIFETIME_S)
        assert call_at_once(workers, sandbox) == ["1 contact"] * PROCESSES
        sandbox.portal.tokens.expire_access_tokens()  # earlier than anybody knows: each process is refused once
        assert call_at_once(workers, sandbox) == ["1 contact"] * PROCESSES
        assert sandbox.refreshes == 6
        late = stack.enter_context(Worker(sandbox, configured, path))
        assert late.read() == "ready"
        assert call_at_once([late], sandbox) == ["1 contact"]
    assert sandbox.refreshes == 6
    assert (sandbox.portal.tokens.find_grant(configured) is None) is rotates
    held = load(path)
    assert held is not None
    assert (held.generation, held.client_id) == (6, sandbox.app.client_id)
    assert sandbox.portal.tokens.find_grant(held.grant.refresh_token) is not None


async def test_a_process_that_was_killed_inside_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "hubspot.token"
    holder = subprocess.Popen(  # noqa: ASYNC220, S603 - our own interpreter, our own text
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert cast("IO[str]", holder.stdout).readline() == "inside\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    async with EncryptedTokenFile(path, wait_s=5).exclusive():
        assert await EncryptedTokenFile(path).load() is None
