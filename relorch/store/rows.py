"""Rows of any table, as plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Select, Table, insert, select, update

RowDict = dict[str, Any]
CHUNK = 1_000
"""How many ids go into one IN (…)."""


def fetch(connection: Connection, query: Select[Any]) -> list[RowDict]:
    """Give all rows of `query`; the result is closed before this returns."""
    return [dict(row) for row in connection.execute(query).mappings().all()]


def fetch_one(connection: Connection, query: Select[Any]) -> RowDict | None:
    """Give the first row of `query`, or None."""
    row = connection.execute(query.limit(1)).mappings().all()
    return dict(row[0]) if row else None


def driver_rows(connection: Connection, query: Executable) -> list[tuple[Any, ...]]:
    """Give the rows of `query` as the driver's own tuples: no Row each, and nothing turned into Python's types."""
    result = connection.execute(query)
    try:
        return result.cursor.fetchall()  # type: ignore[return-value]
    finally:
        result.close()


def by_id(connection: Connection, table: Table, row_id: int) -> RowDict | None:
    """Give the row of `table` with this id, or None."""
    return fetch_one(connection, select(table).where(table.c.id == row_id))


def by_ids(connection: Connection, table: Table, ids: Sequence[int]) -> dict[int, RowDict]:
    """Give the rows of `table` with these ids, by id; unknown ids are missing."""
    return {
        row["id"]: row for part in chunks(ids) for row in fetch(connection, select(table).where(table.c.id.in_(part)))
    }


def where(connection: Connection, table: Table, *order: str, **equal: Any) -> list[RowDict]:
    """Give the rows of `table` whose columns equal `equal`, in the order of the named columns."""
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    return fetch(connection, query.order_by(*(table.c[name] for name in order)))


def add(connection: Connection, table: Table, now: datetime, **values: Any) -> RowDict:
    """Insert a row created at `now`, and give it whole."""
    query = insert(table).values(**values, created_at=now, updated_at=now).returning(table)
    return dict(connection.execute(query).mappings().one())


def add_all(connection: Connection, table: Table, now: datetime, values: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows created at `now`, all with the same columns given, and give their ids in the same order."""
    if not values:
        return []
    query = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    times = {"created_at": now, "updated_at": now}
    return list(connection.execute(query, [{**each, **times} for each in values]).scalars())


def change(connection: Connection, table: Table, row_id: int, now: datetime, **values: Any) -> RowDict:
    """Set columns of one row, raise its version, and give it whole."""
    query = (
        update(table)
        .where(table.c.id == row_id)
        .values(**values, updated_at=now, row_version=table.c.row_version + 1)
        .returning(table)
    )
    return dict(connection.execute(query).mappings().one())


def add_many(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with all their columns given."""
    if values:
        connection.execute(insert(table), list(values))


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut ids into lists that fit into one statement."""
    every = list(ids)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[RowDict, RowDict]:
    """Give the columns in which two versions of a row differ: as they were, as they are.

    `row_version` and `updated_at` always differ and say nothing.
    """
    names = [name for name in after if name not in _SILENT and before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def plain(values: Mapping[str, Any]) -> RowDict:
    """Give columns as JSON can hold them: times become ISO 8601 texts."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


_SILENT = frozenset({"row_version", "updated_at"})
