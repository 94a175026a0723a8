"""A step's text for the screen: coloured by Pygments, with everything invisible made visible.

The widget puts each piece into the page as text, never as markup.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers.shell import BashLexer
from pygments.lexers.special import TextLexer
from pygments.lexers.sql import SqlLexer
from pygments.token import STANDARD_TYPES

from relorch.model.text import invisible as is_invisible
from relorch.model.values import StepType

Piece = list[Any]
"""[token class, text, mark]; mark: None, "raw", or {"invisible": code point, "name": its name}."""

_LEXERS: dict[StepType, type[Lexer]] = {StepType.BASH: BashLexer, StepType.SQL: SqlLexer, StepType.TEXT: TextLexer}


def highlighted(text: str, step_type: StepType, raw: Sequence[tuple[int, int]] = ()) -> list[list[Piece]]:
    """Give the lines of `text` as pieces; joined and with newlines between the lines they are `text` again.

    `raw`: the (start, end) ranges that were put in without quoting.
    """
    lines: list[list[Piece]] = [[]]
    for kind, piece, mark in _marked(text, step_type, raw):
        first, *rest = piece.split("\n")
        for number, part in enumerate((first, *rest)):
            if number:
                lines.append([])
            if part:
                lines[-1].append([kind, part, mark])
    return lines


def marked(line: str) -> list[Piece]:
    """Give one line as pieces without colours, what is invisible in it marked."""
    return [[kind, piece, mark] for kind, piece, mark in _visible("", line, None)]


def invisible(text: str) -> int:
    """Count the characters that a reader would not see and a shell would."""
    return sum(is_invisible(char) for char in text)


def _marked(text: str, step_type: StepType, raw: Sequence[tuple[int, int]]) -> Iterator[tuple[str, str, Any]]:
    cuts = sorted({edge for span in raw for edge in span})
    for start, kind, value in _tokens(text, step_type):
        edges = [start, *(cut for cut in cuts if start < cut < start + len(value)), start + len(value)]
        for left, right in pairwise(edges):
            mark = "raw" if any(begin <= left < end for begin, end in raw) else None
            yield from _visible(kind, text[left:right], mark)


def _tokens(text: str, step_type: StepType) -> Iterator[tuple[int, str, str]]:
    # get_tokens would drop a byte order mark and tidy newlines: what is shown must be what is copied
    for start, token, value in _unprocessed(_LEXERS[step_type](), text):
        yield start, STANDARD_TYPES.get(token, ""), value


def _unprocessed(lexer: Any, text: str) -> Iterator[tuple[int, Any, str]]:
    yield from lexer.get_tokens_unprocessed(text)


def _visible(kind: str, text: str, mark: str | None) -> Iterator[tuple[str, str, Any]]:
    start = 0
    for at, char in enumerate(text):
        if is_invisible(char):
            if start < at:
                yield kind, text[start:at], mark
            yield kind, char, {"invisible": f"U+{ord(char):04X}", "name": unicodedata.name(char, "unnamed")}
            start = at + 1
    if start < len(text):
        yield kind, text[start:], mark
