"""How a release went, told a second time and in another way than `relorch.views.flow` does.

Whole rows are rebuilt from the history (`tests.workbook.replay`) and counted afresh after each batch. What an undo took
back is found by what it says: it puts a step from what an earlier event made of it to what that found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl

from relorch.model.values import Event
from tests.workbook.replay import Replay

Point = tuple[datetime, int, int, int]
VERBS = ("start", "mark_done", "fail", "skip", "revert", "reopen")


def burn_up(history: Sequence[Event], first_step_id: int = 1) -> list[Point]:
    """Give (at, total, done, skipped) after the activation and after each batch that changed them."""
    points: list[Point] = []
    for events, replay in _after_each_batch(history, first_step_id):
        counts = Counter(
            step["status"] for step in replay.steps.values() if replay.members[step["customer_id"]] == "active"
        )
        now = (counts.total(), counts["done"], counts["skipped"])
        if any(event.action == "release.activate" for event in events) or (points and points[-1][1:] != now):
            points.append((events[0].at, *now))
    return points


def lead_times(history: Sequence[Event], first_step_id: int = 1) -> dict[int, tuple[datetime, datetime | None]]:
    """Give since when each member who was not removed has steps, and when its last open one closed."""
    replay, since = Replay(first_step_id), dict[int, datetime]()
    for event in history:
        replay.take(event)
        for customer in (event.after or {}).get("customer_ids", ()):
            since.setdefault(customer, event.at)
    own: dict[int, list[Any]] = defaultdict(list)
    for step in replay.steps.values():
        own[step["customer_id"]].append(step)
    there = [customer for customer, state in replay.members.items() if state != "removed"]
    return {customer: (since[customer], _completed(own[customer])) for customer in there}


def _completed(steps: Sequence[Any]) -> datetime | None:
    if not steps or any(step["status"] not in ("done", "skipped") for step in steps):
        return None
    return max(datetime.fromisoformat(step["executed_at"]) for step in steps)


@dataclass
class StepCount:
    """What happened to one step across its customers."""

    verbs: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def quantile(self, part: float) -> float | None:
        """Give what this part of the times stays under, interpolated linearly."""
        return pl.Series(self.seconds, dtype=pl.Float64).quantile(part, "linear")


def step_counts(history: Sequence[Event], first_step_id: int = 1) -> dict[Any, StepCount]:
    """Give what happened by template id, and by name and category of custom steps."""
    replay = Replay(first_step_id)
    for event in history:
        replay.take(event)
    counts: dict[Any, StepCount] = defaultdict(StepCount)
    by_step: dict[int, list[Event]] = defaultdict(list)
    retiring = {event.batch_id for event in history if event.action == "template.retire"}
    for event in history:
        if event.step_id is not None and "rows" not in (event.after or {}):
            by_step[event.step_id].append(event)
    for step_id, events in by_step.items():
        row = replay.steps.get(step_id) or replay.gone[step_id]
        count = counts[row["template_id"] or (row["name"], row["category"])]
        standing = [event for event in _in_force(events) if event.action != "undo"]
        count.verbs.update(
            event.action.removeprefix("step.")
            for event in standing
            if not (event.action == "step.skip" and event.batch_id in retiring)
        )
        for place, event in enumerate(standing):
            if event.action == "step.mark_done":
                took = _took(event, standing[:place], history)
                count.seconds += [] if took is None or took < 0 else [took]
    return counts


def _in_force(events: Sequence[Event]) -> list[Event]:
    """Leave out what was undone; an undone undo brings back what it had taken back."""
    undid: dict[int, list[int]] = defaultdict(list)

    def undone(event_id: int) -> bool:
        return any(not undone(by) for by in undid[event_id])

    for at, event in enumerate(events):
        if event.action == "undo":
            taken = next(
                earlier.id
                for earlier in reversed(events[:at])
                if event.note == f"undo of {earlier.action}"
                and (earlier.before, earlier.after) == (event.after, event.before)
                and not undone(earlier.id)
            )
            undid[taken].append(event.id)
    return [event for event in events if not undone(event.id)]


def _took(done: Event, before: Sequence[Event], history: Sequence[Event]) -> float | None:
    """Give the seconds since the step's start, else since its operator's batch before this one, within the hour."""
    for event in reversed(before):
        if event.action == "step.start":
            return (done.at - event.at).total_seconds()
        if event.action in ("step.mark_done", "step.skip", "step.revert", "step.reopen"):
            break
    if sum(event.batch_id == done.batch_id for event in history) > 1:
        return None
    own = [event.at for event in history if event.operator == done.operator and event.batch_id < done.batch_id]
    if not own or done.at - own[-1] > timedelta(hours=1):
        return None
    return (done.at - own[-1]).total_seconds()


def _after_each_batch(history: Sequence[Event], first_step_id: int) -> Iterator[tuple[list[Event], Replay]]:
    replay = Replay(first_step_id)
    for _, events in groupby(history, key=lambda event: event.batch_id):
        batch = list(events)
        for event in batch:
            replay.take(event)
        yield batch, replay
