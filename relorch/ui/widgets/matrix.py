"""The matrix: steps × customers, drawn by the browser from bytes, kept up to date by patches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import anywidget
import traitlets
from pydantic import ValidationError

from relorch.errors import Conflict, RelorchError, StorageError
from relorch.model.status import CODE
from relorch.model.text import visible
from relorch.model.values import Member, MemberState, Release
from relorch.ui import words
from relorch.ui.widgets import module, style
from relorch.ui.widgets.bulk import (
    MESSAGE,
    PREVIEWED,
    REMEMBERED,
    Do,
    Kept,
    Preview,
    Seen,
    Undo,
    apply,
    previewed,
    refusals,
)
from relorch.views.matrix import NO_STEP, Matrix
from relorch.workbook import Changes, Workbook

PATCHED_AT_MOST = 200
"""When more columns than these change, all cells are sent anew: as bytes they are a twentieth of the size."""


class MatrixWidget(anywidget.AnyWidget):
    """Steps × customers of one release. It shows and selects; a verb for several selected steps is previewed and done.

    A verb for one step goes through the step beside it. What the browser sends is checked as any stranger's
    words, and again by the workbook; ids are those of this release's cells, batches those this page stored.
    """

    _esm = module("matrix")
    _css = style("matrix")
    head = traitlets.Dict().tag(sync=True)
    cells = traitlets.Bytes().tag(sync=True)
    channel = traitlets.Unicode().tag(sync=True)
    selected = traitlets.Int().tag(sync=True)

    def __init__(self, workbook: Workbook, release: Release, *, channel: str, selected: int = 0) -> None:
        self._workbook = workbook
        self._release = release
        self._answers: Kept[dict[str, Any]] = Kept(REMEMBERED)
        self._previews: Kept[Seen] = Kept(PREVIEWED)
        self._batches: Kept[frozenset[int]] = Kept(REMEMBERED)  # what this page stored: the customers of each batch
        matrix = workbook.matrix(release.id)
        super().__init__(head=self._look(matrix), cells=matrix.packed(), channel=channel, selected=selected)
        self.on_msg(self._receive)

    def refresh(self, customer_ids: Collection[int], *, own: bool = False) -> None:
        """Draw the columns of these customers anew, as they are stored now; `own`: this very page changed them."""
        shown = [customer_id for customer_id in dict.fromkeys(customer_ids) if customer_id in self._column_of]
        if not shown:
            return
        if len(shown) > PATCHED_AT_MOST:
            self._reload()
            return
        matrix = self._workbook.matrix(self._release.id, customer_ids=shown)
        if matrix.rows != self._rows:
            self._reload()
            return
        self.send({"type": "patch", "own": own, "cells": list(self._patches(matrix))})

    def follow(self, changes: Changes) -> None:
        """Draw what others changed: the columns of their customers, or everything when more than steps changed."""
        if changes.releases & {self._release.id, None}:
            self._reload()
        else:
            self.refresh(sorted(changes.customers))

    def _patches(self, matrix: Matrix) -> Any:
        """Give every cell of these columns; where there is no step, one that was there is taken away."""
        columns = [self._column_of[customer.id] for customer in matrix.customers]
        for row in range(len(matrix.rows)):
            for at, column in enumerate(columns):
                cell = matrix.cell(row, at)
                if cell is None:
                    yield [row, column, 0, 0, NO_STEP, 0]
                else:
                    self._ids.add(cell.id)
                    yield [row, column, cell.id, cell.version, CODE[cell.status], cell.flags]

    def _reload(self) -> None:
        """Send the whole matrix anew: it has other rows or customers than before, or much of it changed."""
        self._release = self._workbook.releases.get(self._release.id)
        matrix = self._workbook.matrix(self._release.id)
        with self.hold_sync():
            self.head = self._look(matrix)
            self.cells = matrix.packed()

    def _look(self, matrix: Matrix) -> dict[str, Any]:
        """Take over what is sent from now on, and give what stands around the cells."""
        self._rows = matrix.rows
        self._column_of = {customer.id: at for at, customer in enumerate(matrix.customers)}
        self._ids = set(matrix.ids) - {0}
        return _head(matrix, self._release, self._workbook)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = MESSAGE.validate_python(content)
        except ValidationError:
            message = None
        if message is None or not self._knows(message):
            number = content.get("request") if isinstance(content, dict) else 0
            request = number if type(number) is int else 0
            self.send({"type": "refused", "request": request, "message": words.NOT_UNDERSTOOD})
        elif isinstance(message, Preview):
            self._preview(message)
        elif (before := self._answers.of(message.request)) is not None:
            self.send(before)
        elif isinstance(message, Do):
            self._do(message)
        else:
            self._undo(message)

    def _knows(self, message: Preview | Do | Undo) -> bool:
        """Whether the message is about cells of this matrix, or about a batch that this page stored."""
        if isinstance(message, Undo):
            return self._batches.of(message.batch) is not None
        return len(message.ids) == len(message.versions) and self._ids.issuperset(message.ids)

    def _preview(self, message: Preview) -> None:
        try:
            answer, seen = previewed(self._workbook, message)
            self._previews.keep(message.request, seen)
        except RelorchError as error:
            answer = _failed(message.request, error)
        self.send(answer)

    def _do(self, message: Do) -> None:
        try:
            outcome = apply(self._workbook, message, self._previews.of(message.request))
        except RelorchError as error:
            self.send(_failed(message.request, error))
            return
        changed = frozenset(step.customer_id for step in outcome.steps)
        if outcome.batch_id is not None:
            self._batches.keep(outcome.batch_id, changed)
        answer = {
            "type": "applied",
            "request": message.request,
            "verb": message.verb.value,
            "batch": outcome.batch_id,
            "count": len(outcome.steps),
            "refused": refusals(outcome.refused, message.verb, self._workbook.operator),
        }
        self.send(self._answers.keep(message.request, answer))
        self._show(changed)

    def _undo(self, message: Undo) -> None:
        try:
            undone = self._workbook.undo(message.batch, skip_touched=message.skip_touched)
        except RelorchError as error:
            touched = isinstance(error, Conflict) and not message.skip_touched
            again = isinstance(error, StorageError)
            self.send(_failed(message.request, error) | {"touched": touched, "again": again})
            return
        answer = {"type": "undone", "request": message.request, "count": len(undone.step_ids), "left": len(undone.left)}
        self.send(self._answers.keep(message.request, answer))
        self._show(self._batches.of(message.batch) or ())

    def _show(self, customer_ids: Collection[int]) -> None:
        """Draw what was just stored; when that cannot be read now, the page follows by itself a moment later."""
        try:
            self.refresh(customer_ids, own=True)
        except StorageError:
            return


def _failed(request: int, error: RelorchError) -> dict[str, Any]:
    kind = "not_saved" if isinstance(error, StorageError) else "refused"
    return {"type": kind, "request": request, "message": str(error)}


def _head(matrix: Matrix, release: Release, workbook: Workbook) -> dict[str, Any]:
    clusters = {customer.cluster_id: customer.cluster_name for customer in matrix.customers}
    place = {cluster_id: at for at, cluster_id in enumerate(clusters)}
    return {
        "release": {
            "id": release.id,
            "name": visible(release.name),
            "version": release.version_number,
            "status": release.status.value,
        },
        "operator": workbook.operator,
        "clusters": [{"id": cluster_id, "name": visible(name)} for cluster_id, name in clusters.items()],
        "customers": [
            {
                "id": customer.id,
                "name": visible(customer.name),
                "namespace": customer.namespace,
                "cluster": place[customer.cluster_id],
                "state": customer.state,
            }
            for customer in matrix.customers
        ],
        "removed": _removed(workbook, workbook.releases.members(release.id)),
        "rows": [
            {
                "key": row.key,
                "category": row.category,
                "name": visible(f"{row.name} (retired)" if row.retired else row.name),
                "type": row.type,
                "template_id": row.template_id,
                "required": row.required,
            }
            for row in matrix.rows
        ],
    }


def _removed(workbook: Workbook, members: Sequence[Member]) -> list[dict[str, str]]:
    """Give who was removed from the release, by name, and why."""
    why = {member.customer_id: member.reason or "" for member in members if member.state is MemberState.REMOVED}
    if not why:
        return []
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    return [
        {
            "name": visible(customer.name),
            "where": visible(f"{clusters[customer.cluster_id]}/{customer.namespace}"),
            "reason": visible(why[customer.id]),
        }
        for customer in workbook.customers.list(inactive=True)
        if customer.id in why
    ]
