"""What clients of the existing platform send, in all spellings, and the members of answers that they read."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from server.world import CONNECTORS, World

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"
TEMPLATE_ID = "7aff03a7-5185-5afd-baae-df10c4af272d"
CALL = {"entity": "contacts", "action": "list", "params": {}}
ENVELOPE = {"status", "result", "connector_metadata", "execution_metadata"}
CONNECTOR = {"id", "name", "source_template", "replication_config"}
LISTED = {"id", "name", "summarized_source_template", "created_at", "updated_at"}


@dataclass(frozen=True)
class Sent:
    """One request of a client. Names in capitals stand for what is known only when it runs."""

    method: str
    path: str
    body: Any = None
    reads: set[str] = field(default_factory=set)
    within: str | None = None
    """The member whose first item is read, for lists."""
    token: str = "application"
    headers: Mapping[str, str] = field(default_factory=dict)


PAIR = {"client_id": "CLIENT_ID", "client_secret": "CLIENT_SECRET"}
CREDENTIALS = {"refresh_token": "REFRESH"}
SENT = [
    # tokens: canonical, aliases, a slash at the end, members that are ignored
    *(
        Sent("POST", path, {**PAIR, **extra}, {"access_token", "token_type", "expires_in"}, token="none")
        for path in (
            "/api/v1/account/applications/token",
            "/v1/account/applications/token",
            "/api/v1/applications/token",
            "/v1/applications/token/",
        )
        for extra in ({}, {"grant_type": "client_credentials"}, {"grant-type": "client_credentials"})
    ),
    *(
        Sent("POST", path, {name: "user-123"}, {"token"})
        for path in (
            "/api/v1/account/applications/scoped-token",
            "/api/v1/embedded/scoped-token",
            "/v1/embedded/scoped-token/",
        )
        for name in ("workspace_name", "external_user_id", "customer_name", "external_id", "externalUserId")
    ),
    *(
        Sent("GET", path, None, {"organization_id", "workspace_id", "workspace_name"}, token="scoped")
        for path in ("/api/v1/account/applications/scoped-token/info", "/api/v1/embedded/scoped-token/info")
    ),
    *(
        Sent("POST", path, {"externalUserId": "user-123", "allowedOrigin": "https://yourapp.com", **extra}, {"token"})
        for path in (
            "/api/v1/account/applications/widget-token",
            "/api/v1/embedded/widget-token",
            "/api/v1/embedded/widget_token",
        )
        for extra in ({}, {"organizationId": "ORGANIZATION"})
    ),
    # connectors: every way to create one, to look it up, to show it
    *(
        Sent("POST", path, {"workspace_name": "user-123", **kind, **credentials, **ignored}, CONNECTOR)
        for path, kind, credentials, ignored in (
            (CONNECTORS, {"connector_type": "Hubspot"}, {"credentials": CREDENTIALS}, {}),
            ("/v1/integrations/connectors", {"connector_type": "hubspot"}, {"credentials": CREDENTIALS}, {}),
            ("/api/v1/connectors/instances", {"definition_id": DEFINITION_ID}, {"auth_config": CREDENTIALS}, {}),
            ("/api/v1/connectors/sources", {"source_definition_id": DEFINITION_ID}, {"credentials": CREDENTIALS}, {}),
            ("/v1/integrations/sources", {"actor_definition_id": DEFINITION_ID}, {"credentials": CREDENTIALS}, {}),
            (CONNECTORS, {"connector_definition_id": DEFINITION_ID}, {"credentials": CREDENTIALS}, {}),
            (CONNECTORS, {"source_template_id": TEMPLATE_ID}, {"credentials": CREDENTIALS}, {}),
            (
                CONNECTORS,
                {"connector_type": "hubspot"},
                {"replication_config": {"credentials": CREDENTIALS}},
                {"region_id": "r", "selected_source_template_tags": ["t"], "selected_source_template_tags_mode": "any"},
            ),
            (
                CONNECTORS,
                {"connector_type": "hubspot"},
                {"source_config": {"credentials": CREDENTIALS}},
                {"name": None},
            ),
        )
    ),
    *(
        Sent("GET", f"{path}?{tenant}=user-123&{kind}={DEFINITION_ID}", None, LISTED, within)
        for path, within in (
            (CONNECTORS, "data"),
            (f"{CONNECTORS}/", "data"),
            ("/api/v1/integrations/sources", "data"),
            ("/api/v1/connectors/connectors_for_user", "connectors"),
            ("/api/v1/connectors/instances_for_user", "instances"),
        )
        for tenant, kind in (("workspace_name", "definition_id"), ("customer_name", "source_definition_id"))
    ),
    Sent("GET", f"{CONNECTORS}/ID", None, CONNECTOR, token="scoped"),
    Sent(
        "GET", f"{CONNECTORS}/ID/inspect/", None, {"connector_id", "name", "workspace_id", "docs_skill_id", "warnings"}
    ),
    # execute: every path, header forms, absent params
    *(
        Sent("POST", f"{path}/ID/execute", CALL, ENVELOPE, token=token)
        for path in (
            CONNECTORS,
            "/v1/integrations/connectors",
            "/api/v1/connectors/sources",
            "/api/v1/connectors/instances",
            "/v1/integrations/sources",
        )
        for token in ("application", "scoped")
    ),
    *(
        Sent("POST", f"{CONNECTORS}/ID/execute", {**CALL, "params": params}, ENVELOPE, headers=headers)
        for params, headers in (
            (None, {"X-Organization-Id": ""}),
            ({"limit": 1}, {"X-Organization-Id": "ORGANIZATION"}),
            ({}, {"X-ADP-Agent-SDK": "python/1", "X-Request-Id": "abc"}),
            ({}, {"authorization": "bearer TOKEN"}),
            ({}, {"Content-Type": ""}),
        )
    ),
    # consent, old and new
    *(
        Sent(
            "POST",
            f"{path}/oauth/initiate",
            {tenant: "user-123", "connector_type": "hubspot", "redirect_url": "http://localhost:1/"},
            {"consent_url"},
        )
        for path in ("/api/v1/integrations/connectors", "/v1/integrations/connectors", "/v1/integrations/sources")
        for tenant in ("workspace_name", "external_user_id")
    ),
    # what command lines and browsers look at
    Sent(
        "GET", "/api/v1/integrations/definitions/sources?name=hub", None, {"sourceDefinitionId", "name"}, "definitions"
    ),
    Sent(
        "GET",
        f"/api/v1/integrations/definitions/sources/{DEFINITION_ID}",
        None,
        {"id", "definition", "example_questions"},
    ),
    Sent(
        "GET", "/api/v1/integrations/templates/sources?use_global=true", None, {"id", "name", "connector_name"}, "data"
    ),
    Sent("GET", "/api/v1/internal/account/organizations", None, {"id", "name"}, "organizations"),
    Sent("GET", "/api/v1/workspaces", None, {"id", "name", "status", "tombstone"}, "data"),
    Sent("GET", "/api/v1/skills", None, {"id", "kind", "title"}, "data", token="scoped"),
    Sent("DELETE", f"{CONNECTORS}/ID", None, {"id", "job_id"}),
]


async def test_what_existing_clients_send_is_answered_with_what_they_read(world: World) -> None:
    scoped = await world.scoped_token()
    connector_id = await world.create_connector(scoped)
    tokens = {"application": await world.application_token(), "scoped": scoped}
    known = {
        '"CLIENT_ID"': f'"{world.pair.client_id}"',
        '"CLIENT_SECRET"': f'"{world.pair.client_secret.get_secret_value()}"',
        '"REFRESH"': f'"{world.refresh_token}"',
        "ORGANIZATION": world.pair.organization_id,
        "TOKEN": tokens["application"],
    }

    def filled(value: Any) -> Any:
        text = json.dumps(value)
        for place, meant in known.items():
            text = text.replace(place, meant)
        return json.loads(text)

    failing = []
    for sent in SENT:
        headers = filled(dict(sent.headers))
        token = None if "authorization" in headers else tokens.get(sent.token)
        path = sent.path.replace("/ID", f"/{connector_id}")
        answer = await world.client.call(sent.method, path, filled(sent.body), token=token, headers=headers)
        read = answer.json
        if answer.status == 200 and sent.within is not None:
            read = read[sent.within][0]
        if answer.status != 200 or not sent.reads <= set(read):
            failing.append((sent.method, sent.path, sent.body, answer.status, sorted(sent.reads - set(read))))
    assert failing == []


async def test_a_widget_token_opens_as_browsers_open_it(world: World) -> None:
    body = {"externalUserId": "user-123", "allowedOrigin": "https://yourapp.com"}
    answer = await world.client.post("/v1/embedded/widget_token", body, token=await world.application_token())
    opened = json.loads(b64decode(answer.json["token"], validate=True))
    assert sorted(opened) == ["token", "widgetUrl"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/connectors/sources/unknown/execute", CALL, 404),
        ("/api/v1/integrations/sources", {"workspace_name": "u"}, 422),
        ("/v1/applications/token", {"client_id": "a", "client_secret": "b"}, 401),
    ],
)
async def test_errors_are_whole_sentences_wherever_clients_look(
    world: World, path: str, body: object, status: int
) -> None:
    answer = await world.client.post(path, body, token=await world.application_token())
    problem = answer.json
    assert answer.status == problem["status"] == status
    assert problem["message"] == problem["detail"]
    for said in (problem["message"], *(item["message"] for item in problem["errors"])):
        assert said.endswith(".")
        assert " " in said
