"""Many records: pages ahead of time, searches past their end, batches side by side."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._limits import UnlimitedBudget
from airbyte_agent_hubspot.errors import InvalidParamsError, RecordNotFoundError, UpstreamRejectedError
from airbyte_agent_hubspot.models import BatchItem, BatchResult, Contact, ItemError, Page, PageMeta, TypedRecord
from airbyte_agent_hubspot.transports import HttpResponse
from unit.scripted import ScriptedTransport, answer, json_body, page, query

if TYPE_CHECKING:
    from airbyte_agent_hubspot.filters import FilterGroup
    from airbyte_agent_hubspot.transports import HttpRequest


def connect(transport: ScriptedTransport) -> HubspotConnector:
    return HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        transport=transport,
        budget=UnlimitedBudget(),
    )


# ---------------------------------------------------------------- list_all


async def test_every_page_of_a_list_is_visited_in_order() -> None:
    transport = ScriptedTransport(page("1", "2", after="2"), page("3", after="3"), page())
    records = connect(transport).contacts.list_all(properties=["email"], archived=True)
    assert [record async for record in records] == [Contact("1"), Contact("2"), Contact("3")]
    assert [query(request) for request in transport.requests] == [
        {"limit": "100", "properties": "email", "archived": "true"},
        {"limit": "100", "after": "2", "properties": "email", "archived": "true"},
        {"limit": "100", "after": "3", "properties": "email", "archived": "true"},
    ]


async def test_one_page_is_fetched_ahead_and_never_two() -> None:
    transport = ScriptedTransport(page("1", "2", after="2"), page("3", after="3"), page("4", after="4"), page("5"))
    begun: list[int] = []
    async for _ in connect(transport).contacts.list_all():
        await asyncio.sleep(1)
        begun.append(len(transport.requests))
    assert begun == [2, 2, 3, 4, 4]


async def test_a_consumer_that_stops_early_cancels_the_page_under_way() -> None:
    cancelled: list[str] = []

    async def respond(request: HttpRequest) -> HttpResponse:
        if "after" not in query(request):
            return page("1", "2", after="2")
        try:
            return await asyncio.Future[HttpResponse]()
        except asyncio.CancelledError:
            cancelled.append(query(request)["after"])
            raise

    running = asyncio.all_tasks()
    async with aclosing(connect(ScriptedTransport(respond)).contacts.list_all()) as records:
        async for record in records:
            assert record == Contact("1")
            await asyncio.sleep(1)
            break
    assert cancelled == ["2"]
    assert asyncio.all_tasks() == running


async def test_a_page_that_fails_is_an_error_after_the_records_before_it() -> None:
    transport = ScriptedTransport(page("1", after="1"), answer({"message": "no"}, status=404))
    records = connect(transport).contacts.list_all()
    assert await anext(records) == Contact("1")
    with pytest.raises(RecordNotFoundError):
        await anext(records)


async def test_a_consumer_that_stops_before_a_failed_page_is_not_told() -> None:
    transport = ScriptedTransport(page("1", after="1"), answer({"message": "no"}, status=404))
    async with aclosing(connect(transport).contacts.list_all()) as records:
        assert await anext(records) == Contact("1")
        await asyncio.sleep(1)
    assert transport.unused == 0


# ---------------------------------------------------------------- search_all


@dataclass(frozen=True)
class Change:
    """Something that others do between two pages."""

    kind: str
    which: int


class SimulatedSearch:
    """HubSpot's search over records that change between its pages; gives fewer at once than it is asked for."""

    def __init__(self, count: int, changes: list[list[Change]], page_size: int) -> None:
        self.fitting = dict.fromkeys(range(1, count + 1), True)
        self.untouched = set(self.fitting)
        self.created = 0
        self._changes = iter(changes)
        self._page_size = page_size

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        body = json.loads(request.body or b"")
        assert (body["limit"], body["sorts"]) == (200, [{"propertyName": "hs_object_id", "direction": "ASCENDING"}])
        above = 0
        for group in body.get("filterGroups", []):
            [condition] = group["filters"]
            assert (condition["propertyName"], condition["operator"]) == ("hs_object_id", "GT")
            above = int(condition["value"])
        found = sorted(number for number, fits in self.fitting.items() if fits and number > above)
        for change in next(self._changes, []):
            self._apply(change)
        last = found[: self._page_size][-1:]
        after = str(last[0]) if len(found) > self._page_size else None
        return page(*(str(number) for number in found[: self._page_size]), after=after)

    def _apply(self, change: Change) -> None:
        if change.kind == "create":
            self.created += 1
            self.fitting[max(self.fitting, default=0) + 1] = True
            return
        numbers = sorted(self.fitting)
        if numbers:
            number = numbers[change.which % len(numbers)]
            self.untouched.discard(number)
            if change.kind == "archive":
                del self.fitting[number]
            else:
                self.fitting[number] = not self.fitting[number]


CHANGES = st.lists(st.builds(Change, st.sampled_from(["create", "archive", "update"]), st.integers(0, 50)), max_size=4)


@given(count=st.integers(0, 20), changes=st.lists(CHANGES, max_size=8), page_size=st.integers(1, 6))
def test_a_search_visits_each_record_once_whatever_others_do_meanwhile(
    count: int, changes: list[list[Change]], page_size: int
) -> None:
    hubspot = SimulatedSearch(count, changes, page_size)

    async def visit() -> list[int]:
        async with connect(ScriptedTransport(hubspot)) as connector:
            return [int(record.id) async for record in connector.contacts.search_all()]

    visited = asyncio.run(visit())
    assert visited == sorted(set(visited))
    assert hubspot.untouched <= set(visited)
    assert set(visited) <= set(range(1, count + hubspot.created + 1))


async def test_each_page_of_a_search_asks_for_ids_above_the_last_in_every_group() -> None:
    transport = ScriptedTransport(page("7", "9", after="2"), page("12"))
    groups: list[FilterGroup] = [
        {"filters": [{"property_name": "city", "operator": "EQ", "value": "Graz"}]},
        {"filters": []},
    ]
    records = connect(transport).contacts.search_all(query="acme", properties="city", filter_groups=groups)
    assert [record.id async for record in records] == ["7", "9", "12"]
    first, second = map(json_body, transport.requests)
    city = {"propertyName": "city", "operator": "EQ", "value": "Graz"}
    beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": "9"}
    same = {
        "query": "acme",
        "properties": ["city"],
        "limit": 200,
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
    }
    assert first == {**same, "filterGroups": [{"filters": [city]}, {"filters": []}]}
    assert second == {**same, "filterGroups": [{"filters": [city, beyond]}, {"filters": [beyond]}]}


async def test_a_search_of_one_page_asks_once_and_an_empty_page_is_the_last() -> None:
    transport = ScriptedTransport(page("1"))
    assert [record.id async for record in connect(transport).deals.search_all()] == ["1"]
    transport = ScriptedTransport(page(after="0"))
    assert [record.id async for record in connect(transport).deals.search_all()] == []


FILTER = {"property_name": "city", "operator": "HAS_PROPERTY"}


@pytest.mark.parametrize(
    ("groups", "fits"),
    [
        ([5], True),
        ([6], False),
        ([3, 3, 3, 3], True),
        ([5, 5, 5], True),
        ([5, 5, 4, 1], False),
        ([0, 0, 0, 0, 0], True),
        ([2, 2, 2, 2, 5], True),
        ([3, 2, 2, 2, 5], False),
    ],
)
async def test_filters_that_leave_no_room_are_refused_before_anything_is_sent(groups: list[int], *, fits: bool) -> None:
    transport = ScriptedTransport(page())
    params = {"filter_groups": [{"filters": [FILTER] * count} for count in groups]}
    records = connect(transport).contacts.search_all(**params)  # type: ignore[arg-type]
    if fits:
        assert [record async for record in records] == []
    else:
        with pytest.raises(InvalidParamsError) as caught:
            await anext(records)
        assert [(error.field, error.error_code) for error in caught.value.errors] == [
            ("params.filterGroups", "out_of_range")
        ]
    assert len(transport.requests) == fits


@pytest.mark.requirement("params-misspelt")
@pytest.mark.parametrize("name", ["sorts", "limit", "after", "filters"])
async def test_what_a_search_of_everything_cannot_keep_is_refused(name: str) -> None:
    transport = ScriptedTransport()
    with pytest.raises(InvalidParamsError) as caught:
        await anext(connect(transport).contacts.search_all(**{name: 1}))  # type: ignore[arg-type]
    assert [error.field for error in caught.value.errors] == [f"params.{name}"]
    assert transport.requests == []


@pytest.mark.requirement("params-spellings")
async def test_a_search_of_everything_takes_both_spellings() -> None:
    transport = ScriptedTransport(page("1", after="1"), page())
    groups = [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}]}]
    records = connect(transport).contacts.search_all(filterGroups=groups)  # type: ignore[call-arg]
    assert [record.id async for record in records] == ["1"]
    body = json_body(transport.requests[1])
    assert isinstance(body, dict)
    assert len(body["filterGroups"][0]["filters"]) == 2


# ---------------------------------------------------------------- get_many


def found(request: HttpRequest) -> HttpResponse:
    """An answer to a batch in which every second id is not found."""
    body = json.loads(request.body or b"")
    ids = [item["id"] for item in body["inputs"]]
    results = [{"id": one} for one in reversed(ids) if int(one) % 2]
    lost = {"category": "OBJECT_NOT_FOUND", "message": "Lost.", "context": {"ids": [i for i in ids if not int(i) % 2]}}
    return answer({"status": "COMPLETE", "results": results, "errors": [lost]}, status=207)


async def test_any_number_of_records_comes_in_the_order_of_their_ids_four_batches_at_once() -> None:
    now = most = 0

    async def respond(request: HttpRequest) -> HttpResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(10 - int(json.loads(request.body or b"")["inputs"][0]["id"]) / 100)  # the first is last
        now -= 1
        return found(request)

    transport = ScriptedTransport(respond)
    got = await connect(transport).contacts.get_many(range(950), properties=["email"])
    lost = ItemError("object_not_found", "Lost.")
    assert got == BatchResult(
        [
            BatchItem(number, str(number), Contact(str(number))) if number % 2 else BatchItem(number, error=lost)
            for number in range(950)
        ]
    )
    assert most == 4
    assert [len(json.loads(request.body or b"")["inputs"]) for request in transport.requests] == [100] * 9 + [50]


async def test_no_ids_are_no_requests() -> None:
    transport = ScriptedTransport()
    assert await connect(transport).contacts.get_many([]) == BatchResult([])
    assert transport.requests == []


async def test_a_batch_that_fails_is_the_error_of_one_call_and_cancels_the_others() -> None:
    cancelled: list[str] = []

    async def respond(request: HttpRequest) -> HttpResponse:
        first = json.loads(request.body or b"")["inputs"][0]["id"]
        if first == "100":
            await asyncio.sleep(1)
            return answer({"message": "No."}, status=400)
        try:
            return await asyncio.Future[HttpResponse]()
        except asyncio.CancelledError:
            cancelled.append(first)
            raise

    with pytest.raises(UpstreamRejectedError):
        await connect(ScriptedTransport(respond)).contacts.get_many(range(300))
    assert sorted(cancelled) == ["0", "200"]


# ---------------------------------------------------------------- with a model


class Named(TypedDict):
    """Properties of somebody."""

    firstname: str | None


async def test_with_a_model_its_properties_are_asked_for_and_read_everywhere() -> None:
    ana = {"id": "7", "properties": {"firstname": "Ana", "hs_object_id": "7"}}
    record = Contact("7", {"firstname": "Ana", "hs_object_id": "7"})
    typed = TypedRecord("7", Named(firstname="Ana"), record)
    pages = [answer({"results": [ana]}) for _ in range(3)]
    transport = ScriptedTransport(*pages, answer(ana), answer(ana))
    people = connect(transport).contacts.with_model(Named)
    assert await people.list(limit=3) == Page([typed], PageMeta())
    assert [one async for one in people.list_all(archived=False)] == [typed]
    assert [one async for one in people.search_all(query="ana")] == [typed]
    assert await people.get("7") == typed
    assert await people.get("a@b.example", id_property="email") == typed
    assert [query(request) for request in transport.requests if request.method == "GET"] == [
        {"limit": "3", "properties": "firstname"},
        {"limit": "100", "archived": "false", "properties": "firstname"},
        {"properties": "firstname"},
        {"properties": "firstname", "idProperty": "email"},
    ]
    search = json_body(transport.requests[2])
    assert isinstance(search, dict)
    assert (search["query"], search["properties"]) == ("ana", ["firstname"])


async def test_a_model_consumer_that_stops_early_leaves_nothing_running() -> None:
    running = asyncio.all_tasks()
    people = connect(ScriptedTransport(*(page(str(one), after=str(one)) for one in range(4)))).contacts
    for records in (people.with_model(Named).list_all(), people.with_model(Named).search_all()):
        async with aclosing(records):
            assert (await anext(records)).properties == {"firstname": None}
    assert asyncio.all_tasks() == running
