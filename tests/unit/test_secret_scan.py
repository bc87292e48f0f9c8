"""The search for secrets in the run's output finds what it is for."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from hubspot_sandbox import create_app
from secret_scan import find_secrets

PROBE = """
import logging

def test_prints() -> None:
    print("{secret}")

def test_logs() -> None:
    logging.getLogger("any").debug("%s", "{secret}")

def test_is_quiet() -> None:
    print("client_secret=***", "{uuid}")
"""


def test_the_sandboxs_own_secrets_are_recognized() -> None:
    tokens = create_app(portal="small").state.portal.tokens
    app, grant = tokens.apps()[0], tokens.grants()[0]
    access = tokens.mint_access_token(grant, grant.scopes).token
    private = tokens.mint_private_token(grant.scopes).token
    shown = [grant.refresh_token, access, private, f"client_secret={app.client_secret}"]
    assert [find_secrets([text])[0] for text in shown] == [
        "a refresh token of HubSpot",
        "an access token of HubSpot",
        "the token of a private app",
        "a client secret",
    ]
    assert find_secrets(["client_secret=***", str(UUID(int=1)), "HubspotAuthConfig(refresh_token=***)"]) == []


@pytest.mark.requirement("run-shows-no-secret")
def test_a_test_that_shows_a_secret_fails_even_if_it_passes(tmp_path: Path) -> None:
    secret = create_app(portal="small").state.portal.tokens.grants()[0].refresh_token
    probe = tmp_path / "test_probe.py"
    probe.write_text(PROBE.format(secret=secret, uuid=UUID(int=1)))
    (tmp_path / "conftest.py").write_text("from secret_scan import pytest_runtest_makereport")
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "pytest", "-q", "--log-level=DEBUG", "-p", "no:cacheprovider", "-c", "/dev/null", probe],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 1 passed" in run.stdout
