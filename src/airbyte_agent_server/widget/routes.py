"""Routes of the pages."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.responses import Response

from airbyte_agent_server.aliases import API
from airbyte_agent_server.oauth.flow import DESCRIPTIONS
from airbyte_agent_server.origins import read_origin
from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.widget.pages import render_page


class WidgetRoutes:
    """The pages. They hold no secret: tokens reach them from the application or from the client that opens them."""

    def __init__(self, *, public_url: str, ids: IdSource) -> None:
        self._places = {"api": f"{public_url}{API}/integrations/connectors", "comeBack": f"{public_url}/widget-bridge"}
        self._ids = ids

    def add_to(self, router: APIRouter) -> None:
        """Register the routes; pages are no part of the API's document."""
        router.add_api_route("/widget", self.widget, methods=["GET"], include_in_schema=False, response_model=None)
        router.add_api_route(
            "/widget-bridge", self.bridge, methods=["GET"], include_in_schema=False, response_model=None
        )

    async def widget(
        self,
        workspace_id: Annotated[UUID, Query(alias="workspaceId")],
        allowed_origin: Annotated[str, AfterValidator(read_origin)],  # spelt allowedOrigin in the address of the page
    ) -> Response:
        """The page for a frame inside an application's page, of the one origin that may hold it."""
        settings = {**self._places, "workspaceId": str(workspace_id), "allowedOrigin": allowed_origin}
        return render_page("widget", settings, frame_ancestors=allowed_origin, ids=self._ids)

    async def bridge(self) -> Response:
        """The page for a window of its own: it starts a consent, and is where the browser comes back to."""
        return render_page("bridge", {**self._places, "errors": DESCRIPTIONS}, frame_ancestors="'none'", ids=self._ids)
