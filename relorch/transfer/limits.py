"""How much of a file is read at all, and how: inventory and release files are small, or they are something else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from relorch.errors import InvalidValue
from relorch.transfer.findings import Findings

BYTES = 10 * 1024 * 1024
"""How large an inventory or release file may be."""

ROWS = 100_000
"""How many rows an inventory file may have."""

STEPS = 1_000
"""How many steps a release file may have: each one added records the order of them all."""

_BESIDE = ("", "-wal", "-shm", "-journal")


def read_limited(path: str | os.PathLike[str], *, database: str | os.PathLike[str] | None = None) -> str:
    """Give the text of the file at `path`: UTF-8, with or without a byte order mark.

    `database`: the open database, which is refused before anything is opened, by whatever name `path` calls it.
    Raises `InvalidValue` for that, a file that cannot be read, is over the limit or no UTF-8.
    """
    if database is not None:
        _refuse_database(path, Path(database))
    try:
        with Path(path).open("rb") as stream:
            return read_limited_stream(stream, str(path))
    except OSError as error:
        raise InvalidValue("file", str(path), f"cannot be read: {error.strerror or error}") from None


def read_limited_stream(stream: BinaryIO, name: str = "-") -> str:
    """Give the text of an open file, of which no more than the limit is read; raises as `read_limited` does."""
    return decoded(stream.read(BYTES + 1), name)


def decoded(data: bytes, name: str) -> str:
    """Give the text of a file's bytes, such as an upload's; raises as `read_limited` does."""
    if len(data) > BYTES:
        raise InvalidValue("file", name, too_large())
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"is no UTF-8 (line {line} is the first that is not); save it as UTF-8 and import it again"
        raise InvalidValue("file", name, why) from None


def within_limit(text: str, findings: Findings) -> bool:
    """Whether a text is small enough to be looked at; one that is not is noted as an error.

    Raises `InvalidValue` for what is no text at all.
    """
    if not isinstance(text, str):
        raise InvalidValue("text", text, "must be a text")
    if len(text) > BYTES or len(text.encode("utf-8", "surrogatepass")) > BYTES:
        findings.stop(None, f"The file {too_large()}.")
        return False
    return True


def too_large() -> str:
    """Say what is wrong with a file over the limit."""
    return f"is larger than {BYTES // 1024 // 1024} MB, more than an inventory or release file may be"


def _refuse_database(path: str | os.PathLike[str], database: Path) -> None:
    for ending in _BESIDE:
        try:
            same = os.path.samefile(path, f"{database}{ending}")
        except (OSError, ValueError):
            continue
        if same:
            raise InvalidValue("file", str(path), "is the open database itself; import another file")
