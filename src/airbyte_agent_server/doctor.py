"""Looks at everything that keeps a server from serving well, and says what to do about each finding."""

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select, text

from airbyte_agent_hubspot._http import Transport, TransportError
from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import HEAD, read_revision
from airbyte_agent_server.db.tables import data_keys, signing_keys
from airbyte_agent_server.oauth.redirects import normalize_origin
from airbyte_agent_server.origins import LOOPBACK_HOSTS
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import CALLBACK_PATH, Settings
from airbyte_agent_server.vault.data_keys import DataKeys
from airbyte_agent_server.vault.key_ring import FILE_NAME
from airbyte_agent_server.vault.master_key import MasterKeyError

CLOCK_LEEWAY_S = 30.0
_OLD_KEY_DAYS = 365
_MIGRATE = "Run `hubspot-agent migrate`, or start the server, which does it."
_MAY_KEEP_JOBS = text(
    "SELECT CASE WHEN to_regnamespace(:schema) IS NULL THEN has_database_privilege(current_database(), 'CREATE') "
    "ELSE has_schema_privilege(:schema, 'CREATE') END"
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """The server serves, but something should be changed."""
    PROBLEM = "problem"
    """The server, or a part of it, does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it."""

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""


class Doctor:
    """Examines one server from outside; it changes nothing."""

    def __init__(
        self, settings: Settings, database: Database, keys: DataKeys, hubspot: Transport, *, clock: Clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._keys = keys
        self._hubspot = hubspot
        self._clock = clock

    async def examine(self) -> AsyncIterator[Finding]:
        """Everything, worst first where one makes the next pointless."""
        for finding in (*self._addresses(), *self._oauth(), *self._files()):
            yield finding
        async for finding in self._stores():
            yield finding
        async for finding in self._upstream():
            yield finding

    def _addresses(self) -> Iterator[Finding]:
        settings = self._settings
        url = urlsplit(settings.effective_public_url)
        if settings.public_url is None and settings.host not in LOOPBACK_HOSTS:
            yield _problem(
                "public_url",
                f"The server listens on {settings.host}, but tells others to come to {settings.effective_public_url}.",
                "Set public_url to the address that clients and browsers use.",
            )
        elif url.scheme == "http" and url.hostname not in LOOPBACK_HOSTS:
            yield _problem(
                "public_url",
                f"{settings.public_url} is not https: tokens and authorization codes could be read on the way.",
                "Put a proxy with TLS in front, and set public_url to its https address.",
            )
        elif url.path:
            yield _warning(
                "public_url",
                f"{settings.public_url} has a path: the proxy must remove it before the server sees a request.",
                "Serve it on a host name of its own if you can.",
            )
        else:
            yield _ok("public_url", f"Clients reach the server at {settings.effective_public_url}.")

    def _oauth(self) -> Iterator[Finding]:
        settings = self._settings
        if settings.hubspot_client_id is None:
            yield _warning(
                "oauth_app",
                "The server has no HubSpot OAuth app: consents work for organizations that brought their own.",
                "Set hubspot_client_id and hubspot_client_secret.",
            )
        else:
            yield _ok("oauth_app", f"Consents use the HubSpot app {settings.hubspot_client_id}.")
        expected = settings.effective_public_url + CALLBACK_PATH
        if settings.callback_url == expected:
            yield _ok("callback", f"Register {expected} as a redirect URL of the HubSpot app.")
        else:
            yield _warning(
                "callback",
                f"HubSpot sends browsers to {settings.callback_url}, not to {expected}.",
                "Make sure that this address reaches the server's callback, or unset oauth_callback_url.",
            )
        for origin in settings.redirect_origins:
            try:
                normal = normalize_origin(origin)
            except ValueError as error:
                yield _problem("redirect_origins", str(error), "Correct it: no consent can end there.")
            else:
                if normal != origin:
                    yield _problem(
                        "redirect_origins", f"{origin} never matches: browsers call it {normal}.", f"Write {normal}."
                    )

    def _files(self) -> Iterator[Finding]:
        settings = self._settings
        for path, what in (
            (settings.data_dir, "the data directory"),
            (settings.data_dir / FILE_NAME, "the master key"),
            (settings.data_dir / "server.db", "the database"),
        ):
            yield from check_mode(path, what)
        yield from self._writable()

    def _writable(self) -> Iterator[Finding]:
        folders = [self._settings.effective_audit_dir]
        if self._settings.database_url is None:
            folders.append(self._settings.data_dir)
        for folder in folders:
            there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
            if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
                why = "closed to this user" if there.is_dir() else "no folder"
                yield _problem(
                    "files",
                    f"{folder} cannot be written to: {there} is {why}.",
                    "Let the server's user write there, or set data_dir or audit_dir to another place.",
                )

    async def _stores(self) -> AsyncIterator[Finding]:
        file = self._database.file
        if file is not None and not file.exists():  # looking would make it
            yield _warning("migrations", f"There is no {file} yet.", _MIGRATE)
            yield await self._fresh_key()
            return
        try:
            async with self._database.read() as connection:
                revision = await connection.run_sync(read_revision)
                told: datetime = (await connection.execute(select(func.now()))).scalar_one()
        except ProblemError as problem:
            text, _, remedy = str(problem).partition(". ")
            yield _problem("database", f"{text}.", remedy)
            return
        yield _ok("database", f"It answers ({self._database.engine.dialect.name}).")
        if self._settings.jobs and self._database.file is None:
            yield await self._schema_of_jobs()
        yield self._compare("that of the database", told if told.tzinfo else told.replace(tzinfo=UTC))
        if revision == HEAD:
            yield _ok("migrations", f"The tables are at {HEAD}, the newest.")
        elif revision is not None and revision > HEAD:
            yield _problem("migrations", f"The tables are at {revision}, of a newer server.", "Start the newer server.")
            return
        elif revision is None:
            yield _warning("migrations", "The database has no tables yet.", _MIGRATE)
            yield await self._fresh_key()
            return
        else:
            yield _warning("migrations", f"The tables are at {revision}; this version needs {HEAD}.", _MIGRATE)
            return
        async for finding in self._vault():
            yield finding

    async def _schema_of_jobs(self) -> Finding:
        """Whether the database's role has, or may make, the schema that background work needs."""
        schema = self._settings.jobs_schema
        async with self._database.read() as connection:
            role = await connection.scalar(text("SELECT current_user"))
            allowed = await connection.scalar(_MAY_KEEP_JOBS, {"schema": schema})
        if allowed:
            return _ok("jobs", f"Background work keeps its tables in the schema {schema}.")
        return _problem(
            "jobs",
            f"Background work cannot run: the role {role} may not make the schema {schema}, or tables in it.",
            f"As the database's owner: CREATE SCHEMA {schema} AUTHORIZATION {role}. Or set jobs to false here, and "
            "let another process run it.",
        )

    async def _fresh_key(self) -> Finding:
        """Of a database in which nothing is sealed yet."""
        if self._settings.master_key is None:
            return _ok("master_key", f"The first start makes one, {self._settings.data_dir / FILE_NAME}.")
        try:
            ring = await self._keys.read_ring()
        except (MasterKeyError, ProblemError) as error:
            return _problem("master_key", str(error), "The server does not start without its key.")
        return _ok("master_key", f"{ring.current.origin} (id {ring.current.id}) will seal what is stored.")

    async def _vault(self) -> AsyncIterator[Finding]:
        async with self._database.read() as connection:
            sealed = await connection.scalar(select(data_keys.c.id).limit(1))
        if sealed is None:
            yield await self._fresh_key()
            return
        try:
            await self._keys.unlock()
        except (MasterKeyError, ProblemError) as error:
            yield _problem("master_key", str(error), "The server does not start without its key.")
            return
        ring = self._keys.ring
        yield _ok("master_key", f"{ring.current.origin} (id {ring.current.id}) opens the database.")
        async with self._database.read() as connection:
            used = set(
                (
                    await connection.scalars(select(data_keys.c.master_key_id).where(data_keys.c.wrapped.is_not(None)))
                ).all()
            )
            signing = await connection.scalar(
                select(func.max(signing_keys.c.created_at)).where(signing_keys.c.accepted_until.is_(None))
            )
        if used - {ring.current.id}:
            yield _warning(
                "rotation", "Some data keys are still wrapped by another master key.", "Run `keys rotate --master`."
            )
        elif ring.others:
            yield _warning(
                "rotation",
                "Other master keys are known, and nothing is wrapped by them.",
                "Take them out of other_master_keys, and destroy them.",
            )
        if signing is not None and (self._clock.now() - signing).days > _OLD_KEY_DAYS:
            yield _warning("signing_key", "The key that signs tokens is old.", "Run `keys rotate --signing`.")

    async def _upstream(self) -> AsyncIterator[Finding]:
        url = self._settings.hubspot_api_base_url
        try:
            answer = await self._hubspot.send(HttpRequest("GET", f"{url}/"))
        except TransportError as error:
            yield _problem(
                "hubspot", f"{url} cannot be reached: {error}.", "Check the network, and hubspot_api_base_url."
            )
            return
        yield _ok("hubspot", f"{url} answers.")
        date = {name.lower(): value for name, value in answer.headers.items()}.get("date")
        if date is not None:
            yield self._compare("HubSpot's", parsedate_to_datetime(date))

    def _compare(self, name: str, told: datetime) -> Finding:
        off_s = abs((self._clock.now() - told).total_seconds())
        if off_s <= CLOCK_LEEWAY_S:
            return _ok("clock", f"This machine's clock and {name} agree.")
        return _problem(
            "clock",
            f"This machine's clock and {name} differ by {off_s:.0f} s: tokens end too early or too late.",
            "Run a time service, such as chrony, on both.",
        )


def check_mode(path: Path, what: str) -> Iterator[Finding]:
    """Whether others on the machine may open it; nothing if it is not there."""
    if not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS and (path.is_dir() or path.name == FILE_NAME or not _is_closed(path.parent)):
        yield _warning("files", f"Others on this machine may open {what}, {path} (mode {mode:o}).", f"chmod go= {path}")
    else:
        yield _ok("files", f"{path} is its owner's alone.")


def _is_closed(folder: Path) -> bool:
    return not stat.S_IMODE(folder.stat().st_mode) & _OTHERS


def _finding(verdict: Verdict) -> Callable[..., Finding]:
    return lambda check, text, remedy="": Finding(check, verdict, text, remedy)


_ok, _warning, _problem = (_finding(verdict) for verdict in Verdict)
