"""The doctor explains each problem."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text, update

from airbyte_agent_hubspot._http import TransportError
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.core import build_core
from airbyte_agent_server.db.schema import HEAD
from airbyte_agent_server.db.tables import data_keys
from airbyte_agent_server.doctor import Doctor, Verdict
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings
from server.operating import Operator
from server.world import World


@dataclass
class Upstream:
    """HubSpot, as far as the doctor sees it."""

    date: str | None = None
    away: bool = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.method == "GET"
        if self.away:
            raise TransportError("nobody is there")
        return HttpResponse(404, {} if self.date is None else {"Date": self.date}, b"")

    async def close(self) -> None:
        """Nothing to close."""


async def examine(settings: Settings, upstream: Upstream | None = None) -> dict[str, tuple[Verdict, str]]:
    """The worst finding of each check."""
    hubspot = upstream or Upstream()
    core = build_core(settings, clock=SystemClock(), ids=RandomIds(), upstream=hubspot)
    found = dict[str, tuple[Verdict, str]]()
    async for finding in Doctor(settings, core.database, core.sealer.keys, hubspot, clock=core.clock).examine():
        assert finding.remedy or finding.verdict == Verdict.OK
        if finding.check not in found or finding.verdict != Verdict.OK:
            found[finding.check] = (finding.verdict, finding.text)
    await core.database.close()
    return found


async def test_nothing_is_wrong_with_a_sound_server(world: World) -> None:
    found = await examine(world.settings)
    assert {check: verdict for check, (verdict, _) in found.items() if verdict != Verdict.OK} == {}
    assert set(found) - {"jobs"} == {
        "public_url",
        "oauth_app",
        "callback",
        "files",
        "database",
        "clock",
        "migrations",
        "master_key",
        "hubspot",
    }


@pytest.mark.parametrize(
    ("values", "check", "verdict", "words"),
    [
        ({"public_url": None, "host": "0.0.0.0"}, "public_url", Verdict.PROBLEM, "listens on 0.0.0.0"),  # noqa: S104
        ({"public_url": "http://agents.example"}, "public_url", Verdict.PROBLEM, "is not https"),
        ({"public_url": "https://agents.example/a"}, "public_url", Verdict.WARNING, "has a path"),
        (
            {"hubspot_client_id": None, "hubspot_client_secret": None},
            "oauth_app",
            Verdict.WARNING,
            "no HubSpot OAuth app",
        ),
        ({"oauth_callback_url": "https://x.example/cb"}, "callback", Verdict.WARNING, "https://x.example/cb, not to"),
        ({"redirect_origins": ("yourapp.com",)}, "redirect_origins", Verdict.PROBLEM, "is not an origin"),
        ({"redirect_origins": ("https://a.example:443",)}, "redirect_origins", Verdict.PROBLEM, "call it https://a.ex"),
    ],
)
async def test_addresses_that_do_not_fit_are_explained(
    values: dict[str, object], check: str, verdict: Verdict, words: str, world: World
) -> None:
    found = await examine(world.settings.model_copy(update=values))
    assert (found[check][0], words in found[check][1]) == (verdict, True), found[check]


async def test_databases_and_migrations_are_looked_at(world: World) -> None:
    away = world.settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:9/none"})
    found = await examine(away)
    verdict, words = found["database"]
    assert (verdict, words.startswith("The server's database postgresql://127.0.0.1:9/none does not answer (")) == (
        Verdict.PROBLEM,
        True,
    )
    for revision, verdict in (("9999", Verdict.PROBLEM), ("0001", Verdict.WARNING)):
        async with world.server.core.database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": revision})
        assert (await examine(world.settings))["migrations"][0] == verdict
    async with world.server.core.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": HEAD})


async def test_a_role_that_cannot_keep_the_tables_of_jobs_is_told(world: World, settings: Settings) -> None:
    unable = settings.model_copy(update={"jobs_schema": "pg_catalog"})
    found = await examine(unable)
    if world.server.core.database.file is not None:
        assert "jobs" not in found
        return
    assert (found["jobs"][0], "may not make the schema pg_catalog" in found["jobs"][1]) == (Verdict.PROBLEM, True)
    assert (await examine(settings))["jobs"][0] == Verdict.OK
    assert "jobs" not in await examine(unable.model_copy(update={"jobs": False}))


async def test_keys_are_looked_at(world: World, settings: Settings) -> None:
    other = base64.b64encode(b"o" * 32).decode()
    known = settings.model_copy(update={"other_master_keys": (SecretStr(other),)})
    assert "nothing is wrapped by them" in (await examine(known))["rotation"][1]
    file = settings.data_dir / "master.key"
    moved = settings.model_copy(
        update={"master_key": SecretStr(other), "other_master_keys": (SecretStr(f"file:{file}"),)}
    )
    assert "still wrapped by another" in (await examine(moved))["rotation"][1]
    lost = settings.model_copy(update={"master_key": SecretStr(other)})
    verdict, words = (await examine(lost))["master_key"]
    assert (verdict, "does not open this database" in words) == (Verdict.PROBLEM, True)
    async with world.server.core.database.write() as connection:
        await connection.execute(text("UPDATE signing_keys SET created_at = '2020-01-01 00:00:00'"))
        await connection.execute(update(data_keys).values(wrapped=b"altered"))
    verdict, words = (await examine(settings))["master_key"]
    assert (verdict, "were altered" in words) == (Verdict.PROBLEM, True)


async def test_an_old_signing_key_and_an_empty_database_are_told(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    async with world.server.core.database.write() as connection:
        await connection.execute(text("UPDATE signing_keys SET created_at = '2020-01-01 00:00:00'"))
    assert (await examine(settings))["signing_key"][0] == Verdict.WARNING
    empty = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/empty.db"})
    found = await examine(empty)
    assert found["migrations"] == (Verdict.WARNING, f"There is no {tmp_path}/empty.db yet.")
    assert not (tmp_path / "empty.db").exists()
    assert found["master_key"][0] == Verdict.OK


async def test_the_key_of_a_server_that_never_started_is_looked_at(database_url: str, tmp_path: Path) -> None:
    bare = Settings(data_dir=tmp_path / "new", database_url=database_url)
    assert (await examine(bare))["master_key"] == (
        Verdict.OK,
        f"The first start makes one, {tmp_path}/new/master.key.",
    )
    given = {"short": "is not 32 bytes in base64", f"file:{tmp_path}/lost.key": "lost.key is missing: put 32 random"}
    for key, words in given.items():
        found = await examine(bare.model_copy(update={"master_key": SecretStr(key)}))
        assert (found["master_key"][0], words in found["master_key"][1]) == (Verdict.PROBLEM, True), found
    good = SecretStr(base64.b64encode(b"k" * 32).decode())
    found = await examine(bare.model_copy(update={"master_key": good}))
    assert (found["master_key"][0], "will seal" in found["master_key"][1]) == (Verdict.OK, True)
    assert not (tmp_path / "new").exists()


async def test_a_data_directory_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = await examine(Settings(data_dir=tmp_path / "file"))
    assert found["files"] == (
        Verdict.PROBLEM,
        f"{tmp_path}/file cannot be written to: {tmp_path}/file is no folder.",
    )


async def test_clocks_and_hubspot_are_looked_at(world: World) -> None:
    assert (await examine(world.settings, Upstream(away=True)))["hubspot"][0] == Verdict.PROBLEM
    verdict, words = (await examine(world.settings, Upstream(date="Mon, 23 Nov 2020 10:00:00 GMT")))["clock"]
    assert (verdict, "differ by" in words) == (Verdict.PROBLEM, True)


def open_to_all(path: Path) -> None:
    path.chmod(0o644)


async def test_files_that_others_may_open_are_named(world: World, settings: Settings) -> None:
    open_to_all(settings.data_dir / "master.key")
    verdict, words = (await examine(settings))["files"]
    assert (verdict, "the master key" in words) == (Verdict.WARNING, True)
    assert world.settings == settings


async def test_the_command_prints_lines_or_json_and_ends_with_what_it_found(world: World, tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text('host = "127.0.0.1"\n')
    config.chmod(0o600)
    operator = Operator(world.settings, {"AGENT_SERVER_CONFIG": str(config)})
    done = await operator.run("doctor")
    assert done.code == 1  # nobody is at the address of HubSpot
    assert "PROBLEM hubspot: http://127.0.0.1:9 cannot be reached" in done.printed
    assert "Check the network, and hubspot_api_base_url." in done.printed
    assert f"{config} is its owner's alone" in done.printed
    shown = (await operator.run("doctor", "--json", "--strict")).json
    assert shown["verdict"] == "problem"
    assert {finding["check"] for finding in shown["findings"]} >= {"settings", "hubspot", "database"}
    wrong = await Operator(world.settings, {"AGENT_SERVER_HSOT": "x"}).run("doctor")
    assert (wrong.code, wrong.printed.splitlines()[0]) == (
        1,
        "PROBLEM settings: AGENT_SERVER_HSOT is not a setting. The nearest one is AGENT_SERVER_HOST.",
    )
