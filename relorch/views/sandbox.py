"""A DuckDB that has only the frames it is given: no files, no network, no settings, so much memory, so many seconds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from duckdb.sqltypes import DuckDBPyType

from relorch.errors import QueryError

MOST_BYTES = 512 * 1024 * 1024
"""How large an answer may be; more is hardly meant, and would be held in this process."""

_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # a table is a frame, never a variable of the code around
    "temp_directory": "",
    "memory_limit": "1GB",
    "threads": "2",
}
_PLAIN = frozenset(
    {"null", "boolean", "float", "double", "decimal", "varchar", "blob", "uuid", "enum", "date", "time"}
    | {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
    | {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
"""The types that polars has as well; a value of any other one becomes its text."""
_NESTED = frozenset({"list", "array", "struct", "map"})
_UNITS = {"ms": 10**3, "us": 10**6}


@cache
def _engine() -> DuckDBPyConnection:
    """Give the one DuckDB of the process, which holds nothing: opening one costs more than most queries."""
    connection = duckdb.connect(":memory:", config=_LOCKED)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection


def kinds_of(query: str) -> list[str]:
    """Give what DuckDB takes each statement of a text for, such as SELECT; raises `QueryError` with its message."""
    with _engine().cursor() as cursor:
        try:
            return [statement.type.name for statement in cursor.extract_statements(query)]
        except duckdb.Error as error:
            raise QueryError(_said(error)) from None


def functions_of(query: str) -> tuple[set[str], set[str]] | None:
    """Give what one statement calls, as DuckDB itself reads it: functions, and functions that stand for a table.

    None for a statement that DuckDB does not tell of, such as a PIVOT.
    """
    with _engine().cursor() as cursor:
        try:
            row = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
            read = json.loads(row[0]) if row is not None else {"error": True}
        except (duckdb.Error, RecursionError):
            return None
    if read["error"]:
        return None
    functions: set[str] = set()
    tables: set[str] = set()
    waiting: list[Any] = [read["statements"]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("type") == "TABLE_FUNCTION":
                tables.add(node["function"]["function_name"].lower())
                waiting += node["function"].values()
                node = {name: value for name, value in node.items() if name != "function"}
            elif isinstance(node.get("function_name"), str):
                functions.add(node["function_name"].lower())
            waiting += node.values()
    return functions, tables


def answer(query: str, frames: Mapping[str, pl.DataFrame], seconds: float) -> pl.DataFrame:
    """Give what one statement says over the frames, which are its only tables.

    Raises `QueryError` for what DuckDB refuses, after `seconds`, and for an answer of more than `MOST_BYTES`.
    """
    with _session(frames) as cursor, _deadline(cursor, seconds) as late:
        try:
            relation = cursor.sql(query)
            if relation is None:
                raise QueryError("The query gives no table; ask with one SELECT.")
            return _frame(relation, late)
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # OSError: what breaks while rows arrive
            if late.is_set():
                raise QueryError(
                    f"The query was stopped after {seconds:g} seconds; let it look at fewer rows."
                ) from None
            if isinstance(error, duckdb.FatalException | duckdb.InternalException):
                _engine.cache_clear()  # after these a DuckDB answers nothing any more; the next query gets a new one
            raise QueryError(_said(error)) from None


@contextmanager
def _session(frames: Mapping[str, pl.DataFrame]) -> Iterator[DuckDBPyConnection]:
    """Give a connection with these tables, in a transaction that can only read and that leaves nothing behind."""
    with _engine().cursor() as cursor:
        for name, frame in frames.items():
            cursor.register(name, frame.to_arrow(compat_level=pl.CompatLevel.newest()))  # nothing is copied
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        yield cursor  # closing it rolls back


@contextmanager
def _deadline(cursor: DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    """Stop what runs on `cursor` after so many seconds; the event says whether that happened."""
    done, late = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        late.set()
        cursor.interrupt()
        while not done.wait(0.05):  # an interrupt between two parts of the work is forgotten by DuckDB
            cursor.interrupt()

    watcher = threading.Thread(target=watch, name="relorch query deadline", daemon=True)
    watcher.start()
    try:
        yield late
    finally:
        done.set()
        watcher.join()


def _frame(relation: DuckDBPyRelation, late: threading.Event) -> pl.DataFrame:
    names, types = _unique(relation.columns), relation.types
    wanted = [_wanted(number, each) for number, each in enumerate(types, 1)]
    if any(not each.startswith("#") for each in wanted):
        relation = relation.project(", ".join(wanted))
    frame = pl.DataFrame(pl.from_arrow(_received(relation, names, late)))
    return frame.with_columns(_as_python(frame[name], kind) for name, kind in zip(names, types, strict=True))


def _wanted(number: int, kind: DuckDBPyType) -> str:
    """Give what to select for a column so that polars can hold it."""
    if kind.id == "interval":
        return f"epoch_us(#{number})"
    return f"#{number}" if _is_plain(kind) else f"CAST(#{number} AS VARCHAR)"


def _is_plain(kind: DuckDBPyType) -> bool:
    if kind.id not in _NESTED:
        return kind.id in _PLAIN
    inside = [child for _, child in kind.children if isinstance(child, DuckDBPyType)]
    # a date in there is not looked at one by one, and one outside of the calendar would end the thread
    return all(_is_plain(child) and not child.id.startswith(("date", "timestamp")) for child in inside)


def _received(relation: DuckDBPyRelation, names: Sequence[str], late: threading.Event) -> pa.Table:
    reader = relation.to_arrow_reader()
    batches, size = [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > MOST_BYTES:
            much = f"{MOST_BYTES // 1024**2} MB"
            raise QueryError(f"The answer is larger than {much}; ask for fewer rows or columns, or add a LIMIT.")
        if late.is_set():
            raise OSError("interrupted")
    return pa.Table.from_batches(batches, schema=reader.schema).rename_columns(list(names))


def _as_python(column: pl.Series, kind: DuckDBPyType) -> pl.Series:
    """Give a column as the type one reckons with: sums as whole numbers, intervals as durations."""
    if kind.id == "interval":
        return column.cast(pl.Duration("us"))
    if kind.id == "hugeint":
        if not column.to_physical().drop_nulls().is_between(1 - 10**38, 10**38 - 1).all():
            raise QueryError(f"Column {column.name} holds a number of more than 38 digits; cast it to VARCHAR.")
        whole = column.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column
    if isinstance(column.dtype, pl.Date | pl.Datetime) and not _in_calendar(column):
        raise QueryError(f"Column {column.name} holds a date outside of the years 1 to 9999; cast it to VARCHAR.")
    return column


def _in_calendar(column: pl.Series) -> bool:
    """Whether Python can show every date of a column; polars ends the thread over one that it cannot."""
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_unit == "ns":
        return True  # these end in 2262
    day = 86_400 * _UNITS[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    stored = column.to_physical().drop_nulls()
    return bool(stored.is_between(-719_162 * day, 2_932_897 * day - 1).all())


def _unique(names: Sequence[str]) -> list[str]:
    """Give the names of columns, the second a as a_2."""
    found: list[str] = []
    for name in names:
        number, free = 2, name
        while free in found or (free != name and free in names):
            free, number = f"{name}_{number}", number + 1
        found.append(free)
    return found


def _said(error: Exception) -> str:
    """Give DuckDB's own message; its advice about settings, which are locked here, is left out."""
    text = str(error).strip()
    if isinstance(error, duckdb.OutOfMemoryException) or text.startswith("Out of Memory"):
        return "The query needs more memory than the 1 GB it may use; let it look at fewer rows or columns."
    return text
