"""What strangers may send: over a real connection, as bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from airbyte_agent_server.wire.heads import Answer, lines_of, notes_of
from airbyte_agent_server.wire.protocol import (
    BODY_TIMEOUT_S,
    HEAD_TIMEOUT_S,
    MAX_HEAD_BYTES,
    close_slow,
)
from server.sockets import connect, serving

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
    async with serving(reached) as started:
        yield started


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


# ---------------------------------------------------------------- heads that come again


class Offering(Reached):
    """An application that answers requests whose head is known without messages."""

    def __init__(self) -> None:
        super().__init__()
        self.directly: list[bytes] = []
        self.answer = Answer(200, b"content-length: 3\r\n", b"YES")
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        notes_of(scope).direct = self.directly_answered
        await super().__call__(scope, receive, send)

    async def directly_answered(self, scope: Scope, body: bytes) -> Answer:
        assert (scope["path"], dict(scope["headers"]).get(b"content-length")) == ("/a", None)
        self.directly.append(body)
        self.some.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return self.answer


def request(body: bytes, head: bytes = b"", line: bytes = b"POST /a HTTP/1.1") -> bytes:
    return b"%b\r\nhost: x\r\nContent-Length: %d\r\n%b\r\n%b" % (line, len(body), head, body)


@pytest.fixture
def offering() -> Offering:
    return Offering()


@pytest.fixture
async def quick(offering: Offering) -> AsyncIterator[uvicorn.Server]:
    async with serving(offering) as server:
        yield server


async def test_a_head_that_comes_again_is_not_read_again(quick: uvicorn.Server, offering: Offering) -> None:
    reader, writer = await connect(quick)
    bodies = [b"first", b"second, longer", b"", b"x" * 12345, b"with\r\n\r\nin it"]
    for number, body in enumerate(bodies):
        writer.write(request(body, b"connection: Keep-Alive\r\n"))
        answer = await reader.readuntil(b"YES" if number else b"ok")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (offering.paths, offering.directly) == (["/a"], bodies[1:])
    close_slow(quick.server_state.connections, asyncio.get_running_loop().time() + KEPT_S + 1)
    assert await reader.read() == b""
    writer.close()


@pytest.mark.requirement("no-request-smuggling")
@pytest.mark.parametrize(
    "sent",
    [
        request(b"abc", b"x: y\r\n"),
        request(b"abc", line=b"POST /b HTTP/1.1"),
        request(b"abc") + request(b"def"),
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: 03\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length:3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: \r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\nContent-Length: 3",
    ],
)
async def test_what_differs_in_anything_but_its_body_is_read(
    quick: uvicorn.Server, offering: Offering, sent: bytes
) -> None:
    reader, writer = await connect(quick)
    writer.write(request(b"abc"))
    await reader.readuntil(b"ok")
    with suppress(OSError):  # where the server has hung up
        writer.write(sent)
        writer.write_eof()
    await all_of(reader)
    assert offering.directly == []
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        request(b"abc", b"connection: close\r\n"),
        request(b"abc", b"expect: 100-continue\r\n"),
        request(b"abc", b"connection: upgrade\r\nupgrade: x\r\n"),
        request(b"abc", b"x: " + b"y" * 8192 + b"\r\n"),
        request(b"abc", line=b"POST /a HTTP/1.0"),
        b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
async def test_only_simple_heads_are_remembered(quick: uvicorn.Server, offering: Offering, sent: bytes) -> None:
    reader, writer = await connect(quick)
    writer.write(sent)
    await reader.readuntil(b"ok")
    with suppress(OSError):  # where the server has hung up
        writer.write(sent)
        writer.write_eof()
    await all_of(reader)
    assert offering.directly == []
    writer.close()


async def test_a_body_that_comes_in_parts_is_waited_for(quick: uvicorn.Server, offering: Offering) -> None:
    reader, writer = await connect(quick)
    writer.write(request(b"abc"))
    await reader.readuntil(b"ok")
    writer.write(request(b"abcdef")[:-3])
    await seen(lambda: len(offering.paths) == 2)
    writer.write(b"def")
    await reader.readuntil(b"ok")
    writer.write(request(b"ghi"))
    await reader.readuntil(b"YES")
    assert offering.directly == [b"ghi"]
    writer.close()


async def seen(is_so: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("It did not happen.")


async def learnt(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose head is known."""
    reader, writer = await connect(server)
    writer.write(request(b"abc"))
    await reader.readuntil(b"ok")
    return reader, writer


async def under_way(offering: Offering, writer: asyncio.StreamWriter) -> None:
    """A request on a known head whose answer is held back."""
    offering.go_on.clear()
    offering.some.clear()
    writer.write(request(b"def"))
    await offering.some.wait()


async def test_requests_behind_a_direct_one_wait_for_their_turn(quick: uvicorn.Server, offering: Offering) -> None:
    reader, writer = await learnt(quick)
    await under_way(offering, writer)
    writer.write(request(b"ghi") + request(b"jkl"))
    await asyncio.sleep(0.05)
    assert offering.directly == [b"def"]
    offering.go_on.set()
    assert (await reader.readuntil(b"YES"))[:12] == b"HTTP/1.1 200"
    for _ in range(2):
        await reader.readuntil(b"ok")
    writer.close()


async def test_a_server_that_stops_answers_directly_what_it_began(quick: uvicorn.Server, offering: Offering) -> None:
    reader, writer = await learnt(quick)
    await under_way(offering, writer)
    stopping = asyncio.create_task(quick.shutdown())
    await asyncio.sleep(0.05)
    offering.go_on.set()
    answer = await all_of(reader)
    assert answer.endswith(b"content-length: 3\r\nconnection: close\r\n\r\nYES")
    await stopping
    writer.close()


async def test_an_application_that_fails_directly_is_hung_up_on(
    quick: uvicorn.Server, offering: Offering, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await learnt(quick)
    offering.error = RuntimeError("broken")
    writer.write(request(b"def"))
    assert await all_of(reader) == b""
    assert "a request could not be answered" in caplog.text
    writer.close()


async def test_who_hung_up_is_not_answered(quick: uvicorn.Server, offering: Offering) -> None:
    _, writer = await learnt(quick)
    await under_way(offering, writer)
    writer.close()
    await writer.wait_closed()
    await seen(lambda: not quick.server_state.connections)
    offering.go_on.set()
    await seen(lambda: not quick.server_state.tasks)
    assert offering.directly == [b"def"]


async def test_a_direct_answer_waits_for_who_reads_slowly(quick: uvicorn.Server, offering: Offering) -> None:
    reader, writer = await learnt(quick)
    size = 20_000_000
    offering.answer = Answer(200, b"content-length: %d\r\n" % size, b"x" * size)
    for count, body in enumerate((b"def", b"ghi"), 1):
        writer.write(request(body))
        await seen(lambda count=count: len(offering.directly) == count)  # type: ignore[misc]
    assert quick.server_state.tasks  # the second waits until there is room
    read = 0
    async with asyncio.timeout(10):
        while read < 2 * size:
            read += (await reader.read(1_000_000)).count(b"x")
    assert offering.directly == [b"def", b"ghi"]
    writer.close()


def test_headers_are_lines_and_back() -> None:
    headers = [(b"content-type", b"text/plain"), (b"x", b"a: b")]
    assert Answer(200, lines_of(headers), b"").headers == headers


@pytest.mark.parametrize("value", [b"a\r\ny: b", b"a\n", b"a\r", b"a\0"])
def test_a_header_with_a_line_break_is_none(value: bytes) -> None:
    with pytest.raises(ValueError, match="line break"):
        lines_of([(b"x", value)])
