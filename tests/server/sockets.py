"""Applications behind a socket, as the server's own protocol serves them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from airbyte_agent_server.wire.protocol import GuardedProtocol
from server.world import Answer


@asynccontextmanager
async def serving(application: ASGIApp) -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    config.load()
    started = uvicorn.Server(config)
    started.lifespan = config.lifespan_class(config)
    await started.startup()
    try:
        yield started
    finally:  # uvloop waits for ever for what still listens
        await started.shutdown()


async def connect(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())


class Kept:
    """Sends requests over one connection, which stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, path: str, body: object, *, token: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer; of the head only the length differs from one call to the next."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "host: x", "content-type: application/json", f"authorization: Bearer {token}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = "\r\n".join([*lines, f"content-length: {len(content)}", "", ""])
        self._writer.write(head.encode() + content)
        first, *named = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        said = dict(line.split(": ", 1) for line in named)
        answered = await self._reader.readexactly(int(said["content-length"]))
        return Answer(int(first.split(" ")[1]), said, answered)


@asynccontextmanager
async def kept_connection(application: ASGIApp) -> AsyncIterator[Kept]:
    """A connection to an application."""
    async with serving(application) as server:
        reader, writer = await connect(server)
        try:
            yield Kept(reader, writer)
        finally:
            writer.close()
