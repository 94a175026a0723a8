"""Frames: every table of the workbook, and the facts of all steps, as typed polars frames."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from relorch.errors import QueryError, shown
from relorch.store import Connection, Store, events
from relorch.store.frames import SOURCES, Kind, Source, fetch_chunks
from relorch.store.types import Damaged, to_microseconds
from relorch.views.kept import kept_of

NAMES: tuple[str, ...] = tuple(SOURCES)
"""Every frame there is."""

MINUTES = "minutes_to_execution"
"""A column of `step_facts`: minutes from the step's creation to its execution, null while it is pending."""
_FIRST, _LAST = (to_microseconds(moment.replace(tzinfo=UTC)) for moment in (datetime.min, datetime.max))


def frames_of(store: Store, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Give the frames of these names, all of one moment; what was read before is not read again until a newer event.

    Raises `QueryError` for a name that is none of `NAMES`.
    """
    # columns are shared; what a caller does to its frame is not
    return {name: frame.clone() for name, frame in kept_frames(store, names).items()}


def kept_frames(store: Store, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Give the frames that are kept, the same ones until a newer event; whoever asks must not change them."""
    wanted = [known(name) for name in names]
    kept = kept_of(store)
    with store.reading() as connection:
        found = kept.at(events.newest_id(connection))
    if not found.keys() >= set(wanted):
        # waiting happens outside of a transaction: one that waits would keep writers out
        with kept.reading, store.reading() as connection:
            newest = events.newest_id(connection)
            found = kept.at(newest)
            found |= {name: _read(connection, name) for name in wanted if name not in found}
        kept.keep(newest, found)
    return {name: found[name] for name in wanted}


def known(name: object) -> str:
    """Give `name` if a frame has it; raises `QueryError` that lists the known ones."""
    if isinstance(name, str) and name in SOURCES:
        return name
    raise QueryError(f"{shown(name)}: there is no such table; there are {', '.join(NAMES)}.")


def schema_of(name: str) -> dict[str, pl.DataType]:
    """Give the columns of a frame with their types."""
    schema = {column: _type(kind) for column, kind in SOURCES[name].columns.items()}
    return schema | ({MINUTES: pl.Float64()} if name == "step_facts" else {})


def _read(connection: Connection, name: str) -> pl.DataFrame:
    source = SOURCES[name]
    try:
        frame = pl.concat([_empty(source), *(_chunk(source, rows) for rows in fetch_chunks(connection, source))])
    except pl.exceptions.PolarsError as error:
        raise Damaged(f"a row of {name} does not fit: {error}") from None
    frame = frame.rechunk()
    return _with_minutes(frame) if name == "step_facts" else frame


def _with_minutes(frame: pl.DataFrame) -> pl.DataFrame:
    took = pl.col("executed_at") - pl.col("created_at")
    return frame.with_columns((took.dt.total_microseconds() / 60e6).alias(MINUTES))


def _empty(source: Source) -> pl.DataFrame:
    return pl.DataFrame(schema={column: _type(kind) for column, kind in source.columns.items()})


def _chunk(source: Source, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    columns = zip(source.columns.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_series(name, kind, values) for (name, kind), values in columns])


def _series(name: str, kind: Kind, values: tuple[Any, ...]) -> pl.Series:
    stored = pl.Int64 if kind in ("number", "time", "flag") else pl.String
    column = pl.Series(name, values, dtype=stored)
    if kind == "time" and not column.drop_nulls().is_between(_FIRST, _LAST).all():
        raise Damaged(f"{name} holds what is no time")
    return column.cast(_type(kind))


def _type(kind: Kind) -> pl.DataType:
    if isinstance(kind, type):
        return pl.Enum([each.value for each in kind])
    return {
        "number": pl.Int64(),
        "text": pl.String(),
        "time": pl.Datetime("us", "UTC"),
        "flag": pl.Boolean(),
    }[kind]
