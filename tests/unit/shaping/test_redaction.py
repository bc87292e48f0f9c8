"""Personal data kept from models."""

from __future__ import annotations

import pytest

from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.models import Contact, Page, PageMeta
from airbyte_agent_hubspot.shaping import EMAIL_ADDRESS, PHONE_NUMBER, Redaction

CONTACT = Contact(
    "1", {"email": "ana@acme.example", "mobilephone": "+1 617-555-0100", "note": "Mail ana@acme.example!"}
)


def test_what_a_property_holds_is_hidden_in_the_other_texts_of_the_record_too() -> None:
    redaction = Redaction({"email": "mask", "*phone*": "drop"})
    assert redaction.apply(CONTACT) == {
        "id": "1",
        "properties": {"email": "[redacted]", "note": "Mail [redacted]!"},
        "archived": False,
    }


def test_dropped_values_are_hidden_in_other_texts() -> None:
    shown = Redaction({"email": "drop"}).redacted(
        {"email": "ana@acme.example", "note": "to ana@acme.example", "age": 5}
    )
    assert shown == {"note": "to [redacted]", "age": 5}


def test_equal_values_have_equal_hashes_under_one_key() -> None:
    first, same, other = (Redaction({"email": "hash"}, key=key) for key in (b"a", b"a", b"b"))
    value = {"email": "ana@acme.example"}
    assert first.redacted(value) == same.redacted({"email": " Ana@Acme.example"})
    assert first.redacted(value) != other.redacted(value)
    assert first.redacted(value) != Redaction({"email": "hash"}).redacted(value)
    assert "b'a'" not in repr(first)


def test_each_record_of_a_page_is_redacted_by_itself() -> None:
    page = Page([CONTACT, Contact("2", {"note": "Ask ana@acme.example"})], PageMeta("2"))
    shown = Redaction({"email": "mask"}).apply(page)
    assert shown == {
        "data": [
            {
                "id": "1",
                "properties": {
                    "email": "[redacted]",
                    "mobilephone": "+1 617-555-0100",
                    "note": "Mail [redacted]!",
                },
                "archived": False,
            },
            {"id": "2", "properties": {"note": "Ask ana@acme.example"}, "archived": False},
        ],
        "meta": {"next_cursor": "2"},
    }
    assert Redaction({"email": "mask"}).redacted([{"email": "a@b.example"}]) == [{"email": "[redacted]"}]


def test_patterns_are_looked_for_in_every_text_and_name() -> None:
    redaction = Redaction(texts={EMAIL_ADDRESS: "mask", PHONE_NUMBER: "drop"})
    assert redaction.redacted({"ana@acme.example": ["call +1 617-555-0100", 7, None]}) == {
        "[redacted]": ["call ", 7, None]
    }
    assert redaction.text("2026-01-02T03:04:05Z, 14550, ask ana@acme.example") == (
        "2026-01-02T03:04:05Z, 14550, ask [redacted]"
    )


def test_values_over_time_and_labels_of_values_are_redacted_too() -> None:
    redaction = Redaction({"email": "mask", "hubspot_owner_id": "drop", "flag": "mask", "tags": "mask"})
    shown = redaction.redacted(
        {
            "propertiesWithHistory": {"email": [{"value": "ana@acme.example", "timestamp": "2026"}]},
            "labels": {"email": {"ana@acme.example": "Ana"}, "hubspot_owner_id": {"77": "Dana"}},
            "flag": True,
            "tags": ["new", None],
        }
    )
    assert shown == {
        "propertiesWithHistory": {"email": [{"value": "[redacted]", "timestamp": "2026"}]},
        "labels": {"email": {"[redacted]": "[redacted]"}},
        "flag": True,
        "tags": ["[redacted]", None],
    }


def test_an_unknown_way_and_a_broken_pattern_are_refused() -> None:
    with pytest.raises(ConfigurationError) as unknown:
        Redaction({"email": "blur"})  # type: ignore[dict-item]
    assert unknown.value.message == "'blur' is no way to redact 'email': mask, hash, drop are."
    with pytest.raises(ConfigurationError):
        Redaction(texts={"(": "mask"})
