"""The sample that `serve --sample` shows: clusters, customers, three releases and their story, from `data/sample`.

Only values come out of here; `relorch.workbook.sample` makes a workbook and its history of them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from relorch.errors import InvalidValue, NotFound
from relorch.transfer.findings import Findings
from relorch.transfer.release_file import STEP_FIELDS, Said
from relorch.transfer.release_yaml import read_yaml

_CUSTOMER_COLUMNS = ("cluster", "namespace", "name")
_RELEASE_FIELDS = ("name", "type", "version_number", "description", "metadata")
_SIDES = ("before", "after")
_CHANGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "add_custom": ("customers", "step", "side", "new"),
    "override": ("customers", "step", "replace"),
    "mark_done": ("customers", "step"),
    "hold": ("customers", "reason"),
    "remove": ("customers", "reason"),
    "add_template": ("new",),
    "update_template": ("step", "replace"),
    "retire_template": ("step",),
}
"""What an entry of `changes.yaml` needs beside its time and operator, by its verb."""
_MAY_HAVE: Mapping[str, tuple[str, ...]] = {"mark_done": ("note", "undone_after")}


@dataclass(frozen=True, slots=True)
class SampleCluster:
    """A cluster as `clusters.yaml` describes it."""

    name: str
    kubeconfig_path: str
    description: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A row of `customers.csv`; `metadata` are the columns after the name, without the empty ones."""

    cluster: str
    namespace: str
    name: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleStep:
    """A step of a release file, in the order in which it stands there."""

    category: str
    name: str
    type: str
    required: bool
    description: str
    content: str


@dataclass(frozen=True, slots=True)
class SampleRelease:
    """One file of `releases/`."""

    name: str
    type: str
    version_number: str
    description: str
    metadata: Mapping[str, str]
    steps: tuple[SampleStep, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happened: the verb, whole minutes after the one before, and its reason or note."""

    verb: str
    minutes: int
    words: str | None


@dataclass(frozen=True, slots=True)
class SampleChange:
    """Something changed by hand while a release ran, `minutes` after 22:00 UTC of its `night` (1 is the first).

    `customers` are namespaces; `step` is the step it is about, or the one beside which `new` stands on `side`
    (before or after). `replace` maps what stands in the step's text to what stands there afterwards; `words` are
    the reason or note; `undone_after` are minutes. What the verb has no use for is None or empty.
    """

    verb: str
    night: int
    minutes: int
    operator: str
    customers: tuple[str, ...]
    step: str | None
    side: str | None
    replace: Mapping[str, str]
    new: SampleStep | None
    words: str | None
    undone_after: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """What the operators met in one release: beats by (namespace, step), and notes by step; what they changed.

    `{minutes}` in a note stands for how long the step took.
    """

    release: str
    notes: Mapping[str, tuple[str, ...]]
    incidents: Mapping[tuple[str, str], tuple[Beat, ...]]
    changes: tuple[SampleChange, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything in the sample's folder, each by what names it."""

    clusters: tuple[SampleCluster, ...]
    customers: tuple[SampleCustomer, ...]
    releases: Mapping[str, SampleRelease]
    stories: Mapping[str, Story]


def sample_folder() -> Path:
    """Give the folder with the sample's files: inside an installed package, else beside a source checkout's.

    Raises `NotFound` when neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package / "_shipped", package.parent):
        folder = root / "data" / "sample"
        if (folder / "clusters.yaml").is_file():
            return folder
    raise NotFound("sample folder", "data/sample", "folder")


def read_sample(folder: Path | None = None) -> Sample:
    """Read the sample from `folder`, by default from `sample_folder()`.

    Raises `InvalidValue` naming the file and what is missing or of the wrong kind in it.
    """
    folder = folder or sample_folder()
    releases = [_release(path) for path in sorted((folder / "releases").glob("*.yaml"))]
    changes = {entry.text("release"): _changes(entry) for entry in _entries(folder / "changes.yaml")}
    stories = [_story(entry, changes) for entry in _entries(folder / "history.yaml")]
    return Sample(
        clusters=tuple(_cluster(entry) for entry in _entries(folder / "clusters.yaml")),
        customers=_customers(folder / "customers.csv"),
        releases={release.name: release for release in releases},
        stories={story.release: story for story in stories},
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A map out of a file, and where it stands, for the message when something is wrong with it."""

    fields: object
    where: str

    def _get(self, key: str, kind: type) -> Any:
        value = self.fields.get(key) if isinstance(self.fields, dict) else None
        if not isinstance(value, kind):
            raise InvalidValue(self.where, value, f"needs '{key}', a {kind.__name__}")
        return value

    def text(self, key: str) -> str:
        """Give the text at `key`; YAML's numbers and dates do not pass for one."""
        value: str = self._get(key, str)
        return value

    def number(self, key: str) -> int:
        """Give the whole number at `key`."""
        value: int = self._get(key, int)
        return value

    def texts(self, key: str) -> dict[str, str]:
        """Give the map of texts at `key`."""
        inner = self.inner(key)
        return {name: inner.text(name) for name in self.keys(key)}

    def entries(self, key: str) -> tuple[_Entry, ...]:
        """Give the list of maps at `key`."""
        return _numbered(self._get(key, list), f"{self.where}, {key}")

    def items(self, key: str) -> list[object]:
        """Give the list at `key`."""
        value: list[object] = self._get(key, list)
        return value

    def keys(self, key: str) -> list[str]:
        """Give the keys of the map at `key`."""
        return list(self._get(key, dict))

    def has(self, key: str) -> bool:
        """Tell whether there is anything at `key`."""
        return isinstance(self.fields, dict) and key in self.fields

    def inner(self, key: str) -> _Entry:
        """Give the map at `key`."""
        return _Entry(self._get(key, dict), f"{self.where}, {key}")


def _cluster(entry: _Entry) -> SampleCluster:
    return SampleCluster(
        name=entry.text("name"),
        kubeconfig_path=entry.text("kubeconfig_path"),
        description=entry.text("description"),
        metadata=entry.texts("metadata"),
    )


def _customers(path: Path) -> tuple[SampleCustomer, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_customer(row, f"{path.name}, row {at}") for at, row in enumerate(csv.DictReader(file), 1))


def _customer(row: dict[str | Any, str | Any], where: str) -> SampleCustomer:
    if None in row or None in row.values():
        raise InvalidValue(where, list(row.values()), "must have as many cells as there are columns")
    cluster, namespace, name = (_Entry(row, where).text(column) for column in _CUSTOMER_COLUMNS)
    metadata = {key: cell for key, cell in row.items() if cell and key not in _CUSTOMER_COLUMNS}
    return SampleCustomer(cluster, namespace, name, metadata)


def _release(path: Path) -> SampleRelease:
    findings = Findings()
    read = read_yaml(path.read_text(encoding="utf-8"), findings)
    if findings.found:
        raise InvalidValue(path.name, str(findings.found[0]), "is no release file of the sample")
    steps = tuple(SampleStep(**_whole(step, STEP_FIELDS, path)) for step in read.steps)
    return SampleRelease(**_whole(read.release, _RELEASE_FIELDS, path), steps=steps)


def _whole(said: Said, names: Sequence[str], path: Path) -> dict[str, Any]:
    """Give all fields of a thing; the sample leaves none out."""
    for name in names:
        if said.values.get(name) is None:
            raise InvalidValue(f"{path.name}, line {said.line}", None, f"needs '{name}'")
    return dict(said.values)


def _own_step(entry: _Entry) -> SampleStep:
    """Give a step that came while the release ran; nobody described it."""
    texts = {key: entry.text(key) for key in ("category", "name", "type", "content")}
    return SampleStep(required=False, description="", **texts)


def _changes(entry: _Entry) -> tuple[SampleChange, ...]:
    return tuple(_change(change) for change in entry.entries("changes"))


def _change(entry: _Entry) -> SampleChange:
    verb = entry.text("verb")
    if verb not in _CHANGE_KEYS:
        raise InvalidValue(entry.where, verb, f"must be one of {', '.join(_CHANGE_KEYS)}")
    has = {*_CHANGE_KEYS[verb], *(key for key in _MAY_HAVE.get(verb, ()) if entry.has(key))}
    words = next((key for key in ("reason", "note") if key in has), None)
    return SampleChange(
        verb=verb,
        night=entry.number("night"),
        minutes=entry.number("minutes"),
        operator=entry.text("operator"),
        customers=tuple(map(str, entry.items("customers"))) if "customers" in has else (),
        step=entry.text("step") if "step" in has else None,
        side=_side(entry) if "side" in has else None,
        replace=entry.texts("replace") if "replace" in has else {},
        new=_own_step(entry.inner("new")) if "new" in has else None,
        words=entry.text(words) if words else None,
        undone_after=entry.number("undone_after") if "undone_after" in has else None,
    )


def _side(entry: _Entry) -> str:
    side = entry.text("side")
    if side not in _SIDES:
        raise InvalidValue(entry.where, side, "must be before or after")
    return side


def _story(entry: _Entry, changes: Mapping[str, tuple[SampleChange, ...]]) -> Story:
    notes = entry.inner("notes")
    release = entry.text("release")
    return Story(
        release=release,
        notes={step: tuple(map(str, notes.items(step))) for step in entry.keys("notes")},
        incidents={
            (incident.text("customer"), incident.text("step")): tuple(
                _beat(line, incident.where) for line in incident.items("happened")
            )
            for incident in entry.entries("incidents")
        },
        changes=changes.get(release, ()),
    )


def _beat(line: object, where: str) -> Beat:
    match line:
        case [str(verb), int(minutes)]:
            return Beat(verb, minutes, None)
        case [str(verb), int(minutes), str(words)]:
            return Beat(verb, minutes, words)
    raise InvalidValue(where, line, "must read [verb, minutes] or [verb, minutes, words]")


def _entries(path: Path) -> tuple[_Entry, ...]:
    content = _yaml(path)
    if not isinstance(content, list):
        raise InvalidValue(path.name, content, "must be a list")
    return _numbered(content, path.name)


def _numbered(entries: list[object], where: str) -> tuple[_Entry, ...]:
    return tuple(_Entry(entry, f"{where}, entry {at}") for at, entry in enumerate(entries, 1))


def _yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidValue(path.name, str(error), "is not YAML") from None
