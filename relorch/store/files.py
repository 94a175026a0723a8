"""Which file is a workbook: finding it, telling it from a stranger's, and making a new one whole."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from glob import escape
from pathlib import Path

from relorch.errors import Busy, CannotOpen, StorageError
from relorch.store import migrate
from relorch.store.tables import APPLICATION_ID, SCHEMA

BESIDE = ("-journal", "-wal", "-shm")
"""What SQLite puts beside a database, under its name with these endings."""
ASIDE = ".before-restore-"
"""What the name of a workbook that a restore set aside goes on with; a time follows."""
_MAGIC = b"SQLite format 3\0"


def database_path(url: str) -> Path:
    """Give the absolute path that `sqlite:///x.db`, `file:./data/app.db` or a plain path names.

    Raises `CannotOpen` for another kind of URL and for one that names no file.
    """
    path = url
    for prefix in ("sqlite:///", "file://", "file:"):
        if url.startswith(prefix):
            path = url.removeprefix(prefix)
            break
    else:
        if "://" in url:
            raise CannotOpen(f"{url.split('://')[0]}:// is not supported yet; give sqlite:///path/to/file.db.")
    path = path.partition("?")[0] if path is not url else path
    if not path or path == ":memory:" or "\0" in path:
        raise CannotOpen(f"{url!r} names no file; a workbook lives in one, such as sqlite:///data/app.db.")
    return Path(path).expanduser().absolute()


def ensure_workbook(path: Path, *, create: bool) -> None:
    """Make sure that `path` is a workbook of this schema, making a new file only where there is none.

    An existing file is never changed here. Raises `CannotOpen` with one clear sentence otherwise.
    """
    if not os.path.lexists(path):
        refuse_kept(path)
        if not create:
            raise CannotOpen(f"{path}: there is no such file; 'relorch serve' creates one, or name another by --db.")
        _create(path)
        return
    if not path.is_file():
        raise CannotOpen(f"{path}: this is not a file.")
    if path.stat().st_size == 0:
        raise CannotOpen(f"{path}: this file is empty, not a relorch workbook; it was left as it is.")
    _check_identity(path)


def refuse_kept(path: Path) -> None:
    """Refuse with `CannotOpen` to take `path` for a new workbook's name while what a restore kept of one is there."""
    if found := kept_by_restore(path):
        names = ", ".join(str(each) for each in found)
        why = f"there is no such file, but a restore kept the workbook that was here as {names}"
        ways = "Give it its name back, put a backup back by 'relorch restore', or move it away"
        raise CannotOpen(f"{path}: {why}. {ways}.")


def kept_by_restore(path: Path) -> list[Path]:
    """Give the workbooks that restores set aside, without what stands beside them."""
    found = path.parent.glob(f"{escape(path.name)}{ASIDE}*") if os.path.isdir(path.parent) else ()
    return sorted(each for each in found if not each.name.endswith(BESIDE))


def _check_identity(path: Path) -> None:
    application_id, schema = _read_identity(path)
    if application_id != APPLICATION_ID:
        raise CannotOpen(f"{path}: this is another program's database, not a relorch workbook; it was left as it is.")
    if schema > SCHEMA:
        raise CannotOpen(
            f"{path}: its schema is {schema}, newer than the {SCHEMA} this relorch knows; install a newer relorch. "
            "The file was left as it is."
        )
    if schema < SCHEMA:
        raise CannotOpen(
            f"{path}: its schema is {schema}, this relorch needs {SCHEMA}; run 'relorch db upgrade' "
            "(it makes a backup first)."
        )


def _read_identity(path: Path) -> tuple[int, int]:
    """Give application id and schema number, read-only; a crash's journal is the one reason to open it writable."""
    try:
        return _identity(path, "ro")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise _unreadable(path, error) from error
    try:
        found = _identity(path, "ro&immutable=1")  # as the file is, whatever its journal says
        return _identity(path, "rw") if found[0] == APPLICATION_ID else found
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _identity(path: Path, mode: str) -> tuple[int, int]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=10)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        if application_id != APPLICATION_ID:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return application_id, 0
        return application_id, max(
            connection.execute("PRAGMA user_version").fetchone()[0], migrate.revision_number(connection)
        )


def _unreadable(path: Path, error: sqlite3.Error) -> StorageError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{path}: another program is writing to the database; try again.")
    if code == sqlite3.SQLITE_NOTADB:
        return CannotOpen(f"{path}: this is not a database, so no relorch workbook; it was left as it is.")
    return CannotOpen(f"{path}: this file cannot be read as a workbook ({error}).")


def _create(path: Path) -> None:
    """Make a new workbook under a temporary name and give it its own when it is complete."""
    with being_made(path) as partial:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        migrate.create(partial)
    _check_identity(path)


def is_database(path: Path) -> bool:
    """Whether a file is a database of SQLite, anybody's; never ask of one that this process has open."""
    if not path.is_file():  # a pipe would wait for its other end
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def being_made(path: Path, *, replaces: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path` to make a file under; leaving gives it its own name, whole or not at all.

    When somebody else made `path` meanwhile, theirs stays, unless it `replaces` what is there. Of what fails no
    folder is left either. Raises `CannotOpen` when it cannot be made.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    new = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield partial
        if replaces:
            os.replace(partial, path)
        else:
            with suppress(FileExistsError):
                os.link(partial, path)
        _flush_folder(path.parent)
    except OSError as error:
        raise CannotOpen(f"{path}: it cannot be created ({error.strerror}).") from error
    finally:
        for ending in ("", *BESIDE):
            with suppress(OSError):
                partial.with_name(partial.name + ending).unlink(missing_ok=True)
        for folder in new:  # where there is a file now, this does nothing
            with suppress(OSError):
                folder.rmdir()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
