"""The inventory as one CSV file: a row for each customer, with what its cluster is beside it.

Columns: `cluster`, `namespace` and `name`; where wanted `description`, `active`, `kubeconfig_path` (of the cluster),
`cluster_description`, `cluster_active`. Every other column is metadata: `cluster.KEY` of the cluster, `KEY` of the
customer, or `customer.KEY` where a bare KEY would be one of the columns above. A row without a namespace is a cluster
by itself. What a column says of a cluster may stand in any of its rows, but not differ between them.

A column that is missing says nothing; an empty cell says that there is nothing. A text that is there and empty, as a
value of metadata may be, is a lone apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relorch.errors import shown
from relorch.model.text import NAME_LIMIT
from relorch.model.values import Cluster, Customer
from relorch.transfer.findings import Findings
from relorch.transfer.limits import ROWS, within_limit
from relorch.transfer.release_file import Said
from relorch.transfer.spreadsheet import plain, safe

_NEEDED = ("cluster", "namespace", "name")
_OF_CUSTOMER = ("namespace", "name", "description", "active")
_OF_CLUSTER: Mapping[str, str] = {
    "kubeconfig_path": "kubeconfig_path",
    "cluster_description": "description",
    "cluster_active": "active",
}
"""The columns that speak of the cluster, and its fields."""

COLUMNS = ("cluster", *_OF_CUSTOMER, *_OF_CLUSTER)

_KEY = re.compile(r"(?:(cluster|customer)\.)?([A-Za-z_][A-Za-z0-9_-]*)")
MOST_COLUMNS = 1_000
_EMPTY = "'"
_YES = frozenset({"yes", "true", "1", "y"})
_NO = frozenset({"no", "false", "0", "n"})


@dataclass(frozen=True)
class Inventory:
    """Clusters and customers as a file tells them; a customer's `cluster` is the name of one of the clusters.

    `metadata` maps keys to texts, and to None those whose cell is empty; `active` is missing where the file does
    not say.
    """

    clusters: tuple[Said, ...]
    customers: tuple[Said, ...]


def read_inventory(text: str, findings: Findings) -> Inventory:
    """Give what an inventory file says; everything wrong with it is noted in `findings`, with its line."""
    rows = _rows(text.removeprefix("\ufeff"), findings) if within_limit(text, findings) else iter(())
    line, header = next(rows, (1, []))
    columns = _columns(header, line, findings)
    if not columns:
        return Inventory((), ())
    reading = _Reading(findings, columns)
    for line, cells in rows:
        reading.row(line, cells)
    clusters = tuple(cluster.said() for cluster in reading.clusters.values())
    return Inventory(clusters, tuple(reading.customers))


def inventory_csv(inventory: Sequence[tuple[Cluster, Sequence[Customer]]]) -> str:
    """Give clusters and their customers as a file that `read_inventory` reads back, safe for spreadsheets."""
    own = sorted({key for _, customers in inventory for customer in customers for key in customer.metadata})
    shared = sorted({key for cluster, _ in inventory for key in cluster.metadata})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"cluster.{key}" for key in shared), *map(_column, own)])
    for cluster, customers in inventory:
        of_cluster = [cluster.kubeconfig_path, cluster.description, _flag(cluster.is_active)]
        keys = [cluster.metadata.get(key) for key in shared]
        rows: Sequence[Customer | None] = customers or [None]
        for customer in rows:
            of_customer = _of_customer(customer)
            values = [customer.metadata.get(key) if customer else None for key in own]
            metadata = [_EMPTY if value == "" else safe(value or "") for value in (*keys, *values)]
            cells = [cluster.name, *of_customer, *of_cluster]
            writer.writerow([safe(cell or "") for cell in cells] + metadata)
    return file.getvalue()


def _of_customer(customer: Customer | None) -> list[str | None]:
    if customer is None:
        return [None] * len(_OF_CUSTOMER)
    return [customer.namespace, customer.name, customer.description, _flag(customer.is_active)]


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def _column(key: str) -> str:
    return f"customer.{key}" if key.casefold() in COLUMNS else key


def _rows(text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Give the rows that are not blank, each with the line where it begins; the first is the header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    count = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            findings.error(line, f"The row cannot be read: {error}.")
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            count += 1
            if count > ROWS + 1:
                findings.stop(line, f"There are more than {ROWS:,} rows.")
                return
            yield line, cells


def _delimiter(text: str) -> str:
    """Give what separates the cells: spreadsheets of some countries write semicolons or tabs."""
    header = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=lambda each: "cluster" in _known_in(header, each))


def _known_in(header: str, delimiter: str) -> set[str]:
    return {cell.strip().strip('"').strip().casefold() for cell in header.split(delimiter)}


@dataclass(frozen=True)
class _Column:
    """A column: `kind` is cluster, customer, or none of them for the cluster's name; `key` one of metadata.

    `is_unknown`: it has a title that says nothing to us, and its cells are not looked at.
    """

    kind: str
    name: str
    title: str
    key: str | None = None
    is_unknown: bool = False


def _columns(header: Sequence[str], line: int, findings: Findings) -> list[_Column]:
    """Give the columns of the header, or none when the rows cannot be read by it."""
    if not header:
        if not findings.error_count:
            findings.error(None, f"There is nothing in the file; it begins with the columns {', '.join(_NEEDED)}.")
        return []
    if len(header) > MOST_COLUMNS:
        findings.stop(line, f"There are more than {MOST_COLUMNS:,} columns.")
        return []
    columns = [_column_of(title.strip(), line, findings) for title in header]
    titles = Counter(column.title for column in columns if column.title)
    for title in sorted(title for title, times in titles.items() if times > 1):
        findings.error(line, f"The column {shown(title)} is there twice.")
    for name in _NEEDED:
        if name not in titles:
            findings.stop(
                line, f"The column '{name}' is missing; a file needs {', '.join(_NEEDED)}. The rows were not looked at."
            )
    return [] if findings.is_stopped else columns


def _column_of(title: str, line: int, findings: Findings) -> _Column:
    known = title.casefold()
    if known == "cluster":
        return _Column("", "cluster", known)
    if known in _OF_CUSTOMER:
        return _Column("customer", known, known)
    if known in _OF_CLUSTER:
        return _Column("cluster", _OF_CLUSTER[known], known)
    found = _KEY.fullmatch(title)
    if found and len(found[2]) <= NAME_LIMIT:
        kind = found[1] or "customer"
        return _Column(kind, "metadata", f"{kind}.{found[2]}", found[2])
    if title:
        findings.error(
            line,
            f"The column {shown(title)} is unknown: it is none of {', '.join(COLUMNS)}, and no key of metadata, which "
            "begins with a letter or '_' and holds only letters, digits, '_' and '-' (after 'cluster.' if it is the "
            "cluster's).",
        )
    return _Column("", "", "", is_unknown=bool(title))


@dataclass
class _Cluster:
    """What the rows of one cluster said of it so far; `lines` where each was said, keys of metadata as `.KEY`."""

    name: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def said(self) -> Said:
        """Give it whole."""
        values = {name: value for name, value in self.values.items() if not name.startswith(".")}
        metadata = {name[1:]: value for name, value in self.values.items() if name.startswith(".")}
        return Said({"name": self.name, **values, "metadata": metadata}, self.line, self.lines)


class _Reading:
    """The rows of one file being read."""

    def __init__(self, findings: Findings, columns: Sequence[_Column]) -> None:
        self._findings = findings
        self._columns = columns
        self._seen: dict[tuple[str, ...], int] = {}
        self.clusters: dict[str, _Cluster] = {}
        self.customers: list[Said] = []

    def row(self, line: int, cells: Sequence[str]) -> None:
        """Take one row."""
        if self._is_crooked(line, cells) or self._repeats(line, cells):
            return
        by_kind: dict[str, dict[str, Any]] = {"": {}, "cluster": {}, "customer": {}}
        for column, cell in zip(self._columns, cells, strict=False):
            if column.title:
                by_kind[column.kind][f".{column.key}" if column.key else column.name] = self._value(column, cell, line)
        name = by_kind[""]["cluster"]
        if name is None:
            self._findings.error(line, "The row names no cluster.")
            return
        self._of_cluster(name, line, by_kind["cluster"])
        if any(value is not None for value in by_kind["customer"].values()):
            self._of_customer(name, line, by_kind["customer"])

    def _is_crooked(self, line: int, cells: Sequence[str]) -> bool:
        beyond = cells[len(self._columns) :]
        known = zip(self._columns, cells, strict=False)
        nameless = [cell for column, cell in known if not (column.title or column.is_unknown)]
        if len(cells) < len(self._columns):
            self._findings.error(line, f"The row has {len(cells)} cells; there are {len(self._columns)} columns.")
        elif any(cell.strip() for cell in (*beyond, *nameless)):
            self._findings.error(line, "The row has a cell in a column without a name.")
        else:
            return False
        return True

    def _repeats(self, line: int, cells: Sequence[str]) -> bool:
        first = self._seen.setdefault(tuple(cells), line)
        if first != line:
            self._findings.repair(line, f"The row repeats line {first}; it was left out.")
        return first != line

    def _value(self, column: _Column, cell: str, line: int) -> Any:
        if column.key is not None:
            return "" if cell == _EMPTY else plain(cell) or None
        cell = plain(cell)
        if column.name != "active":
            return cell if cell.strip(" ") else None
        word = cell.strip().casefold()
        if word and word not in _YES | _NO:
            self._findings.error(line, f"{column.title} {shown(cell)}: has to be yes or no.")
        return word in _YES if word in _YES | _NO else None

    def _of_cluster(self, name: str, line: int, said: Mapping[str, Any]) -> None:
        name = name.strip()
        cluster = self.clusters.setdefault(name, _Cluster(name, line))
        for field_, value in said.items():
            before = cluster.values.get(field_)
            if before is None:
                cluster.values[field_] = value
                cluster.lines[field_] = line
            elif value is not None and value != before:
                what = field_.removeprefix(".")
                self._findings.error(
                    line,
                    f"{what} {shown(_cell(value))}: in line {cluster.lines[field_]} cluster {shown(name)} has "
                    f"{shown(_cell(before))}; say the same in all its rows, or leave it empty in the others.",
                )

    def _of_customer(self, cluster: str, line: int, said: Mapping[str, Any]) -> None:
        for name in ("namespace", "name"):
            if said[name] is None:
                self._findings.error(line, f"The customer has no {name}.")
        values = {name: value for name, value in said.items() if not name.startswith(".")}
        metadata = {name[1:]: value for name, value in said.items() if name.startswith(".")}
        self.customers.append(Said({"cluster": cluster.strip(), **values, "metadata": metadata}, line))


def _cell(value: Any) -> Any:
    return _flag(value) if isinstance(value, bool) else value
