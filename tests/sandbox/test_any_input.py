"""Whatever a client sends, the sandbox answers: no input makes it fail by itself."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubspot_sandbox import Behaviour, VirtualClock, create_app
from hubspot_sandbox.app import DOORS
from sandbox.asgi import Client, created

if TYPE_CHECKING:
    from hubspot_sandbox.calls import Door

_PLACE: Final = re.compile(r"\{(\w+)\}")
CONTACT: Final = "/crm/v3/objects/contacts"
SEARCH: Final = f"{CONTACT}/search"
# Beyond 64 bits, beyond what Python reads, digits of another script, the end of a C string, beyond the calendar.
ODD: Final = (
    "", " ", "0", "-1", "1.5", "1e999", "NaN", "9" * 19, "9" * 5000, "\u0663", "\u00b2", "\x00", "'", '"', "%", "*",
    "\u20ac\U0001f600", "2026-13-45", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "a" * 300,
)  # fmt: skip
KNOWN: Final = (
    "true", "1", "2", "contacts", "companies", "deals", "0-1", "0-2", "2-30417762", "email", "firstname", "dealstage",
    "amount", "closedate", "hs_object_id", "createdate", "hubspot_owner_id", "associations.company", "default", "EMAIL",
    "userId", "ada@agent.example", "601200300401", "MC0xLTE%3D", "OBJECT",
    "EQ", "IN", "NOT_IN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN", "HAS_PROPERTY", "NUMBER", "STRING", "ENUMERATION",
)  # fmt: skip
PARAMETERS: Final = (
    "limit", "after", "properties", "associations", "idProperty", "email", "archived", "propertiesWithHistory",
    "offset", "listIds", "auto_approve", "client_id",
)  # fmt: skip
_FILTER: Final = {"propertyName": "amount", "operator": "BETWEEN", "value": "1", "highValue": "9", "values": ["a"]}
_LINK: Final = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
_CONDITION: Final = {
    "filterType": "PROPERTY",
    "property": "email",
    "operation": {"operationType": "MULTISTRING", "operator": "CONTAINS", "values": ["a"]},
}
# Well-formed bodies by the end of the path; every part of them is replaced in turn.
BODIES: Final = (
    ("/search", {"filterGroups": [{"filters": [_FILTER, _FILTER]}], "sorts": ["-amount"], "query": "a", "limit": 3,
                 "after": "0", "properties": ["email"]}),
    ("/crm/objects/{type}", {"properties": {"email": "a@b.example", "closedate": 1, "amount": "1"},
                             "associations": [{"to": {"id": "601200300401"}, "types": [_LINK]}]}),
    ("/crm/objects/{type}/{id}", {"properties": {"closedate": 1, "hubspot_owner_id": "1", "lifecyclestage": "lead"}}),
    ("/merge", {"primaryObjectId": "601200300401", "objectIdToMerge": "601200300402"}),
    ("/gdpr-delete", {"objectId": "1", "idProperty": "email"}),
    ("/archive", {"inputs": [{"from": {"id": "1"}, "to": [{"id": "1"}], "types": [_LINK], "id": "1", "type": "a"}]}),
    ("/create", {"inputs": [{"from": {"id": "1"}, "to": {"id": "1"}, "types": [_LINK], "properties": {"email": "a"},
                             "objectWriteTraceId": "1", "type": "contact_to_company"}]}),
    ("", {"inputs": [{"id": "601200300401", "idProperty": "email", "properties": {"email": "a"}, "after": "MA=="}],
          "properties": ["email"], "propertiesWithHistory": ["email"], "idProperty": "email"}),
    ("/labels", {"name": "a", "label": "A", "inverseLabel": "B", "associationTypeId": 1}),
    ("/stages", {"label": "A", "displayOrder": 1, "metadata": {"probability": "0.5", "ticketState": "OPEN"}}),
    ("/crm/pipelines/{type}", {"label": "A", "displayOrder": 1, "stages": [{"label": "A", "displayOrder": 1,
                               "metadata": {"probability": "0.5"}}]}),
    ("/crm/properties/{type}", {"name": "a", "label": "A", "type": "enumeration", "fieldType": "select",
                                "groupName": "contactinformation", "options": [{"label": "A", "value": "a"}]}),
    ("/crm/schemas", {"name": "a", "labels": {"singular": "A", "plural": "B"}, "primaryDisplayProperty": "a",
                      "properties": [{"name": "a", "label": "A", "type": "string", "fieldType": "text"}],
                      "associatedObjects": ["CONTACT"], "requiredProperties": ["a"]}),
    ("/crm/lists", {"name": "A", "objectTypeId": "0-1", "processingType": "DYNAMIC",
                    "filterBranch": {"filterBranchType": "OR", "filters": [], "filterBranches": [
                        {"filterBranchType": "AND", "filters": [_CONDITION], "filterBranches": []}]}}),
    ("/engagements/engagements", {"engagement": {"type": "NOTE", "timestamp": 1, "ownerId": 1},
                                  "associations": {"contactIds": [1]}, "metadata": {"body": "a"}}),
    ("/token", {"grant_type": "refresh_token", "refresh_token": "a", "client_id": "a", "client_secret": "a"}),
    ("/faults", {"kind": "latency", "route": "/none", "rate": 0.5, "delay_s": 0}),
    ("/settings", {"index_lag_s": [0, 0], "quotas": {"search_per_s": 5}}),
    ("/advance", {"seconds": 1}),
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    raw: bytes


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _replaced(value: object, path: tuple[str | int, ...], new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: _replaced(each, path[1:], new) if key == path[0] else each for key, each in value.items()}
    assert isinstance(value, list)
    return [_replaced(each, path[1:], new) if key == path[0] else each for key, each in enumerate(value)]


_texts: Final = st.sampled_from(KNOWN) | st.sampled_from(ODD)
_odd_values: st.SearchStrategy[object] = (
    st.sampled_from([None, True, 0, -1, 10**18, 10**30, 1e308, [], {}, [[]], [{}], [None], {"id": 1}, "\ud800"])
    | _texts
    | st.integers()
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    door: Door = draw(st.sampled_from(DOORS))
    path = _PLACE.sub(lambda _place: quote(draw(_texts)[:400], safe="") or "%20", door.path)
    segments = path.split("/")
    version = draw(st.sampled_from(sorted(door.versions)))
    if version:
        segments.insert(2, version)
    names = draw(st.lists(st.sampled_from(PARAMETERS), max_size=3))
    query = {name: draw(_texts) for name in names}
    body: object = next((body for end, body in BODIES if end and door.path.endswith(end)), dict(BODIES)[""])
    for _ in range(draw(st.integers(0, 3))):
        body = _replaced(body, draw(st.sampled_from(list(_paths(body)))), draw(_odd_values))
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16")))
    return Request(door.method, "/".join(segments), query, text.encode(encoding, "surrogatepass"))


@settings(max_examples=120, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=12))
def test_no_input_makes_the_sandbox_fail(sent: list[Request]) -> None:
    async def ask() -> None:
        app = create_app(portal="small", clock=VirtualClock(), behaviour=Behaviour(rate_limits=False))
        portal = app.state.portal
        token = portal.tokens.mint_private_token(portal.tokens.apps()[0].scopes).token
        for request in sent:
            client = Client(app, token)
            reply = await client.send(request.method, request.path, query=request.query, raw=request.raw)
            # HubSpot itself fails on a pipeline's id that is too long.
            assert reply.status < 500 or "/pipelines/" in request.path, request
            if reply.headers.get("content-type", "").startswith("application/json"):
                json.loads(reply.content)
        portal.store.close()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[" * 100_000, "Invalid input JSON: nesting depth exceeds the maximum allowed (100)"),
        (b'{"properties":{"email":NaN}}', "Invalid input JSON: Non-standard token 'NaN'"),
        (b'{"properties":' + b"9" * 5_000 + b"}", "Invalid input JSON: a number has too many digits"),
        ('{"properties":{}}'.encode("utf-16"), "Invalid input JSON on line 1, column 1: Invalid UTF-8"),
    ],
)
async def test_json_that_cannot_be_read_is_refused(client: Client, raw: bytes, message: str) -> None:
    reply = await client.send("POST", CONTACT, raw=raw)

    assert (reply.status, reply.json()["category"], reply.json()["message"]) == (400, "VALIDATION_ERROR", message)


async def test_brackets_inside_texts_are_no_nesting(client: Client) -> None:
    name = "[" * 300

    reply = await client.send("POST", CONTACT, body={"properties": {"firstname": name}})

    assert (reply.status, reply.json()["properties"]["firstname"]) == (201, name)


async def test_half_a_character_becomes_a_question_mark(client: Client) -> None:
    reply = await client.send(
        "POST", CONTACT, raw=b'{"properties":{"firstname":"a\\ud800b","lastname":"\\ud83d\\ude00"}}'
    )

    shown = reply.json()["properties"]
    assert (reply.status, shown["firstname"], shown["lastname"]) == (201, "a?b", "\U0001f600")


async def test_a_number_beyond_64_bits_is_an_id_nobody_has(client: Client) -> None:
    reply = await client.send("GET", f"{CONTACT}/{10**30}")

    assert (reply.status, reply.json()["message"]) == (404, "resource not found")


async def test_an_operator_is_placed_where_it_stands_however_its_key_is_written(client: Client) -> None:
    raw = b'{"filterGroups":[7,{"filters":["x",{"propertyName":"email","\\u006fperator":"neq","value":"a"}]}]}'
    reply = await client.send("POST", SEARCH, raw=raw)

    column = raw.index(b'"neq"') + 1
    assert reply.json()["message"].startswith(f"Invalid input JSON on line 1, column {column}: Enum type")


async def test_a_day_beyond_the_calendar_is_refused(client: Client) -> None:
    contact = await created(client, "contacts", {"email": "ada@agent.example"})
    properties = {"hs_timestamp": "9999-12-31T23:59:59-23:59", "hs_note_body": contact}

    reply = await client.send("POST", "/crm/v3/objects/notes", body={"properties": properties})

    assert (reply.status, reply.json()["errors"][0]["code"]) == (400, "INVALID_LONG")


@pytest.mark.parametrize("seconds", [-1, "inf", "NaN", None, 10**12])
async def test_the_clock_moves_by_a_sound_number_of_seconds(client: Client, seconds: object) -> None:
    reply = await client.send("POST", "/_sandbox/clock/advance", body={"seconds": seconds})

    assert (reply.status, reply.json()["message"]) == (400, "seconds must be a number from 0 to 999999999")
