"""What every import of a file into an open workbook stands on: one transaction, all errors listed, a dry run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from relorch.errors import CannotImport, Conflict, InvalidValue, NotAllowed
from relorch.store import rows, steps
from relorch.store.backup import snapshot
from relorch.store.rows import RowDict
from relorch.store.types import dump_json
from relorch.transfer.findings import Finding, Findings, Kind
from relorch.transfer.release_file import Said
from relorch.workbook.core import Change, Core
from relorch.workbook.imports import Imported, Planned, Reached
from relorch.workbook.retexting import TextChange, refuse_unconfirmed, text_change

MOST_LISTED = 1_000
"""How many findings of a kind are listed; nobody reads on, and what comes after them is counted."""


@dataclass
class Import:
    """One import on its way: what it found and what it did."""

    change: Change
    findings: Findings
    changes: list[Planned] = field(default_factory=list)
    release_id: int | None = None
    watched: dict[int, RowDict] = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)
    following: int = 0
    overwritten: list[RowDict] = field(default_factory=list)
    inactive_count: int = 0

    def plan(self, action: str, what: str, detail: str = "", *, old: RowDict | None = None) -> None:
        """Note a thing done; `old`: the values that are another by it."""
        self.changes.append(Planned(action, what, detail))
        if old is not None:
            self.overwritten.append(rows.plain(old))

    def fields(self, said: Said, check: Callable[..., RowDict], *names: str) -> RowDict:
        """Give those of the named fields that are said, as they are stored; what cannot be is noted as an error."""
        found: RowDict = {}
        for name in names:
            if name in said.values:
                with self.noting(said.at(name)):
                    found.update(check(**{name: said.values[name]}))
        return found

    @contextmanager
    def noting(self, line: int | None) -> Iterator[None]:
        """Note what a rule refuses as an error, and go on."""
        try:
            yield
        except (InvalidValue, NotAllowed) as error:
            self.findings.error(line, str(error))

    def watch(self, open_steps: list[RowDict]) -> None:
        """Remember steps (rows with context) whose text an edit may change, as they are before it."""
        for row in open_steps:
            self.watched.setdefault(row["id"], row)

    def retexts(self) -> TextChange:
        """Count the watched steps that have another text by now, each once."""
        now = steps.with_context(self.change.connection, list(self.watched))
        found = text_change(list(self.watched.values()), lambda row: now[row["id"]])
        return replace(found, pending=found.pending + self.following)

    def imported(self, *, stored: bool) -> Imported:
        """Give what it did, or would do."""
        return Imported(
            tuple(self.changes),
            listed(self.findings),
            stored,
            release_id=self.release_id if stored else None,
            retexts=self.retexts(),
            error_count=self.findings.error_count,
            reached=tuple(self.reached),
            basis=hashlib.sha256(dump_json(self.overwritten).encode()).hexdigest(),
            inactive_count=self.inactive_count,
        )


def carried_out(
    core: Core,
    file: str,
    findings: Findings,
    work: Callable[[Import], None],
    *,
    dry_run: bool,
    confirm: bool = True,
    expected: Imported | None = None,
) -> Imported:
    """Do `work` in one transaction, or find out what it would do.

    `findings`: what reading the file found. With an error in it or in the work nothing is stored: `CannotImport`
    names all of them, after the work was tried to the end (unless the file could not be read at all); a dry run gives
    them. What is only tried is tried on a copy, so that nobody waits for it. `expected`: what a dry run gave; when it
    is something else by now, nothing is stored: `Conflict`.
    """
    if expected is not None and not isinstance(expected, Imported):
        raise InvalidValue("expected", expected, "must be what a dry run of the import gave")
    if dry_run or findings.error_count:
        tried = _unread(findings) if findings.is_stopped else _tried(core, findings, work)
        if not dry_run:
            raise CannotImport(file, tried.findings, findings.errors)
        return tried
    with core.change() as change:
        done = Import(change, findings)
        work(done)
        if findings.error_count:
            raise CannotImport(file, listed(findings), findings.errors)
        imported = done.imported(stored=True)
        _refuse_other(imported, expected)
        refuse_unconfirmed(imported.retexts, "the inventory", confirm=confirm)
    return replace(imported, batch_id=change.batch_id)


def _unread(findings: Findings) -> Imported:
    """Give what an import does of a file that is not looked at any further."""
    return Imported((), listed(findings), stored=False, error_count=findings.error_count)


def _tried(core: Core, findings: Findings, work: Callable[[Import], None]) -> Imported:
    """Give what `work` would do."""
    with snapshot(core.store) as copy, copy.writing() as connection:
        done = Import(Change(connection, core.now(), core.operator), findings)
        work(done)
        return done.imported(stored=False)


def _refuse_other(imported: Imported, expected: Imported | None) -> None:
    """Refuse with `Conflict` to do something else than was looked at; None: nothing was."""
    if expected is not None and not imported.does_as(expected):
        raise Conflict(
            "The workbook was changed after the file was looked at, and the import would do something else now; "
            "look at it again.",
            who=None,
            when=None,
        )


def listed(findings: Findings) -> tuple[Finding, ...]:
    """Give what was found by line: of each kind the first 1,000, before them how many there are if there are more."""
    seen: Counter[Kind] = Counter()
    kept = []
    for finding in findings.by_line():
        seen[finding.kind] += 1
        if seen[finding.kind] <= MOST_LISTED:
            kept.append(finding)
    more = [Finding(kind, None, _in_all(kind, count)) for kind, count in seen.items() if count > MOST_LISTED]
    return (*more, *kept)


def _in_all(kind: Kind, count: int) -> str:
    return f"There are {count:,} {kind.value}s; those after the first {MOST_LISTED:,} are left out."


def told(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Give the fields that change as one line; keys of metadata stand for themselves."""
    names: list[str] = []
    for name, value in new.items():
        if name == "metadata":
            keys = sorted(old[name].keys() | value.keys())
            names += [f"metadata {key}" for key in keys if old[name].get(key) != value.get(key)]
        else:
            names.append(name.replace("_", " "))
    return ", ".join(names)
