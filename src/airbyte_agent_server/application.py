"""What every request passes before its route, and how errors come out."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from airbyte_agent_server.core import Core
from airbyte_agent_server.execute.routes import PATH as EXECUTE_PATH
from airbyte_agent_server.telemetry.requests import Executes, WatchedRequests
from airbyte_agent_server.tokens.access import is_open_to_pages
from airbyte_agent_server.tokens.bearer import Gate, claims_known
from airbyte_agent_server.wire.canonical import CanonicalRequests
from airbyte_agent_server.wire.cors import Preflights
from airbyte_agent_server.wire.entrance import Entrance, raise_http_problem, raise_validation_problem


class Application(FastAPI):
    """The routes and their middleware, with a way past the latter."""

    _front: ASGIApp | None = None

    def shorten(self, make: Callable[[ASGIApp], ASGIApp]) -> None:
        """Let what `make` gives see every request first; it gets the rest of the application to pass requests on to."""
        self._front = make(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        await (self._front or super().__call__)(scope, receive, send)


def build_application(
    core: Core, gate: Gate, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> Application:
    """The application without its routes: what every request passes, and how errors are answered."""
    settings = core.settings
    return Application(
        title="Agent connectors",
        version=version("airbyte-agent-hubspot"),
        description="Hosted execution of agent connectors. Errors are problem+json with a stable `code`.",
        dependencies=[Depends(gate)],
        openapi_url=None,  # served by our own route, from our own document
        redirect_slashes=False,
        strict_content_type=False,
        lifespan=lifespan,
        middleware=[
            Middleware(Entrance, ids=core.ids, clock=core.clock, public_url=settings.effective_public_url),
            Middleware(Preflights, is_open=is_open_to_pages),
            Middleware(
                CanonicalRequests,
                limit_bytes=settings.body_limit_bytes,
                login_limit_bytes=settings.login_body_limit_bytes,
            ),
        ],
        exception_handlers={
            HTTPException: raise_http_problem,
            RequestValidationError: raise_validation_problem,
        },
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )


def put_in_front(app: Application, core: Core, shorten: Callable[[ASGIApp], Executes]) -> None:
    """Let every request be watched, and executes take the short way."""
    settings = core.settings
    app.shorten(
        lambda rest: WatchedRequests(
            shorten(rest),
            metrics=core.watch.metrics,
            traces=core.watch.traces,
            whose=_whose,
            execute_path=EXECUTE_PATH,
            execute_share=settings.log_execute_share,
            clock=core.clock,
        )
    )
    core.watch.metrics.gauge(
        "agent_server_audit_rows", "Records of calls on their way to the database.", lambda: core.audit.waiting
    )
    core.watch.metrics.gauge_of_states(
        "db_client_connection_count", "Connections to the database.", core.database.connections
    )


def _whose(scope: Scope) -> dict[str, str]:
    """Whose request it is, as far as its token told."""
    claims = claims_known(scope) if "state" in scope else None
    if claims is None:
        return {}
    of_workspace = {} if claims.workspace_id is None else {"workspace_id": claims.workspace_id}
    return {"organization_id": claims.organization_id, **of_workspace}
