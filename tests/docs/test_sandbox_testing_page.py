"""The tests on the page about testing pass as they are printed."""

import pytest

from docs.pages import read_blocks

pytest_plugins = ["pytester"]

PAGE = "docs/sandbox-testing.md"
PLUGIN = ("-p", "no:hubspot-sandbox", "-p", "hubspot_sandbox.pytest_plugin")


def test_the_tests_on_the_page_pass(pytester: pytest.Pytester) -> None:
    blocks = [block.text for block in read_blocks(PAGE) if block.language == "python"]
    for number, text in enumerate(blocks):
        pytester.makepyfile(**{f"test_block_{number}": text})

    result = pytester.runpytest_inprocess("-q", "-W", "error", "-o", "anyio_mode=auto", *PLUGIN)

    result.assert_outcomes(passed=sum(text.count("\ndef test_") + text.count("async def test_") for text in blocks))
