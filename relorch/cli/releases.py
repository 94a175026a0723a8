"""Releases on the command line: how far they are, and what becomes of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from relorch.cli.asking import agree
from relorch.cli.grid import matrix_as_json, print_matrix
from relorch.cli.naming import cluster_id, release_id
from relorch.cli.options import ClusterOption, Json, NeededRelease, ReleaseOption, ReleaseWord, Yes, command
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.wire import wire
from relorch.model.progress import Progress
from relorch.model.values import Release
from relorch.workbook import Workbook


class Group(StrEnum):
    """What progress can be told by."""

    CLUSTER = "cluster"
    CUSTOMER = "customer"
    STEP = "step"
    CATEGORY = "category"


By = Annotated[Group | None, typer.Option(help="Progress by this; needs --release.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of releases."""
    command(app, "status")(status)
    command(app, "matrix")(matrix)
    command(app, "clone")(clone)
    command(app, "archive")(archive)
    command(app, "unarchive")(unarchive)
    command(app, "delete-draft")(delete_draft)


def status(workbook: Workbook, release: ReleaseOption = None, by: By = None, as_json: Json = False) -> None:
    """List the releases with their progress, or one release's progress by cluster, customer, step or category."""
    if by is not None:
        _progress_by(workbook, release, by, as_json)
        return
    wanted = workbook.releases.list() if release is None else [workbook.releases.get(release_id(workbook, release))]
    found = [(each, workbook.progress(each.id)) for each in wanted]
    if as_json:
        say_json([_release_as_json(each, progress) for each, progress in found])
        return
    say_table(("id", "release", "type", "status", "progress", "closed"), (_release_row(*each) for each in found))
    if not found:
        complain("there is no release yet; 'relorch import release FILE --name NAME' makes one.")


def _progress_by(workbook: Workbook, release: str | None, by: Group, as_json: bool) -> None:
    if release is None:
        raise typer.BadParameter("needs --release beside it.", param_hint="--by")
    groups = workbook.progress(release_id(workbook, release), by=by)
    if as_json:
        say_json([{"key": each.key, "label": each.label, **_progress_as_json(each)} for each in groups])
        return
    headings = (by, "progress", "done", "skipped", "failed", "reverted", "in progress", "pending", "held")
    say_table(headings, (_progress_row(each) for each in groups))


def _progress_row(progress: Progress) -> tuple[object, ...]:
    counts = progress.counts
    shown = (counts[name] for name in ("done", "skipped", "failed", "reverted", "in_progress", "pending"))
    return (progress.label, _share(progress), *shown, progress.held)


def _share(progress: Progress) -> str:
    return "no steps" if progress.percentage is None else f"{progress.percentage} %"


def _release_row(release: Release, progress: Progress) -> tuple[object, ...]:
    held = f", {progress.held} held" if progress.held else ""
    closed = f"{progress.closed} of {progress.total}{held}"
    return release.id, release.name, release.type.value, release.status.value, _share(progress), closed


def _release_as_json(release: Release, progress: Progress) -> dict[str, object]:
    return {**wire(release), "progress": _progress_as_json(progress)}


def _progress_as_json(progress: Progress) -> dict[str, object]:
    return {
        "total": progress.total,
        "counts": progress.counts,
        "percentage": progress.percentage,
        "held": progress.held,
    }


def matrix(workbook: Workbook, release: NeededRelease, cluster: ClusterOption = None, as_json: Json = False) -> None:
    """Print a release's matrix: a line per customer with the status of each of its steps as a letter."""
    number = release_id(workbook, release)
    found = workbook.matrix(number, None if cluster is None else cluster_id(workbook, cluster))
    if as_json:
        say_json(matrix_as_json(found))
        return
    print_matrix(found)


def clone(
    workbook: Workbook,
    release: ReleaseWord,
    name: Annotated[str, typer.Option(help="The name of the new draft.")],
    version: Annotated[str | None, typer.Option(help="Its version number.")] = None,
    as_json: Json = False,
) -> None:
    """Make a new draft with the steps of a release."""
    made = workbook.releases.clone(release_id(workbook, release), name=name, version_number=version)
    print_release(made, as_json)


def archive(workbook: Workbook, release: ReleaseWord, yes: Yes = False, as_json: Json = False) -> None:
    """Archive a release: from then on it can only be read. Asks first when work in it is still open."""
    number = release_id(workbook, release)
    left = workbook.releases.preview_archive(number)
    if left.open or left.held_open:
        held = f", {left.held_open} of them on hold" if left.held_open else ""
        name = workbook.releases.get(number).name
        agree(f"Release '{name}' has {left.open + left.held_open} open steps{held}; archiving leaves them.", yes=yes)
    print_release(workbook.releases.archive(number, expected=left), as_json)


def unarchive(workbook: Workbook, release: ReleaseWord, as_json: Json = False) -> None:
    """Take a release out of the archive, back to the status it was archived from."""
    print_release(workbook.releases.reopen(release_id(workbook, release)), as_json)


def delete_draft(workbook: Workbook, release: ReleaseWord, yes: Yes = False) -> None:
    """Delete a draft with its steps; asks first. Its history stays."""
    found = workbook.releases.get(release_id(workbook, release))
    steps = {each.id: each.row_version for each in workbook.templates.list(found.id)}
    if found.status == "draft":
        agree(f"Draft '{found.name}' with its {len(steps)} steps will be deleted, and cannot be taken back.", yes=yes)
    workbook.releases.delete(found.id, expected_version=found.row_version, expected=steps)
    complain(f"draft '{found.name}' is deleted.")


def print_release(release: Release, as_json: bool) -> None:
    """Print a release as it is now."""
    if as_json:
        say_json(wire(release))
        return
    row = (release.id, release.name, release.type.value, release.status.value, release.version_number)
    say_table(("id", "release", "type", "status", "version"), [row])
