"""Errors that teach: property names and options that HubSpot would have taken."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._clock import SystemClock
from airbyte_agent_hubspot.errors import FieldError, RecordNotFoundError, Upstream, UpstreamRejectedError
from airbyte_agent_hubspot.models import ItemError
from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, NotSentError
from unit.scripted import ScriptedTransport, answer, json_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airbyte_agent_hubspot._clock import Clock
    from unit.scripted import Respond

PROPERTIES = [
    {"name": "firstname", "label": "First Name"},
    {"name": "hs_color", "label": "Favourite colour"},
    {"name": "email", "label": "Email"},
    {"name": "jobtitle", "label": "Job Title"},
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
        ("job", ["jobtitle"], "There is no property 'job'. Did you mean 'jobtitle'?"),
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


async def test_an_unknown_property_of_a_search_which_hubspot_gives_no_code_for_names_the_nearest_too() -> None:
    detail = {"message": 'Property "firstnam" does not exist', "context": {"propertyName": ["firstnam"]}}
    error, _ = await fail(
        answer({"category": "VALIDATION_ERROR", "errors": [detail]}, status=400),
        answer({"results": PROPERTIES}),
        action="api_search",
        query="x",
    )
    [item] = error.errors
    assert (item.error_code, item.details["nearest"]) == ("property_doesnt_exist", ["firstname"])


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


# ---------------------------------------------------------------- batches


def batch_refusal(place: str, *wrong: tuple[str, str]) -> object:
    details = [{"isValid": False, "message": f"{name} is wrong.", "error": code, "name": name} for name, code in wrong]
    message = f"Property values were not valid: {json.dumps(details)}"
    return {"category": "VALIDATION_ERROR", "message": message, "context": {"objectWriteTraceId": [place]}}


async def batch(
    *answers: HttpResponse, timeout_s: float | None = None
) -> tuple[list[ItemError | None], ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=transport, timeout_s=timeout_s
    )
    result = await connector.contacts.batch_create(inputs=[{"properties": {"any": "x"}}] * 3)
    return [item.error for item in result], transport


PARTLY = answer(
    {
        "results": [{"id": "7", "objectWriteTraceId": "0"}],
        "errors": [
            batch_refusal("1", ("firstnam", "PROPERTY_DOESNT_EXIST"), ("lifecyclestage", "INVALID_OPTION")),
            batch_refusal("2", ("amount", "INVALID_LONG")),
        ],
    },
    status=207,
)


async def test_each_refused_input_of_a_batch_says_what_would_be_right() -> None:
    errors, transport = await batch(PARTLY, answer({"results": PROPERTIES}))
    said = "There is no property 'firstnam'. Did you mean 'firstname'?"
    options = "'lifecyclestage' must be one of 'lead' (Lead), 'customer' (Customer)."
    assert errors[0] is None
    assert errors[1] == ItemError(
        "validation_error",
        f"{said} {options}",
        [
            FieldError(
                "properties.firstnam",
                said,
                "property_doesnt_exist",
                {"propertyName": ["firstnam"], "nearest": ["firstname"]},
            ),
            FieldError(
                "properties.lifecyclestage",
                options,
                "invalid_option",
                {"propertyName": ["lifecyclestage"], "choices": ["lead", "customer"]},
            ),
        ],
    )
    assert errors[2] is not None
    assert errors[2].message == "amount is wrong."
    assert len(transport.requests) == 2


async def test_a_batch_without_such_errors_and_one_whose_properties_cannot_be_read_stay_as_they_were() -> None:
    done = answer({"results": [{"id": str(one), "objectWriteTraceId": str(one)} for one in range(3)]})
    assert (await batch(done))[0] == [None, None, None]
    errors, transport = await batch(PARTLY, answer({"category": "MISSING_SCOPES"}, status=403))
    assert errors[1] is not None
    assert errors[1].message == "firstnam is wrong. lifecyclestage is wrong."
    assert len(transport.requests) == 2


# ---------------------------------------------------------------- ids of other types

NOT_FOUND = answer({"message": "resource not found", "correlationId": "c-1"}, status=404)


def has(*ids: str) -> HttpResponse:
    """The answer to a batch read."""
    return answer({"results": [{"id": one} for one in ids]})


class Passing(SystemClock):
    """A clock that goes on when it is told to."""

    passed_s = 0.0

    def monotonic_s(self) -> float:
        return self.passed_s


async def miss(
    *answers: HttpResponse | Respond,
    entity: str = "contacts",
    action: str = "get",
    timeout_s: float | None = None,
    bulk: bool = False,
    clock: Clock | None = None,
    params: Mapping[str, object],
) -> tuple[RecordNotFoundError, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        transport=transport,
        timeout_s=timeout_s,
        clock=clock,
    )
    with pytest.raises(RecordNotFoundError) as caught:
        await connector.execute(entity, action, params, bulk=bulk)
    return caught.value, transport


async def test_an_id_of_several_other_types_names_them_all() -> None:
    error, transport = await miss(NOT_FOUND, has("7"), has("7"), has(), params={"contactId": 7})
    assert error.errors[0].details == {"object_types": ["companies", "deals"]}
    assert error.message == (
        "HubSpot has no record 7 of the type that contacts.get was asked for, but one in companies and one in deals: "
        "call companies.get, or check the id."
    )
    assert error.upstream == Upstream(404, None, "c-1")
    assert transport.paths() == [
        "GET /crm/objects/2026-03/contacts/7",
        *(f"POST /crm/objects/2026-03/{entity}/batch/read" for entity in ("companies", "deals", "tickets")),
    ]
    assert json_body(transport.requests[1]) == {"inputs": [{"id": "7"}], "properties": [], "propertiesWithHistory": []}


async def test_an_id_that_nothing_has_is_not_found_as_before() -> None:
    error, _ = await miss(NOT_FOUND, has(), has(), has(), params={"contactId": 7})
    assert error.errors == ()
    assert error.__cause__ is None


async def test_an_id_of_any_other_kind_of_record_is_looked_for_in_all_four() -> None:
    error, transport = await miss(NOT_FOUND, *[has()] * 3, has("7"), entity="tasks", params={"taskId": "7"})
    assert error.errors[0].details == {"object_types": ["tickets"]}
    assert len(transport.requests) == 5


@pytest.mark.parametrize("object_type", ["contacts", "contact", "0-1"])
async def test_the_type_that_was_asked_is_not_asked_again_whatever_it_is_called(object_type: str) -> None:
    _, transport = await miss(
        NOT_FOUND, *[has()] * 3, entity="objects", params={"objectType": object_type, "objectId": "7"}
    )
    assert all("/contacts/batch" not in path for path in transport.paths())


@pytest.mark.parametrize("trouble", [answer({}, status=403), answer({}, status=404), NotSentError("refused")])
async def test_trouble_with_looking_never_hides_that_nothing_was_found(trouble: HttpResponse | NotSentError) -> None:
    async def respond(request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            return NOT_FOUND
        if isinstance(trouble, HttpResponse):
            return trouble
        raise trouble

    error, _ = await miss(respond, params={"contactId": 7})
    assert error.errors == ()


@pytest.mark.requirement("deadline")
@pytest.mark.parametrize(("timeout_s", "took_s"), [(None, 2), (0.5, 0.5)])
async def test_looking_ends_after_two_seconds_or_with_the_calls_time(timeout_s: float | None, took_s: float) -> None:
    async def respond(request: HttpRequest) -> HttpResponse:
        return NOT_FOUND if request.method == "GET" else await asyncio.Future[HttpResponse]()

    error, _ = await miss(respond, timeout_s=timeout_s, params={"contactId": 7})
    assert error.errors == ()
    assert asyncio.get_running_loop().time() == pytest.approx(took_s)


@pytest.mark.requirement("deadline")
async def test_a_call_that_took_all_its_time_is_not_looked_into() -> None:
    clock = Passing()

    async def respond(_: HttpRequest) -> HttpResponse:
        clock.passed_s += 61
        return NOT_FOUND

    error, transport = await miss(respond, clock=clock, params={"contactId": 7})
    assert error.errors == ()
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("bulk", "params"),
    [
        (True, {"contactId": 7}),
        (False, {"contactId": "\u0667"}),
        (False, {"contactId": "7", "idProperty": "customer_number"}),
    ],
)
async def test_bulk_work_and_what_is_no_plain_id_is_not_looked_for(bulk: bool, params: dict[str, object]) -> None:
    error, transport = await miss(NOT_FOUND, bulk=bulk, params=params)
    assert error.errors == ()
    assert len(transport.requests) == 1


async def test_an_address_in_place_of_an_id_is_told_how_to_be_looked_up() -> None:
    error, transport = await miss(NOT_FOUND, params={"contactId": "kim@acme.example"})
    assert [item.error_code for item in error.errors] == ["no_id"]
    assert "idProperty='email'" in error.message
    assert len(transport.requests) == 1


async def test_what_is_no_record_is_not_looked_for() -> None:
    _, transport = await miss(NOT_FOUND, entity="owners", params={"ownerId": "7"})
    assert len(transport.requests) == 1
