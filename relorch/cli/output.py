"""What the command line prints: names of any kind, but nothing a terminal would obey."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress

_OBEYED = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
_WIDE = 100_000
"""Columns of an output that is no terminal: nothing is ever wrapped there."""


def plain(text: str) -> str:
    """Give `text` with control, direction and invisible characters as `\\u202e`-like marks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_mark(char) if unicodedata.category(char) in _OBEYED else char for char in text)


def plain_block(text: str) -> str:
    """Give a text of several lines as `plain` does; its newlines and tabs stay."""
    return "\n".join("\t".join(plain(part) for part in line.split("\t")) for line in text.split("\n"))


def say(*fields: str) -> None:
    """Print one line of data to stdout, its fields with tabs between them."""
    print("\t".join(plain(field) for field in fields), flush=True)


def say_block(text: str) -> None:
    """Print a text of several lines to stdout, such as that of a step."""
    print(plain_block(text), flush=True)


def say_exactly(text: str) -> None:
    """Print a text to a file or pipe as it is: each byte, and no newline behind it."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def say_json(value: object) -> None:
    """Print a value as JSON to stdout; whatever is not plain ASCII is escaped."""
    print(json.dumps(value, indent=2), flush=True)


def say_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their headings, columns aligned by blanks; None is an empty cell.

    A terminal that is too narrow gets its cells wrapped, a file or pipe never; nothing is cut. No rows, no output.
    """
    from rich.console import Console  # only who prints a table waits for it
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=None)
    for heading in headings:
        table.add_column(heading.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain("" if cell is None else str(cell))) for cell in row))
    if not table.row_count:
        return
    console = Console(file=io.StringIO(), width=None if sys.stdout.isatty() else _WIDE, color_system=None)
    console.print(table)
    lines = console.file.getvalue().splitlines() if isinstance(console.file, io.StringIO) else []
    print("\n".join(line.rstrip() for line in lines), flush=True)


def complain(text: str) -> None:
    """Print one line of words to stderr."""
    _say(f"relorch: {plain(text)}")


def complain_block(text: str) -> None:
    """Print a text of several lines to stderr, such as that of a step which was recorded."""
    _say(plain_block(text))


def _say(text: str) -> None:
    with suppress(OSError):  # where words cannot be written nobody can be told so, and what was done is done
        print(text, file=sys.stderr, flush=True)


def _mark(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
