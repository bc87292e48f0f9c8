"""The account and the connector itself; marketing e-mail.

Source: https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import msgspec

from .. import models as m
from .._composition import Composition, Introspect, ask_all
from .._operation import Operation
from .._shape import ConvertedShape, ItemShape, PageShape
from ..errors import MissingScopesError
from ..params import people as p
from ._paths import get, path, send, with_query, without

if TYPE_CHECKING:
    from .._composition import Steps
    from .._shape import Params
    from .._wire import HttpRequest
    from ..errors import ConnectorError

_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide"
_SEND_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/marketing-single-send-v4/guide"
_SUBSCRIPTION_GUIDE: Final = (
    "https://developers.hubspot.com/docs/api-reference/2026-03/communication-preferences/status/update-subscription"
)
_SCOPES_GUIDE: Final = "https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes"
_CHECKED = ("account", "details")


def _read_check(body: bytes, params: Params) -> m.CheckResult:
    """Account details, read as proof that the connector works."""
    del params
    details = msgspec.json.decode(body, type=m.AccountDetails)
    return m.CheckResult("healthy", None, *_CHECKED, details.portalId, [])


def _unhealthy(error: ConnectorError) -> m.CheckResult:
    missing: list[str] = []
    if isinstance(error, MissingScopesError):
        missing = [
            scope for item in error.errors for scope in cast("list[str]", item.details.get("required_scopes", ()))
        ]
    return m.CheckResult("unhealthy", error.message, *_CHECKED, None, missing)


class _Statuses(msgspec.Struct, frozen=True):
    results: list[m.SubscriptionStatus]


def _read_status(body: bytes, params: Params) -> m.SubscriptionStatus:
    """The status that was set; an answer without it counts as one that cannot be read."""
    wanted = params["subscriptionId"]
    found = [status for status in msgspec.json.decode(body, type=_Statuses).results if status.subscriptionId == wanted]
    if not found:
        raise msgspec.ValidationError(f"the answer does not mention subscription {wanted}")
    return found[0]


def _encode_update_subscription(params: Params, version: str) -> HttpRequest:
    body = {"channel": "EMAIL", **without(params, "email")}
    return send("POST", path("subscriptions", version, params["email"]), body)


def _granted_scopes(params: Params, now_s: float) -> Steps[m.Result]:
    del params, now_s
    [granted] = yield from ask_all([Introspect()])
    return granted


_account = partial(Operation, "account", source=_GUIDE, scopes=("oauth",))

OPERATIONS: tuple[Operation, ...] = (
    _account(
        "details",
        "The account: its id, time zone and currencies.",
        params=p.NoParams,
        encode=lambda params, version: get(path("account", version, "details"), params),
        shape=ItemShape(m.AccountDetails),
    ),
    _account(
        "api_usage",
        "How many calls of today's allowance private apps have used.",
        params=p.NoParams,
        encode=lambda params, version: get(path("account", version, "api-usage", "daily", "private-apps"), params),
        shape=PageShape(m.ApiUsage),
    ),
    Operation(
        "account",
        "granted_scopes",
        "What the user has granted to the connector, and which account it is.",
        _SCOPES_GUIDE,
        p.NoParams,
        Composition(_granted_scopes),
        ItemShape(m.GrantedScopes),
        scopes=("oauth",),
    ),
    Operation(
        "marketing_emails",
        "single_send",
        "Sends one marketing e-mail to one person. Needs Marketing Hub Enterprise or the transactional add-on.",
        _SEND_GUIDE,
        p.SingleSendParams,
        lambda params, version: send("POST", path("single_send", version), params),
        ItemShape(m.SingleSend),
        effect="write",
        scopes=("marketing-email", "transactional-email"),
    ),
    Operation(
        "marketing_emails",
        "get",
        "What became of a single send.",
        _SEND_GUIDE,
        p.SendStatusParams,
        lambda params, version: get(path("send_statuses", version, params["statusId"]), {}),
        ItemShape(m.SingleSend),
        scopes=("marketing-email", "transactional-email"),
    ),
    Operation(
        "subscriptions",
        "get",
        "Which kinds of e-mail a contact receives.",
        _SUBSCRIPTION_GUIDE,
        p.SubscriptionParams,
        lambda params, version: get(
            with_query(path("subscriptions", version, params["email"]), {"channel": "EMAIL"}, "channel"), {}
        ),
        PageShape(m.SubscriptionStatus),
        scopes=("communication_preferences.read", "communication_preferences.read_write"),
    ),
    Operation(
        "subscriptions",
        "update",
        "Subscribes a contact to one kind of e-mail, or unsubscribes it.",
        _SUBSCRIPTION_GUIDE,
        p.UpdateSubscriptionParams,
        _encode_update_subscription,
        ConvertedShape(m.SubscriptionStatus, _read_status),
        effect="write",
        scopes=("communication_preferences.read_write", "communication_preferences.write"),
        idempotent=True,
    ),
    Operation(
        "*",
        "check",
        "Whether the connector works: credentials, reachability and the account's id.",
        _GUIDE,
        p.NoParams,
        lambda params, version: get(path("account", version, "details"), params),
        ConvertedShape(m.CheckResult, _read_check),
        scopes=("oauth",),
        recover=_unhealthy,
    ),
)
