"""Questions about figures, and about what the account has defined itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from msgspec import UNSET

from .agent import table_rows
from .book import TYPE, Book, Row, is_open, is_won
from .task import Expected, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .agent import Agent
    from .task import Answer


def _sums(rows: Iterable[Row], group: Callable[[Row], str], name: str = "amount") -> dict[str, Decimal]:
    """The sum of each group."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[group(row)] = sums.get(group(row), Decimal(0)) + row.amount(name)
    return sums


# ---------------------------------------------------------------- figures


def _won_by_month(book: Book) -> Expected:
    won = book.rows("deals", lambda deal: is_won(deal) and deal.day("closedate").year == 2026)
    return Expected({"won": _sums(won, lambda deal: deal.day("closedate").strftime("%Y-%m"))})


async def _solve_won_by_month(agent: Agent) -> Answer:
    where = {"status": "won", "closedate": "this year"}
    params: Answer = {"where": where, "metrics": "sum amount", "groupBy": "closedate by month"}
    seen = await agent.execute("deals", "aggregate", params)
    return {"won": {row["closedate by month"]: row["sum amount"] for row in seen.rows}}


def _owner_and_month(book: Book) -> Expected:
    first, after = date(2026, 7, 1), date(2026, 10, 1)
    enterprise = {book.owners[owner] for owner in book.teams["Enterprise"]}
    won = book.rows("deals", lambda deal: is_won(deal) and first <= deal.day("closedate") < after)
    months: dict[str, object] = {}
    for owner in enterprise:
        own = [deal for deal in won if book.owner(deal) == owner]
        months[owner] = _sums(own, lambda deal: deal.day("closedate").strftime("%Y-%m"))
    return Expected({"won": months})


async def _solve_owner_and_month(agent: Agent) -> Answer:
    where = {"status": "won", "team": "Enterprise", "closedate": "2026 Q3"}
    params: Answer = {"where": where, "metrics": "sum amount", "groupBy": ["owner", "closedate by month"]}
    seen = await agent.execute("deals", "aggregate", params)
    won: dict[str, dict[str, str]] = {}
    for row in seen.rows:
        won.setdefault(row["hubspot_owner_id"], {})[row["closedate by month"]] = row["sum amount"]
    return {"won": won}


def _by_stage(book: Book) -> Expected:
    sales = book.rows("deals", lambda deal: is_open(deal) and deal["pipeline"] == "default")
    return Expected({"stages": _sums(sales, book.stage)})


async def _solve_by_stage(agent: Agent) -> Answer:
    where = {"pipeline": "Sales Pipeline", "status": "open"}
    seen = await agent.execute("deals", "aggregate", {"where": where, "metrics": "sum amount", "groupBy": "stage"})
    return {"stages": {row["dealstage"]: row["sum amount"] for row in seen.rows}}


def _average_by_team(book: Book) -> Expected:
    won = book.rows("deals", is_won)
    averages: dict[str, Decimal] = {}
    for team, members in book.teams.items():
        own = [deal.amount() for deal in won if deal["hubspot_owner_id"] in members]
        averages[team] = sum(own, Decimal(0)) / len(own)
    return Expected({"average": averages})


async def _solve_average_by_team(agent: Agent) -> Answer:
    params: Answer = {"where": {"status": "won"}, "metrics": "avg amount", "groupBy": "team"}
    seen = await agent.execute("deals", "aggregate", params)
    return {"average": {row["team"]: row["avg amount"] for row in seen.rows}}


def _win_rate(book: Book) -> Expected:
    closed = book.rows("deals", lambda deal: deal["hs_is_closed"] == "true" and book.owner(deal) == "Hana Sato")
    won = sum(map(is_won, closed))
    return Expected({"percent": round(Decimal(100 * won) / len(closed), 1)})


async def _solve_win_rate(agent: Agent) -> Answer:
    where = {"status": "closed", "owner": "Hana Sato"}
    seen = await agent.execute("deals", "aggregate", {"where": where, "groupBy": "hs_is_closed_won"})
    counts = {row["hs_is_closed_won"].casefold(): int(row["count"]) for row in seen.rows}
    return {"percent": round(100 * counts["true"] / sum(counts.values()), 1)}


# ---------------------------------------------------------------- types of the account's own


def _sensors(book: Book) -> Expected:
    rows = book.rows("installations")
    labels = {status: status.capitalize() for status in {row["installation_status"] for row in rows}}
    return Expected({"sensors": _sums(rows, lambda row: labels[row["installation_status"]], "sensor_count")})


async def _solve_sensors(agent: Agent) -> Answer:
    params: Answer = {
        "objectType": "installations",
        "metrics": "sum sensor_count",
        "groupBy": "installation_status",
    }
    seen = await agent.execute("objects", "aggregate", params)
    return {"sensors": {row["installation_status"]: row["sum sensor_count"] for row in seen.rows}}


def _own_types(book: Book) -> Expected:
    own = [kind for kind in book.portal.types if kind.scope == "custom"]
    definitions = (book.portal.definitions(kind).values() for kind in own)
    names = {item.name for some in definitions for item in some if item.created_at is not UNSET}
    return Expected({"types": {kind.name for kind in own}, "properties": names})


async def _solve_own_types(agent: Agent) -> Answer:
    seen = await agent.call("hubspot_inspect", {})
    types = cast("dict[str, str]", seen.data["custom_objects"])
    params: Answer = {"objectTypes": list(types.values()), "customOnly": True}
    told = await agent.execute("account", "describe_portal", params, select_fields=["properties"])
    properties = cast("dict[str, object]", told.data["properties"])
    return {
        "types": list(types.values()),
        "properties": [row["name"] for name in types.values() for row in table_rows(properties[name])],
    }


def _team_and_stages(book: Book) -> Expected:
    lines = book.portal.pipelines(book.portal.types.by_id(TYPE["deals"]))
    [stages] = [[stage.label for stage in line.stages] for line in lines if line.label == "Renewals"]
    return Expected({"team": {book.owners[owner] for owner in book.teams["Customer success"]}, "stages": stages})


async def _solve_team_and_stages(agent: Agent) -> Answer:
    seen = await agent.call("hubspot_inspect", {})
    teams = cast("dict[str, list[str]]", seen.data["teams"])
    pipelines = cast("dict[str, dict[str, list[str]]]", seen.data["pipelines"])
    return {"team": teams["Customer success"], "stages": pipelines["deals"]["Renewals"]}


def _installed_at(book: Book) -> Expected:
    installations = book.linked(book.one("companies", name="Argon Media"), "installations")
    return Expected({"serial_numbers": {row["serial_number"] for row in installations}})


async def _solve_installed_at(agent: Agent) -> Answer:
    params: Answer = {"objectType": "installations", "where": {"company": "Argon Media"}}
    seen = await agent.execute("objects", "find", params)
    return {"serial_numbers": seen.column("serial_number")}


FIGURES: Final = (
    Task(
        "won_by_month",
        "What amount did we win in each month of this year?",
        '{"won": {"2026-12": 0}}',
        _won_by_month,
        _solve_won_by_month,
    ),
    Task(
        "won_by_owner_and_month",
        "What amount has each member of the Enterprise team won in each month of the third quarter of 2026?",
        '{"won": {"name": {"2026-12": 0}}}',
        _owner_and_month,
        _solve_owner_and_month,
    ),
    Task(
        "open_amount_by_stage",
        "What amount is open in each stage of the Sales Pipeline?",
        '{"stages": {"name of the stage": 0}}',
        _by_stage,
        _solve_by_stage,
    ),
    Task(
        "average_deal_by_team",
        "How large is the average won deal of each team?",
        '{"average": {"team": 0.00}}',
        _average_by_team,
        _solve_average_by_team,
    ),
    Task(
        "win_rate",
        "Of the deals of Hana Sato that are closed, how many percent were won? With one decimal.",
        '{"percent": 0.0}',
        _win_rate,
        _solve_win_rate,
    ),
    Task(
        "sensors_by_status",
        "We keep installations in HubSpot. How many sensors do they have in all, by the status of the installation?",
        '{"sensors": {"name of the status": 0}}',
        _sensors,
        _solve_sensors,
    ),
    Task(
        "types_of_our_own",
        "Which types of records do we keep beside those that HubSpot brings, and what are the internal names of the "
        "properties that we defined on them?",
        '{"types": [names], "properties": [internal names]}',
        _own_types,
        _solve_own_types,
    ),
    Task(
        "a_team_and_a_pipeline",
        "Who is in the team Customer success, and which stages has our deal pipeline Renewals, in their order?",
        '{"team": [names], "stages": [names]}',
        _team_and_stages,
        _solve_team_and_stages,
    ),
    Task(
        "installations_of_a_company",
        "Which installations do we have at Argon Media? Their serial numbers, please.",
        '{"serial_numbers": [".."]}',
        _installed_at,
        _solve_installed_at,
    ),
)
"""Nothing is changed."""
