"""A hosted server of a few lines: grants tokens, lists connectors, answers one page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from unit.scripted import answer, grant

if TYPE_CHECKING:
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse

TOKEN = "POST /api/v1/account/applications/token"
CONNECTORS = "GET /api/v1/integrations/connectors"


def execute_path(connector_id: str) -> str:
    return f"POST /api/v1/integrations/connectors/{connector_id}/execute"


def envelope(*ids: str, **metadata: object) -> HttpResponse:
    """An answer of success with a page of records that have nothing but an id."""
    return answer({"status": "success", "result": [{"id": one} for one in ids], "connector_metadata": metadata})


class HostedServer:
    """Has the connectors `found`; grants `app-1`, `app-2`... and takes whatever token comes."""

    def __init__(self, *found: str) -> None:
        self.found = found
        self.granted = 0

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        path = f"{request.method} /api/v1/{urlsplit(request.url).path.partition('/api/v1/')[2]}"
        if path == TOKEN:
            self.granted += 1
            return grant(f"app-{self.granted}", expires_in=900)
        if path == CONNECTORS:
            return answer({"data": [{"id": one, "name": f"My {one}"} for one in self.found]})
        if path in map(execute_path, self.found):
            return envelope("1")
        return answer({"code": "connector_not_found", "message": "There is no such connector."}, status=404)
