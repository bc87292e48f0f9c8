"""`hubspot-agent org`."""

from typing import Annotated

import typer

from airbyte_agent_server.accounts.administration import Accounts, OrganizationRow
from airbyte_agent_server.commands.clients import show_pair
from airbyte_agent_server.commands.session import Config, new_app, opened, run, settings_of, show
from airbyte_agent_server.core import Core
from airbyte_agent_server.oauth.redirects import normalize_origin

app = new_app("Organizations: who has client pairs, and whom the server redirects to.")

Id = Annotated[str, typer.Argument(metavar="ID", help="An organization's id.")]
Origins = Annotated[
    list[str] | None,
    typer.Option("--redirect-origin", help="An origin to redirect to, like https://yourapp.com; repeat it."),
]


def accounts_of(core: Core) -> Accounts:
    """Organizations and clients of a server."""
    return Accounts(core.database, clock=core.clock, ids=core.ids)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="A name for people.")],
    redirect_origin: Origins = None,
    config: Config = None,
) -> None:
    """Create an organization with a client pair. The secret is shown once."""

    async def work() -> None:
        origins = [normalize_origin(origin) for origin in redirect_origin or ()]
        async with opened(settings_of(config)) as core:
            show_pair(await core.accounts.create_organization(name, redirect_origins=origins))

    run(work())


@app.command(name="list")
def list_organizations(config: Config = None) -> None:
    """List the organizations."""

    async def work() -> list[OrganizationRow]:
        async with opened(settings_of(config)) as core:
            return await accounts_of(core).organizations()

    show(run(work()))


@app.command(name="show")
def show_organization(organization: Id, config: Config = None) -> None:
    """Show an organization and its clients."""

    async def work() -> dict[str, object]:
        async with opened(settings_of(config)) as core:
            accounts = accounts_of(core)
            [found] = await accounts.organizations(organization)
            return {"organization": found, "clients": await accounts.clients(organization)}

    show(run(work()))


@app.command()
def set_redirect_origins(
    organization: Id,
    origins: Annotated[list[str] | None, typer.Argument(help="All origins, like https://yourapp.com.")] = None,
    config: Config = None,
) -> None:
    """Replace the origins that its consents may redirect to, on top of the setting that counts for everyone."""

    async def work() -> list[OrganizationRow]:
        allowed = [normalize_origin(origin) for origin in origins or ()]
        async with opened(settings_of(config)) as core:
            await accounts_of(core).set_redirect_origins(organization, allowed)
            return await accounts_of(core).organizations(organization)

    show(run(work())[0])


@app.command()
def disable(organization: Id, config: Config = None) -> None:
    """Stop its client pairs now and its tokens within 30 seconds. Nothing is erased."""
    show(run(_switch(organization, config, disabled=True))[0])


@app.command()
def enable(organization: Id, config: Config = None) -> None:
    """Let it work again."""
    show(run(_switch(organization, config, disabled=False))[0])


async def _switch(organization: str, config: Config, *, disabled: bool) -> list[OrganizationRow]:
    async with opened(settings_of(config)) as core:
        await accounts_of(core).set_disabled(organization, disabled=disabled)
        return await accounts_of(core).organizations(organization)
