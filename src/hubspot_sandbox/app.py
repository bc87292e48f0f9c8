"""The sandbox as an ASGI app: paths to doors, credentials, limits, error envelopes, headers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.clock import Clock, SystemClock
from hubspot_sandbox.delivery import TASK_NAME, keep_delivering
from hubspot_sandbox.doors import (
    account,
    admin,
    association_batches,
    association_labels,
    association_limits,
    associations,
    batches,
    consent,
    controls,
    engagements,
    flows,
    legacy_associations,
    list_folders,
    list_members,
    lists,
    oauth,
    objects,
    owners,
    pipelines,
    properties,
    property_groups,
    record_rules,
    schemas,
    search,
    single_send,
    stages,
    state_view,
    subscriptions,
    token_info,
    tracked_limits,
    users,
    webhooks,
)
from hubspot_sandbox.errors import NO_CREDENTIALS, ApiError, NotFoundError, missing_scopes
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.interference import Interference
from hubspot_sandbox.limits import LimitError
from hubspot_sandbox.portal import Behaviour, Portal
from hubspot_sandbox.request_log import RequestEntry
from hubspot_sandbox.seeding import build_store
from hubspot_sandbox.store import Store
from hubspot_sandbox.tokens import AccessToken
from hubspot_sandbox.versions import canonical_path

DOORS: Final[tuple[Door, ...]] = tuple(
    chain(
        objects.DOORS,
        search.DOORS,
        batches.DOORS,
        associations.DOORS,
        association_batches.DOORS,
        association_labels.DOORS,
        association_limits.DOORS,
        legacy_associations.DOORS,
        property_groups.DOORS,
        properties.DOORS,
        pipelines.DOORS,
        stages.DOORS,
        owners.DOORS,
        schemas.DOORS,
        # Before the lists: a folder is no id of a list.
        list_folders.DOORS,
        lists.DOORS,
        list_members.DOORS,
        single_send.DOORS,
        subscriptions.DOORS,
        account.DOORS,
        users.DOORS,
        tracked_limits.DOORS,
        engagements.DOORS,
        flows.DOORS,
        oauth.DOORS,
        token_info.DOORS,
        consent.DOORS,
        admin.DOORS,
        controls.DOORS,
        record_rules.DOORS,
        webhooks.DOORS,
        state_view.DOORS,
    )
)
# Source: https://github.com/PostHog/posthog/pull/31617 (where live requests began to fail)
LONGEST_URL: Final = 16_200
_HTML_405: Final = "<html><body><h2>HTTP ERROR 405 Method Not Allowed</h2></body></html>"


def create_app(
    *,
    seed: int = 7,
    portal: str = "default",
    clock: Clock | None = None,
    behaviour: Behaviour | None = None,
    state: Path | None = None,
    cache: Path | None = None,
) -> Starlette:
    """A HubSpot account on this machine, as an ASGI app; the state is at `app.state.portal`.

    `portal` is `small`, `default` or `million`. With a `state` file the account is kept there; an existing one is
    opened as it is, and `seed` and `portal` count only for a new one. `cache` is the directory in which the million
    portal is generated once (by default the user's cache directory).

    Raises: NoPortalError or sqlite3.Error for a file that holds something else.
    """
    ticking = clock or SystemClock()
    account_state = open_portal(seed, portal, ticking, behaviour or Behaviour(), state, cache=cache)

    @asynccontextmanager
    async def closing(_app: Starlette) -> AsyncIterator[None]:
        deliveries = asyncio.create_task(keep_delivering(account_state), name=TASK_NAME)
        yield
        deliveries.cancel()
        await asyncio.wait({deliveries})
        account_state.store.close()

    return _App(account_state, closing)


def open_portal(
    seed: int, portal: str, clock: Clock, behaviour: Behaviour, state: Path | None, *, cache: Path | None = None
) -> Portal:
    """The account of a state file, or a generated one."""
    known = state is not None and state.exists()
    store = Store(state) if known else build_store(seed, portal, clock, state, cache=cache)
    return Portal(store, clock, behaviour)


class _App(Starlette):
    """The routes with the front before everything else, so that a dropped connection reaches the caller as such."""

    def __init__(self, portal: Portal, lifespan: Lifespan["_App"]) -> None:
        super().__init__(routes=_routes(portal), exception_handlers={HTTPException: _unrouted}, lifespan=lifespan)
        self.state.portal = portal

    def build_middleware_stack(self) -> ASGIApp:
        """The app as it meets a call."""
        portal: Portal = self.state.portal
        return Front(Interference(super().build_middleware_stack(), portal), portal)


class Front:
    """Brings every spelling of a path to the canonical one, logs requests and stamps correlation ids."""

    def __init__(self, app: ASGIApp, portal: Portal) -> None:
        self._app = app
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under its canonical path."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = canonical_path(scope["path"])
        entry = RequestEntry(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            at_ms=self._portal.clock.now_ms(),
            correlation_id=self._portal.next_correlation_id(),
        )
        exchange = _Exchange(entry, wanted.version)

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                self._portal.log.add(entry)
                header = (b"x-hubspot-correlation-id", entry.correlation_id.encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        try:
            await self._app({**scope, "path": wanted.path, "sandbox": exchange}, receive, stamped)
        finally:
            if not entry.status:
                self._portal.log.add(entry)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What the front tells the doors about a request."""

    entry: RequestEntry
    version: str


def _routes(portal: Portal) -> list[Route]:
    by_path: dict[str, dict[str, list[Door]]] = {}
    for door in DOORS:
        by_path.setdefault(door.path, {}).setdefault(door.method, []).append(door)
    return [Route(path, _endpoint(portal, doors), methods=list(doors), name=path) for path, doors in by_path.items()]


def _endpoint(portal: Portal, doors: Mapping[str, Sequence[Door]]) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        exchange: _Exchange = request.scope["sandbox"]
        door = _door(doors["GET" if request.method == "HEAD" else request.method], exchange.version)
        exchange.entry.route = door.path
        headers: dict[str, str] = {}
        body = await request.body()
        try:
            with portal.transaction():
                found = _serve(portal, door, request, body, headers)
            portal.webhooks.collect()
        except ApiError as error:
            if isinstance(error, LimitError):
                headers |= error.headers
            found = Answer(error.status, error.body(exchange.entry.correlation_id))
        return _response(found, headers)

    return answer


def _door(doors: Sequence[Door], version: str) -> Door:
    """The door of that version; versions may answer the same path differently."""
    return next((door for door in doors if version in door.versions), doors[0])


def _response(answer: Answer, headers: Mapping[str, str]) -> Response:
    content = answer.content()
    return Response(
        content,
        status_code=answer.status,
        headers={**headers, **answer.headers},
        media_type=answer.content_type if content else None,
    )


def _serve(portal: Portal, door: Door, request: Request, body: bytes, headers: dict[str, str]) -> Answer:
    """The door's answer, after the checks in HubSpot's order: credential, limits, object type, scope."""
    exchange: _Exchange = request.scope["sandbox"]
    if exchange.version not in door.versions:
        raise NotFoundError("resource not found")
    if len(request.scope["raw_path"] or b"") + len(request.scope["query_string"]) > LONGEST_URL:
        raise ApiError("URI Too Long", status=414)
    credential = _credential(portal, request, exchange) if door.scopes else None
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    call = Call(
        portal=portal,
        path=request.path_params,
        query=query,
        body=body,
        content_type=request.headers.get("content-type", ""),
        accept=request.headers.get("accept", ""),
        version=exchange.version,
        base_url=str(request.base_url).rstrip("/"),
        url_path=exchange.entry.path,
        credential=credential,
    )
    if door.scopes and credential:
        headers |= portal.limits.take(credential, door.budget)
        any_of = door.scopes(call)
        if not set(any_of) & set(credential.scopes):
            raise missing_scopes(any_of)
        if body and not call.content_type.startswith("application/json"):
            # choice: the text is not documented.
            raise ApiError("HTTP 415 Unsupported Media Type", status=415)
    return door.handle(call)


def _credential(portal: Portal, request: Request, exchange: _Exchange) -> AccessToken:
    """The credential of the request.

    Raises: ApiError (401), worded differently for an expired token and for none.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = portal.tokens.find_access_token(value.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise ApiError(NO_CREDENTIALS, status=401, category="INVALID_AUTHENTICATION")
    exchange.entry.auth_kind = token.kind.value
    now_ms = portal.clock.now_ms()
    if token.expires_at_ms is not None and token.expires_at_ms <= now_ms:
        seconds = (now_ms - token.expires_at_ms) // 1000
        raise ApiError(
            f"The OAuth token used to make this call expired {seconds} second(s) ago.",
            status=401,
            category="EXPIRED_AUTHENTICATION",
            context={"expire time": [format_instant(token.expires_at_ms)]},
        )
    return token


async def _unrouted(request: Request, error: Exception) -> Response:
    """A path nobody serves, or a method the path does not have (HTML, as HubSpot answers it)."""
    exchange: _Exchange = request.scope["sandbox"]
    if isinstance(error, HTTPException) and error.status_code == 405:  # noqa: PLR2004 - an HTTP status
        return _response(Answer(405, _HTML_405, content_type="text/html;charset=iso-8859-1"), error.headers or {})
    missing = NotFoundError("resource not found")
    return _response(Answer(404, missing.body(exchange.entry.correlation_id)), {})
