"""The HTML file in a real browser without a network: it asks nobody, complains of nothing, and shows text as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relorch.reports import printed
from tests.reports.conftest import HOSTILE, SECRET, Told

pytestmark = pytest.mark.browser
HIDDEN = "echo </pre>\u202edone"


@pytest.fixture(scope="module")
def offline(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(offline=True)
    yield context
    context.close()


def opened(offline: Any, path: Path, text: str) -> tuple[Any, list[str], list[str]]:
    """Open a file; give the page with what it asked for besides itself and what it complained about."""
    path.write_text(text, encoding="utf-8")
    page = offline.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.goto(path.as_uri())
    asked.remove(path.as_uri())
    return page, asked, said


def test_a_release_report_needs_nothing_but_itself(told: Told, offline: Any, tmp_path: Path) -> None:
    text = "".join(printed(told.wb.report(told.release), "html"))
    page, asked, said = opened(offline, tmp_path / "report.html", text)
    assert page.title() == "Release report: 2026.11"
    shown = HOSTILE.replace("\u202e", "⟨U+202E⟩")
    assert page.get_by_role("rowheader", name=shown).count() == 1
    assert page.locator("script, link, img, iframe, [onload], [style]").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).borderTopWidth") == "2px"  # the style holds
    assert page.locator("svg text").filter(has_text="eu-1").count() == 1
    assert len(page.pdf(prefer_css_page_size=True)) > 20_000
    assert (asked, said) == ([], [])


def test_a_sheet_shows_what_is_invisible_and_still_copies_the_text(told: Told, offline: Any, tmp_path: Path) -> None:
    sheet = told.wb.report(told.release, told.customers[HOSTILE])
    page, asked, said = opened(offline, tmp_path / "sheet.html", "".join(printed(sheet, "html")))
    text = page.locator("pre").filter(has_text="pg_dump")
    assert HIDDEN in text.text_content()
    mark = text.locator(".seen").first
    assert mark.evaluate("each => getComputedStyle(each, '::before').content") == '"⟨U+202E⟩"'
    assert mark.get_attribute("data-code") == "U+202E"
    assert mark.evaluate("each => getComputedStyle(each).unicodeBidi") == "isolate"
    assert page.get_by_text("4 of 4 steps are open").count() == 1
    assert SECRET not in page.content()
    assert (asked, said) == ([], [])


def test_a_chart_draws_a_hostile_name_as_text(told: Told, offline: Any, tmp_path: Path) -> None:
    from relorch.model.progress import count
    from relorch.reports.charts import cluster_chart

    drawn = cluster_chart([count({"done": 3}, key=1, label=HOSTILE), count({"failed": 1}, key=2, label=HOSTILE)])
    page, asked, said = opened(offline, tmp_path / "chart.html", f"<!doctype html><body>{drawn}")
    texts = page.locator("svg text").all_text_contents()
    assert any(text.startswith("</style><script>alert(1)") for text in texts)
    assert page.locator("script").count() == 0
    assert "\u202e" not in drawn
    assert (asked, said) == ([], [])
