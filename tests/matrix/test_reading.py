"""What agents read: the same locally and hosted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot.models import CheckResult, Contact, Page, Record, Schema

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot

ENTITIES = ["contacts", "companies", "deals", "tickets"]


async def test_a_list_gives_a_page_of_typed_records(connector: HubspotConnector) -> None:
    page = await connector.contacts.list(limit=3)
    assert isinstance(page, Page)
    assert len(page) == 3
    assert all(isinstance(contact, Contact) for contact in page)
    first = page.data[0]
    assert first.email == first.properties["email"]
    assert first.created_at is not None
    assert page.meta.has_next_page


@pytest.mark.parametrize("entity", ENTITIES)
async def test_paging_visits_every_record_once_in_ascending_order(
    connector: HubspotConnector, hubspot: Hubspot, entity: str
) -> None:
    ids: list[str] = []
    params: dict[str, object] = {"limit": 7}
    while True:
        page = await connector.execute(entity, "list", params)
        assert isinstance(page, Page)
        ids += [record.id for record in page]
        if page.meta.next_cursor is None:
            break
        params["after"] = page.meta.next_cursor
    everything = await connector.execute(entity, "list", {"limit": 100})
    assert isinstance(everything, Page)
    assert ids[: len(everything)] == [record.id for record in everything]
    assert len(ids) == len(set(ids))
    assert [int(one) for one in ids] == sorted(int(one) for one in ids)
    assert hubspot.wire.seen


@pytest.mark.parametrize("entity", ENTITIES)
async def test_a_record_is_found_by_its_id(connector: HubspotConnector, entity: str) -> None:
    page = await connector.execute(entity, "list", {"limit": 1, "properties": ["createdate"]})
    assert isinstance(page, Page)
    wanted = page.data[0]
    id_name = {"companies": "companyId"}.get(entity, f"{entity[:-1]}Id")
    found = await connector.execute(entity, "get", {id_name: wanted.id, "properties": "createdate"})
    assert found == wanted


async def test_a_contact_is_found_by_its_email(connector: HubspotConnector) -> None:
    contact = (await connector.contacts.list(limit=1)).data[0]
    assert contact.email is not None
    found = await connector.contacts.get(contact.email, id_property="email")
    assert found == contact


async def test_the_id_may_be_given_under_its_own_name(connector: HubspotConnector) -> None:
    contact = (await connector.contacts.list(limit=1)).data[0]
    assert await connector.contacts.get(contact_id=contact.id) == contact


async def test_execute_and_the_typed_methods_give_equal_results(connector: HubspotConnector) -> None:
    typed = await connector.contacts.list(limit=2, properties=["email", "jobtitle"])
    dynamic = await connector.execute("contacts", "list", {"limit": 2, "properties": "email, jobtitle"})
    assert dynamic == typed
    assert type(dynamic) is type(typed)


async def test_camel_and_snake_case_mean_the_same(connector: HubspotConnector) -> None:
    conditions = [{"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "customer"}]}]
    snake = [{"filters": [{"property_name": "lifecyclestage", "operator": "EQ", "value": "customer"}]}]
    camel_page = await connector.execute("contacts", "api_search", {"filterGroups": conditions})
    snake_page = await connector.execute("contacts", "search", {"filter_groups": snake})
    assert camel_page == snake_page
    assert isinstance(camel_page, Page)
    assert camel_page.meta.total
    assert len(camel_page) > 0


async def test_a_search_counts_all_that_fit_and_pages_through_them(connector: HubspotConnector) -> None:
    first = await connector.deals.api_search(sorts=["-amount"], limit=5, properties=["amount"])
    assert first.meta.total is not None
    second = await connector.deals.api_search(
        sorts=["-amount"], limit=5, properties=["amount"], after=first.meta.next_cursor or ""
    )
    assert second.meta.total == first.meta.total
    assert not {deal.id for deal in first} & {deal.id for deal in second}


async def test_associated_ids_come_with_a_record_when_asked_for(connector: HubspotConnector) -> None:
    page = await connector.contacts.list(limit=20, associations=["companies"])
    associated = [contact.associations["companies"] for contact in page if contact.associations]
    assert associated
    assert {item.type for ids in associated for item in ids.results} == {
        "contact_to_company",
        "contact_to_company_unlabeled",
    }


async def test_history_comes_with_a_record_when_asked_for(connector: HubspotConnector) -> None:
    deal = (await connector.deals.list(limit=1)).data[0]
    with_history = await connector.deals.get(deal.id, properties_with_history=["dealstage"])
    assert with_history.properties_with_history is not None
    versions = with_history.properties_with_history["dealstage"]
    assert versions[0].value == deal.dealstage


async def test_custom_objects_are_read_by_the_name_their_schema_gives(connector: HubspotConnector) -> None:
    schemas = await connector.schemas.list()
    assert [type(schema) for schema in schemas] == [Schema]
    schema = schemas.data[0]
    assert await connector.schemas.get(schema.objectTypeId or "") == schema
    page = await connector.objects.list(schema.fullyQualifiedName or "", limit=2)
    assert [type(record) for record in page] == [Record, Record]
    assert await connector.objects.get(schema.objectTypeId or "", page.data[0].id) == page.data[0]


async def test_the_schema_of_a_standard_type_is_there_too(connector: HubspotConnector) -> None:
    schema = await connector.schemas.get("contacts")
    assert (schema.objectTypeId, schema.name) == ("0-1", "CONTACT")


async def test_a_page_is_plain_json_on_demand(connector: HubspotConnector) -> None:
    page = await connector.tickets.list(limit=1)
    ticket = page.data[0]
    assert page.model_dump(mode="json") == {
        "data": [
            {
                "id": ticket.id,
                "properties": ticket.properties,
                "createdAt": ticket.createdAt,
                "updatedAt": ticket.updatedAt,
                "archived": False,
                "url": ticket.url,
            }
        ],
        "meta": {"next_cursor": page.meta.next_cursor},
    }
    assert page.to_dict() == page.model_dump(mode="json")


async def test_a_check_names_the_account(connector: HubspotConnector, hubspot: Hubspot) -> None:
    assert await connector.check() == CheckResult("healthy", None, "account", "details", hubspot.portal.hub_id, [])


async def test_what_the_connector_can_do_is_told_without_a_request(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    names = [entity["name"] for entity in connector.list_entities()]
    assert names[:4] == ENTITIES
    described = connector.entity_schema("contacts")
    assert described["name"] == "contacts"
    assert hubspot.wire.seen == []
