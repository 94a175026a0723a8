"""The step editor in a browser: lists, form, preview and warnings, used by role and label."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.ui import words
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
SLOW = 20_000
HOSTILE = "</script><img src=x onerror=window.__pwn=1> ``` <b>bold</b> {{7*7}}"


def draft_of(wb: Workbook, *names: str, category: str = "deploy", content: str = "true") -> int:
    """A draft with these steps; gives its id."""
    release = wb.releases.create(name="Draft under test", type="release", version_number="7.0.0")
    for name in names:
        wb.templates.add(release.id, name=name, category=category, type="bash", content=content)
    return release.id


def names_of(serving: Serving, release_id: int, category: str = "deploy") -> list[str]:
    with serving.open() as wb:
        return [each.name for each in wb.templates.list(release_id) if each.category == category]


def steps_page(tab: Tab, release_id: int, **params: object) -> Any:
    query = "".join(f"&{name}={value}" for name, value in params.items())
    page = tab.goto(f"/steps?release={release_id}{query}")
    expect(page.get_by_role("region", name="Deploy", exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Name", exact=True)).to_be_visible(timeout=SLOW)
    return page


def deploy(page: Any) -> Any:
    return page.get_by_role("listbox", name="Deploy steps")


def option(page: Any, name: str) -> Any:
    return page.get_by_role("option", name=re.compile(rf"^\d+\. {re.escape(name)}: "))


def shown_order(page: Any, category: str = "Deploy") -> list[str]:
    box = page.get_by_role("listbox", name=f"{category} steps")
    return [each.get_attribute("title") for each in box.get_by_role("option").all()]


def editor(page: Any) -> Any:
    return page.get_by_role("textbox", name="Content")


def write(page: Any, text: str) -> None:
    """Put a text into the code editor as a paste does."""
    editor(page).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def preview(page: Any) -> Any:
    return page.get_by_role("region", name="Preview")


def add_step(page: Any, name: str, text: str, category: str = "deploy") -> None:
    page.get_by_role("button", name=f"New {category} step").click()
    expect(page.get_by_role("heading", name=f"New {category} step")).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1_000)  # an empty draft shows this form already; it is drawn anew by the button
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    page.get_by_label("Name", exact=True).fill(name)
    write(page, text)
    page.get_by_role("button", name="Add this step").click()
    expect(page.get_by_role("status").filter(has_text=f"“{name}” is added.")).to_be_visible(timeout=SLOW)


def test_three_steps_are_added_to_a_draft_and_stand_in_order(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb)
    window = tab(serving)
    page = steps_page(window, release_id)
    expect(page.get_by_text("No deploy step yet.")).to_be_visible()
    add_step(page, "Back up", "pg_dump ${{ namespace }}")
    add_step(page, "Upgrade", "helm upgrade app -n ${{ namespace }}")
    add_step(page, "Smoke test", "curl -f https://x.example", category="verify")
    expect(deploy(page).get_by_role("option")).to_have_count(2)
    assert (shown_order(page), shown_order(page, "Verify")) == (["Back up", "Upgrade"], ["Smoke test"])
    assert names_of(serving, release_id) == ["Back up", "Upgrade"]
    with serving.open() as wb:
        assert wb.templates.list(release_id)[1].content == "helm upgrade app -n ${{ namespace }}"
    assert (window.console, window.outside) == ([], [])


def test_a_new_step_goes_before_the_one_that_was_selected(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "first", "second")
    page = steps_page(tab(serving), release_id)
    option(page, "second").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("second")
    page.get_by_role("button", name="New deploy step").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Position").select_option("before “second”")
    page.get_by_label("Name", exact=True).fill("between")
    write(page, "true")
    page.get_by_role("button", name="Add this step").click()
    expect(option(page, "between")).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["first", "between", "second"]


def test_a_step_is_dragged_to_another_place_and_is_there_after_a_reload(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two", "three")
    window = tab(serving)
    page = steps_page(window, release_id)
    option(page, "three").drag_to(option(page, "one"), target_position={"x": 60, "y": 4})
    expect(page.get_by_text(words.ORDER_STORED["deploy"])).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["three", "one", "two"]
    page.reload()
    expect(option(page, "three")).to_have_accessible_name(re.compile(r"^1\. "), timeout=SLOW)
    assert shown_order(page) == ["three", "one", "two"]
    assert (window.console, window.outside) == ([], [])


def test_a_step_is_moved_by_keyboard_and_by_button_and_the_move_is_undone(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two", "three")
    page = steps_page(tab(serving), release_id)
    deploy(page).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Name", exact=True)).to_have_value("two")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_text(words.ORDER_STORED["deploy"])).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["two", "one", "three"]
    page.get_by_role("button", name="Move down the deploy step").click()
    page.get_by_role("button", name="Move down the deploy step").click()
    expect(option(page, "two")).to_have_accessible_name(re.compile(r"^3\. "))
    expect(page.get_by_text(words.ORDER_STORED["deploy"])).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["one", "three", "two"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(words.ORDER_UNDONE)).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["one", "two", "three"]
    assert shown_order(page) == ["one", "two", "three"]


def test_an_order_made_from_an_older_one_is_refused_and_the_list_shown_anew(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        release_id = draft_of(wb, "one", "two")
        page = steps_page(tab(serving), release_id)
        box = option(page, "two").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + 60, box["y"] - 30, steps=4)
        wb.templates.add(release_id, name="ben's", category="deploy", type="bash", content="true", position=0)
        page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="The list changed meanwhile")).to_be_visible(timeout=SLOW)
    expect(option(page, "ben's")).to_be_visible()
    assert shown_order(page) == names_of(serving, release_id) == ["ben's", "one", "two"]


def test_a_text_is_previewed_for_another_customer_as_it_is_typed(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "Back up", content="echo ${{ namespace }}")
        first, second = wb.customers.list()[:2]
    window = tab(serving)
    page = steps_page(window, release_id, customer=first.id)
    expect(preview(page)).to_contain_text(f"echo {first.namespace}", timeout=SLOW)
    write(page, "pg_dump ${{ namespace }} # typed")
    expect(preview(page)).to_contain_text(f"pg_dump {first.namespace} # typed", timeout=SLOW)
    expect(preview(page)).to_contain_text(words.STEPS_PREVIEW_OF_TYPED)
    page.get_by_label("Preview for").click()
    page.get_by_placeholder("Search").fill(f"/{second.namespace}")
    page.get_by_role("option").filter(has_text=f"/{second.namespace}").first.click()
    expect(preview(page)).to_contain_text(f"pg_dump {second.namespace} # typed", timeout=SLOW)
    expect(page).to_have_url(re.compile(f"customer={second.id}"))
    assert (window.console, window.outside) == ([], [])


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("echo ${{ customer.nmae }}", "customer.nmae"),
        ("export API_KEY=sk_live_4eC39HqLyjWDarjtT1zdp7dc99", "looks like it holds a secret"),
        ("echo ${{ vars.no_such_key }}", "no_such_key"),
    ],
)
def test_what_is_odd_in_a_text_is_said_while_it_is_typed(serving: Serving, tab: Tabs, text: str, warned: str) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "Back up")
    page = steps_page(tab(serving), release_id)
    write(page, text)
    expect(page.get_by_role("list", name="Warnings")).to_contain_text(warned, timeout=SLOW)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible(timeout=SLOW)


def test_a_duplicate_name_no_verify_step_and_an_empty_text_are_warned_of(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "Back up", "Upgrade")
    page = steps_page(tab(serving), release_id)
    warnings = page.get_by_role("list", name="Warnings")
    expect(warnings).to_contain_text("no verify step", timeout=SLOW)
    page.get_by_label("Name", exact=True).fill("upgrade")
    expect(warnings).to_contain_text("Another step of this category is called", timeout=SLOW)
    write(page, " ")
    expect(warnings).to_contain_text("There is no content yet", timeout=SLOW)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("", "true", "must not be blank"),
        ("Back up", "x" * 70_000, "longer than"),
        ("Back up", 'echo "${{ customer.name | sh }}"', "quotes"),
    ],
)
def test_what_is_refused_says_why_and_stays_as_it_was_typed(
    serving: Serving, tab: Tabs, name: str, text: str, why: str
) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "Back up")
    page = steps_page(tab(serving), release_id)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("typed before")
    write(page, text)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Refused.").filter(has_text=why)).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    expect(page.get_by_label("Description")).to_have_value("typed before")
    expect(editor(page)).to_have_value(re.compile(re.escape(text[:30])))
    with serving.open() as wb:
        assert wb.templates.list(release_id)[0].content == "true"


def test_what_is_typed_survives_another_selection_and_can_be_discarded(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two")
    page = steps_page(tab(serving), release_id)
    write(page, "echo not saved yet")
    option(page, "two").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("two")
    expect(editor(page)).to_have_value("true")
    expect(option(page, "one")).to_have_accessible_name(re.compile("not saved"))
    option(page, "one").click()
    expect(editor(page)).to_have_value("echo not saved yet", timeout=SLOW)
    page.get_by_role("button", name="Discard what I typed").click()
    expect(editor(page)).to_have_value("true", timeout=SLOW)
    expect(option(page, "one")).not_to_have_accessible_name(re.compile("not saved"))


def test_a_step_of_a_draft_is_deleted_when_confirmed_and_comes_back_by_undo(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two")
    page = steps_page(tab(serving), release_id)
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Leave it as it is").click()
    assert names_of(serving, release_id) == ["one", "two"]
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Delete this step").click()
    expect(page.get_by_role("status").filter(has_text="“one” is deleted.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Name", exact=True)).to_have_value("two")
    assert names_of(serving, release_id) == ["two"]
    page.get_by_role("button", name="Undo").click()
    expect(option(page, "one")).to_be_visible(timeout=SLOW)
    assert names_of(serving, release_id) == ["one", "two"]


def test_hostile_names_and_texts_show_literally(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        cluster = wb.clusters.create(name=f"c {HOSTILE}"[:60], kubeconfig_path=None, metadata={"k": HOSTILE})
        customer = wb.customers.create(cluster_id=cluster.id, namespace="hostile", name=HOSTILE)
        release = wb.releases.create(name=f"R {HOSTILE}", type="hotfix", version_number=HOSTILE[:60])
        content = f"{HOSTILE}\n```\n\u202eright to left\u202c ${{{{ customer.name }}}}"
        wb.templates.add(release.id, name=HOSTILE, category="deploy", type="text", content=content)
    window = tab(serving)
    page = steps_page(window, release.id, customer=customer.id)
    expect(deploy(page)).to_contain_text("<img src=x onerror=window.__pwn=1>")
    expect(page.get_by_label("Name", exact=True)).to_have_value(HOSTILE)
    expect(preview(page)).to_contain_text("<img src=x onerror=window.__pwn=1>", timeout=SLOW)
    expect(preview(page).get_by_role("img", name=re.compile("RIGHT-TO-LEFT OVERRIDE"))).to_be_visible()
    expect(page.get_by_label("Preview for")).to_contain_text("<b>bold</b>")
    page.get_by_label("Name", exact=True).fill(f"{HOSTILE} again")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="<b>bold</b>")).to_be_visible(timeout=SLOW)
    assert page.evaluate("window.__pwn") is None
    assert (window.console, window.outside) == ([], [])


def test_a_text_of_64_kb_is_edited_previewed_and_saved_whole(serving: Serving, tab: Tabs) -> None:
    line = "echo " + "x" * 122
    text = "\n".join([line] * 510)
    with serving.open() as wb:
        release_id = draft_of(wb, "Long", content=text)
    window = tab(serving)
    page = steps_page(window, release_id)
    expect(preview(page)).to_contain_text(line, timeout=SLOW)
    editor(page).click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.insert_text("\necho the end")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible(timeout=SLOW)
    with serving.open() as wb:
        assert wb.templates.list(release_id)[0].content == f"{text}\necho the end"
    assert (window.console, window.outside) == ([], [])


def test_a_placeholder_is_copied(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one")
    page = steps_page(tab(serving), release_id)
    page.get_by_role("button", name="Copy ${{ namespace }}").click(timeout=SLOW)
    expect(page.get_by_text("Copied ${{ namespace }}")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "${{ namespace }}"


def test_an_archived_release_can_be_read_and_not_changed(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two")
        wb.releases.activate(release_id, customer_ids=[wb.customers.list()[0].id])
        wb.releases.archive(release_id)
    window = tab(serving)
    page = steps_page(window, release_id)
    expect(page.get_by_text(words.STEPS_ARCHIVED)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    expect(
        page.get_by_role("button", name=re.compile("^(Save|Preview the change|Delete|Retire|New|Move)"))
    ).to_have_count(0)
    option(page, "two").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("two")
    expect(editor(page)).to_be_disabled()
    expect(editor(page)).to_have_value("true")
    expect(preview(page)).to_contain_text("true")
    assert (window.console, window.outside) == ([], [])


def test_an_empty_workbook_says_so_and_leads_to_the_releases(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/steps")
    expect(page.get_by_text(words.STEPS_NONE)).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("link", name=words.TO_RELEASES)).to_have_attribute("href", "/releases")
    assert (window.console, window.outside) == ([], [])


def test_a_link_to_a_step_opens_it_and_one_to_nothing_says_so(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release_id = draft_of(wb, "one", "two")
        second = wb.templates.list(release_id)[1]
    window = tab(serving)
    page = steps_page(window, release_id, template=second.id)
    expect(page.get_by_label("Name", exact=True)).to_have_value("two")
    option(page, "one").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("one")
    expect(page).not_to_have_url(re.compile(f"template={second.id}"))
    steps_page(window, release_id, template=999_999)
    expect(page.get_by_text(words.STEPS_NO_SUCH)).to_be_visible()
    window.goto("/steps?release=999999")
    expect(page.get_by_text(words.NO_SUCH_RELEASE)).to_be_visible(timeout=SLOW)


def test_what_is_typed_while_another_step_is_picked_never_becomes_its_text(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        draft = wb.releases.create(name="hurry", type="hotfix")
        stored = {
            name: wb.templates.add(draft.id, name=name, category="deploy", type="bash", content=f"echo {name}").id
            for name in ("one", "two", "three")
        }
    page = tab(serving).goto(f"/steps?release={draft.id}&template={stored['one']}")
    expect(editor(page)).to_have_value(re.compile(re.escape("echo one")), timeout=3 * SLOW)
    for turn, name in enumerate(("two", "three", "two", "one")):
        editor(page).press("End")
        page.keyboard.type(f" x{turn}")
        option(page, name).click()
        page.keyboard.type(f"y{turn}")
        editor(page).click()
        page.keyboard.type(f" z{turn}")
    expect(page.get_by_label("Name", exact=True)).to_have_value("one", timeout=3 * SLOW)
    for name in stored:
        option(page, name).click()
        expect(page.get_by_label("Name", exact=True)).to_have_value(name, timeout=3 * SLOW)
        expect(editor(page)).to_have_value(re.compile(re.escape(f"echo {name}")), timeout=3 * SLOW)
        shown = editor(page).input_value()
        save = page.get_by_role("button", name="Save", exact=True)
        save.click()
        page.wait_for_timeout(1_500)
        with serving.open() as wb:
            kept = wb.templates.get(stored[name]).content
        assert kept in (shown, f"echo {name}"), name
        others = set(stored) - {name}
        assert not any(f"echo {other}" in kept for other in others)
