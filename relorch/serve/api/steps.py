"""Customer steps from close by, what comes next, and the texts and steps that are a customer's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from relorch.model import placeholders, values
from relorch.serve.api import answers
from relorch.serve.api.asking import IN_TURN, Book, StrictRoute
from relorch.serve.api.verbs import Seen
from relorch.serve.api.wire import (
    Absent,
    AskedId,
    Body,
    Content,
    CustomerId,
    Edit,
    Id,
    KindOfStep,
    Name,
    Part,
    ReleaseId,
    StepId,
    Version,
)
from relorch.workbook.nothing import nothing_next
from relorch.workbook.steps import StepDetail

router = APIRouter(tags=["steps"], route_class=StrictRoute)


class OwnText(Body):
    """A text of its own for one customer's step."""

    content: Content
    expected_version: Version | None = None


class NewCustomStep(Body):
    """A step for one customer, right after or before one of its steps, or at the end."""

    name: Name
    category: Part
    type: KindOfStep
    content: Content
    after_id: Id | None = None
    before_id: Id | None = None
    add_to_template: bool = False


class CustomStepEdit(Edit):
    """A change of a pending custom step."""

    name: Name | Absent = None
    type: KindOfStep | Absent = None
    content: Content | Absent = None
    expected_version: Version | None = None


@router.get("/releases/{releaseId:id}/next", response_model=answers.NextStep, dependencies=IN_TURN)
def next_step(
    book: Book,
    release_id: ReleaseId,
    customer_id: Annotated[AskedId | None, Query(alias="customerId")] = None,
    template_id: Annotated[AskedId | None, Query(alias="templateId")] = None,
    after: AskedId | None = None,
) -> dict[str, Any]:
    """Give the next step to work at: of a customer, of a template, or of the whole release."""
    step = book.steps.next(release_id, customer_id, template_id, after=after)
    if step is not None:
        return {"step": step}
    return {"step": None, **vars(nothing_next(book, release_id, customer_id, template_id))}


@router.get("/releases/{releaseId:id}/customers/{customerId:id}/steps", response_model=list[answers.Step])
def list_steps(book: Book, release_id: ReleaseId, customer_id: CustomerId) -> list[values.CustomerStep]:
    """List the steps of one member in order; of a customer that is no member there are none."""
    return book.steps.list(release_id, customer_id)


@router.post("/releases/{releaseId:id}/customers/{customerId:id}/steps", response_model=answers.Step, status_code=201)
def add_custom_step(
    book: Book, release_id: ReleaseId, customer_id: CustomerId, body: NewCustomStep
) -> values.CustomerStep:
    """Add a step for one customer of an active release, or with `addToTemplate` for all members."""
    return book.steps.add_custom(release_id, customer_id, **dict(body))


@router.get("/steps/{stepId:id}", response_model=answers.Step)
def get_step(book: Book, step_id: StepId) -> values.CustomerStep:
    """Give one step."""
    return book.steps.get(step_id)


@router.get("/steps/{stepId:id}/detail", response_model=answers.Detail)
def step_detail(book: Book, step_id: StepId) -> StepDetail:
    """Give a step with its target, template, text, possible verbs and history."""
    return book.steps.detail(step_id)


@router.get("/steps/{stepId:id}/render", response_model=answers.Rendering)
def render_step(book: Book, step_id: StepId) -> placeholders.Rendering:
    """Give what a step renders to for its customer now."""
    return book.steps.render(step_id)


@router.post("/steps/{stepId:id}/override", response_model=answers.Step)
def override_step(book: Book, step_id: StepId, body: OwnText) -> values.CustomerStep:
    """Give a pending step a text of its own; templates do not reach it until it is reset."""
    return book.steps.override(step_id, body.content, expected_version=body.expected_version)


@router.post("/steps/{stepId:id}/reset", response_model=answers.Step)
def reset_step(book: Book, step_id: StepId, body: Seen = Seen()) -> values.CustomerStep:  # noqa: B008
    """Take name, type and content of a pending step back from its template."""
    return book.steps.reset(step_id, expected_version=body.expected_version)


@router.patch("/steps/{stepId:id}", response_model=answers.Step)
def update_custom_step(book: Book, step_id: StepId, body: CustomStepEdit) -> values.CustomerStep:
    """Change a pending custom step."""
    return book.steps.update(step_id, expected_version=body.expected_version, **body.fields())


@router.delete("/steps/{stepId:id}", status_code=204)
def delete_custom_step(
    book: Book,
    step_id: StepId,
    expected_version: Annotated[AskedId | None, Query(alias="expectedVersion")] = None,
) -> None:
    """Delete a pending custom step; its history stays."""
    book.steps.delete(step_id, expected_version=expected_version)
