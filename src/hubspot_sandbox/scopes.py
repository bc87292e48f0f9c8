"""Every scope the sandbox knows and its default app is granted.

Source: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes
"""

from typing import Final

from hubspot_sandbox.object_types import standard_types

ALWAYS_GRANTED: Final = "oauth"

_OTHERS: Final = (
    "account-info.security.read",
    "automation",
    "communication_preferences.read",
    "communication_preferences.read_write",
    "communication_preferences.write",
    "content",
    "conversations.read",
    "crm.export",
    "crm.import",
    "crm.lists.read",
    "crm.lists.write",
    "crm.objects.owners.read",
    "crm.pipelines.orders.read",
    "crm.pipelines.orders.write",
    "e-commerce",
    "files",
    "forms",
    "marketing-email",
    "sales-email-read",
    "settings.currencies.read",
    "settings.currencies.write",
    "settings.users.read",
    "settings.users.teams.read",
    "settings.users.write",
    "tickets",
    "timeline",
    "transactional-email",
)


def known_scopes() -> tuple[str, ...]:
    """All scopes, in alphabetic order, `oauth` among them."""
    scopes = {ALWAYS_GRANTED, *_OTHERS}
    names = {kind.scope for kind in standard_types()} | {"custom"}
    for verb in ("read", "write"):
        scopes |= {f"crm.objects.{name}.{verb}" for name in names - {"tickets", "emails"}}
        scopes |= {f"crm.schemas.{name}.{verb}" for name in names - {"tickets"}}
    return tuple(sorted(scopes))
