"""Runs tasks and counts what they take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airbyte_agent_hubspot.tools import build_tools

from ..tokens import count_tokens
from .account import open_account
from .agent import Agent
from .book import Book
from .changes import Watch
from .task import RESULT_TOKENS, Expected, judge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .changes import Changes
    from .task import Answer, Task

    Policy = Callable[[Task, Agent], Awaitable[Answer]]


@dataclass(frozen=True)
class Outcome:
    """How one task went. `read` counts the question and all results, `written` all calls and the answer, in tokens."""

    task: Task
    wrong: list[str]
    calls: int
    largest: int
    read: int
    written: int
    upstream: int
    answer: Answer
    expected: Expected
    changes: Changes
    transcript: list[dict[str, object]]

    @property
    def is_solved(self) -> bool:
        """Whether the answer is right, and nothing happened but what should."""
        return not self.wrong

    @property
    def is_in_budget(self) -> bool:
        """Whether it took no more calls than the task allows, and no result was too long."""
        return self.calls <= self.task.calls and self.largest <= RESULT_TOKENS


async def solve_by_script(task: Task, agent: Agent) -> Answer:
    """The answer of the task's own script."""
    return await task.solve(agent)


async def run(task: Task, policy: Policy = solve_by_script, *, hosted: bool = False) -> Outcome:
    """Works on a task in a fresh account."""
    async with open_account(task.portal, without=task.without, hosted=hosted) as account:
        if task.prepare is not None:
            await task.prepare(account)
        expected = task.expect(Book(account.portal))
        watch = Watch(account.portal)
        account.portal.log.clear()
        agent = Agent(build_tools(account.connector))
        answer = await policy(task, agent)
        upstream = sum(not entry.route.startswith("/oauth/") for entry in account.portal.log.entries)
        changes = watch.changes()
    said = json.dumps(answer, ensure_ascii=False)
    return Outcome(
        task,
        judge(expected, answer, changes),
        len(agent.calls),
        max(agent.read, default=0),
        count_tokens(task.prompt) + sum(agent.read),
        agent.written + count_tokens(said),
        upstream,
        answer,
        expected,
        changes,
        agent.calls,
    )
