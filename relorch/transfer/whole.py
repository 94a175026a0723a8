"""A whole workbook as JSON lines: a head, then one line a row, every column as the file holds it.

Times are whole microseconds since 1970-01-01 UTC, flags 0 or 1, metadata and what events hold JSON texts: the
very values, so that what comes back is equal and the record's digests still hold. Lines are plain ASCII.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from relorch.errors import InvalidValue, shown
from relorch.model import text
from relorch.model.placeholders import sha256
from relorch.store.types import Damaged, from_microseconds
from relorch.store.whole import TABLES, Shape, Values, shapes
from relorch.transfer.findings import Findings

FORMAT = "relorch workbook"
VERSION = 1
LINE_LIMIT = 64 * 1024 * 1024
"""The longest line, in bytes: an event may list every step of a release."""
MOST_ERRORS = 1_000
HIGHEST_NUMBER = 2**48
"""No id or counter is higher: the ids that follow have to be exact in JSON, and must not run out."""

_UNREADABLE = object()
_ONE_LINE = frozenset({"name", "namespace", "operator", "executed_by", "version_number", "action"})


class TooManyErrors(Exception):
    """There are so many that reading on helps nobody."""


@dataclass(frozen=True)
class Head:
    """The first line: what the file is, the ids that were given so far, and how many rows follow."""

    schema: int
    counters: Mapping[str, int]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Record:
    """A line that holds a row."""

    line: int
    table: str
    values: Values


def head_line(head: Head) -> str:
    """Give the first line, with its newline."""
    known = {"format": FORMAT, "version": VERSION, "schema": head.schema}
    return json.dumps({**known, "counters": dict(head.counters), "rows": dict(head.rows)}) + "\n"


def printer(table: str) -> Callable[[Values], str]:
    """Give what prints the rows of a table, each a line with its newline."""
    names = [shape.name for shape in shapes(table)]

    def line(values: Values) -> str:
        return json.dumps({"table": table, "row": dict(zip(names, values, strict=True))}) + "\n"

    return line


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Give the lines of a file opened in binary mode; of one that is too long only as much as shows it."""
    while line := file.readline(LINE_LIMIT + 2):
        yield line
        rest = b"" if line.endswith(b"\n") or len(line) <= LINE_LIMIT else line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(LINE_LIMIT)


class Reader:
    """Reads the lines of a workbook; what is wrong with them goes to `findings`."""

    def __init__(self, lines: Iterable[str | bytes], findings: Findings) -> None:
        self._lines, self._findings, self._errors = enumerate(lines, 1), findings, 0
        self._shapes = {table: shapes(table) for table in TABLES}
        self._rows = dict.fromkeys(TABLES, 0)

    def refuse(self, line: int | None, why: str) -> None:
        """Note an error; raises `TooManyErrors` when there are more than anybody reads."""
        self._findings.error(line, why)
        self._errors += 1
        if self._errors == MOST_ERRORS:
            self._findings.error(None, f"There are more than {MOST_ERRORS:,} errors; the rest was not looked at.")
            raise TooManyErrors

    def head(self, schema: int) -> Head | None:
        """Give what the first line says, or None when it is not the head of a workbook that can be read."""
        line, raw = next(self._lines, (1, ""))
        found = self._parse(line, raw)
        if found is _UNREADABLE:
            return None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            self.refuse(line, f'this is no workbook: the first line must say "format": "{FORMAT}"')
        elif found.get("version") != VERSION or found.get("schema") != schema:
            told = f"version {shown(found.get('version'))}, schema {shown(found.get('schema'))}"
            self.refuse(line, f"this is a workbook of {told}; this relorch reads version {VERSION}, schema {schema}")
        elif not (_are_counts(found.get("counters")) and _are_counts(found.get("rows"))):
            why = f"counters and rows must give a whole number for each table, none above {HIGHEST_NUMBER:,}"
            self.refuse(line, why)
        else:
            return Head(schema, found["counters"], found["rows"])
        return None

    def records(self) -> Iterator[Record]:
        """Give the rows of the lines that follow, as far as each is right in itself."""
        for line, found in self._parsed():
            record = self._record(line, found)
            if record is not None:
                yield record

    def refuse_missing(self, head: Head) -> None:
        """Note where the head promised other rows than there were: the file was cut off, or put together."""
        for table, wanted in head.rows.items():
            if self._rows.get(table) != wanted:
                self.refuse(None, f"{table}: the head tells of {wanted} rows, the file has {self._rows.get(table)}.")

    def _parsed(self) -> Iterator[tuple[int, Any]]:
        for line, raw in self._lines:
            found = self._parse(line, raw)
            if found is not _UNREADABLE:
                yield line, found

    def _parse(self, line: int, raw: str | bytes) -> Any:
        if len(raw) > LINE_LIMIT:
            self.refuse(line, f"this line is longer than {LINE_LIMIT:,} bytes")
            return _UNREADABLE
        try:
            return json.loads(raw if isinstance(raw, str) else raw.decode())
        except (ValueError, RecursionError):  # what is no UTF-8 is a ValueError too
            self.refuse(line, "this is no JSON")
            return _UNREADABLE

    def _record(self, line: int, found: Any) -> Record | None:
        if not isinstance(found, dict) or set(found) != {"table", "row"} or not isinstance(found["row"], dict):
            self.refuse(line, 'a line must be {"table": …, "row": {…}}')
            return None
        table, row = found["table"], found["row"]
        if not isinstance(table, str) or table not in self._shapes:
            self.refuse(line, f"table {shown(table)}: there is no such table")
            return None
        self._rows[table] += 1
        wrong = list(_wrong_in(table, self._shapes[table], row))
        for why in wrong:
            self.refuse(line, f"{table} {shown(row.get('id'))}: {why}")
        return None if wrong else Record(line, table, tuple(row[shape.name] for shape in self._shapes[table]))


def _are_counts(found: object) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() <= TABLES.keys()
        and all(type(number) is int and 0 <= number <= HIGHEST_NUMBER for number in found.values())
    )


def _wrong_in(table: str, wanted: tuple[Shape, ...], row: Mapping[str, Any]) -> Iterator[str]:
    names = {shape.name for shape in wanted}
    if row.keys() != names:
        for what, those in (("missing", names - row.keys()), ("unknown", row.keys() - names)):
            if those:
                yield f"{what} columns: {', '.join(sorted(shown(name) for name in those))}"
        return
    wrong = [why for shape in wanted if (why := _wrong_value(shape, row[shape.name])) is not None]
    yield from wrong
    if wrong:
        return
    if table == "customers" and row["is_active"] == 1:
        yield from _complaint(lambda: text.namespace(row["namespace"]))
    ran = row.get("executed_content")
    if isinstance(ran, str) and sha256(ran) != row["executed_sha256"]:
        yield "executed_sha256 is not the digest of executed_content"


def _wrong_value(shape: Shape, value: object) -> str | None:
    if value is None:
        return None if shape.nullable else f"{shape.name} must not be null"
    if shape.kind in ("number", "time", "flag"):
        return _wrong_number(shape, value)
    if not isinstance(value, str):
        return f"{shape.name} {shown(value)}: must be a text"
    if shape.kind == "choice":
        return (
            None
            if value in shape.known
            else f"{shape.name} {shown(value)}: is none of {', '.join(sorted(shape.known))}"
        )
    check = text.line if shape.name in _ONE_LINE else text.block
    said = _complaint(lambda: check(shape.name, value, LINE_LIMIT)) or _wrong_json(shape, value)
    return said[0] if said else None


def _wrong_number(shape: Shape, value: object) -> str | None:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        return f"{shape.name} {shown(value)}: must be a whole number"
    if shape.kind == "number" and abs(value) > HIGHEST_NUMBER:
        return f"{shape.name} {value}: must not be above {HIGHEST_NUMBER:,}"
    if shape.kind == "flag" and value not in (0, 1):
        return f"{shape.name} {value}: must be 0 or 1"
    if shape.kind == "time":
        try:
            from_microseconds(value)
        except Damaged as error:
            return f"{shape.name}: {error}"
    return None


def _wrong_json(shape: Shape, value: str) -> list[str]:
    if shape.kind not in ("map", "object"):
        return []
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return [f"{shape.name} {shown(value)}: must be a JSON object as text"]
    return _complaint(lambda: text.metadata(found)) if shape.kind == "map" else []


def _complaint(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except InvalidValue as error:
        return [str(error).rstrip(".")]
    return []
