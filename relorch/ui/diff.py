"""How one text differs from another, line by line, for the screen."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from relorch.ui.highlight import marked

CONTEXT = 3
"""As many equal lines are shown around a change."""
_PAIRS = 4_000_000
"""Beyond so many pairs of changed lines no lines are matched: all old ones go, all new ones come."""


def diff_lines(before: str, after: str) -> list[list[Any]]:
    """Give a unified diff as [sign, pieces] a line; the sign is "-", "+", " ", or "@" for lines left out.

    Empty when the texts are equal. The pieces are those of `relorch.ui.highlight`, what is invisible marked.
    """
    if before == after:
        return []
    return [[sign, marked(line)] for sign, line in _unified(before.split("\n"), after.split("\n"))]


def _unified(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    start, end = _equal_ends(old, new)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    yield from _head(old[:start])
    yield from _middle(middle_old, middle_new)
    yield from _tail(old[len(old) - end :] if end else [])


def _equal_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Give how many lines are equal at the start, and how many at the end behind those."""
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    left = shorter - start
    return start, next((at for at in range(left) if old[-1 - at] != new[-1 - at]), left)


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(old) * len(new) > _PAIRS:
        yield from (("-", line) for line in old)
        yield from (("+", line) for line in new)
        return
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _gap(old[i1:i2])
        else:
            yield from (("-", line) for line in old[i1:i2])
            yield from (("+", line) for line in new[j1:j2])


def _head(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(lines) > CONTEXT:
        yield _left_out(len(lines) - CONTEXT)
    yield from ((" ", line) for line in lines[-CONTEXT:])


def _tail(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((" ", line) for line in lines[:CONTEXT])
    if len(lines) > CONTEXT:
        yield _left_out(len(lines) - CONTEXT)


def _gap(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(lines) <= 2 * CONTEXT + 1:
        yield from ((" ", line) for line in lines)
        return
    yield from ((" ", line) for line in lines[:CONTEXT])
    yield _left_out(len(lines) - 2 * CONTEXT)
    yield from ((" ", line) for line in lines[-CONTEXT:])


def _left_out(count: int) -> tuple[str, str]:
    return "@", f"{count:,} equal {'line' if count == 1 else 'lines'}"
