"""`hubspot-agent keys`."""

from asyncio import sleep
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.administration import UnknownNameError
from airbyte_agent_server.commands.session import Config, Exit, new_app, opened, run, say, settings_of, show
from airbyte_agent_server.connectors.service import Revoke
from airbyte_agent_server.core import Core, build_connectors
from airbyte_agent_server.db.tables import data_keys
from airbyte_agent_server.vault.key_ring import OTHERS_VARIABLE, VARIABLE, drop_other_keys, push_key
from airbyte_agent_server.vault.rotation import GRACE_S, KeyRotation
from airbyte_agent_server.workspaces.store import WorkspaceStore

app = new_app("Keys: of tokens, of workspaces, and the master key that wraps those. Rotation needs no pause.")


@app.command(name="list")
def list_keys(config: Config = None) -> None:
    """List the keys by their ids and ages; never the keys themselves."""

    async def work() -> dict[str, object]:
        async with opened(settings_of(config), unlock=True) as core:
            await core.keys.load()
            return {
                "master_keys": await _master_keys(core),
                "data_keys": await _data_keys(core),
                "signing_keys": [
                    {"kid": key.kid, "signs_from": key.signs_from, "accepted_until": key.accepted_until}
                    for key in core.keys.all_keys()
                ],
            }

    show(run(work()))


async def _master_keys(core: Core) -> list[dict[str, object]]:
    ring = core.sealer.keys.ring
    query = select(data_keys.c.master_key_id, func.count()).where(data_keys.c.wrapped.is_not(None))
    async with core.database.read() as connection:
        rows = (await connection.execute(query.group_by(data_keys.c.master_key_id))).all()
    wrapped: dict[str, int] = {row[0]: row[1] for row in rows}
    return [
        {"id": key.id, "origin": key.origin, "current": key is ring.current, "data_keys": wrapped.get(key.id, 0)}
        for key in (ring.current, *ring.others)
    ]


async def _data_keys(core: Core) -> dict[str, object]:
    query = select(
        func.count().filter(data_keys.c.retired_at.is_(None), data_keys.c.wrapped.is_not(None)),
        func.count(data_keys.c.retired_at),
        func.count(data_keys.c.destroyed_at),
        func.min(data_keys.c.created_at).filter(data_keys.c.retired_at.is_(None)),
    )
    async with core.database.read() as connection:
        current, retired, destroyed, oldest = (await connection.execute(query)).one()
    return {"current": current, "retired": retired, "destroyed": destroyed, "oldest_current": oldest}


@app.command()
def rotate(
    *,
    signing: Annotated[bool, typer.Option("--signing", help="Of tokens. Nobody is logged out.")] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="With --signing, after a leak: every token ends within a minute.")
    ] = False,
    data: Annotated[bool, typer.Option("--data", help="Of workspaces, and seal all anew.")] = False,
    master: Annotated[bool, typer.Option("--master", help="The key that wraps the keys of workspaces.")] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds until old keys are destroyed; with less than 61 they stay.")
    ] = GRACE_S + 1,
    config: Config = None,
) -> None:
    """Change keys while servers serve. What is cut short goes on when it is repeated."""
    if not (signing or data or master) or (at_once and not signing):
        raise typer.BadParameter("choose --signing, --data or --master; --at-once goes with --signing.")

    async def work() -> dict[str, object]:
        done: dict[str, object] = {}
        async with opened(settings_of(config), unlock=True) as core:
            rotation = KeyRotation(core.database, core.sealer, clock=core.clock)
            if master:
                done["master"] = await _rotate_master(core, rotation, wait_s)
            if data:
                done["data"] = await _rotate_data(rotation, wait_s)
            if signing:
                await core.keys.load()
                key = await core.keys.rotate(at_once=at_once)
                done["signing"] = {"kid": key.kid, "signs_from": key.signs_from}
        return done

    done = run(work())
    show(done)
    broken = done.get("data")
    if isinstance(broken, dict) and broken["broken"]:
        raise typer.Exit(Exit.FAILED)


async def _rotate_master(core: Core, rotation: KeyRotation, wait_s: float) -> dict[str, object]:
    keys = core.sealer.keys
    ring = keys.ring
    idle = await rotation.count_foreign() == 0
    if idle and not ring.others and ring.file is not None:
        push_key(ring.file, core.ids)
        ring = await keys.reload_ring()
    elif idle and not ring.others:
        say(f"Every data key is under master key {ring.current.id} already. For another, put it into {VARIABLE}, and ")
        say(f"this one into {OTHERS_VARIABLE}, on every process; restart them one by one, then repeat this command.")
    rewrapped = await rotation.rewrap()
    if ring.file is not None and ring.others and wait_s >= GRACE_S:
        say(f"Waiting {wait_s:.0f} s until every process has noticed.")
        await sleep(wait_s)
        rewrapped += await rotation.rewrap()
        drop_other_keys(ring.file)
        ring = await keys.reload_ring()
    return {"id": ring.current.id, "rewrapped": rewrapped, "others": [key.id for key in ring.others]}


async def _rotate_data(rotation: KeyRotation, wait_s: float) -> dict[str, object]:
    renewed = await rotation.renew_data_keys()
    resealed = await rotation.reseal()
    destroyed, rows = 0, resealed.rows
    if wait_s >= GRACE_S:
        say(f"Waiting {wait_s:.0f} s until every process has noticed.")
        await sleep(wait_s)
        resealed = await rotation.reseal()
        destroyed = await rotation.destroy_retired()
    return {
        "renewed": renewed,
        "resealed": rows + resealed.rows,
        "broken": list(resealed.broken),
        "destroyed": destroyed,
    }


@app.command()
def shred(
    workspace: Annotated[str, typer.Argument(metavar="ID", help="A workspace's id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Delete a workspace and destroy its key: all that was ever sealed for it is worthless. There is no way back."""
    if not yes:
        typer.confirm(f"Destroy workspace {workspace} for good?", abort=True)

    async def work() -> datetime:
        async with opened(settings_of(config), unlock=True) as core:
            now = core.clock.now()

            async def close(connection: AsyncConnection) -> None:
                if not await WorkspaceStore(core.database).delete(connection, workspace, at=now):
                    raise UnknownNameError(f"There is no workspace {workspace}, or it was deleted already.")

            await build_connectors(core).delete_workspace(workspace, close, revoke=Revoke.FALSE)
            return now

    show({"workspace_id": workspace, "destroyed_at": run(work())})
