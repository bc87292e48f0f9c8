"""The page of faults: what each fault of HubSpot or the network does to a read, a create and an update, as run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from benchmarks.virtual_time import PassingTime
from msgspec.structs import replace

from airbyte_agent_hubspot import ConnectorError, HubspotConnector
from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot.models import HubspotAuthConfig
from hubspot_sandbox import Behaviour, VirtualClock, create_app
from hubspot_sandbox.faults import KINDS, LATENCY, SPOILING, Fault

if TYPE_CHECKING:
    from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
    from hubspot_sandbox import Portal

ROUTE: Final = "/crm/objects/2026-03/contacts*"
ACTIONS: Final = ("read", "create", "update")
REFUSALS: Final = frozenset(
    {
        "invalid_credentials",
        "expired_token",
        "missing_scopes",
        "no_permission",
        "locked",
        "ten_secondly_limit",
        "secondly_limit",
        "daily_limit",
        "migration",
    }
)
"""Answers with which HubSpot says that it has done nothing."""
HEAD: Final = """# Faults

What happens when HubSpot or the network fails. Each cell was run against the sandbox: the fault is injected into
every request of one call (`always`) or into the first one only (`once`); *after* means that HubSpot had already done
what was asked when it failed. A cell gives the outcome, the number of requests, and for creates the number of records
that exist afterwards: never two, and none that the outcome denies.

The seconds that the connector waited between requests are not shown: they follow `Retry-After`, else a curve from
half a second to eight.

| fault | read once | read always | create once | create always | update once | update always |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one call under a fault."""

    code: str
    requests: int
    created: int


class FaultyAccount:
    """An account with a connector to it, and a count of the requests for contacts."""

    _accounts = count()

    def __init__(self) -> None:
        clock = VirtualClock()
        app = create_app(portal="small", clock=clock, behaviour=Behaviour(rate_limits=False))
        self.portal: Portal = app.state.portal
        self.requests = 0
        oauth, grant = self.portal.tokens.apps()[0], self.portal.tokens.grants()[0]
        self._hubspot = AsgiTransport(app)
        self.connector = HubspotConnector(
            auth_config=HubspotAuthConfig(
                client_id=oauth.client_id, client_secret=oauth.client_secret, refresh_token=grant.refresh_token
            ),
            base_url=f"https://faulty-{next(self._accounts)}.test",
            transport=self,
            clock=PassingTime(clock),
        )

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Hands on to HubSpot."""
        self.requests += "/contacts" in request.url
        return await self._hubspot.send(request)

    async def close(self) -> None:
        """Gives up nothing: the account is in this process."""

    async def ids(self) -> set[str]:
        """Ids of all contacts."""
        return {contact.id async for contact in self.connector.contacts.list_all()}


async def outcome_of(action: str, fault: Fault) -> Outcome:
    """What one call comes to."""
    account = FaultyAccount()
    before = await account.ids()
    contact = min(before)
    account.requests = 0
    account.portal.faults.add(fault)
    try:
        if action == "read":
            await account.connector.contacts.get(contact)
        elif action == "create":
            await account.connector.contacts.create(properties={"email": "faulty@acme.example"})
        else:
            await account.connector.contacts.update(contact, properties={"firstname": "Faulty"})
        code = "ok"
    except ConnectorError as error:
        code = error.code
    requests = account.requests
    account.portal.faults.clear()
    return Outcome(code, requests, len(await account.ids() - before))


def faults() -> list[tuple[str, Fault]]:
    """Each fault under its name on the page."""
    kinds = [kind for kind in KINDS if kind not in {LATENCY, "answer"}]
    return [
        (f"{kind}, after" if after else kind, Fault(kind=kind, route=ROUTE, when="after" if after else None))
        for kind in kinds
        for after in (False, True)
        if not (after and kind in SPOILING | REFUSALS)
    ]


async def render_faults() -> str:
    """The page."""
    rows: list[str] = []
    for name, fault in faults():
        cells = [name]
        for action in ACTIONS:
            for times in (1, None):
                outcome = await outcome_of(action, replace(fault, times=times))
                made = f", {outcome.created} made" if action == "create" else ""
                cells.append(f"{outcome.code} ({outcome.requests}{made})")
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)
