"""The commands, put together: each topic has a module, each module its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relorch.cli import (
    analysis,
    exporting,
    history,
    importing,
    inventory,
    keeping,
    members,
    releases,
    report,
    texts,
    verbs,
    work,
)
from relorch.cli.options import Choice, Database, Operator, first, place_of, said_before
from relorch.cli.output import complain, say
from relorch.errors import InvalidValue
from relorch.workbook import Workbook

app = typer.Typer(
    name="relorch",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help texts hold brackets, and help is read by pagers and scripts too
    context_settings={"max_content_width": 120},
    help="The release operator's workbook: every step of a release, for every customer.",
)

SAMPLE = Path("data/sample.db")


@app.callback()
def root(context: typer.Context, db: Database = None, operator: Operator = None) -> None:
    """Take --db and --operator also before the command."""
    context.obj = Choice(db, operator)


@app.command("serve")
def serve(
    context: typer.Context,
    sample: Annotated[bool, typer.Option("--sample", help="Serve the sample, made at ./data/sample.db.")] = False,
    host: Annotated[str, typer.Option(help="The loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The port; else 8123, or any free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    tokens: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Lines of `name token` by which programs sign in; its mode has to be 0600."),
    ] = None,
    db: Database = None,
    operator: Operator = None,
) -> None:
    """Serve the pages on this machine; prints the whole address, with its token, on a line of its own."""
    from relorch.cli.serving import serve_workbook

    if sample and first(db, said_before(context).db) is not None:
        raise typer.BadParameter("--sample always uses ./data/sample.db; leave out --db.", param_hint="--db")
    with _opened_to_serve(context, sample, db, operator) as workbook:
        complain(f"serving {workbook.path} as {workbook.operator}; Ctrl+C stops it.")
        try:
            serve_workbook(workbook, host=host, port=port, browser=browser, on_address=say, tokens=tokens)
        except InvalidValue as error:  # only host, port and tokens can be wrong here: that is how it was called
            hint = error.field if error.field.isupper() else f"--{error.field}"
            raise typer.BadParameter(error.why, param_hint=hint) from error


def _opened_to_serve(context: typer.Context, sample: bool, db: str | None, operator: str | None) -> Workbook:
    if not sample:
        return place_of(context, db, operator).open(create=True)
    from relorch.workbook.sample import make_sample

    if not SAMPLE.exists():
        complain(f"making the sample at {SAMPLE.absolute()} …")
        make_sample(SAMPLE)
    return place_of(context, str(SAMPLE), operator).open()


for topic in (releases, members, work, verbs, texts, history, inventory, analysis, report, keeping):
    topic.add_to(app)
app.add_typer(importing.app, name="import", help="Bring a file into the workbook, or make a workbook of one.")
app.add_typer(exporting.app, name="export", help="Write what the workbook holds as a file.")
