"""Shapes: what HubSpot sends, read directly or across the hosted envelope, is the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._shape import Metadata, PageShape
from airbyte_agent_hubspot.models import CheckResult, Contact, Page, PageMeta
from unit.examples import bodies_of, params_of

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation


@pytest.mark.requirement("one-interface")
@pytest.mark.parametrize("operation", list(CATALOG), ids=lambda one: f"{one.entity}.{one.action}")
@settings(max_examples=5)
@given(data=st.data())
def test_the_envelope_changes_nothing(operation: Operation, data: st.DataObject) -> None:
    params = operation.reader.read(data.draw(params_of(operation)))
    answered = data.draw(bodies_of(operation.shape, params))
    body = b"" if answered is None else json.dumps(answered).encode()
    envelope = operation.shape.to_envelope(body, params)
    sent = msgspec.json.decode(msgspec.json.encode(envelope.metadata), type=Metadata)
    assert operation.shape.from_envelope(envelope.result, sent) == operation.shape.decode(body, params)


def test_a_pages_records_cross_the_envelope_byte_by_byte() -> None:
    body = (
        b'{"total": 3, "results":[ {"id":"1" , "newer": 1.50} ],"paging":{"next":{"after":"102","link":"https://x"}}}'
    )
    shape = PageShape(Contact)
    envelope = shape.to_envelope(body, {})
    assert (envelope.result, envelope.records) == (b'[{"id":"1" , "newer": 1.50}]', 1)
    assert msgspec.json.encode(envelope.metadata) == (
        b'{"next_cursor":"102","next_link":"https://x","has_next_page":true,"end_cursor":"102","total":3}'
    )
    assert shape.from_envelope(envelope.result, envelope.metadata) == Page([Contact("1")], PageMeta("102", 3))


def test_the_last_page_says_so() -> None:
    envelope = PageShape(Contact).to_envelope(b'{"results":[]}', {})
    assert msgspec.json.encode(envelope.metadata) == (
        b'{"next_cursor":null,"next_link":null,"has_next_page":false,"end_cursor":null}'
    )


def test_an_envelope_without_metadata_is_a_last_page() -> None:
    assert PageShape(Contact).from_envelope(b"[]", msgspec.json.decode(b"{}", type=Metadata)) == Page([], PageMeta())


@pytest.mark.parametrize("action", ["list", "get"])
def test_what_is_no_json_does_not_cross_the_envelope(action: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        CATALOG.find("contacts", action).shape.to_envelope(b'{"results":[1', {})


def test_a_healthy_check_names_the_account() -> None:
    shape = CATALOG.find("*", "check").shape
    assert shape.decode(b'{"portalId":24681012,"uiDomain":"app.hubspot.com"}', {}) == CheckResult(
        "healthy", None, "account", "details", 24681012, []
    )
