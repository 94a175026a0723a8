"""A template changed in an active release: previewed, saved, taken back, and what two operators do to each other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.workbook import Workbook
from tests.e2e.conftest import Serving
from tests.e2e.test_steps_page import SLOW, Tabs, editor, option, preview, steps_page, write

pytestmark = pytest.mark.browser

TEXT = "helm upgrade app -n ${{ namespace }} --wait"


def active(wb: Workbook, members: int = 6) -> tuple[int, list[int], list[str]]:
    """An active release of one step for some customers; gives its id, the step ids and the customers' names.

    Of the first four steps one is overridden, one done, one failed and one reverted; the others are pending.
    """
    release = wb.releases.create(name="Active under test", type="release", version_number="7.1.0")
    wb.templates.add(release.id, name="Upgrade", category="deploy", type="bash", content="helm upgrade app")
    customers = wb.customers.list()[:members]
    wb.releases.activate(release.id, customer_ids=[each.id for each in customers])
    steps = [wb.steps.list(release.id, each.id)[0].id for each in customers]
    wb.steps.override(steps[0], "helm upgrade app --set replicas=9")
    wb.steps.mark_done(steps[1])
    wb.steps.fail(steps[2], reason="timed out")
    wb.steps.mark_done(steps[3])
    wb.steps.revert(steps[3])
    return release.id, steps, [each.name for each in customers]


def group(page: Any, kind: str) -> Any:
    return page.get_by_role("group").filter(has_text=kind)


def planned(page: Any, text: str) -> None:
    """Type a text and have its change previewed."""
    write(page, text)
    page.get_by_role("button", name="Preview the change").click()
    expect(page.get_by_role("heading", name="What this change does")).to_be_visible(timeout=SLOW)


def test_what_was_previewed_is_what_happens_and_can_be_taken_back(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, steps, names = active(wb)
    window = tab(serving)
    page = steps_page(window, release_id)
    expect(option(page, "Upgrade")).to_have_accessible_name(re.compile("1 overridden, 3 executed"))
    planned(page, TEXT)
    expect(group(page, "2 steps will be changed")).to_contain_text(names[4])
    overridden = group(page, "1 step overridden: left as is")
    expect(overridden).to_contain_text(names[0])
    expect(overridden).to_contain_text("+helm upgrade app --set replicas=9")
    expect(group(page, "3 steps already executed: left as is")).to_contain_text(names[1])
    with serving.open() as wb:
        assert wb.steps.get(steps[4]).content == "helm upgrade app"  # nothing is stored yet

    page.get_by_role("button", name="Save and change 2 steps").click()
    said = page.get_by_role("status").filter(has_text="“Upgrade” is saved. 2 steps took the change.")
    expect(said).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        found = [wb.steps.get(each).content for each in steps]
        assert found == ["helm upgrade app --set replicas=9", *["helm upgrade app"] * 3, TEXT, TEXT]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="Taken back. 2 steps")).to_be_visible(timeout=SLOW)
    expect(editor(page)).to_have_value("helm upgrade app", timeout=SLOW)
    with serving.open() as wb:
        assert [wb.steps.get(each).content for each in steps[4:]] == ["helm upgrade app"] * 2
    assert (window.console, window.outside) == ([], [])


def test_what_failed_or_was_reverted_is_reopened_with_the_new_text(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, steps, _ = active(wb)
    page = steps_page(tab(serving), release_id)
    planned(page, TEXT)
    page.get_by_role("button", name="Save and change 2 steps").click()
    page.get_by_role("button", name="Reopen 2 failed and reverted steps with the new text").click(timeout=SLOW)
    expect(page.get_by_role("status").filter(has_text="2 steps reopened with the new text.")).to_be_visible(
        timeout=SLOW
    )
    with serving.open() as wb:
        found = [wb.steps.get(each) for each in steps]
        assert [(each.status, each.content) for each in found[2:4]] == [("pending", TEXT)] * 2
        assert found[1].status == "done"
        batches = {event.batch_id for event in wb.history(release_id=release_id) if event.action == "step.reopen"}
        assert len(batches) == 1


def test_a_text_changed_after_its_preview_is_not_saved_before_another(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, steps, _ = active(wb)
    page = steps_page(tab(serving), release_id)
    planned(page, TEXT)
    write(page, f"{TEXT} --debug")
    expect(page.get_by_role("alert").filter(has_text="was changed after this preview")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Save and change 2 steps").click()
    expect(page.get_by_role("button", name="Save and change 2 steps")).to_have_count(0, timeout=SLOW)
    with serving.open() as wb:
        assert wb.steps.get(steps[4]).content == "helm upgrade app"
    page.get_by_role("button", name="Preview the change").click()
    page.get_by_role("button", name="Save and change 2 steps").click(timeout=SLOW)
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        assert wb.steps.get(steps[4]).content == f"{TEXT} --debug"


def test_who_cannot_have_the_new_text_is_named_before_it_is_saved(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, _, names = active(wb)
    page = steps_page(tab(serving), release_id)
    planned(page, "echo ${{ vars.no_such_key }}")
    cannot = group(page, "2 steps cannot render")
    expect(cannot).to_contain_text(names[4])
    expect(cannot).to_contain_text("no_such_key")


def test_a_new_step_in_an_active_release_is_previewed_and_given_to_all(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, _, _ = active(wb)
        members = [each.customer_id for each in wb.releases.members(release_id)]
    page = steps_page(tab(serving), release_id)
    page.get_by_role("button", name="New verify step").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    page.get_by_label("Name", exact=True).fill("Smoke test")
    write(page, "curl -f https://${{ namespace }}.example")
    page.get_by_role("button", name="Preview the change").click()
    page.get_by_role("button", name="Add it for 6 customers").click(timeout=SLOW)
    expect(page.get_by_role("status").filter(has_text="“Smoke test” is added. 6 customers got it.")).to_be_visible(
        timeout=SLOW
    )
    with serving.open() as wb:
        assert {wb.steps.list(release_id, each)[-1].name for each in members} == {"Smoke test"}


def test_a_step_of_an_active_release_is_retired_after_a_preview(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, steps, names = active(wb)
        wb.templates.add(release_id, name="Next", category="deploy", type="bash", content="true")
    page = steps_page(tab(serving), release_id)
    page.get_by_role("button", name="Retire …").click()
    expect(page.get_by_role("heading", name="What taking this step out does")).to_be_visible(timeout=SLOW)
    expect(group(page, "steps removed or skipped")).to_contain_text(names[4])
    page.get_by_role("button", name=re.compile("^Retire this step: 4 steps")).click()
    expect(page.get_by_role("status").filter(has_text="“Upgrade” is retired. 4 steps")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("1 retired step")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Next")
    with serving.open() as wb:
        assert [each.name for each in wb.templates.list(release_id)] == ["Next"]
        assert wb.steps.get(steps[1]).status == "done"


def test_what_a_colleague_stores_appears_and_nobody_is_overwritten(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, _, _ = active(wb)
        template = wb.templates.list(release_id)[0]
    window = tab(serving)
    page = steps_page(window, release_id)
    write(page, "mine")
    with serving.open("ben") as wb:
        wb.templates.update(template.id, content="ben's")
        wb.templates.add(release_id, name="added by ben", category="deploy", type="bash", content="true")
    expect(option(page, "added by ben")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("alert").filter(has_text="changed by ben")).to_be_visible(timeout=SLOW)
    expect(editor(page)).to_have_value("mine")
    page.get_by_role("button", name="Preview the change").click()
    page.get_by_role("button", name="Save and change 2 steps").click(timeout=SLOW)
    expect(page.get_by_role("alert").filter(has_text="Refused.").filter(has_text="ben")).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        assert wb.templates.get(template.id).content == "ben's"
    expect(editor(page)).to_have_value("mine")
    page.get_by_role("button", name="Go on with mine").click()
    expect(page.get_by_role("button", name="Go on with mine")).to_have_count(0, timeout=SLOW)
    expect(editor(page)).to_have_value("mine")
    page.get_by_role("button", name="Preview the change").click()
    page.get_by_role("button", name="Save and change 2 steps").click(timeout=SLOW)
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        assert wb.templates.get(template.id).content == "mine"
    assert (window.console, window.outside) == ([], [])


def test_what_a_colleague_stores_is_shown_where_nothing_was_typed(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id, _, _ = active(wb)
        template = wb.templates.list(release_id)[0]
    page = steps_page(tab(serving), release_id)
    expect(preview(page)).to_contain_text("helm upgrade app", timeout=SLOW)
    with serving.open("ben") as wb:
        wb.templates.update(template.id, content="ben's own")
    expect(editor(page)).to_have_value("ben's own", timeout=SLOW)
    expect(preview(page)).to_contain_text("ben's own")
    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()
