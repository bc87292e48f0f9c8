"""The typed door: each method is one operation of the catalog, and gives what `execute` gives."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._composition import Composition
from airbyte_agent_hubspot._entities import Objects
from airbyte_agent_hubspot.errors import InvalidParamsError
from airbyte_agent_hubspot.models import Company, Contact, Deal, Page, PageMeta, Record, Schema, Ticket
from unit.examples import bodies_of, params_of
from unit.scripted import ScriptedTransport, answer, json_body, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot.models import Result
    from airbyte_agent_hubspot.transports import HttpResponse

RECORD = answer({"id": "7"})
SCHEMA = answer({"id": "2-1", "name": "cars"})
SCHEMAS = answer({"results": [{"id": "2-1", "name": "cars"}]})


def connect(transport: ScriptedTransport) -> HubspotConnector:
    return HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=transport, api_version="v3"
    )


@pytest.mark.requirement("one-interface")
@pytest.mark.parametrize(
    ("typed", "dynamic", "response", "url", "result"),
    [
        (
            lambda hubspot: hubspot.contacts.list(limit=1),
            ("contacts", "list", {"limit": 1}),
            page("7", after="8"),
            "/crm/v3/objects/contacts?limit=1",
            Page([Contact("7")], PageMeta("8")),
        ),
        (
            lambda hubspot: hubspot.companies.get("7", properties="name"),
            ("companies", "get", {"companyId": "7", "properties": "name"}),
            RECORD,
            "/crm/v3/objects/companies/7?properties=name",
            Company("7"),
        ),
        (
            lambda hubspot: hubspot.deals.get(deal_id=7),
            ("deals", "get", {"deal_id": 7}),
            RECORD,
            "/crm/v3/objects/deals/7",
            Deal("7"),
        ),
        (
            lambda hubspot: hubspot.tickets.api_search(query="printer"),
            ("tickets", "search", {"query": "printer"}),
            answer({"total": 1, "results": [{"id": "7"}]}),
            "/crm/v3/objects/tickets/search",
            Page([Ticket("7")], PageMeta(None, 1)),
        ),
        (
            lambda hubspot: hubspot.objects.list("p1_cars", archived=True),
            ("objects", "list", {"objectType": "p1_cars", "archived": True}),
            page("7"),
            "/crm/v3/objects/p1_cars?archived=true",
            Page([Record("7")], PageMeta()),
        ),
        (
            lambda hubspot: hubspot.objects.get("p1_cars", 7, associations=["contacts"]),
            ("objects", "get", {"object_type": "p1_cars", "object_id": 7, "associations": "contacts"}),
            RECORD,
            "/crm/v3/objects/p1_cars/7?associations=contacts",
            Record("7"),
        ),
        (
            lambda hubspot: hubspot.schemas.list(archived=False),
            ("schemas", "list", {"archived": False}),
            SCHEMAS,
            "/crm-object-schemas/v3/schemas?archived=false",
            Page([Schema("2-1", "cars")], PageMeta()),
        ),
        (
            lambda hubspot: hubspot.schemas.get("p1_cars"),
            ("schemas", "get", {"objectType": "p1_cars"}),
            SCHEMA,
            "/crm-object-schemas/v3/schemas/p1_cars",
            Schema("2-1", "cars"),
        ),
    ],
)
async def test_a_typed_method_gives_what_execute_gives(
    typed: Callable[[HubspotConnector], Awaitable[Result]],
    dynamic: tuple[str, str, dict[str, object]],
    response: HttpResponse,
    url: str,
    result: Result,
) -> None:
    transport = ScriptedTransport(response, response)
    hubspot = connect(transport)
    assert await typed(hubspot) == result
    assert await hubspot.execute(*dynamic) == result
    assert transport.requests[0] == transport.requests[1]
    assert transport.requests[0].url == f"https://api.hubapi.com{url}"


def through_a_server(transport: ScriptedTransport) -> HubspotConnector:
    return HubspotConnector(airbyte_token="scoped-1", connector_id="c-1", transport=transport)


def typed_method(hubspot: HubspotConnector, operation: Operation, params: dict[str, object]) -> Awaitable[Result]:
    """The typed door to an operation, called with parameters under their snake_case names."""
    if operation.entity == "*":
        return hubspot.check()
    entity = getattr(hubspot, operation.entity)
    if isinstance(entity, Objects):
        entity = entity.of(str(params.pop("object_type")))
    method: Callable[..., Awaitable[Result]] = getattr(entity, operation.action)
    first = [params.pop(name) for name in ("record_id", "record") if name in params]
    return method(*first, **params)


@pytest.mark.requirement("one-interface")
@pytest.mark.parametrize("operation", list(CATALOG), ids=lambda one: f"{one.entity}.{one.action}")
@settings(max_examples=2)
@given(data=st.data())
def test_every_operation_has_a_typed_method_that_gives_what_execute_gives(
    operation: Operation, data: st.DataObject
) -> None:
    params = data.draw(params_of(operation))
    answered = data.draw(bodies_of(operation.shape, operation.reader.read(params)))
    composed = isinstance(operation.encode, Composition)
    envelope = {"status": "success", "result": answered, "connector_metadata": {}}
    response = answer(b"" if answered is None else envelope if composed else answered)
    transport = ScriptedTransport(response, response)

    async def run() -> tuple[Result, Result]:
        async with through_a_server(transport) if composed else connect(transport) as hubspot:
            dynamic = await hubspot.execute(operation.entity, operation.action, params)
            return dynamic, await typed_method(hubspot, operation, dict(params))

    dynamic, typed = asyncio.run(run())
    assert typed == dynamic
    assert type(typed) is type(dynamic)
    first, second = ((request.method, request.url, json_body(request)) for request in transport.requests)
    assert first == second
    assert json.loads(str(typed)) == typed.to_dict()
    assert plainly_without_nulls(without_values(typed.to_dict()))


def test_every_typed_method_is_an_operation_or_made_of_some() -> None:
    conveniences = {"list_all", "search_all", "get_many", "with_model", "of"}
    hubspot = connect(ScriptedTransport())
    for entity in CATALOG.entities:
        if entity == "*":
            continue
        methods = {name for name in dir(getattr(hubspot, entity)) if not name.startswith("_")}
        known = {"list", "get"} if entity == "objects" else set(CATALOG.find_entity(entity))
        assert methods - conveniences == known, entity


def plainly_without_nulls(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and plainly_without_nulls(item) for name, item in value.items())
    if isinstance(value, list):
        return all(map(plainly_without_nulls, value))
    return isinstance(value, str | int | float)


HOLD_VALUES = {
    *("properties", "propertiesWithHistory", "additionalProperties", "associations", "filterBranch"),
    *("changed", "key", "overall", "values"),
}
"""Where nulls mean something: what a record holds or held, and groups of records that hold nothing."""


def without_values(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_values(item) for name, item in value.items() if name not in HOLD_VALUES}
    return [without_values(item) for item in value] if isinstance(value, list) else value


async def test_conditions_take_both_spellings_in_typed_methods() -> None:
    transport = ScriptedTransport(page())
    await connect(transport).contacts.api_search(
        filter_groups=[{"filters": [{"property_name": "email", "operator": "EQ", "value": "a@b.example"}]}]
    )
    assert json_body(transport.requests[0]) == {
        "filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@b.example"}]}]
    }


@pytest.mark.requirement("params-misspelt")
async def test_a_typed_method_refuses_what_its_operation_refuses() -> None:
    hubspot = connect(ScriptedTransport())
    with pytest.raises(InvalidParamsError):
        await hubspot.contacts.get()
    with pytest.raises(InvalidParamsError):
        await hubspot.contacts.get(company_id="7")
    with pytest.raises(InvalidParamsError):
        await hubspot.contacts.get("7", contact_id="8")
