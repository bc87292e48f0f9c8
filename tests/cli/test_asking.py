"""Questions on the command line: find, overview, aggregate, describe, execute; the same locally and hosted."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Agent


@pytest.mark.requirement("command-line")
def test_a_question_in_words_gets_json_in_a_pipe(agent: Agent) -> None:
    found = agent.get("find", "deals", "amount>=10000", "status=open", "--limit", "3", "--sort", "-amount")
    amounts = [float(deal["properties"]["amount"]) for deal in found["data"]]
    assert (len(amounts), amounts) == (3, sorted(amounts, reverse=True))
    assert min(amounts) >= 10_000
    assert found["complete"] is False


def test_conditions_come_in_several_spellings(agent: Agent) -> None:
    by_words = agent.get("find", "deals", "stage=Closed lost", "stage=Closed won", "amount!=0")
    by_json = agent.get("find", "deals", 'stage=["Closed lost", "Closed won"]', "--where", '{"amount": "!= 0"}')
    assert by_words["data"] == by_json["data"]
    assert {deal["properties"]["dealstage"] for deal in by_words["data"]} == {"closedlost", "closedwon"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (["stage"], "is no condition"),
        (["amount>5", "amount<9"], "is compared twice"),
        (["company={"], "is not JSON"),
        (["--where", "[]"], "must be a JSON object"),
        (["--where", "@nowhere.json"], "nowhere.json: No such file or directory"),
    ],
)
def test_what_is_no_condition_is_told_how_to_write_it(agent: Agent, condition: list[str], said: str) -> None:
    before = agent.requests
    done = agent.run("find", "deals", *condition)
    assert (done.code, done.printed, said in done.said) == (2, "", True), done.said
    assert agent.requests == before


def test_totals_are_exact_in_a_table_and_in_csv(agent: Agent) -> None:
    asked = ("aggregate", "deals", "--group-by", "dealstage", "--metric", "count", "--metric", "sum amount")
    rows = agent.get(*asked)["rows"]
    table = agent.run(*asked, "--table")
    assert rows[0]["values"]["sum amount"] in table.printed
    assert rows[0]["label"]["dealstage"] in table.printed
    assert "All together: count " in table.said
    printed = list(csv.DictReader(io.StringIO(agent.run(*asked, "--csv").printed)))
    assert [row["count"] for row in printed] == [row["values"]["count"] for row in rows]


def test_a_record_is_shown_by_its_name_with_what_surrounds_it(agent: Agent) -> None:
    company = agent.get("find", "companies", "--limit", "1")["data"][0]
    name = company["properties"]["name"]
    assert agent.get("show", "companies", company["id"])["name"] == name
    table = agent.run("overview", "companies", company["id"], "--table", "--related", "2", "--activities", "2")
    assert (table.code, name in table.printed, "\nactivities\n" in table.printed) == (0, True, True), table.said


def test_the_portal_is_described(agent: Agent) -> None:
    assert "deals" in agent.get("describe", "deals", "--custom-only")["pipelines"]
    assert "Sales Pipeline" in agent.run("describe", "--table").printed


def test_any_operation_runs_with_pairs_or_json(agent: Agent, tmp_path: Path) -> None:
    by_pairs = agent.get("execute", "contacts", "list", "limit=2", "properties=email", "properties=city", "archived=no")
    params = {"limit": 2, "properties": ["email", "city"]}
    (tmp_path / "params.json").write_text(json.dumps(params), encoding="utf-8")
    spellings = ((json.dumps(params), None), (f"@{tmp_path / 'params.json'}", None), ("-", json.dumps(params)))
    for given, text in spellings:
        assert agent.get("execute", "contacts", "list", "--params", given, text=text) == by_pairs
    found = agent.get("execute", "deals", "find", "where.amount=>= 10000", "limit:=1")
    assert len(found["data"]) == 1


def test_a_single_record_comes_in_every_form(agent: Agent) -> None:
    contact = agent.get("execute", "contacts", "list", "limit=1")["data"][0]
    asked = ("execute", "contacts", "get", f"contact_id={contact['id']}", "properties=email")
    email = contact["properties"]["email"]
    assert agent.get(*asked)["properties"]["email"] == email
    assert agent.run(*asked, "--ndjson").lines[0]["id"] == contact["id"]
    assert next(csv.DictReader(io.StringIO(agent.run(*asked, "--csv").printed)))["email"] == email
    assert email in agent.run(*asked, "--table").printed


def test_all_pages_come_as_lines_as_csv_or_as_one_document(agent: Agent) -> None:
    asked = ("execute", "contacts", "list", "--all", "limit=25", "properties=email")
    lines = agent.run(*asked).lines
    ids = [record["id"] for record in lines]
    assert len(set(ids)) == len(ids) > 50
    rows = list(csv.DictReader(io.StringIO(agent.run(*asked, "--csv", "--columns", "id, email").printed)))
    assert [row["id"] for row in rows] == ids
    assert list(rows[0]) == ["id", "email"]
    assert [record["id"] for record in agent.get(*asked, "--json")["data"]] == ids


def test_columns_that_come_late_in_csv_are_named(agent: Agent) -> None:
    asked = ("execute", "contacts", "list", "--all", "associations=deals", "--csv")
    first = agent.run(*asked[:-1]).lines[0]
    assert "associations" not in first
    assert "Not printed, because the first record has no such column: associations" in agent.run(*asked).said


def test_a_search_goes_through_all_pages_by_id(agent: Agent) -> None:
    groups = '[{"filters": [{"propertyName": "amount", "operator": "GTE", "value": "1"}]}]'
    asked = ("execute", "deals", "api_search", f"filterGroups={groups}", "--all")
    ids = [int(record["id"]) for record in agent.run(*asked).lines]
    assert ids == sorted(ids)
    assert len(ids) == agent.get(*asked[:-1], "limit=1")["meta"]["total"]
    kind = ("execute", "objects", "api_search", "objectType=0-3", f"filterGroups={groups}", "--all")
    assert [int(record["id"]) for record in agent.run(*kind).lines] == ids


def test_a_page_says_in_csv_and_tables_that_there_is_more(agent: Agent) -> None:
    asked = ("execute", "contacts", "list", "limit=2")
    cursor = agent.get(*asked)["meta"]["next_cursor"]
    assert agent.run(*asked, "--csv").said == f"There is more: add --all, or after={cursor}\n"
    assert agent.run(*asked, "--csv", "--quiet").said == ""


def test_what_has_no_pages_cannot_be_asked_for_all(agent: Agent) -> None:
    done = agent.run("execute", "account", "details", "--all")
    assert (done.code, done.said) == (2, "invalid_params: account.details has no pages: leave out --all.\n")


def test_columns_are_chosen_or_named(agent: Agent) -> None:
    asked = ("execute", "contacts", "list", "limit=2", "properties=email")
    assert agent.run(*asked, "--csv", "--columns", "email").printed.splitlines()[0] == "email"
    done = agent.run(*asked, "--csv", "--columns", "mail")
    assert (done.code, "There is no column 'mail'. Columns are: id, " in done.said) == (2, True)
    assert agent.run(*asked, "--table", "--columns", "email,id").printed.split()[:2] == ["email", "id"]


def test_nothing_found_is_said(agent: Agent) -> None:
    done = agent.run("find", "deals", "amount>999999999999", "--table")
    assert (done.code, done.printed, done.said.splitlines()[0]) == (0, "", "Nothing found.")
    assert agent.run("find", "deals", "amount>999999999999", "--ndjson").printed == ""


def test_a_check_says_whether_it_works(agent: Agent) -> None:
    assert agent.get("check")["status"] == "healthy"
    assert "healthy" in agent.run("--table", "check").printed


def test_a_failed_check_ends_with_1(local: Agent) -> None:
    done = local.run("check", HUBSPOT_REFRESH_TOKEN="na1-revoked")
    assert (done.code, done.json["status"]) == (1, "unhealthy")


def test_time_runs_out_with_6(agent: Agent) -> None:
    done = agent.run("execute", "contacts", "list", "--timeout", "0.001")
    assert (done.code, done.printed) == (6, ""), done.said
