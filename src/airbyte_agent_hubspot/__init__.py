"""HubSpot for AI agents, in open source or hosted execution.

```python
from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.models import HubspotAuthConfig

connector = HubspotConnector(auth_config=HubspotAuthConfig(refresh_token="..."))
page = await connector.contacts.list(limit=3)
```
"""

from .connector import HubspotConnector
from .errors import ConnectorError
from .models.auth import AirbyteAuthConfig, HubspotAuthConfig, HubspotPrivateAppAuthConfig

__all__ = [
    "AirbyteAuthConfig",
    "ConnectorError",
    "HubspotAuthConfig",
    "HubspotConnector",
    "HubspotPrivateAppAuthConfig",
]
__version__ = "0.1.0"
