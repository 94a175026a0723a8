"""Releases and who takes part in them."""

from __future__ import annotations

from fastapi import APIRouter

from relorch.model import progress, values
from relorch.serve.api import answers
from relorch.serve.api.asking import Book, StrictRoute
from relorch.serve.api.wire import (
    Absent,
    Body,
    Edit,
    Ids,
    KindOfRelease,
    Metadata,
    Moment,
    Name,
    Reason,
    ReleaseId,
    Text,
    Version,
    VersionNumber,
)
from relorch.views.effect import Enrolment
from relorch.workbook.retexting import TextChange

router = APIRouter(prefix="/releases", tags=["releases"], route_class=StrictRoute)


class NewRelease(Body):
    """A draft to create."""

    name: Name
    type: KindOfRelease
    version_number: VersionNumber | None = None
    release_date: Moment | None = None
    description: Text | None = None
    metadata: Metadata | None = None


class ReleaseFields(Edit):
    """What of a release can be changed."""

    name: Name | Absent = None
    type: KindOfRelease | Absent = None
    version_number: VersionNumber | None = None
    release_date: Moment | None = None
    description: Text | None = None
    metadata: Metadata | None = None


class ReleaseEdit(ReleaseFields):
    """A change of a release; one that changes the text of open steps needs `confirm`."""

    confirm: bool = False
    expected_version: Version | None = None


class Clone(Body):
    """What the copy is called."""

    name: Name
    version_number: VersionNumber | None = None


class Chosen(Body):
    """Who is chosen: some customers by id, or all active ones."""

    customer_ids: Ids | None = None
    all_active: bool = False


class Some(Body):
    """Some customers."""

    customer_ids: Ids


class SomeWithReason(Some):
    """Some customers, and why."""

    reason: Reason


@router.get("", response_model=list[answers.Release])
def list_releases(book: Book) -> list[values.Release]:
    """List the releases, the newest first."""
    return book.releases.list()


@router.post("", response_model=answers.Release, status_code=201)
def create_release(book: Book, body: NewRelease) -> values.Release:
    """Create a draft."""
    return book.releases.create(**dict(body))


@router.get("/{releaseId:id}", response_model=answers.Release)
def get_release(book: Book, release_id: ReleaseId) -> values.Release:
    """Give one release."""
    return book.releases.get(release_id)


@router.patch("/{releaseId:id}", response_model=answers.Release)
def update_release(book: Book, release_id: ReleaseId, body: ReleaseEdit) -> values.Release:
    """Change fields of a release; its status changes by verbs only."""
    fields, version = body.fields(), body.expected_version
    return book.releases.update(release_id, confirm=body.confirm, expected_version=version, **fields)


@router.delete("/{releaseId:id}", status_code=204)
def delete_release(book: Book, release_id: ReleaseId) -> None:
    """Delete a draft with its templates."""
    book.releases.delete(release_id)


@router.post("/{releaseId:id}/preview-update", response_model=answers.TextChange)
def preview_update_release(book: Book, release_id: ReleaseId, body: ReleaseFields) -> TextChange:
    """Count the open steps that a change of a release would give another text."""
    return book.releases.preview_update(release_id, **body.fields())


@router.post("/{releaseId:id}/clone", response_model=answers.Release, status_code=201)
def clone_release(book: Book, release_id: ReleaseId, body: Clone) -> values.Release:
    """Create a draft with the templates of a release."""
    return book.releases.clone(release_id, **dict(body))


@router.get("/{releaseId:id}/members", response_model=list[answers.Member])
def list_members(book: Book, release_id: ReleaseId) -> list[values.Member]:
    """List who takes part in a release, removed ones too."""
    return book.releases.members(release_id)


@router.post("/{releaseId:id}/activate", response_model=answers.Release)
def activate_release(book: Book, release_id: ReleaseId, body: Chosen) -> values.Release:
    """Make a draft active for the chosen customers."""
    return book.releases.activate(release_id, **dict(body))


@router.post("/{releaseId:id}/preview-activate", response_model=answers.Enrolment)
def preview_activate_release(book: Book, release_id: ReleaseId, body: Chosen) -> Enrolment:
    """Give who would join by an activation, and what would not render."""
    return book.releases.preview_activate(release_id, **dict(body))


@router.post("/{releaseId:id}/add-customers", response_model=answers.Success)
def add_customers(book: Book, release_id: ReleaseId, body: Some) -> answers.Success:
    """Add customers to an active release; those who already take part stay as they are."""
    book.releases.add_customers(release_id, body.customer_ids)
    return answers.Success()


@router.post("/{releaseId:id}/preview-add-customers", response_model=answers.Enrolment)
def preview_add_customers(book: Book, release_id: ReleaseId, body: Some) -> Enrolment:
    """Give who would join, and what would not render."""
    return book.releases.preview_add_customers(release_id, body.customer_ids)


@router.post("/{releaseId:id}/hold", response_model=list[answers.Member])
def hold_members(book: Book, release_id: ReleaseId, body: SomeWithReason) -> tuple[values.Member, ...]:
    """Keep members from being worked on until they are resumed."""
    return book.releases.hold(release_id, body.customer_ids, body.reason)


@router.post("/{releaseId:id}/resume", response_model=list[answers.Member])
def resume_members(book: Book, release_id: ReleaseId, body: Some) -> tuple[values.Member, ...]:
    """Let held members be worked on again."""
    return book.releases.resume(release_id, body.customer_ids)


@router.post("/{releaseId:id}/remove", response_model=list[answers.Member])
def remove_members(book: Book, release_id: ReleaseId, body: SomeWithReason) -> tuple[values.Member, ...]:
    """Take members out of a release; their steps and history stay."""
    return book.releases.remove(release_id, body.customer_ids, body.reason)


@router.post("/{releaseId:id}/archive", response_model=answers.Release)
def archive_release(book: Book, release_id: ReleaseId) -> values.Release:
    """Archive a release: from then on it can only be read."""
    return book.releases.archive(release_id)


@router.post("/{releaseId:id}/preview-archive", response_model=answers.Progress)
def preview_archive_release(book: Book, release_id: ReleaseId) -> progress.Progress:
    """Give what archiving a release would leave open."""
    return book.releases.preview_archive(release_id)


@router.post("/{releaseId:id}/reopen", response_model=answers.Release)
def reopen_release(book: Book, release_id: ReleaseId) -> values.Release:
    """Take a release out of the archive."""
    return book.releases.reopen(release_id)
