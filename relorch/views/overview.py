"""What an operator wants to know first: how far each active release is, what failed, what is next, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from relorch.model.progress import Progress
from relorch.model.status import OPEN, Status
from relorch.model.values import Category, Release
from relorch.store import Connection, activity, releases
from relorch.store.rows import RowDict
from relorch.views.progress import progress_by, progress_of


@dataclass(frozen=True)
class NamedStep:
    """A customer step with the names people know."""

    id: int
    name: str
    category: str
    status: str
    notes: str | None
    executed_at: datetime | None
    executed_by: str | None
    customer_id: int
    customer_name: str
    namespace: str
    cluster_name: str


@dataclass(frozen=True)
class ReleaseOverview:
    """An active release at a glance; `next_steps` are the next open cells, by cluster and customer."""

    release: Release
    progress: Progress
    deploy: Progress | None
    verify: Progress | None
    clusters: tuple[Progress, ...]
    failed: tuple[NamedStep, ...]
    reverted: tuple[NamedStep, ...]
    in_progress: tuple[NamedStep, ...]
    next_steps: tuple[NamedStep, ...]


@dataclass(frozen=True)
class Activity:
    """One batch: what its first event did, and how many events it has."""

    at: datetime
    operator: str
    action: str
    note: str | None
    events: int
    release_id: int | None
    release_name: str | None
    customer_name: str | None
    step_id: int | None
    step_name: str | None


@dataclass(frozen=True)
class Overview:
    """The dashboard's facts."""

    active: tuple[ReleaseOverview, ...]
    drafts: tuple[Release, ...]
    archived: tuple[Release, ...]
    customers: int
    recent: tuple[Activity, ...]


def overview_of(connection: Connection, operator: str, *, newest: int = 12, upcoming: int = 4) -> Overview:
    """Give the overview for one operator: what somebody else has in progress is not next for them."""
    every = [Release(**row) for row in releases.newest_first(connection)]
    status = {name: tuple(release for release in every if release.status == name) for name in _STATUSES}
    return Overview(
        active=tuple(_release(connection, release, operator, upcoming) for release in status["active"]),
        drafts=status["draft"],
        archived=status["archived"],
        customers=len(releases.active_customer_ids(connection)),
        recent=tuple(_activity(row) for row in activity.recent_batches(connection, newest)),
    )


_STATUSES = ("draft", "active", "archived")


def _release(connection: Connection, release: Release, operator: str, upcoming: int) -> ReleaseOverview:
    categories = {progress.key: progress for progress in progress_by(connection, release.id, "category")}
    waiting = activity.open_steps(connection, release.id, tuple(OPEN))
    return ReleaseOverview(
        release=release,
        progress=progress_of(connection, release.id),
        deploy=categories.get(Category.DEPLOY.value),
        verify=categories.get(Category.VERIFY.value),
        clusters=tuple(progress_by(connection, release.id, "cluster")),
        failed=_in(waiting, Status.FAILED),
        reverted=_in(waiting, Status.REVERTED),
        in_progress=_in(waiting, Status.IN_PROGRESS),
        next_steps=tuple(next_of_customers(waiting, operator)[:upcoming]),
    )


def next_of_customers(waiting: Sequence[RowDict], operator: str) -> list[NamedStep]:
    """Give each customer's next step: its first open one that nobody else has in progress.

    `waiting`: open steps by customer, each customer's in order.
    """
    first: dict[int, RowDict] = {}
    for row in waiting:
        theirs = row["status"] == Status.IN_PROGRESS and row["executed_by"] != operator
        if not theirs:
            first.setdefault(row["customer_id"], row)
    return [_named(row) for row in first.values()]


def _in(waiting: Sequence[RowDict], status: Status) -> tuple[NamedStep, ...]:
    return tuple(_named(row) for row in waiting if row["status"] == status)


def _named(row: RowDict) -> NamedStep:
    return NamedStep(**{name: row[name] for name in NamedStep.__dataclass_fields__})


def _activity(row: RowDict) -> Activity:
    return Activity(**{name: row[name] for name in Activity.__dataclass_fields__})
