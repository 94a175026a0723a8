"""Facts on paper: one HTML file that needs nothing else, runs nothing and asks nobody.

Everything the templates put in is escaped by Jinja2; what is invisible in a name is made visible on the way.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from relorch.model.status import STATUSES, Status
from relorch.model.text import invisible, visible
from relorch.model.values import ReleaseStatus
from relorch.reports import folding, words
from relorch.reports.charts import burn_up_chart, cluster_chart
from relorch.reports.data import source
from relorch.reports.difference import difference
from relorch.views.report import SIGNS, Override, OwnStep, RanOwn, ReleaseReport, ReportedStep, Setback, SignOff

_SHORT = 30
"""A text of at most so many lines is kept on one page with what is said of its step."""


def as_html(report: ReleaseReport | SignOff, *, matrix: bool = True) -> str:
    """Give a report as one HTML file; `matrix=False` leaves that table out, as a preview of a large release does."""
    if isinstance(report, SignOff):
        return _filled("sign_off.html", "portrait", report=report)
    clusters = [each for each in report.clusters if each.total]
    days, is_folded = folding.timeline(report.timeline)
    return _filled(
        "release.html",
        "landscape",
        report=report,
        cluster_chart=cluster_chart(clusters) if clusters else "",
        burn_up_chart=burn_up_chart(report.burn_up, _until(report)) if len(report.burn_up) > 1 else "",
        numbers=folding.numbers_of(report.matrix),
        bands=folding.bands(report.matrix) if matrix else None,
        exceptions=_exceptions(report),
        days=days,
        is_folded=is_folded,
        verbs=folding.verbs(each.actions for each in report.operators),
    )


def _until(report: ReleaseReport) -> datetime | None:
    """Give when the report was made, where the work still goes on: a standstill is to be seen."""
    works_on = report.head.release_status == ReleaseStatus.ACTIVE and report.summary.progress.open
    return report.head.made_at if works_on else None


def _exceptions(report: ReleaseReport) -> dict[str, list[folding.Group]]:
    found = report.exceptions
    return {
        "failed": _alike(found.failed, lambda step: step.notes),
        "reverted": _alike(found.reverted, lambda step: step.notes),
        "skipped": _alike(found.skipped, lambda step: step.skip_reason),
        "setbacks": folding.folded(found.setbacks, step=_of, who=_by, said=_setback),
        "overridden": folding.folded(found.overridden, step=_of, who=_by, said=_override),
        "ran_own": folding.folded(found.ran_own, step=_of, who=_by, said=_ran_own),
        "custom": folding.folded(found.custom, step=_of, who=_by, said=lambda each: each.step.status),
    }


def _alike(steps: Sequence[ReportedStep], said: Any) -> list[folding.Group]:
    return folding.folded(
        steps, step=lambda each: each, who=lambda each: (each.executed_by, each.executed_at), said=said
    )


def _of(item: Override | RanOwn | OwnStep | Setback) -> ReportedStep:
    return item.step


def _by(item: Override | RanOwn | OwnStep | Setback) -> tuple[Any, Any]:
    return item.by, item.at


def _setback(item: Setback) -> tuple[Any, ...]:
    return item.action, item.note, item.taken_back, item.step.status


def _override(item: Override) -> tuple[Any, ...]:
    return item.template_text, item.own_text, item.moved_on, item.step.status


def _ran_own(item: RanOwn) -> tuple[Any, ...]:
    return item.text, item.text_sha256, item.step.status


def exact(text: str) -> Markup:
    """Give a text whose copy is the text: what is invisible in it is drawn beside the character, and turns nothing."""
    if text.isascii():
        return escape(text)
    return Markup().join(_mark(char) if invisible(char) else char for char in text)


def _mark(char: str) -> Markup:
    return Markup('<span class="seen" data-code="U+{code:04X}">{char}</span>').format(code=ord(char), char=char)


_CELLS = {
    **{SIGNS[each]: f'<td class="{each.value}">{words.SIGN[each]}</td>' for each in STATUSES},
    " ": "<td></td>",
}


def cells(line: str) -> Markup:
    """Give a line of the matrix as the cells of a table."""
    return Markup("".join(map(_CELLS.__getitem__, line)))  # noqa: S704 - only cells from above


def _filled(name: str, paper: str, **facts: Any) -> str:
    style = _read("report.css") + _read(f"{paper}.css")
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'"
    return _environment().get_template(name).render(style=Markup(style), policy=policy, **facts)  # noqa: S704 - our own


def _read(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _shown(value: Any) -> Any:
    return visible(value) if type(value) is str else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Give the templates with what they may ask."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"exact": exact, "cells": cells, "moment": words.moment}
    environment.globals |= {
        "words": words,
        "statuses": STATUSES,
        "Status": Status,
        "source": source,
        "difference": difference,
        "short": lambda text: text is None or text.count("\n") < _SHORT,
    }
    return environment
