"""The analysis page: an answer as a table, as files and as a chart, with hostile texts in names and cells."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from relorch import Workbook
from relorch.ui import analysis, charts, words
from tests.conftest import Build
from tests.notebooks.test_pages import run

HOSTILE = ['<img src=x onerror="alert(1)">', "=1+1", "@SUM(A1)", "plain", "{{7*7}}", "\u202egnp.exe"]


def test_what_is_in_a_cell_and_in_a_columns_name_stands_there_literally() -> None:
    shown = str(analysis.answer_table(pl.DataFrame({"<b>name</b>": HOSTILE})))
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in shown
    assert "⟨U+202E⟩gnp.exe" in shown


def test_numbers_have_their_thousands_apart_ids_and_times_are_as_they_are() -> None:
    frame = pl.DataFrame(
        {
            "step_id": [12345],
            "steps": [12345],
            "share": [0.1 + 0.2],
            "at": [datetime(2026, 11, 2, 8, 0, tzinfo=UTC)],
            "note": [None],
            "long": ["x" * 5_000],
            "flag": [True],
        }
    )
    shown = str(analysis.answer_table(frame))
    for cell in (">12345<", ">12,345<", ">0.3<", ">2026-11-02 08:00:00 UTC<", ">–<", "… (5,000 characters)<", ">True<"):
        assert cell in shown
    assert len(shown) < 3_000


def test_an_answer_shows_its_first_rows_and_columns_and_says_how_many_there_are() -> None:
    frame = pl.DataFrame({f"c{at}": range(1_000) for at in range(70)})
    assert str(analysis.answer_table(frame)).count("<tr>") == 301
    assert str(analysis.answer_table(frame)).count('scope="col"') == 60
    assert words.answered(1_000, 300, 70, 60, 0.25) == (
        "1,000 rows in 0.2 s. The first 300 are shown, the files have all. "
        "The first 60 of 70 columns are shown, the files have all."
    )
    assert words.answered(1, 1, 1, 60, 0.02) == "1 row in 20 ms."


def test_the_csv_runs_nothing_in_a_spreadsheet_and_has_every_row() -> None:
    frame = pl.DataFrame({"=name": [*HOSTILE, "-2"], "number": [-1, 2, 3, 4, 5, 6, 7]})
    rows = list(csv.reader(io.StringIO(analysis.spreadsheet(frame).decode("utf-8-sig"))))
    assert rows[0] == ["'=name", "number"]
    assert [row[0] for row in rows[1:]] == [HOSTILE[0], "'=1+1", "'@SUM(A1)", "plain", "{{7*7}}", HOSTILE[5], "'-2"]
    assert [row[1] for row in rows[1:]] == ["-1", "2", "3", "4", "5", "6", "7"]


def test_the_parquet_file_is_the_answer_with_its_types() -> None:
    frame = pl.DataFrame(
        {"at": [datetime(2026, 11, 2, tzinfo=UTC)], "kind": pl.Series(["a"], dtype=pl.Enum(["a", "b"]))}
    )
    back = pl.read_parquet(io.BytesIO(analysis.parquet(frame)))
    assert back.equals(frame)
    assert back.schema == frame.schema


@pytest.mark.parametrize("kind", charts.MARKS)
def test_a_chart_takes_any_columns_name_for_a_name_only(kind: str) -> None:
    names = ["a.b[0]:Q", "datum['x']", "</script>"]
    made = charts.built(
        [dict(zip(names, ("x", 1, "y"), strict=True))],
        dict(zip(names, "NQN", strict=True)),
        kind=kind,
        x=names[0],
        y=names[1],
        colour=names[2],
    ).to_dict()
    assert made["encoding"]["x"]["field"] == "column_0"
    assert made["encoding"]["y"]["title"] == names[1]
    assert json.loads(made["datasets"][made["data"]["name"]]) == [{"column_0": "x", "column_1": 1, "column_2": "y"}]


def test_a_chart_draws_times_as_times_and_nothing_that_is_no_number() -> None:
    frame = pl.DataFrame({"at": [datetime(2026, 11, 2)], "share": [float("nan")]})
    answer = analysis.Answer("", 0.1, frame)
    choice = {"kind": "line", "x": "at", "y": "share", "colour": None}
    assert "share by at. Times are UTC." in analysis.chart(answer, choice).text
    row = analysis._drawn({"at": datetime(2026, 11, 2), "share": float("nan")})
    assert row == {"at": 1_793_577_600_000, "share": None}


def test_a_bad_query_is_answered_with_why(wb: Workbook) -> None:
    assert "nosuch" in str(analysis.ask(wb, "select * from nosuch").error)
    assert "clusters, customers" in str(analysis.ask(wb, "select * from nosuch").error)
    assert analysis.ask(wb, "select <b>").frame is None
    assert "<b>" not in analysis.told(analysis.ask(wb, "select <b>x</b>")).text.replace("&lt;b&gt;", "")


def test_the_query_of_the_address_is_asked_and_stands_in_the_editor(wb: Workbook, build: Build) -> None:
    build.cluster(name="<i>eu</i>")
    shown, defined = run("analysis", wb, q="select name, 41 + 1 as answer from clusters")
    assert defined["answer"].frame.rows() == [("<i>eu</i>", 42)]
    assert "&lt;i&gt;eu&lt;/i&gt;" in shown
    assert "<i>eu" not in shown


def test_nothing_is_asked_before_run_is_pressed(wb: Workbook) -> None:
    shown, _ = run("analysis", wb)
    assert words.ANALYSIS_NOT_ASKED in shown


def questions() -> dict[str, str]:
    """The SQL of every ready-made question, by the name of its cell."""
    import ast

    from tests.notebooks.test_pages import NOTEBOOKS

    cells = [
        cell for cell in ast.parse((NOTEBOOKS / "analysis.py").read_text()).body if isinstance(cell, ast.FunctionDef)
    ]
    calls = {cell.name: call for cell in cells for call in ast.walk(cell) if _asks(call)}
    return {name: call.args[1].value for name, call in calls.items()}  # type: ignore[attr-defined]


def _asks(node: Any) -> bool:
    import ast

    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "questions.ask"
    )


def test_every_ready_made_question_has_a_cell_and_a_title() -> None:
    assert list(questions()) == list(words.QUESTIONS)


@pytest.mark.parametrize("name", questions())
def test_a_ready_made_question_has_an_answer(wb: Workbook, build: Build, name: str) -> None:
    empty = analysis.ask(wb, questions()[name])
    assert (empty.error, empty.frame is not None and empty.frame.height) == (None, 0)
    release = build.active(customers=3, steps=3)
    first, second, third, fourth, *rest = [step.id for step in build.steps_of(release)]
    wb.steps.mark_done([first, second, third], notes="restarted twice")  # the first customer is complete
    wb.steps.mark_done(rest[-3:-1])
    wb.steps.fail(fourth, reason="disk")
    wb.steps.start(rest[0])
    wb.steps.override(rest[1], "echo other")
    answer = analysis.ask(wb, questions()[name])
    assert answer.error is None
    assert answer.frame is not None
    assert answer.frame.height > 0


def test_a_question_leads_into_the_editor_with_its_sql(wb: Workbook) -> None:
    shown = analysis.Questions.ready().ask(wb, "\n    SELECT 1\n    ").text
    assert f"?q={quote('SELECT 1').replace('%20', '+')}" in shown


def test_a_large_answer_has_no_files_and_says_where_they_are(wb: Workbook) -> None:
    answer = analysis.ask(wb, "SELECT range AS id, repeat('x', 1000) AS text FROM range(80000)")
    assert answer.files == ()
    assert words.ANALYSIS_NO_FILES in analysis.told(answer).text
    assert words.ANALYSIS_NO_FILES not in analysis.told(analysis.ask(wb, "SELECT 1 AS a")).text
