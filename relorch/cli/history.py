"""What happened, and taking it back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from relorch.cli.naming import customer_id, release_id
from relorch.cli.options import CustomerOption, Json, ReleaseOption, command
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.wire import wire
from relorch.model.values import Event
from relorch.workbook import Workbook

NEWEST = 50


def add_to(app: typer.Typer) -> None:
    """Add the commands of the history."""
    command(app, "history")(history)
    command(app, "undo")(undo)


def history(
    workbook: Workbook,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    step: Annotated[int | None, typer.Option(min=1, help="Only this step, by its id.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Only this batch: all that one command did.")] = None,
    newest: Annotated[int, typer.Option(min=0, help="How many of the last events; 0: all.")] = NEWEST,
    as_json: Json = False,
) -> None:
    """List what happened, oldest first: who did what, when, and why."""
    wanted: dict[str, Any] = {
        "release_id": None if release is None else release_id(workbook, release),
        "customer_id": None if customer is None else customer_id(workbook, customer),
        "step_id": step,
        "batch_id": batch,
    }
    found = workbook.history(**wanted, newest=newest or None)
    if as_json:
        say_json(wire(found))
        return
    names = {each.id: each.name for each in workbook.customers.list(inactive=True)}
    headings = ("batch", "at (utc)", "by", "what", "customer", "step", "note")
    say_table(headings, (_row(event, names) for event in found))
    if not found:
        complain("nothing happened here yet.")


def _row(event: Event, names: dict[int, str]) -> tuple[object, ...]:
    customer = None if event.customer_id is None else names.get(event.customer_id)
    return (
        event.batch_id,
        f"{event.at:%Y-%m-%d %H:%M:%S}",
        event.operator,
        event.action,
        customer,
        event.step_id,
        event.note,
    )


def undo(
    workbook: Workbook,
    batch: Annotated[
        int | None, typer.Argument(min=1, help="The batch; else your last one.", show_default=False)
    ] = None,
    skip_touched: Annotated[
        bool, typer.Option("--skip-touched", help="Leave what somebody changed since, and put back the rest.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take back what a command did; an undo can be undone. Nothing is changed when somebody touched it since."""
    undone = workbook.undo(batch, skip_touched=skip_touched)
    if as_json:
        say_json(wire(undone))
    else:
        say_table(("batch", "undone", "steps"), [(undone.batch_id, undone.undone, len(undone.step_ids))])
    for left in undone.left:
        complain(f"{left.table} {left.id} was left as it is: {left.why}.")
    complain(f"batch {undone.undone} is taken back; 'relorch undo {undone.batch_id}' brings it again.")
    if undone.left:
        raise typer.Exit(1)
