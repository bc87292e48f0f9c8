"""Writes of records as the version of the call wants them: 2026-09 enforces the account's rules.

Source: https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement
"""

from collections.abc import Mapping, Sequence
from typing import Final

from hubspot_sandbox.calls import Call
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.record_rules import check_associations, check_record, normalized
from hubspot_sandbox.records import Record
from hubspot_sandbox.tokens import TokenKind
from hubspot_sandbox.writes import LinkRequest, Written, create_record, update_record

ENFORCING: Final = "2026-09"


def create_checked(
    call: Call, object_type: ObjectType, properties: Mapping[str, object], links: Sequence[LinkRequest] = ()
) -> tuple[Written, list[JsonObject]]:
    """A new record, and the warnings that go with the answer."""
    if links:
        check_linking(call)
    values, warnings = _checked(call, object_type, properties, None)
    return create_record(call.portal, object_type, values, call.author, links), warnings


def update_checked(
    call: Call, object_type: ObjectType, record: Record, properties: Mapping[str, object]
) -> tuple[Written, list[JsonObject]]:
    """A changed record, and the warnings that go with the answer."""
    values, warnings = _checked(call, object_type, properties, record)
    return update_record(call.portal, object_type, record, values, call.author), warnings


def _checked(
    call: Call, object_type: ObjectType, properties: Mapping[str, object], before: Record | None
) -> tuple[Mapping[str, object], list[JsonObject]]:
    if call.version != ENFORCING:
        return properties, []
    check_record(call.portal, object_type, properties, before.properties if before else None)
    return normalized(call.portal, object_type, properties)


def check_linking(call: Call) -> None:
    """Raises ValidationError where the user behind an OAuth token may not link records.

    # choice: every OAuth token of the sandbox counts as one of a user.
    """
    oauth = call.credential is not None and call.credential.kind is TokenKind.OAUTH
    if call.version == ENFORCING and oauth:
        check_associations(call.portal)


def with_warnings(body: JsonObject, warnings: Sequence[JsonObject]) -> JsonObject:
    """A record's JSON with its warnings, if there are any."""
    return body | {"warnings": list(warnings)} if warnings else body
