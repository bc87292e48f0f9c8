"""Credentials that keep their secrets, records with attributes, results that are plain JSON."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.models import (
    AirbyteAuthConfig,
    AssociatedId,
    AssociatedIds,
    CheckResult,
    Company,
    Contact,
    Deal,
    HubspotAuthConfig,
    HubspotPrivateAppAuthConfig,
    Page,
    PageMeta,
    PropertyDefinition,
    PropertyVersion,
    Record,
    Schema,
    SchemaLabels,
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


@pytest.mark.parametrize(("kind", "attribute"), [(Company, "domain"), (Deal, "dealstage"), (Ticket, "subject")])
def test_each_entity_has_attributes_of_its_own(kind: type[Record], attribute: str) -> None:
    assert getattr(kind("1", {attribute: "x"}), attribute) == "x"
    assert getattr(kind, attribute).__doc__


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
