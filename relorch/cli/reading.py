"""Files that are read: small ones as a whole, before any workbook is opened."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import typer

from relorch.cli.output import plain
from relorch.transfer.limits import read_limited_stream


@dataclass(frozen=True)
class Source:
    """A text that was read, and the name of the file it came from."""

    name: str
    text: str


def read_source(said: str) -> Source:
    """Read a file of UTF-8 text, or the input for `-`, while no workbook is open.

    Reading the file of an open database would drop its locks. Raises `BadParameter` for a file that cannot be read,
    `InvalidValue` for one that is too large or no UTF-8.
    """
    if said == "-":
        return Source("", read_limited_stream(sys.stdin.buffer))
    try:
        with open(said, "rb") as file:
            return Source(os.path.basename(said), read_limited_stream(file, said))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no file has such a name"
        raise typer.BadParameter(f"{plain(said)}: it cannot be read ({why}).") from error
