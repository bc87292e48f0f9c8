"""What strangers may send: over a real connection, as bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from airbyte_agent_server.wire.protocol import (
    BODY_TIMEOUT_S,
    HEAD_TIMEOUT_S,
    MAX_HEAD_BYTES,
    GuardedProtocol,
    close_slow,
)

Talk = Callable[[bytes], Awaitable[bytes]]
KEPT_S = 5.0
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"


class Reached:
    """An application that remembers what reached it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.some = asyncio.Event()
        self.headers = [(b"content-length", b"2")]
        self.parts = [b"ok"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        self.some.set()
        while (await receive()).get("more_body", False):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        for number, part in enumerate(self.parts, 1):
            more = number < len(self.parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})


@pytest.fixture
def reached() -> Reached:
    return Reached()


@pytest.fixture
async def server(reached: Reached) -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(
        reached, host="127.0.0.1", port=0, http=GuardedProtocol, ws="none", lifespan="off", log_config=None
    )
    config.load()
    started = uvicorn.Server(config)
    started.lifespan = config.lifespan_class(config)
    await started.startup()
    yield started
    await started.shutdown()


async def connect(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())


@pytest.fixture
def talk(server: uvicorn.Server) -> Talk:
    """All that comes back to some bytes, until the server hangs up."""

    async def talked(sent: bytes) -> bytes:
        reader, writer = await connect(server)
        writer.write(sent)
        writer.write_eof()
        answer = await all_of(reader)
        writer.close()
        return answer

    return talked


async def arrived(server: uvicorn.Server, count: int) -> None:
    """So many bytes of a head have reached the server."""
    for _ in range(100_000):
        if [getattr(one, "_head_bytes", 0) for one in server.server_state.connections] == [count]:
            return
        await asyncio.sleep(0)
    raise AssertionError("It did not arrive.")


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server hangs up, which it may do without reading what was sent."""
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.requirement("no-request-smuggling")
@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 4",
        b"content-length: 4\r\ncontent-length: 5",
        b"content-length: +4",
        b"content-length: 4, 4",
        b"transfer-encoding: chunked, identity",
        b"transfer-encoding: xchunked",
        b"transfer-encoding : chunked",
        b"content-length: 4\nx: y",
        b"x: y\r\n folded",
        b"x: a\0b",
    ],
)
async def test_requests_of_whose_length_there_can_be_two_opinions_are_refused(
    head: bytes, talk: Talk, reached: Reached
) -> None:
    answer = await talk(b"POST /first HTTP/1.1\r\nhost: x\r\n" + head + b"\r\n\r\n0\r\n\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "/smuggled" not in reached.paths


async def test_a_head_without_end_is_cut_off(talk: Talk, reached: Reached) -> None:
    line = b"x-filler: " + b"y" * 1000 + b"\r\n"
    endless = b"GET / HTTP/1.1\r\nhost: x\r\n" + line * (MAX_HEAD_BYTES // 500)
    assert (await talk(endless))[:12] in {b"HTTP/1.1 431", b""}
    assert reached.paths == []


async def test_a_usual_request_is_served_and_its_connection_kept(server: uvicorn.Server, reached: Reached) -> None:
    reader, writer = await connect(server)
    for _ in range(2):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        close_slow(server.server_state.connections, asyncio.get_running_loop().time() + KEPT_S - 1)
    close_slow(server.server_state.connections, asyncio.get_running_loop().time() + KEPT_S + 1)
    assert await reader.read() == b""
    writer.close()
    assert reached.paths == ["/", "/"]


@pytest.mark.parametrize(
    ("headers", "parts", "answered"),
    [
        ([(b"content-length", b"2")], [b"ok"], b"content-length: 2\r\n\r\nok"),
        ([(b"content-length", b"0")], [b""], b"content-length: 0\r\n\r\n"),
        ([(b"content-length", b"2")], [b"o", b"k"], b"content-length: 2\r\n\r\nok"),
        ([], [b"ok"], b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ([(b"content-length", b"2"), (b"connection", b"close")], [b"ok"], b"connection: close\r\n\r\nok"),
        ([(b"content-length", b"3")], [b"ok"], b"content-length: 3\r\n\r\nok"),
    ],
)
async def test_an_answer_is_sent_as_it_is_stated(
    server: uvicorn.Server, reached: Reached, headers: list[tuple[bytes, bytes]], parts: list[bytes], answered: bytes
) -> None:
    reached.headers, reached.parts = headers, parts
    reader, writer = await connect(server)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await reader.readuntil(answered)).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()


async def test_requests_that_come_at_once_are_answered_one_after_the_other(
    server: uvicorn.Server, reached: Reached
) -> None:
    reader, writer = await connect(server)
    writer.write(b"".join(b"POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" % n for n in range(20)))
    for _ in range(20):
        assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert reached.paths == [f"/{n}" for n in range(20)]


async def test_an_answer_is_sent_before_the_server_hangs_up(server: uvicorn.Server, reached: Reached) -> None:
    reader, writer = await connect(server)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await reached.some.wait()
    await server.shutdown()
    assert (await reader.read()).endswith(b"\r\n\r\nok")
    writer.close()


async def test_a_header_that_would_smuggle_another_is_not_sent(server: uvicorn.Server, reached: Reached) -> None:
    reached.headers = [(b"content-length", b"2"), (b"x", b"1\r\ny: 2")]
    reader, writer = await connect(server)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(("sent", "limit_s"), [(b"", HEAD_TIMEOUT_S), (b"GET / HTT", HEAD_TIMEOUT_S)])
async def test_whoever_sends_a_head_too_slowly_is_cut_off(server: uvicorn.Server, sent: bytes, limit_s: float) -> None:
    reader, writer = await connect(server)
    writer.write(sent)
    await arrived(server, len(sent))
    now_s = asyncio.get_running_loop().time()
    close_slow(server.server_state.connections, now_s + limit_s - 1)
    close_slow(server.server_state.connections, now_s + limit_s + 1)
    assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_whoever_sends_a_body_too_slowly_is_cut_off(server: uvicorn.Server, reached: Reached) -> None:
    reader, writer = await connect(server)
    writer.write(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc")
    await reached.some.wait()
    now_s = asyncio.get_running_loop().time()
    close_slow(server.server_state.connections, now_s + HEAD_TIMEOUT_S + 1)
    assert len(server.server_state.connections) == 1
    close_slow([*server.server_state.connections, object()], now_s + BODY_TIMEOUT_S + 1)
    assert await all_of(reader) == b""  # the application was asked already: it alone may answer
    writer.close()


async def test_a_request_to_become_a_websocket_is_an_ordinary_request(talk: Talk, reached: Reached) -> None:
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n"
    answer = await talk(b"GET /socket HTTP/1.1\r\nhost: x\r\n" + upgrade + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert reached.paths == ["/socket"]
