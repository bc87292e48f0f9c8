"""Views of the catalog: JSON Schema, descriptions, the text that a model reads."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import describe_connector, describe_entity, params_schema, signature_of, tool_text
from airbyte_agent_hubspot.errors import InvalidParamsError, UnknownOperationError
from unit.test_reader import SEARCHES, in_camel

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation


RECORDS = {entity for entity in CATALOG.entities if "batch_get" in CATALOG.find_entity(entity)} - {"associations"}


def name_of(operation: Operation) -> str:
    return f"{operation.entity}.{operation.action}"


@pytest.mark.parametrize("operation", list(CATALOG), ids=name_of)
def test_the_parameters_of_each_operation_have_a_valid_schema(operation: Operation) -> None:
    schema: dict[str, Any] = params_schema(operation)
    Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    assert schema["additionalProperties"] is False
    assert schema["properties"].keys() == set(operation.reader.wire_names.values())


def test_a_schema_says_what_is_required_how_much_and_what_for() -> None:
    assert params_schema(CATALOG.find("objects", "list"))["required"] == ["objectType"]
    schema = params_schema(CATALOG.find("schemas", "get"))
    assert schema == {
        "type": "object",
        "properties": {
            "objectType": {
                "type": "string",
                "minLength": 1,
                "description": "An object type: a name (`contacts`), a type id (`0-1`, `2-123`) "
                "or a custom object's full name (`p123_cars`).",
            }
        },
        "additionalProperties": False,
        "required": ["objectType"],
    }


@given(params=SEARCHES)
def test_what_the_reader_takes_the_schema_takes_too(params: dict[str, object]) -> None:
    operation = CATALOG.find("contacts", "api_search")
    Draft202012Validator(params_schema(operation)).validate(in_camel(params))


@given(limit=st.integers(-5, 300))
def test_what_the_schema_refuses_the_reader_refuses_too(limit: int) -> None:
    operation = CATALOG.find("contacts", "list")
    valid = Draft202012Validator(params_schema(operation)).is_valid({"limit": limit})
    try:
        operation.reader.read({"limit": limit})
    except InvalidParamsError:
        assert not valid
    else:
        assert valid


def test_an_entity_is_told_with_its_actions() -> None:
    told = describe_entity(CATALOG, "schemas")
    assert (told["name"], told["description"], told["searchable_fields"]) == (
        "schemas",
        "Object types: their names, properties and associations.",
        [],
    )
    assert told["actions"] == [
        {
            "name": action,
            "description": operation.summary,
            "writes": action in {"create", "update", "delete"},
            "params": params_schema(operation),
        }
        for action, operation in CATALOG.find_entity("schemas").items()
    ]
    with pytest.raises(UnknownOperationError):
        describe_entity(CATALOG, "schema")


def test_the_connector_is_told_with_its_entities() -> None:
    told = describe_connector(CATALOG)
    assert told["entities"] == [describe_entity(CATALOG, name) for name in CATALOG.entities if name != "*"]
    assert (told["connector_type"], told["context_store"], told["sql_dialect"]) == ("HubSpot", None, None)


def test_a_signature_names_the_required_parameters_first() -> None:
    assert signature_of(CATALOG.find("objects", "get")) == (
        "get(objectType*, objectId*, properties, propertiesWithHistory, associations, idProperty, archived)"
    )
    assert signature_of(CATALOG.find("*", "check")) == "check()"


@pytest.mark.requirement("tool-text")
def test_the_text_for_models_names_every_operation_and_parameter() -> None:
    text = tool_text(CATALOG)
    for operation in CATALOG:
        id_name = operation.wire_names.get("record_id", "<id>")
        shared = signature_of(operation).replace("objectType*, ", "").replace("objectType*", "")
        of_records = shared.replace(f"{id_name}*", "<id>*")
        told = of_records if operation.entity in RECORDS else signature_of(operation)
        assert re.search(rf"(?<!\w){re.escape(operation.entity)}(?!\w)", text), operation.entity
        assert told in text, operation
    assert "merge(primaryObjectId*, objectIdToMerge*): contacts, companies, deals, tickets only" in text
    assert "move_stage(record*, stage*, pipeline): deals, tickets only" in text
    for word in ("next_cursor", "BETWEEN", "highValue", "NOT_CONTAINS_TOKEN"):
        assert word in text


@pytest.mark.requirement("tool-text")
def test_the_text_for_models_fits_into_1500_tokens() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it opens its data by an old function
        from bpe_openai import get_encoding  # noqa: PLC0415

        encoding = get_encoding("o200k_base")
    assert len(encoding.encode(tool_text(CATALOG))) <= 1500
