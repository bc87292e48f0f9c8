"""Who makes a call, and on which connector."""

from typing import NamedTuple

import msgspec

from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_server.bounded import Kept
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.execute.permission import may_do_all
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.tokens.service import Verified


class Until(NamedTuple):
    """What a caller was made of: it counts as long as both do."""

    token: Kept[Verified]
    connector: Kept[Connector]


class Caller(msgspec.Struct):
    """Somebody whose token is valid, and a connector of their organization. `refusal`: why it is kept from them.

    Found out once for a head of requests, and then kept with it.
    """

    claims: Claims
    connector: Connector
    refusal: ProblemError | None = None
    until: Until | None = None
    may_do_all: bool = False
    """Whether nothing that a call could reach is kept from them."""
    executor: LocalExecutor | None = None
    """What the last call went through."""

    def __post_init__(self) -> None:
        """Find out what every call would have to."""
        self.may_do_all = may_do_all(self.claims, self.connector)

    def counts(self, clock: Clock) -> bool:
        """Whether it is still as it was found out."""
        until = self.until
        if until is None:
            return False
        now_s = clock.monotonic_s()
        if now_s >= until.token.until_s or now_s >= until.connector.until_s:
            return False
        return clock.now_s() < until.token.value.expires_s
