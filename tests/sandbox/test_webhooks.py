"""Webhooks: what is told, how it is signed, and what happens when nobody listens."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest
from hubspot.utils.signature import Signature

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from hubspot_sandbox import webhooks as webhooks_module
from hubspot_sandbox.delivery import deliver_due
from hubspot_sandbox.serving import serve_in_thread
from hubspot_sandbox.webhooks import RETRIES_S
from sandbox.asgi import Client, created

TARGET = "https://agent.example/hooks"


@dataclass
class Receiver:
    """Takes what is posted, and answers as it is told."""

    status: int = 204
    bodies: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        assert url.startswith(TARGET)
        self.raw.append(body)
        self.headers.append(headers)
        self.bodies.append(json.loads(body))
        return self.status

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def aim(anonymous: Client, *subscriptions: dict[str, str], url: str = TARGET, version: str = "v1") -> None:
    body = {"url": url, "subscriptions": list(subscriptions), "signature_version": version}
    reply = await anonymous.send("PUT", "/_sandbox/webhooks", body=body)
    assert reply.status == 200, reply.text


async def update(client: Client, contact: str, **properties: str) -> None:
    reply = await client.send("PATCH", f"/crm/v3/objects/contacts/{contact}", body={"properties": properties})
    assert reply.status == 200, reply.text


async def test_a_change_of_a_property_is_told_as_hubspot_tells_it(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver, clock: VirtualClock
) -> None:
    contact = await created(client, "contacts", {"email": "told@hook.example"})
    await aim(anonymous, {"event_type": "contact.propertyChange", "property_name": "firstname"})
    await update(client, contact, firstname="Ada", lastname="Berg")

    assert await deliver_due(portal, receiver) == 1
    event = receiver.events[0]
    assert event == {
        "eventId": event["eventId"],
        "subscriptionId": 1,
        "portalId": portal.hub_id,
        "appId": 7654321,
        "occurredAt": clock.now_ms(),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": int(contact),
        "propertyName": "firstname",
        "propertyValue": "Ada",
        "changeSource": "INTEGRATION",
        "sourceId": "7654321",
    }


async def test_everything_that_happens_to_records_is_told(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver
) -> None:
    await aim(anonymous)
    first = int(await created(client, "contacts", {"email": "one@hook.example"}))
    second = int(await created(client, "contacts", {"email": "two@hook.example"}))
    third = int(await created(client, "contacts", {"email": "three@hook.example"}))
    company = int(await created(client, "companies", {"name": "Hook"}))
    link = f"/crm/v4/objects/contacts/{first}/associations/default/companies/{company}"
    linked = await client.send("PUT", link)
    merge = {"primaryObjectId": str(first), "objectIdToMerge": str(second)}
    merged = await client.send("POST", "/crm/v3/objects/contacts/merge", body=merge)
    erased = await client.send("POST", "/crm/v3/objects/contacts/gdpr-delete", body={"objectId": str(third)})
    deleted = await client.send("DELETE", f"/crm/v3/objects/contacts/{first}")
    await deliver_due(portal, receiver)

    assert [reply.status for reply in (linked, merged, erased, deleted)] == [200, 200, 204, 204]
    told = [event for event in receiver.events if event["subscriptionType"] != "contact.propertyChange"]
    records = [
        (event["subscriptionType"], event["objectId"], event.get("changeFlag"), event.get("mergedObjectIds"))
        for event in told
        if "objectId" in event and not event["subscriptionType"].startswith("company.")
    ]
    links = [
        (event["associationType"], event["fromObjectId"], event["toObjectId"], event["isPrimaryAssociation"])
        for event in told
        if event["subscriptionType"] == "contact.associationChange" and not event["associationRemoved"]
    ]
    assert records == [
        ("contact.creation", first, "NEW", None),
        ("contact.creation", second, "NEW", None),
        ("contact.creation", third, "NEW", None),
        ("contact.merge", first, None, [second]),
        ("contact.privacyDeletion", third, "DELETED", None),
        ("contact.deletion", first, "DELETED", None),
    ]
    assert sorted(links) == [
        ("CONTACT_TO_COMPANY", first, company, False),
        ("CONTACT_TO_COMPANY", first, company, True),
    ]
    assert sum(event.get("associationRemoved", False) for event in told) == 4
    assert len({event["eventId"] for event in receiver.events}) == len(receiver.events)


async def test_generic_subscriptions_name_the_object_type(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver
) -> None:
    await aim(anonymous, {"event_type": "object.creation", "object_type_id": "2-30417762"})
    await created(client, "contacts", {"email": "other@hook.example"})
    record = await created(client, "installations", {"installation_name": "Roof"})
    await deliver_due(portal, receiver)

    assert [(event["objectId"], event["objectTypeId"]) for event in receiver.events] == [(int(record), "2-30417762")]


async def test_a_refused_write_is_not_told(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver
) -> None:
    await aim(anonymous)
    inputs = [{"properties": {"email": "new@hook.example"}}, {"properties": {"email": "wrong"}}]
    reply = await client.send("POST", "/crm/v3/objects/contacts/batch/create", body={"inputs": inputs})

    assert (reply.status, await deliver_due(portal, receiver)) == (400, 0)


async def test_batches_hold_up_to_a_hundred(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver
) -> None:
    await aim(anonymous, {"event_type": "contact.creation"})
    for part in range(3):
        inputs = [{"properties": {"email": f"{part}-{place}@hook.example"}} for place in range(50)]
        await client.send("POST", "/crm/v3/objects/contacts/batch/create", body={"inputs": inputs})

    assert await deliver_due(portal, receiver) == 150
    assert [len(body) for body in receiver.bodies] == [100, 50]


async def test_failures_are_tried_again_ten_times_by_the_clock(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.status = 500
    await aim(anonymous, {"event_type": "contact.creation"})
    await created(client, "contacts", {"email": "again@hook.example"})
    await deliver_due(portal, receiver)
    for seconds in RETRIES_S:
        clock.advance(seconds - 1)
        assert await deliver_due(portal, receiver) == 0
        clock.advance(1)
        assert await deliver_due(portal, receiver) == 1
    clock.advance(100_000)
    state = await anonymous.send("GET", "/_sandbox/webhooks")

    assert [event["attemptNumber"] for event in receiver.events] == list(range(11))
    assert {event["eventId"] for event in receiver.events} == {receiver.events[0]["eventId"]}
    assert (await deliver_due(portal, receiver), state.json()["queued"], state.json()["lost"]) == (0, 0, 1)
    assert sum(RETRIES_S) < 24 * 3600


async def test_new_notifications_do_not_travel_with_repeated_ones(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.status = 503
    await aim(anonymous, {"event_type": "contact.creation"})
    await created(client, "contacts", {"email": "old@hook.example"})
    await deliver_due(portal, receiver)
    receiver.status = 200
    clock.advance(RETRIES_S[0])
    await created(client, "contacts", {"email": "new@hook.example"})
    await deliver_due(portal, receiver)

    assert [[event["attemptNumber"] for event in body] for body in receiver.bodies] == [[0], [1], [0]]


async def test_the_queue_is_bounded_and_loses_the_oldest(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_module, "LONGEST_QUEUE", 2)
    await aim(anonymous, {"event_type": "contact.creation"})
    ids = [int(await created(client, "contacts", {"email": f"{place}@hook.example"})) for place in range(3)]
    await deliver_due(portal, receiver)

    assert ([event["objectId"] for event in receiver.events], portal.webhooks.lost) == (ids[1:], 1)


async def test_stopping_drops_what_waits(client: Client, anonymous: Client, portal: Portal, receiver: Receiver) -> None:
    await aim(anonymous, {"event_type": "contact.creation"})
    await created(client, "contacts", {"email": "late@hook.example"})
    stopped = await anonymous.send("DELETE", "/_sandbox/webhooks")
    await created(client, "contacts", {"email": "later@hook.example"})

    assert (stopped.status, await deliver_due(portal, receiver)) == (204, 0)
    assert (await anonymous.send("GET", "/_sandbox/webhooks")).json() == {
        "target": None,
        "queued": 0,
        "lost": 0,
        "deliveries": [],
    }


@pytest.mark.parametrize(
    "subscription",
    [
        {"event_type": "contact.birthday"},
        {"event_type": "widget.creation"},
        {"event_type": "object.creation"},
        {"event_type": "contact.creation", "object_type_id": "0-1"},
        {"event": "contact.creation"},
    ],
)
async def test_what_never_happens_cannot_be_subscribed_to(subscription: dict[str, str], anonymous: Client) -> None:
    body = {"url": TARGET, "subscriptions": [subscription]}

    assert (await anonymous.send("PUT", "/_sandbox/webhooks", body=body)).status == 400


# ---------------------------------------------------------------- signatures


def written_algorithm(secret: str, url: str, body: bytes, timestamp: str) -> str:
    """Signature v3 in the words of the guide."""
    text = b"POST" + unquote(url).encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_signatures_are_those_of_the_guide_and_of_hubspots_client(version: str) -> None:
    app = create_app(portal="small", behaviour=Behaviour(rate_limits=False))
    portal: Portal = app.state.portal
    client, receiver = Client(app, portal.tokens.access_tokens()[0].token), Receiver()
    await aim(client, {"event_type": "contact.creation"}, url=f"{TARGET}?tag=a", version=version)
    await created(client, "contacts", {"email": "signed@hook.example"})
    await deliver_due(portal, receiver)

    headers, body = receiver.headers[0], receiver.raw[0]
    secret, timestamp = portal.tokens.apps()[0].client_secret, receiver.headers[0]["X-HubSpot-Request-Timestamp"]
    assert headers["X-HubSpot-Signature-v3"] == written_algorithm(secret, f"{TARGET}?tag=a", body, timestamp)
    assert headers["X-HubSpot-Signature-Version"] == version
    for name, wanted in (("X-HubSpot-Signature-v3", "v3"), ("X-HubSpot-Signature", version)):
        assert Signature.is_valid(
            headers[name], secret, body.decode(), f"{TARGET}?tag=a", signature_version=wanted, timestamp=timestamp
        )


async def test_escapes_in_the_address_are_undone_before_signing(
    client: Client, anonymous: Client, portal: Portal, receiver: Receiver
) -> None:
    await aim(anonymous, {"event_type": "contact.creation"}, url=f"{TARGET}?to=a%40b%2Fc%3a")
    await created(client, "contacts", {"email": "escaped@hook.example"})
    await deliver_due(portal, receiver)

    secret, timestamp = portal.tokens.apps()[0].client_secret, receiver.headers[0]["X-HubSpot-Request-Timestamp"]
    signed = written_algorithm(secret, f"{TARGET}?to=a@b/c:", receiver.raw[0], timestamp)
    assert receiver.headers[0]["X-HubSpot-Signature-v3"] == signed


# ---------------------------------------------------------------- on real sockets


@pytest.fixture
def inbox() -> Iterator[tuple[str, Queue[tuple[int, bytes]]]]:
    """The address of a web server that fails once, and what it was sent."""
    received: Queue[tuple[int, bytes]] = Queue()
    statuses = iter([500])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = next(statuses, 204)
            self.send_response(status)
            self.end_headers()
            received.put((status, body))

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, name="inbox")
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks", received
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_served_portal_delivers_by_itself_and_retries_by_its_clock(
    inbox: tuple[str, "Queue[tuple[int, bytes]]"],
) -> None:
    clock = VirtualClock()
    app = create_app(portal="small", clock=clock, behaviour=Behaviour(rate_limits=False))
    client = Client(app, app.state.portal.tokens.access_tokens()[0].token)
    url, received = inbox
    await aim(client, {"event_type": "contact.creation"}, url=url)
    with serve_in_thread(app):
        await created(client, "contacts", {"email": "served@hook.example"})
        failed = received.get(timeout=10)
        while not app.state.portal.webhooks.queued:
            pass
        clock.advance(RETRIES_S[0])
        taken = received.get(timeout=10)

    assert [(status, json.loads(body)[0]["attemptNumber"]) for status, body in (failed, taken)] == [(500, 0), (204, 1)]


async def test_a_receiver_that_is_not_there_counts_as_a_failure(unused_url: str) -> None:
    clock = VirtualClock()
    app = create_app(portal="small", clock=clock)
    portal: Portal = app.state.portal
    client = Client(app, portal.tokens.access_tokens()[0].token)
    await aim(client, {"event_type": "contact.creation"}, url=unused_url)
    with serve_in_thread(app):
        await created(client, "contacts", {"email": "nobody@hook.example"})
        while not portal.webhooks.deliveries:
            pass

    assert [(delivery.status, delivery.events) for delivery in portal.webhooks.deliveries] == [(0, 1)]


@pytest.fixture
def unused_url() -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}/"
