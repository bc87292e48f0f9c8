"""`hubspot-agent doctor`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from airbyte_agent_hubspot._http import PyqwestTransport
from airbyte_agent_server.commands.session import Config, Exit, parts, run, settings_of, show
from airbyte_agent_server.doctor import Doctor, Finding, Verdict, check_mode
from airbyte_agent_server.settings import CONFIG, SettingsError

app = typer.Typer(pretty_exceptions_show_locals=False)
_MARKS = {Verdict.OK: "ok      ", Verdict.WARNING: "warning ", Verdict.PROBLEM: "PROBLEM "}


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings count as problems.")] = False,
    config: Config = None,
) -> None:
    """Examine settings, database, keys, addresses, clocks and files. Ends with 1 if there is a problem."""
    findings = run(_examine(config))
    worst = max(findings, key=lambda finding: list(Verdict).index(finding.verdict)).verdict
    if as_json:
        show({"verdict": worst, "findings": findings})
    else:
        for finding in findings:
            typer.echo(f"{_MARKS[finding.verdict]}{finding.check}: {finding.text}")
            if finding.remedy:
                typer.echo(f"        {finding.remedy}")
    if worst == Verdict.PROBLEM or (strict and worst == Verdict.WARNING):
        raise typer.Exit(Exit.FAILED)


async def _examine(config: Path | None) -> list[Finding]:
    try:
        settings = settings_of(config)
    except SettingsError as error:
        return [Finding("settings", Verdict.PROBLEM, line, "Correct it.") for line in str(error).splitlines()]
    findings = [Finding("settings", Verdict.OK, "Every setting has a name and a value that the server knows.")]
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    if named is not None:
        findings += check_mode(named, "the file of settings")
    async with parts(settings) as core:
        hubspot = PyqwestTransport(read_timeout_s=settings.upstream_timeout_s)
        try:
            examined = Doctor(settings, core.database, core.sealer.keys, hubspot, clock=core.clock)
            return findings + [finding async for finding in examined.examine()]
        finally:
            await hubspot.close()
