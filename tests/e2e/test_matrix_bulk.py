"""Many steps at once: what would become of them, what was stored and refused, and how it is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch import Workbook, open_workbook
from relorch.errors import NotAllowed
from relorch.ui.widgets.bulk import MESSAGE, apply, previewed
from tests.e2e.conftest import Serving, Tab, _until_the_end, start_serving

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
CUSTOMERS = 62
WAIT = 20_000


def fill(wb: Workbook, customers: int = CUSTOMERS, steps: int = 12) -> list[list[int]]:
    """An active release; the ids of its steps, row by row. What step 4 needs, the second customer lacks."""
    clusters = [wb.clusters.create(name=f"eu-{number}", kubeconfig_path="~/.kube/eu").id for number in (1, 2)]
    ids = [
        wb.customers.create(
            cluster_id=clusters[at * 2 // customers],
            namespace=f"customer-{at:02}",
            name=f"Customer {at:02}",
            metadata={} if at == 1 else {"host": "db"},
        ).id
        for at in range(customers)
    ]
    release = wb.releases.create(name="2026.11", type="release", version_number="4.2.0")
    for number in range(1, steps + 1):
        content = "ping ${{ vars.host }}" if number == 4 else "kubectl -n ${{ namespace }} get pods"
        wb.templates.add(release.id, name=f"Step {number}", category="deploy", type="bash", content=content)
    wb.releases.activate(release.id, customer_ids=ids)
    matrix = wb.matrix(release.id)
    return [list(matrix.ids[at : at + customers]) for at in range(0, len(matrix.ids), customers)]


@pytest.fixture(scope="session")
def wide_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty-two customers, made once; copy it before use."""
    path = tmp_path_factory.mktemp("wide") / "app.db"
    with open_workbook(str(path), operator="ana") as wb:
        fill(wb)
    return path


@pytest.fixture
def wide(wide_database: Path, tmp_path: Path) -> Iterator[Serving]:
    """A server on a release of sixty-two customers."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "app.db").write_bytes(wide_database.read_bytes())  # nobody has that file open now
    yield from _until_the_end(start_serving(tmp_path))


def rows_of(wb: Workbook) -> list[list[int]]:
    matrix = wb.matrix(wb.releases.list()[0].id)
    width = len(matrix.customers)
    return [list(matrix.ids[at : at + width]) for at in range(0, len(matrix.ids), width)]


def statuses(wb: Workbook, ids: list[int]) -> list[str]:
    return [wb.steps.get(each).status.value for each in ids]


def matrix_at(window: Tab, query: str = "") -> Any:
    page = window.goto(f"/matrix{query}")
    expect(page.get_by_role("gridcell").first).to_be_visible(timeout=WAIT)
    return page


def row_head(page: Any, number: int) -> Any:
    return page.get_by_role("rowheader", name=re.compile(rf"^{number}\. Step {number},"))


def cell(page: Any, step: int, customer: int) -> Any:
    return page.get_by_role("gridcell", name=re.compile(f"^Step {step}, Customer {customer:02}: "))


def bulk(page: Any) -> Any:
    return page.get_by_role("region", name="Selected steps")


def press_in_bulk(page: Any, name: str | re.Pattern[str]) -> None:
    bulk(page).get_by_role("button", name=name).click(timeout=WAIT)


def see(page: Any, text: str) -> None:
    expect(bulk(page)).to_contain_text(text, timeout=WAIT)


def test_a_row_of_sixty_is_previewed_done_and_taken_back(wide: Serving, tab: Tabs) -> None:
    with wide.open("ben") as wb:
        row = rows_of(wb)[0]
        wb.steps.mark_done(row[:2])
    window = tab(wide)
    page = matrix_at(window)
    row_head(page, 1).click()
    see(page, "62 steps of 1 step × 62 customers selected")
    press_in_bulk(page, re.compile("^Mark done"))
    see(page, "60 will be marked done · 2 refused: already done by ben (2)")
    with wide.open() as wb:
        assert statuses(wb, row) == ["done"] * 2 + ["pending"] * 60
    bulk(page).get_by_label("Note").fill("night shift")
    press_in_bulk(page, "Mark 60 done")
    see(page, "Stored. 60 steps marked done · 2 refused: already done by ben (2)")
    expect(cell(page, 1, 3)).to_have_accessible_name(re.compile(": done"))
    with wide.open() as wb:
        assert statuses(wb, row) == ["done"] * 62
        batches = {event.batch_id for event in wb.history(step_id=row[5])}
        assert wb.steps.get(row[5]).notes == "night shift"
    assert len(batches) == 1
    press_in_bulk(page, "Undo")
    see(page, "Undone: 60 steps are as they were before.")
    expect(bulk(page).get_by_role("button", name="Undo")).to_have_count(0)
    expect(cell(page, 1, 3)).to_have_accessible_name(re.compile(": pending"))
    with wide.open() as wb:
        assert statuses(wb, row) == ["done"] * 2 + ["pending"] * 60
    assert (window.console, window.outside) == ([], [])


def test_an_undo_that_somebody_forestalled_says_so_and_takes_back_the_rest(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        row = rows_of(wb)[0]
    page = matrix_at(tab(wide))
    row_head(page, 1).click()
    page.keyboard.press("d")
    press_in_bulk(page, "Mark 62 done")
    see(page, "62 steps marked done")
    with wide.open("ben") as wb:
        wb.steps.fail(row[7], reason="it broke")
    press_in_bulk(page, "Undo")
    see(page, "Refused.")
    see(page, "somebody changed it after that")
    with wide.open() as wb:
        assert set(statuses(wb, row)) == {"done", "failed"}
    press_in_bulk(page, "Undo the untouched ones")
    see(page, "Undone: 61 steps are as they were before. 1 step was changed since and left alone.")
    with wide.open() as wb:
        assert statuses(wb, row) == ["pending"] * 7 + ["failed"] + ["pending"] * 54


def test_what_cannot_render_or_is_on_hold_is_refused_by_name(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        release = wb.releases.list()[0]
        wb.releases.hold(release.id, [wb.steps.get(rows_of(wb)[3][0]).customer_id], "freeze")
    page = matrix_at(tab(wide))
    row_head(page, 4).click()
    page.keyboard.press("d")
    see(page, "60 will be marked done · 2 refused:")
    see(page, "cannot render ${{ vars.host }} for customer-01 (1)")
    see(page, "is held in this release for customer-00 (1)")
    bulk(page).get_by_text("Show the 2 refused").click()
    listed = bulk(page).get_by_role("list", name="Refused steps")
    expect(listed.get_by_role("listitem")).to_have_count(2)
    expect(listed).to_contain_text("eu-1/customer-01")


def test_steps_of_somebody_else_are_left_out_unless_ticked(wide: Serving, tab: Tabs) -> None:
    with wide.open("ben") as wb:
        row = rows_of(wb)[0]
        wb.steps.start(row[:3])
    page = matrix_at(tab(wide))
    row_head(page, 1).click()
    page.keyboard.press("d")
    see(page, "59 will be marked done")
    see(page, "3 are in progress by ben")
    include = bulk(page).get_by_role("checkbox", name="include them")
    expect(include).not_to_be_checked()
    include.check()
    see(page, "62 will be marked done")
    include.uncheck()
    press_in_bulk(page, "Mark 59 done")
    see(page, "59 steps marked done")
    with wide.open() as wb:
        assert statuses(wb, row) == ["in_progress"] * 3 + ["done"] * 59


def test_a_reason_is_asked_for_and_a_double_click_stores_once(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        row = rows_of(wb)[0]
    page = matrix_at(tab(wide))
    row_head(page, 1).click()
    page.keyboard.press("f")
    reason = bulk(page).get_by_label("Reason")
    expect(reason).to_be_focused()
    see(page, "62 will be recorded as failed")
    press_in_bulk(page, "Mark 62 failed")
    see(page, "Say why")
    reason.fill("registry down <b>")
    bulk(page).get_by_role("button", name="Mark 62 failed").dblclick()
    see(page, "62 steps recorded as failed")
    with wide.open() as wb:
        events = wb.history(step_id=row[9])
        assert [(event.action, event.note) for event in events] == [("step.fail", "registry down <b>")]


def test_verb_keys_with_a_selection_ask_first_and_escape_leaves_all_as_it_was(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        rows = rows_of(wb)
        before = wb.revision()
    page = matrix_at(tab(wide))
    cell(page, 1, 0).click()
    page.keyboard.press("Shift+ArrowRight")
    for key in "dsfrob":
        page.keyboard.press(key)
        asks = bulk(page).get_by_role("group", name=re.compile("the selected steps"))
        expect(asks).to_be_visible()
        page.keyboard.press("Escape")
        expect(asks).to_have_count(0)
        expect(page.get_by_role("gridcell", selected=True)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(bulk(page)).to_have_count(0)
    with wide.open() as wb:
        assert statuses(wb, rows[0][:2]) == ["pending", "pending"]
        assert wb.revision() == before


def test_two_browsers_on_one_matrix(wide: Serving, tab: Tabs) -> None:
    mine, other = matrix_at(tab(wide)), matrix_at(tab(wide))
    row_head(mine, 9).click()
    mine.keyboard.press("s")
    field = bulk(mine).get_by_label("Reason")
    field.fill("not needed by th")
    see(mine, "62 will be skipped")
    mine.locator("[data-relorch-scroll]").evaluate("node => { node.scrollLeft = 400 }")

    cell(other, 9, 2).click()
    other.keyboard.press("d")
    expect(cell(other, 9, 2)).to_have_accessible_name(re.compile(": done"), timeout=WAIT)
    see(mine, "61 will be skipped · 1 refused: not possible while done for customer-02 (1)")
    expect(bulk(mine)).to_contain_text("62 steps of 1 step × 62 customers selected")
    expect(field).to_have_value("not needed by th")
    expect(field).to_be_focused()
    assert mine.locator("[data-relorch-scroll]").evaluate("node => node.scrollLeft") == 400
    field.press_sequentially("em")
    mine.wait_for_timeout(600)
    field.press("Enter")
    see(mine, "61 steps skipped")
    expect(cell(other, 9, 5)).to_have_accessible_name(re.compile(": skipped"), timeout=4000)
    with wide.open() as wb:
        assert wb.steps.get(rows_of(wb)[8][5]).skip_reason == "not needed by them"


def test_a_database_that_is_locked_says_not_saved_and_shows_no_tick(wide: Serving, tab: Tabs) -> None:
    import sqlite3

    with wide.open() as wb:
        row = rows_of(wb)[0]
    page = matrix_at(tab(wide))
    row_head(page, 1).click()
    page.keyboard.press("d")
    see(page, "62 will be marked done")
    other = sqlite3.connect(wide.database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        press_in_bulk(page, "Mark 62 done")
        see(page, "Not saved.")
        expect(cell(page, 1, 3)).to_have_accessible_name(re.compile(": pending"))
    finally:
        other.rollback()
        other.close()
    press_in_bulk(page, "Mark 62 done")
    see(page, "62 steps marked done")
    with wide.open() as wb:
        assert statuses(wb, row) == ["done"] * 62
        assert len(wb.history(step_id=row[0])) == 1


def test_keyboard_only_from_opening_the_matrix_to_ten_steps_done(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        column = [row[0] for row in rows_of(wb)]
    page = matrix_at(tab(wide))
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.get_by_role("gridcell").and_(page.locator(":focus")).count():
            break
    page.keyboard.press("Control+Home")
    for number in range(1, 11):
        expect(cell(page, number, 0)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("d")
        expect(cell(page, number, 0)).to_have_accessible_name(re.compile(": done"), timeout=WAIT)
        page.keyboard.press("ArrowDown")
    with wide.open() as wb:
        assert statuses(wb, column) == ["done"] * 10 + ["pending"] * 2


def test_keyboard_only_ten_steps_at_once(wide: Serving, tab: Tabs) -> None:
    with wide.open() as wb:
        column = [row[2] for row in rows_of(wb)]
    page = matrix_at(tab(wide), "?release=1")
    cell(page, 1, 2).focus()
    for _ in range(9):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("gridcell", selected=True)).to_have_count(10)
    page.keyboard.press("d")
    expect(bulk(page).get_by_role("button", name="Mark 10 done")).to_be_focused()
    see(page, "10 will be marked done")
    page.keyboard.press("Enter")
    see(page, "10 steps marked done")
    expect(page.get_by_role("gridcell").and_(page.locator(":focus"))).to_have_count(1)
    with wide.open() as wb:
        assert statuses(wb, column) == ["done"] * 10 + ["pending"] * 2


def test_more_than_can_be_changed_at_once_is_said_and_never_asked(tab: Tabs, tmp_path: Path) -> None:
    (tmp_path / "many" / "data").mkdir(parents=True)
    with open_workbook(str(tmp_path / "many" / "data" / "app.db"), operator="ana") as wb:
        rows = fill(wb, customers=56, steps=90)
        ids = [each for row in rows for each in row]
        selected = {"request": 1, "verb": "mark_done", "ids": ids, "versions": [1] * len(ids)}
        messages = (
            ({"type": "preview", "include": True}, previewed),
            ({"type": "do", "reason": None, "note": None}, apply),
        )
        for message, act in messages:
            with pytest.raises(NotAllowed, match="Select at most 5,000 steps at once; 5,040 are selected"):
                act(wb, MESSAGE.validate_python(selected | message))  # type: ignore[operator]
    server = start_serving(tmp_path / "many")
    window = tab(server)
    page = matrix_at(window)
    cell(page, 1, 0).click()
    page.keyboard.press("Control+a")
    see(page, "5,040 steps")
    page.keyboard.press("d")
    see(page, "Select at most 5,000 steps at once; 5,040 are selected.")
    page.keyboard.press("Enter")
    form = page.get_by_role("group", name="Mark the selected steps done")
    expect(form.get_by_role("button", name="Mark done")).to_have_attribute("aria-disabled", "true")
    bulk(page).get_by_label("Note").press("Enter")
    page.wait_for_timeout(1_000)
    see(page, "Select at most 5,000 steps at once; 5,040 are selected.")
    with server.open() as wb:
        assert wb.steps.get(ids[0]).status == "pending"
    row_head(page, 1).click()
    see(page, "56 will be marked done")
    assert (window.console, window.outside) == ([], [])
    server.process.terminate()
    server.process.wait(15)


def test_what_is_typed_for_one_verb_is_not_said_with_another(wide: Serving, tab: Tabs) -> None:
    page = matrix_at(tab(wide))
    row_head(page, 1).click()
    page.keyboard.press("s")
    reason, note = bulk(page).get_by_label("Reason"), bulk(page).get_by_label("Note")
    see(page, "62 will be skipped")
    reason.fill("not needed here")
    reason.press("Escape")
    page.keyboard.press("d")
    see(page, "62 will be marked done")
    expect(note).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(reason).to_have_value("not needed here")
