"""HubSpot's Node client and its MCP server, as published on npm, against the sandbox on a port."""

import json
from typing import Any

import pytest

from conformance.node_programs import output_of
from conformance.served import Served

pytestmark = pytest.mark.usefixtures("node_packages")


def test_hubspots_node_client_works_unchanged(served: Served) -> None:
    app, grant = served.portal.tokens.apps()[0], served.portal.tokens.grants()[0]
    secrets = (served.token, app.client_id, app.client_secret, grant.refresh_token)

    printed = output_of("node", "client.js", served.url, *secrets)

    assert json.loads(printed) == ["records", "batches", "associations", "definitions", "people", "tokens"]
    assert served.kinds_of_calls() >= 35


def test_every_tool_of_hubspots_mcp_server_works_unchanged(served: Served) -> None:
    outcome: Any = json.loads(output_of("node", "mcp.js", served.url, served.token))

    failed = {name: answer["text"] for name, answer in outcome["answers"].items() if answer["failed"]}
    assert failed == {}
    assert len(outcome["tools"]) == 21
    assert sorted(outcome["answers"]) == sorted(outcome["tools"])
