"""Outcomes as lines for people, and as the page of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .task import RESULT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .harness import Outcome

_COLUMNS: Final = ("calls", "allowed", "largest result", "read", "written", "requests")
_PAGE_HEAD: Final = f"""# Agent tasks

What people ask of agents with HubSpot, as tasks over the [sandbox's](../sandbox.md) accounts. A task's answer is
checked against the account's own records, and what happened to the account against what should have happened: a
record too many fails it as a wrong figure does.

Here each task is worked on by a script, without a model, that uses nothing but the three tools of `build_tools`: this
is what the tools allow, and what the work then costs. `make tasks` runs all of them; with
`ARGS="--model http://127.0.0.1:8080/v1 --name some-model"` a model behind any address that speaks OpenAI's Chat
Completions API works on the same tasks. Its key is read from `OPENAI_API_KEY`.

*Calls* are those of tools, *allowed* is how many the task allows. *Largest result* is the longest text that a call
gave (at most {RESULT_TOKENS:,}), *read* the question and all results, *written* all arguments and the answer: tokens of
o200k, the tools themselves ([tokens](tokens.md)) not counted. *Requests* are those to HubSpot.
"""
_TABLE_HEAD: Final = """
| Task | Calls | Allowed | Largest result | Read | Written | Requests |
|---|--:|--:|--:|--:|--:|--:|
"""


def lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A table for a terminal, with what was wrong."""
    yield f"{'task':34}{'':10}" + "".join(f"{name:>16}" for name in _COLUMNS)
    for outcome in outcomes:
        state = "wrong" if outcome.wrong else "solved" if outcome.is_in_budget else "too dear"
        yield f"{outcome.task.name:34}{state:10}" + "".join(f"{figure:>16,}" for figure in _figures(outcome))
        yield from (f"    {reason}" for reason in outcome.wrong)
    solved = sum(outcome.is_solved for outcome in outcomes)
    in_budget = sum(outcome.is_solved and outcome.is_in_budget for outcome in outcomes)
    yield f"{solved} of {len(outcomes)} tasks solved, {in_budget} within their budgets"


def row(outcome: Outcome) -> str:
    """A line of the page's tables."""
    return f"| {outcome.task.question} | {' | '.join(f'{figure:,}' for figure in _figures(outcome))} |"


def render_page(sections: Sequence[tuple[str, Sequence[Outcome]]]) -> str:
    """The page."""
    tables = (f"\n## {title}\n{_TABLE_HEAD}" + "".join(f"{row(one)}\n" for one in some) for title, some in sections)
    return _PAGE_HEAD + "".join(tables)


def _figures(outcome: Outcome) -> tuple[int, ...]:
    return (
        outcome.calls,
        outcome.task.calls,
        outcome.largest,
        outcome.read,
        outcome.written,
        outcome.upstream,
    )
