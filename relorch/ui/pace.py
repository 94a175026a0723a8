"""How long steps and customers took, and which steps ask for automation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median, quantiles
from typing import Any

import marimo as mo

from relorch.model.text import visible
from relorch.ui import charts, words
from relorch.ui.figures import Figure, empty, section, table
from relorch.views.flow import Flow, LeadTime, StepFlow

BARS = 30
"""As many steps stand in a chart, those that ask for it most; the table has all."""
DOTS = 300
"""Of more customers each cluster is one bar."""

_COUNTS = ("skips", "failures", "reverts", "reopens", "overrides")


def times(flow: Flow) -> mo.Html:
    """Give how long each step took: the median, and within what 90 % were done."""
    named = [(label, step) for label, step in _named(flow.steps) if step.seconds]
    if not named:
        return empty(words.STEP_TIMES, words.STEP_TIMES_EMPTY)
    slowest = sorted(named, key=lambda each: -(each[1].p90 or 0))[:BARS]
    size, unit = words.unit_of(max(step.p90 or 0 for _, step in slowest))
    chart = charts.times(
        [_time_row(label, len(step.seconds), step.median, step.p90, size) for label, step in slowest],
        labels=[label for label, _ in slowest],
        unit=unit,
    )
    rows = [(label, len(step.seconds), _lasted(step.median), _lasted(step.p90)) for label, step in _named(flow.steps)]
    figure = table(words.STEP_TIMES, ("step", "measured", "median", "90 % within"), rows)
    said = words.step_times(len(named), len(slowest))
    height = charts.BAR * len(slowest)
    shown = charts.element(chart, said, height=height)
    return section(words.STEP_TIMES, said, chart=shown, height=height + 60, table=figure)


def _named(steps: Sequence[StepFlow]) -> Iterator[tuple[str, StepFlow]]:
    for at, step in enumerate(steps, 1):
        own = " (custom)" if step.template_id is None else ""
        yield f"{at}. {visible(step.name)}{own}", step


def _time_row(label: str, measured: int, middle: float | None, most: float | None, size: float) -> dict[str, Any]:
    return {
        "label": label,
        "measured": measured,
        "median": (middle or 0) / size,
        "p90": (most or 0) / size,
        "median_said": _lasted(middle),
        "p90_said": _lasted(most),
    }


def _lasted(seconds: float | None) -> Figure | None:
    return None if seconds is None else Figure(words.lasted(seconds))


def candidates(flow: Flow) -> mo.Html:
    """Give what happened beside the plan, step by step: the most of it first."""
    named = [(label, step) for label, step in _named(flow.steps) if _trouble(step)]
    if not named:
        return empty(words.CANDIDATES, words.CANDIDATES_EMPTY)
    most = sorted(named, key=lambda each: -_trouble(each[1]))
    drawn = most[:BARS]
    rows = [
        {"label": label, "kind": kind, "order": order, "count": getattr(step, kind)}
        for label, step in drawn
        for order, kind in enumerate(_COUNTS)
        if getattr(step, kind)
    ]
    figures = [(label, step.done, *(getattr(step, kind) for kind in _COUNTS), _trouble(step)) for label, step in most]
    figure = table(words.CANDIDATES, ("step", "done", *_COUNTS, "all"), figures)
    said = words.candidates(len(drawn), len(most))
    height = charts.BAR * len(drawn)
    chart = charts.element(charts.trouble(rows, labels=[label for label, _ in drawn]), said, height=height)
    return section(words.CANDIDATES, said, chart=chart, height=height + 90, table=figure)


def _trouble(step: StepFlow) -> int:
    return sum(getattr(step, kind) for kind in _COUNTS)


def lead_times(flow: Flow) -> mo.Html:
    """Give how long each customer took from its steps until its last open one closed."""
    complete = [each for each in flow.lead_times if each.seconds is not None]
    if not complete:
        return empty(words.LEAD_TIMES, words.lead_times_empty(len(flow.lead_times)))
    size, unit = words.unit_of(max(each.seconds or 0 for each in complete))
    chart, height, said = _lead_chart(complete, size, unit)
    slowest = sorted(flow.lead_times, key=lambda each: (each.seconds is None, -(each.seconds or 0)))
    rows = [
        (each.customer_name, each.cluster_name, _lasted(each.seconds), words.moment(each.since), _complete(each))
        for each in slowest
    ]
    heads = ("customer", "cluster", "took", "steps since", "complete")
    shown = charts.element(chart, said, height=height)
    return section(words.LEAD_TIMES, said, chart=shown, height=height + 60, table=table(words.LEAD_TIMES, heads, rows))


def _complete(each: LeadTime) -> str | None:
    return words.moment(each.completed_at) if each.completed_at else None


def _lead_chart(complete: Sequence[LeadTime], size: float, unit: str) -> tuple[Any, int, str]:
    by_cluster = [(key, list(each)) for key, each in groupby(complete, key=lambda each: each.cluster_id)]
    labels = [visible(members[0].cluster_name) for _, members in by_cluster]
    height = max(60, 30 * len(labels))
    if len(complete) <= DOTS:
        rows = [
            {
                "label": visible(each.cluster_name),
                "customer": visible(each.customer_name),
                "took": (each.seconds or 0) / size,
                "took_said": _lasted(each.seconds),
            }
            for each in complete
        ]
        return charts.spread(rows, labels=labels, unit=unit), height, words.lead_times_each(len(complete))
    bars = [_cluster_row(label, members, size) for label, (_, members) in zip(labels, by_cluster, strict=True)]
    return charts.times(bars, labels=labels, unit=unit), height, words.lead_times_clusters(len(complete))


def _cluster_row(label: str, members: Sequence[LeadTime], size: float) -> dict[str, Any]:
    took = [each.seconds or 0 for each in members]
    most = quantiles(took, n=10, method="inclusive")[-1] if len(took) > 1 else took[0]
    return _time_row(label, len(took), median(took), most, size)
