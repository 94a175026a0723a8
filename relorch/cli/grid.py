"""The matrix as letters: a line per customer, a letter per step."""

from __future__ import annotations

from typing import Any

from relorch.cli.output import complain, say_table
from relorch.cli.wire import wire
from relorch.model.status import STATUSES, Status
from relorch.views.matrix import NO_STEP, Matrix

_LETTER = {
    Status.PENDING: ".",
    Status.IN_PROGRESS: ">",
    Status.DONE: "D",
    Status.SKIPPED: "S",
    Status.FAILED: "F",
    Status.REVERTED: "R",
}
_LETTERS = [_LETTER[status] for status in STATUSES]


def print_matrix(matrix: Matrix) -> None:
    """Print a line per customer; what the letters and columns mean goes to stderr."""
    if not matrix.customers:
        complain("nobody takes part in this release yet.")
        return
    say_table(
        ("id", "cluster", "namespace", "customer", "state", "steps"), map(_Lines(matrix), range(len(matrix.customers)))
    )
    meanings = ", ".join(f"{letter} {status.value.replace('_', ' ')}" for status, letter in _LETTER.items())
    complain(f"{meanings}; a blank: no such step; | stands between deploy and verify. The steps, from the left:")
    for number, row in enumerate(matrix.rows, start=1):
        complain(f"{number:3} {row.category} {row.name}")


def matrix_as_json(matrix: Matrix) -> dict[str, Any]:
    """Give the matrix for programs: its rows, its customers, and every cell that holds a step."""
    return {
        "releaseId": matrix.release_id,
        "rows": wire(matrix.rows),
        "customers": wire(matrix.customers),
        "cells": [wire(cell) for cell in matrix.cells()],
    }


class _Lines:
    """The line of a customer, by its column."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.verify = next((at for at, row in enumerate(matrix.rows) if row.category == "verify"), None)

    def __call__(self, column: int) -> tuple[object, ...]:
        customer = self.matrix.customers[column]
        letters = [self._letter(row, column) for row in range(len(self.matrix.rows))]
        if self.verify:
            letters.insert(self.verify, "|")
        state = "" if customer.state == "active" else customer.state
        return customer.id, customer.cluster_name, customer.namespace, customer.name, state, "".join(letters)

    def _letter(self, row: int, column: int) -> str:
        code = self.matrix.statuses[row * len(self.matrix.customers) + column]
        return " " if code == NO_STEP else _LETTERS[code]
