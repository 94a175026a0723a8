"""The verbs of the status table, for one step or for a list of them.

For one step a refusal is the answer. For a list what is legal is applied in one transaction, and the answer lists
what was refused, each with its own problem.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from relorch.model.status import Verb
from relorch.serve.api.answers import Result, result_of
from relorch.serve.api.asking import Book, StrictRoute
from relorch.serve.api.wire import LIST_LIMIT, VERBS, Body, Ids, Key, Reason, Sha256, StepId, Text, Version

router = APIRouter(prefix="/steps", tags=["steps"], route_class=StrictRoute)

Versions = Annotated[
    dict[Key, Version], Field(max_length=LIST_LIMIT, description="The `rowVersion` that was on the screen, by step.")
]
Digests = Annotated[
    dict[Key, Sha256], Field(max_length=LIST_LIMIT, description="The digest of the text that was shown, by step.")
]


class Seen(Body):
    """What was on the screen; a step that is no longer so is refused with 409."""

    expected_version: Version | None = None


class Ran(Seen):
    """Which text was shown or copied, and what there is to say."""

    text_sha256: Sha256 | None = None
    notes: Text | None = None


class Failed(Seen):
    """Why it failed, and which text was shown or copied."""

    reason: Reason
    text_sha256: Sha256 | None = None


class Skipped(Seen):
    """Why it is left out."""

    reason: Reason


class Reverted(Seen):
    """Why it was taken back."""

    reason: Text | None = None


class Reopened(Reverted):
    """Why it is open again; `takeTemplate` also takes the template's current text."""

    take_template: bool = False


class Listed(Body):
    """Some steps, and by step what was on the screen."""

    step_ids: Ids
    expected_version: Versions | None = None


class ListRan(Listed):
    """Some steps, which text was shown or copied of each, and what there is to say."""

    text_sha256: Digests | None = None
    notes: Text | None = None


class ListFailed(Listed):
    """Some steps, and why they failed."""

    reason: Reason
    text_sha256: Digests | None = None


class ListSkipped(Listed):
    """Some steps, and why they are left out."""

    reason: Reason


class ListReverted(Listed):
    """Some steps, and why they were taken back."""

    reason: Text | None = None


class ListReopened(ListReverted):
    """Some steps, and why they are open again."""

    take_template: bool = False


class Question(Listed):
    """A verb, and what it would be done with."""

    verb: Literal["start", "done", "fail", "skip", "revert", "reopen"]
    reason: Text | None = None
    notes: Text | None = None
    take_template: bool = False


def _said(body: Body) -> dict[str, Any]:
    """Give the arguments of a verb; in JSON the keys of an object are texts."""
    said = dict(body)
    for name in ("expected_version", "text_sha256"):
        if isinstance(said.get(name), dict):
            said[name] = {int(step_id): value for step_id, value in said[name].items()}
    return said


@router.post("/{stepId:id}/start", response_model=Result)
def start_step(book: Book, step_id: StepId, body: Ran = Ran()) -> Result:  # noqa: B008
    """Claim a step: its text is frozen from here on."""
    return result_of(book.steps.start(step_id, **_said(body)))


@router.post("/{stepId:id}/done", response_model=Result)
def finish_step(book: Book, step_id: StepId, body: Ran = Ran()) -> Result:  # noqa: B008
    """Tick a step off with the text that ran."""
    return result_of(book.steps.mark_done(step_id, **_said(body)))


@router.post("/{stepId:id}/fail", response_model=Result)
def fail_step(book: Book, step_id: StepId, body: Failed) -> Result:
    """Record that a step went wrong."""
    return result_of(book.steps.fail(step_id, **_said(body)))


@router.post("/{stepId:id}/skip", response_model=Result)
def skip_step(book: Book, step_id: StepId, body: Skipped) -> Result:
    """Leave a step out."""
    return result_of(book.steps.skip(step_id, **_said(body)))


@router.post("/{stepId:id}/revert", response_model=Result)
def revert_step(book: Book, step_id: StepId, body: Reverted = Reverted()) -> Result:  # noqa: B008
    """Record that what a step did was taken back."""
    return result_of(book.steps.revert(step_id, **_said(body)))


@router.post("/{stepId:id}/reopen", response_model=Result)
def reopen_step(book: Book, step_id: StepId, body: Reopened = Reopened()) -> Result:  # noqa: B008
    """Make a step pending again."""
    return result_of(book.steps.reopen(step_id, **_said(body)))


@router.post("/start", response_model=Result)
def start_steps(book: Book, body: ListRan) -> Result:
    """Claim steps."""
    return result_of(book.steps.start(**_said(body)))


@router.post("/done", response_model=Result)
def finish_steps(book: Book, body: ListRan) -> Result:
    """Tick steps off."""
    return result_of(book.steps.mark_done(**_said(body)))


@router.post("/fail", response_model=Result)
def fail_steps(book: Book, body: ListFailed) -> Result:
    """Record that steps went wrong."""
    return result_of(book.steps.fail(**_said(body)))


@router.post("/skip", response_model=Result)
def skip_steps(book: Book, body: ListSkipped) -> Result:
    """Leave steps out."""
    return result_of(book.steps.skip(**_said(body)))


@router.post("/revert", response_model=Result)
def revert_steps(book: Book, body: ListReverted) -> Result:
    """Record that what steps did was taken back."""
    return result_of(book.steps.revert(**_said(body)))


@router.post("/reopen", response_model=Result)
def reopen_steps(book: Book, body: ListReopened) -> Result:
    """Make steps pending again."""
    return result_of(book.steps.reopen(**_said(body)))


@router.post("/preview", response_model=Result)
def preview_verb(book: Book, body: Question) -> Result:
    """Give what a verb would apply to a list of steps and what it would refuse; nothing is changed."""
    return result_of(book.steps.preview(**_said(body) | {"verb": _VERB_OF[body.verb]}))


_VERB_OF: dict[str, Verb] = {name: verb for verb, name in VERBS.items()}
