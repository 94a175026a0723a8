"""The matrix in a browser, used as a person does: by role and label."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.model.values import CustomerStep
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]


def active_release(wb: Workbook) -> int:
    return next(release.id for release in wb.releases.list() if release.status == "active")


def find_step(wb: Workbook, *, status: str, renders: bool) -> tuple[CustomerStep, str]:
    """A step of the active release in this status, with its customer's name."""
    release_id = active_release(wb)
    for customer in wb.matrix(release_id).customers:
        for step in wb.steps.list(release_id, customer.id):
            if step.status == status and bool(wb.steps.render(step.id).problems) != renders:
                return step, customer.name
    raise AssertionError(f"the sample has no {status} step that {'renders' if renders else 'cannot render'}")


def cell(page: Any, step: CustomerStep, customer: str) -> Any:
    name = re.compile(f"^{re.escape(f'{step.name}, {customer}: ')}")
    return page.get_by_role("grid").get_by_role("gridcell", name=name)


def opened(tab: Tab, step: CustomerStep) -> Any:
    """The matrix with this step selected by its address, and its panel filled."""
    page = tab.goto(f"/matrix?release={step.release_id}&step={step.id}")
    panel = page.get_by_role("region", name="Step", exact=True)
    expect(panel.get_by_role("button", name=re.compile("^Copy"))).to_be_visible(timeout=20_000)
    return page


def panel_of(page: Any) -> Any:
    return page.get_by_role("region", name="Step", exact=True)


def test_a_pending_cell_is_clicked_marked_done_with_a_note_and_found_done_after_a_reload(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=True)
        text = wb.steps.render(step.id).text
    window = tab(serving)
    page = window.goto(f"/matrix?release={step.release_id}")
    cell(page, step, customer).click(timeout=20_000)
    panel = panel_of(page)
    expect(panel.get_by_role("heading", name=step.name)).to_be_visible()
    panel.get_by_label("Note").fill("took 6 min, two pods restarted")
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile("done"))
    expect(panel.get_by_text("Stored", exact=False).first).to_be_visible()

    page.reload()
    cell(page, step, customer).click(timeout=20_000)
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile("done.*noted"))
    history = panel.get_by_role("region", name="History")
    expect(history).to_contain_text("ana")
    expect(history).to_contain_text("marked it done")
    expect(history).to_contain_text("took 6 min, two pods restarted")
    expect(history).to_contain_text("UTC")
    with serving.open() as wb:
        done = wb.steps.get(step.id)
        assert (done.status, done.executed_by, done.notes) == ("done", "ana", "took 6 min, two pods restarted")
        assert done.executed_content == text
    assert (window.console, window.outside) == ([], [])


def test_a_step_whose_placeholder_has_no_value_says_which_one_and_cannot_be_marked_done(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=False)
        problem = wb.steps.render(step.id).problems[0]
    page = opened(tab(serving), step)
    panel = panel_of(page)
    expect(panel).to_contain_text("This step cannot render")
    expect(panel).to_contain_text(problem.placeholder)
    expect(panel).to_contain_text("backup_bucket")
    expect(panel.get_by_role("button", name=re.compile("^Mark done"))).to_be_disabled()
    expect(panel.get_by_role("button", name=re.compile("^Copy"))).to_be_disabled()
    cell(page, step, customer).click()
    page.keyboard.press("d")
    page.wait_for_timeout(500)
    with serving.open() as wb:
        assert wb.steps.get(step.id).status == "pending"


def test_the_d_key_marks_the_selected_step_and_arrows_move_on(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=True)
    page = opened(tab(serving), step)
    cell(page, step, customer).click()
    page.keyboard.press("d")
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile("done"))
    page.keyboard.press("ArrowDown")
    heading = panel_of(page).get_by_role("heading", level=2)
    expect(heading).not_to_have_text(step.name)


def test_a_press_right_behind_an_arrow_hits_the_step_it_was_meant_for(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=True)
        release_id, customer_id = step.release_id, step.customer_id
        below = [each for each in wb.steps.list(release_id, customer_id) if each.status == "pending"]
        below = [each for each in below if not wb.steps.render(each.id).problems][:4]
    page = opened(tab(serving), step)
    cell(page, step, customer).click()
    for each in below[1:]:
        while page.get_by_role("gridcell", selected=True).get_attribute("aria-label").split(",")[0] != each.name:
            page.keyboard.press("ArrowDown")
        page.keyboard.press("d")
        expect(cell(page, each, customer)).to_have_accessible_name(re.compile("done"))
    with serving.open() as wb:
        assert [wb.steps.get(each.id).status for each in below] == ["pending", "done", "done", "done"]


def test_a_refused_verb_says_why_and_keeps_what_was_typed(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        step, _ = find_step(wb, status="pending", renders=True)
        page = opened(tab(serving), step)
        panel = panel_of(page)
        panel.get_by_label("Note").fill("my long note")
        wb.steps.mark_done(step.id, notes="ben was quicker")
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    expect(panel.get_by_role("alert").filter(has_text="already done by ben")).to_be_visible()
    expect(panel.get_by_label("Note")).to_have_value("my long note")
    expect(panel).to_contain_text("ben was quicker")


def test_a_skip_needs_a_reason_and_shows_it(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = active_release(wb)
        optional = {template.id for template in wb.templates.list(release_id) if not template.required}
        step, customer = next(
            (step, customer.name)
            for customer in wb.matrix(release_id).customers
            for step in wb.steps.list(release_id, customer.id)
            if step.status == "pending" and step.template_id in optional
        )
    page = opened(tab(serving), step)
    panel = panel_of(page)
    panel.get_by_role("button", name=re.compile("^Skip")).first.click()
    panel.get_by_role("button", name="Skip this step").click()
    expect(panel).to_contain_text("Say why")
    panel.get_by_label("Reason").fill("customer is on holiday")
    panel.get_by_role("button", name="Skip this step").click()
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile("skipped"))
    expect(panel).to_contain_text("customer is on holiday")


def test_what_is_copied_is_exactly_the_rendering(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, _ = find_step(wb, status="pending", renders=True)
        text = wb.steps.render(step.id).text
    page = opened(tab(serving), step)
    panel_of(page).get_by_role("button", name=re.compile("^Copy")).click()
    expect(panel_of(page)).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_hostile_names_and_texts_show_literally(serving: Serving, tab: Tabs) -> None:
    hostile = "</script><img src=x onerror=window.__pwn=1> ``` <b>bold</b> {{7*7}}"
    with serving.open() as wb:
        cluster = wb.clusters.list()[0]
        customer = wb.customers.create(cluster_id=cluster.id, namespace="hostile", name=hostile)
        release = wb.releases.create(name=f"R {hostile}", type="hotfix", version_number=hostile[:60])
        content = f"{hostile}\n```\n# \u202eright to left\u202c ${{{{ customer.name }}}}"
        wb.templates.add(release.id, name=hostile, category="deploy", type="text", content=content)
        wb.releases.activate(release.id, customer_ids=[customer.id])
        step = wb.steps.list(release.id, customer.id)[0]
        wb.steps.fail(step.id, reason=hostile)
        text = wb.steps.render(step.id).text
    window = tab(serving)
    page = opened(window, step)
    panel = panel_of(page)
    expect(panel).to_contain_text("<img src=x onerror=window.__pwn=1>")
    expect(panel.get_by_role("img", name=re.compile("RIGHT-TO-LEFT OVERRIDE"))).to_be_visible()
    panel.get_by_role("button", name=re.compile("^Copy")).click()
    expect(panel).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
    window.goto("/dashboard")
    expect(page.get_by_role("article").filter(has_text="onerror").first).to_be_visible(timeout=20_000)
    assert page.evaluate("window.__pwn") is None
    assert (window.console, window.outside) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_without_a_complaint(serving: Serving, tab: Tabs, scheme: str) -> None:
    window = tab(serving, color_scheme=scheme)
    page = window.page
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible(timeout=20_000)
    assert page.url == f"{serving.origin}/dashboard"
    with serving.open() as wb:
        release_id = active_release(wb)
    window.goto(f"/matrix?release={release_id}")
    expect(page.get_by_role("grid")).to_be_visible(timeout=20_000)
    assert page.url.startswith(f"{serving.origin}/matrix?release={release_id}")
    assert (window.console, window.outside) == ([], [])


def test_an_empty_workbook_guides_to_the_first_release(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    expect(window.page.get_by_role("heading", name=re.compile("Three steps to the first release"))).to_be_visible(
        timeout=20_000
    )
    page = window.goto("/matrix")
    expect(page.get_by_text("There is no release yet.")).to_be_visible(timeout=20_000)
    assert (serving_empty.folder / "data" / "app.db").is_file()
    assert (window.console, window.outside) == ([], [])


def test_a_link_to_nothing_says_so(serving: Serving, tab: Tabs) -> None:
    page = tab(serving).goto("/matrix?release=999999")
    expect(page.get_by_text("There is no such release")).to_be_visible(timeout=20_000)


def test_a_page_alone_says_that_it_is_not_guarded(sample_database: Path, tmp_path: Path, chromium: Any) -> None:
    import os
    import shutil
    import socket
    import subprocess
    import sys

    database = tmp_path / "alone.db"
    shutil.copy(sample_database, database)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    notebook = Path(__file__).parents[2] / "notebooks" / "matrix.py"
    command = [sys.executable, "-m", "marimo", "run", str(notebook), "--headless", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--", "--db", str(database)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    page = chromium.new_page()
    try:
        for _ in range(60):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            page.wait_for_timeout(250)
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.get_by_role("grid")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Not guarded")).to_be_visible()
        expect(page.get_by_role("link", name="Dashboard")).to_have_count(0)
    finally:
        page.close()
        process.terminate()
        process.wait(15)


NAMES = {"long": "Backfill the due date", "hebrew": "מיגרציה של מסד הנתונים ואימות הסכמה לפני שמשחררים"}
CUT = """name => {
  const letters = document.createRange();
  letters.setStart(name.firstChild, 0);
  letters.setEnd(name.firstChild, 1);
  const [first, room] = [letters, name].map((each) => each.getBoundingClientRect());
  return { first: first.left >= room.left - 1 && first.right <= room.right + 1, whole: name.scrollWidth <= name.clientWidth };
}"""


def test_a_small_window_shows_the_names_of_the_steps_from_their_beginning(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        cluster = wb.clusters.create(name="eu-1")
        customer = wb.customers.create(cluster_id=cluster.id, namespace="a", name="A")
        release = wb.releases.create(name="2026.11", type="release", version_number="4.2.0")
        for name in NAMES.values():
            wb.templates.add(release.id, name=name, category="deploy", type="bash", content="x")
        wb.releases.activate(release.id, customer_ids=[customer.id])
    window = tab(serving_empty)
    window.blank.set_viewport_size({"width": 900, "height": 800})
    page = window.goto("/matrix")
    names = {key: page.get_by_role("grid").get_by_text(name) for key, name in NAMES.items()}
    expect(names["long"]).to_be_visible(timeout=20_000)
    assert names["long"].evaluate(CUT) == {"first": True, "whole": True}
    assert names["hebrew"].evaluate(CUT) == {"first": True, "whole": False}
    expect(page.get_by_role("rowheader", name=NAMES["hebrew"])).to_have_attribute("title", re.compile(NAMES["hebrew"]))
    matrix = page.get_by_role("region", name="Matrix")
    expect(matrix.get_by_text("2026.11")).to_be_hidden()
    hint = matrix.get_by_text("Click a cell; ? shows the keys")
    assert hint.evaluate("hint => hint.scrollWidth <= hint.clientWidth")


def test_the_matrix_ends_with_a_tall_window(sample: Serving, tab: Tabs) -> None:
    window = tab(sample)
    window.blank.set_viewport_size({"width": 2560, "height": 1300})
    page = window.goto("/matrix")
    expect(page.get_by_role("gridcell").first).to_be_visible(timeout=20_000)
    box = page.get_by_role("region", name="Matrix").bounding_box()
    assert 1300 - 40 < box["y"] + box["height"] <= 1300


def test_a_link_to_a_step_that_is_not_there_says_so(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = active_release(wb)
    for step in ("999999", "abc"):
        page = tab(serving).goto(f"/matrix?release={release_id}&step={step}")
        expect(page.get_by_text("The step that was asked for is not in this release")).to_be_visible(timeout=20_000)


def test_an_empty_matrix_leads_to_the_releases(serving_empty: Serving, tab: Tabs) -> None:
    page = tab(serving_empty).goto("/matrix")
    page.get_by_role("link", name="Go to the releases").click(timeout=20_000)
    expect(page.get_by_role("heading", name="Releases", level=1)).to_be_visible(timeout=20_000)
