"""Faults on request: which calls go wrong, how often, and whether before or after the change was applied.

The newest fault that matches a call and is due decides; a call that none matches is answered as usual.
"""

import random
import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from hubspot_sandbox.versions import canonical_path

LATENCY: Final = "latency"
DROPPED: Final = "connection_dropped"
CUT: Final = "connection_cut"
TRUNCATED: Final = "truncated_json"
WRONG_TYPE: Final = "wrong_content_type"
# These spoil the real answer, so there must be one.
SPOILING: Final = frozenset({CUT, TRUNCATED, WRONG_TYPE})
CLOUDFLARE: Final = {
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
    530: "Origin DNS error",
}
ANSWERS: Final = (
    "invalid_credentials",
    "expired_token",
    "missing_scopes",
    "no_permission",
    "locked",
    "ten_secondly_limit",
    "secondly_limit",
    "daily_limit",
    "migration",
    "internal_error",
    "bad_gateway",
    "unavailable",
    "gateway_timeout",
    *(f"cloudflare_{status}" for status in CLOUDFLARE),
    "answer",
)
KINDS: Final = (*ANSWERS, TRUNCATED, WRONG_TYPE, DROPPED, CUT, LATENCY)
_OWN_PATHS: Final = "/_sandbox"
_WILDCARDS: Final = {"*": ".*", "{": "[^/]+"}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong, where and how often.

    `kind` is one of `KINDS`. `route` is a path in any of its versions: `*` stands for anything, `{name}` for one
    segment. `skip` calls pass first, then `rate` of them fail (drawn from the portal's seed), at most `times`.
    `when` is `before` or `after` the request is handled; by default before, except for kinds that spoil the real
    answer. `delay_s` goes by the portal's clock. `status` and `body` are those of the kind `answer`.
    """

    kind: str
    route: str = "*"
    method: str = "*"
    when: Literal["before", "after"] | None = None
    times: Annotated[int, Meta(ge=1)] | None = None
    skip: Annotated[int, Meta(ge=0)] = 0
    rate: Annotated[float, Meta(gt=0, le=1)] = 1.0
    delay_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    retry_after_s: Annotated[int, Meta(ge=0)] | None = None
    status: Annotated[int, Meta(ge=200, le=599)] = 500
    body: str = ""

    @property
    def applied(self) -> bool:
        """Whether the request is handled before it goes wrong."""
        return self.when == "after" or (self.when is None and self.kind in SPOILING)


class FaultError(ValueError):
    """A fault that cannot be injected; the message says why."""


@dataclass(slots=True)
class ActiveFault:
    """A fault at work. `seen` are the calls it matched, `fired` those it spoilt."""

    id: str
    fault: Fault
    pattern: re.Pattern[str]
    chance: random.Random
    seen: int = 0
    fired: int = 0

    def fires(self, method: str, path: str) -> bool:
        """Whether this call goes wrong; it counts as seen if it matches."""
        fault = self.fault
        if self.fired == fault.times or fault.method.upper() not in {"*", method} or not self.pattern.fullmatch(path):
            return False
        self.seen += 1
        if self.seen <= fault.skip or self.chance.random() >= fault.rate:
            return False
        self.fired += 1
        return True


class Faults:
    """The faults of one portal."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._serial = 0
        self._active: list[ActiveFault] = []

    def add(self, fault: Fault) -> ActiveFault:
        """Let something go wrong from now on.

        Raises: FaultError for an unknown kind or a number out of range.
        """
        try:
            msgspec.convert(msgspec.to_builtins(fault), Fault)
        except msgspec.ValidationError as error:
            raise FaultError(str(error)) from None
        if fault.kind not in KINDS:
            raise FaultError(f"there is no fault {fault.kind!r}; there are {', '.join(KINDS)}")
        self._serial += 1
        chance = random.Random(f"{self._seed}/fault/{self._serial}")  # noqa: S311 - reproducible, no secrets
        active = ActiveFault(str(self._serial), fault, _pattern(fault.route), chance)
        self._active.append(active)
        return active

    def all(self) -> list[ActiveFault]:
        """Every fault that was not removed, spent ones too, oldest first."""
        return list(self._active)

    def remove(self, fault_id: str) -> bool:
        """Let calls through again; False if there is no such fault."""
        kept = [active for active in self._active if active.id != fault_id]
        known = len(kept) < len(self._active)
        self._active = kept
        return known

    def clear(self) -> None:
        """Let all calls through again."""
        self._active = []

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that a call of this canonical path meets; the sandbox's own doors never fail."""
        if path.startswith(_OWN_PATHS):
            return None
        return next((active.fault for active in reversed(self._active) if active.fires(method, path)), None)


def _pattern(route: str) -> re.Pattern[str]:
    """The canonical paths that a route means."""
    parts = re.split(r"(\*|\{[^/{}]*\})", canonical_path(route).path)
    return re.compile("".join(_WILDCARDS.get(part[:1], re.escape(part)) for part in parts))
