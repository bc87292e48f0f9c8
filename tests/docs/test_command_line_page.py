"""The guide to the command line: its lines run from top to bottom after `make up`."""

import sys
from pathlib import Path

from docs.made_up import MadeUp
from docs.pages import Shell, read_blocks


def test_the_lines_of_the_guide_run_from_top_to_bottom(up: MadeUp, tmp_path: Path) -> None:
    shell = Shell(tmp_path, up.variables())
    program = f'hubspot-agent() {{ "{sys.executable}" -m airbyte_agent_hubspot.cli "$@"; }}'
    blocks = [block.text for block in read_blocks("docs/how-to/command-line.md") if block.language == "bash"]
    lines = "\n".join(blocks).replace("python3 -c", f"{sys.executable} -c")
    shell.run(f"{program}\ncd {tmp_path}\n{lines}")
    assert len((tmp_path / "contacts.ndjson").read_text(encoding="utf-8").splitlines()) > 100
    assert (tmp_path / "deals.csv").read_text(encoding="utf-8").startswith("id,dealname,amount\n")
