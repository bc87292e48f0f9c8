"""What a task is, and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .account import Account
    from .agent import Agent
    from .book import Book
    from .changes import Changes, Link, New

    Answer = dict[str, object]

RESULT_TOKENS: Final = 2_000
_CENT: Final = Decimal("0.005")


@dataclass(frozen=True)
class Expected:
    """The right answer, and all that must have happened to the account.

    A list of the answer has an order, a set has none. Of a created record the values named here are compared, its
    links all.
    """

    answer: Mapping[str, object]
    created: list[New] = field(default_factory=list["New"])
    changed: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    deleted: frozenset[str] = frozenset()
    linked: frozenset[Link] = frozenset()
    unlinked: frozenset[Link] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Task:
    """One task. `form` says how the answer is written, `calls` in how many calls it can be done.

    `prepare` sets the account up; `expect` tells what is right, from its records, before anybody works on it; `solve`
    does it by the tools, as somebody who knows them would.
    """

    name: str
    question: str
    form: str
    expect: Callable[[Book], Expected]
    solve: Callable[[Agent], Awaitable[Answer]]
    calls: int = 2
    portal: str = "default"
    without: frozenset[str] = frozenset()
    prepare: Callable[[Account], Awaitable[None]] | None = None

    @property
    def prompt(self) -> str:
        """What the agent is asked."""
        return f"{self.question}\nWhen you are done, answer with JSON alone: {self.form}"


def judge(expected: Expected, answer: object, changes: Changes) -> list[str]:
    """What is wrong; nothing if the task is done."""
    return [*_differences(expected.answer, answer, "answer"), *_misdeeds(expected, changes)]


def _differences(right: object, given: object, place: str) -> Iterator[str]:
    if isinstance(right, Mapping):
        wanted = cast("Mapping[str, object]", right)
        if not isinstance(given, Mapping) or set(cast("Answer", given)) != set(wanted):
            yield f"{place} must have {', '.join(wanted)}"
            return
        for name, value in wanted.items():
            yield from _differences(value, cast("Answer", given)[name], f"{place}.{name}")
    elif isinstance(right, list | set | frozenset):
        if not isinstance(given, list):
            yield f"{place} must be a list"
            return
        wanted_items, items = list(cast("list[object]", right)), cast("list[object]", given)
        if not isinstance(right, list):
            wanted_items, items = sorted(wanted_items, key=_plain), sorted(items, key=_plain)
        if len(wanted_items) != len(items):
            yield f"{place} must have {len(wanted_items)} items, not {len(items)}"
            return
        for number, (one, other) in enumerate(zip(wanted_items, items, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif not _is_same(right, given):
        yield f"{place} is {given!r}, not {right!r}"


def _is_same(right: object, given: object) -> bool:
    if isinstance(right, bool) or right is None or isinstance(given, bool):
        return right is given
    if isinstance(right, int | Decimal):
        number = _number(given)
        return number is not None and abs(number - right) < _CENT
    return isinstance(given, str | int) and _plain(right) == _plain(given)


def _number(given: object) -> Decimal | None:
    try:
        number = Decimal(str(given).replace(",", "").removeprefix("$"))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(value: object) -> str:
    return " ".join(str(value).split()).casefold()


def _misdeeds(expected: Expected, changes: Changes) -> Iterator[str]:
    missing = list(expected.created)
    for record_id, new in changes.created.items():
        wanted = next((one for one in missing if _is_like(one, new)), None)
        if wanted is None:
            yield f"created {new.type_id} {record_id}, which is not what was asked for"
        else:
            missing.remove(wanted)
    yield from (f"did not create {one}" for one in missing)
    for record_id in sorted({*expected.changed, *changes.changed}):
        right, done = expected.changed.get(record_id, {}), changes.changed.get(record_id, {})
        if right != done:
            yield f"changed {record_id} to {done}, not to {right}"
    for what in ("deleted", "linked", "unlinked", "others"):
        wanted_ones, ones = getattr(expected, what), getattr(changes, what)
        yield from (f"did not: {what} {one}" for one in wanted_ones - ones)
        yield from (f"should not have: {what} {one}" for one in ones - wanted_ones)


def _is_like(wanted: New, new: New) -> bool:
    values = {name: new.values.get(name, "") for name in wanted.values}
    return (wanted.type_id, wanted.values, wanted.links) == (new.type_id, values, new.links)
