# pyright: reportUnnecessaryTypeIgnoreComment=error
"""What type checkers know about constructing connectors and making tools: checked, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import pytest

from airbyte_agent_hubspot import (
    AirbyteAuthConfig,
    HubspotAuthConfig,
    HubspotConnector,
    HubspotPrivateAppAuthConfig,
)
from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, PyqwestTransport
from airbyte_agent_hubspot.transports.httpx2 import Httpx2Transport

if TYPE_CHECKING:
    from airbyte_agent_hubspot.models import TokenGrant


class OwnTransport:
    """All that a transport of one's own needs."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, {}, request.body or b"")

    async def close(self) -> None: ...


def keep(grant: TokenGrant) -> None:
    assert_type(grant.access_token, str)
    assert_type(grant.expires_at_s, float)


async def keep_later(grant: TokenGrant) -> None:
    keep(grant)


async def mint() -> str:
    return "scoped-1"


@pytest.mark.requirement("typed-door")
def every_form_is_known() -> None:
    oauth = HubspotAuthConfig(refresh_token="r", client_id="i", client_secret="s", access_token=None)
    HubspotConnector(auth_config=oauth, on_token_refresh=keep, transport=PyqwestTransport(proxy="env"))
    HubspotConnector(auth_config=oauth, on_token_refresh=keep_later, transport=Httpx2Transport())
    HubspotConnector(auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=OwnTransport())
    HubspotConnector(auth_config=AirbyteAuthConfig(airbyte_client_id="i", airbyte_client_secret="s"))
    HubspotConnector(
        external_user_id="u", airbyte_client_id="i", airbyte_client_secret="s", base_url="https://a.example"
    )
    HubspotConnector(airbyte_token="scoped-1")
    HubspotConnector(airbyte_token=mint, timeout_s=20)


@pytest.mark.requirement("typed-door")
def mistakes_are_errors() -> None:
    HubspotAuthConfig(refresh_tokn="r")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HubspotAuthConfig("r")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HubspotConnector(auth_config={"refresh_token": "r"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HubspotConnector(workspace="u")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HubspotConnector(transport=object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@HubspotConnector.tool_utils
async def bare(entity: str, action: str, params: dict[str, object] | None = None) -> int:
    return len(entity) + len(action) + len(params or {})


@HubspotConnector.tool_utils(framework="pydantic-ai", max_output_chars=10_000, update_docstring=False)
async def with_options(entity: str) -> bytes:
    return entity.encode()


@pytest.mark.requirement("typed-door")
async def a_tool_keeps_its_signature() -> None:
    assert_type(await bare("contacts", "list", {"limit": 3}), int)
    assert_type(await with_options(entity="contacts"), bytes)
    await bare("contacts")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_options(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HubspotConnector.tool_utils(len)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    HubspotConnector.tool_utils(framework="crewai")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
