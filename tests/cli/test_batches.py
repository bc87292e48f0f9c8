"""`hubspot-agent batch`: rows of a file, a hundred in a request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hubspot_sandbox.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Agent


def emails(rows: list[dict[str, dict[str, dict[str, str]]]]) -> list[str]:
    return [row["record"]["properties"]["email"] for row in rows]


@pytest.mark.requirement("command-line")
def test_a_file_of_people_is_created_changed_read_and_deleted(agent: Agent, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    people = [f"ann{number}@batch.example,Ann,{'Graz' if number % 2 else ''}" for number in range(250)]
    path.write_text("\n".join(["email,firstname,city", *people]), encoding="utf-8")
    made = agent.run("batch", "contacts", "create", str(path))
    assert (made.code, made.said) == (0, "250 done, 0 failed.\n")
    assert [row["index"] for row in made.lines] == list(range(250))
    ids = [row["id"] for row in made.lines]
    groups = '[{"filters": [{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "*@batch.example"}]}]'
    found = agent.run("execute", "contacts", "api_search", f"filterGroups={groups}", "--all")
    assert [row["id"] for row in found.lines] == sorted(ids, key=int)

    changes = "\n".join(json.dumps({"id": one, "city": "Wien"}) for one in ids[:2])
    assert agent.run("batch", "contacts", "update", "-", text=changes).code == 0
    by_email = json.dumps([{"email": "ann2@batch.example", "city": "Linz"}])
    for action in ("update", "upsert"):
        done = agent.run("batch", "contacts", action, "-", "--id-property", "email", text=by_email)
        assert (done.code, done.lines[0]["record"]["properties"]["city"]) == (0, "Linz"), done.said
    read = agent.run(
        "batch", "contacts", "get", "-", "--id-property", "email", text="email\nann2@batch.example\nno@batch.example\n"
    )
    assert (read.code, read.said) == (5, "1 done, 1 failed.\n")
    assert emails(read.lines[:1]) == ["ann2@batch.example"]
    table = agent.run("batch", "contacts", "get", "-", "--csv", "--columns", "index,email", text=f"id\n{ids[2]}\n")
    assert table.printed == "index,email\n0,ann2@batch.example\n"

    listed = "id\n" + "\n".join(ids)
    refused = agent.run("batch", "contacts", "delete", "-", text=listed)
    assert (refused.code, "Add --yes" in refused.said) == (2, True)
    assert agent.run("batch", "contacts", "delete", "-", "--yes", text=listed).said == "250 done, 0 failed.\n"


def test_an_empty_cell_is_left_alone_or_clears(agent: Agent) -> None:
    made = agent.get("execute", "contacts", "create", "properties.firstname=Eve", "properties.city=Graz")
    row = f"id,firstname,city\n{made['id']},Eva,\n"
    for more, city in (((), "Graz"), (("--clear-empty",), "")):
        assert agent.run("batch", "contacts", "update", "-", *more, text=row).code == 0
        kept = agent.get("execute", "contacts", "get", f"contactId={made['id']}", "properties=firstname,city")
        assert (kept["properties"]["firstname"], kept["properties"]["city"] or "") == ("Eva", city)


def test_a_table_has_what_failed_only(agent: Agent) -> None:
    rows = json.dumps([{"email": "one@failing.example"}, {"email": "no address"}])
    done = agent.run("batch", "contacts", "create", "-", "--table", text=rows)
    assert (done.code, "one@failing.example" in done.printed, done.printed != "") == (5, False, True), done.said


@pytest.mark.parametrize(
    ("action", "text", "said"),
    [
        ("create", "", "FILE holds no rows"),
        ("create", "[]", "FILE holds no rows"),
        ("create", "[1]", "must hold JSON objects"),
        ("create", '{"a": 1}\n\n{"a"', "FILE is not JSON, from line 3"),
        ("create", "a,b\n1\n", "Line 2 of FILE has not as many cells"),
        ("create", "a,b\n1,2,3\n", "Line 2 of FILE has not as many cells"),
        ("create", 'a\n"1\n', "FILE is not CSV, after line 1"),
        ("update", "city\nGraz\n", "Row 0 of FILE has no 'id'"),
        ("upsert --id-property email", "city\nGraz\n", "Row 0 of FILE has no 'email'"),
        ("create", '[{"properties": {}}]', "properties must be"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_before_anything_is_sent(
    agent: Agent, action: str, text: str, said: str
) -> None:
    before = agent.requests
    done = agent.run("batch", "contacts", *action.split()[:1], "-", *action.split()[1:], text=text)
    assert (done.code, done.printed, said in done.said) == (2, "", True), done.said
    assert agent.requests == before


def test_what_has_no_records_has_no_batches_here(agent: Agent) -> None:
    done = agent.run("batch", "associations", "create", "-", text="[]")
    assert (done.code, "run `hubspot-agent execute associations batch_create`" in done.said) == (2, True)
    assert agent.run("batch", "owners", "create", "-", text="[]").code == 2


def test_a_batch_that_is_cut_short_says_where_to_go_on(local: Agent) -> None:
    rows = "firstname\n" + "Max\n" * 150
    local.portal.faults.add(Fault("connection_dropped", "*/contacts/batch/create", when="after", skip=1, times=1))
    done = local.run("batch", "contacts", "create", "-", text=rows)
    assert (done.code, len(done.lines)) == (5, 100), done.said
    assert "Rows before 100 are done. Nobody knows of rows 100 to 149" in done.said
    local.portal.faults.add(Fault("daily_limit", "*/contacts/batch/create", skip=1, times=1))
    done = local.run("batch", "contacts", "create", "-", "--timeout", "5", text=rows)
    assert (done.code, done.said.splitlines()[-1]) == (6, "Rows before 100 are done. To go on: --start 100"), done.said
    rest = local.run("batch", "contacts", "create", "-", "--start", "150", text=rows + "Max\n")
    assert (rest.code, rest.lines[0]["index"], rest.said) == (0, 150, "1 done, 0 failed.\n")
