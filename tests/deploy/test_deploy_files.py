"""What `deploy/` holds is fit for use: linters find nothing, and would if there were something."""

import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from airbyte_agent_server.settings import CONFIG, PREFIX, Settings
from deploy_lint import DEPLOY, LINTERS, main

ROOT = DEPLOY.parent
BROKEN = {
    "Dockerfile": ("Dockerfile", "FROM python:${PYTHON} AS wheel", "FROM python:latest AS wheel"),
    "compose.yaml": ("compose.yaml", "    restart: unless-stopped", "    restarts: unless-stopped"),
    "kubernetes": ("kubernetes/deployment.yaml", "readinessProbe:", "readynessProbe:"),
    "nginx.conf": ("nginx.conf", "proxy_pass http://agent_servers;", "proxy_pas http://agent_servers;"),
    "agent-server.service": ("agent-server.service", "ProtectSystem=strict", "ProtectSystem=stricter"),
}
"""What is linted -> a file of it, and a mistake in it."""


@pytest.mark.requirement("deploy-is-linted")
def test_linters_find_nothing_in_what_is_deployed() -> None:
    assert {name: lint(DEPLOY) for name, lint in LINTERS.items()} == {name: [] for name in LINTERS}


@pytest.mark.requirement("deploy-is-linted")
@pytest.mark.parametrize("name", LINTERS)
def test_each_linter_finds_a_mistake(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    file, right, wrong = BROKEN[name]
    text = (folder / file).read_text()
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1))
    assert LINTERS[name](folder)


def test_a_unit_that_leaves_the_machine_open_is_found(tmp_path: Path) -> None:
    text = (DEPLOY / "agent-server.service").read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("Protect", "Private", "Restrict", "Capability"))]
    (tmp_path / "agent-server.service").write_text("\n".join(kept))
    assert any("exposure" in line for line in LINTERS["agent-server.service"](tmp_path))


def test_a_linter_that_is_missing_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy_lint.shutil.which", lambda *_, **__: None)
    assert LINTERS["Dockerfile"](DEPLOY) == ["hadolint is not installed."]


def test_the_gate_fails_if_something_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    (folder / "Dockerfile").write_text("FROM python\n")
    assert main(folder) == 1
    assert "Dockerfile: " in capsys.readouterr().out


def settings_named() -> dict[str, set[str]]:
    """File -> the settings it names."""
    manifest = yaml.safe_load((DEPLOY / "kubernetes/configmap.yaml").read_text())
    secret = yaml.safe_load((DEPLOY / "kubernetes/secret.example.yaml").read_text())
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    unit = (DEPLOY / "agent-server.service").read_text().splitlines()
    image = (DEPLOY / "Dockerfile").read_text().replace("ENV ", "").split()
    return {
        "configmap.yaml": set(manifest["data"]),
        "secret.example.yaml": {
            PREFIX + name.upper() for name in tomllib.loads(secret["stringData"]["agent-server.toml"])
        },
        "compose.yaml": set(composed["services"]["server-1"]["environment"]),
        "agent-server.service": {line.split("=")[1] for line in unit if line.startswith("Environment=")},
        "Dockerfile": {word.split("=")[0] for word in image if word.startswith(PREFIX)},
    }


def test_every_setting_that_is_deployed_exists() -> None:
    known = {CONFIG, *(PREFIX + name.upper() for name in Settings.model_fields)}
    assert {file: names - known for file, names in settings_named().items() if names - known} == {}


def test_the_drain_fits_into_the_time_that_each_platform_gives() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["server-1"]
    manifest = yaml.safe_load((DEPLOY / "kubernetes/configmap.yaml").read_text())["data"]
    pod = yaml.safe_load((DEPLOY / "kubernetes/deployment.yaml").read_text())["spec"]["template"]["spec"]
    for names, given_s in (
        (composed["environment"], int(composed["stop_grace_period"].removesuffix("s"))),
        (manifest, pod["terminationGracePeriodSeconds"]),
    ):
        drain_s = float(names["AGENT_SERVER_DRAIN_DELAY_S"]) + float(names["AGENT_SERVER_DRAIN_TIMEOUT_S"])
        assert drain_s < given_s


def test_the_proxy_waits_longer_than_the_longest_execute_and_takes_as_much_as_the_server() -> None:
    longest = Settings.model_fields["execute_deadline_s"].metadata
    text = (DEPLOY / "nginx.conf").read_text()
    assert any(getattr(bound, "le", None) == 290 for bound in longest)
    assert "proxy_read_timeout 300s;" in text
    assert Settings(master_key=SecretStr("x")).body_limit_bytes == 1024 * 1024
    assert "client_max_body_size 1m;" in text
