"""Results for models: in few tokens and within a budget, fenced as data, redacted, with a receipt.

```python
shaper = Shaper(connector.execute)
shaped = await shaper.run("deals", "find", {"where": {"status": "open"}}, Wish(max_tokens=1_000))
shaped.text, shaped.receipt
```
"""

from .budget import estimate_tokens
from .fence import fenced
from .fitting import LEAST_TOKENS, MAX_TOKENS, Wish
from .receipt import Receipt
from .redaction import EMAIL_ADDRESS, PHONE_NUMBER, Redaction
from .shaper import Shaped, Shaper

__all__ = [
    "EMAIL_ADDRESS",
    "LEAST_TOKENS",
    "MAX_TOKENS",
    "PHONE_NUMBER",
    "Receipt",
    "Redaction",
    "Shaped",
    "Shaper",
    "Wish",
    "estimate_tokens",
    "fenced",
]
