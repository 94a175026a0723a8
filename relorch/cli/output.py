"""What the command line prints: names of any kind, but nothing a terminal would obey."""

from __future__ import annotations

import json
import sys
import unicodedata

_OBEYED = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def plain(text: str) -> str:
    """Give `text` with control, direction and invisible characters as `\\u202e`-like marks."""
    return "".join(_mark(char) if unicodedata.category(char) in _OBEYED else char for char in text)


def say(*fields: str) -> None:
    """Print one line of data to stdout, its fields with tabs between them."""
    print("\t".join(plain(field) for field in fields), flush=True)


def say_json(value: object) -> None:
    """Print a value as JSON to stdout; whatever is not plain ASCII is escaped."""
    print(json.dumps(value, indent=2), flush=True)


def complain(text: str) -> None:
    """Print one line of words to stderr."""
    print(f"relorch: {plain(text)}", file=sys.stderr, flush=True)


def _mark(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
