"""The fixtures that users of the sandbox test their agents with."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "no:hubspot-sandbox", "-p", "hubspot_sandbox.pytest_plugin", "-p", "no:cacheprovider")

AGENT_TESTS = """
import json
import urllib.request
from urllib.error import HTTPError

import pytest

from hubspot_sandbox import Fault

CONTACTS = "/crm/v3/objects/contacts"


def fetch(sandbox, path, body=None):
    request = urllib.request.Request(
        sandbox.url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {sandbox.access_token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_a_portal_on_a_port(hubspot_sandbox, hubspot_sandbox_app):
    assert len(fetch(hubspot_sandbox, f"{CONTACTS}?limit=100")["results"]) == 60
    assert hubspot_sandbox.requests.count(status=200) == 1
    assert hubspot_sandbox.credentials["token_url"].startswith(hubspot_sandbox.url)
    assert hubspot_sandbox_app.state.portal is hubspot_sandbox.portal


def test_each_test_has_a_portal_of_its_own(hubspot_sandbox):
    assert hubspot_sandbox.requests.total == 0


def test_faults(hubspot_sandbox):
    hubspot_sandbox.faults.add(Fault("internal_error", route=CONTACTS, times=1))
    with pytest.raises(HTTPError):
        fetch(hubspot_sandbox, CONTACTS)
    assert fetch(hubspot_sandbox, CONTACTS)["results"]


def test_clock_quotas_and_lag(hubspot_sandbox):
    hubspot_sandbox.set_index_lag(2)
    hubspot_sandbox.set_quotas(search_per_s=2)
    fetch(hubspot_sandbox, CONTACTS, {"properties": {"email": "ada@agent.example"}})
    query = {"query": "ada@agent.example"}
    assert fetch(hubspot_sandbox, f"{CONTACTS}/search", query)["total"] == 0
    hubspot_sandbox.clock.advance(2)
    assert fetch(hubspot_sandbox, f"{CONTACTS}/search", query)["total"] == 1


@pytest.mark.hubspot_sandbox(seed=3, rate_limits=False, in_process=True)
def test_a_portal_in_process(hubspot_sandbox):
    assert hubspot_sandbox.url == "http://sandbox.test"
    assert hubspot_sandbox.portal.origin.seed == 3
    assert not hubspot_sandbox.portal.behaviour.rate_limits
"""


def test_agents_are_tested_with_one_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(AGENT_TESTS)

    result = pytester.runpytest_inprocess("-q", "-W", "error", "--strict-markers", *PLUGIN)

    result.assert_outcomes(passed=5)


def test_a_run_that_does_not_use_it_loads_nothing_of_the_sandbox() -> None:
    code = (
        "import sys, hubspot_sandbox.pytest_plugin; "
        "print(sorted(name for name in sys.modules if name.startswith(('hubspot_sandbox', 'starlette', 'uvicorn'))))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command

    assert printed == "['hubspot_sandbox', 'hubspot_sandbox.pytest_plugin']\n"
