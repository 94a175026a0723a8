"""What an event tells of the rows that went: what many of them have in common stands there once.

The first entry of those with one content holds its row whole. Each further one names that row's id under `like`, and
its `before` holds only the columns in which it differs. Events of before this form have no `like`: all are whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from relorch.store.rows import RowDict

_OWN = ("id", "customer_id")
"""Which row it is and whose: readers find that in every entry."""

_ABSENT = object()


def folded(entries: Iterable[RowDict]) -> list[RowDict]:
    """Give the entries of an event's `rows` as they are recorded; those of removed rows must be whole."""
    first: dict[tuple[str, str], RowDict] = {}
    return [entry if entry["after"] is not None else _folded(entry, first) for entry in entries]


def unfolded(entries: Iterable[RowDict]) -> list[RowDict]:
    """Give recorded entries with every removed row whole again, whichever form they were recorded in."""
    wholes: dict[tuple[str, int], RowDict] = {}
    return [entry if entry["after"] is not None else _unfolded(entry, wholes) for entry in entries]


def _folded(entry: RowDict, first: dict[tuple[str, str], RowDict]) -> RowDict:
    whole: RowDict = entry["before"]
    like = first.setdefault((entry["table"], whole["content"]), whole)
    if like is whole:
        return entry
    differs = {name: said for name, said in whole.items() if name in _OWN or like.get(name, _ABSENT) != said}
    return entry | {"before": differs, "like": like["id"]}


def _unfolded(entry: RowDict, wholes: dict[tuple[str, int], RowDict]) -> RowDict:
    like = entry.get("like")
    whole = entry["before"] if like is None else wholes[entry["table"], like] | entry["before"]
    wholes[entry["table"], whole["id"]] = whole
    return {name: entry[name] for name in entry if name != "like"} | {"before": whole}
