"""What every import of a file into an open workbook stands on: one transaction, all errors listed, a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from relorch.errors import CannotImport, InvalidValue, NotAllowed
from relorch.store import steps
from relorch.store.backup import snapshot
from relorch.store.rows import RowDict
from relorch.transfer.findings import Findings
from relorch.transfer.release_file import Said
from relorch.workbook.core import Change, Core
from relorch.workbook.imports import Imported, Planned
from relorch.workbook.retexting import TextChange, refuse_unconfirmed, text_change


@dataclass
class Import:
    """One import on its way: what it found and what it did."""

    change: Change
    findings: Findings
    changes: list[Planned] = field(default_factory=list)
    release_id: int | None = None
    watched: dict[int, RowDict] = field(default_factory=dict)

    def plan(self, action: str, what: str, detail: str = "") -> None:
        """Note a thing done."""
        self.changes.append(Planned(action, what, detail))

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
        return text_change(list(self.watched.values()), lambda row: now[row["id"]])


def carried_out(
    core: Core,
    file: str,
    findings: Findings,
    work: Callable[[Import], None],
    *,
    dry_run: bool,
    confirm: bool = True,
) -> Imported:
    """Do `work` in one transaction, or find out what it would do.

    `findings`: what reading the file found. With an error in it or in the work nothing is stored: `CannotImport`
    names all of them, after the work was tried to the end (unless the file could not be read at all); a dry run gives
    them. What is only tried is tried on a copy, so that nobody waits for it.
    """
    if dry_run or findings.error_count:
        tried = Imported((), (), stored=False) if findings.is_stopped else _tried(core, findings, work)
        if not dry_run:
            raise CannotImport(file, findings.by_line(), findings.errors)
        return replace(tried, findings=findings.by_line())
    with core.change() as change:
        done = Import(change, findings)
        work(done)
        if findings.error_count:
            raise CannotImport(file, findings.by_line(), findings.errors)
        retexts = done.retexts()
        refuse_unconfirmed(retexts, "the inventory", confirm=confirm)
    return Imported(
        tuple(done.changes), findings.by_line(), True, change.batch_id, release_id=done.release_id, retexts=retexts
    )


def _tried(core: Core, findings: Findings, work: Callable[[Import], None]) -> Imported:
    """Give what `work` would do."""
    with snapshot(core.store) as copy, copy.writing() as connection:
        done = Import(Change(connection, core.now(), core.operator), findings)
        work(done)
        return Imported(tuple(done.changes), (), stored=False, retexts=done.retexts())


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
