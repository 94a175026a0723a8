"""A customer's own texts and steps."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from relorch.cli.asking import agree
from relorch.cli.naming import customer_id, release_id, step_id
from relorch.cli.options import Json, NeededCustomer, NeededRelease, Yes, command
from relorch.cli.output import complain, complain_block, say_json, say_table
from relorch.cli.reading import Source, read_source
from relorch.cli.wire import wire
from relorch.model.values import Category, CustomerStep, StepType
from relorch.workbook import Workbook

StepWord = Annotated[str, typer.Argument(metavar="STEP", help="The step's id.", show_default=False)]
TextFile = Annotated[
    Source,
    typer.Argument(metavar="FILE", help="The file with the text; - reads it from the input.", parser=read_source),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of own texts."""
    command(app, "override")(override)
    command(app, "reset")(reset)
    command(app, "add-step")(add_step)
    command(app, "delete-step")(delete_step)


def override(workbook: Workbook, step: StepWord, file: TextFile, yes: Yes = False, as_json: Json = False) -> None:
    """Give a pending step a text of its own; shows the difference and asks first."""
    before = workbook.steps.get(step_id(workbook, step))
    _show_difference(before.content, file.text)
    agree(f"Step {before.id} '{before.name}' will have a text of its own; its template reaches it no more.", yes=yes)
    _print(workbook.steps.override(before.id, file.text, expected_version=before.row_version), as_json)


def reset(workbook: Workbook, step: StepWord, yes: Yes = False, as_json: Json = False) -> None:
    """Take the text of a pending step back from its template; asks first."""
    before = workbook.steps.detail(step_id(workbook, step))
    if before.template is not None:
        _show_difference(before.step.content, before.template.content)
    agree(f"Step {before.step.id} '{before.step.name}' will have its template's text again.", yes=yes)
    _print(workbook.steps.reset(before.step.id, expected_version=before.step.row_version), as_json)


def add_step(
    workbook: Workbook,
    file: TextFile,
    release: NeededRelease,
    customer: NeededCustomer,
    name: Annotated[str, typer.Option(help="The step's name.")],
    category: Annotated[Category, typer.Option(help="Where it stands in the release.")],
    type: Annotated[StepType, typer.Option(help="What its text is.")],
    after: Annotated[int | None, typer.Option(metavar="STEP", min=1, help="Right after this step, by its id.")] = None,
    before: Annotated[
        int | None, typer.Option(metavar="STEP", min=1, help="Right before this step, by its id.")
    ] = None,
    for_all: Annotated[bool, typer.Option("--for-all", help="Make it a step of every member of the release.")] = False,
    as_json: Json = False,
) -> None:
    """Add a step for one customer of an active release, with its text from a file."""
    number, who = release_id(workbook, release), customer_id(workbook, customer)
    made = workbook.steps.add_custom(
        number,
        who,
        name=name,
        category=category,
        type=type,
        content=file.text,
        after_id=after,
        before_id=before,
        add_to_template=for_all,
    )
    _print(made, as_json)


def delete_step(workbook: Workbook, step: StepWord, yes: Yes = False) -> None:
    """Delete a pending custom step; asks first. 'undo' brings it back."""
    found = workbook.steps.get(step_id(workbook, step))
    agree(f"Step {found.id} '{found.name}' will be deleted.", yes=yes)
    workbook.steps.delete(found.id, expected_version=found.row_version)
    complain(f"step {found.id} '{found.name}' is deleted.")


def _show_difference(old: str, new: str) -> None:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "now", "then", lineterm="")
    complain_block("\n".join(lines))


def _print(step: CustomerStep, as_json: bool) -> None:
    if as_json:
        say_json(wire(step))
        return
    own = "custom" if step.is_custom else "overridden" if step.is_overridden else None
    row = (step.id, step.category.value, step.name, step.status.value, own)
    say_table(("id", "category", "step", "status", "text"), [row])
