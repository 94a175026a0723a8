"""Keeping the workbook safe: backup, restore, check, and a newer schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relorch.cli.options import Json, Place, command, command_at
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.waiting import waiting
from relorch.cli.wire import wire
from relorch.workbook import Workbook


def add_to(app: typer.Typer) -> None:
    """Add the commands that keep a workbook safe."""
    command(app, "backup")(backup)
    command_at(app, "restore")(restore)
    command(app, "check")(check)
    database = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command_at(database, "upgrade")(upgrade)
    app.add_typer(database, name="db", help="The database itself: bring it to the newest schema.")


def backup(
    workbook: Workbook,
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TARGET]", help="A new file or a folder; else 'backups' beside it.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy the workbook, while others work on it, and check the copy before it gets its name."""
    with waiting("copying and checking"):
        made = workbook.backup(target)
    if as_json:
        say_json(wire(made))
    else:
        say_table(("backup", "bytes", "newest event", "sha256"), [(made.path, made.bytes, made.events, made.sha256)])


def restore(
    place: Place,
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="The backup to put back.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the workbook, whose file is kept beside it; nobody may have it open."""
    from relorch.store.backup import restore as put_back

    with waiting("copying and checking"):
        done = put_back(backup, place.url)
    if as_json:
        say_json(wire(done))
    else:
        say_table(("workbook", "newest event", "kept"), [(done.path, done.events, done.kept)])
    complain("the workbook is the backup now; 'relorch check' looks at all of it.")


def check(workbook: Workbook, as_json: Json = False) -> None:
    """Look whether the workbook is whole: what SQLite says, the record of events, and what ran by it."""
    from relorch.store.backup import leftovers

    with waiting("checking"):
        found = workbook.check()
    if as_json:
        say_json({**wire(found), "ok": found.ok})
    rows = [("sqlite", each) for each in found.integrity]
    rows += [("dangling row", each) for each in found.foreign_keys]
    rows += [("missing", each) for each in found.missing]
    rows += [("changed text", f"step {each}") for each in found.texts]
    rows += [("not as its events say", f"step {each}") for each in found.states]
    if found.first_broken_event is not None:
        rows.append(("changed record", f"event {found.first_broken_event} and what follows"))
    if not as_json:
        say_table(("what", "where"), rows)
    for each in leftovers(Path(workbook.path)):
        complain(f"{each}: a run that was killed left this here, and it holds what the workbook holds; delete it.")
    complain("the workbook is whole." if found.ok else "the workbook is damaged; 'relorch restore' puts a backup back.")
    if not found.ok:
        raise typer.Exit(3)


def upgrade(place: Place, as_json: Json = False) -> None:
    """Bring the workbook to the newest schema, after a backup that was checked; nobody may have it open."""
    from relorch.store.migrate import upgrade as bring_up

    with waiting("upgrading"):
        done = bring_up(place.url)
    if as_json:
        say_json(wire(done))
    else:
        say_table(("workbook", "from", "to", "backup"), [(done.path, done.from_schema, done.to_schema, done.backup)])
    if done.backup is None:
        complain("the schema is the newest already; nothing was to do.")
