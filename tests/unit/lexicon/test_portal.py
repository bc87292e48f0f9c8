"""What a portal calls things, with answers given by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from airbyte_agent_hubspot._catalog._steps import overview
from airbyte_agent_hubspot._catalog._steps.groups import day_of
from airbyte_agent_hubspot._catalog._steps.searching import Order
from airbyte_agent_hubspot._catalog._steps.setting import Setting
from airbyte_agent_hubspot._composition import SubCall
from airbyte_agent_hubspot._lexicon import portal
from airbyte_agent_hubspot._lexicon.dates import Calendar
from airbyte_agent_hubspot._lexicon.hints import names_something
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    InvalidParamsError,
    PermissionDeniedError,
    ReauthorizationRequiredError,
    UpstreamTimeoutError,
)
from airbyte_agent_hubspot.models import (
    AccountDetails,
    AssociatedId,
    AssociatedIds,
    ListMember,
    Page,
    PageMeta,
    Pipeline,
    PropertyDefinition,
    Record,
    Result,
    SegmentList,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airbyte_agent_hubspot._composition import Outcome, Steps
    from airbyte_agent_hubspot.models import Overview

T = TypeVar("T")


@dataclass
class ByHand:
    """Drives steps: every call is answered by `reply` and remembered."""

    reply: Callable[[SubCall], Outcome]
    asked: list[SubCall] = field(default_factory=list)

    def drive(self, steps: Steps[T]) -> T:
        try:
            asked = next(steps)
            while True:
                calls = [one for one in asked if isinstance(one, SubCall)]
                self.asked += calls
                asked = steps.send([self.reply(one) for one in calls])
        except StopIteration as end:
            return cast("T", end.value)


def always(answer: Outcome) -> ByHand:
    return ByHand(lambda _: answer)


def drive(steps: Steps[T], answer: Outcome) -> T:
    return always(answer).drive(steps)


def pages_of(items: list[Result], size: int) -> Callable[[SubCall], Outcome]:
    """Answers with pages of a list."""

    def reply(call: SubCall) -> Outcome:
        start = int(str(call.params.get("after", 0)))
        cursor = str(start + size) if start + size < len(items) else None
        return Page(items[start : start + size], PageMeta(cursor))

    return reply


def test_all_pages_are_loaded_but_never_without_end() -> None:
    items: list[Result] = [PropertyDefinition(f"p{number}") for number in range(100)]
    assert len(ByHand(pages_of(items, 40)).drive(portal.properties("contacts"))) == 100
    endless = ByHand(lambda _: Page([PropertyDefinition("p")], PageMeta("more")))
    assert [*endless.drive(portal.properties("contacts"))] == ["p"]
    assert len(endless.asked) == 20


def test_the_members_of_a_list_are_loaded_up_to_a_number() -> None:
    members: list[Result] = [ListMember(str(number)) for number in range(10)]

    def reply(call: SubCall) -> Outcome:
        if call.action == "list":
            return Page([SegmentList("7", "VIP")], PageMeta())
        return pages_of(members, 4)(call)

    named, ids, complete = ByHand(reply).drive(portal.members_of_list("vip", "params.where.list", 20))
    assert (named.id, len(ids), complete) == ("7", 10, True)
    named, ids, complete = ByHand(reply).drive(portal.members_of_list("vip", "params.where.list", 5))
    assert (named.id, len(ids), complete) == ("7", 5, False)


def test_a_name_that_is_not_known_is_asked_for_once_more() -> None:
    asking = always(Page(list[Result](), PageMeta()))
    with pytest.raises(InvalidParamsError):
        asking.drive(portal.owner("Dana", "params.owner"))
    assert [call.max_age_s for call in asking.asked] == [portal.MAX_AGE_S, portal.RECENT_S]


def test_two_stages_of_one_name_are_ambiguous() -> None:
    pipeline = Pipeline("1", "Sales", stages=[Stage("a", "Won"), Stage("b", "Won")])
    with pytest.raises(InvalidParamsError) as raised:
        drive(portal.stage("deals", "won", "params.stage", "1"), Page([pipeline], PageMeta()))
    assert raised.value.errors[0].error_code == "ambiguous_name"


def test_two_properties_of_one_label_are_ambiguous() -> None:
    definitions = {name: PropertyDefinition(name, "Colour") for name in ("one", "two")}
    with pytest.raises(InvalidParamsError) as raised:
        portal.property_named("contacts", "colour", definitions, "params.where.colour")
    assert raised.value.errors[0].error_code == "ambiguous_name"


def test_labels_are_left_out_where_the_caller_may_not_know_them_but_a_dead_grant_is_said() -> None:
    assert drive(portal.maybe(portal.owners()), PermissionDeniedError("Not these.")) is None
    for error in (ReauthorizationRequiredError("Dead."), UpstreamTimeoutError("Late.")):
        with pytest.raises(type(error)):
            drive(portal.maybe(portal.owners()), error)


def test_a_time_zone_that_this_machine_does_not_know_is_its_offset() -> None:
    details = AccountDetails(1, timeZone="Mars/Olympus", utcOffsetMilliseconds=-3_600_000)
    assert portal.zone_of(details) == timezone(timedelta(hours=-1))


def test_values_that_are_odd_have_no_day_and_come_in_some_order() -> None:
    of = cast("Setting", SimpleNamespace(calendar=Calendar(datetime(2026, 11, 25, tzinfo=UTC), UTC)))
    moment, day = PropertyDefinition("at", type="datetime"), PropertyDefinition("on", type="date")
    assert [day_of(of, moment, text) for text in ("odd", None, "1700000000000")] == [None, None, date(2023, 11, 14)]
    assert day_of(of, day, "2026-11-25") == date(2026, 11, 25)
    records = [Record(str(number), {"n": text}) for number, text in enumerate(["2", "odd", None, "10"])]
    assert [one.id for one in Order("n", is_number=True).sorted(records)] == ["1", "0", "3", "2"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"properties": {"owner": "7"}}, True),
        (
            {"properties": {"hubspot_owner_id": "7", "dealstage": "closedwon", "amount": 5, "dealname": "Big Deal"}},
            False,
        ),
        ({"properties": "owner"}, False),
        ({"inputs": [{"id": "1"}]}, False),
    ],
)
def test_a_call_that_gives_ids_names_nothing(params: dict[str, object], *, expected: bool) -> None:
    assert names_something(params) is expected


def test_a_value_that_nobody_knows_has_no_label() -> None:
    definitions = {"hubspot_owner_id": PropertyDefinition("hubspot_owner_id", "Owner", "enumeration")}
    of = Setting("deals", "deals", {}, definitions, Calendar(datetime(2026, 11, 25, tzinfo=UTC), UTC), 0.0)
    left = Record("1", {"hubspot_owner_id": "99"})
    assert drive(of.labels([left], definitions), Page(list[Result](), PageMeta())) == {}


# ---------------------------------------------------------------- overview

RECORD = Record(
    "31", {"firstname": "Ana"}, associations={"deals": AssociatedIds([AssociatedId("7", "contact_to_deal")])}
)


def look(reply: Callable[[SubCall], Outcome | None]) -> Overview:
    """An overview of a contact whose calls are answered by hand; the rest as in an empty portal."""

    def answer(call: SubCall) -> Outcome:
        known = reply(call)
        if known is not None:
            return known
        if (call.entity, call.action) == ("account", "details"):
            return AccountDetails(1, timeZone="UTC")
        return RECORD if call.action == "get" else Page(list[Result](), PageMeta())

    params: dict[str, object] = {"record": "100031"}
    return ByHand(answer).drive(overview.overview("contacts", params, 0.0))


def test_an_overview_leaves_out_what_may_not_be_read() -> None:
    denied = look(lambda call: PermissionDeniedError("No.") if call.action == "batch_get" else None)
    assert (denied.related, denied.not_read, denied.counts) == ({}, ["deals"], {"deals": "1"})


@pytest.mark.parametrize("when", [0, 1])
def test_an_overview_fails_where_hubspot_does(when: int) -> None:
    failed: ConnectorError = UpstreamTimeoutError("Late.")

    def at_the_record(call: SubCall) -> Outcome | None:
        wanted = cast("list[str]", call.params.get("associations", []))
        if call.action != "get" or not wanted:
            return None
        return PermissionDeniedError("No.") if when == 1 and len(wanted) > 1 else failed

    for reply in (at_the_record, lambda call: failed if call.action == "batch_get" else None):
        with pytest.raises(UpstreamTimeoutError):
            look(reply)
