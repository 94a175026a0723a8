"""The matrix: steps × customers, its cells ready as bytes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from relorch.model.status import CODE, OPEN, STATUSES
from relorch.store import Connection, releases, steps
from relorch.store.rows import RowDict
from relorch.store.types import Damaged

NO_STEP = 255
OVERRIDDEN, CUSTOM, NOTED, MOVED_ON, OUT_OF_ORDER = 1, 2, 4, 8, 16

_OPEN_CODES = frozenset(CODE[status] for status in OPEN)


class MatrixRow(NamedTuple):
    """One row: a live or retired template's step."""

    template_id: int
    category: str
    name: str
    type: str
    required: bool


class MatrixCustomer(NamedTuple):
    """One column: a member that is not removed."""

    id: int
    name: str
    namespace: str
    cluster_id: int
    cluster_name: str
    state: str


class Cell(NamedTuple):
    """One customer step in the matrix; `flags` adds up the marks of this module."""

    row: int
    column: int
    id: int
    version: int
    status: str
    flags: int


@dataclass(frozen=True)
class Matrix:
    """Steps × customers of one release.

    `rows` are in order, deploy before verify; `customers` by cluster and name. `ids`, `versions` (unsigned
    32 bit), `statuses` (index into `relorch.model.status.STATUSES`, 255: no step) and `flags` (8 bit)
    are row-major: the cell of row r and column c is at r · len(customers) + c.
    """

    release_id: int
    rows: tuple[MatrixRow, ...]
    customers: tuple[MatrixCustomer, ...]
    ids: array[int]
    versions: array[int]
    statuses: bytearray
    flags: bytearray

    def packed(self) -> bytes:
        """Give all cells for the widget: ids and versions as little-endian 32 bit, then statuses, then flags."""
        whole = [self.ids, self.versions]
        if sys.byteorder == "big":
            whole = [array(numbers.typecode, numbers) for numbers in whole]
            for numbers in whole:
                numbers.byteswap()
        return b"".join((*(numbers.tobytes() for numbers in whole), self.statuses, self.flags))

    def cell(self, row: int, column: int) -> Cell | None:
        """Give one cell, or None where the customer has no such step."""
        at = row * len(self.customers) + column
        if self.statuses[at] == NO_STEP:
            return None
        status = STATUSES[self.statuses[at]].value
        return Cell(row, column, self.ids[at], self.versions[at], status, self.flags[at])

    def cells(self, column: int | None = None) -> Iterator[Cell]:
        """Give the cells that hold a step, row by row; of one column when it is given."""
        columns = range(len(self.customers)) if column is None else (column,)
        for row in range(len(self.rows)):
            for at in columns:
                if (cell := self.cell(row, at)) is not None:
                    yield cell


def matrix_of(
    connection: Connection, release_id: int, cluster_id: int | None = None, customer_ids: Sequence[int] | None = None
) -> Matrix:
    """Give the matrix of a release: whole, of one cluster, or of some customers."""
    columns = _columns(connection, release_id, cluster_id, customer_ids)
    rows = _rows(connection, release_id)
    size = len(rows) * len(columns)
    empty = bytes(4 * size)
    matrix = Matrix(
        release_id,
        rows,
        columns,
        array("I", empty),
        array("I", empty),
        bytearray([NO_STEP]) * size,
        bytearray(size),
    )
    _fill(matrix, steps.matrix_cells(connection, release_id, cluster_id, customer_ids))
    return matrix


def _columns(
    connection: Connection, release_id: int, cluster_id: int | None, customer_ids: Sequence[int] | None
) -> tuple[MatrixCustomer, ...]:
    wanted = None if customer_ids is None else set(customer_ids)
    return tuple(
        _column(row)
        for row in steps.members(connection, release_id, cluster_id)
        if wanted is None or row["customer_id"] in wanted
    )


def _column(row: RowDict) -> MatrixCustomer:
    names = ("customer_id", "name", "namespace", "cluster_id", "cluster_name", "state")
    return MatrixCustomer(*(row[name] for name in names))


def _rows(connection: Connection, release_id: int) -> tuple[MatrixRow, ...]:
    names = ("id", "category", "name", "type", "required")
    return tuple(MatrixRow(*(row[name] for name in names)) for row in releases.live_templates(connection, release_id))


def _fill(matrix: Matrix, cells: Sequence[tuple[Any, ...]]) -> None:
    """Put each step where it belongs; a closed one after an open one of its customer is out of order."""
    width = len(matrix.customers)
    column_of = {customer.id: at for at, customer in enumerate(matrix.customers)}
    start_of = {row.template_id: at * width for at, row in enumerate(matrix.rows)}
    ids, versions, statuses, flags = matrix.ids, matrix.versions, matrix.statuses, matrix.flags
    customer, column, open_before = None, None, False
    for customer_id, template_id, _, step_id, version, status, marks in cells:
        if customer_id != customer:
            customer, column, open_before = customer_id, column_of.get(customer_id), False
        start = start_of.get(template_id)
        if column is None or start is None:
            continue
        code = CODE.get(status, NO_STEP)
        if code == NO_STEP:
            raise Damaged(f"{status!r} is no status")
        at = start + column
        ids[at], versions[at], statuses[at] = step_id, version, code
        if code in _OPEN_CODES:
            open_before = True
            flags[at] = marks
        else:
            flags[at] = marks | OUT_OF_ORDER if open_before else marks
