"""All transports, against real sockets on loopback: the same tests for each."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from typing import TYPE_CHECKING, Protocol

import httpx2
import pytest

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.transports import (
    AnswerTimeoutError,
    AsgiTransport,
    HttpRequest,
    HttpResponse,
    MaybeSentError,
    NotSentError,
    PyqwestTransport,
    Transport,
    TransportError,
)
from airbyte_agent_hubspot.transports.httpx2 import Httpx2Transport
from airbyte_agent_server.upstream import UpstreamTransport
from unit.loopback import OK, Connection, LoopbackServer, answering, keep_answering, untrusted_tls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from pathlib import Path
    from typing import Any

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class MakeTransport(Protocol):
    """Makes one kind of transport."""

    def __call__(
        self,
        *,
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
        proxy: str | None = None,
    ) -> Transport: ...


def make_httpx2(
    *,
    connect_timeout_s: float = 5.0,
    read_timeout_s: float = 5.0,
    proxy: str | None = None,
) -> Transport:
    return Httpx2Transport(
        lambda: httpx2.AsyncClient(
            timeout=httpx2.Timeout(read_timeout_s, connect=connect_timeout_s, pool=None),
            proxy=None if proxy == "env" else proxy,
            trust_env=proxy == "env",
        )
    )


def make_upstream(
    *,
    connect_timeout_s: float = 5.0,
    read_timeout_s: float = 5.0,
    proxy: str | None = None,
) -> Transport:
    if proxy is not None:
        pytest.skip("the server's transport uses no proxy")
    return UpstreamTransport(connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)


@pytest.fixture(params=[PyqwestTransport, make_httpx2, make_upstream], ids=["pyqwest", "httpx2", "upstream"])
def make_transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MakeTransport:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    make: MakeTransport = request.param
    return make


@pytest.fixture
def anyio_backend() -> str:
    """Real time: the clients keep their own clocks."""
    return "asyncio"


def get(url: str) -> HttpRequest:
    return HttpRequest("GET", url)


async def test_an_answer_comes_whole_with_lower_case_header_names(make_transport: MakeTransport) -> None:
    requests: list[bytes] = []

    async def behave(connection: Connection) -> None:
        requests.append(await connection.read_request())
        await connection.write(b"HTTP/1.1 404 Not Found\r\nX-Thing: Yes\r\nContent-Length: 4\r\n\r\nnope")

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        answer = await transport.send(
            HttpRequest("POST", server.url + "/a%2Fb?c=d%2Ce", {"content-type": "text/plain", "x-own": "1"}, b"body")
        )
        await transport.close()
    assert answer == HttpResponse(404, {"x-thing": "Yes", "content-length": "4"}, b"nope")
    line, *headers = requests[0].partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert line == b"post /a%2fb?c=d%2ce http/1.1"
    assert {b"content-type: text/plain", b"x-own: 1", b"content-length: 4"} <= set(headers)
    assert requests[0].endswith(b"\r\n\r\nbody")


@pytest.mark.requirement("transport-phases")
async def test_a_refused_connection_was_not_sent(make_transport: MakeTransport) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(NotSentError):
        await make_transport().send(get(url))


@pytest.mark.requirement("transport-phases")
async def test_an_unknown_host_was_not_sent(make_transport: MakeTransport) -> None:
    with pytest.raises(NotSentError):
        await make_transport().send(get("http://hubspot.invalid/"))


async def test_an_address_that_is_none_was_not_sent(make_transport: MakeTransport) -> None:
    with pytest.raises(NotSentError):
        await make_transport().send(get("http://127.0.0.1 /"))


async def test_an_address_longer_than_the_client_can_send_is_an_error_of_the_transport(
    make_transport: MakeTransport,
) -> None:
    with pytest.raises(TransportError):
        await make_transport().send(get("http://127.0.0.1:1/" + "x" * 70_000))


@pytest.mark.parametrize("token", ["secret-1\n", "secret-1\r\nx-injected: 1", "secret-1\x00"])
async def test_a_header_that_http_cannot_carry_is_not_sent_and_not_shown(
    make_transport: MakeTransport, token: str
) -> None:
    with pytest.raises(NotSentError) as caught:
        await make_transport().send(HttpRequest("GET", "http://127.0.0.1:1/", {"authorization": token}))
    assert "secret-1" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.requirement("transport-phases")
async def test_a_failed_tls_handshake_was_not_sent(make_transport: MakeTransport) -> None:
    async def behave(connection: Connection) -> None:
        await connection.write(OK)

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        with pytest.raises(NotSentError):
            await transport.send(get(server.url.replace("http:", "https:")))


@pytest.mark.requirement("transport-phases")
async def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(
    make_transport: MakeTransport, tmp_path: Path
) -> None:
    requests: list[bytes] = []

    async def behave(connection: Connection) -> None:
        requests.append(await connection.read_request())

    transport = make_transport()
    async with LoopbackServer(behave, tls=untrusted_tls(tmp_path)) as server:
        with pytest.raises(NotSentError):
            await transport.send(get(server.url))
        await transport.close()
    assert [request for request in requests if request] == []


@pytest.mark.requirement("transport-phases")
async def test_a_connection_that_is_never_accepted_was_not_sent(make_transport: MakeTransport) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        transport = make_transport(connect_timeout_s=0.2)
        with pytest.raises(NotSentError):
            await transport.send(get(f"http://127.0.0.1:{listener.getsockname()[1]}"))


@pytest.mark.requirement("transport-phases")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closed after reading"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConte", id="closed inside the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", id="truncated body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", id="truncated chunk"),
        pytest.param(b"\x00\x01 nonsense\r\n\r\n", id="garbage"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", id="broken compression"
        ),
    ],
)
async def test_a_lost_answer_may_have_been_sent(make_transport: MakeTransport, answer: bytes) -> None:
    transport = make_transport()
    async with LoopbackServer(answering(answer)) as server:
        with pytest.raises(MaybeSentError) as caught:
            await transport.send(HttpRequest("POST", server.url, {}, b"{}"))
        await transport.close()
    assert not isinstance(caught.value, AnswerTimeoutError)


@pytest.mark.requirement("transport-phases")
async def test_a_connection_that_is_reset_may_have_been_sent(make_transport: MakeTransport) -> None:
    async def behave(connection: Connection) -> None:
        await connection.read_request()
        connection.reset()

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        with pytest.raises(MaybeSentError):
            await transport.send(HttpRequest("POST", server.url, {}, b"{}"))
        await transport.close()


async def test_an_application_that_breaks_its_connection_may_have_acted() -> None:
    async def app(scope: MutableMapping[str, Any], *_: object) -> None:
        if scope["type"] == "http":
            raise ConnectionResetError("gone")

    with pytest.raises(MaybeSentError):
        await AsgiTransport(app).send(HttpRequest("POST", "http://hubspot/", {}, b"{}"))


@pytest.mark.requirement("transport-phases")
async def test_an_answer_that_does_not_come_in_time_may_have_been_sent(make_transport: MakeTransport) -> None:
    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.read_request()

    transport = make_transport(read_timeout_s=0.2)
    async with LoopbackServer(behave) as server:
        with pytest.raises(AnswerTimeoutError):
            await transport.send(get(server.url))
        await transport.close()


async def test_requests_share_a_connection(make_transport: MakeTransport) -> None:
    transport = make_transport()
    async with LoopbackServer(keep_answering) as server:
        for _ in range(3):
            assert (await transport.send(get(server.url))).body == b"{}"
        await transport.close()
    assert server.accepted == 1


@pytest.mark.requirement("transport-pool")
async def test_a_kept_connection_that_went_stale_is_replaced_unnoticed(make_transport: MakeTransport) -> None:
    hung_up = asyncio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.write(OK)
        if connection.index == 0:
            connection.close()
            hung_up.set()
        else:
            await connection.read_request()

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        await transport.send(get(server.url))
        await hung_up.wait()
        assert (await transport.send(HttpRequest("POST", server.url, {}, b"{}"))).status == 200
        await transport.close()
    assert server.accepted == 2


@pytest.mark.requirement("redirects")
async def test_redirects_are_answers(make_transport: MakeTransport) -> None:
    redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    transport = make_transport()
    async with LoopbackServer(answering(redirect, OK)) as server:
        assert (await transport.send(get(server.url))).status == 307
        await transport.close()


@pytest.mark.requirement("transport-proxies")
@pytest.mark.parametrize("asked", [True, False])
async def test_proxies_of_the_environment_are_used_only_when_asked(
    make_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    async with LoopbackServer(answering(OK)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        transport = make_transport(proxy="env" if asked else None)
        if asked:
            assert (await transport.send(get("http://hubspot.invalid/x"))).status == 200
        else:
            with pytest.raises(NotSentError):
                await transport.send(get("http://hubspot.invalid/x"))
        await transport.close()
    assert proxy.accepted == asked


@pytest.mark.requirement("transport-proxies")
@pytest.mark.parametrize("transport", [PyqwestTransport(), Httpx2Transport()], ids=["pyqwest", "httpx2"])
async def test_without_options_nothing_but_the_address_decides_where_a_request_goes(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LoopbackServer(answering(OK)) as server, LoopbackServer(answering(OK)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert (await transport.send(get(server.url))).status == 200
        await transport.close()
    assert (server.accepted, proxy.accepted) == (1, 0)


async def test_a_given_proxy_is_used(make_transport: MakeTransport) -> None:
    requests: list[bytes] = []

    async def behave(connection: Connection) -> None:
        requests.append(await connection.read_request())
        await connection.write(OK)

    async with LoopbackServer(behave) as proxy:
        transport = make_transport(proxy=proxy.url)
        await transport.send(get("http://hubspot.invalid/x"))
        await transport.close()
    assert requests[0].startswith(b"GET http://hubspot.invalid/x HTTP/1.1\r\n")


@pytest.mark.requirement("transport-pool")
async def test_a_burst_leaves_no_more_than_64_connections_open(make_transport: MakeTransport) -> None:
    waiting = 0
    all_here = asyncio.Event()

    async def behave(connection: Connection) -> None:
        nonlocal waiting
        while await connection.read_request():
            waiting += 1
            if waiting == 80:
                all_here.set()
            await all_here.wait()
            await connection.write(OK)

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        answers = await asyncio.gather(*(transport.send(get(server.url)) for _ in range(80)))
        assert server.accepted == 80
        async with asyncio.timeout(5):
            await server.wait_until_open(at_most=64)
        await transport.close()
    assert [answer.status for answer in answers] == [200] * 80


@pytest.mark.requirement("transport-pool")
async def test_a_thousand_cancelled_calls_leave_the_pool_whole(make_transport: MakeTransport) -> None:
    started = 0
    enough = asyncio.Event()
    storm = asyncio.Event()

    async def behave(connection: Connection) -> None:
        nonlocal started
        while await connection.read_request():
            if not storm.is_set():
                started += 1
                if started == 8:
                    enough.set()
                await storm.wait()
            await connection.write(OK)

    transport = make_transport()
    async with LoopbackServer(behave) as server:
        calls = [asyncio.create_task(transport.send(get(server.url))) for _ in range(1000)]
        await enough.wait()
        for call in calls:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        storm.set()
        assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        after = await asyncio.gather(*(transport.send(get(server.url)) for _ in range(16)))
        await transport.close()
    assert [answer.status for answer in after] == [200] * 16


@pytest.mark.requirement("transport-pool")
def test_one_connector_works_in_two_event_loops_one_after_the_other(make_transport: MakeTransport) -> None:
    body = b'{"results":[{"id":"1"}]}'
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        base_url=f"http://127.0.0.1:{port}",
        transport=make_transport(),
    )

    async def list_ids(*, last: bool) -> list[str]:
        async with LoopbackServer(answering(answer, answer), port=port):
            ids = [record.id for _ in range(2) for record in await connector.contacts.list()]
            if last:
                await connector.close()
        return ids

    assert asyncio.run(list_ids(last=False)) == ["1", "1"]
    assert asyncio.run(list_ids(last=True)) == ["1", "1"]


@pytest.mark.requirement("closing")
async def test_a_closed_connector_says_so(make_transport: MakeTransport) -> None:
    async with LoopbackServer(keep_answering) as server:
        connector = HubspotConnector(
            auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
            base_url=server.url,
            transport=make_transport(),
        )
        await connector.close()
        with pytest.raises(ConfigurationError):
            await connector.contacts.list()
    assert server.accepted == 0


async def test_an_application_is_called_in_this_process() -> None:
    events: list[str] = []

    async def app(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        events.append(scope["type"])
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                assert (await receive())["type"] == f"lifespan.{stage}"
                await send({"type": f"lifespan.{stage}.complete"})
            events.append("shutdown")
            return
        body = json.dumps([scope["method"], scope["path"], scope["query_string"].decode()]).encode()
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Thing", b"1")]})
        await send({"type": "http.response.body", "body": body})

    async with AsgiTransport(app) as transport:
        answer = await transport.send(HttpRequest("PUT", "http://hubspot/a%20b?c=d", {}, b"{}"))
    assert answer == HttpResponse(201, {"x-thing": "1"}, b'["PUT", "/a b", "c=d"]')
    assert events == ["lifespan", "http", "shutdown"]


async def test_closing_twice_does_no_harm_and_a_later_request_opens_anew(make_transport: MakeTransport) -> None:
    transport = make_transport()
    await transport.close()
    async with LoopbackServer(keep_answering) as server:
        await transport.send(get(server.url))
        await transport.close()
        await transport.close()
        assert (await transport.send(get(server.url))).status == 200
        await transport.close()
    assert server.accepted == 2


def test_what_is_sent_and_answered_is_shown_without_its_secrets() -> None:
    request = HttpRequest("POST", "https://hubspot.test/oauth", {"authorization": "Bearer secret"}, b"secret")
    assert repr(request) == "HttpRequest(method='POST', url='https://hubspot.test/oauth')"
    assert repr(HttpResponse(200, {"content-type": "text/plain"}, b"secret")) == (
        "HttpResponse(status=200, headers={'content-type': 'text/plain'})"
    )
