"""Cursors of long lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import MCPError

from airbyte_agent_hubspot.mcp.paging import PAGE_SIZE, page_of


@given(st.integers(0, 5 * PAGE_SIZE))
def test_following_the_cursors_visits_everything_once(count: int) -> None:
    items = list(range(count))
    seen, cursor = page_of(items, None)
    while cursor is not None:
        page, cursor = page_of(items, cursor)
        assert 0 < len(page) <= PAGE_SIZE
        seen += page
    assert seen == items


@pytest.mark.parametrize("cursor", ["", "x", "-1", "٣", "1.5", "9" * 5000, "60"])
def test_a_cursor_that_we_did_not_give_is_refused(cursor: str) -> None:
    with pytest.raises(MCPError) as refused:
        page_of(list(range(60)), cursor)
    assert refused.value.code == -32602
