"""Files in and out: inventory and releases both ways, the whole workbook and reports out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from relorch.serve.api.answers import TextChange
from relorch.serve.api.asking import IN_TURN, Book, StrictRoute
from relorch.serve.api.body import IMPORT_LIMIT
from relorch.serve.api.problems import Found
from relorch.serve.api.wire import AskedId, Body, Id, Name, ReleaseId, Wire
from relorch.workbook.imports import Imported

router = APIRouter(tags=["files"], route_class=StrictRoute)

FileText = Annotated[str, Field(max_length=IMPORT_LIMIT)]


class InventoryFile(Body):
    """The text of an inventory as CSV; `confirm` when it changes the text of open steps."""

    text: FileText
    dry_run: bool = False
    confirm: bool = False


class ReleaseFile(Body):
    """The text of a release file; it makes a draft called `name`, or goes into the release `into`."""

    text: FileText
    form: Literal["yaml", "markdown"]
    name: Name | None = None
    into: Id | None = None
    dry_run: bool = False


class PlannedChange(Wire):
    """One thing that an import does."""

    action: str
    what: str
    detail: str


class ImportResult(Wire):
    """What an import did, or would do when `stored` is false; `findings` by line, `batchId` null: nothing changed."""

    changes: tuple[PlannedChange, ...]
    findings: tuple[Found, ...]
    stored: bool
    batch_id: int | None
    release_id: int | None
    retexts: TextChange


@router.post("/import/inventory", response_model=ImportResult)
def import_inventory(book: Book, body: InventoryFile) -> Imported:
    """Bring clusters and customers up to a CSV file; with an error nothing of it is stored."""
    return book.imports.inventory(**dict(body))


@router.post("/import/release", response_model=ImportResult)
def import_release(book: Book, body: ReleaseFile) -> Imported:
    """Make a draft of a YAML file or Markdown runbook, or bring a release up to one."""
    return book.imports.release(**dict(body))


def _told(*media: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {each: {} for each in media}}}


@router.get("/export/inventory", response_class=Response, responses=_told("text/csv"), dependencies=IN_TURN)
def export_inventory(book: Book) -> Response:
    """Give clusters and customers as CSV."""
    return Response(book.exports.inventory(), media_type="text/csv")


def _sending() -> Iterator[ExitStack]:
    with ExitStack() as sent:
        yield sent


Sending = Annotated[ExitStack, Depends(_sending, scope="request", max_concurrency=2)]
"""It ends when the answer is sent or its reader is gone: a whole workbook is sent from a copy of the database, and no
more of these may lie beside it."""


@router.get("/export/workbook", response_class=Response, responses=_told("application/x-ndjson"))
def export_workbook(book: Book, sending: Sending) -> Response:
    """Give the whole workbook as lines of JSON: every table and every event."""
    lines = book.exports.workbook()
    if isinstance(lines, Generator):  # else a reader that went away leaves the copy there
        sending.callback(lines.close)
    return StreamingResponse(_begun(lines), media_type="application/x-ndjson")


_LINES = 1_000  # in one piece: each piece is made in a thread of its own


def _begun(lines: Iterator[str]) -> Iterator[str]:
    """Give the lines, the first of them read already: what cannot be read at all is a problem, not half an answer."""
    first = next(lines, "")

    def every() -> Iterator[str]:
        yield first
        while many := "".join(islice(lines, _LINES)):
            yield many

    return every()


@router.get(
    "/releases/{releaseId:id}/export",
    response_class=Response,
    responses=_told("text/yaml", "text/markdown"),
    dependencies=IN_TURN,
)
def export_release(book: Book, release_id: ReleaseId, form: Literal["yaml", "markdown"] = "yaml") -> Response:
    """Give the steps of a release as YAML or as a Markdown runbook."""
    return Response(book.exports.release(release_id, form), media_type=f"text/{form}")


@router.get(
    "/releases/{releaseId:id}/report",
    response_class=Response,
    responses=_told("text/html") | {409: {}},
    dependencies=IN_TURN,
)
def report_release(
    book: Book, release_id: ReleaseId, customer_id: Annotated[AskedId | None, Query(alias="customerId")] = None
) -> Response:
    """Give the report of a release, or the sign-off sheet of one customer, as one HTML file."""
    from relorch.reports.html import as_html  # charts cost their import only those who want a report

    facts = book.report(release_id) if customer_id is None else book.report(release_id, customer_id)
    return Response(as_html(facts), media_type="text/html", headers=_FOR_READING_ONLY)


_FOR_READING_ONLY = {
    "content-disposition": 'attachment; filename="report.html"',
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
}
