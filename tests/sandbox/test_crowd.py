"""The million portal, with fewer people: generated once, copied afterwards, and as consistent as the others."""

import json
from pathlib import Path

import pytest

from hubspot_sandbox import Portal, VirtualClock, create_app
from hubspot_sandbox.records import Record
from hubspot_sandbox.seeding import build_store
from hubspot_sandbox.seeding.cache import cached_file, default_cache
from hubspot_sandbox.seeding.portals import CROWDED
from sandbox.asgi import Client, results

SIZE = 6_000


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def portal(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setitem(CROWDED, "million", SIZE)
    app = create_app(seed=3, portal="million", clock=VirtualClock(), cache=cache)
    portal: Portal = app.state.portal
    return portal


def everyone(portal: Portal, type_id: str) -> list[Record]:
    return portal.records.page(type_id, after_id=0, limit=100_000, archived=False)


def test_it_is_generated_once_and_every_copy_is_ones_own(cache: Path, portal: Portal) -> None:
    file = cached_file(cache, "million", 3)
    made_at = file.stat().st_mtime_ns
    first = everyone(portal, "0-1")[0]
    portal.records.erase(first)
    portal.store.close()

    again = build_store(3, "million", VirtualClock(), cache=cache)

    count = again.connection.execute("SELECT count(*) FROM record WHERE type = '0-1'").fetchone()
    again.close()
    assert count == (SIZE,)
    assert [path.name for path in cache.iterdir()] == [file.name]
    assert file.stat().st_mtime_ns == made_at


def test_a_file_of_an_earlier_version_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CROWDED, "million", SIZE)
    outdated, other = tmp_path / "million-3-0123456789ab.db", tmp_path / "million-33-0123456789ab.db"
    outdated.touch()
    other.touch()

    build_store(3, "million", VirtualClock(), cache=tmp_path).close()

    assert sorted(tmp_path.iterdir()) == sorted([cached_file(tmp_path, "million", 3), other])


def test_a_state_file_keeps_its_copy(cache: Path, portal: Portal, tmp_path: Path) -> None:
    portal.store.close()
    state = tmp_path / "mine.db"
    store = build_store(3, "million", VirtualClock(), state, cache=cache)
    store.close()

    kept: Portal = create_app(clock=VirtualClock(), state=state).state.portal

    assert (kept.origin.portal, kept.records.count("0-1")) == ("million", SIZE)
    kept.store.close()


def test_people_companies_and_deals_agree(portal: Portal) -> None:
    contacts, companies, deals = (everyone(portal, type_id) for type_id in ("0-1", "0-2", "0-3"))

    emails = {contact.properties["email"] for contact in contacts}
    domains = {company.properties["domain"] for company in companies}
    assert (len(emails), len(domains)) == (SIZE, len(companies))
    assert all(record.created_ms <= record.updated_ms <= portal.origin.reference_ms for record in contacts + deals)
    newcomers = [company for company in companies if portal.associations.count(company.id, "0-1")][-20:]
    for company in newcomers:
        people = {link.to_id for link in portal.associations.links(company.id, "0-1")}
        ordered = {link.to_id for link in portal.associations.links(company.id, "0-3")}
        assert company.properties["num_associated_contacts"] == str(len(people))
        assert company.properties["num_associated_deals"] == str(len(ordered))
        for person in people:
            assert portal.associations.primary("0-1", person, "0-2") == company.id
        for deal in ordered:
            assert portal.associations.primary("0-3", deal, "0-2") == company.id
            assert portal.associations.count(deal, "0-1") == 1
    portal.store.close()


async def test_clients_use_it_like_any_other(portal: Portal, cache: Path) -> None:
    portal.store.close()
    app = create_app(seed=3, portal="million", clock=VirtualClock(), cache=cache)
    client = Client(app, app.state.portal.tokens.access_tokens()[0].token)
    last = everyone(app.state.portal, "0-1")[-1]
    filters = [{"propertyName": "email", "operator": "EQ", "value": last.properties["email"]}]

    found = await client.send("POST", "/crm/v3/objects/contacts/search", body={"filterGroups": [{"filters": filters}]})
    created = await client.send("POST", "/crm/v3/objects/contacts", body={"properties": {"email": "new@c.example"}})

    assert [record["id"] for record in results(found)] == [str(last.id)]
    assert int(str(created.json()["id"])) > last.id
    assert json.loads(created.content)["properties"]["email"] == "new@c.example"
    app.state.portal.store.close()


def test_two_seeds_give_different_people_and_one_seed_the_same(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CROWDED, "million", SIZE)

    def emails(seed: int, directory: Path) -> list[tuple[str]]:
        store = build_store(seed, "million", VirtualClock(), cache=directory)
        rows: list[tuple[str]] = store.connection.execute("SELECT properties FROM record ORDER BY id").fetchall()
        store.close()
        return rows

    assert emails(3, cache) == emails(3, tmp_path)
    assert emails(3, cache) != emails(4, cache)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    chosen = default_cache()
    monkeypatch.delenv("XDG_CACHE_HOME")

    assert chosen == Path("/somewhere/hubspot-sandbox")
    assert default_cache() == Path.home() / ".cache/hubspot-sandbox"
