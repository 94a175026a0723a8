"""The only place that knows SQL and the database file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from relorch.errors import StorageError
from relorch.store.engine import make_engine, storing

__all__ = ["Connection", "Store"]


class Store:
    """One workbook file with its two engines; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)
        self._write = make_engine(path, "write")
        self._read = make_engine(path, "read")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that can only read, in one snapshot; fetch everything before leaving.

        Raises `StorageError` when the file cannot be read.
        """
        self._refuse_other_file()
        with storing(self.path), self._read.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the one connection that writes; leaving commits, an exception rolls everything back.

        Raises `Busy` when another writer holds the file for too long, `StorageError` when storing failed.
        """
        self._refuse_other_file()
        with storing(self.path), self._write.connect() as connection, connection.begin():
            yield connection

    def _refuse_other_file(self) -> None:
        """Refuse to go on with a file that was moved away or replaced: SQLite would keep reading what is no more.

        A stat opens nothing, so it drops none of SQLite's locks.
        """
        if _identity(self.path) != self._file:
            raise StorageError(
                f"{self.path}: the database file is gone or was replaced; nothing was stored. "
                "Put it back, or start relorch again."
            )

    def checked_out(self) -> int:
        """Give how many connections are in use right now; 0 between use cases."""
        return sum(engine.pool.checkedout() for engine in (self._write, self._read))  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close every connection."""
        self._write.dispose()
        self._read.dispose()


def _identity(path: Path) -> tuple[int, int] | None:
    """Give which file this is, whatever it is called; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
