"""Questions in SQL."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relorch.cli.options import Json, command
from relorch.cli.output import complain, plain_block, say_json, say_table
from relorch.cli.wire import wire
from relorch.workbook import Workbook

if TYPE_CHECKING:
    import polars as pl

Seconds = Annotated[float, typer.Option(help="How many seconds the query may take.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of analysis."""
    command(app, "sql")(sql)


def sql(
    workbook: Workbook,
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="One SELECT; - reads it from the input.", show_default=False)
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the tables and their columns.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV that a spreadsheet may open.")] = False,
    seconds: Seconds = 30.0,
    as_json: Json = False,
) -> None:
    """Answer one SELECT, in DuckDB's SQL, over the workbook's tables; it can change nothing."""
    if csv and as_json:
        raise typer.BadParameter("give one of --csv and --json.", param_hint="--csv")
    if tables:
        _print_tables(as_json)
        return
    if query is None:
        raise typer.BadParameter("say what to ask, or --tables for what there is.", param_hint="QUERY")
    answer = workbook.sql(sys.stdin.read() if query == "-" else query, seconds=seconds)
    if csv:
        _print_csv(answer)
    elif as_json:
        say_json([wire(row) for row in _rows(answer)])
    else:
        say_table(answer.columns, (list(row.values()) for row in _rows(answer)))
        complain(f"{answer.height} rows.")


def _print_tables(as_json: bool) -> None:
    from relorch.views.frames import NAMES, schema_of

    if as_json:
        say_json({name: {column: str(kind) for column, kind in schema_of(name).items()} for name in NAMES})
        return
    rows = [(name, column, str(kind).partition("(")[0]) for name in NAMES for column, kind in schema_of(name).items()]
    say_table(("table", "column", "type"), rows)


def _rows(answer: pl.DataFrame) -> list[dict[str, Any]]:
    """Give the rows by column; a number that JSON does not know is no value."""
    return [{name: _known(value) for name, value in row.items()} for row in answer.iter_rows(named=True)]


def _known(value: object) -> object:
    return None if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))) else value


def _print_csv(answer: pl.DataFrame) -> None:
    """Print CSV; a text that a spreadsheet would run begins with an apostrophe, a terminal gets marks."""
    import csv

    from relorch.transfer.spreadsheet import safe

    out = csv.writer(_Marked() if sys.stdout.isatty() else sys.stdout, lineterminator="\n")
    out.writerow([safe(name) for name in answer.columns])
    for row in answer.iter_rows():
        out.writerow(["" if cell is None else safe(cell) if isinstance(cell, str) else wire(cell) for cell in row])
    sys.stdout.flush()


class _Marked:
    """The output of a terminal: what it would obey is written as marks."""

    def write(self, text: str) -> int:
        """Write a text with its marks, newlines and tabs as they are."""
        return sys.stdout.write(plain_block(text))
