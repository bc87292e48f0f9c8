"""`make up`: a HubSpot sandbox and a server of ours on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from greeting import WORKSPACE, Running, greeting, variables
from locks import AlreadyHeldError, hold
from services import LOOPBACK, Service, StartError, call, free_port

if TYPE_CHECKING:
    from types import FrameType

SANDBOX_PORT: Final = 8100
SERVER_PORT: Final = 8000
SEED: Final = 7
_POLL_S: Final = 0.2


class StoppedError(Exception):
    """A signal asked us to stop."""


def main(arguments: list[str]) -> int:
    """Runs until it is stopped; the exit code."""
    options = _read_arguments(arguments)
    run_dir: Path = options.run_dir
    os.umask(0o077)  # what it keeps is for its owner alone: secrets are in it
    run_dir.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with hold(run_dir / "up.lock"):
            return _run(run_dir, sandbox_port=options.sandbox_port, server_port=options.server_port)
    except AlreadyHeldError as error:
        print(f"It runs already, as process {error.pid}: see {run_dir}/up.json. `make down` stops it.")
        return 0


def _read_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="state, logs and up.json (default: .run)")
    parser.add_argument("--sandbox-port", type=int, default=SANDBOX_PORT, help="default: %(default)s; 0: any free one")
    parser.add_argument("--server-port", type=int, default=SERVER_PORT, help="default: %(default)s; 0: any free one")
    return parser.parse_args(arguments)


def _run(run_dir: Path, *, sandbox_port: int, server_port: int) -> int:
    sandbox_port = _choose_port("sandbox", sandbox_port)
    server_port = _choose_port("server", server_port)
    sandbox = _sandbox(run_dir, sandbox_port)
    server = Service("server", "airbyte_agent_server", ["serve"], run_dir)
    values_file, variables_file = run_dir / "up.json", run_dir / "up.env"
    try:
        for service in (server, sandbox):
            service.stop()  # a run that was killed may have left it behind
        running, connector_id = _start(sandbox, server, run_dir, sandbox_port=sandbox_port, server_port=server_port)
        values_file.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
        variables_file.write_text(variables(running), encoding="utf-8")
        print(greeting(running, connector_id, run_dir=run_dir), flush=True)
        while True:
            time.sleep(_POLL_S)
            sandbox.check()
            server.check()
    except StoppedError:
        with suppress(OSError):  # the terminal may be what went away
            print("Stopping.", flush=True)
        return 0
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        server.stop()
        sandbox.stop()
        for file in (values_file, variables_file):
            file.unlink(missing_ok=True)


def _choose_port(name: str, wanted: int) -> int:
    port = free_port(wanted)
    if wanted and port != wanted:
        print(f"Port {wanted} is taken: the {name} uses {port}.")
    return port


def _sandbox(run_dir: Path, port: int) -> Service:
    arguments = ["--seed", str(SEED), "--port", str(port), "--state", str(run_dir / "sandbox.db")]
    return Service("sandbox", "hubspot_sandbox", arguments, run_dir)


def _start(
    sandbox: Service, server: Service, run_dir: Path, *, sandbox_port: int, server_port: int
) -> tuple[Running, str]:
    """What runs now, and the id of the connector that the printed lines use."""
    sandbox_url = f"http://{LOOPBACK}:{sandbox_port}"
    server_url = f"http://{LOOPBACK}:{server_port}"
    print("Starting the sandbox ...", flush=True)
    sandbox.start(f"{sandbox_url}/_sandbox/credentials")
    app = cast("dict[str, str]", call("GET", f"{sandbox_url}/_sandbox/credentials"))
    server.environment = _server_environment(run_dir, app, sandbox_url=sandbox_url, server_port=server_port)
    print("Starting the server ...", flush=True)
    organization = _organization(run_dir, server.environment)
    server.start(f"{server_url}/readyz")
    running = Running(
        server_url=server_url,
        sandbox_url=sandbox_url,
        organization_id=organization["organization_id"],
        airbyte_client_id=organization["client_id"],
        airbyte_client_secret=organization["client_secret"],
        hubspot_client_id=app["client_id"],
        hubspot_client_secret=app["client_secret"],
        hubspot_refresh_token=app["refresh_token"],
        pids={"up": os.getpid(), "sandbox": sandbox.pid, "server": server.pid},
    )
    return running, _demo_connector(running)


def _server_environment(run_dir: Path, app: dict[str, str], *, sandbox_url: str, server_port: int) -> dict[str, str]:
    return {
        "AGENT_SERVER_HOST": LOOPBACK,
        "AGENT_SERVER_PORT": str(server_port),
        "AGENT_SERVER_PUBLIC_URL": f"http://{LOOPBACK}:{server_port}",
        "AGENT_SERVER_DATA_DIR": str(run_dir / "server"),
        "AGENT_SERVER_HUBSPOT_API_BASE_URL": sandbox_url,
        "AGENT_SERVER_HUBSPOT_AUTHORIZE_URL": f"{sandbox_url}/oauth/authorize",
        "AGENT_SERVER_HUBSPOT_CLIENT_ID": app["client_id"],
        "AGENT_SERVER_HUBSPOT_CLIENT_SECRET": app["client_secret"],
        "AGENT_SERVER_REDIRECT_ORIGINS": "loopback https://yourapp.com",
    }


def _organization(run_dir: Path, environment: dict[str, str]) -> dict[str, str]:
    """The organization's id and client pair: made at the first start, remembered afterwards."""
    kept = run_dir / "organization.json"
    if not kept.exists():
        made = subprocess.run(
            [sys.executable, "-m", "airbyte_agent_server", "create-organization", "--name", "Make up", "--json"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise StartError(f"No organization could be created:\n{made.stderr or made.stdout}")
        kept.write_text(made.stdout, encoding="utf-8")
    return cast("dict[str, str]", json.loads(kept.read_text(encoding="utf-8")))


def _demo_connector(running: Running) -> str:
    """The id of the connector in the workspace of the printed lines: the one it has, or a new one."""
    pair = {"client_id": running.airbyte_client_id, "client_secret": running.airbyte_client_secret}
    answer = call("POST", f"{running.server_url}/api/v1/account/applications/token", body=pair)
    token = str(answer["access_token"])
    connectors = f"{running.server_url}/api/v1/integrations/connectors"
    found = call("GET", f"{connectors}?workspace_name={WORKSPACE}", token=token)
    for connector in cast("list[dict[str, str]]", found["data"]):
        return connector["id"]
    body = {
        "workspace_name": WORKSPACE,
        "connector_type": "HubSpot",
        "credentials": {"refresh_token": running.hubspot_refresh_token},
    }
    return str(call("POST", connectors, body=body, token=token)["id"])


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise StoppedError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
