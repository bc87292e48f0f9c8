import os
import sys
from pathlib import Path

import pytest

from airbyte_agent_server.heap import give_back

MEGABYTE = 1_000_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries are left alone")
def test_what_is_free_below_something_that_is_kept_goes_back_to_the_system() -> None:
    blocks = [bytes([number % 256]) * 1000 for number in range(30_000)]
    kept = blocks[-1]
    held_bytes = resident_bytes()
    del blocks
    give_back()
    assert held_bytes - resident_bytes() > 20 * MEGABYTE
    assert len(kept) == 1000
