"""Works on all tasks and prints what they took: `python -m benchmarks.agent_tasks [--model URL --name NAME]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from time import monotonic

from .catalogue import SECTIONS, TASKS
from .chat import ChatModel, ModelError
from .harness import run, solve_by_script
from .report import lines, render_page


def main(given: list[str] | None = None) -> int:
    """1 if a task was not solved, or not within its budget; 2 if the model gives no answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agent_tasks", description="Tasks for agents.")
    parser.add_argument("--task", action="append", choices=[task.name for task in TASKS], help="only this one")
    parser.add_argument("--quick", action="store_true", help="without the account of a million contacts")
    parser.add_argument("--hosted", action="store_true", help="through a server instead of directly")
    parser.add_argument("--model", metavar="URL", help="a model at this address (that before /chat/completions)")
    parser.add_argument("--name", default="", help="the model's name")
    parser.add_argument("--key-env", metavar="VARIABLE", default="OPENAI_API_KEY", help="where the model's key is")
    parser.add_argument("--page", metavar="FILE", type=Path, help="write the page of the documentation there")
    arguments = parser.parse_args(given)
    if arguments.page and (arguments.task or arguments.quick or arguments.model or arguments.hosted):
        parser.error("the page is about all tasks, worked on by their scripts")
    policy = solve_by_script
    if arguments.model:
        policy = ChatModel(arguments.model, arguments.name, os.environ.get(arguments.key_env, "")).work
    chosen = [task for task in TASKS if not arguments.task or task.name in arguments.task]
    if arguments.quick:
        chosen = [task for task in chosen if task.portal == "default"]
    began_at = monotonic()
    try:
        outcomes = [asyncio.run(run(task, policy, hosted=arguments.hosted)) for task in chosen]
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    for line in lines(outcomes):
        print(line)
    print(f"{monotonic() - began_at:.0f} s")
    if arguments.page:
        by_task = dict(zip(TASKS, outcomes, strict=True))
        page = render_page([(title, [by_task[task] for task in tasks]) for title, tasks in SECTIONS.items()])
        arguments.page.write_text(page, encoding="utf-8")
    return 0 if all(outcome.is_solved and outcome.is_in_budget for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
