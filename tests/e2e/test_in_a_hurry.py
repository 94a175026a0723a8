"""An operator in a hurry, and a second one beside them: no press and no letter may be lost without a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.model.values import CustomerStep
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab
from tests.e2e.test_matrix_page import active_release, cell, opened, panel_of

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]


def pending_runs(wb: Workbook, length: int) -> tuple[list[CustomerStep], str]:
    """At least `length` pending steps of one active customer that render and lie right below each other."""
    release_id = active_release(wb)
    for customer in wb.matrix(release_id).customers:
        run: list[CustomerStep] = []
        for step in wb.steps.list(release_id, customer.id):
            usable = customer.state == "active" and step.status == "pending" and not wb.steps.render(step.id).problems
            run = [*run, step] if usable else []
            if len(run) == length:
                return run, customer.name
    raise AssertionError(f"the sample has no {length} pending steps in a row")


def slow_down(page: Any) -> None:
    """Let messages from the page to the server take `window.slowness` milliseconds; before the page is opened."""
    page.add_init_script(
        "window.slowness = 0; const quick = window.fetch;"
        "window.fetch = (...a) => new Promise((go) => setTimeout(go, window.slowness)).then(() => quick(...a));"
    )


def selected_name(page: Any) -> str:
    return str(page.get_by_role("gridcell", selected=True).get_attribute("aria-label"))


def test_ticks_pressed_faster_than_they_are_stored_are_all_stored(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        run, customer = pending_runs(wb, 3)
    page = opened(tab(serving), run[0])
    cell(page, run[0], customer).click()
    page.keyboard.type("djDjd")
    for step in run:
        expect(cell(page, step, customer)).to_have_accessible_name(re.compile(": done"))
    with serving.open() as wb:
        assert [(wb.steps.get(step.id).status, wb.steps.get(step.id).executed_by) for step in run] == [
            ("done", "ana"),
            ("done", "ana"),
            ("done", "ana"),
        ]


def test_a_form_that_opens_drops_the_keys_behind_it_and_says_how_many(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        run, customer = pending_runs(wb, 2)
    window = tab(serving)
    slow_down(window.page)
    page = opened(window, run[0])
    cell(page, run[0], customer).click()
    expect(panel_of(page).get_by_role("heading", name=run[0].name)).to_be_visible()
    page.evaluate("window.slowness = 1500")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("f")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    panel = panel_of(page)
    expect(panel.get_by_label("Reason")).to_be_focused()
    expect(panel.get_by_role("alert").filter(has_text="2 key presses dropped")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("gridcell", selected=True)).to_be_focused()
    assert selected_name(page).startswith(f"{run[1].name}, {customer}")


def test_a_reason_typed_before_its_field_is_there_is_in_it(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        run, customer = pending_runs(wb, 2)
    page = opened(tab(serving), run[0])
    cell(page, run[0], customer).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("fdisk is full")
    field = panel_of(page).get_by_label("Reason")
    expect(field).to_have_value("disk is full")
    field.press("Enter")
    expect(cell(page, run[1], customer)).to_have_accessible_name(re.compile(": failed"))
    with serving.open() as wb:
        assert [wb.steps.get(step.id).status for step in run] == ["pending", "failed"]


def test_mark_done_clicked_while_the_step_loads_is_done_and_one_left_behind_is_told(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        run, customer = pending_runs(wb, 3)
    window = tab(serving)
    slow_down(window.page)
    page = opened(window, run[0])
    panel = panel_of(page)
    page.evaluate("window.slowness = 600")
    cell(page, run[1], customer).click()
    panel.get_by_role("button", name=re.compile("^Mark done")).click(force=True)
    expect(cell(page, run[1], customer)).to_have_accessible_name(re.compile(": done"))

    page.evaluate("window.slowness = 2500")
    cell(page, run[2], customer).click()
    page.keyboard.press("d")
    cell(page, run[0], customer).click()
    told = panel.get_by_role("alert").filter(has_text="was NOT done")
    expect(told).to_contain_text(run[2].name)
    expect(panel.get_by_role("heading", name=run[0].name)).to_be_visible(timeout=15_000)
    expect(told).to_be_visible()
    with serving.open() as wb:
        assert [wb.steps.get(step.id).status for step in run] == ["pending", "done", "pending"]


@pytest.mark.parametrize("size", [(1366, 650), (1280, 720), (1000, 700), (900, 700)], ids=str)
def test_the_large_button_is_beside_the_matrix_and_in_view(serving: Serving, tab: Tabs, size: tuple[int, int]) -> None:
    with serving.open() as wb:
        run, customer = pending_runs(wb, 2)
    page = opened(tab(serving), run[0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    panel = panel_of(page)
    expect(panel.get_by_role("button", name=re.compile("^Mark done"))).to_be_in_viewport(ratio=1)
    grid, beside = page.get_by_role("grid").bounding_box(), panel.bounding_box()
    assert grid["x"] + grid["width"] <= beside["x"]
    cell(page, run[0], customer).click()
    page.keyboard.press("d")
    expect(panel.get_by_text("Stored", exact=False).first).to_be_in_viewport(ratio=1)


def test_what_somebody_else_does_appears_by_itself_and_is_passed_over(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        run, customer = pending_runs(wb, 3)
        page = opened(tab(serving), run[0])
        panel = panel_of(page)
        panel.get_by_label("Note").fill("my note")
        wb.steps.start(run[1].id)
        theirs = re.compile("in progress by somebody else")
        expect(cell(page, run[1], customer)).to_have_accessible_name(theirs, timeout=4000)
        wb.steps.fail(run[0].id, reason="ben saw it break")
    expect(cell(page, run[0], customer)).to_have_accessible_name(re.compile(": failed"), timeout=4000)
    expect(panel).to_contain_text("ben saw it break", timeout=4000)
    expect(panel.get_by_label("Note")).to_have_value("my note")
    cell(page, run[0], customer).click()
    page.keyboard.press("j")
    assert selected_name(page).startswith(f"{run[2].name}, {customer}")


def test_a_press_cannot_overtake_what_was_typed_before_it(serving_empty: Serving, tab: Tabs) -> None:
    page = tab(serving_empty).goto("/inventory")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_visible(timeout=20_000)
    held: list[Any] = []
    page.route("**/api/kernel/set_ui_element_value", lambda way: way.continue_() if held else held.append(way))
    name.fill("eu-1")
    page.get_by_role("button", name="Create cluster").click()
    page.wait_for_timeout(500)
    held[0].continue_()
    expect(page.get_by_text("eu-1 is created.")).to_be_visible(timeout=20_000)


def test_fields_typed_while_the_page_is_busy_are_all_kept(serving_empty: Serving, tab: Tabs) -> None:
    page = tab(serving_empty).goto("/inventory")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_visible(timeout=20_000)
    waiting: list[dict[str, Any]] = []

    def merge(way: Any) -> None:
        """Let two changes come as one, as marimo puts together what it gets while cells run."""
        body = way.request.post_data_json
        if not waiting:
            waiting.append(body)
            way.fulfill(json={"success": True})
            return
        way.continue_(post_data={**body, **{key: waiting[0][key] + body[key] for key in ("objectIds", "values")}})
        page.unroute("**/api/kernel/set_ui_element_value")

    page.route("**/api/kernel/set_ui_element_value", merge)
    name.fill("eu-1")
    page.get_by_label("Kubeconfig path").fill("~/.kube/eu-1")
    page.get_by_role("button", name="Create cluster").click()
    expect(page.get_by_text("eu-1 is created.")).to_be_visible(timeout=20_000)
    with serving_empty.open() as wb:
        assert [(each.name, each.kubeconfig_path) for each in wb.clusters.list()] == [("eu-1", "~/.kube/eu-1")]


def test_what_is_typed_while_its_form_is_drawn_anew_stays(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = wb.releases.create(name="2026.12", type="release")
    window = tab(serving_empty)
    slow_down(window.page)
    page = window.goto(f"/steps?release={release.id}")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("", timeout=20_000)
    page.evaluate("window.slowness = 700")
    page.get_by_role("button", name="New deploy step").click()  # draws the form anew before it hears the name
    name.fill("Upgrade")
    page.wait_for_timeout(1_100)
    page.get_by_role("textbox", name="Content").fill("true")
    page.wait_for_timeout(2_500)
    page.evaluate("window.slowness = 0")
    expect(name).to_have_value("Upgrade")
    page.get_by_role("button", name="Add this step").click()
    expect(page.get_by_role("status").filter(has_text="“Upgrade” is added.")).to_be_visible(timeout=20_000)


def test_an_edit_is_said_to_be_stored_only_when_its_form_is_drawn_anew(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        cluster = wb.clusters.create(name="eu-1")
        customer = wb.customers.create(name="Acme", cluster_id=cluster.id, namespace="acme")
    page = tab(serving_empty).goto(f"/inventory?customer={customer.id}")
    page.get_by_role("tab", name="Edit").click()
    field = page.get_by_label("Description")
    field.fill("called twice a year")
    page.evaluate(
        """(field) => {
          const drawn = () => field.getRootNode().host.closest("marimo-ui-element").getAttribute("object-id");
          const before = drawn();
          const look = () => {
            if (!document.body.innerText.includes("Acme is saved.")) return requestAnimationFrame(look);
            window.form = drawn() === before ? "the old one" : "a new one";
          };
          look();
        }""",
        field.element_handle(),
    )
    page.get_by_role("button", name="Save").click()
    page.wait_for_function("window.form", timeout=20_000)
    assert page.evaluate("window.form") == "a new one"
    expect(page.get_by_label("Description")).to_have_value("called twice a year")


def test_the_answer_to_a_press_comes_into_view(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = active_release(wb)
        template = next(each for each in wb.templates.list(release_id) if each.content.count("\n") > 8)
        run, _ = pending_runs(wb, 2)
    window = tab(serving)
    window.page.set_viewport_size({"width": 1280, "height": 640})
    page = window.goto(f"/inventory?customer={run[0].customer_id}")
    page.get_by_role("tab", name="Edit").click()
    page.get_by_label("Namespace").fill("moved")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save all the same")).to_be_in_viewport(ratio=1, timeout=10_000)

    page = window.goto(f"/steps?release={release_id}&template={template.id}")
    expect(page.get_by_label("Name", exact=True)).to_have_value(template.name, timeout=20_000)
    page.get_by_role("textbox", name="Content").fill(template.content + "\n# more\n" * 20)
    page.get_by_role("button", name="Preview the change").click()
    expect(page.get_by_role("heading", name="What this change does")).to_be_in_viewport(timeout=10_000)
