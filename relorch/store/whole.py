"""Every row of every table as the file holds it: how a whole workbook is written out and read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from relorch.store import events as record
from relorch.store.tables import (
    clusters,
    customer_steps,
    customers,
    events,
    release_customers,
    releases,
    step_templates,
)
from relorch.store.types import Flag, JsonText, OneOf, TextMap, UtcTime

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (clusters, customers, releases, step_templates, release_customers, customer_steps, events)
}
"""In the order in which rows only point at rows that are there."""

Kind = Literal["number", "time", "flag", "text", "map", "object", "choice"]
Values = tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a column may hold: time as whole microseconds since 1970-01-01 UTC, flag as 0 or 1, maps as JSON text."""

    name: str
    kind: Kind
    nullable: bool
    known: frozenset[str] = frozenset()


def shapes(table: str) -> tuple[Shape, ...]:
    """Give the columns of a table, in their order."""
    return tuple(
        Shape(column.name, _kind(column.type), bool(column.nullable), _known(column.type))
        for column in TABLES[table].columns
    )


def _known(stored: object) -> frozenset[str]:
    return frozenset(kind.value for kind in stored.kinds) if isinstance(stored, OneOf) else frozenset()


def _kind(stored: object) -> Kind:
    kinds: tuple[tuple[type, Kind], ...] = (
        (OneOf, "choice"),
        (UtcTime, "time"),
        (Flag, "flag"),
        (TextMap, "map"),
        (JsonText, "object"),
    )
    named = next((kind for cls, kind in kinds if isinstance(stored, cls)), None)
    return named or ("number" if "INT" in str(stored).upper() else "text")


def counts(connection: Connection) -> dict[str, int]:
    """Give how many rows each table has."""
    return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in TABLES}  # noqa: S608


def counters(connection: Connection) -> dict[str, int]:
    """Give the highest id each table ever had: none is given a second time, even when its row is gone."""
    found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return {name: number for name, number in found if name in TABLES}


def every_row(connection: Connection, table: str) -> Iterator[Values]:
    """Give the rows of a table by id, read as they are asked for."""
    names = ", ".join(f'"{column.name}"' for column in TABLES[table].columns)
    order = ", ".join(column.name for column in TABLES[table].primary_key)
    result = connection.exec_driver_sql(f"SELECT {names} FROM {table} ORDER BY {order}")  # noqa: S608
    try:
        while part := result.cursor.fetchmany(1_000):
            yield from part
    finally:
        result.close()


def add(connection: Connection, table: str, numbered: Sequence[tuple[int, Values]]) -> list[tuple[int, str]]:
    """Insert rows, each with the line it came from; give the lines that the database refuses, and why."""
    names = [f'"{column.name}"' for column in TABLES[table].columns]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    if not numbered or _added(connection, statement, [values for _, values in numbered]) is None:
        return []
    refused = [(line, values, _added(connection, statement, [values])) for line, values in numbered]
    return [(line, _why(connection, table, values, said)) for line, values, said in refused if said is not None]


def _added(connection: Connection, statement: str, values: list[Values]) -> str | None:
    connection.exec_driver_sql("SAVEPOINT added")
    try:
        connection.exec_driver_sql(statement, values)
    except IntegrityError as error:
        connection.exec_driver_sql("ROLLBACK TO added")
        return str(error.orig)
    connection.exec_driver_sql("RELEASE added")  # after another error there is none any more: a full disk ends it all
    return None


def _why(connection: Connection, table: str, values: Values, said: str) -> str:
    """Give which id points at nothing, where that is the reason; else what SQLite said."""
    row = dict(zip((column.name for column in TABLES[table].columns), values, strict=True))
    for key in TABLES[table].foreign_key_constraints if "FOREIGN KEY" in said else ():
        wanted = [row[name] for name in key.column_keys]
        there = " AND ".join(f"{element.column.name} = ?" for element in key.elements)
        query = f"SELECT 1 FROM {key.referred_table.name} WHERE {there}"  # noqa: S608
        if None not in wanted and connection.exec_driver_sql(query, tuple(wanted)).first() is None:
            ids = ", ".join(f"{name} {value}" for name, value in zip(key.column_keys, wanted, strict=True))
            return f"{ids}: there is no such row in {key.referred_table.name}"
    return said


def keep_counters(connection: Connection, wanted: Mapping[str, int]) -> None:
    """Make sure that no id up to these is given again."""
    there = counters(connection)
    for name, number in wanted.items():
        if name in there:
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, name))
        else:
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, number))


def strayed(connection: Connection) -> list[int]:
    """Give the steps whose template, or whose anchor, belongs to another release."""
    query = (
        "SELECT steps.id FROM customer_steps AS steps JOIN step_templates AS templates "
        "ON templates.id IN (steps.template_id, steps.anchor_template_id) "
        "WHERE templates.release_id != steps.release_id ORDER BY steps.id"
    )
    return [row[0] for row in connection.exec_driver_sql(query)]


class Chain:
    """Follows the record from its first event on."""

    def __init__(self) -> None:
        self._number, self._last = 0, record.GENESIS

    def holds(self, values: Values) -> bool:
        """Whether this event, as the file holds it, is the one after the last that was asked about."""
        *fields, digest = values
        fits = fields[0] == self._number + 1 and digest == record.chained(self._last, fields)
        self._number, self._last = int(fields[0] or 0), str(digest)
        return fits
