"""Files that are written: whole under their name, or not at all, and readable by their owner only."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from relorch.cli.output import plain_block
from relorch.errors import NotAllowed, StorageError
from relorch.workbook import Workbook

Target = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file; else to the output.")
]


def write_out(workbook: Workbook, target: Path | None, parts: Iterable[str]) -> None:
    """Write a text, piece by piece, to a file or (None, or `-`) to the output.

    The file gets its name when it is complete; a terminal gets marks for what it would obey.
    Raises `NotAllowed` for the workbook's own file, `BadParameter` for a place that cannot be written to,
    `StorageError` when it could not be completed.
    """
    if target is None or str(target) == "-":
        _to_output(parts)
        return
    _refuse_workbook(workbook, target)
    try:
        _to_file(target, parts)
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError | PermissionError):
            raise typer.BadParameter(f"{target}: it cannot be written ({error.strerror}).") from error
        raise StorageError(f"{target}: it cannot be written ({error.strerror}); nothing is left of it.") from error


def _to_output(parts: Iterable[str]) -> None:
    for part in map(plain_block, parts) if sys.stdout.isatty() else parts:
        sys.stdout.buffer.write(part.encode())
    sys.stdout.buffer.flush()


def _to_file(target: Path, parts: Iterable[str]) -> None:
    if target.exists() and not target.is_file():  # a pipe or a device keeps its place
        with open(target, "wb") as device:
            device.writelines(part.encode() for part in parts)
        return
    whole = target.resolve()
    partial = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(part.encode() for part in parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, whole)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _refuse_workbook(workbook: Workbook, target: Path) -> None:
    """Refuse the names of the open database and its journals: no other file may take their place."""
    own = Path(workbook.path).resolve()
    if target.resolve() in {own, *(own.with_name(own.name + ending) for ending in ("-wal", "-shm", "-journal"))}:
        raise NotAllowed(f"{target}: this is the workbook itself; choose another name.")
