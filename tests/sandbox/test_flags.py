"""What the command line can set, beyond port and state."""

from pathlib import Path

import pytest

from hubspot_sandbox import Portal, VirtualClock
from hubspot_sandbox.__main__ import arguments, build, main
from sandbox.asgi import Client


def built(*argv: str) -> Portal:
    portal: Portal = build(arguments().parse_args(["--portal", "small", *argv])).state.portal
    return portal


def test_files_are_loaded_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people, deals = tmp_path / "people.csv", tmp_path / "deals.json"
    people.write_text("email\nada@own.example\n")
    deals.write_text('[{"dealname": "Big"}]')

    portal = built("--load", f"contacts={people}", "--load", f"deals={deals}")

    assert (portal.records.count("0-1"), portal.records.count("0-3")) == (61, 31)
    assert capsys.readouterr().out == f"Loaded 1 contacts from {people}.\nLoaded 1 deals from {deals}.\n"


def test_a_file_that_cannot_be_loaded_stops_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email\nwrong\n")

    code = main(["--portal", "small", "--port", "0", "--load", f"contacts={people}"])

    assert (code, capsys.readouterr().err) == (2, f"{people}, line 2: Email address wrong is invalid\n")


@pytest.mark.parametrize("argv", [["--load", "contacts"], ["--index-lag", "soon"], ["--index-lag", "1-x"]])
def test_flags_of_another_form_are_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(argv)
    assert argv[0] in capsys.readouterr().err


def test_an_index_lag_with_its_bounds_the_wrong_way_round_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--portal", "small", "--port", "0", "--index-lag", "4-2"]) == 2
    assert "index lag" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "lag"),
    [([], 0.0), (["--index-lag"], (2.0, 4.0)), (["--index-lag", "3"], 3.0), (["--index-lag", "1-2.5"], (1.0, 2.5))],
)
def test_the_index_lag_is_a_time_or_a_span(argv: list[str], lag: object) -> None:
    assert built(*argv).behaviour.search_index_lag_s == lag


async def test_a_virtual_clock_and_webhooks_can_be_asked_for() -> None:
    app = build(arguments().parse_args(["--portal", "small", "--virtual-clock", "--webhook-url", "http://h.example/"]))
    portal: Portal = app.state.portal

    state = await Client(app).send("GET", "/_sandbox/webhooks")

    assert isinstance(portal.clock, VirtualClock)
    assert portal.webhooks.target is not None
    assert (portal.webhooks.target.url, len(portal.webhooks.target.subscriptions)) == ("http://h.example/", 24)
    assert state.json()["queued"] == 0
