"""Webhooks of the default app: where they go and what became of them. Not part of HubSpot's public API here."""

from dataclasses import asdict
from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, json_text
from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.versions import UNVERSIONED
from hubspot_sandbox.webhooks import SubscriptionError, Target


def webhooks_json(portal: Portal) -> JsonObject:
    """The target, the queue, and the newest deliveries, oldest of them first."""
    webhooks = portal.webhooks
    return {
        "target": webhooks.target,
        "queued": webhooks.queued,
        "lost": webhooks.lost,
        "deliveries": [asdict(delivery) for delivery in webhooks.deliveries],
    }


def read_webhooks(call: Call) -> Answer:
    """How the webhooks are doing."""
    return Answer(200, webhooks_json(call.portal))


def aim_webhooks(call: Call) -> Answer:
    """Send the webhooks there from now on."""
    try:
        aim(call.portal, msgspec.json.decode(json_text(call.body), type=Target))
    except (msgspec.DecodeError, SubscriptionError) as error:
        raise ValidationError(str(error)) from None
    return read_webhooks(call)


def stop_webhooks(call: Call) -> Answer:
    """No webhooks any more; those that wait are dropped."""
    aim(call.portal, None)
    return Answer(204)


def aim(portal: Portal, target: Target | None) -> None:
    """Send the webhooks of the default app to a target.

    Raises: SubscriptionError.
    """
    portal.webhooks.aim(target, app_id=portal.tokens.apps()[0].app_id)


DOORS: Final = tuple(
    Door(method, "/_sandbox/webhooks", handle, versions=UNVERSIONED)
    for method, handle in (("GET", read_webhooks), ("PUT", aim_webhooks), ("DELETE", stop_webhooks))
)
