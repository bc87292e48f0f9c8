"""Limits of associations: read, set, change, remove; and the report on records with many of them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associations-schema/limits/create-associations-limits,
https://developers.hubspot.com/docs/api-reference/crm-associations-v4/report/post-crm-v4-associations-usage-high-usage-report-userId
"""

from collections.abc import Iterable
from typing import Final

from hubspot_sandbox.association_limits import AssociationLimit, all_limits, put_limit, remove_limit
from hubspot_sandbox.associations import HUBSPOT_DEFINED, AssociationType
from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of, reads_either, writes_either
from hubspot_sandbox.doors.associations import VERSIONS
from hubspot_sandbox.doors.batches import completed, read_inputs
from hubspot_sandbox.errors import ApiError, JsonObject, NotFoundError, ValidationError


def _rows(call: Call, limits: Iterable[AssociationLimit]) -> list[JsonObject]:
    kinds = call.portal.associations.kinds
    found = ((each, kinds.find(each.from_type, each.to_type, each.category, each.type_id)) for each in limits)
    return [_row(kind, each.most) for each, kind in found if kind is not None]


def _row(kind: AssociationType, most: int) -> JsonObject:
    row: JsonObject = {"category": kind.category, "typeId": kind.type_id}
    return row | {"userEnforcedMaxToObjectIds": most, "label": kind.label}


def list_all(call: Call) -> Answer:
    """Every limit of the account."""
    return Answer(200, {"results": _rows(call, all_limits(call.portal.store))})


def list_between(call: Call) -> Answer:
    """The limits from one object type to another."""
    pair = call.object_type().type_id, call.object_type("to").type_id
    limits = [each for each in all_limits(call.portal.store) if (each.from_type, each.to_type) == pair]
    return Answer(200, {"results": _rows(call, limits)})


def _kind(call: Call, item: JsonObject) -> AssociationType:
    category, type_id = str(item.get("category") or HUBSPOT_DEFINED), item.get("typeId")
    start, end = call.object_type(), call.object_type("to")
    number = type_id if isinstance(type_id, int) else -1
    kind = call.portal.associations.kinds.find(start.type_id, end.type_id, category, number)
    if kind is None:
        # choice: the text for a limit of a type that does not exist is not documented.
        raise NotFoundError(
            f"No {category} association type {type_id} exists from {start.name} to {end.name}",
            category="OBJECT_NOT_FOUND",
        )
    return kind


def _set_batch(call: Call, status: int) -> Answer:
    """Limits by type of association; those that cannot be set are named in the errors of a 207.

    # choice: creating a limit that exists changes it, and changing one that does not creates it.
    """
    started_ms = call.portal.clock.now_ms()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in read_inputs(call.json()):
        most = item.get("maxToObjectIds")
        try:
            kind = _kind(call, item)
            if not isinstance(most, int) or isinstance(most, bool):
                # choice: the text for a limit that is no number is not documented.
                raise ValidationError(f"maxToObjectIds must be a number, got {most}")
            others = call.portal.associations.kinds.between(kind.from_type, kind.to_type)
            put_limit(call.portal.store, kind, others, most)
            results.append(_row(kind, most))
        except ApiError as error:
            errors.append(error.item())
    return completed(call, status, results, errors, started_ms)


def create_batch(call: Call) -> Answer:
    """New limits: 201."""
    return _set_batch(call, 201)


def update_batch(call: Call) -> Answer:
    """Changed limits: 200."""
    return _set_batch(call, 200)


def purge_batch(call: Call) -> Answer:
    """204; the types of association have no limit any more."""
    for item in read_inputs(call.json()):
        remove_limit(call.portal.store, _kind(call, item))
    return Answer(204)


def report_usage(call: Call) -> Answer:
    """The answer to a request for a report that HubSpot would send by e-mail.

    # choice: a user nobody knows is 404, and no e-mail is sent.
    """
    for owner in call.portal.owners().values():
        if str(owner.user_id) == call.path["user"]:
            queued: JsonObject = {"dateOnly": False, "timeZoneShift": 0, "value": call.portal.clock.now_ms()}
            return Answer(200, {"enqueueTime": queued, "userEmail": owner.email, "userId": owner.user_id})
    raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")


_ALL: Final = "/crm/associations/definitions/configurations"
_PAIR: Final = f"{_ALL}/{{type}}/{{to}}"
_ANY_OBJECT: Final = any_of("crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read")
DOORS: Final = (
    Door("GET", f"{_ALL}/all", list_all, _ANY_OBJECT, versions=VERSIONS),
    Door("GET", _PAIR, list_between, reads_either, versions=VERSIONS),
    Door("POST", f"{_PAIR}/batch/create", create_batch, writes_either, versions=VERSIONS),
    Door("POST", f"{_PAIR}/batch/update", update_batch, writes_either, versions=VERSIONS),
    Door("POST", f"{_PAIR}/batch/purge", purge_batch, writes_either, versions=VERSIONS),
    Door("POST", "/crm/associations/usage/high-usage-report/{user}", report_usage, _ANY_OBJECT, versions=VERSIONS),
)
