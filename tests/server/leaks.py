"""Looks for secrets in everything that a server of the tests leaves behind: database, metrics, spans."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from airbyte_agent_server.app import Server
from airbyte_agent_server.db.tables import metadata
from airbyte_agent_server.settings import Settings
from secret_scan import find_secrets


async def find_leaks(
    server: Server, settings: Settings, spans: InMemorySpanExporter, *, known: tuple[str, ...]
) -> list[str]:
    """Where secrets show, of a server that was stopped: those that are `known`, and what has the form of one."""
    places = {
        "the database": "\n".join(await _rows(settings.effective_database_url)),
        "files": "\n".join(_files(settings)),
        "metrics": server.core.watch.metrics.render("")[0].decode(),
        "spans": "\n".join(span.to_json() for span in spans.get_finished_spans()),
    }
    found = [f"{kind} in {place}" for place, text in places.items() for kind in find_secrets([text])]
    return found + [f"a known secret in {place}" for place, text in places.items() if any(one in text for one in known)]


async def _rows(url: str) -> list[str]:
    """All rows as the drivers give them: with SQLAlchemy it takes ten times as long, after each of a thousand tests."""
    queries = [f"SELECT * FROM {table.name}" for table in metadata.sorted_tables]  # noqa: S608  # our own names
    path = url.removeprefix("sqlite:///")
    if path != url:
        file = sqlite3.connect(path)
        rows = [str(row) for query in queries for row in file.execute(query)]
        file.close()
        return rows
    server = await asyncpg.connect(url)
    rows = [str(tuple(row)) for query in queries for row in await server.fetch(query)]
    await server.close()
    return rows


def _files(settings: Settings) -> Iterator[str]:
    """Database, write-ahead log, journals: also what was deleted and not yet overwritten."""
    url = settings.effective_database_url
    own = [Path(url.removeprefix("sqlite:///"))] if url.startswith("sqlite:///") else []
    beside = [path for one in own for path in one.parent.glob(f"{one.name}*")]
    journals = [path for path in settings.effective_audit_dir.rglob("*") if path.is_file()]
    for path in {*beside, *journals}:
        yield path.read_bytes().decode("latin-1")
