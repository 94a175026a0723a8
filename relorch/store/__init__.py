"""The only place that knows SQL and the database file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from relorch.store.engine import make_engine, storing

__all__ = ["Connection", "Store"]


class Store:
    """One workbook file with its two engines; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write = make_engine(path, "write")
        self._read = make_engine(path, "read")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that can only read, in one snapshot; fetch everything before leaving.

        Raises `StorageError` when the file cannot be read.
        """
        with storing(self.path), self._read.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the one connection that writes; leaving commits, an exception rolls everything back.

        Raises `Busy` when another writer holds the file for too long, `StorageError` when storing failed.
        """
        with storing(self.path), self._write.connect() as connection, connection.begin():
            yield connection

    def checked_out(self) -> int:
        """Give how many connections are in use right now; 0 between use cases."""
        return sum(engine.pool.checkedout() for engine in (self._write, self._read))  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close every connection."""
        self._write.dispose()
        self._read.dispose()
