"""Which workspace a request acts in."""

import unicodedata
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from airbyte_agent_server.accounts.store import AccountStore, Workspace
from airbyte_agent_server.problems import ProblemError, field_problem
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.tokens.service import check_active


def _printable(name: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError("it must not contain control characters")
    return name


WorkspaceName = Annotated[
    str,
    Field(min_length=1, max_length=255, description="The tenant, by the name you give it."),
    AfterValidator(_printable),
]


@dataclass(frozen=True, slots=True)
class Tenant:
    """How a request names its workspace. A scoped token may leave both out."""

    name: str | None
    workspace_id: str | None = None

    @classmethod
    def of(cls, name: str | None, workspace_id: UUID | None) -> "Tenant":
        """The tenant as a request's model has it."""
        return cls(name, None if workspace_id is None else str(workspace_id))


class Tenants:
    """Finds the workspace of a request."""

    def __init__(self, accounts: AccountStore) -> None:
        self._accounts = accounts

    async def enter(self, claims: Claims, tenant: Tenant) -> Workspace:
        """The workspace to act in; an application token makes it at first use of its name.

        Raises:
            ProblemError: it is missing, inactive, unknown by id, or not the token's own.
        """
        if claims.workspace_id is not None:
            return await self._own(claims, tenant)
        if tenant.workspace_id is not None:
            found = await self._named_by_id(claims, tenant)
            if found is None:
                raise ProblemError("workspace_not_found", "There is no workspace with that id: check it.")
            return check_active(found)
        if tenant.name is None:
            raise _required()
        return check_active(await self._accounts.ensure_workspace(claims.organization_id, tenant.name))

    async def find(self, claims: Claims, tenant: Tenant) -> Workspace | None:
        """The workspace to look into; None when there is none of that name or id. Nothing is created.

        Raises:
            ProblemError: it is missing, inactive, or not the token's own.
        """
        if claims.workspace_id is not None:
            return await self._own(claims, tenant)
        if tenant.workspace_id is not None:
            found = await self._named_by_id(claims, tenant)
        elif tenant.name is not None:
            found = await self._accounts.find_workspace(claims.organization_id, name=tenant.name)
        else:
            raise _required()
        return None if found is None else check_active(found)

    async def _own(self, claims: Claims, tenant: Tenant) -> Workspace:
        own = check_active(
            await self._accounts.find_workspace(claims.organization_id, workspace_id=claims.workspace_id)
        )
        if tenant.name not in {None, own.name} or tenant.workspace_id not in {None, own.id}:
            raise ProblemError(
                "workspace_mismatch", "The token belongs to another workspace: leave the tenant field out."
            )
        return own

    async def _named_by_id(self, claims: Claims, tenant: Tenant) -> Workspace | None:
        found = await self._accounts.find_workspace(claims.organization_id, workspace_id=tenant.workspace_id)
        if found is not None and tenant.name not in {None, found.name}:
            raise field_problem(
                "conflicting_fields",
                "workspace_id",
                "workspace_id and workspace_name name two workspaces: send one of them.",
            )
        return found


def _required() -> ProblemError:
    return field_problem(
        "workspace_required",
        "workspace_name",
        "workspace_name is required with an application token: name the tenant to act for.",
    )
