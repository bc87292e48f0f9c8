"""One walk through each entity: every operation of the catalog, in an order in which it makes sense.

A step is (entity, action, params). Its params may hold functions of what the walk has found so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airbyte_agent_hubspot import HubspotConnector
    from airbyte_agent_hubspot.models import Result

Found: TypeAlias = "dict[str, dict[str, object]]"
Param: TypeAlias = "object | Callable[[Found], object]"


@dataclass(frozen=True)
class Step:
    """One operation; `keep` names its result for later steps, `expect` is a part of it that must be there."""

    entity: str
    action: str
    params: Mapping[str, object] = field(default_factory=dict)
    keep: str = ""
    expect: Mapping[str, object] = field(default_factory=dict)


def of(name: str, *path: str | int) -> Callable[[Found], object]:
    """What an earlier step found."""

    def read(found: Found) -> object:
        value: object = found[name]
        for part in path:
            value = cast("dict[object, object]", value)[part]
        return value

    return read


def _filled(value: object, found: Found) -> object:
    if callable(value):
        return value(found)
    if isinstance(value, dict):
        return {key: _filled(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, found) for item in value]
    return value


async def walk(connector: HubspotConnector, steps: list[Step]) -> list[Result]:
    """The result of each step."""
    found: Found = {}
    results: list[Result] = []
    for step in steps:
        params = cast("dict[str, object]", _filled(dict(step.params), found))
        result = await connector.execute(step.entity, step.action, params)
        found[step.keep or "last"] = result.to_dict()
        expected = cast("dict[str, object]", _filled(dict(step.expect), found))
        assert expected.items() <= found[step.keep or "last"].items(), f"{step.entity}.{step.action}: {result}"
        results.append(result)
    return results


_NEW: dict[str, dict[str, object]] = {
    "contacts": {"email": "walk@acme.example", "firstname": "Walk"},
    "companies": {"name": "Walk Ltd", "domain": "walk.example"},
    "deals": {"dealname": "Walk", "dealstage": "appointmentscheduled", "amount": 12.5},
    "tickets": {"subject": "Walk", "hs_pipeline_stage": "1"},
    "products": {"name": "Walk", "price": 3},
    "line_items": {"name": "Walk", "quantity": 1, "price": 3},
    "quotes": {"hs_title": "Walk", "hs_expiration_date": "2027-01-31"},
    "leads": {"hs_lead_name": "Walk"},
    "notes": {"hs_timestamp": "2026-11-20T09:00:00Z", "hs_note_body": "Walk"},
    "calls": {"hs_timestamp": "2026-11-20T09:00:00Z", "hs_call_title": "Walk"},
    "emails": {"hs_timestamp": "2026-11-20T09:00:00Z", "hs_email_direction": "EMAIL", "hs_email_subject": "Walk"},
    "meetings": {"hs_timestamp": "2026-11-20T09:00:00Z", "hs_meeting_title": "Walk"},
    "tasks": {"hs_timestamp": "2026-11-20T09:00:00Z", "hs_task_subject": "Walk"},
    "communications": {
        "hs_timestamp": "2026-11-20T09:00:00Z",
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": "Walk",
    },
}
_CHANGE: dict[str, dict[str, object]] = {
    "contacts": {"firstname": "Wander"},
    "companies": {"city": "Graz"},
    "deals": {"amount": "99"},
    "tickets": {"hs_ticket_priority": "HIGH"},
    "products": {"price": "4"},
    "line_items": {"quantity": "2"},
    "quotes": {"hs_title": "Wander"},
    "leads": {"hs_lead_name": "Wander"},
    "notes": {"hs_note_body": "Wander"},
    "calls": {"hs_call_title": "Wander"},
    "emails": {"hs_email_subject": "Wander"},
    "meetings": {"hs_meeting_title": "Wander"},
    "tasks": {"hs_task_status": "COMPLETED"},
    "communications": {"hs_communication_body": "Wander"},
}
_UNIQUE = "walk_key"
"""A unique property that each walk makes, to upsert by."""
_MERGEABLE = frozenset({"contacts", "companies", "deals", "tickets"})
_BUSINESS = frozenset({*_MERGEABLE, "products", "line_items", "quotes", "leads"})


def id_name_of(entity: str) -> str:
    """Wire name of the record's id."""
    singular = {"companies": "company"}.get(entity, entity.removesuffix("s"))
    first, *rest = singular.split("_")
    return first + "".join(part.capitalize() for part in rest) + "Id"


def record_walk(entity: str) -> list[Step]:
    """All operations on the records of one entity."""
    new, change, id_name = _NEW[entity], _CHANGE[entity], id_name_of(entity)
    related: dict[str, object] = (
        {"associations": [{"toObjectType": "contacts", "toObjectId": of("contact", "data", 0, "id")}]}
        if entity in {"leads", "notes", "tasks"}
        else {}
    )
    if entity == "contacts":
        by_key, other = ("email", "other@acme.example"), dict[str, object](email="other@acme.example")
    else:
        by_key, other = (_UNIQUE, "k-1"), {**new}
    steps = [
        Step("contacts", "list", {"limit": 1}, "contact"),
        Step("property_groups", "list", {"objectType": entity}, "groups"),
        *([] if entity == "contacts" else [_unique_property(entity)]),
        Step(entity, "create", {"properties": new, **related}, "made"),
        Step(entity, "get", {id_name: of("made", "id"), "properties": list(change)}, "read"),
        Step(entity, "update", {id_name: of("made", "id"), "properties": change}),
        Step(entity, "list", {"limit": 2}),
        Step(entity, "api_search", {"limit": 1}),
        Step(entity, "upsert", {"idProperty": by_key[0], "id": by_key[1], "properties": other}, "upserted"),
        Step(entity, "batch_get", {"ids": [of("made", "id"), of("upserted", "id")]}),
        Step(entity, "batch_create", {"inputs": [{"properties": _second(entity, new), **related}]}, "batch"),
        Step(entity, "batch_update", {"inputs": [{"id": of("made", "id"), "properties": change}]}),
        Step(
            entity,
            "batch_upsert",
            {"idProperty": by_key[0], "inputs": [{"id": by_key[1], "properties": change}]},
        ),
    ]
    steps += _questions(entity)
    if entity in _MERGEABLE:
        steps.append(
            Step(
                entity,
                "merge",
                {"primaryObjectId": of("made", "id"), "objectIdToMerge": of("upserted", "id")},
            )
        )
    return [
        *steps,
        Step(entity, "batch_delete", {"ids": [of("batch", "items", 0, "id")]}),
        Step(entity, "delete", {id_name: of("made", "id")}, expect={"deleted": True}),
    ]


def _questions(entity: str) -> list[Step]:
    """The operations on records that are made of others."""
    steps = [
        Step(entity, "find", {"where": {"created": "this year"}, "limit": 3}),
        Step(entity, "aggregate", {"groupBy": "month"}),
    ]
    if entity in _BUSINESS:
        name = next(iter(_NEW[entity])) if entity != "contacts" else "firstname"
        steps += [
            Step(entity, "overview", {"record": of("made", "id")}, expect={"entity": entity}),
            Step(entity, "upsert_by", {"by": {name: "Nobody"}, "properties": _unnamed(entity, name)}),
        ]
    if entity in {"deals", "tickets"}:
        stage = "Contract sent" if entity == "deals" else "Waiting on us"
        steps.append(Step(entity, "move_stage", {"record": of("made", "id"), "stage": stage}, expect={"changed": True}))
    if entity == "tasks":
        steps.append(Step(entity, "create_task", {"title": "Call back", "due": "next friday"}))
    return steps


def _unnamed(entity: str, name: str) -> dict[str, object]:
    """What a new record needs beside its name."""
    values = {"email": "nobody@acme.example"} if entity == "contacts" else _NEW[entity]
    return {key: value for key, value in values.items() if key != name} or _CHANGE[entity]


def _second(entity: str, new: dict[str, object]) -> dict[str, object]:
    return {**new, "email": "second@acme.example"} if entity == "contacts" else new


def _unique_property(object_type: str) -> Step:
    return Step(
        "properties",
        "create",
        {
            "objectType": object_type,
            "name": _UNIQUE,
            "label": "Walk key",
            "type": "string",
            "fieldType": "text",
            "groupName": of("groups", "data", 0, "name"),
            "hasUniqueValue": True,
        },
    )


def _object_walk() -> list[Step]:
    """All operations of `objects`, on a custom type that the walk makes."""
    kind = {"objectType": of("schema", "objectTypeId")}
    return [
        Step(
            "schemas",
            "create",
            {
                "name": "walk",
                "labels": {"singular": "Walk", "plural": "Walks"},
                "primaryDisplayProperty": "title",
                "properties": [{"name": "title", "label": "Title", "type": "string", "fieldType": "text"}],
            },
            "schema",
        ),
        Step("schemas", "get", kind),
        Step("schemas", "list"),
        Step("schemas", "update", {**kind, "labels": {"singular": "Stroll", "plural": "Strolls"}}),
        Step(
            "properties",
            "create",
            {
                **kind,
                "name": _UNIQUE,
                "label": "Walk key",
                "type": "string",
                "fieldType": "text",
                "groupName": "walk_information",
                "hasUniqueValue": True,
            },
        ),
        Step("objects", "create", {**kind, "properties": {"title": "One"}}, "one"),
        Step("objects", "create", {**kind, "properties": {"title": "Two"}}, "two"),
        Step("objects", "get", {**kind, "objectId": of("one", "id")}),
        Step("objects", "update", {**kind, "objectId": of("one", "id"), "properties": {"title": "First"}}),
        Step("objects", "list", kind),
        Step("objects", "api_search", kind),
        Step(
            "objects",
            "upsert",
            {**kind, "idProperty": _UNIQUE, "id": "k-1", "properties": {"title": "Three"}},
            "three",
        ),
        Step("objects", "batch_get", {**kind, "ids": [of("one", "id")]}),
        Step("objects", "batch_create", {**kind, "inputs": [{"properties": {"title": "Four"}}]}, "four"),
        Step("objects", "batch_update", {**kind, "inputs": [{"id": of("one", "id"), "properties": {"title": "1"}}]}),
        Step(
            "objects",
            "batch_upsert",
            {**kind, "idProperty": _UNIQUE, "inputs": [{"id": "k-1", "properties": {"title": "3"}}]},
        ),
        Step(
            "objects",
            "merge",
            {**kind, "primaryObjectId": of("one", "id"), "objectIdToMerge": of("two", "id")},
        ),
        Step("objects", "find", {**kind, "where": {"title": "Three"}}),
        Step("objects", "aggregate", {**kind, "groupBy": "title"}),
        Step("objects", "overview", {**kind, "record": of("three", "id")}),
        Step("objects", "upsert_by", {**kind, "by": {"title": "Five"}, "properties": {"title": "Five"}}, "five"),
        Step("objects", "delete", {**kind, "objectId": of("five", "record", "id")}),
        Step("objects", "batch_delete", {**kind, "ids": [of("three", "id"), of("four", "items", 0, "id")]}),
        Step("objects", "delete", {**kind, "objectId": of("one", "id")}),
        Step("schemas", "delete", kind),
    ]


def _association_walk() -> list[Step]:
    pair = {"fromObjectType": "contacts", "toObjectType": "companies"}
    ends = {"fromObjectId": of("contact", "id"), "toObjectId": of("company", "id")}
    return [
        Step("contacts", "create", {"properties": {"email": "linked@acme.example"}}, "contact"),
        Step("companies", "create", {"properties": {"name": "Linked"}}, "company"),
        Step("associations", "create", {**pair, **ends}),
        Step("associations", "list", {**pair, "fromObjectId": of("contact", "id")}),
        Step("associations", "batch_get", {**pair, "ids": [of("contact", "id")]}),
        Step("association_labels", "create", {**pair, "label": "Walker", "name": "walker"}, "labels"),
        Step("association_labels", "list", pair),
        Step(
            "associations",
            "create",
            {
                **pair,
                **ends,
                "types": [
                    {"associationCategory": "USER_DEFINED", "associationTypeId": of("labels", "data", 0, "typeId")}
                ],
            },
            expect={"labels": ["Walker"]},
        ),
        Step("associations", "batch_delete", {**pair, "inputs": [ends]}),
        Step("associations", "batch_create", {**pair, "inputs": [ends]}),
        Step("associations", "delete", {**pair, **ends}),
        Step(
            "association_labels",
            "delete",
            {**pair, "associationTypeId": of("labels", "data", 0, "typeId")},
        ),
    ]


def _property_walk() -> list[Step]:
    kind = {"objectType": "contacts"}
    named = {**kind, "propertyName": "walk_color"}
    group = {**kind, "groupName": "walk_group"}
    return [
        Step("property_groups", "create", {**kind, "name": "walk_group", "label": "Walk"}),
        Step("property_groups", "list", kind),
        Step("property_groups", "get", group),
        Step("property_groups", "update", {**group, "label": "Stroll"}),
        Step(
            "properties",
            "create",
            {
                **kind,
                "name": "walk_color",
                "label": "Color",
                "type": "enumeration",
                "fieldType": "select",
                "groupName": "walk_group",
                "options": [{"label": "Red", "value": "red"}],
            },
        ),
        Step("properties", "get", named, expect={"name": "walk_color"}),
        Step("properties", "update", {**named, "label": "Colour"}),
        Step("properties", "list", kind),
        Step("properties", "delete", named),
        Step("property_groups", "delete", group),
    ]


def _pipeline_walk() -> list[Step]:
    kind = {"objectType": "deals"}
    pipeline = {**kind, "pipelineId": of("pipeline", "id")}
    stage = {**pipeline, "stageId": of("stage", "id")}
    return [
        Step(
            "pipelines",
            "create",
            {
                **kind,
                "label": "Walks",
                "displayOrder": 9,
                "stages": [{"label": "Start", "displayOrder": 0, "metadata": {"probability": 0.5}}],
            },
            "pipeline",
        ),
        Step("pipelines", "list", kind),
        Step("pipelines", "get", pipeline),
        Step("pipelines", "update", {**pipeline, "label": "Strolls"}),
        Step(
            "stages", "create", {**pipeline, "label": "End", "displayOrder": 1, "metadata": {"probability": 1}}, "stage"
        ),
        Step("stages", "list", pipeline),
        Step("stages", "get", stage),
        Step("stages", "update", {**stage, "label": "Finish"}),
        Step("stages", "delete", stage),
        Step("pipelines", "delete", pipeline),
    ]


def _people_walk() -> list[Step]:
    listed = {"listId": of("list", "listId")}
    return [
        Step("owners", "list", {}, "owners"),
        Step("owners", "get", {"ownerId": of("owners", "data", 0, "id")}),
        Step("teams", "list", {}, "teams"),
        Step("teams", "get", {"teamId": of("teams", "data", 0, "id")}),
        Step("contacts", "list", {"limit": 2}, "contacts"),
        Step("lists", "create", {"name": "Walk", "objectTypeId": "0-1", "processingType": "MANUAL"}, "list"),
        Step("lists", "get", listed, expect={"name": "Walk"}),
        Step("lists", "add", {**listed, "recordIds": [of("contacts", "data", 0, "id")]}),
        Step("lists", "members", listed),
        Step("lists", "remove", {**listed, "recordIds": [of("contacts", "data", 0, "id")]}),
        Step("lists", "search", {"query": "Walk"}),
        Step("lists", "list", {"limit": 5}),
        Step("lists", "delete", listed),
        Step("lists", "restore", listed),
    ]


def _account_walk() -> list[Step]:
    return [
        Step("*", "check", {}, expect={"status": "healthy"}),
        Step("account", "details"),
        Step("account", "api_usage"),
        Step("account", "granted_scopes"),
        Step("account", "describe_portal", expect={"not_read": []}),
        Step("contacts", "list", {"limit": 1}, "contact"),
        Step("subscriptions", "get", {"email": of("contact", "data", 0, "properties", "email")}, "subscriptions"),
        Step(
            "subscriptions",
            "update",
            {
                "email": of("contact", "data", 0, "properties", "email"),
                "subscriptionId": of("subscriptions", "data", 0, "subscriptionId"),
                "statusState": "UNSUBSCRIBED",
            },
            expect={"status": "UNSUBSCRIBED"},
        ),
        Step(
            "marketing_emails",
            "single_send",
            {"emailId": 4126643121, "message": {"to": "someone@acme.example"}},
            "sent",
        ),
        Step("marketing_emails", "get", {"statusId": of("sent", "statusId")}),
    ]


def _activity_walk() -> list[Step]:
    return [
        Step("contacts", "list", {"limit": 1}, "contact"),
        Step(
            "activities",
            "log",
            {"kind": "note", "text": "Walked", "records": {"contact": of("contact", "data", 0, "id")}},
            expect={"kind": "notes"},
        ),
        Step("activities", "find", {"where": {"date": "this year"}, "limit": 2}),
        Step("activities", "aggregate", {"groupBy": ["kind", "month"]}),
    ]


WALKS: dict[str, list[Step]] = {
    **{entity: record_walk(entity) for entity in _NEW},
    "objects and schemas": _object_walk(),
    "associations": _association_walk(),
    "properties": _property_walk(),
    "pipelines": _pipeline_walk(),
    "people and lists": _people_walk(),
    "account": _account_walk(),
    "activities": _activity_walk(),
}
