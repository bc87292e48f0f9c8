"""An MCP server over any connector, local or hosted. Needs the extra `mcp`.

```python
from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.mcp import McpOptions, serve_stdio

async with HubspotConnector(auth_config=...) as connector:
    await serve_stdio(connector, McpOptions(read_only=True))
```
"""

from .options import McpOptions
from .server import ConnectorOf, always, build_mcp_server
from .stdio import serve_stdio

__all__ = ["ConnectorOf", "McpOptions", "always", "build_mcp_server", "serve_stdio"]
