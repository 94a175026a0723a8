"""What would be a line each folded into few: exceptions that say the same, and routine work of a long release."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from relorch.model.actions import ACTION
from relorch.reports import words
from relorch.views.report import Happened, ReportedStep, ReportMatrix

MOST_COLUMNS = 40
"""So many steps fit beside a customer's name on a landscape page."""
MOST_LINES = 400
"""A timeline of more batches has its routine folded by operator and hour."""
_ROUTINE = frozenset({"step.start", "step.mark_done"})
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Group:
    """Exceptions of one step that say the same: of whom, and from when until when. `first` stands for them all."""

    first: Any
    step: ReportedStep
    by: str | None
    when: str
    customers: tuple[ReportedStep, ...]

    @property
    def clusters(self) -> list[tuple[str, list[str]]]:
        """The names of the customers by cluster."""
        by_cluster = groupby(self.customers, key=lambda step: step.cluster_name)
        return [(name, [step.customer_name for step in steps]) for name, steps in by_cluster]


def folded(
    items: Sequence[_Item],
    *,
    step: Callable[[_Item], ReportedStep],
    who: Callable[[_Item], tuple[str | None, datetime | None]],
    said: Callable[[_Item], Hashable],
) -> list[Group]:
    """Fold items of the same step by the same operator that say the same; in the order of the steps."""
    groups: dict[Hashable, list[_Item]] = {}
    for item in items:
        same = step(item)
        groups.setdefault((same.category, same.template_id, same.name, who(item)[0], said(item)), []).append(item)
    made = [_group(found, step, who) for found in groups.values()]
    return sorted(made, key=lambda group: (group.step.category, group.step.place))


def _group(
    found: Sequence[_Item],
    step: Callable[[_Item], ReportedStep],
    who: Callable[[_Item], tuple[str | None, datetime | None]],
) -> Group:
    times = [at for _, at in map(who, found) if at is not None]
    when = words.span(min(times), max(times)) if times else ""
    return Group(found[0], step(found[0]), who(found[0])[0], when, tuple(map(step, found)))


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    when: str
    operator: str
    what: str
    about: str
    where: str
    note: str | None
    taken_back: str = ""


def timeline(happened: Sequence[Happened]) -> tuple[list[tuple[str, list[Line]]], bool]:
    """Give the lines of the timeline by day, and whether routine work is folded by operator and hour."""
    fold, of_batch = len(happened) > MOST_LINES, {each.batch_id: each for each in happened}
    lines = _folded_routine(happened, of_batch) if fold else ((each.at, _line(each, of_batch)) for each in happened)
    timed = sorted(lines, key=_time)
    by_day = groupby(timed, key=lambda each: f"{each[0]:%Y-%m-%d}")
    return [(day, [line for _, line in lines]) for day, lines in by_day], fold


def _time(timed: tuple[datetime, Line]) -> datetime:
    return timed[0]


def _folded_routine(happened: Sequence[Happened], of_batch: Mapping[int, Happened]) -> Iterable[tuple[datetime, Line]]:
    routine: dict[tuple[str, str, str], list[Happened]] = {}
    for each in happened:
        if each.action in _ROUTINE and each.note is None:
            routine.setdefault((f"{each.at:%Y-%m-%d %H}", each.operator, each.action), []).append(each)
        else:
            yield each.at, _line(each, of_batch)
    for (_, operator, action), found in routine.items():
        times = words.span(found[0].at, found[-1].at)[11:].removesuffix(" UTC")
        steps, undone = (
            sum(counts) for counts in zip(*((each.events, each.taken_back) for each in found), strict=True)
        )
        where, what = f"in {len(found):,} batches", words.action(action)
        about = words.counted(steps, "step")
        yield found[0].at, Line(times, operator, what, about, where, None, words.undone(undone, steps))


def _line(each: Happened, of_batch: Mapping[int, Happened]) -> Line:
    about = each.step_name or ("" if each.events == 1 else f"{each.events:,} events")
    what = words.action(each.action)
    if each.undoes is not None:
        what = f"{what}: {_undone(of_batch.get(each.undoes), each)}"
    undone = words.undone(each.taken_back, each.events)
    where = each.customer_name or ("" if not each.customers else words.counted(each.customers, "customer"))
    return Line(f"{each.at:%H:%M:%S}", each.operator, what, about, where, each.note, undone)


def _undone(batch: Happened | None, by: Happened) -> str:
    if batch is None:
        return f"batch {by.undoes}"
    day = "" if batch.at.date() == by.at.date() else f"{batch.at:%Y-%m-%d} "
    return f"{words.action(batch.action)} by {batch.operator} at {day}{batch.at:%H:%M:%S}"


@dataclass(frozen=True)
class Band:
    """As many steps of the matrix as fit on a page: their categories with widths, numbers, and lines by cluster."""

    first: int
    last: int
    categories: tuple[tuple[str, int], ...]
    numbers: tuple[str, ...]
    clusters: tuple[tuple[str, int, tuple[tuple[Any, str], ...]], ...]


def numbers_of(matrix: ReportMatrix) -> list[str]:
    """Give the number of each row of the matrix, such as D1 and V12."""
    seen: dict[str, int] = {}
    numbers = []
    for row in matrix.rows:
        seen[row.category] = seen.get(row.category, 0) + 1
        numbers.append(f"{row.category[0].upper()}{seen[row.category]}")
    return numbers


def bands(matrix: ReportMatrix) -> list[Band]:
    """Cut the matrix into bands of steps, each with every customer by cluster."""
    numbers = numbers_of(matrix)
    starts = range(0, len(numbers), MOST_COLUMNS)
    return [_band(matrix, numbers, start, min(start + MOST_COLUMNS, len(numbers))) for start in starts]


def _band(matrix: ReportMatrix, numbers: Sequence[str], start: int, end: int) -> Band:
    categories = groupby(row.category for row in matrix.rows[start:end])
    lines = [(customer, line[start:end]) for customer, line in zip(matrix.customers, matrix.lines, strict=True)]
    clusters = groupby(lines, key=lambda line: (line[0].cluster_id, line[0].cluster_name))
    cut = ((name, tuple(found)) for (_, name), found in clusters)
    return Band(
        start + 1,
        end,
        tuple((category, len(list(found))) for category, found in categories),
        tuple(numbers[start:end]),
        tuple((name, len(found), found) for name, found in cut),
    )


def verbs(operators: Iterable[Mapping[str, int]]) -> list[str]:
    """Give the actions that anybody did, in the order of the words there are for them."""
    done = {action for actions in operators for action in actions}
    return [*(action for action in ACTION if action in done), *sorted(done - ACTION.keys())]
