"""The connector: picks the way to run from its arguments, owns the entities."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, cast, overload

from . import _portal_entities as portal
from ._clock import SystemClock
from ._entities import BusinessEntity, CrmEntity, MergeableEntity, Objects, StagedEntity, TaskEntity
from ._target import check_token_store, find_target
from .errors import ConfigurationError, ConnectorError
from .models.auth import AirbyteAuthConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from ._auth import OnTokenRefresh
    from ._clock import Clock
    from ._executor import Call, Executor
    from ._http import Transport
    from ._limits import Budget
    from ._target import AuthConfig, GivenToken
    from .models import CheckResult, Company, Contact, Deal, GrantedScopes, Record, Result, Ticket
    from .token_store import TokenStore
    from .tools import Framework, Tool
    from .tools.retrying import FailureMessage, MayRetry

_TEACHING_BEFORE_S: Final = 60.0
"""A call without a `timeout_s` of its own has its error looked into if it failed before that."""


class HubspotConnector:
    """HubSpot for an agent.

    Open source execution, straight to HubSpot: `HubspotConnector(auth_config=HubspotAuthConfig(...))`.
    Hosted execution, through a server that keeps the credentials:
    `HubspotConnector(external_user_id=..., airbyte_client_id=..., airbyte_client_secret=...)`.

    `workspace_name`, `external_user_id` and `customer_name` are three spellings of one thing. `base_url` is the address
    of HubSpot's API or of the server; `timeout_s` bounds each call as a whole; `token_store` keeps an OAuth grant for
    other processes and the next start (`airbyte_agent_hubspot.token_store`). Constructing opens nothing and sends
    nothing. Use it as an async context manager, or call `close()`.

    Raises:
        ConfigurationError: arguments are missing or contradict each other.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, and each has a meaning of its own to users
        self,
        *,
        auth_config: AuthConfig | None = None,
        external_user_id: str | None = None,
        workspace_name: str | None = None,
        customer_name: str | None = None,
        connector_id: str | None = None,
        organization_id: str | None = None,
        airbyte_client_id: str | None = None,
        airbyte_client_secret: str | None = None,
        airbyte_token: GivenToken | None = None,
        base_url: str | None = None,
        allow_insecure_http: bool = False,
        api_version: str | None = None,
        timeout_s: float | None = None,
        transport: Transport | None = None,
        on_token_refresh: OnTokenRefresh | None = None,
        token_store: TokenStore | None = None,
        clock: Clock | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._target = find_target(
            auth_config,
            AirbyteAuthConfig(
                airbyte_client_id=airbyte_client_id or None,
                airbyte_client_secret=airbyte_client_secret or None,
                workspace_name=workspace_name or None,
                external_user_id=external_user_id or None,
                customer_name=customer_name or None,
                connector_id=connector_id or None,
                organization_id=organization_id or None,
            ),
            token=airbyte_token or None,
            base_url=base_url,
            allow_insecure_http=allow_insecure_http,
            environment=os.environ,
        )
        check_token_store(self._target, given=token_store is not None)
        self._api_version = api_version
        self._timeout_s = timeout_s
        self._transport = transport
        self._on_token_refresh = on_token_refresh
        self._token_store = token_store
        self._clock = clock or SystemClock()
        self._budget = budget
        self._executor: Executor | None = None
        self._closed = False
        self.contacts: MergeableEntity[Contact] = MergeableEntity(self.execute, "contacts")
        self.companies: MergeableEntity[Company] = MergeableEntity(self.execute, "companies")
        self.deals: StagedEntity[Deal] = StagedEntity(self.execute, "deals")
        self.tickets: StagedEntity[Ticket] = StagedEntity(self.execute, "tickets")
        self.products: BusinessEntity[Record] = BusinessEntity(self.execute, "products")
        self.line_items: BusinessEntity[Record] = BusinessEntity(self.execute, "line_items")
        self.quotes: BusinessEntity[Record] = BusinessEntity(self.execute, "quotes")
        self.leads: BusinessEntity[Record] = BusinessEntity(self.execute, "leads")
        self.notes: CrmEntity[Record] = CrmEntity(self.execute, "notes")
        self.calls: CrmEntity[Record] = CrmEntity(self.execute, "calls")
        self.emails: CrmEntity[Record] = CrmEntity(self.execute, "emails")
        self.meetings: CrmEntity[Record] = CrmEntity(self.execute, "meetings")
        self.tasks: TaskEntity[Record] = TaskEntity(self.execute, "tasks")
        self.communications: CrmEntity[Record] = CrmEntity(self.execute, "communications")
        self.activities = portal.Activities(self.execute)
        self.objects = Objects(self.execute)
        self.associations = portal.Associations(self.execute)
        self.association_labels = portal.AssociationLabels(self.execute)
        self.schemas = portal.Schemas(self.execute)
        self.properties = portal.Properties(self.execute)
        self.property_groups = portal.PropertyGroups(self.execute)
        self.pipelines = portal.Pipelines(self.execute)
        self.stages = portal.Stages(self.execute)
        self.owners = portal.Owners(self.execute)
        self.teams = portal.Teams(self.execute)
        self.lists = portal.Lists(self.execute)
        self.account = portal.Account(self.execute)
        self.marketing_emails = portal.MarketingEmails(self.execute)
        self.subscriptions = portal.Subscriptions(self.execute)

    def __repr__(self) -> str:
        return f"HubspotConnector({self._target!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def execute(
        self, entity: str, action: str, params: Mapping[str, object] | None = None, *, bulk: bool = False
    ) -> Result:
        """Runs `action` on `entity`: the same objects as the typed methods give.

        `params` takes HubSpot's camelCase names and their snake_case forms; None is the same as `{}`. Bulk calls give
        way to others where HubSpot's limits are tight.

        Raises:
            UnknownOperationError: there is no such entity or action.
            InvalidParamsError: a parameter is unknown, missing or wrong. Nothing was sent.
            ConnectorError: see `airbyte_agent_hubspot.errors` for all that HubSpot or the server may answer.
        """
        from ._catalog import CATALOG  # noqa: PLC0415 - the catalog costs nothing until it is used
        from ._executor import Call  # noqa: PLC0415

        operation = CATALOG.find(entity, action)
        began_at_s = self._clock.monotonic_s()
        call = Call(
            operation,
            operation.reader.read(params),
            timeout_s=self._timeout_s,
            idempotency_key=_new_key() if operation.writes else None,
            bulk=bulk,
        )
        allowed_s = _TEACHING_BEFORE_S if self._timeout_s is None else self._timeout_s

        def left_s() -> float:
            return began_at_s + allowed_s - self._clock.monotonic_s()

        try:
            result = await self._run(call)
        except ConnectorError as error:
            if operation.recover is not None:
                return operation.recover(error)
            from ._teaching import taught  # noqa: PLC0415 - needed at the first error

            clearer = await taught(error, call, self._run, left_s=left_s())
            if clearer is error:
                raise
            raise clearer from error
        if not operation.action.startswith("batch_"):
            return result
        from ._teaching import taught_batch  # noqa: PLC0415 - needed at the first batch

        return await taught_batch(result, call, self._run, left_s=left_s())

    async def _run(self, call: Call) -> Result:
        return await self._open().execute(call)

    async def check(self) -> CheckResult:
        """Whether the connector works: credentials, reachability and the account's id. Does not raise if not."""
        return cast("CheckResult", await self.execute("*", "check"))

    async def granted_scopes(self) -> GrantedScopes:
        """What the user of the HubSpot account has granted, and which account it is.

        Raises:
            ReauthorizationRequiredError: nothing any more: connect the account again.
            MissingCredentialsError: an access token alone cannot be asked about: pass client_id and client_secret.
        """
        return await self.account.granted_scopes()

    def list_entities(self) -> list[dict[str, object]]:
        """All entities, each with its `name`, `description` and the names of its `actions`. Sends nothing."""
        from ._catalog import CATALOG  # noqa: PLC0415 - the catalog costs nothing until it is used

        return [
            {"name": name, "description": description, "actions": list(CATALOG.find_entity(name))}
            for name, description in CATALOG.entities.items()
            if name != "*"
        ]

    def entity_schema(self, entity: str) -> dict[str, object]:
        """One entity: its actions, each with JSON Schema of its parameters. Sends nothing.

        Raises:
            UnknownOperationError: there is no such entity.
        """
        from ._catalog import CATALOG  # noqa: PLC0415 - the catalog costs nothing until it is used
        from ._describe import describe_entity  # noqa: PLC0415

        return describe_entity(CATALOG, entity)

    async def close(self) -> None:
        """Closes connections and stops a token refresh that is under way. Closing twice does no harm."""
        self._closed = True
        if self._executor is not None:
            await self._executor.close()

    @overload
    @staticmethod
    def tool_utils(function: Tool, /) -> Tool: ...
    @overload
    @staticmethod
    def tool_utils(
        *,
        framework: Framework | None = None,
        max_output_chars: int | None = None,
        update_docstring: bool = True,
        internal_retries: int = 0,
        should_internal_retry: MayRetry | None = None,
        exhausted_runtime_failure_message: FailureMessage | None = None,
    ) -> Callable[[Tool], Tool]: ...
    @staticmethod
    def tool_utils(
        function: Tool | None = None,
        /,
        *,
        framework: Framework | None = None,
        max_output_chars: int | None = None,
        update_docstring: bool = True,
        internal_retries: int = 0,
        should_internal_retry: MayRetry | None = None,
        exhausted_runtime_failure_message: FailureMessage | None = None,
    ) -> Tool | Callable[[Tool], Tool]:
        """Makes a tool of an async function that calls `execute`: with or without options.

        The tool keeps its name, signature and its own docstring first; what the catalog offers follows. Errors that a
        model can mend become what `framework` wants, by default that of an agent framework that is loaded
        (pydantic-ai's `ModelRetry`). With `max_output_chars`, a longer result becomes an error that says how to ask
        for less. `internal_retries` is how often the tool tries again by itself after an error that may pass, in writes
        too, since then nothing has happened, where `should_internal_retry(error, args, kwargs)` allows it; what
        `exhausted_runtime_failure_message(error, args, kwargs)` gives after that is told to the model.

        Raises:
            ConfigurationError: the function is not async, or `framework` is unknown or not installed.
        """
        from .tools import Retries, make_tool  # noqa: PLC0415 - frameworks are imported when a tool is made

        def decorate(undecorated: Tool) -> Tool:
            return make_tool(
                undecorated,
                framework=framework,
                max_output_chars=max_output_chars,
                update_docstring=update_docstring,
                retries=Retries(internal_retries, should_internal_retry, exhausted_runtime_failure_message),
            )

        return decorate if function is None else decorate(function)

    def _open(self) -> Executor:
        if self._closed:
            raise ConfigurationError("This connector is closed: make a new one.")
        if self._executor is None:
            from ._build import build_executor  # noqa: PLC0415 - needed at the first call

            self._executor = build_executor(
                self._target,
                transport=self._transport,
                api_version=self._api_version,
                on_token_refresh=self._on_token_refresh,
                token_store=self._token_store,
                clock=self._clock,
                budget=self._budget,
            )
        return self._executor


def _new_key() -> str:
    from uuid import uuid4  # noqa: PLC0415 - needed at the first write

    return str(uuid4())
