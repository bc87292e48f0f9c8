"""Routes of webhooks: where they go, and what became of them."""

from datetime import datetime
from typing import Annotated, Self

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.cursors import Cursors
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import webhook_deliveries
from airbyte_agent_server.events.delivery import Delivery, DeliveryStore, abandon
from airbyte_agent_server.events.endpoints import DisabledBecause, Endpoint, EndpointStore
from airbyte_agent_server.events.outbox import DeliveryStatus, EventKind, Outbox
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError, may_answer
from airbyte_agent_server.tokens.bearer import claims_of

WEBHOOKS = f"{API}/organizations/{{organization_id}}/webhooks"
ENDPOINT = f"{WEBHOOKS}/{{webhook_id}}"
_MAX_URL = 2048


class EndpointBody(BaseModel):
    """Where webhooks should go."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=_MAX_URL, description="An https URL on the public internet.")
    description: str | None = Field(default=None, max_length=255)
    events: list[EventKind] | None = Field(default=None, min_length=1, description="Which events; default: all.")


class EndpointChange(BaseModel):
    """What changes; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, max_length=_MAX_URL)
    description: str | None = Field(default=None, max_length=255)
    events: list[EventKind] | None = Field(default=None, description="An empty list means all events.")
    disabled: bool | None = Field(default=None, description="Pending deliveries to a disabled webhook are abandoned.")


class EndpointView(BaseModel):
    """One webhook. Its secret shows only when it is made."""

    id: str
    url: str
    description: str | None
    events: list[str] | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        """The view of a stored endpoint."""
        shown = {name: getattr(endpoint, name) for name in EndpointView.model_fields if name != "events"}
        return cls.model_validate({**shown, "events": endpoint.kinds})


class NewEndpoint(EndpointView):
    """A webhook that was made just now."""

    secret: str = Field(description="`whsec_...`: receivers check signatures with it. It is not shown again.")


class NewSecret(BaseModel):
    """A secret that was made just now. The one before it signs, too, until the next rotation."""

    secret: str


class EndpointList(BaseModel):
    """An organization's webhooks, oldest first."""

    data: list[EndpointView]


class DeliveryView(BaseModel):
    """One event for one webhook."""

    id: str
    event_id: str = Field(description="The `webhook-id` that receivers see, equal for all attempts and redeliveries.")
    event: str
    payload: dict[str, object]
    status: DeliveryStatus
    attempts: list[dict[str, object]] = Field(description="`at`, `duration_ms`, `http_status`, `error` of each.")
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The view of a delivery."""
        return cls(
            id=delivery.id,
            event_id=delivery.event_id,
            event=delivery.kind,
            payload=msgspec.json.decode(delivery.body),
            status=delivery.status,
            attempts=[dict(attempt) for attempt in delivery.attempts],
            next_attempt_at=delivery.next_attempt_at,
            created_at=delivery.created_at,
            finished_at=delivery.finished_at,
        )


class DeliveryList(BaseModel):
    """Deliveries, newest first."""

    data: list[DeliveryView]
    next_cursor: str | None


class WebhookRoutes:
    """Create, list, change and delete webhooks; read their deliveries and repeat them."""

    def __init__(
        self, database: Database, endpoints: EndpointStore, outbox: Outbox, cursors: Cursors, *, clock: Clock
    ) -> None:
        self._database = database
        self._endpoints = endpoints
        self._deliveries = DeliveryStore(database)
        self._outbox = outbox
        self._cursors = cursors
        self._clock = clock

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        foreign = may_answer("organization_mismatch")
        missing = may_answer("organization_mismatch", "webhook_not_found")
        paged = may_answer("organization_mismatch", "webhook_not_found", "invalid_cursor")
        repeated = may_answer("organization_mismatch", "webhook_not_found", "delivery_not_found")
        again = f"{ENDPOINT}/deliveries/{{delivery_id}}/redeliver"
        router.add_api_route(WEBHOOKS, self.create, methods=["POST"], openapi_extra=foreign)
        router.add_api_route(WEBHOOKS, self.list, methods=["GET"], openapi_extra=foreign)
        router.add_api_route(ENDPOINT, self.get, methods=["GET"], openapi_extra=missing)
        router.add_api_route(ENDPOINT, self.change, methods=["PATCH"], openapi_extra=missing)
        router.add_api_route(ENDPOINT, self.delete, methods=["DELETE"], openapi_extra=missing)
        router.add_api_route(f"{ENDPOINT}/secret", self.rotate, methods=["POST"], openapi_extra=missing)
        router.add_api_route(f"{ENDPOINT}/deliveries", self.deliveries, methods=["GET"], openapi_extra=paged)
        router.add_api_route(again, self.redeliver, methods=["POST"], openapi_extra=repeated)

    async def create(self, request: Request, organization_id: str, body: EndpointBody) -> NewEndpoint:
        """Have events sent to a URL. The answer has the secret that signs them."""
        own = _own(request, organization_id)
        endpoint, secret = await self._endpoints.create(own, body.url, description=body.description, kinds=body.events)
        return NewEndpoint(**EndpointView.of(endpoint).model_dump(), secret=secret.get_secret_value())

    async def list(self, request: Request, organization_id: str) -> EndpointList:
        """List the organization's webhooks, oldest first."""
        found = await self._endpoints.list(_own(request, organization_id))
        return EndpointList(data=[EndpointView.of(endpoint) for endpoint in found])

    async def get(self, request: Request, organization_id: str, webhook_id: str) -> EndpointView:
        """Show one webhook."""
        return EndpointView.of(await self._find(request, organization_id, webhook_id))

    async def change(
        self, request: Request, organization_id: str, webhook_id: str, body: EndpointChange
    ) -> EndpointView:
        """Change a webhook, disable it, or enable it again."""
        endpoint = await self._find(request, organization_id, webhook_id)
        now = self._clock.now()
        values: dict[str, object] = body.model_dump(include={"url", "description"}, exclude_none=True)
        if body.events is not None:
            values["kinds"] = [kind.value for kind in body.events] or None
        if body.disabled is not None:
            because = DisabledBecause.REQUEST if body.disabled else None
            values |= {"disabled_at": now if body.disabled else None, "disabled_because": because}
            values["failing_since"] = None
        changed = await self._endpoints.change(endpoint, values)
        if body.disabled:
            async with self._database.write() as connection:
                await abandon(connection, endpoint.id, at=now)
        return EndpointView.of(changed)

    async def delete(self, request: Request, organization_id: str, webhook_id: str) -> EndpointView:
        """Delete a webhook with its deliveries."""
        endpoint = await self._find(request, organization_id, webhook_id)
        await self._endpoints.delete(endpoint)
        return EndpointView.of(endpoint)

    async def rotate(self, request: Request, organization_id: str, webhook_id: str) -> NewSecret:
        """Make a new secret. The old one signs beside it until the next rotation."""
        endpoint = await self._find(request, organization_id, webhook_id)
        return NewSecret(secret=(await self._endpoints.rotate(endpoint)).get_secret_value())

    async def deliveries(  # noqa: PLR0917  # FastAPI passes them by name
        self,
        request: Request,
        organization_id: str,
        webhook_id: str,
        status: DeliveryStatus | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: str | None = None,
    ) -> DeliveryList:
        """List the deliveries to a webhook, newest first. They are kept for 30 days."""
        endpoint = await self._find(request, organization_id, webhook_id)
        query = {"list": "deliveries", "webhook": endpoint.id, "status": status}
        after = None
        if cursor is not None:
            created_at, delivery_id = self._cursors.decode(query, cursor)
            after = (datetime.fromisoformat(created_at), delivery_id)
        found = await self._deliveries.page(endpoint.id, status=status, after=after, limit=limit + 1)
        shown = found[:limit]
        following = None
        if len(found) > limit:
            following = self._cursors.encode(query, [shown[-1].created_at.isoformat(), shown[-1].id])
        return DeliveryList(data=[DeliveryView.of(delivery) for delivery in shown], next_cursor=following)

    async def redeliver(
        self, request: Request, organization_id: str, webhook_id: str, delivery_id: str
    ) -> DeliveryView:
        """Deliver an event once more, as a new delivery of the same event."""
        endpoint = await self._find(request, organization_id, webhook_id)
        columns = webhook_deliveries.c
        found = await self._deliveries.find((columns.id == delivery_id) & (columns.endpoint_id == endpoint.id))
        if found is None:
            raise _no_delivery(delivery_id)
        if endpoint.disabled_at is not None:
            raise ProblemError("validation_error", "The webhook is disabled: enable it before you deliver to it.")
        async with self._database.write() as connection:
            new_id = await self._outbox.deliver(connection, found.event_id, endpoint.id)
        repeated = await self._deliveries.find(columns.id == new_id)
        if repeated is None:
            raise _no_delivery(new_id)
        return DeliveryView.of(repeated)

    async def _find(self, request: Request, organization_id: str, webhook_id: str) -> Endpoint:
        return await self._endpoints.find(_own(request, organization_id), webhook_id)


def _own(request: Request, organization_id: str) -> str:
    own = claims_of(request).organization_id
    if organization_id.lower() != own:
        raise ProblemError("organization_mismatch", f"The token belongs to the organization {own}: ask for that one.")
    return own


def _no_delivery(delivery_id: str) -> ProblemError:
    return ProblemError("delivery_not_found", f"There is no delivery {delivery_id}: list the webhook's deliveries.")
