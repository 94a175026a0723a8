"""The progress page in a browser: charts that pick, lists that do the same, and what others do while one looks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch import Workbook, open_workbook
from relorch.ui import words
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
LONG = 30_000
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def active_release(wb: Workbook) -> Any:
    return next(release for release in wb.releases.list() if release.status == "active")


def section(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True).filter(has=page.get_by_role("heading"))


def opened(window: Tab, path: str = "/progress") -> Any:
    page = window.goto(path)
    expect(section(page, words.VERSIONS_THEN)).to_be_visible(timeout=LONG)
    return page


def test_a_cluster_is_picked_in_the_chart_and_a_customer_in_the_list(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release = active_release(wb)
        clusters = wb.progress(release.id, by="cluster")
        (member, *_) = [each for each in wb.matrix(release.id).customers if each.cluster_id == clusters[1].key]
        steps = wb.steps.list(release.id, member.id)
    window = tab(serving)
    page = opened(window, f"/progress?release={release.id}&cluster=4711")
    in_vain = page.get_by_role("alert").filter(has_text=words.PROGRESS_MISSING["cluster"])
    expect(in_vain).to_be_visible(timeout=LONG)
    charts = page.locator("marimo-vega svg")
    expect(charts).to_have_count(6, timeout=LONG)
    bar = section(page, words.BY_CLUSTER).locator("marimo-vega [role='graphics-symbol']")
    bar.and_(page.locator(f"[aria-label*='label: {clusters[1].label};'][aria-label*='status: done']")).click()
    expect(page.get_by_label(words.PICK_CLUSTER, exact=True)).to_have_value(str(clusters[1].label), timeout=LONG)
    expect(section(page, words.BY_CUSTOMER)).to_contain_text(f"customers on {clusters[1].label}", timeout=LONG)
    expect(in_vain).to_have_count(0, timeout=LONG)
    page.get_by_label(words.PICK_CUSTOMER, exact=True).select_option(label=member.name)
    table = section(page, words.ITS_STEPS).get_by_role("table", name=words.ITS_STEPS)
    expect(table.get_by_role("row")).to_have_count(len(steps) + 1, timeout=LONG)
    expect(table.get_by_role("link", name=steps[0].name)).to_have_attribute(
        "href", f"/checklist?release={release.id}&customer={member.id}&step={steps[0].id}"
    )
    expect(page).to_have_url(re.compile(rf"cluster={clusters[1].key}&customer={member.id}$"))
    page.reload()
    expect(table.get_by_role("row")).to_have_count(len(steps) + 1, timeout=LONG)
    assert (window.console, window.outside) == ([], [])


def test_the_figures_follow_what_others_do_and_the_charts_follow_dark(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        release = active_release(wb)
        step = next(step for step in wb.overview().active[0].next_steps if not wb.steps.render(step.id).problems)
        window = tab(serving, color_scheme="dark")
        page = opened(window)
        closed = section(page, words.BURN_UP).get_by_role("row").nth(1).get_by_role("cell").nth(1)
        before = wb.flow(release.id).burn_up[-1].closed
        customer = next(each for each in wb.customers.list() if each.id == step.customer_id)
        wb.customers.update(customer.id, name="<img src=x onerror=alert(1)>", confirm=True)
        wb.steps.mark_done(step.id)
    expect(page.get_by_text(f"{before + 1:,} of ")).to_be_visible(timeout=LONG)
    expect(closed).to_have_text(f"{before + 1:,}", timeout=LONG)
    expect(section(page, words.VERSIONS_THEN)).to_contain_text("<img src=x onerror=alert(1)>", timeout=LONG)
    label = section(page, words.BY_CLUSTER).locator("marimo-vega svg text").first
    assert label.evaluate("text => getComputedStyle(text).fill") == "rgb(163, 174, 189)"
    assert (window.console, window.outside) == ([], [])


def test_an_empty_workbook_leads_to_the_releases(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/progress")
    expect(page.get_by_text(words.PROGRESS_NOTHING)).to_be_visible(timeout=LONG)
    expect(page.get_by_role("link", name=words.TO_RELEASES)).to_have_attribute("href", "/releases")
    assert (window.console, window.outside) == ([], [])


def test_the_page_is_exported_without_a_browser(sample_database: Path, tmp_path: Path) -> None:
    with open_workbook(str(sample_database), operator="checker", create=False) as wb:
        release = active_release(wb)
    out = tmp_path / "progress.html"
    command = [
        sys.executable,
        "-m",
        "marimo",
        "export",
        "html",
        str(NOTEBOOKS / "progress.py"),
        "-o",
        str(out),
        "--no-include-code",
    ]
    done = subprocess.run(
        [*command, "--", "--release", str(release.id), "--db", str(sample_database)],
        capture_output=True,
        text=True,
        env={**os.environ, "RELORCH_OPERATOR": "ana"},
        timeout=180,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    html = out.read_text(encoding="utf-8")
    assert release.name in html
    assert words.CANDIDATES in html
