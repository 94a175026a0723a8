"""Writing in the step panel: overrides, custom steps, undo, and what happens when somebody or something is in the way."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as BrowserTimeout
from playwright.sync_api import expect

from relorch.model.values import CustomerStep
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab, start_serving
from tests.e2e.test_matrix_page import active_release, cell, find_step, opened, panel_of

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
SLOW = 20_000
SOON = 4_000
"""Two seconds is what is promised; a busy machine gets twice that."""


@pytest.fixture(scope="module")
def desk(sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all tests that leave each other's steps alone."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "data").mkdir()
    shutil.copy(sample_database, folder / "data" / "sample.db")  # nobody has that file open now
    server = start_serving(folder, "--sample")
    yield server
    server.process.terminate()
    server.process.wait(15)


@pytest.fixture(scope="module")
def fresh(desk: Serving) -> Callable[[], tuple[CustomerStep, str]]:
    """Give a step that no other test has: pending, not overridden, of a template, and it renders."""
    given: set[int] = set()

    def fresh() -> tuple[CustomerStep, str]:
        with desk.open() as wb:
            for step, customer in usable(wb):
                if step.customer_id not in given:
                    given.add(step.customer_id)
                    return step, customer
        raise AssertionError("the sample has no step left")

    return fresh


def usable(wb: Workbook) -> Iterator[tuple[CustomerStep, str]]:
    release_id = active_release(wb)
    for customer in wb.matrix(release_id).customers:
        for step in wb.steps.list(release_id, customer.id) if customer.state == "active" else ():
            own = step.is_custom or step.is_overridden
            if step.status == "pending" and step.type == "bash" and not own and not wb.steps.render(step.id).problems:
                yield step, customer.name
                break


def stored(panel: Any) -> Any:
    return panel.get_by_role("status").filter(has_text="Stored")


def editor(page: Any, name: str) -> Any:
    return panel_of(page).get_by_role("region", name=name)


def test_an_override_is_written_with_its_difference_and_preview_and_reset_again(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, customer = fresh()
    window = tab(desk)
    page = opened(window, step)
    panel = panel_of(page)
    panel.get_by_role("button", name="Override for this customer").click()
    writing = editor(page, "Override for this customer")
    content = writing.get_by_label("Content")
    expect(content).to_be_focused()
    expect(content).to_have_value(step.content)
    content.press("Control+Home")
    content.type("echo ${{ namespace }}\t# once\n")
    difference = writing.get_by_role("group", name="Changes, line by line")
    expect(difference).to_contain_text("+ echo ${{ namespace }}", timeout=SLOW)
    with desk.open() as wb:
        namespace = wb.customers.get(step.customer_id).namespace
    expect(writing.get_by_role("group", name="Preview of what you are writing")).to_contain_text(f"echo {namespace}")
    content.press("Control+Enter")
    expect(stored(panel)).to_contain_text("text of its own", timeout=SLOW)
    expect(panel).to_contain_text("overridden for this customer")
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile("overridden"))
    with desk.open() as wb:
        assert wb.steps.get(step.id).content == f"echo ${{{{ namespace }}}}\t# once\n{step.content}"

    panel.get_by_text("Differs from the template's text").click()
    expect(panel.get_by_role("group", name="Changes, line by line")).to_contain_text("+ echo ${{ namespace }}")
    panel.get_by_role("button", name="Reset to the template").click()
    page.wait_for_timeout(400)
    panel.get_by_role("button", name="Give up this customer's own text?").click()
    expect(stored(panel)).to_contain_text("The template's text again", timeout=SLOW)
    panel.get_by_role("button", name="Undo").click()
    expect(stored(panel)).to_contain_text("Undone", timeout=SLOW)
    expect(panel.get_by_role("button", name="Undo")).to_have_count(0)
    with desk.open() as wb:
        assert wb.steps.get(step.id).is_overridden
    assert (window.console, window.outside) == ([], [])


def test_escape_lets_tab_leave_the_field_and_cancel_asks_once_when_something_was_typed(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    cell_or_panel = panel.get_by_role("button", name="Override for this customer")
    cell_or_panel.click()
    content = editor(page, "Override for this customer").get_by_label("Content")
    content.press("Tab")
    expect(content).to_have_value(f"\t{step.content}")
    content.press("Escape")
    content.press("Tab")
    expect(content).not_to_be_focused()
    panel.get_by_role("button", name="Cancel").click()
    expect(content).to_have_value(f"\t{step.content}")
    page.wait_for_timeout(400)
    panel.get_by_role("button", name="Give up what you typed?").click()
    expect(content).to_be_hidden()
    with desk.open() as wb:
        assert wb.steps.get(step.id).content == step.content


def test_escape_closes_what_nothing_was_typed_in_so_that_the_keys_are_for_the_step_again(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, customer = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    here = cell(page, step, customer)
    here.click()
    page.keyboard.press("e")
    expect(editor(page, "Override for this customer").get_by_label("Content")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(here).to_be_focused()
    expect(panel.get_by_role("button", name="Cancel")).to_be_hidden()
    page.keyboard.press("a")
    adding = editor(page, "Add a custom step")
    share = adding.get_by_role("checkbox")
    share.check()
    share.press("d")
    expect(panel.get_by_role("status").filter(has_text="save it or cancel first")).to_be_visible()
    adding.get_by_label("Name").fill("Kept")
    page.keyboard.press("Escape")
    expect(here).to_be_focused()
    expect(adding.get_by_label("Name")).to_have_value("Kept")
    adding.get_by_label("Name").fill("")
    page.keyboard.press("Escape")
    expect(here).to_be_focused()
    expect(adding).to_be_hidden()
    page.keyboard.press("d")
    expect(here).to_have_accessible_name(re.compile("done"))


def test_what_is_being_written_survives_other_steps_ticks_and_a_conflict_that_shows_what_is_there(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, customer = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_role("button", name="Override for this customer").click()
    writing = editor(page, "Override for this customer")
    content = writing.get_by_label("Content")
    content.fill("echo mine")
    with desk.open("ben") as wb:
        others = [each for each in wb.steps.list(step.release_id, step.customer_id) if each.id != step.id]
        below = next(each for each in others if each.status == "pending" and each.order_index == step.order_index + 1)
        wb.steps.start(below.id)
    expect(cell(page, below, customer)).to_have_accessible_name(re.compile("somebody else"), timeout=SLOW)
    expect(content).to_have_value("echo mine")
    cell(page, below, customer).click()
    expect(panel.get_by_role("heading", name=below.name)).to_be_visible(timeout=SLOW)
    cell(page, step, customer).click()
    expect(content).to_have_value("echo mine", timeout=SLOW)

    with desk.open("ben") as wb:
        wb.steps.override(step.id, "echo bens")
    changed = writing.get_by_role("alert").filter(has_text="ben overrode the text")
    expect(changed).to_be_visible(timeout=SLOW)
    expect(writing.get_by_role("group", name="There now")).to_contain_text("echo bens")
    expect(content).to_have_value("echo mine")
    save = panel.get_by_role("button", name="Save for this customer")
    expect(save).to_be_disabled()
    writing.get_by_role("button", name="Go on with mine").click()
    save.click()
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    with desk.open() as wb:
        assert wb.steps.get(step.id).content == "echo mine"


def test_what_cannot_be_stored_is_refused_beside_the_editor_and_stays_typed(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_role("button", name="Override for this customer").click()
    content = editor(page, "Override for this customer").get_by_label("Content")
    content.fill("x" * (64 * 1024 + 1))
    panel.get_by_role("button", name="Save for this customer").click()
    expect(panel.get_by_role("alert").filter(has_text="Refused.")).to_contain_text("65,536", timeout=SLOW)
    assert len(content.input_value()) == 64 * 1024 + 1
    content.fill("")
    panel.get_by_role("button", name="Save for this customer").click()
    expect(panel.get_by_role("alert").filter(has_text="Write what is to be done")).to_be_visible()


def test_a_custom_step_is_added_for_one_customer_edited_deleted_and_brought_back(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    window = tab(desk)
    page = opened(window, step)
    panel = panel_of(page)
    with desk.open() as wb:
        members = sum(member.state != "removed" for member in wb.releases.members(step.release_id))
    panel.get_by_role("button", name=re.compile("^Copy")).focus()
    page.keyboard.press("a")
    adding = editor(page, "Add a custom step")
    expect(adding.get_by_label("Name")).to_be_focused(timeout=SLOW)
    adding.get_by_label("Name").fill("Check the queue")
    adding.get_by_label("Content").fill("echo queue of ${{ namespace }}")
    everybody = adding.get_by_role("checkbox", name=re.compile("Add to the template"))
    expect(everybody).not_to_be_checked()
    expect(adding).to_contain_text(f"all {members} customers of this release", timeout=SLOW)
    expect(adding.get_by_label("Position")).to_have_value("after")
    panel.get_by_role("button", name="Add the step").click()
    expect(stored(panel)).to_contain_text("added for this customer", timeout=SLOW)
    with desk.open() as wb:
        of_customer = [(each.name, each.is_custom) for each in wb.steps.list(step.release_id, step.customer_id)]
        place = [name for name, _ in of_customer].index(step.name)
        assert of_customer[place + 1] == ("Check the queue", True)
        mine = next(e for e in wb.steps.list(step.release_id, step.customer_id) if e.name == "Check the queue")
    panel.get_by_role("button", name="Show it").click()
    expect(panel.get_by_role("heading", name="Check the queue")).to_be_visible(timeout=SLOW)

    panel.get_by_role("button", name=re.compile("^Edit")).click()
    edit = editor(page, "Edit the custom step")
    edit.get_by_label("Name").fill("Check the queues")
    edit.get_by_label("Content").press("Control+Enter")
    expect(panel.get_by_role("heading", name="Check the queues")).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="Delete").click()
    page.wait_for_timeout(400)
    panel.get_by_role("button", name="Delete this step?").click()
    expect(panel.get_by_role("status").filter(has_text="was deleted")).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="Undo").click()
    expect(panel.get_by_role("status").filter(has_text="Undone")).to_be_visible(timeout=SLOW)
    with desk.open() as wb:
        assert wb.steps.get(mine.id).name == "Check the queues"
    assert (window.console, window.outside) == ([], [])


def test_a_step_for_every_customer_is_only_made_when_ticked_and_can_be_taken_back(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_role("button", name=re.compile("^Add a custom step")).click()
    adding = editor(page, "Add a custom step")
    adding.get_by_label("Name").fill("For all of them")
    adding.get_by_label("Content").fill("echo ${{ vars.no_such_key }}")
    adding.get_by_role("checkbox", name=re.compile("Add to the template")).check()
    expect(adding).to_contain_text("it cannot render", timeout=SLOW)
    adding.get_by_label("Content").fill("echo all")
    panel.get_by_role("button", name="Add it for every customer").click()
    expect(stored(panel)).to_contain_text("every customer", timeout=SLOW)
    with desk.open() as wb:
        assert "For all of them" in [template.name for template in wb.templates.list(step.release_id)]
    panel.get_by_role("button", name="Undo").click()
    expect(stored(panel)).to_contain_text("Undone", timeout=SLOW)
    with desk.open() as wb:
        assert "For all of them" not in [template.name for template in wb.templates.list(step.release_id)]


def test_a_tick_can_be_taken_back_at_once_and_not_when_somebody_touched_it_since(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_label("Note").fill("first try")
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    panel.get_by_role("button", name="Undo").click(timeout=SLOW)
    expect(stored(panel)).to_contain_text("Undone", timeout=SLOW)
    with desk.open("ben") as wb:
        assert wb.steps.get(step.id).status == "pending"
        panel.get_by_role("button", name=re.compile("^Mark done")).click()
        expect(panel.get_by_role("button", name="Undo")).to_be_visible(timeout=SLOW)
        wb.steps.fail(step.id, reason="ben looked closer")
        with suppress(BrowserTimeout):  # the page may have heard of ben first: then it offers no undo any more
            panel.get_by_role("button", name="Undo").click(timeout=1_000)
        refused = panel.get_by_role("alert").filter(has_text="cannot be put back")
        expect(refused.or_(panel.get_by_text("ben marked it failed").first).first).to_be_visible(timeout=SLOW)
        assert wb.steps.get(step.id).status == "failed"
    expect(panel.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_note_that_was_typed_already_becomes_the_reason_in_sight_and_goes_back_on_cancel(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_label("Note").fill("pod did not start\nsee the log")
    panel.get_by_role("button", name=re.compile("^Fail")).click()
    reason = panel.get_by_label("Reason")
    expect(reason).to_have_value("pod did not start\nsee the log")
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_label("Note")).to_have_value("pod did not start\nsee the log")
    panel.get_by_role("button", name=re.compile("^Fail")).click()
    reason.press("Enter")
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    expect(panel.get_by_label("Note")).to_have_value("")
    with desk.open() as wb:
        assert wb.steps.get(step.id).notes == "pod did not start\nsee the log"


def test_a_failed_step_whose_template_moved_on_is_reopened_with_the_text_of_today(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    with desk.open("ben") as wb:
        wb.steps.fail(step.id, reason="broken text")
        wb.templates.update(step.template_id, content=f"{step.content}\n# mended")
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_text("The template's text now, and this one").click()
    expect(panel.get_by_role("group", name="Changes, line by line")).to_contain_text("- # mended")
    panel.get_by_role("button", name="Reopen with the current template text").click()
    panel.get_by_role("group", name="Reopen with the current template text").get_by_role(
        "button", name=re.compile("^Reopen with")
    ).click()
    expect(stored(panel)).to_contain_text("Reopened", timeout=SLOW)
    with desk.open() as wb:
        now = wb.steps.get(step.id)
        assert (now.status, now.content) == ("pending", f"{step.content}\n# mended")


def test_somebody_elses_step_is_only_finished_after_a_question(desk: Serving, tab: Tabs, fresh: Any) -> None:
    step, _ = fresh()
    with desk.open("ben") as wb:
        wb.steps.start(step.id)
    page = opened(tab(desk), step)
    panel = panel_of(page)
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    finish = panel.get_by_role("button", name="Finish ben's step?")
    expect(finish).to_be_visible()
    with desk.open() as wb:
        assert wb.steps.get(step.id).status == "in_progress"
    page.wait_for_timeout(400)
    finish.click()
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    with desk.open() as wb:
        assert (wb.steps.get(step.id).status, wb.steps.get(step.id).executed_by) == ("done", "ana")


HOSTILE = "\n".join(
    [
        "</script><img src=x onerror=window.__pwn=1><b>bold</b>",
        "```",
        "# \u202eright to left\u202c and a zero\u200bwidth",
        "x" * 2_000,
        '<svg onload="window.__pwn=1">{{7*7}} &amp; `id`',
    ]
)


def at(window: Tab, page_name: str, step: CustomerStep) -> Any:
    """The matrix or the checklist with this step open."""
    page = window.goto(f"/{page_name}?release={step.release_id}&customer={step.customer_id}&step={step.id}")
    expect(panel_of(page).get_by_role("button", name=re.compile("^Copy"))).to_be_visible(timeout=SLOW)
    return page


@pytest.mark.parametrize("page_name", ["matrix", "checklist"])
def test_what_surrounds_the_open_step_is_followed_and_what_is_typed_stays(
    serving: Serving, tab: Tabs, page_name: str
) -> None:
    with serving.open() as wb:
        step, _ = next(usable(wb))
        cluster_id = wb.customers.get(step.customer_id).cluster_id
        cluster = wb.clusters.get(cluster_id).name
    window = tab(serving)
    page = at(window, page_name, step)
    panel = panel_of(page)
    done = panel.get_by_role("button", name=re.compile("^Mark done"))
    note = panel.get_by_label("Note")
    note.fill("before anything")
    with serving.open("ben") as wb:
        ids = [step.customer_id]
        wb.releases.hold(step.release_id, ids, reason="asked for")
        expect(panel).to_contain_text("customer held: do not run", timeout=SOON)
        expect(done).to_have_attribute("aria-disabled", "true")
        expect(panel.get_by_role("button", name="Override for this customer")).to_have_count(0)
        wb.releases.resume(step.release_id, ids)
        expect(done).to_have_attribute("aria-disabled", "false", timeout=SOON)
        expect(panel).not_to_contain_text("customer held: do not run")
        wb.releases.archive(step.release_id)
        expect(panel).to_contain_text("archived: read-only", timeout=SOON)
        expect(done).to_be_hidden()
        wb.releases.reopen(step.release_id)
        expect(done).to_be_visible(timeout=SOON)
        wb.steps.override(step.id, "echo own")
        expect(panel).to_contain_text("overridden for this customer", timeout=SOON)
        template = wb.templates.get(step.template_id or 0)
        wb.templates.update(template.id, content=f"{template.content}\n# more")
        expect(panel).to_contain_text("template moved on to", timeout=SOON)
        wb.customers.update(step.customer_id, name="Renamed <b>", confirm=True)
        expect(panel).to_contain_text("Renamed <b>", timeout=SOON)
        wb.clusters.update(cluster_id, name=f"{cluster}-b", confirm=True)
        expect(panel).to_contain_text(f"{cluster}-b", timeout=SOON)
        expect(note).to_have_value("before anything")
        wb.releases.remove(step.release_id, ids, reason="left us")
        expect(done).to_be_hidden(timeout=SOON)
    assert (window.console, window.outside) == ([], [])


@pytest.mark.parametrize("page_name", ["matrix", "checklist"])
def test_what_was_typed_for_a_step_that_somebody_deletes_is_given_back(
    serving: Serving, tab: Tabs, page_name: str
) -> None:
    with serving.open("ben") as wb:
        beside, _ = next(usable(wb))
        words = {"name": "Bens", "category": beside.category, "type": "bash", "content": "echo ben"}
        step = wb.steps.add_custom(beside.release_id, beside.customer_id, **words)
    window = tab(serving)
    page = at(window, page_name, step)
    panel = panel_of(page)
    panel.get_by_label("Note").fill("took 4 minutes <b>")
    with serving.open("ben") as wb:
        wb.steps.delete(step.id)
    gone = panel.get_by_role("alert").filter(has_text="This step is gone")
    expect(gone).to_contain_text("Bens", timeout=SLOW)
    expect(gone.get_by_label("The note you typed")).to_have_value("took 4 minutes <b>")
    gone.get_by_role("button", name="Copy it").click()
    expect(gone).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "took 4 minutes <b>"
    page.wait_for_timeout(1_000)
    assert f"step={step.id}" not in page.url
    assert (window.console, window.outside) == ([], [])


def test_hostile_text_shows_literally_in_text_difference_preview_editor_and_history(
    desk: Serving, tab: Tabs, fresh: Any
) -> None:
    step, _ = fresh()
    with desk.open("<i>ben</i>") as wb:
        wb.steps.override(step.id, HOSTILE)
        wb.steps.fail(step.id, reason=HOSTILE[:3000])
        wb.steps.reopen(step.id, reason="<script>window.__pwn=1</script>")
    window = tab(desk)
    page = opened(window, step)
    panel = panel_of(page)
    image = "<img src=x onerror=window.__pwn=1>"
    panel.get_by_role("button", name=re.compile("^Copy")).click()
    expect(panel).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == HOSTILE
    text = panel.get_by_role("group", name="Text of this step")
    expect(text).to_contain_text(image)
    expect(text.get_by_role("img", name=re.compile("RIGHT-TO-LEFT OVERRIDE"))).to_be_visible()
    text.press("Control+a")
    text.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == HOSTILE
    panel.get_by_text("Differs from the template's text").click()
    expect(panel.get_by_role("group", name="Changes, line by line")).to_contain_text(image)
    expect(panel.get_by_role("region", name="History")).to_contain_text("<script>window.__pwn=1</script>")
    expect(panel.get_by_role("region", name="History")).to_contain_text("<i>ben</i>")
    panel.get_by_role("button", name=re.compile("^Edit the override")).click()
    writing = editor(page, "Override for this customer")
    expect(writing.get_by_label("Content")).to_have_value(HOSTILE)
    expect(writing.get_by_role("group", name="Preview of what you are writing")).to_contain_text(image, timeout=SLOW)
    expect(writing).to_contain_text("3 invisible characters")
    assert page.evaluate("window.__pwn") is None
    assert (window.console, window.outside) == ([], [])


def test_64_kb_open_at_once_and_are_copied_to_the_last_byte(desk: Serving, tab: Tabs, fresh: Any) -> None:
    step, customer = fresh()
    long = "\n".join(f"if [ {number} -gt 3 ]; then echo \"${{HOME}}\" '{number}'; fi" for number in range(2_000))
    long = long[: 64 * 1024].rstrip("\n")
    with desk.open() as wb:
        other = next(e for e in wb.steps.list(step.release_id, step.customer_id) if e.id != step.id)
        wb.steps.override(step.id, long)
    page = opened(tab(desk), other)
    panel = panel_of(page)
    cell(page, step, customer).click()
    expect(panel.get_by_role("heading", name=step.name)).to_be_visible(timeout=SLOW)
    expect(panel.get_by_role("group", name="Text of this step")).to_contain_text("-gt 3")
    panel.get_by_role("button", name=re.compile("^Copy")).click()
    expect(panel).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == long
    panel.get_by_role("button", name=re.compile("^Edit the override")).click()
    content = editor(page, "Override for this customer").get_by_label("Content")
    expect(content).to_have_value(long)
    content.press("Control+End")
    content.press("Backspace")
    content.press("Control+Enter")
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    with desk.open() as wb:
        assert wb.steps.get(step.id).content == long[:-1]


LOCK = (
    "import sqlite3, sys\n"
    "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "held.execute('BEGIN IMMEDIATE')\n"
    "print('held', flush=True)\n"
    "sys.stdin.readline()\n"
)


def test_a_locked_database_shows_not_saved_and_never_a_tick(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=True)
    window = tab(serving)
    page = opened(window, step)
    panel = panel_of(page)
    panel.get_by_label("Note").fill("typed before")
    command = [sys.executable, "-c", LOCK, str(serving.database)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    refused = panel.get_by_role("alert").filter(has_text="Not saved.")
    expect(refused).to_contain_text("another program holds the database", timeout=30_000)
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile(": pending"))
    expect(panel.get_by_label("Note")).to_have_value("typed before")
    holder.communicate("\n", timeout=15)
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    expect(refused).to_be_hidden()
    with serving.open() as wb:
        assert (wb.steps.get(step.id).status, wb.steps.get(step.id).notes) == ("done", "typed before")
    assert (window.console, window.outside) == ([], [])


def test_a_database_that_went_away_shows_not_saved_and_comes_back_by_itself(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, customer = find_step(wb, status="pending", renders=True)
    page = opened(tab(serving), step)
    panel = panel_of(page)
    away = serving.database.with_suffix(".away")
    os.rename(serving.database, away)
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    expect(panel.get_by_role("alert").filter(has_text="Not saved.")).to_be_visible(timeout=30_000)
    expect(cell(page, step, customer)).to_have_accessible_name(re.compile(": pending"))
    outdated = panel.get_by_role("status").filter(has_text="Not up to date")
    expect(outdated).to_contain_text("gone", timeout=30_000)
    os.rename(away, serving.database)
    expect(outdated).to_be_hidden(timeout=30_000)
    panel.get_by_role("button", name=re.compile("^Mark done")).click()
    expect(stored(panel)).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        assert wb.steps.get(step.id).status == "done"


def test_a_page_that_cannot_look_says_so_and_stops_saying_so(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        step, _ = find_step(wb, status="pending", renders=True)
    page = opened(tab(serving), step)
    blocker = sqlite3.connect(serving.database, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    outdated = panel_of(page).get_by_role("status").filter(has_text="Not up to date")
    expect(outdated).to_be_visible(timeout=30_000)
    blocker.execute("ROLLBACK")
    blocker.close()
    expect(outdated).to_be_hidden(timeout=30_000)


CARDS = """
import marimo

app = marimo.App(width="full")

with app.setup:
    import marimo as mo

    from relorch.ui import page, session
    from relorch.ui.widgets.step import StepWidget


@app.cell
def cards():
    params = session.read_params()
    workbook = session.open_page(params)
    first, second = (int(number) for number in params.text("cards").split("-"))
    steps = {first: second, second: None}
    left = StepWidget(workbook, opened=first, on_next=steps.get, address=True)
    right = StepWidget(workbook, opened=second)
    top = page.header("checklist", "Cards")
    mo.vstack([top, mo.hstack([mo.ui.anywidget(left), mo.ui.anywidget(right)], widths="equal")])
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def cards(sample_database: Path, tmp_path: Path) -> Iterator[tuple[Path, list[CustomerStep], str]]:
    """A page of two cards without a matrix: the database, their steps and the address."""
    from relorch import open_workbook

    database, notebook = tmp_path / "cards.db", tmp_path / "cards.py"
    shutil.copy(sample_database, database)
    notebook.write_text(CARDS)
    with open_workbook(str(database), create=False) as wb:
        steps = [step for step, _ in islice(usable(wb), 2)]
    command = [sys.executable, "-m", "marimo", "run", str(notebook), "--headless", "--host", "127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command += ["--port", str(port), "--", "--db", str(database), "--cards", f"{steps[0].id}-{steps[1].id}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(120):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.25)
    yield database, steps, f"http://127.0.0.1:{port}/"
    process.terminate()
    process.wait(15)


def test_two_cards_without_a_matrix_work_side_by_side_each_with_its_own_keys(cards: Any, chromium: Any) -> None:
    from relorch import open_workbook

    database, (first, second), address = cards
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    left = page.get_by_role("region", name="Step", exact=True).nth(0)
    right = page.get_by_role("region", name="Step", exact=True).nth(1)
    expect(left.get_by_role("heading", name=first.name)).to_be_visible(timeout=40_000)
    expect(right.get_by_role("heading", name=second.name)).to_be_visible(timeout=SLOW)
    assert f"step={first.id}" in page.url
    copy = right.get_by_role("button", name=re.compile("^Copy"))
    copy.focus()
    page.keyboard.press("d")
    expect(stored(right)).to_be_visible(timeout=SLOW)
    left.get_by_role("button", name=re.compile("^Copy")).focus()
    page.keyboard.press("j")
    page.wait_for_url(re.compile(f"step={second.id}"), timeout=SLOW)
    page.keyboard.press("j")
    expect(left.get_by_role("status").filter(has_text="No open step is left")).to_be_visible(timeout=SLOW)
    with open_workbook(str(database), create=False) as wb:
        assert [wb.steps.get(step.id).status for step in (first, second)] == ["pending", "done"]
    assert complaints == []
    page.close()
