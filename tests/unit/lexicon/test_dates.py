"""Dates in words: what they mean at one moment, and that times of one kind leave no gap and never overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot._lexicon.dates import Calendar, first_of, moved

EASTERN = ZoneInfo("US/Eastern")
NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)
"""A Wednesday, one in the afternoon."""
ZONES = st.sampled_from(["US/Eastern", "Europe/Vienna", "Asia/Kolkata", "Pacific/Auckland", "UTC"]).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
UNITS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@pytest.mark.parametrize(
    ("said", "first", "after"),
    [
        ("today", "2026-11-25", "2026-11-26"),
        ("Yesterday", "2026-11-24", "2026-11-25"),
        ("tomorrow", "2026-11-26", "2026-11-27"),
        ("2026-11-20", "2026-11-20", "2026-11-21"),
        ("wednesday", "2026-11-25", "2026-11-26"),
        ("next friday", "2026-11-27", "2026-11-28"),
        ("next wednesday", "2026-12-02", "2026-12-03"),
        ("last friday", "2026-11-20", "2026-11-21"),
        ("this  week", "2026-11-23", "2026-11-30"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("next month", "2026-12-01", "2027-01-01"),
        ("previous quarter", "2026-07-01", "2026-10-01"),
        ("current year", "2026-01-01", "2027-01-01"),
        ("this day", "2026-11-25", "2026-11-26"),
        ("2024", "2024-01-01", "2025-01-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("Q1", "2026-01-01", "2026-04-01"),
        ("q4 2025", "2025-10-01", "2026-01-01"),
        ("2025-Q3", "2025-07-01", "2025-10-01"),
        ("november", "2026-11-01", "2026-12-01"),
        ("November 2024", "2024-11-01", "2024-12-01"),
        ("Nov 2024", "2024-11-01", "2024-12-01"),
        ("Nov 20, 2025", "2025-11-20", "2025-11-21"),
        ("november 20th", "2026-11-20", "2026-11-21"),
        ("1st May 2026", "2026-05-01", "2026-05-02"),
        ("3. march", "2026-03-03", "2026-03-04"),
        ("last december", "2025-12-01", "2026-01-01"),
        ("last march", "2026-03-01", "2026-04-01"),
        ("next march", "2027-03-01", "2027-04-01"),
        ("next december", "2026-12-01", "2027-01-01"),
        ("3 days ago", "2026-11-22", "2026-11-23"),
        ("a week ago", "2026-11-18", "2026-11-19"),
        ("in 2 weeks", "2026-12-09", "2026-12-10"),
        ("2 months from now", "2027-01-25", "2027-01-26"),
    ],
)
def test_a_day_or_longer_is_from_midnight_to_midnight_in_the_portals_zone(said: str, first: str, after: str) -> None:
    span = Calendar(NOW, EASTERN).span(said)
    assert span is not None
    assert (span.start, span.end) == tuple(
        datetime.fromisoformat(day).replace(tzinfo=EASTERN) for day in (first, after)
    )


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("last 30 days", "2026-10-26T00:00-04:00", "2026-11-25T13:00-05:00"),
        ("past 24 hours", "2026-11-24T13:00-05:00", "2026-11-25T13:00-05:00"),
        ("next 7 days", "2026-11-25T13:00-05:00", "2026-12-02T13:00-05:00"),
        ("next 30 minutes", "2026-11-25T13:00-05:00", "2026-11-25T13:30-05:00"),
        ("this hour", "2026-11-25T13:00-05:00", "2026-11-25T14:00-05:00"),
        ("last minute", "2026-11-25T12:59-05:00", "2026-11-25T13:00-05:00"),
        ("ytd", "2026-01-01T00:00-05:00", "2026-11-25T13:00-05:00"),
        ("this month to date", "2026-11-01T00:00-04:00", "2026-11-25T13:00-05:00"),
        ("tomorrow at 15:00", "2026-11-26T15:00-05:00", "2026-11-26T15:00-05:00"),
        ("friday at 9am", "2026-11-27T09:00-05:00", "2026-11-27T09:00-05:00"),
        ("yesterday, 12 pm", "2026-11-24T12:00-05:00", "2026-11-24T12:00-05:00"),
        ("Nov 20 at 12am", "2026-11-20T00:00-05:00", "2026-11-20T00:00-05:00"),
        ("2026-12-24 at 9", "2026-12-24T09:00-05:00", "2026-12-24T09:00-05:00"),
        ("now", "2026-11-25T13:00-05:00", "2026-11-25T13:00-05:00"),
        ("2 hours ago", "2026-11-25T11:00-05:00", "2026-11-25T11:00-05:00"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00Z", "2026-11-20T09:00Z"),
        ("2026-11-20T09:00", "2026-11-20T09:00-05:00", "2026-11-20T09:00-05:00"),
    ],
)
def test_other_times_have_the_moments_that_people_mean(said: str, start: str, end: str) -> None:
    span = Calendar(NOW, EASTERN).span(said)
    assert span is not None
    assert (span.start, span.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "2026-13",
        "2026-02-30",
        "9999",
        "next 9999 years",
        "q5",
        "fly to date",
        "Nov 31",
        "11/20/2026",
        "soon at 9",
        "today at 25:00",
    ],
)
def test_what_is_no_time_is_none(said: str) -> None:
    calendar = Calendar(NOW, EASTERN)
    assert calendar.span(said) is None
    assert calendar.day(said) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("this qarter", "this quarter"),
        ("Tomorow", "tomorrow"),
        ("last 30 dyas", "last 30 days"),
        ("next fridy", "next friday"),
        ("soon", None),
        ("", None),
        ("this " * 12 + "qarter", None),
    ],
)
def test_a_misspelt_time_is_known_by_its_words(said: str, meant: str | None) -> None:
    assert Calendar(NOW, EASTERN).respelt(said) == meant


def test_the_day_of_a_longer_time_is_its_first() -> None:
    assert Calendar(NOW, EASTERN).day("this quarter") == date(2026, 10, 1)


@given(moment=MOMENTS, zone=ZONES, unit=UNITS)
def test_last_this_and_next_follow_one_another_without_a_gap(moment: datetime, zone: ZoneInfo, unit: str) -> None:
    calendar = Calendar(moment, zone)
    spans = [calendar.span(f"{word} {unit}") for word in ("last", "this", "next")]
    last, this, following = (span for span in spans if span is not None)
    assert last.end == this.start
    assert this.end == following.start
    assert this.start is not None
    assert this.end is not None
    assert this.start <= moment < this.end


@given(day=st.dates(date(1990, 1, 1), date(2090, 1, 1)), unit=UNITS)
def test_each_day_is_in_one_unit_and_the_days_of_a_unit_share_their_first(day: date, unit: str) -> None:
    first = first_of(unit, day)
    after = moved(unit, first, 1)
    assert first <= day < after
    assert first_of(unit, after) == after
    assert first_of(unit, after - timedelta(days=1)) == first


def test_a_month_that_is_too_short_gives_its_last_day() -> None:
    assert moved("month", date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert moved("year", date(2024, 2, 29), 1) == date(2025, 2, 28)
