"""An MCP server with HubSpot as its tool, over standard input and output. `. .run/up.env`, then connect a client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastmcp import FastMCP

from airbyte_agent_hubspot import HubspotConnector

connector = HubspotConnector(external_user_id="demo")


@asynccontextmanager
async def lifespan(_: FastMCP[None]) -> AsyncIterator[None]:
    """Closes the connector when the server stops."""
    async with connector:
        yield


mcp = FastMCP("hubspot", lifespan=lifespan)


@mcp.tool
@HubspotConnector.tool_utils(framework="fastmcp")
async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
    """HubSpot: contacts, companies, deals, tickets and custom objects."""
    return await connector.execute(entity, action, params)


if __name__ == "__main__":
    mcp.run(show_banner=False)
