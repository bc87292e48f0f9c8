"""`hubspot-agent client`."""

from typing import Annotated

import typer

from airbyte_agent_server.accounts.administration import Accounts, ClientRow
from airbyte_agent_server.accounts.store import ClientPair
from airbyte_agent_server.commands.session import Config, new_app, opened, run, say, settings_of, show

app = new_app("Client pairs of organizations. A client may have two live secrets, so that they can be changed.")

Id = Annotated[str, typer.Argument(metavar="ID", help="A client's id.")]
OfOrganization = Annotated[str, typer.Option("--organization", metavar="ID", help="An organization's id.")]
OfAnyOrganization = Annotated[str | None, typer.Option("--organization", metavar="ID", help="An organization's id.")]


@app.command()
def create(organization: OfOrganization, config: Config = None) -> None:
    """Create another client pair. The secret is shown once."""

    async def work() -> ClientPair:
        async with opened(settings_of(config)) as core:
            return await Accounts(core.database, clock=core.clock, ids=core.ids).create_client(organization)

    show_pair(run(work()))


@app.command()
def rotate(client: Id, config: Config = None) -> None:
    """Give a client a second secret, shown once. The one before stays live until `client revoke --older`.

    Refused while two are live.
    """

    async def work() -> ClientPair:
        async with opened(settings_of(config)) as core:
            return await Accounts(core.database, clock=core.clock, ids=core.ids).rotate_client(client)

    show_pair(run(work()))


@app.command()
def revoke(
    client: Id,
    *,
    older: Annotated[bool, typer.Option("--older", help="Only the secrets before the newest; tokens go on.")] = False,
    config: Config = None,
) -> None:
    """End a client: its secrets now, its tokens within 30 seconds."""

    async def work() -> int:
        async with opened(settings_of(config)) as core:
            return await Accounts(core.database, clock=core.clock, ids=core.ids).revoke_client(client, older=older)

    show({"client_id": client, "revoked_secrets": run(work()), "client_disabled": not older})


@app.command(name="list")
def list_clients(organization: OfAnyOrganization = None, config: Config = None) -> None:
    """List clients, with the age of their live secrets."""

    async def work() -> list[ClientRow]:
        async with opened(settings_of(config)) as core:
            return await Accounts(core.database, clock=core.clock, ids=core.ids).clients(organization)

    show(run(work()))


def show_pair(pair: ClientPair) -> None:
    """Print a client pair, once."""
    show(
        {
            "organization_id": pair.organization_id,
            "client_id": pair.client_id,
            "client_secret": pair.client_secret.get_secret_value(),
        }
    )
    say("The secret is not shown again.")
