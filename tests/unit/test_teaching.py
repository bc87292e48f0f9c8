"""Errors that teach: property names and options that HubSpot would have taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot.errors import FieldError, Upstream, UpstreamRejectedError
from unit.scripted import ScriptedTransport, answer

if TYPE_CHECKING:
    from airbyte_agent_hubspot.transports import HttpResponse

PROPERTIES = [
    {"name": "firstname", "label": "First Name"},
    {"name": "hs_color", "label": "Favourite colour"},
    {"name": "email", "label": "Email"},
    {
        "name": "lifecyclestage",
        "label": "Stage",
        "options": [{"label": "Lead", "value": "lead"}, {"label": "Customer", "value": "customer"}],
    },
    {"name": "country_code", "options": [{"label": f"C{number}", "value": f"c{number}"} for number in range(25)]},
]


def refusal(name: str, code: str) -> HttpResponse:
    detail = {"message": f"{name} is wrong.", "code": code, "context": {"propertyName": [name]}}
    return answer({"category": "VALIDATION_ERROR", "correlationId": "c-1", "errors": [detail]}, status=400)


async def fail(
    *answers: HttpResponse, entity: str = "contacts", action: str = "create", **params: object
) -> tuple[UpstreamRejectedError, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=transport
    )
    with pytest.raises(UpstreamRejectedError) as caught:
        await connector.execute(entity, action, params or {"properties": {"any": "x"}})
    return caught.value, transport


@pytest.mark.parametrize(
    ("name", "nearest", "says"),
    [
        ("firstnam", ["firstname"], "There is no property 'firstnam'. Did you mean 'firstname'?"),
        (
            "favourite_colour",
            ["hs_color"],
            "There is no property 'favourite_colour'. Did you mean 'hs_color'?",
        ),
        ("first_name", ["firstname"], "There is no property 'first_name'. Did you mean 'firstname'?"),
        ("EMAIL", ["email"], "There is no property 'EMAIL'. Did you mean 'email'?"),
        ("zzz", None, "There is no property 'zzz': see properties.list for those there are."),
    ],
)
async def test_an_unknown_property_names_the_nearest_by_name_and_label(
    name: str, nearest: list[str] | None, says: str
) -> None:
    error, transport = await fail(refusal(name, "PROPERTY_DOESNT_EXIST"), answer({"results": PROPERTIES}))
    details = {"propertyName": [name]} | ({"nearest": nearest} if nearest else {})
    assert list(error.errors) == [FieldError(f"params.properties.{name}", says, "property_doesnt_exist", details)]
    assert error.message == f"HubSpot refused the request: {says}"
    assert error.upstream == Upstream(400, "VALIDATION_ERROR", "c-1")
    assert isinstance(error.__cause__, UpstreamRejectedError)
    assert error.__cause__ is not error
    assert transport.paths() == ["POST /crm/objects/2026-03/contacts", "GET /crm/properties/2026-03/contacts"]


async def test_an_invalid_option_names_the_choices() -> None:
    error, _ = await fail(refusal("lifecyclestage", "INVALID_OPTION"), answer({"results": PROPERTIES}))
    [item] = error.errors
    assert item.message == "'lifecyclestage' must be one of 'lead' (Lead), 'customer' (Customer)."
    assert item.details["choices"] == ["lead", "customer"]


async def test_of_many_choices_the_first_twenty_are_said() -> None:
    error, _ = await fail(refusal("country_code", "INVALID_OPTION"), answer({"results": PROPERTIES}))
    [item] = error.errors
    assert "'c19' (C19) and 5 more." in (item.message or "")
    assert item.details["choices"] == [f"c{number}" for number in range(25)]


@pytest.mark.parametrize("name", ["firstname", "nobody_knows"])
async def test_an_invalid_option_of_what_has_no_options_stays_as_it_was(name: str) -> None:
    error, _ = await fail(refusal(name, "INVALID_OPTION"), answer({"results": PROPERTIES}))
    assert [item.message for item in error.errors] == [f"{name} is wrong."]


async def test_other_errors_ask_for_no_properties() -> None:
    error, transport = await fail(refusal("amount", "INVALID_LONG"))
    assert [item.message for item in error.errors] == ["amount is wrong."]
    assert len(transport.requests) == 1


async def test_where_properties_cannot_be_read_the_first_error_stays_itself() -> None:
    forbidden = answer({"category": "MISSING_SCOPES"}, status=403)
    error, transport = await fail(refusal("firstnam", "PROPERTY_DOESNT_EXIST"), forbidden)
    assert [item.message for item in error.errors] == ["firstnam is wrong."]
    assert error.__cause__ is None
    assert len(transport.requests) == 2


async def test_the_properties_asked_for_are_those_of_the_object_type() -> None:
    _, transport = await fail(
        refusal("vim", "PROPERTY_DOESNT_EXIST"),
        answer({"results": [{"name": "vin"}]}),
        entity="objects",
        objectType="2-1",
        properties={"vim": "x"},
    )
    assert transport.paths()[1] == "GET /crm/properties/2026-03/2-1"


async def test_an_error_about_properties_themselves_asks_for_nothing() -> None:
    _, transport = await fail(
        refusal("x", "PROPERTY_DOESNT_EXIST"),
        entity="properties",
        action="delete",
        objectType="contacts",
        propertyName="x",
    )
    assert len(transport.requests) == 1
