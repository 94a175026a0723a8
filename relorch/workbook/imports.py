"""Imports: files whose content goes into the workbook, each in one transaction, each with a dry run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from relorch.transfer.findings import Finding
from relorch.transfer.limits import read_limited
from relorch.views.effect import Effect
from relorch.workbook.core import Noun
from relorch.workbook.retexting import TextChange


@dataclass(frozen=True)
class Planned:
    """One thing that an import does: `action` ("create cluster", "update step" …), its name, and what of it."""

    action: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Reached:
    """What the update of one template, called `name`, does to its steps in an active release."""

    name: str
    effect: Effect


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do when `stored` is False.

    `findings`: by line, of each kind at most 1,000 and then how many there are; `error_count`: all errors;
    `retexts`: how many open steps show another text by it, which an inventory has to have confirmed; `reached`: the
    steps of an active release, by each template that is updated; `basis`: a digest of what it overwrites;
    `batch_id`: None when nothing changed; `release_id`: the release that got the steps; `inactive_count`: how many of
    the customers that an inventory creates are inactive.
    """

    changes: tuple[Planned, ...]
    findings: tuple[Finding, ...]
    stored: bool
    batch_id: int | None = None
    release_id: int | None = None
    retexts: TextChange = field(default=TextChange(0, 0))
    error_count: int = 0
    reached: tuple[Reached, ...] = ()
    basis: str = ""
    inactive_count: int = 0

    def does_as(self, other: Imported) -> bool:
        """Whether it changes the same, over the same values, with the same findings."""
        return self._deeds == other._deeds

    @property
    def _deeds(self) -> tuple[object, ...]:
        return self.changes, self.findings, self.retexts, self.reached, self.basis


class Imports(Noun):
    """The verbs that read a file's text into the workbook."""

    def inventory(
        self, text: str, *, dry_run: bool = False, confirm: bool = False, expected: Imported | None = None
    ) -> Imported:
        """Bring clusters and customers up to a CSV file (its columns: see `relorch.transfer.inventory`).

        Clusters are known by their name, customers by cluster and namespace; what is there is updated where the file
        says something else, and nothing is taken away. `confirm`: an import that changes what open steps render to
        needs True; a dry run counts them in `retexts`. `expected`: what a dry run gave; one that would do something
        else by now is a `Conflict`. Raises `CannotImport` naming every error, `NotAllowed` for one that is not
        confirmed.
        """
        from relorch.workbook.inventory_import import import_inventory  # it needs `Imported`

        return import_inventory(self._core, text, dry_run=dry_run, confirm=confirm, expected=expected)

    def release(
        self,
        text: str,
        *,
        form: str,
        name: str | None = None,
        into: int | None = None,
        file_name: str = "",
        dry_run: bool = False,
        expected: Imported | None = None,
    ) -> Imported:
        """Make a draft of a release file, or bring the steps of a release up to it, as one batch.

        `form`: yaml or markdown. `name` is that of the draft; None: the file's own, else the stem of `file_name`.
        `into`: a draft or active release instead: steps of the same category and name get what the file says, others
        are added where they stand in the file, and those that are missing in it stay. Content that cannot render is
        taken in and is among the warnings. In an active release `reached` and `retexts` tell which steps follow.
        `expected`: what a dry run gave; one that would do something else by now is a `Conflict`. Raises
        `CannotImport` naming every error, `NotFound`, `NotAllowed` for an archived release.
        """
        from relorch.workbook.release_import import import_release  # it needs `Imported`

        return import_release(
            self._core,
            text,
            form=form,
            name=name,
            into=into,
            file_name=file_name,
            dry_run=dry_run,
            expected=expected,
        )

    def read(self, path: str | Path) -> str:
        """Give the text of an inventory or release file for the verbs above.

        Raises `InvalidValue` for a file that cannot be read, is larger than 10 MB, no UTF-8, or this very workbook.
        """
        return read_limited(path, database=self._core.store.path)

    def spec_database(self, path: str | Path, *, dry_run: bool = False) -> Imported:
        """Take over a database of the original specification's own stack; the workbook must be empty.

        The file is only read, and from a copy that SQLite makes. Rows keep their ids, states and times; what has
        to be put right is among the findings. With an error nothing is stored. Raises `NotAllowed` when the
        workbook is not empty, `CannotOpen` for a file that is no such database.
        """
        from relorch.workbook.spec_database import import_spec_database  # it needs `Imported`

        return import_spec_database(self._core, Path(path), dry_run=dry_run)
