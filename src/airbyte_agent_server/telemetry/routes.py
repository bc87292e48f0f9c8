"""The route that Prometheus scrapes."""

import hmac

from fastapi import APIRouter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from airbyte_agent_server.problems import ProblemError, may_answer
from airbyte_agent_server.telemetry.metrics import Metrics

_SCHEME = "bearer "


class MetricsRoutes:
    """The metrics of this process. With a token in the settings, only for whoever has it."""

    def __init__(self, metrics: Metrics, token: SecretStr | None) -> None:
        self._metrics = metrics
        self._token = token

    def add_to(self, router: APIRouter) -> None:
        """Register the route."""
        text = {"description": "Prometheus' or OpenMetrics' text.", "content": _TEXTS}
        router.add_api_route(
            "/metrics",
            self.metrics,
            methods=["GET"],
            response_class=Response,
            responses={200: text},
            openapi_extra=may_answer("missing_token", "invalid_token"),
        )

    async def metrics(self, request: Request) -> Response:
        """Show what this process counts."""
        self._check(request.headers.get("authorization", ""))
        body, media_type = self._metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": media_type})

    def _check(self, authorization: str) -> None:
        if self._token is None:
            return
        if not authorization:
            raise ProblemError("missing_token", "These metrics need the token of the setting metrics_token: send it.")
        given = authorization[len(_SCHEME) :] if authorization[: len(_SCHEME)].lower() == _SCHEME else ""
        if not hmac.compare_digest(given.strip().encode(), self._token.get_secret_value().encode()):
            raise ProblemError("invalid_token", "This is not the token of the setting metrics_token: correct it.")


_TEXTS: dict[str, object] = {
    "text/plain": {},
    "application/openmetrics-text": {},
}
