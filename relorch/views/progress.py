"""Progress of a release, whole or by group."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from relorch.errors import InvalidValue
from relorch.model import progress
from relorch.model.progress import Progress
from relorch.model.status import OPEN
from relorch.store import Connection, releases
from relorch.store.rows import RowDict


def progress_of(connection: Connection, release_id: int) -> Progress:
    """Give the progress of a whole release."""
    return _counted(releases.status_counts(connection, release_id))


def progress_by(connection: Connection, release_id: int, by: str) -> list[Progress]:
    """Give the progress per `cluster`, `customer`, `step` or `category`, in the order of the pages.

    Raises `InvalidValue` for another `by`.
    """
    if not isinstance(by, str) or by not in releases.GROUPINGS:
        raise InvalidValue("by", by, f"must be None or one of {', '.join(releases.GROUPINGS)}")
    groups = groupby(releases.status_counts(connection, release_id, by), key=lambda row: (row["key"], row["label"]))
    return [_counted(rows, key, label) for (key, label), rows in groups]


def _counted(rows: Iterable[RowDict], key: str | int | None = None, label: str | None = None) -> Progress:
    counts: dict[str, int] = {}
    held = held_open = 0
    for row in rows:
        if row["held"]:
            held += row["steps"]
            held_open += row["steps"] if row["status"] in OPEN else 0
        else:
            counts[row["status"]] = row["steps"]
    return progress.count(counts, held=held, held_open=held_open, key=key, label=label)
