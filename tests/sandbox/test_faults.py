"""Faults on request: what a client gets, how often, and what happened in the portal all the same."""

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

import hubspot_sandbox
from hubspot_sandbox import ConnectionDroppedError, Fault, FaultError, Portal, VirtualClock, create_app
from hubspot_sandbox.faults import CLOUDFLARE, KINDS
from hubspot_sandbox.serving import serve_in_thread
from sandbox.asgi import Client, Reply, created, results

CONTACTS = "/crm/v3/objects/contacts"
STATUSES = {
    "invalid_credentials": (401, "INVALID_AUTHENTICATION"),
    "expired_token": (401, "EXPIRED_AUTHENTICATION"),
    "missing_scopes": (403, "MISSING_SCOPES"),
    "no_permission": (403, "USER_DOES_NOT_HAVE_PERMISSIONS"),
    "locked": (423, "LOCKED"),
    "secondly_limit": (429, "RATE_LIMITS"),
    "migration": (477, "MIGRATION_IN_PROGRESS"),
    "internal_error": (500, "INTERNAL_ERROR"),
}
PAGES = {"bad_gateway": 502, "unavailable": 503, "gateway_timeout": 504} | {f"cloudflare_{it}": it for it in CLOUDFLARE}


async def write(client: Client, email: str = "after@fault.example") -> Reply:
    return await client.send("POST", CONTACTS, body={"properties": {"email": email}})


def known(portal: Portal, email: str = "after@fault.example") -> bool:
    return portal.records.find_by_value("0-1", "email", email) is not None


@pytest.mark.parametrize("kind", STATUSES)
async def test_an_error_has_hubspots_envelope_and_nothing_happened(kind: str, client: Client, portal: Portal) -> None:
    portal.faults.add(Fault(kind, times=1))

    reply, retried = await write(client), await write(client)

    assert (reply.status, reply.json()["category"]) == STATUSES[kind]
    assert reply.json()["correlationId"] == reply.headers["x-hubspot-correlation-id"]
    assert retried.status == 201


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"connection_dropped", "connection_cut"}])
async def test_any_fault_can_come_after_the_change(kind: str, client: Client, portal: Portal) -> None:
    portal.faults.add(Fault(kind, when="after", times=1))

    first, second = await write(client), await write(client)

    assert (first.status == 201, second.status) == (kind in {"truncated_json", "wrong_content_type", "latency"}, 409)
    assert portal.log.entries[0].fault == kind


@pytest.mark.parametrize("kind", PAGES)
async def test_machines_before_hubspot_answer_in_html(kind: str, client: Client, portal: Portal) -> None:
    portal.faults.add(Fault(kind, retry_after_s=7))

    reply = await write(client)

    assert (reply.status, reply.headers["content-type"]) == (PAGES[kind], "text/html; charset=UTF-8")
    assert reply.headers["retry-after"] == "7"
    assert str(PAGES[kind]) in reply.text
    assert not known(portal)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ten_secondly_limit", {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}),
        ("daily_limit", {"errorType": "RATE_LIMIT", "policyName": "DAILY"}),
        ("secondly_limit", {"message": "You have reached your secondly limit."}),
    ],
)
async def test_each_limit_has_its_own_words(kind: str, fields: dict[str, str], client: Client, portal: Portal) -> None:
    portal.faults.add(Fault(kind, retry_after_s=2, times=1))
    portal.faults.add(Fault(kind, times=1))

    silent, telling = await write(client), await write(client)

    assert silent.status == telling.status == 429
    assert fields.items() <= silent.json().items()
    assert [reply.headers.get("retry-after") for reply in (silent, telling)] == [None, "2"]


async def test_a_migration_says_when_to_come_back(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("migration"))

    assert (await write(client)).headers["retry-after"] == "3"


async def test_an_answer_of_ones_own(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("answer", status=418, body='{"tea": true}'))

    reply = await write(client)

    assert (reply.status, reply.json()) == (418, {"tea": True})


async def test_answers_are_spoilt_after_the_change_unless_told_otherwise(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("truncated_json", times=1))
    truncated = await write(client, "one@fault.example")
    portal.faults.add(Fault("wrong_content_type", times=1))
    mistyped = await write(client, "two@fault.example")
    portal.faults.add(Fault("truncated_json", times=1, when="before"))
    untouched = await write(client, "three@fault.example")

    with pytest.raises(json.JSONDecodeError):
        truncated.json()
    assert truncated.headers["content-length"] == str(len(truncated.content))
    assert (mistyped.status, mistyped.headers["content-type"]) == (201, "text/html; charset=UTF-8")
    assert untouched.content == b'{"resul'
    assert [known(portal, f"{number}@fault.example") for number in ("one", "two", "three")] == [True, True, False]


async def test_in_process_a_dropped_connection_is_an_exception(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("connection_cut", times=1))
    portal.faults.add(Fault("connection_dropped", times=1, when="after"))
    portal.faults.add(Fault("connection_dropped", times=1))

    for email, applied in (("before", False), ("after", True), ("cut", True)):
        with pytest.raises(ConnectionDroppedError):
            await write(client, f"{email}@fault.example")
        assert known(portal, f"{email}@fault.example") is applied
    assert [(entry.status, entry.fault) for entry in portal.log.entries] == [
        (0, "connection_dropped"),
        (0, "connection_dropped"),
        (201, "connection_cut"),
    ]


async def test_a_route_matches_any_version_and_its_wildcards(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("locked", route="/crm/v3/objects/{type}/search", method="post"))
    portal.faults.add(Fault("unavailable", route="/crm/objects/deals*"))

    async def status(method: str, path: str) -> int:
        return (await client.send(method, path, body={} if method == "POST" else None)).status

    assert await status("POST", "/crm/v3/objects/contacts/search") == 423
    assert await status("POST", "/crm/objects/2026-03/contacts/search/") == 423
    assert await status("GET", CONTACTS) == 200
    assert await status("GET", "/crm/objects/2026-03/deals") == 503
    assert await status("GET", "/crm/v3/objects/deals/1") == 503
    assert await status("GET", "/_sandbox/clock") == 200


async def test_calls_may_pass_before_one_fails(client: Client, portal: Portal) -> None:
    active = portal.faults.add(Fault("expired_token", skip=1, times=1))

    statuses = [(await client.send("GET", CONTACTS)).status for _ in range(4)]

    assert (statuses, active.seen, active.fired) == ([200, 401, 200, 200], 2, 1)


async def test_a_rate_is_drawn_from_the_seed(client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("internal_error", rate=0.3))
    statuses = [(await client.send("GET", CONTACTS)).status for _ in range(40)]

    app = create_app(portal="small", clock=VirtualClock())
    app.state.portal.faults.add(Fault("internal_error", rate=0.3))
    twin = Client(app, client.token)
    again = [(await twin.send("GET", CONTACTS)).status for _ in range(40)]

    assert [status == 500 for status in statuses] == [status == 500 for status in again]
    assert statuses.count(500) == 9


async def test_a_delayed_answer_waits_for_the_portals_clock(
    client: Client, portal: Portal, clock: VirtualClock
) -> None:
    portal.faults.add(Fault("latency", delay_s=2, times=1))
    portal.faults.add(Fault("latency", delay_s=1, times=1, when="after"))

    after = asyncio.create_task(write(client, "after@fault.example"))
    before = asyncio.create_task(write(client, "before@fault.example"))
    for _ in range(5):
        await asyncio.sleep(0)
    waiting = (known(portal, "after@fault.example"), known(portal, "before@fault.example"))
    clock.advance(1)
    replied_first = await after
    clock.advance(1)

    assert (waiting, replied_first.status, (await before).status) == ((True, False), 201, 201)


async def test_faults_are_managed_by_http(client: Client, anonymous: Client) -> None:
    added = await anonymous.send("POST", "/_sandbox/faults", body={"kind": "locked", "route": "/crm/*", "times": 2})
    await client.send("GET", CONTACTS)
    listed = await anonymous.send("GET", "/_sandbox/faults")
    unknown_kind = await anonymous.send("POST", "/_sandbox/faults", body={"kind": "loked"})
    unknown_field = await anonymous.send("POST", "/_sandbox/faults", body={"kind": "locked", "tims": 2})
    removed = await anonymous.send("DELETE", f"/_sandbox/faults/{added.json()['id']}")
    again = await anonymous.send("DELETE", f"/_sandbox/faults/{added.json()['id']}")
    await anonymous.send("POST", "/_sandbox/faults", body={"kind": "locked"})
    cleared = await anonymous.send("DELETE", "/_sandbox/faults")
    nothing = await anonymous.send("GET", "/_sandbox/faults")

    assert added.json() == {
        "id": "1",
        "kind": "locked",
        "route": "/crm/*",
        "method": "*",
        "when": None,
        "times": 2,
        "skip": 0,
        "rate": 1.0,
        "delay_s": 0.0,
        "retry_after_s": None,
        "status": 500,
        "body": "",
        "seen": 0,
        "fired": 0,
    }
    assert listed.json() == {"faults": [added.json() | {"seen": 1, "fired": 1}], "kinds": list(KINDS)}
    assert [reply.status for reply in (added, unknown_kind, unknown_field)] == [201, 400, 400]
    assert [reply.status for reply in (removed, again, cleared)] == [204, 404, 204]
    assert nothing.json()["faults"] == []


def test_a_fault_with_a_number_out_of_range_is_refused(portal: Portal) -> None:
    with pytest.raises(FaultError):
        portal.faults.add(Fault("locked", rate=2))


# ---------------------------------------------------------------- on a port, with real sockets


@pytest.fixture
def address(app: Starlette) -> Iterator[tuple[str, int]]:
    with serve_in_thread(app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def exchange(address: tuple[str, int], client: Client, email: str) -> bytes:
    """All bytes that come back on a fresh connection until the sandbox closes it."""
    body = json.dumps({"properties": {"email": email}}).encode()
    head = f"POST {CONTACTS} HTTP/1.1\r\nhost: sandbox.test\r\nauthorization: Bearer {client.token}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while part := connection.recv(65_536):
            received += part
    return received


def test_on_a_port_the_socket_is_closed_without_an_answer(
    address: tuple[str, int], client: Client, portal: Portal
) -> None:
    portal.faults.add(Fault("connection_dropped", times=1, when="after"))
    portal.faults.add(Fault("connection_dropped", times=1))

    received = [exchange(address, client, "before@fault.example"), exchange(address, client, "after@fault.example")]

    assert received == [b"", b""]
    assert [known(portal, f"{when}@fault.example") for when in ("before", "after")] == [False, True]


def test_on_a_port_an_answer_is_cut_in_the_middle(address: tuple[str, int], client: Client, portal: Portal) -> None:
    portal.faults.add(Fault("connection_cut", times=1))

    head, _, content = exchange(address, client, "cut@fault.example").partition(b"\r\n\r\n")

    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    assert head.startswith(b"HTTP/1.1 201")
    assert len(content) == int(lengths[0]) // 2 > 0


def test_on_a_port_a_stalled_answer_ends_with_the_clients_patience(
    address: tuple[str, int], client: Client, portal: Portal
) -> None:
    portal.faults.add(Fault("latency", delay_s=60, times=1))
    with socket.create_connection(address) as connection:
        connection.settimeout(0.05)
        connection.sendall(f"GET {CONTACTS} HTTP/1.1\r\nauthorization: Bearer {client.token}\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            connection.recv(1)
    portal.faults.add(Fault("connection_dropped", times=1))

    assert exchange(address, client, "next@fault.example") == b""


# ---------------------------------------------------------------- settings


async def test_settings_change_while_the_portal_runs(client: Client, anonymous: Client) -> None:
    changed = await anonymous.send(
        "PATCH", "/_sandbox/settings", body={"index_lag_s": [2, 4], "quotas": {"private_per_10_s": 1}}
    )
    statuses = [(await client.send("GET", CONTACTS)).status for _ in range(2)]
    used = await anonymous.send("GET", "/_sandbox/quotas")
    unlimited = await anonymous.send("PATCH", "/_sandbox/settings", body={"rate_limits": False})
    read = await anonymous.send("GET", "/_sandbox/settings")

    assert changed.json() == {
        "index_lag_s": [2, 4],
        "rate_limits": True,
        "rotate_refresh_tokens": False,
        "auto_approve": False,
        "quotas": {"oauth_per_10_s": 110, "private_per_10_s": 1, "private_per_day": 625_000, "search_per_s": 5},
    }
    assert statuses == [200, 429]
    assert used.json() == {"enforced": True, "used": {"app 1500002, 10 s": 1, "search, 1 s": 0, "day": 1}}
    assert unlimited.json() == read.json() == {**changed.json(), "rate_limits": False}
    assert (await client.send("GET", CONTACTS)).status == 200


@pytest.mark.parametrize(
    "body", [{"index_lag_s": -1}, {"index_lag_s": [4, 2]}, {"quotas": {"search": 1}}, {"lag": 1}, {"rate_limits": "no"}]
)
async def test_wrong_settings_change_nothing(body: dict[str, object], anonymous: Client) -> None:
    before = await anonymous.send("GET", "/_sandbox/settings")

    assert (await anonymous.send("PATCH", "/_sandbox/settings", body=body)).status == 400
    assert (await anonymous.send("GET", "/_sandbox/settings")).json() == before.json()


async def test_the_index_lag_of_each_write_lies_between_its_bounds(
    client: Client, anonymous: Client, clock: VirtualClock
) -> None:
    await anonymous.send("PATCH", "/_sandbox/settings", body={"index_lag_s": [2, 4], "rate_limits": False})
    wanted = {await created(client, "contacts", {"email": f"{place}@lag.example"}) for place in range(8)}

    async def found() -> int:
        filters = [{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "lag"}]
        body = {"filterGroups": [{"filters": filters}], "limit": 50}
        return len(
            wanted & {record["id"] for record in results(await client.send("POST", f"{CONTACTS}/search", body=body))}
        )

    seen = [await found()]
    for _ in range(4):
        clock.advance(1)
        seen.append(await found())

    assert (seen[:2], seen[4]) == ([0, 0], 8)
    assert 0 < seen[3] < 8


def test_a_misspelt_name_of_the_package_is_an_error() -> None:
    with pytest.raises(AttributeError):
        hubspot_sandbox.Falt  # type: ignore[attr-defined] # noqa: B018 - misspelt on purpose


async def test_a_delay_goes_by_the_machines_clock_where_that_is_the_portals() -> None:
    app = create_app(portal="small")
    portal: Portal = app.state.portal
    portal.faults.add(Fault("latency", delay_s=0.001))

    reply = await Client(app, portal.tokens.access_tokens()[0].token).send("GET", CONTACTS)

    assert reply.status == 200


def test_waiting_for_an_instant_that_has_come_is_no_wait(clock: VirtualClock) -> None:
    asyncio.run(clock.wait_until_ms(clock.now_ms()))
