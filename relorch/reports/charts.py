"""The charts of the reports, as SVG that asks nothing of anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from relorch.model.progress import Progress
from relorch.model.status import Status
from relorch.model.text import visible
from relorch.reports import words
from relorch.views.flow import BurnPoint

COLOURS = {
    Status.DONE: "#2e8b57",
    Status.SKIPPED: "#c9a227",
    Status.FAILED: "#b42318",
    Status.REVERTED: "#7a2e9b",
    Status.IN_PROGRESS: "#1d5fd1",
    Status.PENDING: "#d5dae1",
}
"""Of each status, in the order of a bar."""
_INK, _FAINT = "#1b2430", "#dde1e7"
_MOST_POINTS = 600
_ELEMENTS = frozenset({"svg", "g", "path", "rect", "line", "text", "circle"})
_SHAPE = {"x", "y", "x1", "y1", "x2", "y2", "width", "height", "d", "r", "cx", "cy", "transform", "viewBox"}
_PAINT = {"opacity", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"}
_TYPE = {"text-anchor", "font-family", "font-size", "font-weight", "stroke-miterlimit"}
_ATTRIBUTES = frozenset(_SHAPE | _PAINT | _TYPE)
_CONFIG: dict[str, Any] = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": _INK, "titleColor": _INK, "gridColor": _FAINT, "labelFontSize": 11, "titleFontSize": 11},
    "legend": {"labelColor": _INK, "labelFontSize": 11, "symbolType": "square"},
}


def cluster_chart(clusters: Sequence[Progress]) -> Markup:
    """Give a bar for each cluster: which share of its steps is in which status."""
    order = list(COLOURS)
    values = [
        {"cluster": name, "status": words.status(status), "steps": each.counts[status], "place": order.index(status)}
        for name, each in zip(_names(clusters), clusters, strict=True)
        for status in order
        if each.counts[status]
    ]
    spec = {
        "width": 640,
        "height": {"step": 24},
        "data": {"values": values},
        "mark": {"type": "bar", "height": 16},
        "encoding": {
            "y": {"field": "cluster", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 200}},
            "x": {
                "aggregate": "sum",
                "field": "steps",
                "type": "quantitative",
                "stack": "normalize",
                "title": None,
                "axis": {"format": "%", "tickCount": 5},
            },
            "color": {
                "field": "status",
                "type": "nominal",
                "title": None,
                "scale": {"domain": [words.status(each) for each in order], "range": list(COLOURS.values())},
                "legend": {"orient": "top", "direction": "horizontal"},
            },
            "order": {"field": "place", "type": "quantitative"},
        },
    }
    return _drawn(spec, f"Progress by cluster: a bar for each of {words.counted(len(clusters), 'cluster')}")


def _names(clusters: Sequence[Progress]) -> list[str]:
    """Give the clusters' names; they reach Vega as data, never as part of an expression."""
    names = [visible(str(each.label)) for each in clusters]
    # one that is in use may have the name of one that is not any more
    twice = {name for name in names if names.count(name) > 1}
    return [f"{name} ({each.key})" if name in twice else name for name, each in zip(names, clusters, strict=True)]


def burn_up_chart(points: Sequence[BurnPoint], until: datetime | None = None) -> Markup:
    """Give the number of closed steps over time, below that of all steps; `until`: nothing has changed up to then."""
    if until is not None and until > points[-1].at:
        points = [*points, replace(points[-1], at=until)]
    thinned = _thinned(points)
    values = [
        {"at": int(point.at.timestamp() * 1000), "line": line, "steps": count}
        for point in thinned
        for line, count in (("all steps", point.total), ("done or skipped", point.closed))
    ]
    spec = {
        "width": 760,
        "height": 220,
        "data": {"values": values},
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {
            "x": {
                "field": "at",
                "type": "temporal",
                "scale": {"type": "utc"},
                "title": "UTC",
                "axis": {"labelOverlap": True, "tickCount": 8, "format": _times(points)},
            },
            "y": {"field": "steps", "type": "quantitative", "title": "steps"},
            "color": {
                "field": "line",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["all steps", "done or skipped"], "range": ["#566173", COLOURS[Status.DONE]]},
                "legend": {"orient": "top", "symbolType": "stroke"},
            },
            "strokeDash": {
                "field": "line",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": ["all steps", "done or skipped"], "range": [[6, 3], [1, 0]]},
            },
        },
    }
    return _drawn(spec, "Burn-up: steps that are done or skipped, and all steps, over time")


def _times(points: Sequence[BurnPoint]) -> str:
    """Give how a time is written below the chart: the day alone where it is about many days."""
    span = points[-1].at - points[0].at
    if span < timedelta(minutes=10):
        return "%H:%M:%S"
    days = span.days
    return "%Y-%m-%d" if days > 7 else "%m-%d %H:%M" if days else "%H:%M"


def _thinned(points: Sequence[BurnPoint]) -> list[BurnPoint]:
    """Leave out points where a chart has more of them than dots, never the last one."""
    stride = -(-len(points) // _MOST_POINTS) or 1
    return [*points[:-1:stride], *points[-1:]]


def _drawn(spec: dict[str, Any], label: str) -> Markup:
    import vl_convert

    svg = vl_convert.vegalite_to_svg({**spec, "background": None, "config": _CONFIG, "padding": 4})
    root = ElementTree.fromstring(svg)  # noqa: S314 - what was drawn a moment ago
    _keep_drawing_only(root)
    root.attrib |= {"role": "img", "aria-label": label}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, texts escaped


def _keep_drawing_only(element: ElementTree.Element) -> None:
    """Drop whatever is no shape or text, and what is not how it is drawn: nothing in there can load or run."""
    element.tag = element.tag.rpartition("}")[2]
    for name in element.attrib.keys() - _ATTRIBUTES:
        del element.attrib[name]
    for child in list(element):
        _keep_drawing_only(child)
        if child.tag not in _ELEMENTS:
            element.remove(child)
