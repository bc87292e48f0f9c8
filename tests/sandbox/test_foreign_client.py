"""HubSpot's own Python client (hubspot-api-client) against the sandbox on a port: no special cases for it."""

import threading
from collections.abc import Iterator
from socket import create_server
from typing import Any

import pytest
import uvicorn
from hubspot.client import Client as HubSpot
from hubspot.crm.contacts.exceptions import ApiException

from hubspot_sandbox import Behaviour, Portal, create_app


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Portal]]:
    app = create_app(portal="small", behaviour=Behaviour(rate_limits=False))
    listener = create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox")
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.portal
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def hubspot(served: tuple[str, Portal]) -> Any:
    """The client, with an access token that it fetched with the refresh token."""
    host, portal = served
    registered = portal.tokens.apps()[0]
    granted = HubSpot(host=host).oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        refresh_token=portal.tokens.grants()[0].refresh_token,
    )
    assert granted.expires_in == 1800
    return HubSpot(access_token=granted.access_token, host=host)


@pytest.mark.parametrize(("name", "number"), [("contacts", 60), ("companies", 20), ("deals", 30)])
def test_it_lists_all_records(hubspot: Any, name: str, number: int) -> None:
    api = getattr(hubspot.crm, name)

    first = api.basic_api.get_page(limit=7)
    everything = api.get_all()

    assert len(first.results) == 7
    assert first.paging.next.after == str(int(first.results[-1].id) + 1)
    assert len({record.id for record in everything}) == number


@pytest.mark.parametrize(("name", "shown"), [("contacts", "email"), ("companies", "domain"), ("deals", "dealname")])
def test_it_gets_and_searches_records(hubspot: Any, name: str, shown: str) -> None:
    api = getattr(hubspot.crm, name)
    wanted = api.basic_api.get_page(limit=1).results[0]

    read = api.basic_api.get_by_id(wanted.id, properties=[shown], associations=["tickets"])
    found = api.search_api.do_search(
        public_object_search_request={
            "filterGroups": [
                {"filters": [{"propertyName": shown, "operator": "EQ", "value": wanted.properties[shown].upper()}]}
            ],
            "properties": [shown],
            "limit": 5,
        }
    )

    assert read.properties[shown] == wanted.properties[shown]
    assert read.created_at == wanted.created_at
    assert wanted.id in {record.id for record in found.results}


def test_it_writes_and_understands_errors(hubspot: Any) -> None:
    api = hubspot.crm.contacts.basic_api
    new = {"properties": {"email": "new@foreign.example"}, "associations": []}

    contact = api.create(simple_public_object_input_for_create=new)
    with pytest.raises(ApiException) as conflict:
        api.create(simple_public_object_input_for_create=new)
    api.archive(contact.id)
    with pytest.raises(ApiException) as missing:
        api.get_by_id(contact.id)

    assert (conflict.value.status, missing.value.status) == (409, 404)
    assert contact.properties["hs_email_domain"] == "foreign.example"


def test_it_reads_the_portals_shape(hubspot: Any, served: tuple[str, Portal]) -> None:
    portal = served[1]

    owners = hubspot.crm.owners.get_all()
    pipelines = hubspot.crm.pipelines.pipelines_api.get_all("deals").results
    schemas = hubspot.crm.schemas.core_api.get_all().results
    properties = hubspot.crm.properties.core_api.get_all("contacts").results
    batch = hubspot.crm.objects.batch_api.read(
        "installations",
        batch_read_input_simple_public_object_id={"inputs": [{"id": "1"}], "properties": []},
    )

    assert len(owners) == 11
    assert [line.label for line in pipelines] == ["Sales Pipeline", "Renewals"]
    assert [schema.fully_qualified_name for schema in schemas] == [f"p{portal.hub_id}_installation"]
    assert len(properties) > 280
    assert (batch.results, batch.num_errors) == ([], 1)
