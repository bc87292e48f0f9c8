"""When HubSpot or the network fails: nothing lost, nothing doubled, and the outcome says so."""

from __future__ import annotations

from dataclasses import replace as replaced

import pytest
from msgspec.structs import replace

from faults_page import Outcome, faults, outcome_of
from hubspot_sandbox.faults import Fault  # noqa: TC001 - pytest reads it

MAX_REQUESTS = 4
SAYS_NOTHING_WAS_DONE = frozenset(
    {
        "missing_scopes",
        "permission_denied",
        "reauthorization_required",
        "upstream_rate_limited",
        "upstream_unavailable",
        "upstream_error",
    }
)


@pytest.mark.parametrize(("name", "fault"), faults())
@pytest.mark.parametrize("times", [1, 2, None])
async def test_a_create_is_done_once_or_not_at_all_and_its_outcome_is_true(
    name: str, fault: Fault, times: int | None
) -> None:
    outcome = await outcome_of("create", replace(fault, times=times))
    assert outcome.created <= 1, name
    assert outcome.requests <= MAX_REQUESTS
    if outcome.code == "ok":
        assert outcome.created == 1
    if outcome.code in SAYS_NOTHING_WAS_DONE:
        assert outcome.created == 0
    if outcome.code == "upstream_outcome_unknown":
        assert outcome.requests == 1


@pytest.mark.parametrize(("name", "fault"), faults())
async def test_a_read_and_an_update_survive_one_fault_that_may_pass(name: str, fault: Fault) -> None:
    lasting = {"missing_scopes", "no_permission", "daily_limit", "wrong_content_type"}
    once = replace(fault, times=1)
    read, update = await outcome_of("read", once), await outcome_of("update", once)
    assert replaced(read, created=0) == replaced(update, created=0)
    if name.partition(",")[0] not in lasting | {"cloudflare_525", "cloudflare_526", "cloudflare_530"}:
        assert read == Outcome("ok", 2, 0)
