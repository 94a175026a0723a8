"""Whether a workbook is whole: what SQLite says, what the record says, and whether its guards are there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from relorch.errors import CannotOpen
from relorch.model.placeholders import sha256
from relorch.store import events
from relorch.store.tables import APPEND_ONLY, metadata
from relorch.store.types import to_microseconds

_MOST = 100
_UNREADABLE = (DatabaseError, sqlite3.DatabaseError)


@dataclass(frozen=True)
class Check:
    """What is wrong with a workbook; nothing where everything is empty and no event is broken.

    `integrity`: sentences of SQLite; `foreign_keys`: rows that point at nothing; `missing`: tables, indexes and
    triggers that are not as relorch made them; `first_broken_event`: from this event on the record was changed;
    `texts`: steps whose recorded text is not the one that its digest was made of; `states`: steps whose status, text,
    operator, time, notes or reason is not what their events say.
    """

    integrity: tuple[str, ...]
    foreign_keys: tuple[str, ...]
    missing: tuple[str, ...]
    first_broken_event: int | None
    texts: tuple[int, ...]
    states: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        found = self.integrity or self.foreign_keys or self.missing or self.texts or self.states
        return not found and self.first_broken_event is None


def check(connection: Connection) -> Check:
    """Look at everything; at most 100 of each kind are told."""
    integrity = _integrity(connection)

    def seen(look: Callable[[Connection], Any], otherwise: Any) -> Any:
        try:
            return look(connection)
        except _UNREADABLE:  # of what cannot be read SQLite has said enough already
            if not integrity:
                raise
            return otherwise

    missing = seen(missing_parts, ())
    whole = not any(part.startswith("table ") for part in missing)
    return Check(
        integrity,
        seen(_dangling, ()),
        missing,
        seen(events.first_broken, None) if whole else None,
        seen(_wrong_texts, ()) if whole else (),
        seen(untold, ())[:_MOST] if whole else (),
    )


def _integrity(connection: Connection) -> tuple[str, ...]:
    """Give what SQLite finds wrong with the file."""
    damage = ""
    for most in (_MOST, 1):  # a page that cannot be read ends the longer list with an error
        try:
            said = [row[0] for row in connection.exec_driver_sql(f"PRAGMA integrity_check({most})")]
        except DatabaseError as error:
            damage = str(error.orig)
        else:
            return () if said == ["ok"] else tuple(said)
    return (damage,)


def _dangling(connection: Connection) -> tuple[str, ...]:
    found = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST)
    return tuple(f"{table} row {row}: its {parent} is not there" for table, row, parent, _ in found)


def missing_parts(connection: Connection) -> tuple[str, ...]:
    """Give tables, indexes and triggers that the schema has and the file has not, or not as relorch made them."""
    query = "SELECT type || ' ' || name, sql FROM sqlite_master"
    found: dict[str, str | None] = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    wanted = [f"table {name}" for name in metadata.tables]
    wanted += [f"index {index.name}" for table in metadata.tables.values() for index in table.indexes]
    guards = {f"trigger {made.split()[2]}": made for made in APPEND_ONLY}
    gone = [name for name in sorted(wanted) if name not in found]
    return (*gone, *(name for name, made in guards.items() if found.get(name) != made))


def refuse_without_tables(connection: Connection, path: Path) -> None:
    """Refuse with `CannotOpen` a workbook that has lost a table: nothing could be recorded, or trusted, in it."""
    gone = ", ".join(part for part in missing_parts(connection) if part.startswith("table "))
    if gone:
        raise CannotOpen(f"{path}: this workbook is damaged ({gone} is missing); 'relorch restore' puts a backup back.")


_EXECUTED = ("status", "executed_by", "executed_sha256", "notes", "skip_reason", "executed_at")
_NEVER_TOUCHED = ("pending", None, None, None, None, None)


def untold(connection: Connection) -> tuple[int, ...]:
    """Give the steps whose status, operator, executed text, time, notes or reason is not what their events say.

    A step that no event is about is pending: it came with its release.
    """
    recorded = _recorded(connection)
    result = connection.exec_driver_sql(f"SELECT id, {', '.join(_EXECUTED)} FROM customer_steps ORDER BY id")  # noqa: S608
    return tuple(step for step, *now in result if tuple(now) != _stored(recorded.get(step, _NEVER_TOUCHED)))


def _recorded(connection: Connection) -> dict[int, tuple[str | None, ...]]:
    """Give what the newest event that names each of these columns made of it, by step."""
    said = ", ".join(f"json_type(after, '$.{name}'), json_extract(after, '$.{name}')" for name in _EXECUTED)
    query = f"SELECT step_id, {said} FROM events WHERE step_id IS NOT NULL AND json_valid(after) ORDER BY id"  # noqa: S608
    recorded: dict[int, tuple[str | None, ...]] = {}
    for step, *told in connection.exec_driver_sql(query):
        was = recorded.get(step, _NEVER_TOUCHED)
        named = zip(told[::2], told[1::2], was, strict=True)
        recorded[step] = tuple(old if kind is None else new for kind, new, old in named)
    return recorded


def _stored(told: tuple[str | None, ...]) -> tuple[str | int | None, ...]:
    """Give what events say as columns hold it: a time as microseconds."""
    *others, at = told
    try:
        return (*others, None if at is None else to_microseconds(datetime.fromisoformat(at)))
    except (TypeError, ValueError):
        return (*others, "no time")


def _wrong_texts(connection: Connection) -> tuple[int, ...]:
    query = "SELECT id, executed_content, executed_sha256 FROM customer_steps WHERE executed_sha256 IS NOT NULL"
    result = connection.exec_driver_sql(query)
    return tuple(step for step, text, digest in result if text is None or sha256(text) != digest)[:_MOST]
