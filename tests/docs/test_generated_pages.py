"""The generated pages are what the code says now: `make pages` writes them."""

import pytest

from airbyte_agent_hubspot.shaping import MAX_TOKENS
from cli_page import render_cli
from docs.made_up import MadeUp
from errors_page import Mistakes, render_errors
from faults_page import render_faults
from greeting import Running
from operations_page import render_operations
from pages import CLI, ERRORS, FAULTS, OPERATIONS, SETTINGS, TOKENS
from settings_page import render_settings
from tokens_page import costs, render_tokens, surfaces


def _running(up: MadeUp) -> Running:
    return Running(**up.values, pids=up.pids)


def test_the_page_of_operations_is_the_catalog() -> None:
    assert OPERATIONS.read_text(encoding="utf-8") == render_operations()


def test_the_page_of_the_command_line_is_its_commands() -> None:
    assert CLI.read_text(encoding="utf-8") == render_cli()


def test_the_page_of_settings_is_the_settings_class() -> None:
    assert SETTINGS.read_text(encoding="utf-8") == render_settings()


async def test_the_page_of_faults_is_what_the_faults_do() -> None:
    assert FAULTS.read_text(encoding="utf-8") == await render_faults()


@pytest.mark.requirement("tokens")
async def test_the_page_of_tokens_is_what_tools_and_results_cost_within_their_limits() -> None:
    found = await costs()
    assert TOKENS.read_text(encoding="utf-8") == render_tokens(found)
    assert [what for what, tokens, limit in surfaces() if limit is not None and tokens > limit] == []
    assert [cost.call for cost in found if cost.in_tool > MAX_TOKENS] == []


async def test_each_error_on_its_page_is_what_the_mistake_gives(up: MadeUp) -> None:
    page = await render_errors(_running(up))
    assert ERRORS.read_text(encoding="utf-8") == page
    assert page.count("\n| ") == len(Mistakes(_running(up)).all()) + 1
