"""What is next, and a step from close by."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from relorch.cli.naming import customer_id, release_id, step_id, template_id
from relorch.cli.options import CustomerOption, Json, NeededRelease, ReleaseOption, command
from relorch.cli.output import complain, plain_block, say_block, say_exactly, say_json, say_table
from relorch.cli.wire import wire
from relorch.errors import CannotRender
from relorch.model.values import CustomerStep, StepTemplate
from relorch.workbook import Workbook
from relorch.workbook.nothing import ALL_DONE, Nothing, nothing_next
from relorch.workbook.steps import StepDetail
from relorch.workbook.templates import TemplateStanding

OnlyText = Annotated[bool, typer.Option("--text", help="Only its text, byte for byte, for a pipe or a file.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands that read steps."""
    command(app, "next")(next_)
    command(app, "show")(show)


def next_(
    workbook: Workbook,
    release: NeededRelease,
    customer: CustomerOption = None,
    template: Annotated[
        str | None, typer.Option(metavar="STEP", help="The next customer of this step of the release: its id or name.")
    ] = None,
    text: OnlyText = False,
    as_json: Json = False,
) -> None:
    """Show the next step of a release, of one of its customers or of one of its steps, with the text to run.

    What somebody else has in progress is passed over. When all is done it prints nothing (null as JSON) and leaves
    with 0; when something stands in the way it leaves with 1, and says as JSON `why`: notActive, noMember, removed,
    held, inactive or claimed.
    """
    number = release_id(workbook, release)
    who = None if customer is None else customer_id(workbook, customer)
    of = None if template is None else template_id(workbook, number, template)
    found = workbook.steps.next(number, who, of)
    if found is not None:
        print_step(workbook.steps.detail(found.id), text=text, as_json=as_json)
        return
    _tell_nothing(nothing_next(workbook, number, who, of), as_json)


def _tell_nothing(nothing: Nothing, as_json: bool) -> None:
    all_done = nothing.why == ALL_DONE
    if as_json:
        say_json(None if all_done else wire(nothing))
    complain(nothing.message)
    if not all_done:
        raise typer.Exit(1)


def show(
    workbook: Workbook,
    step: Annotated[
        str | None, typer.Argument(metavar="[STEP]", help="The step's id, or name.", show_default=False)
    ] = None,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    text: OnlyText = False,
    as_json: Json = False,
) -> None:
    """Show a step with its text, verbs and history, or the steps of a --release, or of one --customer in it."""
    number = None if release is None else release_id(workbook, release)
    who = None if customer is None else customer_id(workbook, customer)
    if step is not None:
        found = workbook.steps.detail(step_id(workbook, step, number, who))
        print_step(found, text=text, as_json=as_json, whole=True)
    elif number is None:
        raise typer.BadParameter("say which step, or --release, or --release and --customer.", param_hint="STEP")
    elif who is None:
        _print_templates(workbook, number, as_json)
    else:
        _print_steps(workbook.steps.list(number, who), as_json)


def _print_templates(workbook: Workbook, release: int, as_json: bool) -> None:
    templates, standing = workbook.templates.list(release), workbook.templates.standing(release)
    if as_json:
        say_json([{**wire(each), "standing": wire(standing[each.id])} for each in templates])
        return
    if not templates:
        complain("this release has no steps yet.")
    headings = ("template", "category", "step", "type", "required", "pending", "overridden", "executed")
    say_table(headings, (_template_row(each, standing[each.id]) for each in templates))


def _template_row(each: StepTemplate, standing: TemplateStanding) -> tuple[object, ...]:
    required = "required" if each.required else None
    counts = (standing.pending, standing.overridden, standing.executed)
    return each.id, each.category.value, each.name, each.type.value, required, *counts


def _print_steps(steps: list[CustomerStep], as_json: bool) -> None:
    if as_json:
        say_json(wire(steps))
        return
    if not steps:
        complain("this customer has no steps in this release.")
    rows = ((each.id, each.category.value, each.name, each.type.value, each.status.value, _who(each)) for each in steps)
    say_table(("id", "category", "step", "type", "status", "by"), rows)


def _who(step: CustomerStep) -> str | None:
    return None if step.executed_at is None else f"{step.executed_by} at {step.executed_at:%Y-%m-%d %H:%M} UTC"


def print_step(detail: StepDetail, *, text: bool, as_json: bool, whole: bool = False) -> None:
    """Print a step: only its text, as JSON, or as a card; `whole` adds its history.

    Raises `CannotRender` when only the text is wanted and there is none.
    """
    if as_json:
        say_json(step_as_json(detail))
    elif text:
        _print_text(detail)
    else:
        _print_card(detail)
        if whole:
            _print_history(detail)
        _say_how_to_tick(detail)


def _print_text(detail: StepDetail) -> None:
    if detail.text is None:
        raise CannotRender(detail.step.id, detail.rendering.problems)
    if sys.stdout.isatty():
        say_block(detail.text)
        return
    say_exactly(detail.text)
    if plain_block(detail.text) != detail.text:
        complain(f"the text of step {detail.step.id} holds invisible characters; 'relorch show' marks them.")


def _print_card(detail: StepDetail) -> None:
    step, customer, cluster = detail.step, detail.customer, detail.cluster
    own = " (custom)" if step.is_custom else " (overridden)" if step.is_overridden else ""
    lines = {
        "target": f"{cluster.name}/{customer.namespace}",
        "customer": f"{customer.name} (id {customer.id}, {detail.member_state.value})",
        "release": f"{detail.release.name} (id {detail.release.id}, {detail.release.status.value})",
        "step": f"{step.name}{own}, {step.category.value} {detail.place} of {detail.places}",
        "id": str(step.id),
        "status": " by ".join(part for part in (step.status.value, _who(step)) if part),
        "notes": step.notes,
        "skipped": step.skip_reason if step.status == "skipped" else None,
        "version": str(step.row_version),
        "sha256": detail.text_sha256,
        "type": step.type.value,
    }
    for name, value in lines.items():
        if value is not None:
            say_block(f"{name + ':':10}" + value.replace("\n", "\n" + " " * 10))
    say_block("")
    say_block(detail.text if detail.text is not None else "(this text cannot be made)")
    for problem in detail.rendering.problems if detail.text is None else ():
        complain(f"cannot render: {problem}")


def _print_history(detail: StepDetail) -> None:
    say_block("")
    rows = (
        (f"{event.at:%Y-%m-%d %H:%M:%S}", event.operator, event.action, event.batch_id, event.note)
        for event in detail.history
    )
    say_table(("at (utc)", "by", "what", "batch", "note"), rows)


def _say_how_to_tick(detail: StepDetail) -> None:
    possible = [choice.verb for choice in detail.choices if choice.refused is None]
    if "mark_done" in possible and detail.text_sha256 is not None:
        complain(f"when it ran: relorch done {detail.step.id} --sha256 {detail.text_sha256[:12]}")
    elif possible:
        complain(f"from here it can: {', '.join(possible)}")
    for why in dict.fromkeys(choice.refused for choice in detail.choices if choice.refused):
        complain(why)


def step_as_json(detail: StepDetail) -> dict[str, Any]:
    """Give a step from close by for programs, `text` and `textSha256` among it."""
    return {**wire(detail.step), **{name: value for name, value in wire(detail).items() if name not in ("step",)}}
