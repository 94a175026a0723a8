"""What is shown and what is selected: filters in the address, ranges, rows and columns, and many presses in a row."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch import open_workbook
from tests.e2e.conftest import Serving, Tab, _until_the_end, start_serving
from tests.e2e.test_matrix_bulk import WAIT, bulk, cell, fill, matrix_at, row_head, rows_of, see, statuses

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]


@pytest.fixture(scope="session")
def small_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight customers, four on each of two clusters; made once, copy it before use."""
    path = tmp_path_factory.mktemp("small") / "app.db"
    with open_workbook(str(path), operator="ana") as wb:
        rows = fill(wb, customers=8, steps=12)
        wb.steps.fail(rows[1][:3], reason="disk full")
        wb.acting_as("ben").steps.start(rows[2][5])
        wb.steps.start(rows[2][6])
        wb.releases.hold(1, [wb.steps.get(rows[0][7]).customer_id], "freeze")
        wb.releases.remove(1, [wb.steps.get(rows[0][3]).customer_id], "left <us>")
    return path


@pytest.fixture
def small(small_database: Path, tmp_path: Path) -> Iterator[Serving]:
    """A server on a release of seven customers and one that was removed."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "app.db").write_bytes(small_database.read_bytes())  # nobody has that file open now
    yield from _until_the_end(start_serving(tmp_path))


def selected(page: Any) -> list[str]:
    cells = page.get_by_role("gridcell", selected=True)
    return sorted(str(each.get_attribute("aria-label")).split(":")[0] for each in cells.all())


def shown(page: Any, words: str) -> None:
    expect(page.get_by_role("region", name="Matrix").get_by_text(words)).to_be_visible(timeout=WAIT)


def test_filters_narrow_stand_in_the_address_and_come_back(small: Serving, tab: Tabs) -> None:
    window = tab(small)
    page = matrix_at(window)
    status = page.get_by_role("list", name="Steps by status")
    status.get_by_role("button", name=re.compile("failed")).click()
    shown(page, "3 of 7 customers, 1 of 12 steps")
    status.get_by_role("button", name=re.compile("by others")).click()
    shown(page, "4 of 7 customers, 2 of 12 steps")
    page.get_by_role("combobox", name="Cluster", exact=True).select_option("eu-1")
    shown(page, "3 of 7 customers, 1 of 12 steps")
    page.get_by_label("Filter customers and steps").fill("customer-02")
    shown(page, "1 of 7 customers, 1 of 12 steps")
    page.wait_for_url(re.compile(r"cluster=1&status=others%2Cfailed&q=customer-02"))

    page.reload()
    expect(cell(page, 2, 2)).to_be_visible(timeout=WAIT)
    shown(page, "1 of 7 customers, 1 of 12 steps")
    chips = page.get_by_role("list", name="Filters in force")
    expect(chips.get_by_role("listitem")).to_have_count(4)
    chips.get_by_role("button", name="Remove the filter text: customer-02").click()
    shown(page, "3 of 7 customers, 1 of 12 steps")
    page.get_by_role("button", name="Clear all filters").click()
    expect(chips).to_be_hidden()
    expect(page.get_by_role("grid")).to_have_attribute("aria-colcount", "8")
    page.wait_for_url(re.compile(r"/matrix\?release=1$"))

    page.get_by_role("checkbox", name="show 1 on hold").uncheck()
    shown(page, "6 of 7 customers, 12 of 12 steps")
    page.get_by_role("combobox", name="Category", exact=True).select_option("Verify")
    shown(page, "Nothing matches the filters")
    assert (window.console, window.outside) == ([], [])


def test_keys_of_the_grid_work_right_after_a_click_above_it(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small))
    cell(page, 5, 0).click()
    box = page.get_by_role("checkbox", name="show 1 on hold")
    box.uncheck()
    page.keyboard.press("j")
    expect(cell(page, 6, 0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    page.get_by_role("list", name="Steps by status").get_by_role("button", name=re.compile("pending")).click()
    page.keyboard.press("j")
    expect(cell(page, 7, 0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("/")
    page.keyboard.type("jd")
    expect(page.get_by_label("Filter customers and steps")).to_have_value("jd")


def test_the_panel_says_that_the_keys_are_for_all_that_is_selected(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small))
    panel = page.get_by_role("region", name="Step", exact=True)
    cell(page, 1, 0).click()
    one = panel.get_by_role("button", name="Mark done d", exact=True)
    expect(one).to_be_visible(timeout=WAIT)
    cell(page, 1, 1).click(modifiers=["Shift"])
    expect(panel.get_by_text("Keys in the grid: 2 selected steps. Buttons here: this step.")).to_be_visible()
    expect(panel.get_by_role("button", name="Mark done", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(one).to_be_visible()
    expect(panel.get_by_text("Keys in the grid")).to_be_hidden()


def test_a_link_with_a_filter_that_is_not_there_says_so(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small), "?release=1&cluster=atlantis&status=failed,sunk&category=deploy")
    shown(page, "cluster “atlantis”, status “sunk”")
    shown(page, "3 of 7 customers, 1 of 12 steps")


def test_removed_customers_are_named_and_are_no_columns(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small))
    page.get_by_text("1 removed customer", exact=True).click()
    shown(page, "Customer 03")
    shown(page, "left <us>")
    expect(page.get_by_role("columnheader", name=re.compile("Customer 03"))).to_have_count(0)


def test_ranges_single_cells_rows_and_columns_are_selected(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small))
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-multiselectable", "true")
    cell(page, 1, 0).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    see(page, "4 steps of 2 steps × 2 customers selected")
    assert selected(page) == [f"Step {step}, Customer 0{at}" for step in (1, 2) for at in (0, 1)]
    expect(page.get_by_text("4 steps selected")).to_have_count(1)
    page.keyboard.press("Shift+ArrowUp")
    see(page, "2 steps of 1 step × 2 customers selected")
    cell(page, 3, 4).click(modifiers=["Control"])
    see(page, "3 steps of 2 steps × 3 customers selected")
    cell(page, 1, 1).click(modifiers=["Control"])
    see(page, "2 steps of 2 steps × 2 customers selected")
    cell(page, 5, 5).click()
    cell(page, 6, 6).click(modifiers=["Shift"])
    see(page, "4 steps of 2 steps × 2 customers selected")
    page.get_by_role("columnheader", name=re.compile("Customer 02")).click()
    see(page, "12 steps of 12 steps × 1 customer selected")
    row_head(page, 2).click(modifiers=["Control"])
    see(page, "18 steps of 12 steps × 7 customers selected")
    page.keyboard.press("Control+a")
    see(page, "84 steps of 12 steps × 7 customers selected")
    page.keyboard.press("Escape")
    expect(bulk(page)).to_have_count(0)
    expect(page.get_by_role("gridcell", selected=True)).to_have_count(1)
    page.keyboard.press("Shift+Space")
    see(page, "7 steps of 1 step × 7 customers selected")
    page.keyboard.press("Control+Space")
    see(page, "12 steps of 12 steps × 1 customer selected")


def test_a_row_selected_under_a_status_filter_holds_just_what_was_asked_for(small: Serving, tab: Tabs) -> None:
    with small.open() as wb:
        rows = rows_of(wb)
    page = matrix_at(tab(small), "?release=1&status=pending")
    row_head(page, 2).click()
    see(page, "4 steps of 1 step × 4 customers selected")
    page.keyboard.press("d")
    see(page, "3 will be marked done · 1 refused: is held in this release for customer-07 (1)")
    page.keyboard.press("Enter")
    see(page, "3 steps marked done")
    with small.open() as wb:
        assert statuses(wb, rows[1]) == ["failed"] * 3 + ["done"] * 3 + ["pending"]
    expect(page.get_by_role("button", name="Filter again")).to_be_hidden()


def test_narrowing_takes_hidden_steps_out_of_the_selection_and_says_so(small: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(small))
    row_head(page, 1).click()
    see(page, "7 steps of 1 step × 7 customers selected")
    page.get_by_role("combobox", name="Cluster", exact=True).select_option("eu-2")
    see(page, "4 steps of 1 step × 4 customers selected")
    expect(page.get_by_text("3 steps no longer shown: not selected any more.").first).to_be_attached()
    page.get_by_role("combobox", name="Cluster", exact=True).select_option("All clusters")
    see(page, "4 steps of 1 step × 4 customers selected")
    page.get_by_role("button", name="Collapse cluster eu-2").click()
    expect(bulk(page)).to_have_count(0)


def test_a_selection_survives_patches_scrolling_and_other_folds(small: Serving, tab: Tabs) -> None:
    with small.open("ben") as wb:
        rows = rows_of(wb)
        page = matrix_at(tab(small))
        cell(page, 5, 0).click()
        cell(page, 7, 1).click(modifiers=["Shift"])
        see(page, "6 steps of 3 steps × 2 customers selected")
        wb.steps.mark_done(rows[4][0])
        expect(cell(page, 5, 0)).to_have_accessible_name(re.compile(": done"), timeout=WAIT)
        own = wb.steps.add_custom(
            1,
            wb.steps.get(rows[0][0]).customer_id,
            name="Extra",
            category="deploy",
            type="text",
            content="x",
            after_id=rows[0][0],
        )
    expect(page.get_by_role("rowheader", name=re.compile("Extra, text, custom"))).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Collapse cluster eu-2").click()
    see(page, "6 steps of 3 steps × 2 customers selected")
    assert len(selected(page)) == 6
    with small.open("ben") as wb:
        wb.steps.delete(own.id)
    expect(page.get_by_role("rowheader", name=re.compile("Extra"))).to_have_count(0, timeout=WAIT)
    see(page, "6 steps of 3 steps × 2 customers selected")


def test_a_verb_right_behind_an_arrow_always_hits_the_step_on_the_screen(tab: Tabs, tmp_path: Path) -> None:
    """Two hundred times, marked so that it stays under a minute: the walk is a snake over 20 steps and 10 customers."""
    (tmp_path / "data").mkdir()
    with open_workbook(str(tmp_path / "data" / "app.db"), operator="ana") as wb:
        rows = fill(wb, customers=12, steps=20)
    serving = _until_the_end(start_serving(tmp_path))
    server = next(serving)
    try:
        page = matrix_at(tab(server))
        walk = [(row, at) for at in range(2, 12) for row in (range(1, 21) if at % 2 == 0 else range(20, 0, -1))]
        cell(page, 1, 2).click()
        expect(page.get_by_role("region", name="Step", exact=True).get_by_role("heading", level=2)).to_have_text(
            "Step 1"
        )
        page.keyboard.press("b")
        expect(cell(page, 1, 2)).to_have_accessible_name(re.compile("in progress"), timeout=WAIT)
        begun = time.monotonic()
        for (row, at), (next_row, next_at) in pairwise(walk):
            key = "ArrowRight" if at != next_at else "ArrowDown" if next_row > row else "ArrowUp"
            page.keyboard.press(key)
            page.keyboard.press("b")
            done = re.compile("^Step .*: in progress")
            expect(page.get_by_role("gridcell", selected=True)).to_have_accessible_name(done, timeout=WAIT)
            assert time.monotonic() - begun < 240, f"slow: only at {row}, {at}"
        with server.open() as wb:
            started = [event.step_id for event in wb.history(release_id=1) if event.action == "step.start"]
        assert started == [rows[row - 1][at] for row, at in walk]
    finally:
        next(serving, None)
