"""The analysis page in a browser: ask, look, draw, take home."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import expect

from relorch.ui import words
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
LONG = 30_000
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "analysis.py"

QUERY = """SELECT step_name, '=1+1' AS formula, '<img src=x onerror=alert(1)>' AS hostile,
       'https://evil.example/x.png' AS "<b>picture</b>", count(*) AS steps
FROM step_facts GROUP BY ALL ORDER BY steps DESC, step_name"""


def opened(window: Tab, path: str = "/analysis") -> Any:
    page = window.goto(path)
    expect(page.get_by_role("textbox", name=words.ANALYSIS_QUERY)).to_be_visible(timeout=LONG)
    return page


def test_a_query_is_asked_drawn_downloaded_and_sent(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        answer = wb.sql(QUERY)
    window = tab(serving)
    page = opened(window)
    expect(page.get_by_text(words.ANALYSIS_NOT_ASKED)).to_be_visible(timeout=LONG)
    page.get_by_role("textbox", name=words.ANALYSIS_QUERY).fill("SELECT nothing FROM step_facts")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("nothing", timeout=LONG)
    page.get_by_role("textbox", name=words.ANALYSIS_QUERY).fill(QUERY)
    page.get_by_role("button", name="Run", exact=True).click()
    table = page.get_by_role("table", name=words.ANALYSIS_ANSWER)
    expect(table.get_by_role("row")).to_have_count(answer.height + 1, timeout=LONG)
    expect(table.get_by_role("columnheader")).to_have_text(answer.columns)
    expect(table.get_by_role("cell").nth(1)).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label(words.CHART_KIND, exact=True).select_option("bar")
    bars = page.locator("marimo-vega .mark-rect.role-mark path")
    expect(bars).to_have_count(answer.height, timeout=LONG)
    bars.first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text(str(answer["steps"][0]))
    with page.expect_download() as taken:
        page.get_by_text("CSV", exact=True).click()
    rows = list(csv.reader(Path(taken.value.path()).read_text("utf-8-sig").splitlines()))
    assert rows[1] == [str(answer["step_name"][0]), "'=1+1", *answer.rows()[0][2:4], str(answer["steps"][0])]
    with page.expect_download() as taken:
        page.get_by_text("Parquet", exact=True).click()
    assert pl.read_parquet(taken.value.path()).height == answer.height
    expect(page).to_have_url(re.compile(r"\?q=SELECT"))
    page.reload()
    expect(table.get_by_role("row")).to_have_count(answer.height + 1, timeout=LONG)
    expect(page.get_by_role("textbox", name=words.ANALYSIS_QUERY)).to_have_value(QUERY)
    assert (window.console, window.outside) == ([], [])


def test_a_ready_made_question_is_asked_when_it_is_picked_and_opens_in_the_editor(serving: Serving, tab: Tabs) -> None:
    window = tab(serving)
    page = opened(window)
    page.get_by_role("radio", name=words.QUESTIONS["versions_per_cluster"]).click(timeout=LONG)
    table = page.get_by_role("table", name=words.ANALYSIS_ANSWER)
    expect(table.get_by_role("columnheader")).to_have_text(["cluster_name", "version", "customers"], timeout=LONG)
    page.get_by_role("radio", name=words.QUESTIONS["begun_and_not_finished"]).click()
    expect(table.get_by_role("columnheader").first).to_have_text("executed_by", timeout=LONG)
    expect(table).to_have_count(1)
    page.get_by_role("link", name=words.TO_EDITOR).click()
    expect(page.get_by_role("textbox", name=words.ANALYSIS_QUERY)).to_have_value(
        re.compile("^SELECT executed_by"), timeout=LONG
    )
    expect(table.get_by_role("columnheader").first).to_have_text("executed_by", timeout=LONG)
    assert (window.console, window.outside) == ([], [])


def test_the_notebook_runs_as_marimos_editor_runs_it(sample_database: Path, tmp_path: Path) -> None:
    out = tmp_path / "analysis.html"
    command = [sys.executable, "-m", "marimo", "export", "html", str(NOTEBOOK), "-o", str(out)]
    done = subprocess.run(
        [*command, "--", "--q", "SELECT 6 * 7000 AS answer FROM customers LIMIT 1", "--db", str(sample_database)],
        capture_output=True,
        text=True,
        env={**os.environ, "RELORCH_OPERATOR": "ana"},
        timeout=180,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    html = out.read_text(encoding="utf-8")
    assert "42,000" in html
    assert words.QUESTIONS["overridden_texts"] in html
