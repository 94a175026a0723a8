"""Reading a database of the original specification's own stack, from a copy that SQLite makes of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from relorch.errors import Busy, CannotOpen
from relorch.store.backup import holders, reading_only, scratch
from relorch.store.tables import APPLICATION_ID

_NAMED = ("id", "name", "description", "created_at")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "clusters": (*_NAMED, "kubeconfig_path", "is_active", "metadata", "updated_at"),
    "customers": (*_NAMED, "cluster_id", "namespace", "is_active", "metadata", "updated_at"),
    "releases": (*_NAMED, "type", "status", "version_number", "release_date", "metadata", "updated_at"),
    "step_templates": (*_NAMED, "release_id", "category", "type", "content", "order_index"),
    "customer_steps": (
        *("id", "release_id", "customer_id", "template_id", "name", "category", "type", "content", "order_index"),
        *("status", "executed_at", "executed_by", "skip_reason", "notes", "is_custom", "is_overridden"),
        *("created_at", "updated_at"),
    ),
}
"""The tables and columns of the specification's schema; times are whole seconds since 1970-01-01 UTC."""

_ORDER = {
    "step_templates": "release_id, category, order_index, id",
    "customer_steps": "release_id, customer_id, category, order_index, is_custom, id",
}


class SpecDatabase:
    """A copy that nobody else has; everything in it may be of any type."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def missing(self) -> list[str]:
        """Give the tables and columns that a database of this kind would have."""
        gone = []
        for table, columns in COLUMNS.items():
            there = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            gone += [f"{table}.{name}" for name in columns if name not in there] if there else [f"table {table}"]
        return gone

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Give the rows of a table: by id, those of steps by where they stand."""
        names = COLUMNS[table]
        query = f"SELECT {', '.join(names)} FROM {table} ORDER BY {_ORDER.get(table, 'id')}"  # noqa: S608
        for row in self._connection.execute(query):
            yield dict(zip(names, row, strict=True))

    def releases_with_steps(self) -> set[object]:
        """Give the ids of the releases that customers have steps of."""
        return {row[0] for row in self._connection.execute("SELECT DISTINCT release_id FROM customer_steps")}


@contextmanager
def copied(path: Path, live: Path) -> Iterator[SpecDatabase]:
    """Give a copy of the database at `path`, which is only read; `live` is the workbook it may not be.

    Raises `CannotOpen` for what is no database, a workbook of relorch, or damaged.
    """
    path = path.expanduser().absolute()
    with scratch() as folder:
        target = folder / "copy.db"
        try:
            _copy(path, live, target)
            with closing(reading_only(target)) as connection:
                _refuse_unsound(connection, path)
                connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
                yield SpecDatabase(connection)
        except sqlite3.Error as error:
            raise CannotOpen(
                f"{path}: this file cannot be read as a database ({error}); nothing was stored."
            ) from error


def _copy(path: Path, live: Path, target: Path) -> None:
    try:
        _refuse_strangers(path, live)
        with closing(reading_only(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except OSError as error:
        raise CannotOpen(f"{path}: this file cannot be read ({error.strerror}); nothing was stored.") from error


def _refuse_strangers(path: Path, live: Path) -> None:
    if not path.is_file():
        raise CannotOpen(f"{path}: there is no such file.")
    if live.exists() and path.samefile(live):
        raise CannotOpen(f"{path}: this is the workbook itself; name the database to import.")
    if path.stat().st_size == 0:
        raise CannotOpen(f"{path}: this file is empty; there is nothing to import.")
    if os.getpid() in holders(path):  # opening it another way would drop the locks of who has it open here
        raise Busy(f"{path}: this program has it open itself; nothing was stored.")


def _refuse_unsound(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        why = "this is a workbook of relorch; make a copy of it with 'relorch backup', or import its export"
        raise CannotOpen(f"{path}: {why}.")
    wrong = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if wrong != "ok":
        raise CannotOpen(f"{path}: this database is damaged ({wrong.splitlines()[0]}); nothing was stored.")
