"""Step templates and their order."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from relorch.model import lint, placeholders, values
from relorch.serve.api import answers
from relorch.serve.api.asking import Book, StrictRoute
from relorch.serve.api.wire import (
    LIST_LIMIT,
    Absent,
    AskedFlag,
    AskedId,
    Body,
    Content,
    Edit,
    Id,
    KindOfStep,
    Name,
    Part,
    Position,
    ReleaseId,
    TemplateId,
    Text,
    Version,
)
from relorch.views.effect import Effect
from relorch.workbook.templates import ChangedTemplate

router = APIRouter(tags=["templates"], route_class=StrictRoute)


class NewTemplate(Body):
    """A step to add to a release; `position` from 0 among those of its category, else at the end."""

    name: Name
    category: Part
    type: KindOfStep
    content: Content
    position: Position | None = None
    description: Text | None = None
    required: bool = False


class TemplateFields(Edit):
    """What of a template can be changed; its category never."""

    name: Name | Absent = None
    type: KindOfStep | Absent = None
    content: Content | Absent = None
    description: Text | None = None
    required: bool | Absent = None


class TemplateEdit(TemplateFields):
    """A change of a template."""

    expected_version: Version | None = None


class Place(Body):
    """A place among the live templates of a category, from 0."""

    position: Position


class Order(Body):
    """The live templates of a release and category in their new order, each once."""

    release_id: Id
    category: Part
    ordered_ids: Annotated[list[Id], Field(max_length=LIST_LIMIT)]


class Draft(Body):
    """A text that is not stored yet, and for whom to render it."""

    customer_id: Id
    type: KindOfStep
    content: Content


@router.get("/releases/{releaseId:id}/templates", response_model=list[answers.Template])
def list_templates(book: Book, release_id: ReleaseId, retired: AskedFlag = False) -> list[values.StepTemplate]:
    """List the templates of a release: deploy, then verify, each in order; `retired` ones last."""
    return book.templates.list(release_id, retired=retired)


@router.post("/releases/{releaseId:id}/templates", response_model=answers.Template, status_code=201)
def add_template(book: Book, release_id: ReleaseId, body: NewTemplate) -> values.StepTemplate:
    """Add a step to a release; in an active one every member gets it at once."""
    return book.templates.add(release_id, **dict(body))


@router.post("/releases/{releaseId:id}/templates/preview", response_model=answers.Effect)
def preview_add_template(book: Book, release_id: ReleaseId, body: NewTemplate) -> Effect:
    """Give who would get a step, and for whom it cannot render."""
    return book.templates.preview_add(release_id, **dict(body))


@router.post("/releases/{releaseId:id}/preview-render", response_model=answers.Rendering)
def preview_render(book: Book, release_id: ReleaseId, body: Draft) -> placeholders.Rendering:
    """Render a text that is not stored yet for any customer."""
    return book.templates.preview_render(release_id, **dict(body))


@router.get("/releases/{releaseId:id}/placeholders", response_model=list[answers.Placeholder])
def list_placeholders(book: Book, release_id: ReleaseId) -> list[placeholders.Offered]:
    """List the placeholders that a text of the release can use."""
    return book.templates.placeholders(release_id)


@router.get("/releases/{releaseId:id}/lint", response_model=list[answers.Hint])
def lint_release(book: Book, release_id: ReleaseId) -> list[lint.Hint]:
    """List what is odd about the templates of a release."""
    return book.templates.lint(release_id)


@router.get("/templates/{templateId:id}", response_model=answers.Template)
def get_template(book: Book, template_id: TemplateId) -> values.StepTemplate:
    """Give one template."""
    return book.templates.get(template_id)


@router.get("/templates/{templateId:id}/steps", response_model=list[answers.Step])
def list_steps_of_template(book: Book, template_id: TemplateId) -> list[values.CustomerStep]:
    """List the steps of a template, of all members that are not removed."""
    return book.steps.across(template_id)


@router.patch("/templates/{templateId:id}", response_model=answers.ChangedTemplate)
def update_template(book: Book, template_id: TemplateId, body: TemplateEdit) -> ChangedTemplate:
    """Change a template; pending steps that are not overridden follow."""
    return book.templates.update(template_id, expected_version=body.expected_version, **body.fields())


@router.post("/templates/{templateId:id}/preview-update", response_model=answers.Effect)
def preview_update_template(book: Book, template_id: TemplateId, body: TemplateFields) -> Effect:
    """Give exactly what a change of a template would do."""
    return book.templates.preview_update(template_id, **body.fields())


@router.post("/templates/{templateId:id}/move", response_model=answers.Template)
def move_template(book: Book, template_id: TemplateId, body: Place) -> values.StepTemplate:
    """Move a template to another place of its category."""
    return book.templates.move(template_id, body.position)


@router.delete("/templates/{templateId:id}", response_model=answers.Effect)
def delete_template(
    book: Book,
    template_id: TemplateId,
    expected_version: Annotated[AskedId | None, Query(alias="expectedVersion")] = None,
) -> Effect:
    """Delete a template of a draft; in an active release it retires. Gives what became of the steps."""
    return book.templates.delete(template_id, expected_version=expected_version)


@router.post("/templates/{templateId:id}/preview-delete", response_model=answers.Effect)
def preview_delete_template(book: Book, template_id: TemplateId) -> Effect:
    """Give what deleting a template would do."""
    return book.templates.preview_delete(template_id)


@router.post("/steps/reorder", response_model=answers.Success)
def reorder_steps(book: Book, body: Order) -> answers.Success:
    """Bring the templates of a category into a new order, and every customer's steps with them."""
    book.templates.reorder(body.release_id, body.category, body.ordered_ids)
    return answers.Success()
