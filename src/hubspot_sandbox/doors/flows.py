"""Workflows ("flows"), read only.

Source: https://developers.hubspot.com/docs/api-reference/automation-automation-v4-v4/guide
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.objects import next_page
from hubspot_sandbox.errors import JsonObject, NotFoundError
from hubspot_sandbox.instants import DAY_MS, format_instant

PAGE: Final = 20
LARGEST_PAGE: Final = 100
# choice: every generated account has the same three flows: (id, name, object type, kind, on or off).
_FLOWS: Final = (
    ("585051901", "Welcome new leads", "0-1", "CONTACT_FLOW", True),
    ("585051902", "Follow up quotes", "0-3", "PLATFORM_FLOW", True),
    ("585051903", "Escalate old tickets", "0-5", "PLATFORM_FLOW", False),
)


def _rows(call: Call) -> list[JsonObject]:
    made_at = format_instant(call.portal.origin.reference_ms - 400 * DAY_MS)
    return [
        {
            "id": flow_id,
            "isEnabled": enabled,
            "objectTypeId": type_id,
            "revisionId": "1",
            "uuid": call.portal.identifiers.uuid("flow", place),
            "name": name,
            "flowType": "WORKFLOW",
            "type": kind,
            "createdAt": made_at,
            "updatedAt": made_at,
        }
        for place, (flow_id, name, type_id, kind, enabled) in enumerate(_FLOWS)
    ]


def list_flows(call: Call) -> Answer:
    """One page of flows; the cursor is the last id."""
    limit, after = call.number("limit", PAGE, at_most=LARGEST_PAGE), call.place()
    rows = [row for row in _rows(call) if int(str(row["id"])) > after]
    body: JsonObject = {"results": rows[:limit]}
    if len(rows) > limit:
        body["paging"] = next_page(call, str(rows[limit - 1]["id"]))
    return Answer(200, body)


def read_flow(call: Call) -> Answer:
    """One flow with its actions. # choice: the generated flows have none."""
    for row in _rows(call):
        if row["id"] == call.path["flow"]:
            details: JsonObject = {
                "nextAvailableActionId": "1",
                "actions": [],
                "timeWindows": [],
                "blockedDates": [],
                "customProperties": {},
                "dataSources": [],
                "crmObjectCreationStatus": "COMPLETE",
                "suppressionListIds": [],
                "canEnrollFromSalesforce": False,
            }
            return Answer(200, row | details)
    raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")


_V4: Final = frozenset({"v4"})
DOORS: Final = (
    Door("GET", "/automation/flows", list_flows, any_of("automation"), versions=_V4),
    Door("GET", "/automation/flows/{flow}", read_flow, any_of("automation"), versions=_V4),
)
