"""How a customer stands in its releases, and which version each customer is on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from relorch.model import progress
from relorch.model.progress import Progress
from relorch.model.values import MemberState, Release
from relorch.store import Connection, standing
from relorch.store.rows import RowDict


@dataclass(frozen=True)
class Standing:
    """How far a customer is in one release.

    `progress` counts all its steps, also while it is held or after it was removed; `completed_at` is when its
    last open step closed, None while one is open and for a removed member.
    """

    release: Release
    state: MemberState
    progress: Progress
    completed_at: datetime | None


@dataclass(frozen=True)
class Version:
    """The release that a customer completed last, and when; `version_number` is None where it has none."""

    release_id: int
    release_name: str
    version_number: str | None
    completed_at: datetime


def standing_of(connection: Connection, customer_id: int) -> list[Standing]:
    """Give how a customer stands in each of its releases, the newest release first."""
    counts: dict[int, dict[str, int]] = {}
    latest: dict[int, datetime] = {}
    for row in standing.status_counts(connection, customer_id):
        release_id = row["release_id"]
        counts.setdefault(release_id, {})[row["status"]] = row["steps"]
        if row["latest"] is not None:
            latest[release_id] = max(row["latest"], latest.get(release_id, row["latest"]))
    return [
        _standing(row, progress.count(counts.get(row["id"], {})), latest.get(row["id"]))
        for row in standing.memberships(connection, customer_id)
    ]


def _standing(row: RowDict, counted: Progress, latest: datetime | None) -> Standing:
    state = MemberState(row.pop("state"))
    complete = state is not MemberState.REMOVED and counted.total > 0 and counted.open == 0
    return Standing(Release(**row), state, counted, latest if complete else None)


def versions_of(connection: Connection) -> dict[int, Version]:
    """Give the current version of every customer who has one, by customer id."""
    names = Version.__dataclass_fields__
    return {
        row["customer_id"]: Version(**{name: row[name] for name in names}) for row in standing.completed(connection)
    }
