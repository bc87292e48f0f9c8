"""What the account says of itself.

Source: https://developers.hubspot.com/docs/api-reference/latest/account/account-information/get-account-details
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.portal import CURRENCY, TIME_ZONE, UTC_OFFSET, UTC_OFFSET_MS
from hubspot_sandbox.versions import DATED


def details(call: Call) -> Answer:
    """Portal id, time zone, currency and where it lives; 2026-09 adds name and creation."""
    body: dict[str, object] = {
        "portalId": call.portal.hub_id,
        "accountType": "STANDARD",
        "timeZone": TIME_ZONE,
        "companyCurrency": CURRENCY,
        "additionalCurrencies": [],
        "utcOffset": UTC_OFFSET,
        "utcOffsetMilliseconds": UTC_OFFSET_MS,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    if call.version == "2026-09":
        body |= {"portalName": call.portal.name, "createdAt": call.portal.origin.reference_ms}
    return Answer(200, body)


DOORS: Final = (Door("GET", "/account-info/details", details, any_of("oauth"), versions=frozenset({"v3"}) | DATED),)
