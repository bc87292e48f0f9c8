"""`python -m airbyte_agent_server`: serve, and create organizations."""

import argparse
import asyncio
import gc
import json
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from airbyte_agent_server.db.schema import SchemaError
from airbyte_agent_server.heap import give_back, share_heap
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.problems import ProblemError, sentence_of
from airbyte_agent_server.settings import Settings, SettingsError, read_settings
from airbyte_agent_server.vault.master_key import MasterKeyError

FAILED = 2
_GC_THRESHOLDS = (5_000, 20, 50)
"""A request leaves hardly any garbage in cycles."""
_TICKS_BETWEEN_LOOKS = 10
_TICKS_BETWEEN_TRIMS = 50
"""uvicorn ticks ten times a second."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status. What is wrong is said in one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ, config=options.config)
        if options.command == "create-organization":
            return _create_organization(settings, options.name, options.redirect_origin, as_json=options.json)
        given = {name: value for name in ("host", "port") if (value := vars(options)[name]) is not None}
        return _serve(settings.model_copy(update=given))
    except (SettingsError, SchemaError, MasterKeyError, ProblemError, ValueError, OSError) as error:
        print(sentence_of(error), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airbyte_agent_server",
        description="Hosted execution of agent connectors. Settings come from AGENT_SERVER_* variables.",
    )
    parser.add_argument("--config", type=Path, help="file of settings; variables win over it")
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
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(settings, listener))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quick event loop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415  # not on Windows, nor on PyPy
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(settings: Settings, listener: socket.socket) -> None:
    share_heap()
    gc.disable()  # what is imported is no garbage: to look for some takes a sixth of the start
    import uvicorn  # noqa: PLC0415  # with the application, the larger part of the start

    from airbyte_agent_server.app import build_server  # noqa: PLC0415
    from airbyte_agent_server.telemetry.logs import configure_logs  # noqa: PLC0415
    from airbyte_agent_server.wire.protocol import GuardedProtocol, close_slow  # noqa: PLC0415

    configure_logs(settings.log_format, settings.log_level)
    server = build_server(settings)
    try:
        await server.start()
    finally:
        gc.enable()
    # What is there now stays: to look through it again and again for garbage takes longer than many a request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    # Its access log would show the callback's query, which holds authorization codes: ours has routes only.
    config = uvicorn.Config(
        server.app, http=GuardedProtocol, ws="none", access_log=False, log_config=None, server_header=False
    )
    config.forwarded_allow_ips = list(settings.trusted_proxies)
    config.timeout_graceful_shutdown = math.ceil(settings.drain_timeout_s)
    loop = asyncio.get_running_loop()

    class AnnouncedServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Serving on {settings.effective_public_url}", flush=True)

        async def on_tick(self, counter: int) -> bool:
            if counter % _TICKS_BETWEEN_LOOKS == 0:
                close_slow(self.server_state.connections, loop.time())
            if counter % _TICKS_BETWEEN_TRIMS == 0:
                give_back()
            return await super().on_tick(counter)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            server.drain()
            if sig == signal.SIGTERM and settings.drain_delay_s and not self.should_exit:
                loop.call_soon_threadsafe(loop.call_later, settings.drain_delay_s, super().handle_exit, sig, frame)
            else:
                super().handle_exit(sig, frame)

    await AnnouncedServer(config).serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
