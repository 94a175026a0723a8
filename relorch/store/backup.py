"""Copies of a whole workbook: the backup, its way back, and the snapshot that a long read is made from.

Every copy is made by SQLite and is given its name only after it was found whole: a copy that was broken off
opens as an empty database, and `integrity_check` has nothing against that.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from relorch.errors import Busy, CannotOpen, StorageError
from relorch.store import Store
from relorch.store.engine import make_engine, storing
from relorch.store.files import ASIDE, BESIDE, being_made, database_path, kept_by_restore
from relorch.store.migrate import revision_number
from relorch.store.tables import APPLICATION_ID, SCHEMA

_OF_THE_COPY = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


@dataclass(frozen=True)
class Backup:
    """A backup that was found whole: its size in bytes, the id of its newest event, the digest of the file."""

    path: Path
    bytes: int
    events: int
    sha256: str


@dataclass(frozen=True)
class Restored:
    """A workbook that was put back; `kept`: where the file that stood there is now (None: there was none).

    `events`: the id of its newest event; `schema`: an older one wants `relorch db upgrade`.
    """

    path: Path
    kept: Path | None
    events: int
    schema: int


@dataclass(frozen=True)
class Contents:
    """What two copies of one workbook agree on."""

    schema: int
    rows: dict[str, int]
    newest: tuple[int, str]


def back_up(store: Store, target: Path | None, now: datetime) -> Backup:
    """Copy a workbook to `target`, a new file or a folder; None: into `backups` beside it, named by the time.

    Others write on when the copy is whole. Raises `CannotOpen` for a file that exists or cannot be made,
    `StorageError` when the disk is full or the copy is not whole; nothing is left there then.
    """
    path = _new_name(store.path, target, now)
    with being_made(path) as partial:
        _reserve(partial)
        with store.writing() as connection:  # nobody writes meanwhile, so that both can be compared
            wanted = contents(connection.connection.driver_connection)  # type: ignore[arg-type]
            copy(store.path, partial)
        if _examined_copy(partial, store.path) != wanted:
            raise StorageError(f"{path}: the backup is not what the workbook holds; nothing was left there.")
        made, digest = _flushed(partial), _digest(partial)
    _refuse_other(path, made)
    return Backup(path, made.st_size, wanted.newest[0], digest)


def restore(backup: str | Path, url: str, now: datetime | None = None) -> Restored:
    """Put a backup in the place of the workbook at `url`, whose files are kept beside it under another name.

    Whatever ends it, at `url` is the one workbook or the other, whole. Raises `CannotOpen` for a backup that is not
    whole and a place where no file can be, `Busy` while somebody has the workbook open; nothing is changed then.
    """
    source = Path(backup).expanduser().absolute()
    path = Path(os.path.realpath(database_path(url)))  # a link stays one, and leads to the restored file
    if path.exists() and source.exists() and path.samefile(source):
        raise CannotOpen(f"{path}: this is the workbook itself, not a backup of it.")
    refuse_open(source)
    wanted = examined(source)
    refuse_in_use(path)
    aside = _unused(path.with_name(f"{path.name}{ASIDE}{_stamp(now or datetime.now(UTC))}"))
    try:
        with being_made(path, replaces=os.path.lexists(path)) as partial:
            _reserve(partial)
            with storing(source), _filling(partial), closing(reading_only(source)) as connection:
                connection.execute("VACUUM INTO ?", (str(partial),))
            if _examined_copy(partial, source) != wanted:
                raise StorageError(f"{path}: the copy is not what the backup holds; nothing was changed.")
            made = _flushed(partial)
            refuse_in_use(path)
            kept = _keep(path, aside)
        _refuse_other(path, made)
    except BaseException:
        _give_back(path, aside)
        raise
    return Restored(path, kept, wanted.newest[0], wanted.schema)


def _unused(path: Path) -> Path:
    """Give a name that no file has yet: what an earlier restore kept is kept."""
    numbered = (path if at == 1 else path.with_name(f"{path.name}-{at}") for at in count(1))
    return next(name for name in numbered if not name.exists())


@contextmanager
def snapshot(store: Store) -> Iterator[Store]:
    """Give a copy of the workbook to read from for as long as it takes; it is gone on leaving.

    A read of the workbook itself would keep everybody from writing until its last row was sent.
    """
    with scratch(store.path.parent) as folder:
        path = folder / store.path.name
        with store.reading():
            pass  # refuses a file that was replaced
        copy(store.path, path)
        taken = Store(path)
        try:
            yield taken
        finally:
            taken.close()


def copy(source: Path, target: Path) -> None:
    """Copy a database to `target`, a file that is empty or not there."""
    engine = make_engine(source, "write")  # a query-only connection may not write the copy
    try:
        with storing(source), _filling(target), closing(engine.raw_connection()) as borrowed:
            borrowed.driver_connection.execute("VACUUM INTO ?", (str(target),))  # type: ignore[union-attr]
    finally:
        engine.dispose()


@contextmanager
def _filling(target: Path) -> Iterator[None]:
    """Say of what went wrong with writing a copy where it was to be."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _OF_THE_COPY:
            raise
        why = f"the copy could not be written ({error}); nothing was left there"
        raise StorageError(f"{target.parent}: {why}. Free some space, or name another place.") from error


@contextmanager
def scratch(folder: Path | None = None) -> Iterator[Path]:
    """Give a folder for copies that is gone on leaving, in `folder` or where the system has them.

    Raises `StorageError` when none can be made.
    """
    try:
        made = TemporaryDirectory(prefix=".relorch-", dir=folder)
    except OSError as error:
        raise StorageError(f"{folder or 'temporary files'}: no copy can be made here ({error.strerror}).") from error
    with made as name:
        yield Path(name)


def contents(connection: sqlite3.Connection) -> Contents:
    """Give what a workbook holds: schema, rows by table, id and digest of the newest event."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = sorted(name for (name,) in tables.fetchall())
    rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608
    newest = connection.execute("SELECT id, sha256 FROM events ORDER BY id DESC LIMIT 1").fetchone()
    schema = max(connection.execute("PRAGMA user_version").fetchone()[0], revision_number(connection))
    return Contents(schema, rows, newest or (0, ""))


def examined(path: Path) -> Contents:
    """Give what a workbook that nobody writes to holds, after checking it whole, read-only.

    Raises `CannotOpen` when it is no workbook, of a newer schema, or damaged.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise CannotOpen(f"{path}: there is no workbook here; nothing was changed.")
    try:
        with closing(reading_only(path)) as connection:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise CannotOpen(f"{path}: this is another program's database, not a relorch workbook.")
            wrong = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
            found = contents(connection)
    except (sqlite3.Error, OSError) as error:
        raise CannotOpen(f"{path}: this file cannot be read as a workbook ({error}).") from error
    if wrong != ["ok"] or dangling:
        told = f"{len(dangling)} rows point at nothing" if wrong == ["ok"] else f"{wrong[0]}".splitlines()[0]
        raise CannotOpen(f"{path}: this workbook is damaged ({told}).")
    if found.schema > SCHEMA:
        raise CannotOpen(f"{path}: its schema is {found.schema}, newer than the {SCHEMA} this relorch knows.")
    return found


def _examined_copy(copy: Path, original: Path) -> Contents:
    """Examine a copy that has no name of its own yet: what is wrong with it is told of what it was made of."""
    try:
        return examined(copy)
    except CannotOpen as error:
        why = str(error).replace(f"{copy}: ", "").rstrip(".")
        raise StorageError(f"{original}: no copy was kept, because what it holds is not whole: {why}.") from error


def reading_only(path: Path) -> sqlite3.Connection:
    """Give a connection that leaves a file and its folder as they are; never for a workbook that is in use here.

    In WAL mode SQLite would put two files beside one that nobody has open, to read it; then it is read as it stands.
    """
    mode = "ro&immutable=1" if _in_wal_mode(path) and not path.with_name(path.name + "-wal").exists() else "ro"
    connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    return connection


def _in_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"  # the file format's read and write version


def refuse_in_use(path: Path) -> None:
    """Refuse with `Busy` while somebody has the workbook open, as far as that can be told.

    Somebody who only looks now and then holds no lock; Linux tells who has the file open.
    """
    if not path.exists():
        return
    refuse_open(path)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)) as alone:
            alone.execute("BEGIN EXCLUSIVE")
            alone.execute("ROLLBACK")
    except sqlite3.Error as error:
        # what is damaged, or no database at all, is in nobody's use
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"{path}: another program is using it; stop that first, then try again.") from error


def refuse_open(path: Path) -> None:
    """Refuse with `Busy` a file that a process has open: opening it another way in that process drops its locks."""
    if found := holders(path):
        who = ", ".join("this one" if pid == os.getpid() else str(pid) for pid in sorted(found))
        raise Busy(f"{path}: it is open in another program (process {who}); stop that first, then try again.")


def holders(path: Path) -> set[int]:
    """Give the processes that have the file open; those of other users are not told."""
    wanted, found = str(path.resolve()), set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if os.readlink(descriptor) == wanted:
                found.add(int(descriptor.parts[2]))
    return found


def leftovers(path: Path) -> list[Path]:
    """Give what runs that were killed left beside a workbook: copies of it that nobody has open, second names of it."""
    folder = path.parent
    copies = [*folder.glob(f".{escape(path.name)}.*.partial"), *folder.glob(".relorch-*")]
    copies += (folder / "backups").glob(".*.partial")
    names = [each for each in kept_by_restore(path) if each.exists() and each.samefile(path)]
    return sorted(each for each in (*copies, *names) if not _is_being_filled(each))


def _is_being_filled(copy: Path) -> bool:
    try:
        return any(holders(each) for each in (copy.iterdir() if copy.is_dir() else [copy]))
    except OSError:  # gone meanwhile, or another user's
        return True


def _keep(path: Path, aside: Path) -> Path | None:
    """Give a database a second name, and what stands beside it that of the second; None where there was nothing.

    The first name is never without a file, and no journal of the old one ever stands beside the new one.
    """
    found = [ending for ending in ("", *BESIDE) if os.path.lexists(_beside(path, ending))]
    for ending in found:
        os.link(_beside(path, ending), _beside(aside, ending))
    for ending in found:
        if ending:
            _beside(path, ending).unlink()
    return aside if found else None


def _give_back(path: Path, aside: Path) -> None:
    """Take back what `_keep` did, as far as it came; where another database stands now, the old one stays aside."""
    stands, kept = os.path.lexists(path), os.path.lexists(aside)
    if stands and not (kept and os.path.samestat(path.lstat(), aside.lstat())):
        return
    for ending in (*BESIDE, ""):
        if not os.path.lexists(_beside(aside, ending)):
            continue
        if os.path.lexists(_beside(path, ending)):
            _beside(aside, ending).unlink()
        else:
            _beside(aside, ending).rename(_beside(path, ending))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _new_name(path: Path, target: Path | None, now: datetime) -> Path:
    named = target is not None and not target.expanduser().is_dir()
    folder = path.parent / "backups" if target is None else target.expanduser().absolute()
    wanted = folder if named else folder / f"{path.stem}-{_stamp(now)}.db"
    number = 2
    while not named and os.path.lexists(wanted):
        wanted, number = folder / f"{path.stem}-{_stamp(now)}-{number}.db", number + 1
    if os.path.lexists(wanted):
        raise CannotOpen(f"{wanted}: there is a file of this name already; it was left as it is. Name another.")
    return wanted


def _stamp(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H%M%SZ}"


def _reserve(path: Path) -> None:
    """Make the empty file that SQLite fills, for its owner only."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _flushed(path: Path) -> os.stat_result:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path.stat()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_other(path: Path, made: os.stat_result) -> None:
    if not os.path.samestat(path.stat(), made):
        raise CannotOpen(f"{path}: somebody else made a file of this name meanwhile; theirs was left as it is.")
