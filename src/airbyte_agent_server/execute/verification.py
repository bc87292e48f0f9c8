"""How a record can be looked up after a write of which nobody knows whether it happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._composition import Composition
from airbyte_agent_hubspot._operation import Operation

_MAX_FILTERS = 3
_MAX_GROUPS = 5
_LONGEST_VALUE = 200
_NAMED_BY = {
    "properties": ("get", {"objectType": "objectType", "propertyName": "name"}),
    "property_groups": ("get", {"objectType": "objectType", "groupName": "name"}),
    "schemas": ("get", {"objectType": "name"}),
    "pipelines": ("list", {"objectType": "objectType"}),
    "stages": ("list", {"objectType": "objectType", "pipelineId": "pipelineId"}),
    "lists": ("search", {"query": "name"}),
    "association_labels": ("list", {"fromObjectType": "fromObjectType", "toObjectType": "toObjectType"}),
}
"""Entity -> the action that shows what was created, and which of its parameters is which of the creation's."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The call to make, and what it tells. Without `action` HubSpot has no call for it."""

    entity: str
    action: str | None
    params: Mapping[str, object]
    hint: str


def verification_of(operation: Operation, params: Mapping[str, object]) -> Verification:
    """How to find out whether `operation` happened."""
    entity = operation.entity
    if isinstance(operation.encode, Composition):
        hint = "It is made of several calls: look at the records it was about, and do only what is missing."
        return Verification(entity, None, {}, hint)
    if operation.action == "delete":
        look = CATALOG.find(entity, "get").reader
        wanted = {look.wire_names[key]: params[look.wire_names[key]] for key in look.required}
        return Verification(entity, "get", wanted, "It happened if there is no such record any more.")
    if entity in _NAMED_BY:
        action, names = _NAMED_BY[entity]
        wanted = {name: params[source] for name, source in names.items()}
        return Verification(entity, action, wanted, "It happened if what was to be created is there.")
    if entity == "marketing_emails":
        return Verification(
            entity,
            None,
            {},
            "HubSpot shows what was sent on the recipient's timeline; a send with `message.sendId` is sent only once.",
        )
    kind = {"objectType": params["objectType"]} if "objectType" in params else {}
    if operation.action == "merge":
        hint = "It happened if the record that comes back has another id."
        id_name = CATALOG.find(entity, "get").reader.wire_names["record_id"]
        wanted = {**kind, id_name: params["objectIdToMerge"]}
        return Verification(entity, "get", wanted, hint)
    return _created(entity, kind, list(_inputs(params)))


def _inputs(params: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The properties of each record that was to be created."""
    for item in cast("list[Mapping[str, object]]", params.get("inputs", [params])):
        yield cast("dict[str, object]", item["properties"])


def _created(entity: str, kind: Mapping[str, object], inputs: list[dict[str, object]]) -> Verification:
    emails = [item["email"] for item in inputs if item.get("email")]
    if entity == "contacts" and len(emails) == len(inputs):
        hint = "It happened if the contact is there: no two contacts share an e-mail address."
        return Verification(entity, "batch_get", {"ids": emails, "idProperty": "email"}, hint)
    groups = [{"filters": filters} for item in inputs[:_MAX_GROUPS] if (filters := _filters(item))]
    hint = "It happened if a record created just now is there. HubSpot's search lags by seconds: wait before."
    return Verification(entity, "api_search", {**kind, "filterGroups": groups} if groups else dict(kind), hint)


def _filters(properties: Mapping[str, object]) -> list[dict[str, object]]:
    """Conditions that the record fits: by its first short values."""
    short = [(name, value) for name, value in properties.items() if value and len(str(value)) <= _LONGEST_VALUE]
    return [{"propertyName": name, "operator": "EQ", "value": value} for name, value in short[:_MAX_FILTERS]]
