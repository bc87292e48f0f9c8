"""What the account says of itself.

Source: https://developers.hubspot.com/docs/api-reference/latest/account/account-information/get-account-details
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.instants import DAY_MS, format_instant
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


def api_usage(call: Call) -> Answer:
    """How much of today's allowance the private apps have used."""
    now_ms = call.portal.clock.now_ms()
    midnight_ms = ((now_ms + UTC_OFFSET_MS) // DAY_MS + 1) * DAY_MS - UTC_OFFSET_MS
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.portal.limits.quotas.private_per_day,
        "currentUsage": call.portal.limits.usage()["day"],
        "collectedAt": format_instant(now_ms),
        "fetchStatus": "SUCCESS",
        "resetsAt": format_instant(midnight_ms),
    }
    return Answer(200, {"results": [usage]})


def uninstall(call: Call) -> Answer:
    """204; the app is out of the account: its refresh tokens and access tokens end.

    Source: https://developers.hubspot.com/docs/api-reference/latest/app-management/app-uninstalls/guide
    """
    tokens, app_id = call.portal.tokens, call.credential.app_id if call.credential else 0
    for grant in tokens.grants():
        if grant.app_id == app_id and not grant.revoked:
            tokens.revoke(grant.refresh_token)
    for token in tokens.access_tokens():
        if token.app_id == app_id and not token.revoked:
            tokens.revoke(token.token)
    return Answer(204)


_VERSIONS: Final = frozenset({"v3"}) | DATED
_ANY: Final = any_of("oauth")
DOORS: Final = (
    Door("GET", "/account-info/details", details, _ANY, versions=_VERSIONS),
    Door("GET", "/account-info/api-usage/daily/private-apps", api_usage, _ANY, versions=_VERSIONS),
    Door("DELETE", "/appinstalls/external-install", uninstall, _ANY, versions=_VERSIONS),
)
