"""The operator's guide: its commands run from top to bottom, on a server of their own."""

import asyncio
import json
import sys
from pathlib import Path

from airbyte_agent_server.commands.session import opened
from airbyte_agent_server.settings import Settings
from docs.made_up import MadeUp
from docs.pages import Shell, read_blocks

PAGE = "docs/how-to/operate.md"


async def make_workspace(data_dir: Path, organization_id: str) -> None:
    async with opened(Settings(data_dir=data_dir)) as core:
        await core.accounts.ensure_workspace(organization_id, "user-123")


def test_the_commands_of_the_guide_run_from_top_to_bottom(up: MadeUp, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    variables = {
        "AGENT_SERVER_DATA_DIR": str(data_dir),
        "AGENT_SERVER_HUBSPOT_API_BASE_URL": up.values["sandbox_url"],
        "FRESH": str(tmp_path / "fresh"),
    }
    places = {
        "hubspot-agent": f"{sys.executable} -m airbyte_agent_hubspot.cli",
        "--data": "--data --wait 0",  # nobody wants to wait a minute here
        "--master": "--master --wait 0",
    }
    shell = Shell(tmp_path, variables)
    (tmp_path / "passphrase").write_text("made-up passphrase")
    client: dict[str, str] = {}
    for block in read_blocks(PAGE):
        if block.language != "bash":
            continue
        code = block.text
        for said, meant in places.items():
            code = code.replace(said, meant)
        if "revoke --workspace" in code:
            asyncio.run(make_workspace(data_dir, client["organization_id"]))
        shell.run(f"cd {tmp_path}\n{code}", CLIENT_ID=client.get("id", ""))
        if not client:
            [client] = json.loads(shell.run(f"{places['hubspot-agent']} client list"))
    assert (tmp_path / "fresh" / "master.key").exists()
    assert len(list(tmp_path.glob("revocation-*.json"))) == 1
