"""Reports for the record: of a release, or the sheet that one customer's release is signed off with."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from relorch.cli.naming import customer_id, release_id
from relorch.cli.options import CustomerOption, ReleaseWord, command
from relorch.cli.output import complain, plain_block
from relorch.cli.writing import Target, write_out
from relorch.workbook import Workbook

_ENDINGS = {".html": "html", ".htm": "html", ".csv": "csv", ".json": "json"}
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="html, csv or json; else as the file's name ends, else html."),
]


def add_to(app: typer.Typer) -> None:
    """Add the command of reports."""
    command(app, "report")(report)


def report(
    workbook: Workbook,
    release: ReleaseWord,
    customer: CustomerOption = None,
    output: Target = None,
    form: Format = None,
) -> None:
    """Write the report of a release, or the sign-off sheet of one customer in it, with its secrets masked."""
    from relorch.reports import printed
    from relorch.reports.words import masked

    wanted = _form(form, output)
    number = release_id(workbook, release)
    facts = workbook.report(number) if customer is None else workbook.report(number, customer_id(workbook, customer))
    parts = printed(facts, wanted)
    endings = [ending for ending, form in _ENDINGS.items() if form == wanted]
    write_out(workbook, output, _for_the_eye(parts) if _is_read(output) else parts, endings=endings)
    if facts.masked.secrets:
        complain(masked(facts.masked))


def _form(form: str | None, output: Path | None) -> str:
    if form is None:
        return _ENDINGS.get(output.suffix.lower(), "html") if output is not None else "html"
    if form not in _ENDINGS.values():
        raise typer.BadParameter("must be one of html, csv and json.", param_hint="--format")
    return form


def _is_read(output: Path | None) -> bool:
    return (output is None or str(output) == "-") and sys.stdout.isatty()


def _for_the_eye(parts: Iterable[str]) -> Iterator[str]:
    """Give a text as it may stand on a terminal."""
    return (plain_block(part) for part in parts)
