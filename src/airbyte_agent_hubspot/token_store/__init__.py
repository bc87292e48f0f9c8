"""Where an OAuth grant is kept between processes: `HubspotConnector(token_store=...)`.

```python
from airbyte_agent_hubspot.token_store import EncryptedTokenFile

connector = HubspotConnector(auth_config=credentials, token_store=EncryptedTokenFile("hubspot.token"))
```
"""

from ..models.auth import StoredGrant
from ._encrypted_file import EncryptedTokenFile
from ._store import TokenStore, keep_grant, origin_of

__all__ = ["EncryptedTokenFile", "StoredGrant", "TokenStore", "keep_grant", "origin_of"]
