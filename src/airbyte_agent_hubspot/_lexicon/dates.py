"""Dates as people say them: `this quarter`, `last 30 days`, `next friday`, `2026-11`. Pure: now and zone are given.

A span of days begins at midnight in the portal's time zone and ends before midnight of the day after it. Weeks begin on
Monday, quarters in January, April, July and October.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_QUARTER_MONTHS: Final = 3
_YEAR_MONTHS: Final = 12
_UNITS: Final = "minute|hour|day|week|month|quarter|year"
_RELATIVE: Final = re.compile(rf"(this|current|last|past|previous|next|coming) ({_UNITS})")
_COUNTED: Final = re.compile(rf"(?:the )?(last|past|previous|next|coming) (\d{{1,4}}) ({_UNITS})s?")
_AGO: Final = re.compile(rf"(\d{{1,4}}|an?) ({_UNITS})s? (ago|from now)")
_IN: Final = re.compile(rf"in (\d{{1,4}}|an?) ({_UNITS})s?")
_TO_DATE: Final = {"ytd": "year", "qtd": "quarter", "mtd": "month", "wtd": "week"}
_YEAR: Final = re.compile(r"(\d{4})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{1,2})")
_QUARTER: Final = re.compile(r"(?:(\d{4})[ -]?q([1-4])|q([1-4])[ -]?(\d{4})?)")
_WEEKDAY: Final = re.compile(rf"(?:(this|last|next|on|coming) )?({'|'.join(_DAYS)})")
_ANY_MONTH: Final = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in _MONTHS)
_NAMED_MONTH: Final = re.compile(rf"(?:(this|last|next|in) )?({_ANY_MONTH})(?: (\d{{4}}))?")
_NAMED_DAY: Final = re.compile(
    rf"(?:({_ANY_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?|(\d{{1,2}})(?:st|nd|rd|th|\.)? ({_ANY_MONTH}))(?:,? (\d{{4}}))?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`; open where it is None."""

    start: datetime | None
    end: datetime | None


_LONGEST_MISSPELT: Final = 60
"""Characters. What is longer is no time with a wrong letter, and each word costs a comparison with all of ours."""
_WORDS: Final = (
    *("yesterday", "today", "tomorrow", "this", "last", "next", "past", "ago", "now", "in", "at", "to", "date"),
    *(word for unit in _UNITS.split("|") for word in (unit, f"{unit}s")),
    *_DAYS,
    *_MONTHS,
)
_CLOCK: Final = re.compile(r"(.+?),?(?: at)? (\d{1,2})(?:[:.](\d{2}))? ?(am|pm)?")


class Calendar:
    """Reads what people say of time, at one moment in one zone."""

    def __init__(self, now: datetime, zone: tzinfo) -> None:
        self.now = now.astimezone(zone)
        self.zone = zone
        self.today = self.now.date()

    def span(self, said: str) -> Span | None:
        """The time that is meant; None if this is not about time."""
        text = " ".join(said.strip().casefold().split())
        try:
            for read in (
                self._day_of,
                self._relative,
                self._counted,
                self._to_date,
                self._named,
                self._ago,
                self._at_clock,
            ):
                found = read(text)
                if found is not None:
                    return found
            return self._instant(said.strip())
        except (OverflowError, ValueError):  # beyond what a date can hold: `next 9999 years`
            return None

    def respelt(self, said: str) -> str | None:
        """What was meant, if its words need better spelling only: `this qarter`."""
        if len(said) > _LONGEST_MISSPELT:
            return None
        words = said.casefold().split()
        nearest = [get_close_matches(word, _WORDS, n=1, cutoff=0.75) for word in words]
        text = " ".join(near[0] if near else word for near, word in zip(nearest, words, strict=True))
        return text if self.span(text) is not None else None

    def day(self, said: str) -> date | None:
        """The one day that is meant: the first of a longer time."""
        span = self.span(said)
        return span.start.date() if span is not None and span.start is not None else None

    def midnight(self, day: date) -> datetime:
        """When the day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def days(self, first: date, after: date) -> Span:
        """From the first day until before the other."""
        return Span(self.midnight(first), self.midnight(after))

    def _day_of(self, text: str) -> Span | None:
        """Today and its neighbours, a date, a weekday."""
        near = {"yesterday": -1, "today": 0, "tomorrow": 1}.get(text)
        if near is not None:
            return self._one(self.today + timedelta(days=near))
        try:
            return self._one(date.fromisoformat(text))
        except ValueError:
            pass
        if found := _NAMED_DAY.fullmatch(text):
            month, day, year = found[1] or found[4], found[2] or found[3], found[5] or self.today.year
            return self._one(date(int(year), _month_number(month), int(day)))
        found = _WEEKDAY.fullmatch(text)
        if found is None:
            return None
        ahead = (_DAYS.index(found[2]) - self.today.weekday()) % 7
        if found[1] == "last":
            return self._one(self.today - timedelta(days=7 - ahead))
        return self._one(self.today + timedelta(days=ahead or (7 if found[1] in {"next", "coming"} else 0)))

    def _relative(self, text: str) -> Span | None:
        found = _RELATIVE.fullmatch(text)
        if found is None:
            return None
        steps = {"this": 0, "current": 0, "next": 1, "coming": 1}.get(found[1], -1)
        return self._unit(found[2], steps)

    def _unit(self, unit: str, steps: int) -> Span:
        if unit in {"minute", "hour"}:
            length = timedelta(**{f"{unit}s": 1})
            start = self.now.replace(minute=self.now.minute if unit == "minute" else 0, second=0, microsecond=0)
            return Span(start + steps * length, start + (steps + 1) * length)
        first = first_of(unit, self.today)
        return self.days(moved(unit, first, steps), moved(unit, first, steps + 1))

    def _counted(self, text: str) -> Span | None:
        """`last 30 days` ends now and begins at midnight; `next 2 weeks` begins now."""
        found = _COUNTED.fullmatch(text)
        if found is None:
            return None
        count = int(found[2])
        if found[1] in {"next", "coming"}:
            return Span(self.now, self._moved(found[3], count))
        start = self._moved(found[3], -count)
        return Span(start if found[3] in {"minute", "hour"} else self.midnight(start.date()), self.now)

    def _to_date(self, text: str) -> Span | None:
        unit = _TO_DATE.get(text) or (text.removesuffix(" to date") if text.endswith(" to date") else None)
        if unit is None:
            return None
        unit = unit.removeprefix("this ")
        return Span(self.midnight(first_of(unit, self.today)), self.now) if unit in _TO_DATE.values() else None

    def _named(self, text: str) -> Span | None:
        """A year, a month, a quarter."""
        if found := _YEAR.fullmatch(text):
            return self._months(int(found[1]), 1, _YEAR_MONTHS)
        if found := _MONTH.fullmatch(text):
            return self._months(int(found[1]), int(found[2]), 1)
        if found := _QUARTER.fullmatch(text):
            year, quarter = found[1] or found[4] or self.today.year, found[2] or found[3]
            return self._months(int(year), int(quarter) * _QUARTER_MONTHS - 2, _QUARTER_MONTHS)
        if found := _NAMED_MONTH.fullmatch(text):
            month = _month_number(found[2])
            year = int(found[3] or self.today.year)
            if not found[3] and found[1] == "last" and month >= self.today.month:
                year -= 1
            if not found[3] and found[1] == "next" and month <= self.today.month:
                year += 1
            return self._months(year, month, 1)
        return None

    def _ago(self, text: str) -> Span | None:
        """`3 days ago`, `in 2 weeks`: that day; of hours and minutes, that moment."""
        sign, found = 1, _IN.fullmatch(text)
        if found is None:
            found = _AGO.fullmatch(text)
            if found is None:
                return {"now": Span(self.now, self.now)}.get(text)
            sign = -1 if found[3] == "ago" else 1
        count = 1 if found[1].startswith("a") else int(found[1])
        at = self._moved(found[2], sign * count)
        return Span(at, at) if found[2] in {"minute", "hour"} else self._one(at.date())

    def _at_clock(self, text: str) -> Span | None:
        """`tomorrow at 15:00`, `friday 3pm`: an hour of a day."""
        found = _CLOCK.fullmatch(text)
        if found is None or not (found[3] or found[4] or " at " in text):
            return None
        day = self._day_of(found[1])
        if day is None or day.start is None:
            return None
        hour = int(found[2]) % 12 + (12 if found[4] == "pm" else 0) if found[4] else int(found[2])
        at = day.start.replace(hour=hour, minute=int(found[3] or 0))
        return Span(at, at)

    def _instant(self, text: str) -> Span | None:
        """A date with a time; without an offset it is in the portal's zone."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=self.zone)
        return Span(at, at)

    def _moved(self, unit: str, count: int) -> datetime:
        if unit in {"minute", "hour"}:
            return self.now + timedelta(**{f"{unit}s": count})
        day = moved(unit, self.today, count)
        return self.now.replace(year=day.year, month=day.month, day=day.day)

    def _one(self, day: date) -> Span:
        return self.days(day, day + timedelta(days=1))

    def _months(self, year: int, month: int, count: int) -> Span | None:
        if not (1 <= month <= _YEAR_MONTHS and 1 < year < 9999):  # noqa: PLR2004 - what a date can hold
            return None
        first = date(year, month, 1)
        return self.days(first, moved_months(first, count))


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name))


def first_of(unit: str, day: date) -> date:
    """The first day of the week, month, quarter or year that `day` is in."""
    starts: dict[str, Callable[[], date]] = {
        "day": lambda: day,
        "week": lambda: day - timedelta(days=day.weekday()),
        "month": lambda: day.replace(day=1),
        "quarter": lambda: day.replace(month=(day.month - 1) // _QUARTER_MONTHS * _QUARTER_MONTHS + 1, day=1),
        "year": lambda: day.replace(month=1, day=1),
    }
    return starts[unit]()


def moved(unit: str, day: date, count: int) -> date:
    """The day that many units later; the last of a month that is too short."""
    days = {"day": 1, "week": 7}.get(unit)
    if days is not None:
        return day + timedelta(days=days * count)
    return moved_months(day, count * {"month": 1, "quarter": _QUARTER_MONTHS, "year": _YEAR_MONTHS}[unit])


def moved_months(day: date, count: int) -> date:
    """The same day that many months later; the last of a month that is too short."""
    months = day.year * _YEAR_MONTHS + day.month - 1 + count
    year, month = divmod(months, _YEAR_MONTHS)
    following = date(year + (month + 1) // _YEAR_MONTHS, (month + 1) % _YEAR_MONTHS + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))
