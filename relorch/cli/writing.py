"""Files that are written: whole under their name, or not at all, and readable by their owner only."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from relorch.cli.output import complain, plain_block
from relorch.errors import NotAllowed, StorageError
from relorch.store.files import BESIDE, is_database
from relorch.workbook import Workbook

Target = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file; else to the output.")
]

_WRITTEN = frozenset({".csv", ".htm", ".html", ".json", ".jsonl", ".ndjson", ".markdown", ".md", ".yaml", ".yml"})
_NEVER_WRITTEN = frozenset(
    {".pdf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".png", ".svg", ".gz", ".zip", ".db", ".sqlite"}
)
_NO_PLACE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG)
_LONGEST_NAME = 200
"""Bytes of a file's name that its temporary name takes over, so that this is not too long for a name of 255."""


def write_out(
    workbook: Workbook, target: Path | None, parts: Iterable[str], *, endings: Collection[str] = _WRITTEN
) -> None:
    """Write a text, piece by piece, to a file or (None, or `-`) to the output.

    The file gets its name when it is complete, and keeps the mode of one that it replaces, which is told; a
    terminal gets marks for what it would obey. `endings`: those of the formats relorch writes that fit the text.
    Raises `NotAllowed` for a database, the workbook's own or another, `BadParameter` for a place that cannot be
    written to and a name that says another format, `StorageError` when it could not be completed.
    """
    if target is None or str(target) == "-":
        _to_output(parts)
        return
    try:
        _refuse_databases(Path(workbook.path), target)
        _refuse_other_format(target, endings)
        _to_file(target, parts)
    except OSError as error:
        if error.errno in _NO_PLACE:
            raise typer.BadParameter(f"{target}: it cannot be written ({error.strerror}).") from error
        raise StorageError(f"{target}: it cannot be written ({error.strerror}); nothing is left of it.") from error


def _to_output(parts: Iterable[str]) -> None:
    for part in map(plain_block, parts) if sys.stdout.isatty() else parts:
        sys.stdout.buffer.write(part.encode())
    sys.stdout.buffer.flush()


def _to_file(target: Path, parts: Iterable[str]) -> None:
    there = _state_of(target)
    if there is not None and not stat.S_ISREG(there.st_mode):  # a pipe or a device keeps its place
        with open(target, "wb") as device:
            device.writelines(part.encode() for part in parts)
        return
    whole = Path(os.path.realpath(target))
    partial = _temporary(whole)
    try:
        with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(part.encode() for part in parts)
            file.flush()
            if there is not None:
                os.fchmod(file.fileno(), there.st_mode & 0o777)
            os.fsync(file.fileno())
        os.replace(partial, whole)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    if there is not None:
        complain(f"{target}: the file that was there was replaced.")


def _state_of(target: Path) -> os.stat_result | None:
    """Give what a name leads to, None where there is nothing; raises `OSError` where nothing can be."""
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _temporary(path: Path) -> Path:
    begins = os.fsencode(path.name)[:_LONGEST_NAME].decode(errors="ignore")
    return path.with_name(f".{begins}.{secrets.token_hex(4)}.partial")


def _refuse_other_format(target: Path, endings: Collection[str]) -> None:
    """Refuse a name that says another format; an ending that says nothing, such as that of `2026.11`, will do."""
    ending = target.suffix.lower()
    if ending in _NEVER_WRITTEN | _WRITTEN and ending not in endings:
        known = ", ".join(sorted(endings))
        raise typer.BadParameter(f"{target}: what is written here is no {ending}; end the name in {known}.")


def _refuse_databases(own: Path, target: Path) -> None:
    """Refuse the names of databases and of their journals: no other file may take their place."""
    whole = Path(os.path.realpath(target))
    for each in (whole, *(whole.with_name(whole.name.removesuffix(end)) for end in BESIDE if whole.name.endswith(end))):
        if each == own.resolve() or (each.exists() and each.samefile(own)):
            raise NotAllowed(f"{target}: this is the workbook itself; choose another name.")
        if is_database(each):
            raise NotAllowed(f"{target}: this is a database, or its journal, and stays as it is; choose another name.")
