"""What an operator wants to know first: how far each active release is, what failed, what is next, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from relorch.model.progress import Progress, count
from relorch.model.status import STATUSES, Status
from relorch.model.values import Category, Release
from relorch.store import Connection, activity, releases, walk
from relorch.store.rows import RowDict
from relorch.views.progress import progress_by


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
class HeldMember:
    """A customer on hold in a release, and why."""

    customer_id: int
    customer_name: str
    namespace: str
    cluster_name: str
    reason: str | None
    since: datetime


@dataclass(frozen=True)
class ReleaseOverview:
    """An active release at a glance; `next_steps` are those of the first customers, by cluster and name."""

    release: Release
    progress: Progress
    deploy: Progress | None
    verify: Progress | None
    clusters: tuple[Progress, ...]
    failed: tuple[NamedStep, ...]
    reverted: tuple[NamedStep, ...]
    in_progress: tuple[NamedStep, ...]
    held: tuple[HeldMember, ...]
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
    """The dashboard's facts; `with_steps` are those of the drafts that have a step."""

    active: tuple[ReleaseOverview, ...]
    drafts: tuple[Release, ...]
    with_steps: frozenset[int]
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
        with_steps=frozenset(releases.with_templates(connection, [draft.id for draft in status["draft"]])),
        archived=status["archived"],
        customers=len(releases.active_customer_ids(connection)),
        recent=activity_of(connection, newest),
    )


_STATUSES = ("draft", "active", "archived")


def _release(connection: Connection, release: Release, operator: str, upcoming: int) -> ReleaseOverview:
    categories = {progress.key: progress for progress in progress_by(connection, release.id, "category")}
    clusters = tuple(progress_by(connection, release.id, "cluster"))
    waiting = activity.open_steps(connection, release.id, (Status.FAILED, Status.REVERTED, Status.IN_PROGRESS))
    ahead = walk.first_steps(connection, walk.Walk(release.id, operator), upcoming)
    coming = activity.named_steps(connection, release.id, [row["id"] for row in ahead])
    return ReleaseOverview(
        release=release,
        progress=_sum(clusters),
        deploy=categories.get(Category.DEPLOY.value),
        verify=categories.get(Category.VERIFY.value),
        clusters=clusters,
        failed=_in(waiting, Status.FAILED),
        reverted=_in(waiting, Status.REVERTED),
        in_progress=_in(waiting, Status.IN_PROGRESS),
        held=tuple(HeldMember(**row) for row in activity.held_members(connection, release.id)),
        next_steps=tuple(_named(row) for row in coming),
    )


def _sum(parts: Sequence[Progress]) -> Progress:
    counts = {status.value: sum(part.counts[status] for part in parts) for status in STATUSES}
    return count(counts, held=sum(part.held for part in parts), held_open=sum(part.held_open for part in parts))


def activity_of(connection: Connection, newest: int, **about: int | None) -> tuple[Activity, ...]:
    """Give the last batches, the newest first: of the whole workbook, of a release or of a customer."""
    return tuple(_activity(row) for row in activity.recent_batches(connection, newest, **about))


def _in(waiting: Sequence[RowDict], status: Status) -> tuple[NamedStep, ...]:
    return tuple(_named(row) for row in waiting if row["status"] == status)


def _named(row: RowDict) -> NamedStep:
    return NamedStep(**{name: row[name] for name in NamedStep.__dataclass_fields__})


def _activity(row: RowDict) -> Activity:
    return Activity(**{name: row[name] for name in Activity.__dataclass_fields__})
