"""The matrix: steps × customers, drawn by the browser from bytes, kept up to date by patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from relorch.model.text import visible
from relorch.model.values import Release
from relorch.ui.widgets import module, style
from relorch.views.matrix import Matrix
from relorch.workbook import Changes, Workbook


class MatrixWidget(anywidget.AnyWidget):
    """Steps × customers of one release. It only shows and selects: verbs go through the step beside it."""

    _esm = module("matrix")
    _css = style("matrix")
    head = traitlets.Dict().tag(sync=True)
    cells = traitlets.Bytes().tag(sync=True)
    channel = traitlets.Unicode().tag(sync=True)
    selected = traitlets.Int().tag(sync=True)

    def __init__(self, workbook: Workbook, release: Release, *, channel: str, selected: int = 0) -> None:
        matrix = workbook.matrix(release.id)
        super().__init__(
            head=_head(matrix, release, workbook.operator), cells=matrix.packed(), channel=channel, selected=selected
        )
        self._workbook = workbook
        self._release = release
        self._row_of = {row.key: at for at, row in enumerate(matrix.rows)}
        self._column_of = {customer.id: at for at, customer in enumerate(matrix.customers)}

    def refresh(self, customer_ids: Sequence[int]) -> None:
        """Draw the columns of these customers anew, as they are stored now."""
        shown = [customer_id for customer_id in dict.fromkeys(customer_ids) if customer_id in self._column_of]
        if not shown:
            return
        matrix = self._workbook.matrix(self._release.id, customer_ids=shown)
        if any(row.key not in self._row_of for row in matrix.rows):
            self._reload()
            return
        self.send({"type": "patch", "cells": list(self._patches(matrix))})

    def follow(self, changes: Changes) -> None:
        """Draw what others changed: the columns of their customers, or everything when more than steps changed."""
        if changes.releases & {self._release.id, None}:
            self._reload()
        else:
            self.refresh(sorted(changes.customers))

    def _patches(self, matrix: Matrix) -> Any:
        rows = [self._row_of[row.key] for row in matrix.rows]
        columns = [self._column_of[customer.id] for customer in matrix.customers]
        for cell in matrix.cells():
            at = cell.row * len(columns) + cell.column
            yield [rows[cell.row], columns[cell.column], cell.id, cell.version, matrix.statuses[at], cell.flags]

    def _reload(self) -> None:
        """Send the whole matrix anew: it has other rows than before."""
        matrix = self._workbook.matrix(self._release.id)
        self._row_of = {row.key: at for at, row in enumerate(matrix.rows)}
        self._column_of = {customer.id: at for at, customer in enumerate(matrix.customers)}
        with self.hold_sync():
            self.head = _head(matrix, self._release, self._workbook.operator)
            self.cells = matrix.packed()


def _head(matrix: Matrix, release: Release, operator: str) -> dict[str, Any]:
    clusters = {customer.cluster_id: customer.cluster_name for customer in matrix.customers}
    place = {cluster_id: at for at, cluster_id in enumerate(clusters)}
    return {
        "release": {
            "id": release.id,
            "name": visible(release.name),
            "version": release.version_number,
            "status": release.status.value,
        },
        "operator": operator,
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
