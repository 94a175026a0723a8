"""What there is to see of the whole: matrix, progress, history, what changed; and the undo."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from relorch.model import progress, values
from relorch.model.status import STATUSES
from relorch.serve.api import answers
from relorch.serve.api.asking import IN_TURN, Book, StrictRoute
from relorch.serve.api.wire import MOST, AskedId, Body, Id, ReleaseId, Written
from relorch.views.matrix import NO_STEP, Matrix
from relorch.views.overview import Activity
from relorch.workbook import Changes
from relorch.workbook.undo import Undone

router = APIRouter(tags=["reads"], route_class=StrictRoute)

Newest = Annotated[int, Query(ge=1, le=1_000), Written]  # a bound on one answer


class Undo(Body):
    """Which batch to take back: without one the last of this operator that can be."""

    batch_id: Id | None = None
    skip_touched: bool = False


@router.get("/health", response_model=answers.Health)
def health(book: Book) -> answers.Health:
    """Say that the workbook can be read, who asks, and the number of its newest change."""
    return answers.Health(operator=book.operator, revision=book.revision())


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Give the schema of the API."""
    return JSONResponse(request.app.openapi())


@router.get("/releases/{releaseId:id}/matrix", response_model=answers.Matrix, dependencies=IN_TURN)
def matrix(
    book: Book, release_id: ReleaseId, cluster_id: Annotated[AskedId | None, Query(alias="clusterId")] = None
) -> Response:
    """Give steps × customers of a release, or of one cluster of it."""
    return Response(_MATRIX.dump_json(_matrix_of(book.matrix(release_id, cluster_id)), by_alias=True), media_type=_JSON)


_JSON = "application/json"
_MATRIX = TypeAdapter(answers.Matrix)
_STATUS_OF = {code: status.value for code, status in enumerate(STATUSES)}


def _matrix_of(found: Matrix) -> answers.Matrix:
    """Give the cells as lists; 200,000 objects would take seconds."""
    there = [code != NO_STEP for code in found.statuses]
    columns: dict[str, Any] = {
        name: tuple(value if has else None for value, has in zip(numbers, there, strict=True))
        for name, numbers in (("ids", found.ids), ("versions", found.versions), ("flags", found.flags))
    }
    return answers.Matrix.model_construct(
        release_id=found.release_id,
        rows=tuple(answers.MatrixRow.model_validate(row) for row in found.rows),
        customers=tuple(answers.MatrixCustomer.model_validate(customer) for customer in found.customers),
        statuses=tuple(map(_STATUS_OF.get, found.statuses)),
        **columns,
    )


@router.get(
    "/releases/{releaseId:id}/progress",
    response_model=answers.Progress | list[answers.Progress],
    dependencies=IN_TURN,
)
def release_progress(
    book: Book,
    release_id: ReleaseId,
    by: Literal["cluster", "customer", "step", "category"] | None = None,
) -> progress.Progress | list[progress.Progress]:
    """Give how far a release is, whole or as a list by group."""
    return book.progress(release_id) if by is None else book.progress(release_id, by)


@router.get("/history", response_model=list[answers.Event], dependencies=IN_TURN)
def history(
    book: Book,
    release_id: Annotated[AskedId | None, Query(alias="releaseId")] = None,
    customer_id: Annotated[AskedId | None, Query(alias="customerId")] = None,
    step_id: Annotated[AskedId | None, Query(alias="stepId")] = None,
    batch_id: Annotated[AskedId | None, Query(alias="batchId")] = None,
    newest: Newest = 100,
) -> list[values.Event]:
    """Give the newest events that match every parameter, oldest first."""
    wanted = {"release_id": release_id, "customer_id": customer_id, "step_id": step_id, "batch_id": batch_id}
    return book.history(**wanted, newest=newest)


@router.get("/activity", response_model=list[answers.Activity], dependencies=IN_TURN)
def activity(
    book: Book,
    release_id: Annotated[AskedId | None, Query(alias="releaseId")] = None,
    customer_id: Annotated[AskedId | None, Query(alias="customerId")] = None,
    newest: Newest = 50,
) -> tuple[Activity, ...]:
    """Give the newest batches with the names people know, the newest first."""
    return book.activity(release_id=release_id, customer_id=customer_id, newest=newest)


@router.get("/changes", response_model=answers.Changes)
def changes(book: Book, since: Annotated[int, Query(ge=0, le=MOST), Written]) -> Changes:
    """Give what was changed after a revision, and the revision now."""
    return book.changes_since(since)


@router.get("/versions", response_model=list[answers.CurrentVersion], dependencies=IN_TURN)
def versions(book: Book) -> list[dict[str, Any]]:
    """List the release that each customer completed last."""
    found = sorted(book.versions().items())
    return [{"customer_id": customer_id, **vars(version)} for customer_id, version in found]


@router.post("/undo", response_model=answers.Undone)
def undo(book: Book, body: Undo = Undo()) -> Undone:  # noqa: B008
    """Take a batch back; an undo can itself be undone."""
    return book.undo(body.batch_id, skip_touched=body.skip_touched)
