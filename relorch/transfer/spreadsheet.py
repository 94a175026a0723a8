"""Cells of a CSV file that no spreadsheet runs: what it would take for a formula begins with an apostrophe."""

from __future__ import annotations

import re

_RUNS = re.compile(r"[\t\r\n\x00]|[\s\x00-\x1f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫−]")
"""How a cell begins that a spreadsheet may run, or strips until it is one that it would."""

_MARK = "'"


def safe(cell: str) -> str:
    """Give a cell as it may stand in a CSV file; `plain` gives back the same text."""
    return _MARK + cell if _is_marked(cell) or cell.startswith(_MARK) else cell


def plain(cell: str) -> str:
    """Give a cell as it was before `safe`; an apostrophe that `safe` would not have put there stays."""
    rest = cell.removeprefix(_MARK)
    return rest if rest != cell and (_is_marked(rest) or rest.startswith(_MARK)) else cell


def _is_marked(cell: str) -> bool:
    return _RUNS.match(cell) is not None
