"""Reports for programs and spreadsheets: the same facts as on paper, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from relorch.model.progress import Progress
from relorch.transfer.spreadsheet import safe
from relorch.views.report import Head, ReleaseReport, ReportedStep, ReportMember, SignedStep, SignOff

COLUMNS = (
    "release",
    "version",
    "cluster",
    "namespace",
    "customer",
    "member_state",
    "category",
    "place",
    "step",
    "type",
    "status",
    "source",
    "executed_at",
    "executed_by",
    "executed_sha256",
    "notes",
    "skip_reason",
    "step_id",
)
"""The columns of a release's CSV; that of one customer has the texts behind them."""
TEXT_COLUMNS = ("executed_text", "would_run", "cannot_render", "earlier_texts")


def as_json(report: ReleaseReport | SignOff) -> Iterator[str]:
    """Give all facts as one JSON object, keys in camelCase, times in UTC; lists have one item a line."""
    kind = "signOff" if isinstance(report, SignOff) else "releaseReport"
    yield f'{{\n"report": {json.dumps(kind)},\n"reportVersion": 1'
    for each in fields(report):
        yield f",\n{json.dumps(_camel(each.name))}: "
        yield from _lines(getattr(report, each.name))
    yield "\n}\n"


def _lines(value: object) -> Iterator[str]:
    if not isinstance(value, tuple) or not value:
        yield json.dumps(plain(value))
        return
    for number, item in enumerate(value):
        yield f"{',' if number else '['}\n  {json.dumps(plain(item))}"
    yield "\n]"


def plain(value: object) -> Any:
    """Give a fact as JSON holds it."""
    if isinstance(value, Progress):
        counted = {name: getattr(value, name) for name in ("total", "closed", "open", "percentage")}
        return {name: plain(getattr(value, name)) for name in ("key", "label", "counts")} | counted | _held(value)
    if isinstance(value, BaseModel):
        return {_camel(name): plain(getattr(value, name)) for name in type(value).model_fields}
    if is_dataclass(value):
        return {_camel(each.name): plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is None:
            return list(map(plain, value))
        return {_camel(name): plain(each) for name, each in zip(names, value, strict=True)}
    if isinstance(value, datetime):
        return _moment(value)
    return value.value if isinstance(value, Enum) else value


def _held(progress: Progress) -> dict[str, int]:
    return {"held": progress.held, "heldOpen": progress.held_open}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_csv(report: ReleaseReport | SignOff) -> Iterator[str]:
    """Give one row a step, flat, the names of the columns first; no cell is one that a spreadsheet would run."""
    if isinstance(report, SignOff):
        rows: Iterator[Sequence[object]] = (_signed_row(report.head, report.member, step) for step in report.steps)
        yield _row((*COLUMNS, *TEXT_COLUMNS))
    else:
        rows = (_step_row(report.head, step) for step in report.steps)
        yield _row(COLUMNS)
    yield from map(_row, rows)


def _row(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    return "" if value is None else safe(value) if isinstance(value, str) else str(value)


def _step_row(head: Head, step: ReportedStep) -> tuple[object, ...]:
    who = (step.cluster_name, step.namespace, step.customer_name, step.member_state)
    return (head.release_name, head.version_number, *who, *_record(step), step.executed_sha256, *_words(step))


def _signed_row(head: Head, member: ReportMember, step: SignedStep) -> tuple[object, ...]:
    who = (member.cluster_name, member.namespace, member.customer_name, member.state)
    earlier = "\n\n".join(f"sha256 {said.text_sha256}\n{said.text}" for said in step.history if said.text is not None)
    texts = (step.text, step.would_run, "; ".join(step.problems) or None, earlier)
    return (head.release_name, head.version_number, *who, *_record(step), step.text_sha256, *_words(step), *texts)


def _record(step: ReportedStep | SignedStep) -> tuple[object, ...]:
    said = (step.category, step.place, step.name, step.type, step.status, source(step))
    return (*said, step.executed_at, step.executed_by)


def _words(step: ReportedStep | SignedStep) -> tuple[object, ...]:
    return step.notes, step.skip_reason, step.step_id


def source(step: ReportedStep | SignedStep) -> str:
    """Give where a step's text comes from: its template, an override, or nowhere but here."""
    return "custom" if step.is_custom else "overridden" if step.is_overridden else "template"
