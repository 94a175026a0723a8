"""`relorch import`: files that go into the workbook, or into a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from relorch.cli.asking import agree
from relorch.cli.naming import release_id
from relorch.cli.options import DryRun, Json, Place, Yes, command_at
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.reading import Source, read_source
from relorch.cli.waiting import counted, waiting
from relorch.cli.wire import wire
from relorch.store.files import database_path, kept_by_restore
from relorch.transfer.findings import Kind
from relorch.transfer.release_file import Form
from relorch.workbook import Workbook
from relorch.workbook.imports import Imported

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

FileToRead = Annotated[
    Source,
    typer.Argument(metavar="FILE", help="The file, of at most 10 MB; - reads the input.", parser=read_source),
]
PathToRead = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.", show_default=False)]
Format = Annotated[Form | None, typer.Option("--format", help="What it is written in; else by the file's ending.")]
_FORMS = {".yaml": Form.YAML, ".yml": Form.YAML, ".md": Form.MARKDOWN, ".markdown": Form.MARKDOWN}


def inventory(
    place: Place,
    file: FileToRead,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Bring clusters and customers up to a CSV file: cluster, namespace, name, and a column per key of metadata.

    Asks first when open steps would show another text by it.
    """

    def work(workbook: Workbook, planned: Imported | None) -> Imported:
        confirm = planned is not None and planned.retexts.total > 0
        return workbook.imports.inventory(file.text, dry_run=planned is None, confirm=confirm, expected=planned)

    _import(Job(place, dry_run, yes, as_json), work)


def release(
    place: Place,
    file: FileToRead,
    name: Annotated[str | None, typer.Option(help="The name of the new draft; else the file's own.")] = None,
    into: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="Bring this release up to the file, by its id or name.")
    ] = None,
    form: Format = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make a draft of a YAML file or a Markdown runbook, or bring the steps of a release up to one."""
    if name is not None and into is not None:
        raise typer.BadParameter("give either --name or --into.", param_hint="--name")
    chosen = form or _form_of(file)

    def work(workbook: Workbook, planned: Imported | None) -> Imported:
        return workbook.imports.release(
            file.text,
            form=chosen,
            name=name,
            into=None if into is None else release_id(workbook, into),
            file_name=file.name,
            dry_run=planned is None,
            expected=planned,
        )

    _import(Job(place, dry_run, yes, as_json, into), work)


def whole_workbook(place: Place, file: PathToRead, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Make a new workbook of the lines that 'export workbook' wrote; there must be none there yet."""
    from relorch.transfer.whole import lines_of
    from relorch.workbook.whole import import_workbook

    try:
        with open(file, "rb") as lines:
            done = import_workbook(place.url, counted(lines_of(lines), "reading lines"), dry_run=dry_run)
    except OSError as error:
        raise typer.BadParameter(f"{file}: it cannot be read ({error.strerror}).") from error
    _conclude(done, dry_run=dry_run, as_json=as_json)


def spec_database(place: Place, file: PathToRead, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take over a database of the original specification's own stack into an empty or new workbook."""

    def work(workbook: Workbook, planned: Imported | None) -> Imported:
        with waiting("reading"):
            return workbook.imports.spec_database(file, dry_run=planned is None)

    _import(Job(place, dry_run, True, as_json), work)


command_at(app, "inventory")(inventory)
command_at(app, "release")(release)
command_at(app, "workbook")(whole_workbook)
command_at(app, "spec-database")(spec_database)


def _form_of(file: Source) -> Form:
    ending = Path(file.name).suffix.lower()
    if ending not in _FORMS:
        raise typer.BadParameter(f"say which; {', '.join(_FORMS)} are known by their ending.", param_hint="--format")
    return _FORMS[ending]


@dataclass(frozen=True)
class Job:
    """An import as it was asked for: into which workbook, by whom, and how."""

    place: Place
    dry_run: bool
    yes: bool
    as_json: bool
    into: str | None = None


Work = Callable[[Workbook, Imported | None], Imported]
"""What an import does to a workbook: None only looks, what that gave is then done."""


def _import(job: Job, work: Work) -> None:
    """Look, ask where open texts would change, import, and tell."""
    with _workbook_of(job, dry_run=True) as workbook:
        done = work(workbook, None)
        question = _question(workbook, done, job.into)
    asked = False
    if not (job.dry_run or _has_errors(done)):
        asked = _ask(question, done, job)
        with _workbook_of(job, dry_run=False) as workbook:
            done = work(workbook, done)
    _conclude(done, dry_run=job.dry_run, as_json=job.as_json, told=asked)


def _has_errors(done: Imported) -> bool:
    return any(finding.kind is Kind.ERROR for finding in done.findings)


@contextmanager
def _workbook_of(job: Job, *, dry_run: bool) -> Iterator[Workbook]:
    """Open the workbook, or make it; a dry run where there is none looks at an empty one that is gone afterwards."""
    path = database_path(job.place.url)
    if dry_run and not os.path.lexists(path) and not kept_by_restore(path):
        with TemporaryDirectory() as folder:
            empty = replace(job.place, url=os.path.join(folder, "empty.db"))
            with empty.open(create=True) as workbook:
                yield workbook
        return
    with job.place.open(create=not dry_run) as workbook:
        yield workbook


def _question(workbook: Workbook, planned: Imported, into: str | None) -> str | None:
    """Give what has to be asked before texts change that somebody may be working by, or None."""
    texts = f"{planned.retexts.total} open steps will show another text by this." if planned.retexts.total else None
    if into is None or not planned.changes:
        return texts
    release = workbook.releases.get(release_id(workbook, into))
    if release.status != "active":
        return None
    return " ".join(
        part for part in (f"This changes the steps of release '{release.name}', which is active.", texts) if part
    )


def _ask(question: str | None, planned: Imported, job: Job) -> bool:
    """Ask, with what was found and would change before the eyes; gives whether it had to be asked."""
    if question is None or job.yes:
        return False
    for each in planned.changes[:_TOLD]:
        complain(" ".join(part for part in (each.action, each.what, each.detail) if part))
    if len(planned.changes) > _TOLD:
        complain(f"and {len(planned.changes) - _TOLD:,} more changes; --dry-run lists them all.")
    _tell_reach(planned)
    _tell_findings(planned)
    agree(question, yes=False)
    return True


def _tell_findings(done: Imported) -> None:
    for finding in done.findings:
        complain(f"{finding.kind.value}: {finding}")


def _tell_reach(planned: Imported) -> None:
    """Say whose steps follow each template that is updated, and whose stay as they are."""
    for each in planned.reached:
        for notes, what in (
            (each.effect.cannot_render, "will not render"),
            (each.effect.updates, "follow"),
            (each.effect.overridden, "keep a text of their own"),
            (each.effect.executed, "keep the text they were executed with"),
        ):
            if notes:
                names = ", ".join(f"{note.cluster_name}/{note.namespace}" for note in notes[:_NAMED])
                more = f" and {len(notes) - _NAMED:,} more" if len(notes) > _NAMED else ""
                complain(f"step {each.name}: {len(notes):,} {what}: {names}{more}")


_TOLD = 100
"""How many changes are told before a question."""
_NAMED = 20
"""How many customers are named of a step; a count says how many more there are."""


def _conclude(done: Imported, *, dry_run: bool, as_json: bool, told: bool = False) -> None:
    """Tell what was done or found, unless the findings were `told`; leave with 1 when there was an error."""
    if as_json:
        say_json(wire(done))
    elif not _has_errors(done):
        say_table(("change", "what", "detail"), ((each.action, each.what, each.detail) for each in done.changes))
    if not told:
        _tell_findings(done)
    if _has_errors(done):
        complain(f"nothing was imported: {done.error_count:,} errors. Put them right and import again.")
        raise typer.Exit(1)
    if dry_run:
        _tell_reach(done)
    complain(_in_words(done, dry_run=dry_run))


def _in_words(done: Imported, *, dry_run: bool) -> str:
    if not done.changes:
        return "there is nothing to change."
    texts = f" {done.retexts.total} open steps have another text by it." if done.retexts.total else ""
    if done.inactive_count:
        way = "" if dry_run else "; 'relorch customers --inactive' lists them too"
        texts += f" Inactive among the new customers: {done.inactive_count:,}{way}."
    if dry_run:
        return f"{len(done.changes)} changes; nothing was stored, this was a dry run.{texts}"
    batch = "" if done.batch_id is None else f", stored as batch {done.batch_id}"
    release = "" if done.release_id is None else f", into release {done.release_id}"
    return f"{len(done.changes)} changes{batch}{release}.{texts}"
