"""The page of tokens: what tools cost a model before the first call, and what results cost; measured with o200k."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.tokens import count_tokens
from benchmarks.virtual_time import PassingTime

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot.models import HubspotAuthConfig
from airbyte_agent_hubspot.shaping import MAX_TOKENS, Shaper, Wish
from airbyte_agent_hubspot.tools import build_tools
from hubspot_sandbox import Behaviour, VirtualClock, create_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airbyte_agent_hubspot.tools import ToolSet

UNBOUND: Final = 1_000_000
CALLS: Final[tuple[tuple[str, str, dict[str, object]], ...]] = (
    ("contacts", "list", {"limit": 60}),
    ("contacts", "find", {"where": {"created": "last 30 days"}}),
    ("deals", "find", {"where": {"status": "open"}, "sort": "-amount", "limit": 5}),
    ("deals", "aggregate", {"metrics": ["count", "sum amount"], "groupBy": ["owner", "stage"]}),
    ("activities", "find", {"limit": 20}),
    ("tickets", "find", {"where": {"status": "open"}, "limit": 20}),
    ("companies", "list", {"limit": 100}),
    ("owners", "list", {}),
    ("pipelines", "list", {"objectType": "deals"}),
    ("properties", "list", {"objectType": "contacts"}),
    ("schemas", "get", {"objectType": "contacts"}),
    ("account", "describe_portal", {}),
)
"""Calls on the sandbox's account."""
_BEFORE_HEAD: Final = """# Tokens

What HubSpot costs a model's context, counted with o200k, the encoding of OpenAI's current models; those of others
differ by some per cent. `make pages` measures it anew, and a test compares.

## Before the first call

| What the model reads | Tokens | Limit that is tested |
|---|--:|--:|
"""
_RESULTS_HEAD: Final = """
## Results

Of calls on the sandbox's account. *As JSON* is the result as it is, compact. *Shaped* is what the tools of
`build_tools` give with no limit: tables, labels, receipt and fence. *In a tool* has the usual limit of {limit:,}
tokens: what did not fit is told in the receipt, with the call for the rest.
[How results are shaped](../how-to/shaping.md).

| Call | As JSON | Shaped | In a tool | Records shown there |
|---|--:|--:|--:|--:|
"""


@dataclass(frozen=True)
class Cost:
    """Tokens of one result, and how many records the model sees of it in a tool."""

    call: str
    as_json: int
    shaped: int
    in_tool: int
    shown: str


def tokens_of(tools: ToolSet) -> int:
    """Tokens of names, descriptions and schemas."""
    return count_tokens(json.dumps([tool["function"] for tool in tools.for_openai()], separators=(",", ":")))


def surfaces() -> Iterator[tuple[str, int, int | None]]:
    """What a model reads before it calls anything: what, tokens, most that it may be."""
    connector = HubspotConnector(auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-eu1-0"))
    each = [operation for operation in CATALOG if operation.entity != "*"]
    yield "`build_tools`: three tools for everything", tokens_of(build_tools(connector)), 900
    yield "`tool_utils`: description of one function for everything", count_tokens(tool_text(CATALOG)), 1_500
    some = build_tools(
        connector, per_operation=True, entities=["contacts", "deals"], actions=["find", "overview", "aggregate"]
    )
    yield (
        f"`per_operation`: find, overview and aggregate of contacts and deals, {len(some)} tools",
        tokens_of(some),
        None,
    )
    deals = build_tools(connector, per_operation=True, entities=["deals"])
    yield f"`per_operation`: deals, {len(deals)} tools", tokens_of(deals), None
    yield f"`per_operation`: everything, {len(each)} tools", tokens_of(build_tools(connector, per_operation=True)), None


async def costs() -> list[Cost]:
    """What each call costs."""
    clock = VirtualClock()
    app = create_app(clock=clock, behaviour=Behaviour(rate_limits=False))
    oauth, grant = app.state.portal.tokens.apps()[0], app.state.portal.tokens.grants()[0]
    time = PassingTime(clock)
    connector = HubspotConnector(
        auth_config=HubspotAuthConfig(
            client_id=oauth.client_id, client_secret=oauth.client_secret, refresh_token=grant.refresh_token
        ),
        base_url="https://tokens.test",
        transport=AsgiTransport(app),
        clock=time,
    )
    shaper = Shaper(connector.execute, clock=time, new_mark=lambda: "5d41402abc4b2a76")
    found: list[Cost] = []
    for entity, action, params in CALLS:
        result = await connector.execute(entity, action, params)
        plain = json.dumps(result.to_dict(), ensure_ascii=False, separators=(",", ":"))
        whole = await shaper.run(entity, action, params, Wish(max_tokens=UNBOUND))
        shaped = await shaper.run(entity, action, params)
        shown = f"{shaped.receipt.records} of {whole.receipt.records}" if "columns" in shaped.crm_data else ""
        call = f"`{entity}.{action}` `{json.dumps(params)}`" if params else f"`{entity}.{action}`"
        as_json, unbound, in_tool = map(count_tokens, (plain, whole.text, shaped.text))
        found.append(Cost(call, as_json, unbound, in_tool, shown))
    await connector.close()
    return found


def render_tokens(found: Iterable[Cost]) -> str:
    """The page."""
    before = [
        f"| {what} | {tokens:,} | {'' if limit is None else f'{limit:,}'} |" for what, tokens, limit in surfaces()
    ]
    results = [
        f"| {cost.call} | {cost.as_json:,} | {cost.shaped:,} | {cost.in_tool:,} | {cost.shown} |" for cost in found
    ]
    head = _RESULTS_HEAD.format(limit=MAX_TOKENS)
    return "\n".join([_BEFORE_HEAD + "\n".join(before), head + "\n".join(results), ""])
