"""The checklist in a browser, used as a person does: by role and label."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.model.values import CustomerStep, Release
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab
from tests.e2e.test_matrix_page import active_release, panel_of

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
LONG = 20_000


def list_of(page: Any) -> Any:
    return page.get_by_role("listbox")


def card(page: Any, name: str) -> Any:
    """The card of this step, or in the step walk of this namespace."""
    return list_of(page).get_by_role("option", name=re.compile(f"^{re.escape(name)}[,:]"))


def open_card(page: Any) -> Any:
    return list_of(page).get_by_role("option", selected=True)


def heading(page: Any, name: str) -> Any:
    return panel_of(page).get_by_role("heading", name=name, exact=True)


def note_of(page: Any) -> Any:
    return panel_of(page).get_by_role("textbox", name=re.compile("^Note"))


def picker(page: Any, name: str) -> Any:
    return page.get_by_role("combobox", name=name, exact=True)


def customer_with(wb: Workbook, pending: int) -> tuple[int, list[CustomerStep]]:
    """An active member whose first open steps are this many pending ones that render, and those."""
    release_id = active_release(wb)
    for customer in wb.matrix(release_id).customers:
        steps = [step for step in wb.steps.list(release_id, customer.id) if step.status not in ("done", "skipped")]
        first = steps[:pending]
        usable = all(step.status == "pending" and not wb.steps.render(step.id).problems for step in first)
        if customer.state == "active" and usable and len(first) == pending:
            return customer.id, first
    raise AssertionError("the sample has no such customer")


def checklist(window: Tab, step: CustomerStep, **more: object) -> Any:
    """The checklist with this step's card open, and its text there."""
    asked = {"release": step.release_id, "customer": step.customer_id, "step": step.id} | more
    page = window.goto("/checklist?" + "&".join(f"{name}={value}" for name, value in asked.items()))
    expect(heading(page, step.name)).to_be_visible(timeout=LONG)
    return page


def done(page: Any) -> None:
    panel_of(page).get_by_role("button", name=re.compile("^Mark done")).click()


def test_a_customer_is_ticked_off_card_by_card_and_next_goes_on_by_itself(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        customer_id, steps = customer_with(wb, 3)
    window = tab(serving)
    page = window.goto(f"/checklist?customer={customer_id}")
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        expect(heading(page, step.name)).to_be_visible(timeout=LONG)
        expect(open_card(page)).to_have_accessible_name(re.compile(f"^{re.escape(step.name)}: pending"))
        if after is not None:
            expect(page.get_by_text(f"· {after.name}", exact=False).first).to_be_visible()
            page.wait_for_timeout(600)  # an operator reads what has just come up
            done(page)
            expect(card(page, step.name)).to_have_accessible_name(re.compile("done, by ana"))
            expect(page.get_by_role("status").filter(has_text=f"Done: {step.name}. Now:")).to_be_visible()
    with serving.open() as wb:
        assert [wb.steps.get(step.id).status for step in steps] == ["done", "done", "pending"]
    assert (window.console, window.outside) == ([], [])


def test_it_stays_where_it_is_when_going_on_is_switched_off_and_the_address_keeps_that(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 2)
    page = checklist(tab(serving), steps[0])
    page.get_by_role("checkbox", name="Go on by itself").uncheck()
    done(page)
    expect(card(page, steps[0].name)).to_have_accessible_name(re.compile("done, by ana"))
    page.wait_for_timeout(700)
    expect(heading(page, steps[0].name)).to_be_visible()
    page.wait_for_url(re.compile("auto=0"))
    page.reload()
    expect(page.get_by_role("checkbox", name="Go on by itself")).not_to_be_checked(timeout=LONG)
    expect(heading(page, steps[0].name)).to_be_visible(timeout=LONG)
    panel_of(page).get_by_role("button", name=re.compile("^Next open step")).click()
    expect(heading(page, steps[1].name)).to_be_visible()


def test_with_the_keyboard_only_ten_cards_are_done(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 10)
    page = checklist(tab(serving), steps[0])
    page.keyboard.press("Tab")
    while not list_of(page).evaluate("list => list.contains(list.getRootNode().activeElement)"):
        page.keyboard.press("Tab")
    for step in steps:
        expect(heading(page, step.name)).to_be_visible()
        page.wait_for_timeout(600)
        page.keyboard.press("d")
        expect(card(page, step.name)).to_have_accessible_name(re.compile("done, by ana"))
    with serving.open() as wb:
        assert {wb.steps.get(step.id).status for step in steps} == {"done"}


def test_nothing_is_ticked_by_going_on_nor_by_a_press_just_after_it(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 3)
    page = checklist(tab(serving), steps[0])
    card(page, steps[0].name).click()
    page.keyboard.press("d")
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{re.escape(steps[1].name)}:"))
    page.keyboard.press("d")
    expect(heading(page, steps[1].name)).to_be_visible()
    page.wait_for_timeout(1500)
    with serving.open() as wb:
        assert [wb.steps.get(step.id).status for step in steps] == ["done", "pending", "pending"]


def test_arrows_open_the_card_below_and_a_press_right_behind_hits_it(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 3)
    page = checklist(tab(serving), steps[0])
    card(page, steps[0].name).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("d")
    expect(card(page, steps[1].name)).to_have_accessible_name(re.compile("done, by ana.*out of order"))
    with serving.open() as wb:
        assert [wb.steps.get(step.id).status for step in steps] == ["pending", "done", "pending"]


def test_another_card_is_open_within_a_blink(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 4)
    page = checklist(tab(serving), steps[0])
    took = []
    for step in (steps[1], steps[2], steps[3], steps[1], steps[2]):
        card(page, step.name).click()
        began = page.evaluate("performance.now()")
        expect(heading(page, step.name)).to_be_visible()
        page.wait_for_function("() => true")
        took.append(page.evaluate("performance.now()") - began)
    assert sorted(took)[2] < 1000  # a coarse bound against a page load; no figure


def test_one_step_is_walked_across_all_customers(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = active_release(wb)
        template = next(each for each in wb.templates.list(release_id) if each.name == "Upgrade the app")
        first = wb.steps.next(release_id, template_id=template.id)
        assert first is not None
        second = wb.steps.next(release_id, template_id=template.id, after=first.id)
        assert second is not None
        names = [wb.customers.get(each.customer_id).namespace for each in (first, second)]
    window = tab(serving)
    page = window.goto(f"/checklist?release={release_id}&template={template.id}")
    expect(heading(page, template.name)).to_be_visible(timeout=LONG)
    expect(page.get_by_role("radio", name="this step")).to_be_checked()
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{names[0]},"))
    page.wait_for_timeout(600)
    done(page)
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{names[1]},"))
    expect(panel_of(page)).to_contain_text(names[1])
    expect(card(page, names[0])).to_have_accessible_name(re.compile("done, by ana"))
    with serving.open() as wb:
        assert [wb.steps.get(each.id).status for each in (first, second)] == ["done", "pending"]
    assert (window.console, window.outside) == ([], [])


def test_keys_work_while_the_focus_is_on_a_radio_or_a_checkbox(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 2)
    page = checklist(tab(serving), steps[0])
    auto = page.get_by_role("checkbox", name="Go on by itself")
    auto.click()
    page.keyboard.press("Space")
    expect(auto).to_be_checked()
    page.keyboard.press("Space")
    page.keyboard.press("d")
    expect(card(page, steps[0].name)).to_have_accessible_name(re.compile("done, by ana"))
    page.get_by_role("radio", name="this step").click()
    expect(list_of(page)).to_have_accessible_name("Customers of this step")
    at = open_card(page).get_attribute("aria-label")
    page.keyboard.press("j")
    expect(open_card(page)).not_to_have_accessible_name(at)
    expect(open_card(page)).to_be_focused()


def test_the_walk_is_turned_at_a_card_and_the_address_leads_back(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 2)
        namespace = wb.customers.get(steps[1].customer_id).namespace
    window = tab(serving)
    page = checklist(window, steps[1])
    page.get_by_role("radio", name="this step").check()
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{namespace},"))
    page.wait_for_url(re.compile(f"[?&]template={steps[1].template_id}(&|$)"))
    assert "walk=step" in page.url
    page.goto(page.url)
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{namespace},"), timeout=LONG)
    page.get_by_role("radio", name="this customer").check()
    expect(open_card(page)).to_have_accessible_name(re.compile(f"^{re.escape(steps[1].name)}:"))
    page.wait_for_url(re.compile(f"customer={steps[1].customer_id}"))
    assert (window.console, window.outside) == ([], [])


def test_another_customer_is_picked_without_loading_the_page_and_another_release_with_it(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        _, steps = customer_with(wb, 2)
        customers = list(wb.matrix(steps[0].release_id).customers)
        at = [each.id for each in customers].index(steps[0].customer_id)
        other, far = customers[at + 1], customers[-1]
        archived = next(each for each in wb.releases.list() if each.status == "archived")
    page = checklist(tab(serving), steps[0])
    page.evaluate("window.sameLoad = true")
    page.get_by_role("button", name="Next customer").click()
    expect(panel_of(page)).to_contain_text(other.namespace)
    expect(picker(page, "Customer")).to_have_value(str(other.id))
    page.get_by_role("button", name="Previous customer").click()
    expect(picker(page, "Customer")).to_have_value(str(steps[0].customer_id))
    picker(page, "Customer").select_option(str(far.id))
    expect(panel_of(page)).to_contain_text(far.namespace)
    page.wait_for_url(re.compile(f"customer={far.id}"))
    assert page.evaluate("window.sameLoad")
    picker(page, "Release").select_option(str(archived.id))
    expect(page.get_by_role("heading", name=f"Checklist · {archived.name}")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("note").filter(has_text="archived")).to_be_visible(timeout=LONG)


def test_a_complete_customer_is_said_to_be_and_the_next_one_is_offered(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        customer_id, _ = customer_with(wb, 3)
        release_id = active_release(wb)
        *early, last = [
            step for step in wb.steps.list(release_id, customer_id) if step.status not in ("done", "skipped")
        ]
        for step in early:
            wb.steps.mark_done(step.id)
        name = wb.customers.get(customer_id).name
    page = checklist(tab(serving), last)
    expect(page.get_by_text("This is the last open step here.")).to_be_visible()
    done(page)
    expect(page.get_by_text(f"{name} is complete: every step is done or skipped.").first).to_be_visible()
    offer = page.get_by_role("button", name=re.compile("^Go on with"))
    offered = offer.inner_text().removeprefix("Go on with ")
    offer.click()
    expect(panel_of(page)).to_contain_text(offered)
    expect(open_card(page)).to_have_accessible_name(re.compile("pending|failed|reverted|in progress"))


def test_what_somebody_else_does_appears_and_what_is_typed_and_scrolled_stays(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        _, steps = customer_with(wb, 5)
        page = checklist(tab(serving), steps[0])
        note_of(page).fill("half a thought")
        list_of(page).evaluate("list => { list.scrollTop = 90; }")
        wb.steps.start(steps[1].id)
        wb.steps.fail(steps[2].id, reason="ben saw it break")
    expect(card(page, steps[1].name)).to_have_accessible_name(re.compile("in progress by somebody else"), timeout=4000)
    expect(card(page, steps[2].name)).to_have_accessible_name(re.compile(": failed, by ben"), timeout=4000)
    expect(note_of(page)).to_have_value("half a thought")
    assert list_of(page).evaluate("list => list.scrollTop") == 90
    expect(page.get_by_text(f"· {steps[2].name}").first).to_be_visible()  # what ben works at is passed over


def test_a_new_step_and_a_hold_by_somebody_else_appear(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        customer_id, steps = customer_with(wb, 2)
        page = checklist(tab(serving), steps[0])
        wb.steps.add_custom(
            steps[0].release_id, customer_id, name="Ring Ben", category="deploy", type="text", content="ring",
            after_id=steps[0].id,
        )  # fmt: skip
        expect(card(page, "Ring Ben")).to_have_accessible_name(re.compile("custom"), timeout=4000)
        wb.releases.hold(steps[0].release_id, [customer_id], "invoice unpaid")
    expect(page.get_by_role("note").filter(has_text="invoice unpaid")).to_be_visible(timeout=4000)
    expect(heading(page, steps[0].name)).to_be_visible()


@pytest.mark.parametrize("state", ["held", "removed"])
def test_who_is_held_or_removed_can_only_be_read(serving: Serving, tab: Tabs, state: str) -> None:
    with serving.open() as wb:
        release_id = active_release(wb)
        member = next(each for each in wb.releases.members(release_id) if each.state == state)
        reason = member.reason or ""
    window = tab(serving)
    page = window.goto(f"/checklist?release={release_id}&customer={member.customer_id}")
    said = page.get_by_role("note").filter(has_text="On hold" if state == "held" else "Removed")
    expect(said).to_contain_text(reason, timeout=LONG)
    expect(open_card(page)).to_be_visible()
    expect(panel_of(page).get_by_role("button", name=re.compile("^Copy"))).to_be_visible(timeout=LONG)
    button = panel_of(page).get_by_role("button", name=re.compile("^Mark done"))
    assert button.count() == 0 or button.get_attribute("aria-disabled") == "true"
    assert (window.console, window.outside) == ([], [])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("release=4711", "There is no such release"),
        ("customer=4711", "there is no such customer"),
        ("step=4711", "there is no such step"),
        ("template=4711", "there is no such step template"),
        ("release={draft}", "is a draft"),
    ],
)
def test_a_link_to_nothing_says_so_and_shows_the_way_on(serving: Serving, tab: Tabs, asked: str, said: str) -> None:
    with serving.open() as wb:
        releases = wb.releases.list()
        active, draft = (next(each for each in releases if each.status == status) for status in ("active", "draft"))
    window = tab(serving)
    page = window.goto(f"/checklist?{asked.format(draft=draft.id)}")
    expect(page.get_by_role("region", name="No checklist")).to_contain_text(said, timeout=LONG)
    page.get_by_role("link", name=f"Checklist of {active.name}", exact=True).click()
    expect(open_card(page)).to_be_visible(timeout=LONG)
    assert (window.console, window.outside) == ([], [])


def test_an_empty_workbook_says_what_to_do(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/checklist")
    expect(page.get_by_text("There is no release yet")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("region", name="No checklist").get_by_role("link", name="Inventory")).to_be_visible()
    assert (window.console, window.outside) == ([], [])


def big_release(wb: Workbook, customers: int = 150, steps: int = 40) -> Release:
    """An active release of this size on three clusters."""
    clusters = [wb.clusters.create(name=f"big-{at}", kubeconfig_path="~/.kube/config") for at in range(3)]
    release = wb.releases.create(name="Big one", type="release", version_number="9.0")
    for at in range(steps):
        category = "deploy" if at < steps * 3 // 4 else "verify"
        wb.templates.add(release.id, name=f"Step {at + 1}", category=category, type="bash", content=f"echo {at + 1}")
    for at in range(customers):
        wb.customers.create(cluster_id=clusters[at % 3].id, namespace=f"big-{at:03}", name=f"Big customer {at:03}")
    ids = [customer.id for cluster in clusters for customer in wb.customers.list(cluster_id=cluster.id)]
    return wb.releases.activate(release.id, customer_ids=ids)


def test_150_customers_and_40_steps_open_and_walk_both_ways(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release = big_release(wb)
    window = tab(serving)
    page = window.goto(f"/checklist?release={release.id}")
    expect(list_of(page).get_by_role("option")).to_have_count(40, timeout=LONG)
    page.get_by_role("radio", name="this step").check()
    expect(list_of(page).get_by_role("option")).to_have_count(150, timeout=LONG)
    open_card(page).click()
    page.keyboard.press("End")
    expect(panel_of(page)).to_contain_text("big-149")
    expect(open_card(page)).to_be_in_viewport()
    page.wait_for_timeout(600)
    page.keyboard.press("d")
    expect(open_card(page)).to_have_accessible_name(re.compile("^big-000,"))
    assert (window.console, window.outside) == ([], [])


def test_a_refusal_keeps_the_card_open_and_what_was_typed(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        _, steps = customer_with(wb, 2)
        page = checklist(tab(serving), steps[0])
        note_of(page).fill("my long note")
        wb.steps.mark_done(steps[0].id, notes="ben was quicker")
    done(page)
    expect(panel_of(page).get_by_role("alert").filter(has_text="already done by ben")).to_be_visible()
    expect(heading(page, steps[0].name)).to_be_visible()
    expect(note_of(page)).to_have_value("my long note")


def test_only_a_verb_goes_on_by_itself_not_an_edit_and_not_an_undo(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release = active_release(wb)
        customer = wb.matrix(release).customers[0].id
        step = next(
            step
            for step in wb.steps.list(release, customer)
            if step.status == "pending" and not wb.steps.render(step.id).problems
        )
        wb.steps.mark_done(step.id)
    page = tab(serving).goto(f"/checklist?release={release}&customer={customer}&step={step.id}")
    panel = page.get_by_role("region", name="Step", exact=True)
    expect(panel.get_by_role("heading", name=step.name)).to_be_visible(timeout=20_000)
    panel.get_by_role("button", name=re.compile("^Reopen")).click()
    panel.get_by_role("button", name="Reopen this step").click()
    panel.get_by_role("button", name="Undo").click(timeout=20_000)
    expect(panel).to_contain_text("Undone", timeout=20_000)
    expect(panel.get_by_role("heading", name=step.name)).to_be_visible()
    with serving.open() as wb:
        assert wb.steps.get(step.id).status == "done"
