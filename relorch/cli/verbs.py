"""The status verbs on the command line: each stands on what was shown, so nobody is overrun."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from relorch.cli.acting import Aim, act
from relorch.cli.options import CustomerOption, Json, ReleaseOption, Yes, command
from relorch.model.status import Verb
from relorch.workbook import Workbook

StepWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STEP]...",
        help="Ids of steps; a name needs --release and --customer. None: the next step of these, after a question, "
        "or with what 'next' showed of it.",
        show_default=False,
    ),
]
Note = Annotated[str | None, typer.Option("--note", "--notes", help="What is worth knowing about it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]
OptionalReason = Annotated[str | None, typer.Option("--reason", help="Why, in a few words.")]
Version = Annotated[
    int | None,
    typer.Option("--version", min=1, help="The version 'next' showed; refused when the step is another by now."),
]


def _digest(said: str) -> str:
    """Give a digest, or the beginning of one, as it is stored; raises `BadParameter` for what is none."""
    if not re.fullmatch("[0-9a-fA-F]{8,64}", said):
        raise typer.BadParameter("it must be the digest 'next' showed, or its first 8 digits at least.")
    return said.lower()


Sha256 = Annotated[
    str | None,
    typer.Option(
        "--sha256",
        metavar="DIGEST",
        help="The digest 'next' showed, or its first 8 digits and more; refused for another text.",
        parser=_digest,
    ),
]
TakeTemplate = Annotated[bool, typer.Option("--take-template", help="Also take the template's current text.")]


def add_to(app: typer.Typer) -> None:
    """Add the status verbs."""
    command(app, "start")(start)
    command(app, "done")(done)
    command(app, "skip")(skip)
    command(app, "fail")(fail)
    command(app, "revert")(revert)
    command(app, "reopen")(reopen)


def start(
    workbook: Workbook,
    steps: StepWords = None,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    note: Note = None,
    version: Version = None,
    sha256: Sha256 = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Claim steps as in progress: their text is kept as it is now, and counts as what ran."""
    act(workbook, Verb.START, Aim(steps, release, customer, version, sha256), yes, as_json, notes=note)


def done(
    workbook: Workbook,
    steps: StepWords = None,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    note: Note = None,
    version: Version = None,
    sha256: Sha256 = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Tick steps off; prints the text it records for one step, unless --sha256 or 'start' told it."""
    act(workbook, Verb.MARK_DONE, Aim(steps, release, customer, version, sha256), yes, as_json, notes=note)


def fail(
    workbook: Workbook,
    reason: Reason,
    steps: StepWords = None,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    version: Version = None,
    sha256: Sha256 = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that steps went wrong, and why."""
    act(workbook, Verb.FAIL, Aim(steps, release, customer, version, sha256), yes, as_json, reason=reason)


def skip(
    workbook: Workbook,
    reason: Reason,
    steps: StepWords = None,
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    version: Version = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Leave steps out, and say why; a required step cannot be skipped."""
    act(workbook, Verb.SKIP, Aim(steps, release, customer, version), yes, as_json, reason=reason)


def revert(
    workbook: Workbook,
    steps: Annotated[list[str], typer.Argument(metavar="STEP...", help="Ids of steps.", show_default=False)],
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    reason: OptionalReason = None,
    version: Version = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that what steps did was taken back; they are open again."""
    act(workbook, Verb.REVERT, Aim(steps, release, customer, version), yes, as_json, reason=reason)


def reopen(
    workbook: Workbook,
    steps: Annotated[list[str], typer.Argument(metavar="STEP...", help="Ids of steps.", show_default=False)],
    release: ReleaseOption = None,
    customer: CustomerOption = None,
    reason: OptionalReason = None,
    take_template: TakeTemplate = False,
    version: Version = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make steps pending again; what ran stays in their history."""
    aim = Aim(steps, release, customer, version)
    said = {"reason": reason, "take_template": take_template}
    act(workbook, Verb.REOPEN, aim, yes, as_json, **said)
