"""The commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from relorch.cli.output import complain, say, say_json
from relorch.errors import InvalidValue
from relorch.model.progress import Progress
from relorch.model.values import Release
from relorch.workbook import Workbook, open_workbook

app = typer.Typer(
    name="relorch",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="The release operator's workbook: every step of a release, for every customer.",
)

Database = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="The workbook, such as sqlite:///data/app.db; else DATABASE_URL."),
]
Operator = Annotated[
    str | None, typer.Option("--operator", metavar="NAME", help="Who acts; else RELORCH_OPERATOR, else the OS user.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

SAMPLE = Path("data/sample.db")


@dataclass(frozen=True)
class Choice:
    """What was said before the command; what is said behind it wins."""

    db: str | None = None
    operator: str | None = None


@app.callback()
def root(context: typer.Context, db: Database = None, operator: Operator = None) -> None:
    """Take --db and --operator also before the command."""
    context.obj = Choice(db, operator)


@app.command()
def serve(
    context: typer.Context,
    sample: Annotated[bool, typer.Option("--sample", help="Serve the sample, made at ./data/sample.db.")] = False,
    host: Annotated[str, typer.Option(help="The loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The port; else 8123, or any free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    db: Database = None,
    operator: Operator = None,
) -> None:
    """Serve the pages on this machine; prints the whole address, with its token, on a line of its own."""
    from relorch.cli.serving import serve_workbook

    if sample and _first(db, _said(context).db) is not None:
        raise typer.BadParameter("--sample always uses ./data/sample.db; leave out --db.", param_hint="--db")
    with _opened_to_serve(context, sample, db, operator) as workbook:
        complain(f"serving {workbook.path} as {workbook.operator}; Ctrl+C stops it.")
        try:
            serve_workbook(workbook, host=host, port=port, browser=browser, on_address=say)
        except InvalidValue as error:  # only the host and the port can be wrong here: that is how it was called
            raise typer.BadParameter(error.why, param_hint=f"--{error.field}") from error


@app.command()
def status(context: typer.Context, db: Database = None, operator: Operator = None, as_json: Json = False) -> None:
    """List the releases with their progress."""
    with _opened(context, db, operator) as workbook:
        releases = [(release, workbook.progress(release.id)) for release in workbook.releases.list()]
    if as_json:
        say_json([_release_as_json(release, progress) for release, progress in releases])
        return
    for release, progress in releases:
        share = "no steps" if progress.percentage is None else f"{progress.percentage} %"
        held = f", {progress.held} held" if progress.held else ""
        say(str(release.id), release.name, release.status, share, f"{progress.closed} of {progress.total}{held}")
    if not releases:
        complain("there is no release yet.")


def _release_as_json(release: Release, progress: Progress) -> dict[str, object]:
    return {
        "id": release.id,
        "name": release.name,
        "type": release.type,
        "status": release.status,
        "versionNumber": release.version_number,
        "progress": {
            "total": progress.total,
            "counts": progress.counts,
            "percentage": progress.percentage,
            "held": progress.held,
        },
    }


def _said(context: typer.Context) -> Choice:
    return context.obj if isinstance(context.obj, Choice) else Choice()


def _opened(context: typer.Context, db: str | None, operator: str | None, *, create: bool = False) -> Workbook:
    said = _said(context)
    return open_workbook(_first(db, said.db), _first(operator, said.operator), create=create)


def _first(*said: str | None) -> str | None:
    """Give the first that was said; an empty one counts: it is a mistake in a script, not a default."""
    return next((value for value in said if value is not None), None)


def _opened_to_serve(context: typer.Context, sample: bool, db: str | None, operator: str | None) -> Workbook:
    if not sample:
        return _opened(context, db, operator, create=True)
    from relorch.workbook.sample import make_sample

    if not SAMPLE.exists():
        complain(f"making the sample at {SAMPLE.absolute()} …")
        make_sample(SAMPLE)
    return _opened(context, str(SAMPLE), operator)
