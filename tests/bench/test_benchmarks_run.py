"""The benchmarks themselves: that they run, not how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CLIENTS = ("this connector", "httpx2 + json.loads", "hubspot-api-client (sync)")
COST_PARTS = ("of the connector: transport", "of the connector: decoding", "of the connector: the rest")
STARTS = (
    "python -c pass",
    "this connector: import + construct",
    "import httpx2",
    "hubspot-api-client: import + first use",
    "import httpx, pydantic.BaseModel",
)
CONTENDERS = {
    "cold start, wall time": STARTS,
    "cold start, CPU time": STARTS,
    "pages per second, 1 concurrent": (*CLIENTS, "httpx2 + msgspec"),
    "pages per second, 16 concurrent": (*CLIENTS[:2], "httpx2 + msgspec"),
    "CPU time per page, 1 concurrent": (*CLIENTS, "httpx2 + msgspec", *COST_PARTS),
    "CPU time per page, 16 concurrent": (*CLIENTS[:2], "httpx2 + msgspec", *COST_PARTS),
    "construct a client": CLIENTS,
    "first call after construction": CLIENTS,
    "memory added by import": CLIENTS,
    "memory added after the first call": CLIENTS,
    "memory added after 50 calls": CLIENTS,
    "records per second, list_all": ("this connector: list_all",),
    "memory of list_all": ("after the first 5,000 records", "after the last record"),
}


def test_a_quick_run_writes_every_figure_and_exits_by_its_targets(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"

    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks", "--only", "client", "--quick", "--check", "--json", report],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.stderr == ""
    document = json.loads(report.read_text())
    rows = document["rows"]
    targets = [target for row in rows for target in row["targets"]]
    assert {(row["measure"], row["contender"]) for row in rows} == {
        (measure, contender) for measure, contenders in CONTENDERS.items() for contender in contenders
    }
    assert [row for row in rows if row["ratio"] is None or row["rounds"] < 1] == []
    assert [(target["reference"], target["at_most"]) for target in targets] == [
        ("python -c pass", 8.0),
        ("import httpx2", 1.0),
        ("python -c pass", 8.0),
        ("import httpx2", 1.0),
        ("httpx2 + json.loads", 0.5),
        ("httpx2 + json.loads", 0.5),
        ("after the first 5,000 records", 1.2),
    ]
    assert run.returncode == (0 if all(target["met"] for target in targets) else 1)


def test_http_versions_are_compared_by_calls_that_spoke_them() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.http_versions", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    titles = [line.partition("  ")[0] for line in lines if line.startswith(("calls:", "CPU:"))]
    assert titles == [
        f"{what}: {answer}, {concurrent} concurrent"
        for answer in ("page of 65,165 bytes", "small of 14 bytes")
        for concurrent in (1, 16)
        for what in ("calls", "CPU")
    ]
    assert [line.split()[0] for line in lines if line.startswith("  HTTP")] == ["HTTP/1.1", "HTTP/2"] * 8
