"""Asking the workbook in SQL: the editor, the answer as a table, a chart and a file, and ready-made questions."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from inspect import cleandoc
from typing import Any
from urllib.parse import urlencode

import marimo as mo
import polars as pl

from relorch.errors import InvalidValue, QueryError, StorageError
from relorch.model.text import visible
from relorch.model.values import StepType
from relorch.transfer.spreadsheet import safe
from relorch.ui import charts, words
from relorch.ui.figures import MOST_ROWS, Figure, table
from relorch.ui.page import Markup, element, html, joined, show
from relorch.ui.rendered import code_markup
from relorch.views.frames import NAMES, schema_of
from relorch.workbook import Workbook

MOST_COLUMNS = 60
"""As many columns of an answer are drawn; the files have all."""
MOST_CHARACTERS = 400
"""So much of a text stands in a cell; the files have it whole."""
LARGEST_FILE = 64 * 1024**2
"""Of an answer of more bytes no file is offered: it goes to the browser as one text."""
LONGEST_ADDRESS = 4_000
"""A longer query is not written into the address."""
EXAMPLE = """SELECT release_name, cluster_name, status, count(*) AS steps
FROM step_facts
GROUP BY ALL
ORDER BY ALL"""


@dataclass(frozen=True)
class Answer:
    """What a query gave in so many seconds: a frame with its files, or why not."""

    query: str
    seconds: float
    frame: pl.DataFrame | None = None
    error: str | None = None
    files: tuple[mo.download, ...] = ()


def ask(workbook: Workbook, query: str) -> Answer:
    """Ask the workbook; what it refuses, and a database that does not answer, is part of the answer."""
    began = time.perf_counter()
    try:
        frame = workbook.sql(query)
    except (QueryError, InvalidValue, StorageError) as error:
        return Answer(query, time.perf_counter() - began, error=str(error))
    return Answer(query, time.perf_counter() - began, frame, files=_files(frame))


def editor(query: str | None) -> mo.ui.text_area:
    """Give the editor with the query of the address, else with an example."""
    return mo.ui.text_area(query or EXAMPLE, label=words.ANALYSIS_QUERY, rows=9, full_width=True, max_length=None)


def laid_out(query: mo.ui.text_area, run: mo.ui.run_button) -> mo.Html:
    """Give the editor with its button."""
    return show(
        html(
            '<div class="ro-page ro-query">{query}'
            '<div class="ro-buttons">{run}<span class="ro-hint">{hint}</span></div></div>',
            query=element(query),
            run=element(run),
            hint=words.ANALYSIS_HINT,
        )
    )


def write_address(query: str) -> None:
    """Write the query into the address, so that it can be sent to a colleague."""
    asked = mo.query_params()
    if len(query) > LONGEST_ADDRESS:
        if "q" in asked:
            asked.remove("q")
    elif asked.get("q") != query:
        asked.set("q", query)


def not_asked() -> mo.Html:
    """Give what stands where the answer will be."""
    return show(html('<div class="ro-page"><p class="ro-none">{text}</p></div>', text=words.ANALYSIS_NOT_ASKED))


def told(answer: Answer) -> mo.Html:
    """Give the answer: the table, how much of it that is, and its files; or why there is none."""
    if answer.frame is None:
        return show(
            html(
                '<div class="ro-page"><p class="ro-refusal ro-why" role="alert">{why}</p></div>', why=answer.error or ""
            )
        )
    frame = answer.frame
    return show(
        html(
            '<div class="ro-page ro-answer">'
            '<div class="ro-buttons"><span role="status">{said}</span>{files}</div>{table}</div>',
            said=words.answered(frame.height, min(frame.height, MOST_ROWS), frame.width, MOST_COLUMNS, answer.seconds),
            files=joined(element(file) for file in answer.files) or words.ANALYSIS_NO_FILES,
            table=answer_table(frame),
        )
    )


def _files(frame: pl.DataFrame) -> tuple[mo.download, ...]:
    """Give the files of an answer; none of a large one, which would be held several times over on its way."""
    if frame.estimated_size() > LARGEST_FILE:
        return ()
    kinds = "application/vnd.apache.parquet"
    return (
        mo.download(lambda: spreadsheet(frame), filename="relorch-query.csv", mimetype="text/csv", label="CSV"),
        mo.download(lambda: parquet(frame), filename="relorch-query.parquet", mimetype=kinds, label="Parquet"),
    )


def answer_table(frame: pl.DataFrame) -> Markup:
    """Give the first rows and columns of an answer; what is in a cell stands there literally."""
    columns = frame.columns[:MOST_COLUMNS]
    if not columns:
        return Markup()
    head = frame.select(columns).head(MOST_ROWS)
    printers = [_plain if _is_id(name) else _cell for name in columns]
    rows = [[print_(value) for print_, value in zip(printers, row, strict=True)] for row in head.iter_rows()]
    return table(words.ANALYSIS_ANSWER, columns, rows)


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _plain(value: object) -> object:
    return Figure(str(value)) if isinstance(value, int) and not isinstance(value, bool) else _cell(value)


def _cell(value: object) -> object:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float):
        return Figure(f"{round(value, 6):,}" if math.isfinite(value) else str(value))
    text = _time(value) if isinstance(value, datetime) else str(value)
    return text if len(text) <= MOST_CHARACTERS else words.cut(text[:MOST_CHARACTERS], len(text))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at.tzinfo is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def spreadsheet(frame: pl.DataFrame) -> bytes:
    """Give an answer as CSV that a spreadsheet reads as text and numbers, and runs nothing of."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([safe(name) for name in frame.columns])
    rows.writerows([_file_cell(value) for value in row] for row in frame.iter_rows())
    return out.getvalue().encode("utf-8-sig")


def _file_cell(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    return safe(value.isoformat() if isinstance(value, date) else str(value))


def parquet(frame: pl.DataFrame) -> bytes:
    """Give an answer as Parquet, with its types."""
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def can_be_drawn(answer: Answer) -> bool:
    """Whether there is anything to make a chart of."""
    return answer.frame is not None and answer.frame.height > 0 and answer.frame.width > 1


def chart_choice(answer: Answer) -> dict[str, mo.ui.dropdown]:
    """Give the choice of a chart's `kind` (or none), and of the columns for `x`, `y` and `colour`."""
    columns = [] if answer.frame is None else answer.frame.columns[:MOST_COLUMNS]
    kinds = _kinds(answer.frame) if answer.frame is not None else {}
    number = next((name for name in reversed(columns) if kinds[name] == "Q"), columns[-1])
    options = {visible(name): name for name in columns}
    shown = {name: label for label, name in options.items()}
    return {
        "kind": mo.ui.dropdown(["none", *charts.MARKS], value="none", label=words.CHART_KIND, allow_select_none=False),
        "x": mo.ui.dropdown(options, value=shown[columns[0]], label="x", allow_select_none=False),
        "y": mo.ui.dropdown(options, value=shown[number], label="y", allow_select_none=False),
        "colour": mo.ui.dropdown(options, label=words.CHART_COLOUR, allow_select_none=True),
    }


def choices(choice: Mapping[str, mo.ui.dropdown]) -> mo.Html:
    """Give the fields of that choice in a row."""
    fields = joined(element(each) for each in choice.values())
    return show(html('<div class="ro-page ro-buttons ro-choice">{fields}</div>', fields=fields))


def chart(answer: Answer, choice: Mapping[str, Any]) -> mo.Html:
    """Give the chart that was chosen; nothing when none was."""
    if answer.frame is None or choice["kind"] == "none":
        return mo.Html("")
    names = [name for name in (choice["x"], choice["y"], choice["colour"]) if name is not None]
    kinds = _kinds(answer.frame)
    rows = [
        _drawn(row)
        for row in answer.frame.select(list(dict.fromkeys(names))).head(charts.PLOTTED).iter_rows(named=True)
    ]
    made = charts.built(rows, kinds, kind=choice["kind"], x=choice["x"], y=choice["y"], colour=choice["colour"])
    said = words.chart_of(choice["y"], choice["x"], min(answer.frame.height, charts.PLOTTED), answer.frame.height)
    drawn = element(charts.element(made, said, height=320))
    return show(
        html('<div class="ro-page ro-chart"><p class="ro-said">{said}</p>{drawn}</div>', said=said, drawn=drawn)
    )


def _kinds(frame: pl.DataFrame) -> dict[str, str]:
    return {
        name: "Q" if kind.is_numeric() else "T" if kind in (pl.Datetime, pl.Date) else "N"
        for name, kind in frame.schema.items()
    }


def _drawn(row: Mapping[str, object]) -> dict[str, object]:
    return {name: _point(value) for name, value in row.items()}


def _point(value: object) -> object:
    if isinstance(value, datetime):
        return charts.epoch(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return charts.epoch(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return visible(value[:MOST_CHARACTERS])
    return _number(value)


def _number(value: Any) -> float | str | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return visible(str(value)[:MOST_CHARACTERS])
    return number if math.isfinite(number) else None


def tables() -> mo.Html:
    """Give the tables with their columns and types."""
    return show(
        html(
            '<aside class="ro-page ro-tables" aria-label="{title}"><h2>{title}</h2>{tables}</aside>',
            title=words.ANALYSIS_TABLES,
            tables=joined(_columns(name) for name in sorted(NAMES, key=lambda name: name != "step_facts")),
        )
    )


def _columns(name: str) -> Markup:
    rows: Iterable[Markup] = (
        html("<li><code>{column}</code> <span>{kind}</span></li>", column=column, kind=_type(kind))
        for column, kind in schema_of(name).items()
    )
    opened = Markup(" open") if name == "step_facts" else ""
    return html(
        "<details{opened}><summary><code>{name}</code></summary><ul>{rows}</ul></details>",
        opened=opened,
        name=name,
        rows=joined(rows),
    )


def _type(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Enum):
        return " | ".join(kind.categories)
    if isinstance(kind, pl.Datetime):
        return "time (UTC)"
    return "number" if kind.is_numeric() else {"String": "text", "Boolean": "true, false"}.get(str(kind), str(kind))


@dataclass
class Questions:
    """The ready-made questions, of which one is picked and answered at a time; the value is the name of its cell.

    The answer is held: its files are made when somebody asks for them.
    """

    picked: mo.ui.radio
    answer: Answer | None = None

    @classmethod
    def ready(cls) -> Questions:
        """Give them with none picked."""
        return cls(mo.ui.radio({title: name for name, title in words.QUESTIONS.items()}, label=words.READY_MADE))

    def shown(self) -> mo.Html:
        """Give them as a part of the page."""
        return show(html('<div class="ro-page ro-flow ro-ready">{picked}</div>', picked=element(self.picked)))

    def ask(self, workbook: Workbook, sql: str) -> mo.Html:
        """Ask one: give its SQL, the way to change it, and the answer."""
        query = cleandoc(sql)
        self.answer = ask(workbook, query)
        return show(
            html(
                '<div class="ro-page ro-asked">{code}<p><a href="?{query}" target="_self">{way}</a></p>{answer}</div>',
                code=code_markup(query, StepType.SQL),
                query=urlencode({"q": query}),
                way=words.TO_EDITOR,
                answer=element(told(self.answer)),
            )
        )
