"""A whole workbook into lines, and lines into a new workbook."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from relorch.errors import CannotOpen, StorageError
from relorch.store import Connection, Store, migrate, whole
from relorch.store.backup import snapshot
from relorch.store.check import untold
from relorch.store.engine import storing
from relorch.store.files import being_made, database_path, refuse_kept
from relorch.store.tables import SCHEMA
from relorch.transfer.findings import Findings
from relorch.transfer.whole import Head, Reader, Record, TooManyErrors, head_line, printer
from relorch.workbook.imports import Imported, Planned

_AT_ONCE = 500


class _NotToBeKept(Exception):
    """Leaves the making of a file that is not to be there afterwards."""


def workbook_lines(store: Store) -> Iterator[str]:
    """Give the whole workbook as lines of JSON, each with its newline: a head, then every row of every table.

    Equal workbooks give equal lines. All of them are of one moment: they are read from a copy made at the first
    line, so that nobody has to wait for whoever takes them. Raises `StorageError` when it cannot be made.
    """
    with snapshot(store) as taken, taken.reading() as connection:
        yield head_line(Head(SCHEMA, whole.counters(connection), whole.counts(connection)))
        for table in whole.TABLES:
            yield from map(printer(table), whole.every_row(connection, table))


def import_workbook(url: str, lines: Iterable[str | bytes], *, dry_run: bool = False) -> Imported:
    """Make a new workbook at `url` of the lines that an export gave; it is there when it is whole, or not at all.

    Ids, versions, times and the record stay as they were. With an error in any line nothing is made, and all of
    them are in `findings`, up to 1,000. `dry_run`: everything is done but for keeping the file.
    Raises `CannotOpen` when there is a file at `url` already or it cannot be made there, `StorageError` when the
    disk is full.
    """
    path, findings = database_path(url), Findings()
    if os.path.lexists(path):
        raise CannotOpen(f"{path}: there is a file already; a whole workbook is only read into a new one.")
    refuse_kept(path)
    changes: tuple[Planned, ...] = ()
    try:
        with being_made(path) as partial:
            try:
                changes = _fill(partial, Reader(lines, findings), findings)
            except StorageError as error:  # the name that nobody gave says nothing to anybody
                raise StorageError(str(error).replace(str(partial), str(path))) from error
            if dry_run or findings.errors:
                raise _NotToBeKept
            made = partial.stat()
    except _NotToBeKept:
        done = changes if not findings.errors else ()
        return Imported(done, findings.by_line(), stored=False, error_count=findings.error_count)
    if not os.path.samestat(path.stat(), made):
        raise CannotOpen(f"{path}: somebody else made a file of this name meanwhile; theirs was left as it is.")
    return Imported(changes, findings.by_line(), stored=True)


def _fill(path: Path, reader: Reader, findings: Findings) -> tuple[Planned, ...]:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with storing(path):
        migrate.create(path)
    store = Store(path)
    try:
        with store.writing() as connection:
            try:
                head = reader.head(SCHEMA)
                if head is None:
                    return ()
                _add_all(connection, reader)
                reader.refuse_missing(head)
                for step in whole.strayed(connection) if not findings.errors else ():
                    reader.refuse(None, f"customer_steps {step}: its template belongs to another release.")
                for step in untold(connection) if not findings.errors else ():
                    reader.refuse(None, f"customer_steps {step}: what it says is not what its events say.")
                whole.keep_counters(connection, head.counters)
            except TooManyErrors:
                return ()
            return tuple(Planned("add", name, f"{count:,}") for name, count in whole.counts(connection).items())
    finally:
        store.close()


def _add_all(connection: Connection, reader: Reader) -> None:
    chain = whole.Chain()
    for table, records in groupby(reader.records(), key=lambda record: record.table):
        waiting: list[Record] = []
        for record in records:
            if table == "events" and not chain.holds(record.values):
                number = record.values[0]
                reader.refuse(record.line, f"events {number}: it does not follow the event before it; the record broke")
            waiting.append(record)
            if len(waiting) == _AT_ONCE:
                _add(connection, reader, table, waiting)
        _add(connection, reader, table, waiting)


def _add(connection: Connection, reader: Reader, table: str, waiting: list[Record]) -> None:
    for line, why in whole.add(connection, table, [(record.line, record.values) for record in waiting]):
        reader.refuse(line, f"{table}: {why}")
    waiting.clear()
