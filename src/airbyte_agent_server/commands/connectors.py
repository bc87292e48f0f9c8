"""`hubspot-agent connectors`."""

from typing import Annotated

import typer
from sqlalchemy import select

from airbyte_agent_server.accounts.administration import UnknownNameError
from airbyte_agent_server.commands.session import Config, new_app, opened, run, settings_of, show
from airbyte_agent_server.connectors.store import Change, Connector, ConnectorStore
from airbyte_agent_server.core import Core
from airbyte_agent_server.db.tables import connectors

app = new_app("Connectors of all organizations. Their credentials are never shown.")

Id = Annotated[str, typer.Argument(metavar="ID", help="A connector's id.")]


@app.command(name="list")
def list_connectors(
    organization: Annotated[str, typer.Option("--organization", metavar="ID", help="An organization's id.")],
    workspace: Annotated[str | None, typer.Option(help="Only those of the workspace of this name.")] = None,
    config: Config = None,
) -> None:
    """List the connectors of an organization."""

    async def work() -> list[Connector]:
        async with opened(settings_of(config)) as core:
            found = await ConnectorStore(core.database).list_all(organization)
            return [one for one in found if workspace in {None, one.workspace_name}]

    show(run(work()))


@app.command(name="show")
def show_connector(connector: Id, config: Config = None) -> None:
    """Show one connector."""

    async def work() -> Connector:
        async with opened(settings_of(config)) as core:
            return await _find(core, connector)

    show(run(work()))


@app.command()
def disable(connector: Id, config: Config = None) -> None:
    """Let it refuse every call, within 30 seconds. Its credentials stay."""
    show(run(_switch(connector, config, disabled=True)))


@app.command()
def enable(connector: Id, config: Config = None) -> None:
    """Let it work again."""
    show(run(_switch(connector, config, disabled=False)))


async def _switch(connector_id: str, config: Config, *, disabled: bool) -> Connector:
    async with opened(settings_of(config)) as core:
        await _find(core, connector_id)
        async with core.database.write() as connection:
            change = Change(disabled=disabled)
            await ConnectorStore(core.database).change(connection, connector_id, change, at=core.clock.now())
        return await _find(core, connector_id)


async def _find(core: Core, connector_id: str) -> Connector:
    query = select(connectors.c.organization_id).where(connectors.c.id == connector_id)
    async with core.database.read() as connection:
        organization_id = await connection.scalar(query)
    found = await ConnectorStore(core.database).find(organization_id or "", connector_id)
    if found is None:
        raise UnknownNameError(f"There is no connector {connector_id}: `hubspot-agent connectors list` shows them.")
    return found
