"""How a release went, told from its events and never from what the steps are now."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from relorch.model.ordering import Side
from relorch.model.values import MemberState
from relorch.store import Connection, flow, steps
from relorch.store.rows import RowDict
from relorch.store.types import from_microseconds
from relorch.views.replay import Replay
from relorch.views.standing import Version
from relorch.views.tally import (
    COUNTED,
    CUSTOM,
    DONE,
    FAIL,
    OVERRIDE,
    REOPEN,
    REVERT,
    SKIP,
    TEMPLATE,
    Key,
    Tallies,
    Tally,
)


@dataclass(frozen=True, slots=True)
class BurnPoint:
    """Where a release stood right after a batch: of `total` steps so many were done and skipped.

    As in the progress: steps of held members do not count while they are held, those of removed ones not at all.
    """

    at: datetime
    total: int
    done: int
    skipped: int

    @property
    def closed(self) -> int:
        """How many were done or skipped."""
        return self.done + self.skipped


@dataclass(frozen=True)
class LeadTime:
    """How long a member took: from when it got its steps (`since`) until its last open step closed (None: open)."""

    customer_id: int
    customer_name: str
    cluster_id: int
    cluster_name: str
    since: datetime
    completed_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long that was, in seconds; None while a step is open."""
        return None if self.completed_at is None else (self.completed_at - self.since).total_seconds()


@dataclass(frozen=True)
class StepFlow:
    """How one step went across its customers; what an undo took back does not count.

    `template_id` is None for a custom step: those of one name and category are told as one.
    `seconds` has one measured time for each step that was marked done, ascending; `median` and `p90` are of these,
    None where nothing was measured. A time is measured from the step's start; of a step that was ticked without one,
    from the verb that its operator recorded just before in this release, unless that is more than an hour ago or it was
    ticked together with others.
    """

    template_id: int | None
    name: str
    category: str
    seconds: tuple[float, ...]
    median: float | None
    p90: float | None
    done: int
    skips: int
    failures: int
    reverts: int
    reopens: int
    overrides: int


@dataclass(frozen=True)
class Forecast:
    """When the rest will be done at the pace so far: `closed` in the hours from the first activation until `at`.

    `done_at` is None where nothing was closed yet, nothing is open, or it is beyond every calendar; `per_hour` is None
    where no time has passed since the activation, and of a draft.
    """

    at: datetime
    closed: int
    open: int
    per_hour: float | None
    done_at: datetime | None


@dataclass(frozen=True)
class Flow:
    """How a release went: points in time order, members by cluster and name, steps in the order of the matrix."""

    release_id: int
    burn_up: tuple[BurnPoint, ...]
    lead_times: tuple[LeadTime, ...]
    steps: tuple[StepFlow, ...]
    forecast: Forecast


def flow_of(connection: Connection, release_id: int, now: datetime) -> Flow:
    """Give how a release went until `now`; of a draft there is nothing to tell but its steps."""
    replay, tallies = Replay(), Tallies(flow.took_back(connection, release_id))
    points: list[BurnPoint] = []
    for _, events in groupby(flow.told(connection, release_id), key=attrgetter("batch_id")):
        batch = list(events)
        for event in batch:
            replay.take(event)
        tallies.take(batch)
        _note_point(points, replay, batch[0].at)
    return Flow(
        release_id,
        tuple(points),
        tuple(_lead_times(connection, replay)),
        tuple(_step_flows(connection, release_id, replay, tallies)),
        _forecast(points, replay.activated_at, now),
    )


def versions_at(connection: Connection, moment: datetime) -> dict[int, Version]:
    """Give the version each customer was on at a moment, by customer id, from events alone: see `versions_of`.

    Ids give the order: all that was stored before the last event of that moment had happened by then.
    """
    until = flow.last_until(connection, moment)
    found: list[tuple[tuple[int, int, int], int, Version]] = []
    for release_id in flow.release_ids(connection):
        replay = Replay()
        for event in flow.told(connection, release_id, until):
            replay.take(event)
        for customer_id, member in replay.members.items():
            if (at := member.completed_at) is not None:
                version = Version(release_id, replay.name, replay.version_number, from_microseconds(at))
                found.append(((at, replay.created_at, release_id), customer_id, version))
    return {customer_id: version for _, customer_id, version in sorted(found, key=lambda each: each[0])}


def _note_point(points: list[BurnPoint], replay: Replay, at: int) -> None:
    """Add the point after a batch, if it changed the numbers."""
    if replay.activated_at is None:
        return
    last = points[-1] if points else None
    if last is None or (last.total, last.done, last.skipped) != (replay.total, replay.done, replay.skipped):
        points.append(BurnPoint(from_microseconds(at), replay.total, replay.done, replay.skipped))


def _lead_times(connection: Connection, replay: Replay) -> Iterator[LeadTime]:
    there = [customer_id for customer_id, member in replay.members.items() if member.state != MemberState.REMOVED]
    for row in flow.named_customers(connection, there):
        member = replay.members[row["customer_id"]]
        at = member.completed_at
        completed_at = None if at is None else from_microseconds(at)
        yield LeadTime(**row, since=from_microseconds(member.since), completed_at=completed_at)


_Label = tuple[int | None, str, str]
"""Template, name and category of what is told as one step."""

_Place = tuple[str, int, int]
"""Category, place of the live template a step is of or stands beside, and its own place."""


def _step_flows(connection: Connection, release_id: int, replay: Replay, tallies: Tallies) -> Iterator[StepFlow]:
    """Give the steps the release has, and those that are gone but of which there is something to tell."""
    templates = flow.templates_of(connection, release_id)
    labels: dict[Key, _Label] = {(TEMPLATE, each): (each, *said) for each, said in replay.dropped.items()}
    labels |= {(CUSTOM, each): (None, *said) for each, said in replay.custom.items()}
    labels |= {(TEMPLATE, row["id"]): (row["id"], row["name"], row["category"]) for row in templates}
    places = _places(templates, steps.followers(connection, release_id), labels)
    together: dict[_Label, list[Tally]] = {label: [] for label in places}
    for key, tally in tallies.of.items():
        together.setdefault(labels[key], []).append(tally)
    last = 3 * len(templates) + 1
    for label in sorted(together, key=lambda label: places.get(label, (label[2], last, 0))):
        yield _step_flow(label, together[label])


def _places(
    templates: Sequence[RowDict], followers: Sequence[RowDict], labels: Mapping[Key, _Label]
) -> dict[_Label, _Place]:
    """Give where each step of the release stands in the matrix; a template that no member has a step of stands last."""
    live = {row["id"]: 3 * place for place, row in enumerate(templates) if not row["is_retired"]}
    end = 3 * len(templates)
    found: dict[_Label, _Place] = {}
    for row in followers:
        key: Key = (CUSTOM, row["id"]) if row["template_id"] is None else (TEMPLATE, row["template_id"])
        beside = live.get(row["anchor_template_id"], end) + _ASIDE.get(row["anchor_side"], 0)
        place = (row["category"], beside, row["order_index"])
        found[labels[key]] = min(place, found.get(labels[key], place))
    for row in templates:
        place = (row["category"], live.get(row["id"], end + 1), 0)
        found.setdefault(labels[TEMPLATE, row["id"]], place)
    return found


_ASIDE = {Side.BEFORE.value: -1, Side.AFTER.value: +1}


def _step_flow(label: _Label, tallies: Sequence[Tally]) -> StepFlow:
    seconds = sorted(took / 1_000_000 for tally in tallies for took in tally.took)
    times = {action: sum(tally.times[action] for tally in tallies) for action in COUNTED}
    return StepFlow(
        *label,
        seconds=tuple(seconds),
        median=statistics.median(seconds) if seconds else None,
        p90=_ninth_decile(seconds),
        done=times[DONE],
        skips=times[SKIP],
        failures=times[FAIL],
        reverts=times[REVERT],
        reopens=times[REOPEN],
        overrides=times[OVERRIDE],
    )


def _ninth_decile(seconds: Sequence[float]) -> float | None:
    """Give what nine of ten stay under, interpolated between the two values nearest to it."""
    if len(seconds) < 2:
        return seconds[0] if seconds else None
    return statistics.quantiles(seconds, n=10, method="inclusive")[-1]


def _forecast(points: Sequence[BurnPoint], activated_at: int | None, now: datetime) -> Forecast:
    if not points or activated_at is None:
        return Forecast(at=now, closed=0, open=0, per_hour=None, done_at=None)
    last, hours = points[-1], (now - from_microseconds(activated_at)) / timedelta(hours=1)
    left, pace = last.total - last.closed, last.closed / hours if hours > 0 else None
    return Forecast(at=now, closed=last.closed, open=left, per_hour=pace, done_at=_at_that_pace(now, left, pace))


def _at_that_pace(now: datetime, left: int, per_hour: float | None) -> datetime | None:
    """Give when so many steps will be closed; None where nothing is left or moves, or no calendar goes that far."""
    if not left or not per_hour:
        return None
    try:
        return now + timedelta(hours=left / per_hour)
    except OverflowError:
        return None
