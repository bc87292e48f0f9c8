"""`python -m airbyte_agent_server`: serve, and create organizations."""

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Sequence

from airbyte_agent_server.db.schema import SchemaError
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import Settings, SettingsError, read_settings
from airbyte_agent_server.vault.master_key import MasterKeyError

FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status. What is wrong is said in one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        if options.command == "create-organization":
            return _create_organization(settings, options.name, options.redirect_origin, as_json=options.json)
        given = {name: value for name in ("host", "port") if (value := vars(options)[name]) is not None}
        return _serve(settings.model_copy(update=given))
    except (SettingsError, SchemaError, MasterKeyError, ProblemError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airbyte_agent_server",
        description="Hosted execution of agent connectors. Settings come from AGENT_SERVER_* variables.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until stopped")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="port to listen on; 0 lets the system choose")
    create = commands.add_parser("create-organization", help="create an organization and its client pair")
    create.add_argument("--name", required=True)
    create.add_argument(
        "--redirect-origin",
        action="append",
        default=[],
        help="an origin that its OAuth flows may redirect to, like https://yourapp.com; may be repeated",
    )
    create.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _create_organization(settings: Settings, name: str, origins: Sequence[str], *, as_json: bool) -> int:
    from airbyte_agent_server.admin import Administration  # noqa: PLC0415  # needed by this command only

    administration = Administration(settings, SystemClock(), RandomIds())
    pair = asyncio.run(administration.create_organization(name, redirect_origins=origins))
    shown = {
        "organization_id": pair.organization_id,
        "client_id": pair.client_id,
        "client_secret": pair.client_secret.get_secret_value(),
    }
    if as_json:
        print(json.dumps(shown))
    else:
        print("\n".join(f"{key}: {value}" for key, value in shown.items()))
        print("The secret is not shown again.")
    return 0


def _serve(settings: Settings) -> int:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            reason = f"{settings.host}:{settings.port} cannot be used ({error.strerror}): choose another --port."
            raise OSError(reason) from None
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        asyncio.run(_run(settings, listener))
    return 0


async def _run(settings: Settings, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415  # with the application, the larger part of the start

    from airbyte_agent_server.app import build_server  # noqa: PLC0415

    server = build_server(settings)
    await server.start()
    # The access log would show the callback's query, which holds authorization codes.
    config = uvicorn.Config(server.app, access_log=False, log_level="warning", server_header=False)

    class AnnouncedServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Serving on {settings.effective_public_url}", flush=True)

    await AnnouncedServer(config).serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
