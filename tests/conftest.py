"""Fixtures every test may use."""

import faulthandler
import gc
import logging
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from coverage import Coverage
from fastapi.dependencies import models as dependencies
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

import reuse
from airbyte_agent_hubspot import _limits
from secret_scan import pytest_runtest_makereport  # noqa: F401  # the hook

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")
reuse.install()
logging.getLogger("aiosqlite").setLevel(logging.INFO)  # it tells every step, all that it stores: that is searched there


def pytest_collection_finish() -> None:
    """What was imported to collect the tests stays: looking through it for garbage takes a fifth of the run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def collect_garbage() -> Iterator[None]:
    """Servers of tests that are over go at once: left to the collector, they fill gigabytes first."""
    yield
    gc.collect()
    gc.freeze()


def runs_unmeasured(item: pytest.Item) -> bool:
    """Whether other tests run the same code: measuring coverage doubles the time of a test, so it is left out there."""
    folder, module = item.path.parent.name, item.path.stem
    return "postgresql" in item.name or folder in {"bench", "deploy", "docs"} or module == "test_generated_requests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module counts as run when it is first imported: tests that are not measured would hide that, so they wait."""
    if Coverage.current() is not None:
        items.sort(key=runs_unmeasured)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measured = Coverage.current()
    if measured is None or not runs_unmeasured(item):
        return (yield)
    measured.stop()
    of_processes = os.environ.pop("COVERAGE_PROCESS_CONFIG")
    try:
        return (yield)
    finally:
        os.environ["COVERAGE_PROCESS_CONFIG"] = of_processes
        measured.start()


def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Go on watching: pytest stops when a test fails, but what the test leaves undone can keep its teardown waiting."""
    limit_s = float(str(node.config.getini("faulthandler_timeout")))
    if limit_s and isinstance(node, pytest.Item):
        faulthandler.dump_traceback_later(limit_s, file=node.config.stash[fault_handler_stderr_fd_key], exit=True)


class ScopesOfProcesses(LoadScopeScheduling):
    """Each test goes to the worker that is free, but the documentation's to one: they share what `make up` starts.

    pytest-xdist 3.8 has a mark for this, which does nothing from pytest 9.2 on.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "docs" if nodeid.startswith("tests/docs/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return ScopesOfProcesses(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def forget_what_is_over() -> Iterator[None]:
    """FastAPI remembers routes, and by them applications; connectors that are not yet freed keep HubSpot's limits."""
    yield
    _limits._budgets.clear()
    for name in ("_is_gen_callable_cached", "_is_async_gen_callable_cached", "_is_coroutine_callable_cached"):
        getattr(dependencies, name).cache_clear()
