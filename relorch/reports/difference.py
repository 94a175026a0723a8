"""How a customer's text differs from the template's, line by line, on paper."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import groupby

CONTEXT = 3
"""As many equal lines are shown around a change."""
_PAIRS = 1_000_000
"""Beyond so many pairs of changed lines none are matched: all old ones go, all new ones come."""

Line = tuple[str, str]
"""The sign ("-", "+", " ", or "@" for lines left out) and the line."""


def difference(old: str, new: str) -> list[Line]:
    """Give a unified diff from `old` to `new`; empty when they are equal."""
    if old == new:
        return []
    lines = list(_lines(old.split("\n"), new.split("\n")))
    runs = [list(run) for _, run in groupby(lines, key=lambda line: line[0] == " ")]
    last = len(runs) - 1
    return [line for at, run in enumerate(runs) for line in _shortened(run, first=at == 0, last=at == last)]


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    left = shorter - start
    end = next((at for at in range(left) if old[-1 - at] != new[-1 - at]), left)
    yield from ((" ", line) for line in old[:start])
    yield from _changed(old[start : len(old) - end], new[start : len(new) - end])
    yield from ((" ", line) for line in old[len(old) - end :])


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    few = len(old) * len(new) <= _PAIRS
    same = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks() if few else []
    done_old = done_new = 0
    for at_old, at_new, size in [*same, (len(old), len(new), 0)]:
        yield from (("-", line) for line in old[done_old:at_old])
        yield from (("+", line) for line in new[done_new:at_new])
        yield from ((" ", line) for line in old[at_old : at_old + size])
        done_old, done_new = at_old + size, at_new + size


def _shortened(run: list[Line], *, first: bool, last: bool) -> list[Line]:
    """Leave out equal lines that are far from any change."""
    before, after = (0 if first else CONTEXT), (0 if last else CONTEXT)
    left_out = len(run) - before - after
    if run[0][0] != " " or left_out < 2:
        return run
    return [*run[:before], ("@", f"{left_out:,} equal lines"), *run[len(run) - after :]]
