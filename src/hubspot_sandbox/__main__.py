"""Serve a portal on a port: `python -m hubspot_sandbox --seed 7 --port 8100`."""

import argparse
import json
import socket
import sqlite3
import sys
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette

from hubspot_sandbox.app import create_app
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.doors.admin import credentials_of
from hubspot_sandbox.doors.webhooks import aim
from hubspot_sandbox.portal import Behaviour, NoPortalError, Portal
from hubspot_sandbox.seeding import PORTALS
from hubspot_sandbox.seeding.loading import LoadError, load_file
from hubspot_sandbox.serving import base_url, config, listen
from hubspot_sandbox.webhooks import Target

UNUSABLE: Final = 2


class AnnouncingServer(uvicorn.Server):
    """A server that prints the credentials once it listens."""

    def __init__(self, served: uvicorn.Config, announcement: str) -> None:
        super().__init__(served)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        print(self._announcement, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop after the running requests; a second signal does not wait for them.

        Unlike uvicorn's own, the signal is not raised again afterwards: a stop that was asked for is a success.
        """
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="hubspot_sandbox", description="A HubSpot account on your machine.")
    parser.add_argument("--seed", type=int, help="what the portal is generated from (default 7)")
    parser.add_argument("--portal", choices=sorted(PORTALS), help="how much is in it (default: default)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one (default 8100)")
    parser.add_argument("--state", type=Path, help="keep the portal in this file across restarts")
    parser.add_argument("--cache", type=Path, help="where the million portal is generated once, in half a minute")
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        type=_load,
        metavar="TYPE=FILE",
        help="create the records of a .csv, .json or .jsonl file; may be given again",
    )
    parser.add_argument(
        "--index-lag",
        nargs="?",
        const=(2.0, 4.0),
        default=0.0,
        type=_lag,
        metavar="SECONDS",
        help="let search see writes late: after 2-4 s, or as long as given",
    )
    parser.add_argument("--webhook-url", metavar="URL", help="send signed webhooks of every change there")
    parser.add_argument("--virtual-clock", action="store_true", help="time stands still until /_sandbox/clock/advance")
    parser.add_argument("--auto-approve", action="store_true", help="skip the consent page")
    parser.add_argument("--no-rate-limits", action="store_true", help="never answer 429")
    parser.add_argument("--json", action="store_true", help="print the credentials as one line of JSON")
    return parser


def _lag(text: str) -> float | tuple[float, float]:
    low, separator, high = text.partition("-")
    return (float(low), float(high)) if separator else float(low)


def _load(text: str) -> tuple[str, Path]:
    object_type, separator, path = text.partition("=")
    if not separator:
        raise ValueError(text)
    return object_type, Path(path)


def describe(portal: Portal, address: str, *, as_json: bool) -> str:
    """What is printed once the portal can be used."""
    facts = credentials_of(portal, address)
    if as_json:
        return json.dumps(facts)
    return "\n".join(
        [
            f"HubSpot sandbox at {address}  (portal {facts['portal']}, seed {facts['seed']}, hub {facts['hub_id']})",
            f"  authorize      {facts['authorize_url']}",
            f"  token          {facts['token_url']}",
            f"  client id      {facts['client_id']}",
            f"  client secret  {facts['client_secret']}",
            f"  refresh token  {facts['refresh_token']}",
            f"  private app    {facts['private_app_token']}",
            f"  everything     {address}/_sandbox",
            "Ctrl-C stops it.",
        ]
    )


def check_origin(chosen: argparse.Namespace, portal: Portal) -> None:
    """Raises NoPortalError if the command line asks for another portal than the state file holds."""
    for name, asked, kept in (
        ("seed", chosen.seed, portal.origin.seed),
        ("portal", chosen.portal, portal.origin.portal),
    ):
        if asked is not None and asked != kept:
            raise NoPortalError(f"it holds a portal of {name} {kept}, not {asked}. Drop --{name} or use another file")


def serve(app: Starlette, listener: socket.socket, announcement: str) -> None:
    """Answer requests until a signal comes."""
    AnnouncingServer(config(app), announcement).run(sockets=[listener])


def build(chosen: argparse.Namespace) -> Starlette:
    """The app that the command line asks for.

    Raises: NoPortalError, sqlite3.Error, LoadError, ValueError.
    """
    behaviour = Behaviour(
        auto_approve=chosen.auto_approve,
        rate_limits=not chosen.no_rate_limits,
        search_index_lag_s=chosen.index_lag,
    )
    app = create_app(
        seed=7 if chosen.seed is None else chosen.seed,
        portal=chosen.portal or "default",
        clock=VirtualClock() if chosen.virtual_clock else None,
        behaviour=behaviour,
        state=chosen.state,
        cache=chosen.cache,
    )
    portal: Portal = app.state.portal
    try:
        check_origin(chosen, portal)
        for object_type, path in chosen.load:
            loaded = load_file(portal, object_type, path)
            if not chosen.json:
                print(f"Loaded {loaded}.")
        if chosen.webhook_url:
            aim(portal, Target(chosen.webhook_url))
    except (NoPortalError, LoadError):
        portal.store.close()
        raise
    return app


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 0 after a clean stop, 2 if it cannot start."""
    chosen = arguments().parse_args(argv)
    try:
        listener = listen(chosen.host, chosen.port)
    except OSError as error:
        print(f"Cannot listen on {chosen.host}:{chosen.port}: {error.strerror}", file=sys.stderr)
        return UNUSABLE
    try:
        app = build(chosen)
    except (sqlite3.Error, NoPortalError) as error:
        print(f"Cannot use {chosen.state}: {error}", file=sys.stderr)
    except (LoadError, ValueError) as error:
        print(error, file=sys.stderr)
    else:
        serve(app, listener, describe(app.state.portal, base_url(listener), as_json=chosen.json))
        return 0
    listener.close()
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
