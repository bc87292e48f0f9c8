"""The connector itself: can it work?

Source: https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from .. import params as p
from .._operation import Operation
from .._shape import Metadata
from ..errors import MissingScopesError
from ..models import CheckResult
from ._paths import account_path, get

if TYPE_CHECKING:
    from .._shape import Params
    from ..errors import ConnectorError

_CHECKED_ENTITY = "account"
_CHECKED_ACTION = "details"


class _Details(msgspec.Struct, frozen=True):
    portalId: int  # noqa: N815 - HubSpot's name


class _CheckShape:
    """HubSpot's account details, read as proof that the connector works."""

    def decode(self, body: bytes, params: Params) -> CheckResult:
        del params
        details = msgspec.json.decode(body, type=_Details)
        return CheckResult("healthy", None, _CHECKED_ENTITY, _CHECKED_ACTION, details.portalId, [])

    def to_envelope(self, body: bytes, params: Params) -> tuple[bytes, Metadata]:
        return msgspec.json.encode(self.decode(body, params)), Metadata()

    def from_envelope(self, result: bytes, metadata: Metadata) -> CheckResult:
        del metadata
        return msgspec.json.decode(result, type=CheckResult)


def _unhealthy(error: ConnectorError) -> CheckResult:
    missing: list[str] = []
    if isinstance(error, MissingScopesError):
        missing = [
            scope for item in error.errors for scope in cast("list[str]", item.details.get("required_scopes", ()))
        ]
    return CheckResult("unhealthy", error.message, _CHECKED_ENTITY, _CHECKED_ACTION, None, missing)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "*",
        "check",
        "Whether the connector works: credentials, reachability and the account's id.",
        "https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide",
        p.NoParams,
        lambda params, version: get(account_path(version, "details"), params, ()),
        _CheckShape(),
        scopes=("oauth",),
        recover=_unhealthy,
    ),
)
