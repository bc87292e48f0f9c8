"""HTTP clients behind a connector: `HubspotConnector(transport=...)`, and what it takes to bring your own."""

from .._http import (
    AnswerTimeoutError,
    AsgiTransport,
    MaybeSentError,
    NotSentError,
    PyqwestTransport,
    Transport,
    TransportError,
)
from .._wire import HttpRequest, HttpResponse

__all__ = [
    "AnswerTimeoutError",
    "AsgiTransport",
    "HttpRequest",
    "HttpResponse",
    "MaybeSentError",
    "NotSentError",
    "PyqwestTransport",
    "Transport",
    "TransportError",
]
