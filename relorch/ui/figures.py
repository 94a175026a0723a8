"""A chart with its figures beside it, in a table that a keyboard and a screen reader can read."""

from __future__ import annotations

from collections.abc import Sequence

import marimo as mo

from relorch.ui import words
from relorch.ui.page import Markup, element, html, joined, show

MOST_ROWS = 300
"""As many rows of a table are drawn; how many more there are is said below it."""

SHORT = 24
"""Texts of so many characters stay on one line."""


class Figure(str):
    """A figure that is told in words, as '12 min' or '57 %': it stands right, under its like."""

    __slots__ = ()


def section(
    title: str, said: str, *, chart: mo.Html | None = None, height: int = 0, table: Markup, many: bool = False
) -> mo.Html:
    """Give a part of the page: its title, what it shows in a sentence, the chart and the table.

    `height` of the chart, in pixels, keeps its place while it is drawn anew. `many`: the table has many columns.
    """
    drawn = (
        html('<div class="ro-chart" style="min-height: {height}px">{chart}</div>', height=height, chart=element(chart))
        if chart is not None
        else Markup()
    )
    kind = "" if chart is None else "ro-beside ro-many" if many else "ro-beside"
    return show(
        html(
            '<section class="ro-page ro-flow" aria-label="{title}"><h2>{title}</h2><p class="ro-said">{said}</p>'
            '<div class="{kind}">{drawn}{table}</div></section>',
            title=title,
            said=said,
            kind=kind,
            drawn=drawn,
            table=table,
        )
    )


def empty(title: str, said: str) -> mo.Html:
    """Give a part of the page that has nothing to show yet, and why."""
    return section(title, said, table=Markup())


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    """Give figures as a table called `name`; numbers stand right, with thousands apart, and None is a dash."""
    right = [any(isinstance(row[at], int | float | Figure) for row in rows[:MOST_ROWS]) for at in range(len(heads))]
    more = words.more_rows(len(rows) - MOST_ROWS) if len(rows) > MOST_ROWS else ""
    return html(
        '<div class="ro-figures" tabindex="0" role="region" aria-label="{name}">'
        '<table aria-label="{name}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}</div>',
        name=name,
        heads=joined(
            html('<th scope="col"{kind}>{head}</th>', head=head, kind=_RIGHT if stands_right else "")
            for head, stands_right in zip(heads, right, strict=True)
        ),
        rows=joined(_row(row, right) for row in rows[:MOST_ROWS]),
        more=html('<p class="ro-more">{more}</p>', more=more) if more else "",
    )


_SHORT = Markup(' class="ro-short"')
_RIGHT = Markup(' class="ro-number"')


def _row(row: Sequence[object], right: Sequence[bool]) -> Markup:
    first, *rest = row
    cells = joined(
        html("<td{kind}>{value}</td>", value=printed(value), kind=_RIGHT if stands_right else _kind(value))
        for value, stands_right in zip(rest, right[1:], strict=True)
    )
    return html('<tr><th scope="row">{first}</th>{cells}</tr>', first=printed(first), cells=cells)


def _kind(value: object) -> Markup:
    return _SHORT if len(str(value)) <= SHORT else Markup()


def printed(value: object) -> object:
    """Give a value as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, Markup) else str(value)


def tiles(figures: Sequence[tuple[str, str]]) -> Markup:
    """Give a line of figures, each with what it counts."""
    return html(
        '<dl class="ro-tiles">{tiles}</dl>',
        tiles=joined(
            html("<div><dt>{name}</dt><dd>{figure}</dd></div>", name=name, figure=figure) for name, figure in figures
        ),
    )
