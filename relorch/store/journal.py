"""What a batch did to rows, written so that it can be taken back.

An event of one step holds the columns it changed in `before` and `after`. An event of more (a template and
the steps that follow it) lists them under `rows`, each entry a table, ids, and the columns before and after:
no `before`: the rows were added; no `after`: they were removed, and `before` holds them whole, or with `like` only
what differs from the earlier entry of that id.
With both goes a digest of each row as the event left it; while it still fits, nothing touched the row since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, update

from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, step_templates
from relorch.store.types import dump_json

TABLES: Mapping[str, Table] = {table.name: table for table in (step_templates, customer_steps)}
_UNSAID = frozenset({"row_version", "updated_at", "order_index"})
"""Columns that say nothing about whether somebody touched a row: order has its own entry."""

_STEP_NAMES = tuple(column.name for column in customer_steps.c if column.name not in _UNSAID)
_DIGEST_LENGTH = 16


def columns(table: Table, values: Mapping[str, Any]) -> RowDict:
    """Give what `plain` made of columns of `table` as the table takes them."""
    times = {column.name for column in table.c if column.name.endswith("_at")}
    return {
        name: datetime.fromisoformat(value) if name in times and isinstance(value, str) else value
        for name, value in values.items()
        if name in table.c
    }


def step_digest(row: Mapping[str, Any]) -> str:
    """Give a short digest of all a step's row says, but its place, version and time of change."""
    return _digest({name: row[name] for name in _STEP_NAMES})


def digest(table: Table, row: Mapping[str, Any]) -> str:
    """Give the digest of a row of `table`, as `step_digest` does."""
    return _digest({column.name: row[column.name] for column in table.c if column.name not in _UNSAID})


def entry(table: Table, found: Sequence[RowDict], *, before: RowDict | None, after: RowDict | None) -> RowDict:
    """Give an entry of `rows` for rows that all got the same columns; `found` are they as they are now."""
    return {
        "table": table.name,
        "ids": [row["id"] for row in found],
        "digests": [digest(table, row) for row in found],
        "before": None if before is None else rows.plain(before),
        "after": None if after is None else rows.plain(after),
    }


def removed(table: Table, row: RowDict, beside: Sequence[int] | None = None) -> RowDict:
    """Give the entry of a row that is gone; `beside`: the steps it stood among, itself too, in order."""
    gone = {"table": table.name, "ids": [row["id"]], "digests": [], "before": rows.plain(row), "after": None}
    return gone if beside is None else gone | {"beside": list(beside)}


def set_columns(
    connection: Connection, table: Table, ids: Iterable[int], values: Mapping[str, Any], now: datetime
) -> None:
    """Set columns of rows, raising their versions."""
    wanted = columns(table, values) | {"updated_at": now, "row_version": table.c.row_version + 1}
    for part in rows.chunks(ids):
        connection.execute(update(table).where(table.c.id.in_(part)).values(**wanted))


def take_out(connection: Connection, table: Table, ids: Iterable[int]) -> None:
    """Delete rows."""
    for part in rows.chunks(ids):
        connection.execute(delete(table).where(table.c.id.in_(part)))


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(dump_json(rows.plain(values)).encode()).hexdigest()[:_DIGEST_LENGTH]
