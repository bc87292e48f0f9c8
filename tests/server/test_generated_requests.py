"""Requests that schemathesis makes up from `/openapi.json`: every answer is one that the document has."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import requests
import schemathesis
from anyio import from_thread, to_thread
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.world import PUBLIC_URL, World

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 4
EXECUTE = "/api/v1/integrations/connectors/{connector_id}/execute"
CALLS = {"contacts.list", "contacts.get", "contacts.create", "contacts.api_search", "notes.delete", "owners.list"}
"""Of the calls of execute, those that requests are made up for; what each takes is tested elsewhere, for all."""
OF_WORKSPACE = "/api/v1/account/applications/scoped-token/info"


class Prober:
    """Sends made-up requests, with a token that the operation admits, to a server with one connector."""

    def __init__(self, world: World, tokens: dict[str, str], ids: dict[str, str]) -> None:
        self._world = world
        self._tokens = tokens
        self._ids = ids
        self.statuses: set[int] = set()

    def probe(self, case: Any) -> None:
        """Every other request is about something that exists."""
        case.path_parameters = {
            name: self._ids.get(name, value) if len(str(value)) % 2 else value
            for name, value in (case.path_parameters or {}).items()
        }
        token = self._tokens["scoped" if case.path == OF_WORKSPACE else "application"]
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        sent = requests.Request(**_request_of(case)).prepare()
        answer = from_thread.run(
            partial(
                self._world.client.call,
                str(sent.method),
                str(sent.url),
                headers={name.lower(): _text(value) for name, value in sent.headers.items()},
                body=_bytes(sent.body),
            )
        )
        self.statuses.add(answer.status)
        assert answer.status != 429, "More requests than our own limits allow: let the clock move."
        problem = answer.headers.get("content-type") == "application/problem+json"
        assert not problem or answer.code != "internal_error", f"{sent.method} {sent.url} {sent.body!r}"
        headers = {name: [value] for name, value in answer.headers.items()}
        response = schemathesis.Response(answer.status, headers, answer.body, sent, 0.0, verify=False)
        case.validate_response(response, checks=CHECKS)


def _request_of(case: Any) -> dict[str, Any]:
    known = {"method", "url", "headers", "params", "json", "data", "cookies", "files"}
    return {name: value for name, value in case.as_transport_kwargs(base_url=PUBLIC_URL).items() if name in known}


def _bytes(body: object) -> bytes | None:
    assert body is None or isinstance(body, str | bytes)
    return body.encode() if isinstance(body, str) else body


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def explore(operation: Any, mode: schemathesis.GenerationMode, prober: Prober) -> None:
    """The same requests in every run."""

    @seed(20261125)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def probe(case: Any) -> None:
        prober.probe(case)

    probe()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
async def test_made_up_requests_are_answered_as_the_document_says(
    world: World, mode: schemathesis.GenerationMode
) -> None:
    document = json.loads((await world.client.get("/openapi.json")).body)
    content = document["paths"][EXECUTE]["post"]["requestBody"]["content"]["application/json"]
    content["schema"] = {"anyOf": [call for call in content["schema"]["anyOf"] if call["title"] in CALLS]}
    scoped = await world.scoped_token()
    connector_id = await world.create_connector(scoped)
    workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    ids = {
        "connector_id": connector_id,
        "workspace_id": workspace.id,
        "organization_id": world.pair.organization_id,
        "definition_id": "36c891d9-4bd9-43ac-bad2-10e12756272c",
        "connector_type": "HubSpot",
    }
    prober = Prober(world, {"application": await world.application_token(), "scoped": scoped}, ids)

    def run() -> None:
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            assert isinstance(found, Ok), found
            with suppress(Unsatisfiable):  # of an operation that takes nothing, nothing can be wrong
                explore(found.ok(), mode, prober)

    await to_thread.run_sync(run)
    assert {200, 404, 422, 501} <= prober.statuses
