"""Fails every test whose output or logs show a secret: the whole run is searched, not only tests that look for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

SECRETS: Final = {
    "a refresh token of HubSpot": re.compile(r"(?:na|eu)1-[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    "an access token of HubSpot": re.compile(r"C(?<!\wC)[A-Za-z0-9_-]{400,}"),
    "the token of a private app": re.compile(r"pat-(?:na1|eu1)-[0-9a-f]{8}-[0-9a-f]{4}-"),
    "a token of the server": re.compile(r"eyJ(?<!\weyJ)[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "a client secret": re.compile(r"client_secret[\"'=: ]+(?!\*|None|null|<)[A-Za-z0-9_-]{20,}"),
    "a bearer": re.compile(r"earer [A-Za-z0-9_.-]{40,}"),
}
"""What a secret looks like, by the forms that HubSpot's, the sandbox's and the server's have.

Each begins with letters, for which Python searches ten times as fast as for a boundary: logs can be long.
"""


def find_secrets(texts: Iterable[str]) -> list[str]:
    """The kinds of secrets that the texts show."""
    joined = "\n".join(texts)
    return [kind for kind, pattern in SECRETS.items() if pattern.search(joined)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report; failed if the captured output shows a secret."""
    del call
    report = yield
    found = find_secrets(content for name, content in report.sections if name.endswith(report.when))
    if found:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({report.when}) wrote {', '.join(found)} to its output or log."
    return report
