"""Traffic recorded from HubSpot, asked again: the same statuses, keys, types and header names.

The exchanges are from https://github.com/grouparoo/grouparoo (MIT, see data/LICENSE-grouparoo.txt), 2021-22.
What HubSpot has added since then may be there too; nothing of what it answered may be missing.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from hubspot_sandbox.limits import Quotas
from sandbox.asgi import Client, Reply

EXCHANGES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "recorded_v3_examples.json").read_text()
)["exchanges"]
# Headers of the network in front of HubSpot, or of its time; the rest must be there.
TRANSPORT = {
    "date",
    "strict-transport-security",
    "vary",
    "cf-cache-status",
    "access-control-allow-credentials",
    "server",
}
# What a property made in HubSpot's pages says of itself, unlike one made by the API alone.
BY_HAND = {"showCurrencySymbol": False}


def custom_type(name: str, *more: str) -> dict[str, object]:
    """One of the two custom types of the recorded account."""
    text = {"type": "string", "fieldType": "text"}
    own = {"name": f"{name}_property", "label": name, **text}
    return {
        "name": name,
        "labels": {"singular": name, "plural": name},
        "primaryDisplayProperty": own["name"],
        "requiredProperties": [own["name"]],
        "searchableProperties": [own["name"]],
        "properties": [own, *({"name": each, "label": each, **text, **BY_HAND} for each in more)],
    }


# Properties the recorded account had of its own: (type, name).
OWN = (
    ("contacts", "number_field", "number"),
    ("contacts", "text_field", "string"),
    ("contacts", "date_field", "date"),
)
FIELD_TYPES = {"number": "number", "string": "text", "date": "date"}


class Replay:
    """An account like the recorded one, and the records each exchange speaks of."""

    def __init__(self, app: Starlette, portal: Portal) -> None:
        self.client = Client(app, portal.tokens.mint_private_token(portal.tokens.apps()[0].scopes).token)
        self.type_id = ""

    async def prepare(self) -> None:
        await self.client.send("POST", "/crm/v3/schemas", body=custom_type("grouparoo_company"))
        names = ("first_name", "last_name", "email", "number_field", "text_field")
        made = await self.client.send("POST", "/crm/v3/schemas", body=custom_type("grouparoo_object", *names))
        self.type_id = str(made.json()["objectTypeId"])
        for object_type, name, kind in OWN:
            body = {"name": name, "label": name, "type": kind, "fieldType": FIELD_TYPES[kind], **BY_HAND}
            await self.client.send(
                "POST", f"/crm/v3/properties/{object_type}", body={**body, "groupName": "contactinformation"}
            )

    async def record(self, object_type: str, place: int) -> str:
        """The id of a record such as the exchange means."""
        values = {
            "CONTACT": {"email": f"grouparoo{place or ''}@demo.com", "firstname": "John"},
            "COMPANY": {"name": ("samba", "bossa")[place], "domain": f"{('samba', 'bossa')[place]}.grouparoo.com"},
        }.get(object_type, {"grouparoo_object_property": f"grouparoo{place or ''}@demo.com"})
        reply = await self.client.send("POST", f"/crm/v3/objects/{object_type}", body={"properties": values})
        if reply.status == 409:
            return str(reply.json()["message"]).rpartition(" ")[2]
        return str(reply.json()["id"])

    async def ask(self, exchange: dict[str, Any]) -> Reply:
        """The recorded request with the ids and types of this account."""
        path = str(exchange["path"]).replace("2-3604285", self.type_id)
        body = exchange["body"]
        segments = path.split("/")
        if path.startswith("/crm-associations"):
            contact, company = await self.record("CONTACT", 0), await self.record("COMPANY", 0)
            path = path.replace("289651", contact)
            body = body and {**body, "fromObjectId": int(contact), "toObjectId": company}
        elif body and "batch/create" not in path and "inputs" in body:
            object_type = segments[4]
            ids = [await self.record(object_type, place) for place, _ in enumerate(body["inputs"])]
            body = {"inputs": [{**item, "id": each} for item, each in zip(body["inputs"], ids, strict=True)]}
        elif path.endswith("/search") and exchange["response"].get("results"):
            for place, found in enumerate(exchange["response"]["results"]):
                await self.record(segments[4], place)
                body = {**body, "properties": list(found["properties"])}
        return await self.client.send(exchange["method"], path, query=exchange["query"], body=_uncut(body))


def _uncut(value: Any) -> Any:
    """A recorded body without the marks where long lists were cut."""
    if isinstance(value, list):
        return [_uncut(item) for item in value if not (isinstance(item, str) and item.startswith("…"))]
    if isinstance(value, dict):
        return {name: _uncut(item) for name, item in value.items()}
    return value


def _name(exchange: dict[str, Any]) -> str:
    return f"{exchange['method']} {exchange['path']} {exchange['status']}"


def assert_shaped_like(answer: Any, recorded: Any, place: str = "answer") -> None:
    """Every key of the recording is in the answer with a value of the same type."""
    if isinstance(recorded, dict):
        assert isinstance(answer, dict), place
        missing = recorded.keys() - answer.keys()
        assert not missing, f"{place} lacks {sorted(missing)}"
        for name, value in recorded.items():
            assert_shaped_like(answer[name], value, f"{place}.{name}")
    elif isinstance(recorded, list):
        assert isinstance(answer, list), place
        items = [item for item in recorded if isinstance(item, dict)]
        by_name = {item["name"]: item for item in answer if isinstance(item, dict) and "name" in item}
        for item, first in zip(items, answer, strict=False):
            assert_shaped_like(by_name.get(item.get("name"), first), item, f"{place}[{item.get('name', 0)}]")
        assert bool(answer) >= bool(items), f"{place} is empty"
    elif recorded is not None and answer is not None:
        assert type(answer) is type(recorded), f"{place}: {answer!r} is not like {recorded!r}"


@pytest.fixture
def behaviour(request: pytest.FixtureRequest) -> Behaviour:
    """For a recorded 429 an account whose searches are used up."""
    return Behaviour(quotas=Quotas(search_per_s=0 if request.param["status"] == 429 else 5))


@pytest.mark.parametrize(
    ("exchange", "behaviour"), [(each, each) for each in EXCHANGES], ids=map(_name, EXCHANGES), indirect=["behaviour"]
)
async def test_a_recorded_exchange_has_the_same_shape(exchange: dict[str, Any], behaviour: Behaviour) -> None:
    app = create_app(portal="small", clock=VirtualClock(), behaviour=behaviour)
    replay = Replay(app, app.state.portal)
    await replay.prepare()

    reply = await replay.ask(exchange)

    wanted = {name.lower() for name in exchange["headers"]} - TRANSPORT
    assert reply.status == exchange["status"], reply.text
    assert wanted - {name.lower() for name in reply.headers} == set()
    if exchange["response"] == "":
        assert reply.content == b""
    else:
        assert_shaped_like(reply.json(), exchange["response"])


def test_all_recorded_exchanges_are_replayed() -> None:
    assert len(EXCHANGES) == 21
