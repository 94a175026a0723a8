"""The one module that opens the database file.

Two engines on one file: `write` (a single connection, BEGIN IMMEDIATE) and `read` (query only). One
engine for both would let a forgotten SELECT lock every writer out; a deferred write transaction would
fail at once, or lose an update, when another writer came first. Every pragma is read back, because
SQLite ignores what it does not like without a word.

The live file is never opened by anything else in the process: closing any other descriptor of it drops
the POSIX locks of this one (sqlite.org/howtocorrupt, 2.2).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from relorch.errors import Busy, CannotOpen, StorageError
from relorch.store.types import Damaged

BUSY_SECONDS = 10.0
READERS = 8


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Literal["wal", "truncate"]:
    """Give the journal that is safe with this SQLite: WAL only where its reset bug is fixed.

    Fixed in 3.51.3 and later, 3.50.7 and later of 3.50, 3.44.6 and later of 3.44 (sqlite.org/wal.html).
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if fixed else "truncate"


def make_engine(path: Path, role: Literal["write", "read"]) -> Engine:
    """Give an engine on the existing file `path` that sets its pragmas before any transaction.

    Raises `CannotOpen` on first use when a pragma does not hold.
    """
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, role),
        poolclass=QueuePool,
        pool_size=1 if role == "write" else READERS,
        max_overflow=0,
        pool_timeout=30,
    )
    begin = "BEGIN IMMEDIATE" if role == "write" else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connect(path: Path, role: str) -> sqlite3.Connection:
    # mode=rw: a file that went away is an error, never a new empty database
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
    )
    try:
        for name, wanted in _pragmas(role).items():
            _set_pragma(connection, path, name, wanted)
    except BaseException:
        connection.close()
        raise
    return connection


def _pragmas(role: str) -> dict[str, Any]:
    always = {
        "journal_mode": journal_mode(),
        "synchronous": 2,  # FULL: an acknowledged commit survives a power cut
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "mmap_size": 0,
        "journal_size_limit": 4 * 1024 * 1024,
    }
    # cache_spill: a long write would otherwise keep readers out before it is through
    return always | ({"query_only": 1} if role == "read" else {"cache_spill": 0})


def _set_pragma(connection: sqlite3.Connection, path: Path, name: str, wanted: Any) -> None:
    connection.execute(f"PRAGMA {name}={wanted}").fetchall()
    rows = connection.execute(f"PRAGMA {name}").fetchall()
    if name == "mmap_size" and not rows:
        return  # built without memory mapping: nothing to switch off
    if not rows or rows[0][0] != wanted:
        raise CannotOpen(f"{path}: SQLite would not set {name} to {wanted}; another program may hold the file.")


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the database raises into `StorageError`s that name the file; the one place that does."""
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error) as error:
        raise _translated(path, error) from error
    except Damaged as error:
        what = f"the file holds a value that relorch never wrote ({error}); restore a backup"
        raise StorageError(f"{path}: {what}.") from error
    except exc.TimeoutError as error:
        raise Busy(f"{path}: another writer held the database for too long; nothing was stored, try again.") from error


def _translated(path: Path, error: exc.DBAPIError | sqlite3.Error) -> StorageError:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{path}: another program holds the database; nothing was stored, try again.")
    if code == sqlite3.SQLITE_FULL:
        return StorageError(f"{path}: the disk is full; nothing was stored. Free some space and try again.")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StorageError(f"{path}: the database file is gone or damaged ({cause}); nothing was stored.")
    return StorageError(f"{path}: the database refused ({cause}); nothing was stored.")
