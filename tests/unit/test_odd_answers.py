"""Answers of success that are not what HubSpot documents: a result, or an error that this package names."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot import ConnectorError, HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._composition import Composition
from airbyte_agent_hubspot._shape import ConvertedPageShape, ConvertedShape, Metadata
from airbyte_agent_hubspot._wire import UNREADABLE
from airbyte_agent_hubspot.errors import UpstreamError
from unit.examples import bodies_of, params_of
from unit.scripted import ScriptedTransport, answer

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot.models import Result
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse


def way_to_read(operation: Operation) -> tuple[object, ...]:
    """What operations that are read alike have in common."""
    match operation.shape:
        case ConvertedShape(_, read) | ConvertedPageShape(_, read):
            return (read.__module__, read.__qualname__)
        case shape:
            return (shape,)


REQUESTS = [operation for operation in CATALOG if not isinstance(operation.encode, Composition)]
READ_DIFFERENTLY = list({way_to_read(operation): operation for operation in REQUESTS}.values())
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1.5, "", "x", "1e9", [], [None], [{}], {}, {"": None}, {"id": 1}]
)


def places_in(value: object) -> list[list[str | int]]:
    """Where something can be put in place of something: the path to each part, and to the whole."""
    found: list[list[str | int]] = [[]]
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        found += [[name, *below] for name, part in parts for below in places_in(part)]
    return found


@st.composite
def odd_bodies_of(draw: st.DrawFn, body: object) -> bytes:
    """The body with parts left out, replaced or repeated; or cut off."""
    value = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 2))):
        *way, last = [0, *draw(st.sampled_from(places_in(value)))]
        whole: object = [value]
        holder = whole
        for step in way:
            holder = cast("dict[object, object]", holder)[step]
        where = cast("dict[object, object]", holder)
        match draw(st.sampled_from(["replace", "leave out", "empty", "repeat"])):
            case "leave out" if way:
                del where[last]
            case "empty" if isinstance(where[last], dict | list):
                where[last] = type(where[last])()
            case "repeat" if isinstance(where[last], list):
                where[last] = cast("list[object]", where[last]) * 2
            case _:
                where[last] = copy.deepcopy(draw(ODD))
        value = cast("list[object]", whole)[0]
    text = json.dumps(value).encode()
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 9)) == 0 else text


class AtOnce:
    """A clock that goes on only when somebody waits."""

    _s = 0.0

    def now_s(self) -> float:
        return self._s

    def monotonic_s(self) -> float:
        return self._s

    async def sleep(self, seconds: float) -> None:
        self._s += seconds


CLOCK = AtOnce()
"""One for all connectors: they share HubSpot's limits."""


def connect(body: bytes) -> HubspotConnector:
    async def respond(_: HttpRequest) -> HttpResponse:
        return answer(body)

    config = HubspotPrivateAppAuthConfig(private_app_token="pat-1")
    return HubspotConnector(auth_config=config, transport=ScriptedTransport(respond), clock=CLOCK)


@pytest.mark.requirement("hubspot-errors")
@pytest.mark.parametrize("operation", READ_DIFFERENTLY, ids=lambda one: f"{one.entity}.{one.action}")
@settings(max_examples=10)
@given(data=st.data())
def test_an_odd_answer_gives_a_result_or_an_error_that_we_name(operation: Operation, data: st.DataObject) -> None:
    given_params = data.draw(params_of(operation))
    params = operation.reader.read(given_params)
    body = data.draw(odd_bodies_of(data.draw(bodies_of(operation.shape, params))))

    async def run() -> Result | None:
        async with connect(body) as hubspot:
            try:
                return await hubspot.execute(operation.entity, operation.action, given_params)
            except ConnectorError:
                return None

    directly = asyncio.run(run())
    if directly is not None:
        assert json.loads(str(directly)) == directly.to_dict()
    try:
        envelope = operation.shape.to_envelope(body, params)
        sent = msgspec.json.decode(msgspec.json.encode(envelope.metadata), type=Metadata)
        across = operation.shape.from_envelope(envelope.result, sent)
    except (ConnectorError, *UNREADABLE):
        assert directly is None or operation.recover is not None
    else:
        assert across == directly


async def test_a_changed_subscription_that_hubspot_does_not_mention_is_an_unreadable_answer() -> None:
    with pytest.raises(UpstreamError) as caught:
        await connect(b'{"results":[]}').subscriptions.update(
            email="kim@acme.example", subscription_id=7, status_state="SUBSCRIBED"
        )
    assert caught.value.code == "upstream_error"
