"""The charts of the pages: Altair specifications from plain values, in the colours and letters of the pages.

Colours are the custom properties of theme.css, so that a chart follows light and dark by itself; that needs SVG.
Data goes into the specification as it is, no file beside it: every chart here holds a few thousand values at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import altair as alt
import marimo as mo

from relorch.model.status import Status
from relorch.model.text import visible
from relorch.ui.meters import SHARES

Rows = Sequence[Mapping[str, Any]]

FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_TEXT, _MUTED, _LINE = "var(--ro-text)", "var(--ro-muted)", "var(--ro-line)"
LABEL_WIDTH = 200
"""Longer names are cut at the axis, in pixels; the tooltip and the table beside the chart have them whole."""
BAR = 22
"""The height of a horizontal bar with its gap, in pixels."""
SERIES = ("var(--ro-accent)", "var(--ro-ok)", "var(--ro-warn)", "var(--ro-reverted)", "var(--ro-danger)", _MUTED)
"""The colours of things that are no status."""


def element(
    chart: Any, description: str, *, height: int, on_pick: Callable[[dict[str, list[Any]]], object] | None = None
) -> mo.ui.altair_chart:
    """Give a chart as a marimo element.

    `description` says to a screen reader what the chart shows; the table beside it has the figures. `on_pick` gets
    what is picked in the chart, by field: nothing in it when nothing is.
    """
    dressed = _dressed(chart.properties(width="container", height=height, description=description))

    def picked(_value: object) -> None:
        if on_pick is not None:
            on_pick(_picked(shown.selections))

    shown = mo.ui.altair_chart(dressed, chart_selection=False, legend_selection=False, on_change=picked)
    return shown


def _picked(selections: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    return {field: list(values) for field, values in selections.get("picked", {}).items() if field != "vlPoint"}


def _data(rows: Rows) -> alt.InlineData:
    # as one text: Altair copies and checks every value of a list many times over
    return alt.InlineData(values=json.dumps([dict(row) for row in rows]), format=alt.JsonDataFormat(type="json"))


def _dressed(chart: Any) -> Any:
    return (
        chart.properties(background="transparent", usermeta={"embedOptions": {"renderer": "svg", "actions": False}})
        .configure(font=FONT, padding={"left": 4, "right": 12, "top": 4, "bottom": 4})
        .configure_axis(
            labelColor=_MUTED,
            titleColor=_MUTED,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelLimit=LABEL_WIDTH,
            gridColor=_LINE,
            domainColor=_LINE,
            tickColor=_LINE,
        )
        .configure_legend(
            labelColor=_TEXT,
            titleColor=_MUTED,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            orient="top",
            direction="horizontal",
            labelLimit=260,
        )
        .configure_view(stroke=None)
    )


def colour(status: str) -> str:
    """Give the colour of a status; what is pending stays in the background."""
    return "var(--ro-line-strong)" if status == "pending" else f"var(--ro-{status})"


def epoch(at: datetime) -> float:
    """Give a time as a chart counts it: milliseconds since 1970 in UTC."""
    return at.timestamp() * 1000


def _status_colour(legend: Any) -> Any:
    every = (*SHARES, Status.PENDING)
    names = [status.value.replace("_", " ") for status in every]
    scale = alt.Scale(domain=names, range=[colour(status.value) for status in every])
    return alt.Color("status:N", title=None, scale=scale, legend=legend)


def burn_up(rows: Rows, *, times: str) -> Any:
    """Give total and closed over time; a row has `at` (see `epoch`), `when`, `total`, `done`, `skipped`.

    `times` is how a time is written at the axis.
    """
    scale = alt.Scale(domain=["total", "done", "skipped"], range=[_TEXT, colour("done"), colour("skipped")])
    names = alt.Color("kind:N", title=None, scale=scale, legend=alt.Legend(symbolType="square"))
    axis = alt.Axis(labelOverlap=True, tickCount=6, format=times)
    x = alt.X("at:T", title="time (UTC)", scale=alt.Scale(type="utc"), axis=axis)
    told = [
        alt.Tooltip("when:N", title="at"),
        *(alt.Tooltip(f"{name}:Q", format=",") for name in ("total", "done", "skipped")),
    ]
    steps = alt.Y("steps:Q", title="steps", stack="zero", axis=alt.Axis(format=",d", tickMinStep=1))
    closed = [
        {**row, "kind": kind, "steps": row[kind], "at_the_bottom": at}
        for row in rows
        for at, kind in enumerate(("done", "skipped"))
    ]
    areas = (
        alt.Chart(_data(closed))
        .mark_area(interpolate="step-after", opacity=0.8)
        .encode(x=x, y=steps, color=names, order="at_the_bottom:Q", tooltip=told)
    )
    total = [{**row, "kind": "total", "steps": row["total"]} for row in rows]
    line = (
        alt.Chart(_data(total))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(x=x, y=alt.Y("steps:Q", title="steps"), color=names, tooltip=told)
    )
    return alt.layer(areas, line)


def statuses(rows: Rows, picks: str, picked: int | None, *, labels: Sequence[str]) -> Any:
    """Give stacked shares per status, one bar each; a row has `label`, `status`, `place`, `count`, `share`, `picks`.

    `picks` names the field that a click gives; `picked` is that of the bar that stands out at first.
    """
    value = [] if picked is None else [{picks: picked}]
    point = alt.selection_point(name="picked", fields=[picks], value=value, empty=True)
    return (
        alt.Chart(_data(rows))
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X(
                "share:Q",
                title="share of its steps",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", tickCount=5),
            ),
            y=alt.Y("label:N", title=None, sort=list(labels)),
            color=_status_colour(alt.Legend(symbolType="square", columns=3)),
            order=alt.Order("place:Q"),
            opacity=alt.condition(point, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip("label:N", title="of"),
                alt.Tooltip("status:N"),
                alt.Tooltip("count:Q", title="steps", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
        .add_params(point)
    )


def heat(rows: Rows, marks: Rows, *, across: Mapping[int, str], bands: int, down: Sequence[str], each: bool) -> Any:
    """Give the matrix in small: a row has `down`, `across` (of so many `bands`), `status`, `share` (closed), `said`.

    `each`: a cell is one step and has the colour of its status; else it is several, and darker the more are closed.
    `marks` are cells that carry a `glyph` too. `across` has the names that stand above some bands.
    """
    named = f"{json.dumps(list(across.values()))}[indexof({json.dumps(list(across))}, datum.value)]"
    above = alt.Axis(
        orient="top", values=list(across), labelExpr=named, labelAngle=0, labelAlign="left", labelLimit=140,
        labelOverlap="greedy", ticks=False, domain=False,
    )  # fmt: skip
    x = alt.X("across:O", title=None, scale=alt.Scale(domain=list(range(bands))), axis=above)
    beside = alt.Axis(ticks=False, domain=False, labelPadding=4, labelOverlap="greedy")
    y = alt.Y("down:O", title=None, scale=alt.Scale(domain=list(down)), axis=beside)
    titles = {"down": "step", "place": "customers", "said": "steps"}
    told = [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]
    cells = alt.Chart(_data(rows))
    if each:
        cells = cells.mark_rect(aria=False).encode(color=_status_colour(alt.Legend(symbolType="square", columns=3)))
    else:
        scale = alt.Scale(domain=[0, 1], range=[0.06, 1])
        share = alt.Opacity("share:Q", title=None, scale=scale, legend=None)
        cells = cells.mark_rect(aria=False, fill=colour("done")).encode(opacity=share)
    ink = "var(--ro-bg)" if each else colour("failed")
    glyphs = alt.Chart(_data(marks)).mark_text(aria=False, fontSize=11, fontWeight="bold", color=ink)
    return alt.layer(cells.encode(x=x, y=y, tooltip=told), glyphs.encode(x=x, y=y, text="glyph:N", tooltip=told))


def times(rows: Rows, *, labels: Sequence[str], unit: str) -> Any:
    """Give the time per step: a bar until the 90th percentile, a tick at the median; `median`, `p90` in `unit`."""
    data = _data(rows)
    y = alt.Y("label:N", title=None, sort=list(labels))
    told = [
        alt.Tooltip("label:N", title="step"),
        alt.Tooltip("measured:Q", format=","),
        alt.Tooltip("median_said:N", title="median"),
        alt.Tooltip("p90_said:N", title="90 % within"),
    ]
    title = f"{unit} (line: median; bar: 90 % within)"
    bars = (
        alt.Chart(data)
        .mark_bar(color="var(--ro-accent)", opacity=0.45)
        .encode(x=alt.X("p90:Q", title=title, axis=alt.Axis(format=",.6~f")), y=y, tooltip=told)
    )
    ticks = (
        alt.Chart(data).mark_tick(color=_TEXT, thickness=3).encode(x=alt.X("median:Q", title=title), y=y, tooltip=told)
    )
    return alt.layer(bars, ticks)


KINDS = {
    "skips": colour("skipped"),
    "failures": colour("failed"),
    "reverts": colour("reverted"),
    "reopens": colour("in_progress"),
    "overrides": _MUTED,
}
"""What makes a step a candidate for automation, each in its colour."""


def trouble(rows: Rows, *, labels: Sequence[str]) -> Any:
    """Give what happened beside the plan per step; a row has `label`, `kind` of `KINDS`, `order`, `count`."""
    scale = alt.Scale(domain=list(KINDS), range=list(KINDS.values()))
    return (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X("count:Q", title="times", axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("label:N", title=None, sort=list(labels)),
            color=alt.Color("kind:N", title=None, scale=scale, legend=alt.Legend(symbolType="square")),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("label:N", title="step"),
                alt.Tooltip("kind:N", title="what"),
                alt.Tooltip("count:Q", title="times", format=","),
            ],
        )
    )


def spread(rows: Rows, *, labels: Sequence[str], unit: str) -> Any:
    """Give lead times as one dot per customer along its cluster's line; a row has `label`, `took` and who it is."""
    return (
        alt.Chart(_data(rows))
        .mark_circle(size=70, color="var(--ro-accent)", opacity=0.55)
        .encode(
            x=alt.X("took:Q", title=f"{unit} from its steps to complete", axis=alt.Axis(format=",.6~f")),
            y=alt.Y("label:N", title=None, sort=list(labels)),
            tooltip=[
                alt.Tooltip("customer:N"),
                alt.Tooltip("label:N", title="cluster"),
                alt.Tooltip("took_said:N", title="took"),
            ],
        )
    )


MARKS = ("bar", "line", "point")
"""The kinds of chart that can be built from a result."""
PLOTTED = 5_000
"""As many rows of a result a chart draws at most."""


def built(rows: Rows, columns: Mapping[str, str], *, kind: str, x: str, y: str, colour: str | None) -> Any:
    """Give a chart of a result's columns; `columns` are their kinds by name: Q number, T time, N anything else.

    Names are nothing that Vega reads: the data has fields of its own, names are titles only.
    """
    field = {name: f"column_{at}" for at, name in enumerate(columns)}
    used = list(dict.fromkeys(name for name in (x, y, colour) if name is not None))
    data = _data([{field[name]: row[name] for name in used} for row in rows])
    mark = {
        "bar": lambda chart: chart.mark_bar(color=SERIES[0]),
        "line": lambda chart: chart.mark_line(color=SERIES[0], point=True),
        "point": lambda chart: chart.mark_point(color=SERIES[0], filled=True, size=60),
    }[kind](alt.Chart(data))
    chart = mark.encode(
        x=alt.X(f"{field[x]}:{columns[x]}", title=visible(x), sort=None, **_axis(columns[x])),
        y=alt.Y(f"{field[y]}:{columns[y]}", title=visible(y), sort=None, stack=False, **_axis(columns[y])),
        tooltip=[alt.Tooltip(f"{field[name]}:{columns[name]}", title=visible(name)) for name in used],
    )
    if colour is None:
        return chart
    scale = alt.Undefined if columns[colour] != "N" else alt.Scale(range=list(SERIES))
    return chart.encode(color=alt.Color(f"{field[colour]}:{columns[colour]}", title=visible(colour), scale=scale))


def _axis(kind: str) -> dict[str, Any]:
    if kind == "T":
        return {"scale": alt.Scale(type="utc")}
    return {"axis": alt.Axis(format=",.6~f")} if kind == "Q" else {}
