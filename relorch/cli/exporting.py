"""`relorch export`: what the workbook holds as files for others."""

from __future__ import annotations

from typing import Annotated

import typer

from relorch.cli.naming import release_id
from relorch.cli.options import ReleaseWord, command
from relorch.cli.waiting import counted
from relorch.cli.writing import Target, write_out
from relorch.transfer.release_file import Form
from relorch.workbook import Workbook

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_ENDINGS = {Form.YAML: (".yaml", ".yml"), Form.MARKDOWN: (".md", ".markdown")}
Format = Annotated[
    Form | None, typer.Option("--format", help="What to write it in; else by the ending of -o, else yaml.")
]


def inventory(workbook: Workbook, output: Target = None) -> None:
    """Write clusters and customers as CSV, for 'import inventory' and for spreadsheets."""
    write_out(workbook, output, [workbook.exports.inventory()], endings=(".csv",))


def release(workbook: Workbook, release: ReleaseWord, output: Target = None, form: Format = None) -> None:
    """Write the steps of a release as YAML or as a Markdown runbook, for 'import release'."""
    markdown = output is not None and output.suffix.lower() in _ENDINGS[Form.MARKDOWN]
    chosen = form or (Form.MARKDOWN if markdown else Form.YAML)
    text = workbook.exports.release(release_id(workbook, release), chosen)
    write_out(workbook, output, [text], endings=_ENDINGS[chosen])


def workbook(opened: Workbook, output: Target = None) -> None:
    """Write the whole workbook as lines of JSON: every table and every event, for 'import workbook'."""
    lines = counted(opened.exports.workbook(), "writing lines")
    write_out(opened, output, lines, endings=(".jsonl", ".ndjson", ".json"))


command(app, "inventory")(inventory)
command(app, "release")(release)
command(app, "workbook")(workbook)
