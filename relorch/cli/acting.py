"""How a status verb is done from the command line: look, ask, write, tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer

from relorch.cli.asking import agree, somebody_is_there
from relorch.cli.naming import customer_id, id_of, is_id, release_id, step_id, targets
from relorch.cli.output import complain, complain_block, say_json, say_table
from relorch.cli.wire import outcome
from relorch.errors import NotAllowed
from relorch.model.status import HOLDS_TEXT, TRANSITIONS, Status, Verb
from relorch.model.values import CustomerStep
from relorch.workbook import Workbook
from relorch.workbook.nothing import claim, nothing_next, whose
from relorch.workbook.steps import Outcome

_ASKED = 5


@dataclass(frozen=True)
class Aim:
    """The steps a verb is for, and what was shown of them; only one step can be told by version and digest."""

    steps: Sequence[str] | None
    release: str | None
    customer: str | None
    version: int | None = None
    sha256: str | None = None


def act(workbook: Workbook, verb: Verb, aim: Aim, yes: bool, as_json: bool, **said: Any) -> None:
    """Do a verb to what it is aimed at: look, ask if it is somebody else's, write, and tell."""
    ids = _aimed_at(workbook, aim)
    target: int | list[int] = ids[0] if len(ids) == 1 else ids
    planned = workbook.steps.preview(verb, target, **said)
    if not aim.steps and aim.sha256 is None and not yes:  # a version tells no step: fresh ones all have the same
        _ask_for_next(workbook, verb, ids[0])
    _ask_for_claims(workbook, verb, [step.id for step in planned.steps], yes)
    frozen = TRANSITIONS[verb].freezes
    before = workbook.steps.get(ids[0]) if len(ids) == 1 else None
    made = Outcome(None, (), planned.refused)
    if planned.steps:
        made = _done(workbook, verb, planned, target, {**said, **_shown(planned, aim, with_text=frozen)})
    _tell(workbook, made, as_json)
    if frozen and aim.sha256 is None:
        _tell_texts(before, made)
    if made.refused:
        raise typer.Exit(1)


def _done(
    workbook: Workbook, verb: Verb, planned: Outcome, target: int | list[int], said: Mapping[str, Any]
) -> Outcome:
    """Do what was planned and no more: a step that was refused then may not be what anybody saw."""
    wanted = target if isinstance(target, int) else [step.id for step in planned.steps]
    made: Outcome = getattr(workbook.steps, verb)(wanted, **said)
    return replace(made, refused=planned.refused + made.refused)


def _aimed_at(workbook: Workbook, aim: Aim) -> list[int]:
    release = None if aim.release is None else release_id(workbook, aim.release)
    customer = None if aim.customer is None else customer_id(workbook, aim.customer)
    if aim.steps:
        ids = list(dict.fromkeys(_id_of(workbook, each, release, customer) for each in aim.steps))
        if len(ids) > 1 and (aim.version is not None or aim.sha256 is not None):
            raise typer.BadParameter("tells one step; name one, or leave it out.", param_hint="--version and --sha256")
        return ids
    if release is None or customer is None:
        raise typer.BadParameter("say which step, or --release and --customer for the next one.", param_hint="STEP")
    found = workbook.steps.next(release, customer)
    if found is None:
        raise NotAllowed(nothing_next(workbook, release, customer, None).message)
    return [found.id]


def _id_of(workbook: Workbook, text: str, release: int | None, customer: int | None) -> int:
    """Give the id a word names; of bare ids the verb itself says which are none, and does the rest."""
    if is_id(text) and release is None and customer is None:
        return id_of(text)
    return step_id(workbook, text, release, customer)


def _ask_for_next(workbook: Workbook, verb: Verb, step: int) -> None:
    """Ask whether the next step is the one that is meant; raises `BadParameter` where nobody can be asked."""
    found = workbook.steps.get(step)
    told = f"the next step of {whose(workbook, found.customer_id)} is {step} '{found.name}'"
    if not somebody_is_there():
        known = "its id, --sha256 as 'next' showed it" if TRANSITIONS[verb].freezes else "its id"
        raise typer.BadParameter(
            f"{told}, and without a terminal nobody can be asked whether that is meant. Give {known}, or --yes. "
            "Nothing was changed.",
            param_hint="STEP",
        )
    agree(f"{told[0].upper()}{told[1:]}.", yes=False)


def _ask_for_claims(workbook: Workbook, verb: Verb, ids: list[int], yes: bool) -> None:
    """Ask before somebody else's claim is finished; `start` never takes one over."""
    claims = workbook.steps.claims(ids)
    if not claims or verb is Verb.START:
        return
    listed = [claim(workbook, workbook.steps.get(each), who) for each, who in list(claims.items())[:_ASKED]]
    more = f"; and {len(claims) - _ASKED} more" if len(claims) > _ASKED else ""
    agree(f"This is somebody else's work: {'; '.join(listed)}{more}.", yes=yes)


def _shown(planned: Outcome, aim: Aim, *, with_text: bool) -> Mapping[str, Any]:
    """Give what the verb stands on: versions and digests that were told, else those of a moment ago."""
    versions = {step.id: step.row_version - 1 for step in planned.steps}
    digests = {step.id: step.executed_sha256 for step in planned.steps}
    if aim.version is not None:
        versions = dict.fromkeys(versions, aim.version)
    if aim.sha256 is not None:
        digests = {each: _completed(aim.sha256, digest) for each, digest in digests.items()}
    return {"expected_version": versions} | ({"text_sha256": digests} if with_text else {})


def _completed(said: str, digest: str | None) -> str:
    """Give the digest that was told, completed when it is the beginning of the right one."""
    return digest if digest is not None and digest.startswith(said) else said


def _tell(workbook: Workbook, made: Outcome, as_json: bool) -> None:
    if as_json:
        say_json(outcome(made))
    else:
        names = {each.id: each.name for each in workbook.customers.list(inactive=True)} if made.steps else {}
        target = targets(workbook) if made.steps else {}
        rows = (
            (each.id, target[each.customer_id], names[each.customer_id], each.name, each.status.value, _digest(each))
            for each in made.steps
        )
        say_table(("id", "target", "customer", "step", "status", "sha256"), rows)
    for refused in made.refused:
        complain(str(refused.error))
    if made.batch_id is not None:
        complain(f"stored as batch {made.batch_id}; 'relorch undo {made.batch_id}' takes it back.")


def _digest(step: CustomerStep) -> str | None:
    return None if step.executed_sha256 is None else step.executed_sha256[:12]


def _tell_texts(before: CustomerStep | None, made: Outcome) -> None:
    """Show the text that was recorded for a single step, or say where those of a list are; `before`: the single one."""
    if before is not None:
        _tell_text(before, made.steps[0])
    elif any(step.executed_content is not None for step in made.steps):
        how = "--text' prints it" if made.steps[0].status in HOLDS_TEXT else "--json' has it as executedContent"
        complain(f"each was recorded with its text; 'relorch show ID {how}.")


def _tell_text(before: CustomerStep, step: CustomerStep) -> None:
    """Show the text that was recorded, unless it had been frozen before."""
    if step.executed_content is None or before.status is Status.IN_PROGRESS:
        return
    complain(f"recorded as the text of step {step.id} '{step.name}':")
    complain_block(step.executed_content)
