"""The matrix: steps × customers, its cells ready as bytes."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from relorch.model.ordering import END, Anchor, Side, anchor_of
from relorch.model.status import CODE, OPEN, STATUSES
from relorch.model.values import Category
from relorch.store import Connection, releases, steps
from relorch.store.rows import RowDict
from relorch.store.types import Damaged

NO_STEP = 255
OVERRIDDEN, CUSTOM, NOTED, MOVED_ON, OUT_OF_ORDER, CLAIMED = 1, 2, 4, 8, 16, 32

_OPEN_CODES = frozenset(CODE[status] for status in OPEN)


class MatrixRow(NamedTuple):
    """One row: a live template's steps, those a retired one left, or custom steps that share an anchor.

    `template_id` is None for custom steps; `key` tells rows apart and stays the same from look to look.
    """

    template_id: int | None
    category: str
    name: str
    type: str
    required: bool
    key: str
    retired: bool = False


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
    connection: Connection,
    release_id: int,
    cluster_id: int | None = None,
    customer_ids: Sequence[int] | None = None,
    *,
    operator: str,
) -> Matrix:
    """Give the matrix of a release as `operator` sees it: whole, of one cluster, or of some customers."""
    columns = _columns(connection, release_id, cluster_id, customer_ids)
    rows, row_of = _rows(connection, release_id)
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
    _fill(matrix, steps.matrix_cells(connection, release_id, cluster_id, customer_ids, operator), row_of)
    return matrix


def _columns(
    connection: Connection, release_id: int, cluster_id: int | None, customer_ids: Sequence[int] | None
) -> tuple[MatrixCustomer, ...]:
    return tuple(_column(row) for row in steps.members(connection, release_id, cluster_id, customer_ids))


def _column(row: RowDict) -> MatrixCustomer:
    names = ("customer_id", "name", "namespace", "cluster_id", "cluster_name", "state")
    return MatrixCustomer(*(row[name] for name in names))


@dataclass(frozen=True)
class _RowOf:
    """Which row a step stands in: that of its live template, else one of its own kind."""

    templates: dict[int, int]
    followers: dict[int, int]


def _rows(connection: Connection, release_id: int) -> tuple[tuple[MatrixRow, ...], _RowOf]:
    """Give the rows in order, and which step stands in which."""
    live = releases.live_templates(connection, release_id)
    groups = _follower_groups(steps.followers(connection, release_id))
    names = _retired_names(connection, release_id) if groups else {}
    rows: list[MatrixRow] = []
    row_of = _RowOf({}, {})
    for category in Category:
        own = [row for row in live if row["category"] == category]
        rows += _category_rows(category.value, own, groups, names, row_of, len(rows))
    return tuple(rows), row_of


_Place = tuple[str, Anchor]
_Rows = dict[str, list[RowDict]]
"""Key of a row -> the steps in it, in the order of the rows."""


def _follower_groups(followers: Sequence[RowDict]) -> dict[_Place, _Rows]:
    """Put the steps that no live template places into rows, by the place they stand at."""
    columns: dict[_Place, dict[int, list[RowDict]]] = {}
    for row in followers:
        place = (row["category"], anchor_of(row["anchor_template_id"], row["anchor_side"]))
        columns.setdefault(place, {}).setdefault(row["customer_id"], []).append(row)
    return {place: _shared_rows(place, list(of_customers.values())) for place, of_customers in columns.items()}


def _shared_rows(place: _Place, columns: Sequence[Sequence[RowDict]]) -> _Rows:
    """Give rows in which each customer's steps keep that customer's order.

    Custom steps share rows, and so do the steps of a retired template; it has a second row only where customers
    have them in different orders.
    """
    kinds = [tuple(row["template_id"] for row in column) for column in columns]
    order = _common_order(list(dict.fromkeys(kinds)))
    keys = _keys(place, order)
    rows: _Rows = {key: [] for key in keys}
    for column in columns:
        at = -1
        for row in column:
            at = order.index(row["template_id"], at + 1)
            rows[keys[at]].append(row)
    return rows


def _common_order(sequences: Sequence[Sequence[int | None]]) -> list[int | None]:
    """Give a sequence that holds every one of these in its order, and little more."""
    order: list[int | None] = []
    for sequence in sequences:
        changes = SequenceMatcher(None, order, sequence, autojunk=False).get_opcodes()
        parts = [order[i:j] + list(sequence[k:m] if tag != "equal" else ()) for tag, i, j, k, m in changes]
        order = [kind for part in parts for kind in part]
    return order


def _keys(place: _Place, order: Sequence[int | None]) -> list[str]:
    category, anchor = place
    seen: Counter[int | None] = Counter()
    keys = []
    for kind in order:
        number = seen[kind]
        seen[kind] += 1
        if kind is None:
            keys.append(f"custom-{category}-{anchor.template_id or 'end'}-{anchor.side}-{number}")
        else:
            keys.append(f"template-{kind}-{number}" if number else f"template-{kind}")
    return keys


def _category_rows(
    category: str,
    live: Sequence[RowDict],
    groups: dict[_Place, _Rows],
    names: dict[int, str],
    row_of: _RowOf,
    start: int,
) -> list[MatrixRow]:
    rows: list[MatrixRow] = []

    def stand(place: Anchor) -> None:
        for key, members in groups.get((category, place), {}).items():
            row_of.followers.update((member["id"], start + len(rows)) for member in members)
            rows.append(_follower_row(key, members, names))

    for template in live:
        stand(Anchor(template["id"], Side.BEFORE))
        row_of.templates[template["id"]] = start + len(rows)
        said = {name: template[name] for name in ("category", "name", "type", "required")}
        rows.append(MatrixRow(template_id=template["id"], key=f"template-{template['id']}", **said))
        stand(Anchor(template["id"], Side.AFTER))
    stand(END)
    return rows


def _follower_row(key: str, members: Sequence[RowDict], names: dict[int, str]) -> MatrixRow:
    first = members[0]
    if first["template_id"] is not None:
        name = names[first["template_id"]]
        return MatrixRow(first["template_id"], first["category"], name, first["type"], False, key, retired=True)
    alike = {member["name"] for member in members}
    name = first["name"] if len(alike) == 1 else "custom steps"
    return MatrixRow(None, first["category"], name, first["type"], False, key)


def _retired_names(connection: Connection, release_id: int) -> dict[int, str]:
    return {row["id"]: row["name"] for row in releases.all_templates(connection, release_id) if row["is_retired"]}


def _fill(matrix: Matrix, cells: Sequence[tuple[Any, ...]], row_of: _RowOf) -> None:
    """Put each step where it belongs; a closed one after an open one of its customer is out of order."""
    width = len(matrix.customers)
    column_of = {customer.id: at for at, customer in enumerate(matrix.customers)}
    start_of = {template_id: row * width for template_id, row in row_of.templates.items()}
    ids, versions, statuses, flags = matrix.ids, matrix.versions, matrix.statuses, matrix.flags
    customer, column, open_before = None, None, False
    for customer_id, template_id, _, step_id, version, status, marks in cells:
        if customer_id != customer:
            customer, column, open_before = customer_id, column_of.get(customer_id), False
        if column is None:
            continue
        start = start_of.get(template_id)
        if start is None:
            start = row_of.followers[step_id] * width  # custom, or of a retired template
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
