"""Rows of a database of the original specification's stack as relorch's values, with what had to be put right.

There is nothing that database would not hold: it has no limits, its times are seconds, its metadata is any JSON.
What stops an import is what nobody could repair without guessing what runs: a step's content is never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from relorch.errors import InvalidValue, shown
from relorch.model import text
from relorch.model.placeholders import sha256
from relorch.model.status import Status
from relorch.model.values import Category, ReleaseStatus, ReleaseType, StepType
from relorch.store.types import Damaged, from_microseconds
from relorch.transfer.findings import Finding, Findings, Kind

NOT_RECORDED = "(not recorded)"
MOST_ERRORS = 1_000
_MOST_RANGES = 100
_EMPTY = {"bash": "# (no content)", "sql": "-- (no content)", "text": "(no content)"}
_LAST_SECOND = 253_402_300_799  # of the year 9999
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_KEY = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{text.NAME_LIMIT - 1}}}")
_NO_KEY = re.compile(r"[^A-Za-z0-9_-]")

Values = dict[str, Any]


class TooManyErrors(Exception):
    """There are so many that reading on helps nobody."""


@dataclass
class Ledger:
    """What was found, by table and row; what was found alike in many rows is told once, with all of them."""

    _errors: list[Finding] = field(default_factory=list)
    _alike: dict[tuple[Kind, str, str], list[int]] = field(default_factory=dict)

    def error(self, table: str, row: object, why: str) -> None:
        """Note what stops the import; raises `TooManyErrors` when nobody would read on."""
        self._errors.append(Finding(Kind.ERROR, None, f"{table} {shown(row)}: {why}."))
        if len(self._errors) == MOST_ERRORS:
            raise TooManyErrors

    def repair(self, table: str, row: int, what: str) -> None:
        """Note what was put right in a row."""
        self._alike.setdefault((Kind.REPAIR, table, what), []).append(row)

    def warning(self, table: str, row: int, what: str) -> None:
        """Note what somebody should look at."""
        self._alike.setdefault((Kind.WARNING, table, what), []).append(row)

    @property
    def stops(self) -> bool:
        """Whether there is an error."""
        return bool(self._errors)

    @property
    def error_count(self) -> int:
        """How many errors were noted."""
        return len(self._errors)

    def findings(self) -> tuple[Finding, ...]:
        """Give everything: errors, then repairs and warnings by table."""
        found = Findings(list(self._errors))
        if len(self._errors) == MOST_ERRORS:
            found.error(None, f"There are more than {MOST_ERRORS:,} errors; the rest was not looked at.")
        for (kind, table, what), ids in self._alike.items():
            found.found.append(Finding(kind, None, f"{table} {ranges(ids)}: {what}."))
        return tuple(found.found)


def ranges(ids: list[int]) -> str:
    """Give numbers as a person writes them: `1-3, 7`."""
    told: list[list[int]] = []
    for number in sorted(set(ids)):
        if told and number == told[-1][1] + 1:
            told[-1][1] = number
        else:
            told.append([number, number])
    shown_ones = [str(first) if first == last else f"{first}-{last}" for first, last in told[:_MOST_RANGES]]
    more = sum(last - first + 1 for first, last in told[_MOST_RANGES:])
    return ", ".join(shown_ones) + (f" and {more:,} more" if more else "")


class Source:
    """One row as it was found; `rest` gathers what had no room, `id` is None for a row that cannot be named."""

    def __init__(self, table: str, raw: Mapping[str, Any], ledger: Ledger, now: datetime) -> None:
        self.table, self.raw, self.ledger, self.now = table, raw, ledger, now
        self.rest: dict[str, str] = {}
        self.sound = True
        self.id = self.number("id")

    @property
    def release_and_customer(self) -> tuple[object, object]:
        """Whose step this is, as it was found."""
        return self.raw["release_id"], self.raw["customer_id"]

    def refuse(self, why: str) -> None:
        """Note an error of this row."""
        self.sound = False
        self.ledger.error(self.table, self.raw["id"], why)

    def repair(self, what: str) -> None:
        """Note what was put right in this row."""
        self.ledger.repair(self.table, self.id, what)

    def number(self, name: str, least: int | None = 1) -> int:
        """Give a whole number; 0 with an error for anything else."""
        value = self.raw[name]
        if type(value) is not int or (least is not None and value < least):
            self.refuse(f"{name} {shown(value)} is no {'id' if least == 1 else 'whole number'}")
            return 0
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Give a yes or no; NULL is the schema's default."""
        value = self.raw[name]
        if value is None:
            return default
        if value not in (0, 1):
            self.refuse(f"{name} {shown(value)} is neither 0 nor 1")
        return bool(value)

    def choice(self, name: str, known: tuple[StrEnum, ...], default: StrEnum | None = None) -> str:
        """Give one of the known words."""
        value = self.raw[name] if self.raw[name] is not None or default is None else str(default)
        if value not in known:
            self.refuse(f"{name} {shown(value)} is none of {', '.join(known)}")
            return str(known[0])
        return str(value)

    def line(self, name: str, limit: int, blank: str | None) -> str | None:
        """Give a text of one line; a blank one becomes `blank`."""
        value = self._text(name)
        if value is None and blank is None:
            return None
        cleaned = _BREAKS.sub(" ", value or "").strip()
        cleaned = self._cut(name, self._marked(name, cleaned), limit).strip()
        if text.optional_block(name, cleaned) is None:
            if blank is not None:
                self.repair(f"{name} was blank and is '{blank}' now")
            return blank
        if value is not None and _BREAKS.search(value.strip()):
            self.repair(f"{name} had line breaks or tabs, which are blanks now")
        return cleaned

    def block(self, name: str, limit: int) -> str | None:
        """Give a text of several lines, or None."""
        value = self._text(name)
        if value is None:
            return None
        value = value.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        return text.optional_block(name, self._cut(name, self._marked(name, value), limit).rstrip("\n"))

    def content(self, kind: str) -> str:
        """Give a step's content as it is, but for the ends of its lines; what relorch cannot hold is an error."""
        value = self._text("content") or ""
        if not value.strip():
            self.repair(f"content was empty and is '{_EMPTY[kind]}' now")
            return _EMPTY[kind]
        try:
            return text.content(value)
        except InvalidValue as error:
            self.refuse(f"content {error.why}; change it in the old application first")
            return _EMPTY[kind]

    def time(self, name: str) -> datetime | None:
        """Give a time from seconds since 1970-01-01 UTC."""
        value = self.raw[name]
        if value is None:
            return None
        try:
            if type(value) is not int:
                raise Damaged
            if abs(value) > _LAST_SECOND:
                found = from_microseconds(value * 1_000)
                self.repair(f"{name} was read as milliseconds, as it is too large for seconds")
                return found
            return from_microseconds(value * 1_000_000)
        except Damaged:
            self.refuse(f"{name} {shown(value)} is no time in seconds since 1970")
            return None

    def times(self) -> Values:
        """Give when the row was created and changed last, and its first version."""
        created, updated = self.time("created_at"), self.time("updated_at") if "updated_at" in self.raw else None
        if created is None:
            self.repair("created_at was missing and is its last change, or now")
        created = created or updated or self.now
        return {"created_at": created, "updated_at": updated or created, "row_version": 1}

    def metadata(self) -> dict[str, str]:
        """Give metadata as a flat map of texts."""
        value = self._text("metadata")
        try:
            found = None if value is None else json.loads(value, parse_constant=str)
            flat = list(_flat({} if found is None else found)) if found is None or isinstance(found, dict) else None
        except (ValueError, RecursionError):
            flat = None
        if flat is None:
            self.refuse(f"metadata {shown(value)} is no JSON object")
            return {}
        kept: dict[str, str] = {}
        for path, given in sorted(flat, key=lambda entry: _as_key(entry[0]) != entry[0]):  # who fits keeps its key
            kept[self._key(path, kept)] = self._entry(path, given)
        return dict(sorted(kept.items()))

    def description(self) -> str | None:
        """Give the description with the rest of what was cut elsewhere, as far as there is room; read it last."""
        own = self.block("description", text.TEXT_LIMIT)
        for name, rest in [item for item in self.rest.items() if item[0] != "description"]:
            longer = f"{own}\n{name}: …{rest}" if own else f"{name}: …{rest}"
            if len(longer) <= text.TEXT_LIMIT:
                own = longer
                del self.rest[name]
        return own

    def _text(self, name: str) -> str | None:
        value = self.raw[name]
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and name != "metadata":
            return str(value)  # a column without a type keeps a number as it came
        self.refuse(f"{name} {shown(value)} is no text")
        return None

    def _marked(self, name: str, value: str) -> str:
        if not _FORBIDDEN.search(value):
            return value
        self.repair(f"{name} held characters that no text may hold; each is '\ufffd' now")
        return _FORBIDDEN.sub("\ufffd", value)

    def _cut(self, name: str, value: str, limit: int) -> str:
        if len(value) <= limit:
            return value
        self.rest[name] = value[limit:]
        where = "in its description or, without room there, " if "description" in self.raw else ""
        self.repair(f"{name} was longer than {limit:,} characters: the rest is {where}in the import's event")
        return value[:limit]

    def _key(self, path: str, taken: Mapping[str, str]) -> str:
        wanted = key = _as_key(path)
        number = 2
        while key in taken:
            key, number = f"{wanted}_{number}", number + 1
        if key != path:
            self.repair(f"metadata {shown(path)} has the key '{key}' now")
        return key

    def _entry(self, path: str, given: object) -> str:
        if not isinstance(given, str):
            self.repair(f"metadata {shown(path)} was no text and is its JSON now")
            given = json.dumps(given, ensure_ascii=False)
        value = given.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        return self._cut(f"metadata {path}", self._marked(f"metadata {path}", value), text.TEXT_LIMIT).rstrip("\n")


def _as_key(path: str) -> str:
    """Give a key that a placeholder can name: `db.host` becomes `db_host`, `1st` becomes `_1st`."""
    if _KEY.fullmatch(path):
        return path
    key = _NO_KEY.sub("_", path)[: text.NAME_LIMIT - 9]
    return key if key[:1].isalpha() or key[:1] == "_" else f"_{key}"


def _flat(found: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{under}{key}.")
        else:
            yield f"{under}{key}", value


def cluster(row: Source) -> Values:
    """Give a cluster's columns."""
    return {
        "id": row.id,
        "name": row.line("name", text.NAME_LIMIT, "(no name)"),
        "kubeconfig_path": row.line("kubeconfig_path", text.PATH_LIMIT, None),
        "is_active": row.flag("is_active", True),
        "metadata": row.metadata(),
        **row.times(),
        "description": row.description(),
    }


def customer(row: Source) -> Values:
    """Give a customer's columns; one whose namespace Kubernetes would refuse is inactive."""
    values = {
        "id": row.id,
        "cluster_id": row.number("cluster_id"),
        "namespace": row.line("namespace", text.NAMESPACE_LIMIT, NOT_RECORDED),
        "name": row.line("name", text.NAME_LIMIT, "(no name)"),
        "is_active": row.flag("is_active", True),
        "metadata": row.metadata(),
        **row.times(),
    }
    return values | {"description": row.description()}


def release(row: Source) -> Values:
    """Give a release's columns, but for what its steps say about its status."""
    values = {
        "id": row.id,
        "name": row.line("name", text.NAME_LIMIT, "(no name)"),
        "type": row.choice("type", tuple(ReleaseType)),
        "status": row.choice("status", tuple(ReleaseStatus), ReleaseStatus.DRAFT),
        "archived_from": None,
        "version_number": row.line("version_number", text.VERSION_LIMIT, None),
        "release_date": row.time("release_date"),
        "metadata": row.metadata(),
        **row.times(),
    }
    return values | {"description": row.description()}


def template(row: Source) -> Values:
    """Give a step template's columns, but for its place."""
    kind = row.choice("type", tuple(StepType))
    values = {
        "id": row.id,
        "release_id": row.number("release_id"),
        "name": row.line("name", text.NAME_LIMIT, "(no name)"),
        "category": row.choice("category", tuple(Category)),
        "type": kind,
        "content": row.content(kind),
        "order_index": row.number("order_index", None),
        "required": False,
        "is_retired": False,
        "revision": 1,
        **row.times(),
    }
    return values | {"description": row.description()}


_STATUSES = (Status.PENDING, Status.DONE, Status.SKIPPED, Status.REVERTED)


def step(row: Source) -> Values:
    """Give a customer step's columns, but for its place and anchor, with its record made whole."""
    kind = row.choice("type", tuple(StepType))
    values: Values = {
        "id": row.id,
        "release_id": row.number("release_id"),
        "customer_id": row.number("customer_id"),
        "template_id": None if row.raw["template_id"] is None else row.number("template_id"),
        "name": row.line("name", text.NAME_LIMIT, "(no name)"),
        "category": row.choice("category", tuple(Category)),
        "type": kind,
        "content": row.content(kind),
        "order_index": row.number("order_index", None),
        "status": row.choice("status", _STATUSES, Status.PENDING),
        "skip_reason": row.block("skip_reason", text.TEXT_LIMIT),
        "notes": row.block("notes", text.TEXT_LIMIT),
        "executed_content": None,
        "executed_sha256": None,
        "anchor_template_id": None,
        "anchor_side": None,
        **row.times(),
    }
    values |= _flags(row, values) | _record(row, values)
    if values["status"] == Status.DONE:  # the old application ran a step's content as it stood
        values |= {"executed_content": values["content"], "executed_sha256": sha256(values["content"])}
    return values


def _flags(row: Source, values: Values) -> Values:
    custom, overridden = row.flag("is_custom", False), row.flag("is_overridden", False)
    if custom != (values["template_id"] is None):
        custom = values["template_id"] is None
        why = "its template is gone: it is a custom step now" if custom else "it has a template: it is no custom step"
        row.repair(why)
    if custom and overridden:
        row.repair("a custom step cannot be overridden: the mark was taken off")
    revision = None if custom else 1
    return {"is_custom": custom, "is_overridden": overridden and not custom, "template_revision": revision}


def _record(row: Source, values: Values) -> Values:
    """Give who executed a step and when; the old application hardly ever knew who."""
    at, by = row.time("executed_at"), row.line("executed_by", text.OPERATOR_LIMIT, None)
    if values["status"] == Status.PENDING:
        if at is not None or by is not None:
            row.repair("it is pending: when and by whom it was executed was taken off")
        return {"executed_at": None, "executed_by": None}
    if at is None:
        row.repair(f"when it was {values['status']} was not recorded; it is the time of its last change now")
    if by is None:
        row.repair(f"who made it {values['status']} was not recorded; it is '{NOT_RECORDED}' now")
    words: Values = {"executed_at": at or values["updated_at"], "executed_by": by or NOT_RECORDED}
    if values["status"] == Status.SKIPPED and values["skip_reason"] is None:
        row.repair(f"why it was skipped was not recorded; it is '{NOT_RECORDED}' now")
        words["skip_reason"] = NOT_RECORDED
    return words
