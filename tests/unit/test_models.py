"""Credentials that keep their secrets, records with attributes, results that are plain JSON."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.models import (
    AirbyteAuthConfig,
    AssociatedId,
    AssociatedIds,
    Association,
    AssociationType,
    BatchItem,
    BatchResult,
    CheckResult,
    Company,
    Contact,
    Deal,
    HubspotAuthConfig,
    HubspotPrivateAppAuthConfig,
    ItemError,
    Owner,
    Page,
    PageMeta,
    PropertyDefinition,
    PropertyVersion,
    Record,
    Schema,
    SchemaLabels,
    SegmentList,
    Stage,
    StandardProperty,
    Ticket,
    TokenGrant,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CONTACT = b"""{"id":"601200300401","properties":{"createdate":"2026-10-05T09:15:30.250Z","email":"ana@acme.example",
"firstname":"Ana","hs_object_id":"601200300401","lastname":null},"createdAt":"2026-10-05T09:15:30.250Z",
"updatedAt":"2026-10-05T09:15:30Z","archived":true,"archivedAt":"2026-10-06T00:00:00Z",
"url":"https://app.hubspot.com/contacts/24681012/record/0-1/601200300401","objectWriteTraceId":"unknown to us",
"associations":{"companies":{"results":[{"id":"7","type":"contact_to_company"}],"paging":{}}},
"propertiesWithHistory":{"email":[{"value":"ana@acme.example","timestamp":"2026-10-05T09:15:30.250Z",
"sourceType":"CRM_UI","sourceId":"userId:55443322","updatedByUserId":55443322}]}}"""


def decode() -> Contact:
    return msgspec.json.decode(CONTACT, type=Contact)


def test_a_record_reads_its_standard_properties_and_instants() -> None:
    contact = decode()
    assert (contact.email, contact.firstname, contact.lastname, contact.jobtitle) == (
        "ana@acme.example",
        "Ana",
        None,
        None,
    )
    assert contact.created_at == datetime(2026, 10, 5, 9, 15, 30, 250_000, tzinfo=UTC)
    assert contact.updated_at == datetime(2026, 10, 5, 9, 15, 30, tzinfo=UTC)
    assert contact.archived_at == datetime(2026, 10, 6, tzinfo=UTC)
    assert contact.created_at.utcoffset() == timedelta(0)
    assert contact.associations == {"companies": AssociatedIds([AssociatedId("7", "contact_to_company")], {})}
    assert contact.properties_with_history == {
        "email": [
            PropertyVersion("ana@acme.example", "2026-10-05T09:15:30.250Z", "CRM_UI", "userId:55443322", None, 55443322)
        ]
    }


def test_a_record_without_instants_has_none() -> None:
    record = Record("1")
    assert (record.created_at, record.updated_at, record.archived_at) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "attribute", "text", "value"),
    [
        (Contact, "hs_email_optout", "true", True),
        (Contact, "hs_email_optout", "false", False),
        (Contact, "hs_additional_emails", "a@b.example;c@d.example;", ["a@b.example", "c@d.example"]),
        (Contact, "num_associated_deals", "3", 3),
        (Company, "domain", "acme.example", "acme.example"),
        (Company, "annualrevenue", "0.10", Decimal("0.10")),
        (Company, "numberofemployees", "50", 50),
        (Deal, "amount", "1200.10", Decimal("1200.10")),
        (Deal, "dealstage", "won", "won"),
        (Deal, "closedate", "2026-10-05T09:15:30.250Z", datetime(2026, 10, 5, 9, 15, 30, 250_000, tzinfo=UTC)),
        (Deal, "hs_is_closed_won", "true", True),
        (Ticket, "hs_ticket_category", "BILLING;OTHER", ["BILLING", "OTHER"]),
        (Ticket, "time_to_close", "86400000", 86_400_000),
        (Ticket, "subject", "Printer", "Printer"),
    ],
)
def test_a_standard_property_is_an_attribute_of_its_type(
    kind: type[Record], attribute: str, text: str, value: object
) -> None:
    read = getattr(kind("1", {attribute: text}), attribute)
    assert (read, type(read)) == (value, type(value))
    properties: list[dict[str, str | None]] = [{}, {attribute: None}, {attribute: ""}]
    assert [getattr(kind("1", absent), attribute) for absent in properties] == [None, None, None]


@pytest.mark.parametrize("kind", [Contact, Company, Deal, Ticket])
def test_every_standard_property_says_what_it_is_and_reads_its_own_name(kind: type[Record]) -> None:
    found = {name: item for name, item in vars(kind).items() if isinstance(item, StandardProperty)}
    assert len(found) > 15
    for name, item in found.items():
        assert getattr(kind, name) is item
        assert (item.__doc__ or "").endswith(".")
        texts = ("7", "2026-10-05T09:15:30.250Z")  # one of them is of any type
        assert [read_or_none(kind("1", {f"not_{name}": text}), name) for text in texts] == [None, None]
        assert any(read_or_none(kind("1", {name: text}), name) is not None for text in texts), name


def read_or_none(record: Record, name: str) -> object:
    try:
        value: object = getattr(record, name)
    except (ArithmeticError, ValueError):  # the text is of another type
        return None
    return value


def test_records_are_frozen_and_equal_by_value() -> None:
    assert decode() == decode()
    contact: Record = Contact("1")
    assert contact != Company("1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        decode().id = "2"  # type: ignore[misc]


def test_a_result_is_plain_json_under_hubspots_names_without_what_is_absent() -> None:
    contact = Contact("1", {"email": None}, createdAt="2026-10-05T09:15:30Z")
    plain = {"id": "1", "properties": {"email": None}, "createdAt": "2026-10-05T09:15:30Z", "archived": False}
    page = Page([contact], PageMeta("2", 5))
    assert page.to_dict() == {"data": [plain], "meta": {"next_cursor": "2", "total": 5}}
    assert page.model_dump(mode="json") == page.model_dump(mode="python") == page.to_dict()
    assert json.loads(str(page)) == page.to_dict()
    assert str(Page([Contact("ü")], PageMeta())) == '{"data":[{"id":"ü","properties":{},"archived":false}],"meta":{}}'


def test_nested_objects_are_plain_too() -> None:
    schema = Schema("2-1", "cars", labels=SchemaLabels("Car"), properties=[PropertyDefinition("vin")])
    plain = schema.to_dict()
    assert plain["labels"] == {"singular": "Car"}
    assert plain["properties"] == [
        {
            "name": "vin",
            "options": [],
            "hasUniqueValue": False,
            "calculated": False,
            "hidden": False,
            "archived": False,
            "hubspotDefined": False,
        }
    ]
    assert CheckResult("healthy", hub_id=1, missing_scopes=[]).to_dict() == {
        "status": "healthy",
        "hub_id": 1,
        "missing_scopes": [],
    }


def test_a_page_is_the_sequence_of_its_records() -> None:
    page = Page([Contact("1"), Contact("2")], PageMeta("3"))
    assert [record.id for record in page] == ["1", "2"]
    assert len(page) == 2
    assert page.meta.has_next_page
    assert not PageMeta().has_next_page


def test_a_batch_is_the_sequence_of_what_became_of_its_inputs() -> None:
    lost: BatchItem[Contact] = BatchItem(1, None, None, ItemError("object_not_found", "Lost."))
    batch = BatchResult([BatchItem(0, "7", Contact("7")), lost, BatchItem(2, "9")])
    assert (batch.records, batch.errors, len(batch)) == ([Contact("7")], [lost], 3)
    assert [item.index for item in batch] == [0, 1, 2]
    assert batch.to_dict() == {
        "items": [
            {"index": 0, "id": "7", "record": {"id": "7", "properties": {}, "archived": False}},
            {"index": 1, "error": {"code": "object_not_found", "message": "Lost."}},
            {"index": 2, "id": "9"},
        ]
    }
    assert BatchResult().items == []


@pytest.mark.parametrize(
    ("metadata", "is_closed", "probability"),
    [
        ({"probability": "0.2", "isClosed": "false"}, False, 0.2),
        ({"probability": "1.0", "isClosed": "true"}, True, 1.0),
        ({"ticketState": "OPEN"}, False, None),
        ({"ticketState": "CLOSED"}, True, None),
        ({}, False, None),
    ],
)
def test_a_stage_says_whether_it_ends_and_how_likely_it_is_won(
    metadata: dict[str, str], *, is_closed: bool, probability: float | None
) -> None:
    stage = Stage("1", metadata=metadata)
    assert (stage.is_closed, stage.probability) == (is_closed, probability)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Owner("1", "a@b.example", firstName="Ana", lastName="Ng"), "Ana Ng"),
        (Owner("1", "a@b.example", lastName="Ng"), "Ng"),
        (Owner("1", "a@b.example", firstName=""), "a@b.example"),
        (Owner("1"), "1"),
    ],
)
def test_an_owner_has_a_name_by_which_to_show_it(owner: Owner, name: str) -> None:
    assert owner.full_name == name


@pytest.mark.parametrize(
    ("additional", "size"),
    [(None, None), ({}, None), ({"hs_list_size": None}, None), ({"hs_list_size": "42"}, 42)],
)
def test_a_list_knows_its_size_where_it_was_asked_for(
    additional: dict[str, str | None] | None, size: int | None
) -> None:
    assert SegmentList("5", "Customers", additionalProperties=additional).size == size


def test_an_association_names_the_labels_among_its_types() -> None:
    types = [AssociationType("HUBSPOT_DEFINED", 1, "Primary"), AssociationType("HUBSPOT_DEFINED", 279)]
    assert Association("7", types).labels == ["Primary"]


# ---------------------------------------------------------------- credentials


@pytest.mark.requirement("no-secrets-shown")
@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (
            HubspotAuthConfig(client_id="id-1", client_secret="s3cret", refresh_token="s3cret", access_token="s3cret"),
            "HubspotAuthConfig(refresh_token=***, client_id='id-1', client_secret=***, access_token=***)",
        ),
        (HubspotAuthConfig(refresh_token="s3cret"), "HubspotAuthConfig(refresh_token=***)"),
        (
            HubspotPrivateAppAuthConfig(private_app_token="s3cret"),
            "HubspotPrivateAppAuthConfig(private_app_token=***)",
        ),
        (
            AirbyteAuthConfig(airbyte_client_id="id-1", airbyte_client_secret="s3cret", workspace_name="user-123"),
            "AirbyteAuthConfig(airbyte_client_id='id-1', airbyte_client_secret=***, workspace_name='user-123')",
        ),
        (
            TokenGrant("s3cret", "s3cret", 2_800.0, 24681012),
            "TokenGrant(access_token=***, refresh_token=***, expires_at_s=2800.0, hub_id=24681012)",
        ),
    ],
)
def test_secrets_show_only_that_they_are_set(shown: object, expected: str) -> None:
    assert repr(shown) == str(shown) == f"{shown}" == expected


@pytest.mark.parametrize(
    ("construct", "missing"),
    [
        (HubspotAuthConfig, "refresh_token"),
        (lambda: HubspotAuthConfig(refresh_token=""), "refresh_token"),
        (lambda: HubspotAuthConfig(refresh_token="r", client_id="id-1"), "client_secret"),
        (lambda: HubspotAuthConfig(refresh_token="r", client_secret="s", client_id=""), "client_id"),
        (HubspotPrivateAppAuthConfig, "private_app_token"),
    ],
)
def test_incomplete_credentials_name_what_is_missing(construct: Callable[[], object], missing: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        construct()
    assert caught.value.message.startswith(f"{missing} is missing")


@pytest.mark.parametrize("kind", [HubspotAuthConfig, HubspotPrivateAppAuthConfig, AirbyteAuthConfig])
def test_credentials_refuse_unknown_fields(kind: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        kind(refresh_tokn="r")
