"""The releases page in a browser, used as a person does: by role and label."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.model.values import Release
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
SLOW = 20_000


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Every expectation may take its time: the machine may be busy."""
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5_000)


def releases_page(window: Tab, address: str = "/releases") -> Any:
    """The page, once its list is there."""
    page = window.goto(address)
    expect(listed(page)).to_be_visible(timeout=SLOW)
    return page


def listed(page: Any) -> Any:
    return page.get_by_role("navigation", name="All releases")


def card(page: Any, name: str) -> Any:
    return listed(page).get_by_role("button", name=re.compile(f"^{re.escape(name)}"))


def title(page: Any, name: str) -> Any:
    """The heading of the open release."""
    return page.locator(".ro-head").get_by_role("heading", name=name, exact=True)


def open_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click(timeout=SLOW)


def press(page: Any, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name, exact=isinstance(name, str)).click(timeout=SLOW)


def choose(page: Any, *names: str) -> None:
    for name in names:
        page.get_by_role("checkbox", name=name).check(timeout=SLOW)


def stored(page: Any, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=SLOW)


def refused(page: Any, text: str) -> None:
    expect(page.get_by_role("alert").filter(has_text=text)).to_be_visible(timeout=SLOW)


def quiet(window: Tab) -> None:
    assert (window.console, window.outside) == ([], [])


def stock(wb: Workbook) -> dict[str, int]:
    """Two clusters with two customers each; ids by name."""
    ids = {}
    for cluster_name in ("eu-1", "us-1"):
        cluster = wb.clusters.create(name=cluster_name, kubeconfig_path="~/.kube/config")
        for number in (1, 2):
            name = f"{cluster_name} customer {number}"
            metadata = {"db_host": "db1"} if number == 1 else {}
            customer = wb.customers.create(
                cluster_id=cluster.id, namespace=f"{cluster_name}-{number}", name=name, metadata=metadata
            )
            ids[name] = customer.id
    return ids


def draft(wb: Workbook, name: str = "2026.12", **fields: Any) -> Release:
    """A draft of two steps, of which one needs the customer's db_host."""
    release = wb.releases.create(**{"name": name, "type": "release", "version_number": "4.2.0"} | fields)
    wb.templates.add(release.id, name="Migrate", category="deploy", type="text", content="on ${{ vars.db_host }}")
    wb.templates.add(release.id, name="Look", category="verify", type="text", content="look at ${{ release.version }}")
    return release


def active(wb: Workbook, names: tuple[str, ...] = ("eu-1 customer 1", "eu-1 customer 2", "us-1 customer 1")) -> Release:
    ids = stock(wb)
    return wb.releases.activate(draft(wb).id, customer_ids=[ids[name] for name in names])


def states(wb: Workbook, release: Release) -> dict[str, tuple[str, str | None]]:
    names = {customer.id: customer.name for customer in wb.customers.list(inactive=True)}
    return {names[each.customer_id]: (each.state.value, each.reason) for each in wb.releases.members(release.id)}


def test_a_release_is_created_activated_for_one_cluster_and_given_another_customer(
    serving_empty: Serving, tab: Tabs
) -> None:
    with serving_empty.open() as wb:
        ids = stock(wb)
        window = tab(serving_empty)
        page = releases_page(window)
        page.get_by_label("Name").fill("2026.12")
        page.get_by_label("Type").select_option("hotfix")
        page.get_by_label("Version").fill("4.2.0")
        page.get_by_label("Release date").fill("2026-12-01")
        page.get_by_label("Description").fill("Faster search.")
        page.get_by_label("Metadata").fill("registry = r.example\nnote = a = b")
        press(page, "Create draft")
        stored(page, "Created the draft 2026.12")
        (release,) = wb.releases.list()
        assert (release.type, release.version_number, release.description) == ("hotfix", "4.2.0", "Faster search.")
        assert (f"{release.release_date:%Y-%m-%d %H:%M}", release.metadata) == (
            "2026-12-01 00:00",
            {"note": "a = b", "registry": "r.example"},
        )
        expect(title(page, "2026.12")).to_be_visible()
        expect(card(page, "2026.12")).to_contain_text("0 steps")
        assert page.url.endswith(f"/releases?release={release.id}")

        wb.templates.add(release.id, name="Migrate", category="deploy", type="text", content="${{ vars.db_host }}")
        expect(card(page, "2026.12")).to_contain_text("1 step", timeout=10_000)
        expect(page.get_by_role("button", name="Activate", exact=True)).to_be_disabled()
        choose(page, "Cluster eu-1")
        expect(page.get_by_text("2 of 4 selected")).to_be_visible()
        warned = page.get_by_role("note").filter(has_text="cannot render")
        expect(warned).to_contain_text("Migrate")
        expect(warned).to_contain_text("eu-1 customer 2 (eu-1/eu-1-2)")
        expect(warned).not_to_contain_text("eu-1 customer 1")
        press(page, "Activate for 2 customers")
        stored(page, "2026.12 is active for 2 customers.")
        expect(page.get_by_role("status").get_by_role("link", name="Open the matrix")).to_have_attribute(
            "href", f"/matrix?release={release.id}"
        )
        assert states(wb, release) == {"eu-1 customer 1": ("active", None), "eu-1 customer 2": ("active", None)}

        open_tab(page, "Add customers")
        expect(page.get_by_text("0 of 2 selected")).to_be_visible()
        choose(page, "us-1 customer 1, us-1/us-1-1")
        expect(page.get_by_text("Every step has its text")).to_be_visible()
        press(page, "Add 1 customer")
        stored(page, "Added 1 customer.")
        assert {each.customer_id for each in wb.releases.members(release.id)} == {
            ids["eu-1 customer 1"],
            ids["eu-1 customer 2"],
            ids["us-1 customer 1"],
        }
    quiet(window)


def test_only_customers_who_are_not_on_this_version_are_chosen_by_one_button(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        first = active(wb)
        done = next(each.customer_id for each in wb.releases.members(first.id))
        for step in wb.steps.list(first.id, done):
            wb.steps.mark_done(step.id)
        second = draft(wb, name="again")
        page = releases_page(tab(serving_empty), f"/releases?release={second.id}")
        press(page, "Not on 4.2.0 (3)")
        press(page, "Activate for 3 customers")
        stored(page, "again is active for 3 customers.")
        assert done not in {each.customer_id for each in wb.releases.members(second.id)}


def test_members_are_held_resumed_and_removed_with_a_reason_and_come_back(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        window = tab(serving_empty)
        page = releases_page(window, f"/releases?release={release.id}")
        open_tab(page, "Hold or remove")
        choose(page, "eu-1 customer 1, eu-1/eu-1-1", "us-1 customer 1, us-1/us-1-1")
        press(page, "Hold")
        refused(page, "must say why")
        expect(page.get_by_text("2 of 3 selected")).to_be_visible()
        page.get_by_label("Reason").fill("change freeze <b>until</b> Monday")
        press(page, "Hold")
        stored(page, "2 customers put on hold.")
        held = ("held", "change freeze <b>until</b> Monday")
        assert states(wb, release) == {
            "eu-1 customer 1": held,
            "eu-1 customer 2": ("active", None),
            "us-1 customer 1": held,
        }
        expect(page.get_by_label("Reason")).to_have_value("")
        open_tab(page, "Members")
        expect(page.get_by_role("row", name=re.compile("eu-1 customer 1"))).to_contain_text(
            "held: change freeze <b>until</b> Monday"
        )

        open_tab(page, "Hold or remove")
        press(page, "On hold (2)")
        press(page, "Resume")
        stored(page, "2 customers resumed.")
        assert {state for state, _ in states(wb, release).values()} == {"active"}

        choose(page, "us-1 customer 1, us-1/us-1-1")
        page.get_by_label("Reason").fill("contract ended")
        press(page, "Remove")
        stored(page, "1 customer removed.")
        assert states(wb, release)["us-1 customer 1"] == ("removed", "contract ended")
        expect(page.get_by_role("checkbox", name=re.compile("us-1 customer 1"))).to_have_count(0)
        open_tab(page, "Add customers")
        choose(page, "us-1 customer 1, us-1/us-1-1")
        expect(page.get_by_text("removed, would come back")).to_be_visible()
        press(page, "Add 1 customer")
        stored(page, "Added 1 customer.")
        assert states(wb, release)["us-1 customer 1"] == ("active", None)
    quiet(window)


def test_what_cannot_be_done_to_members_is_said_and_the_reason_stays(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        page = releases_page(tab(serving_empty), f"/releases?release={release.id}")
        open_tab(page, "Hold or remove")
        page.get_by_label("Reason").fill("change freeze")
        press(page, "Hold")
        refused(page, "must name at least one customer")
        choose(page, "eu-1 customer 1, eu-1/eu-1-1")
        press(page, "Resume")
        refused(page, "eu-1 customer 1")
        expect(page.get_by_label("Reason")).to_have_value("change freeze")
        expect(page.get_by_role("checkbox", name="eu-1 customer 1, eu-1/eu-1-1")).to_be_checked()


def test_what_others_do_to_members_appears_and_what_is_typed_stays(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open("ben") as wb:
        release = active(wb)
        page = releases_page(tab(serving_empty), f"/releases?release={release.id}")
        open_tab(page, "Hold or remove")
        choose(page, "eu-1 customer 1, eu-1/eu-1-1")
        page.get_by_label("Reason").fill("half a rea")
        held = next(each.customer_id for each in wb.releases.members(release.id) if each.state == "active")
        wb.releases.hold(release.id, [held], "ben says so")
        wb.steps.mark_done(wb.steps.list(release.id, held + 2)[0].id)
        expect(page.get_by_text("held", exact=True)).to_be_visible(timeout=10_000)
        expect(page.get_by_label("Reason")).to_have_value("half a rea")
        expect(page.get_by_role("checkbox", name="eu-1 customer 1, eu-1/eu-1-1")).to_be_checked()
        expect(card(page, "2026.12")).to_contain_text("50 %", timeout=10_000)
        wb.releases.archive(release.id)
        expect(page.get_by_text("2026.12 is archived now")).to_be_visible(timeout=10_000)
        expect(page.get_by_label("Reason")).to_have_value("half a rea")
        press(page, "Show what can be done now")
        expect(page.get_by_role("tab", name="Reopen")).to_be_visible(timeout=10_000)


def test_archiving_open_work_asks_and_reopening_takes_it_back(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        window = tab(serving_empty)
        page = releases_page(window, f"/releases?release={release.id}")
        open_tab(page, "Archive")
        press(page, "Archive …")
        refused(page, "6 steps still open")
        assert wb.releases.get(release.id).status == "active"
        press(page, "Archive all the same")
        stored(page, "2026.12 is archived.")
        assert wb.releases.get(release.id).status == "archived"
        expect(card(page, "2026.12")).to_contain_text("6 steps left open")
        open_tab(page, "Reopen")
        press(page, "Reopen")
        stored(page, "2026.12 is out of the archive, active again.")
        expect(page.get_by_role("tab", name="Add customers")).to_be_visible()
        assert wb.releases.get(release.id).status == "active"
    quiet(window)


def test_a_release_without_open_work_is_archived_at_once(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb, ("eu-1 customer 1",))
        for step in wb.steps.list(release.id, wb.releases.members(release.id)[0].customer_id):
            wb.steps.mark_done(step.id)
        page = releases_page(tab(serving_empty), f"/releases?release={release.id}")
        open_tab(page, "Archive")
        press(page, "Archive …")
        stored(page, "2026.12 is archived.")
        expect(card(page, "2026.12")).to_contain_text("nothing left open")


def test_a_release_is_cloned_and_the_draft_deleted_after_asking(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        window = tab(serving_empty)
        page = releases_page(window, f"/releases?release={release.id}")
        open_tab(page, "Clone")
        page.get_by_label("Name of the new draft").fill("2026.12")
        page.get_by_label("Its version").fill("4.3.0")
        press(page, "Clone into a draft")
        refused(page, "another release has this name")
        expect(page.get_by_label("Its version")).to_have_value("4.3.0")
        page.get_by_label("Name of the new draft").fill("2027.01")
        press(page, "Clone into a draft")
        stored(page, "Created the draft 2027.01 with the 2 steps of 2026.12.")
        expect(title(page, "2027.01")).to_be_visible()
        made = next(each for each in wb.releases.list() if each.name == "2027.01")
        assert (made.status, made.version_number, len(wb.templates.list(made.id))) == ("draft", "4.3.0", 2)

        open_tab(page, "Delete")
        press(page, "Delete this draft …")
        refused(page, "Delete the draft 2027.01 with its 2 steps?")
        assert len(wb.releases.list()) == 2
        press(page, "Delete for good")
        stored(page, "Deleted the draft 2027.01.")
        assert [each.name for each in wb.releases.list()] == ["2026.12"]
        expect(card(page, "2027.01")).to_have_count(0)
        expect(title(page, "2026.12")).to_be_visible()
    quiet(window)


def test_an_edit_that_changes_open_texts_asks_first_and_keeps_what_was_typed(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        looks = wb.steps.list(release.id, wb.releases.members(release.id)[0].customer_id)[1]
        wb.steps.start(looks.id)
        window = tab(serving_empty)
        page = releases_page(window, f"/releases?release={release.id}")
        open_tab(page, "Edit")
        page.get_by_label("Version").fill("4.2.1")
        page.get_by_label("Description").fill("mended")
        press(page, "Save")
        refused(page, "2 steps still to be started and of 1 step in progress")
        assert wb.releases.get(release.id).version_number == "4.2.0"
        expect(page.get_by_label("Version")).to_have_value("4.2.1")
        press(page, "Save all the same")
        stored(page, "2026.12 is saved.")
        after = wb.releases.get(release.id)
        assert (after.version_number, after.description) == ("4.2.1", "mended")
        expect(page.get_by_label("Version")).to_have_value("4.2.1")

        page.wait_for_timeout(2_000)  # the form is drawn anew after it was saved: ben comes after that
        wb.acting_as("ben").releases.update(release.id, description="ben was here")
        page.get_by_label("Description").fill("and so was ana")
        press(page, "Save")
        refused(page, "ben")
        expect(page.get_by_label("Description")).to_have_value("and so was ana")
        assert wb.releases.get(release.id).description == "ben was here"
    quiet(window)


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("Name", "  ", "must not be blank"),
        ("Name", "20261", "must not be digits only"),
        ("Name", "taken", "another release has this name"),
        ("Version", "9" * 101, "longer than 100 characters"),
        ("Release date", "next week", "must be a day such as"),
        ("Metadata", "registry", "each line must be key = value"),
        ("Metadata", "a = 1\na = 2", "stands there twice"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_beside_the_form_and_everything_typed_stays(
    serving_empty: Serving, tab: Tabs, field: str, typed: str, why: str
) -> None:
    with serving_empty.open() as wb:
        draft(wb, name="taken")
        page = releases_page(tab(serving_empty))
        press(page, "New release")
        page.get_by_label("Name").fill("2027.01", timeout=SLOW)
        page.get_by_label("Description").fill("typed with care")
        page.get_by_label(field).fill(typed)
        press(page, "Create draft")
        refused(page, why)
        expect(page.get_by_label(field)).to_have_value(typed)
        expect(page.get_by_label("Description")).to_have_value("typed with care")
        assert len(wb.releases.list()) == 1


def test_a_draft_without_steps_is_not_activated_and_says_why(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        stock(wb)
        release = wb.releases.create(name="bare", type="release")
        page = releases_page(tab(serving_empty), f"/releases?release={release.id}")
        choose(page, "Every customer")
        refused(page, "has no step template")
        press(page, "Activate for 4 customers")
        expect(page.get_by_role("alert").filter(has_text="has no step template").last).to_be_visible()
        expect(page.get_by_text("4 of 4 selected")).to_be_visible()
        assert wb.releases.get(release.id).status == "draft"


def test_links_open_what_they_name_or_say_that_it_is_not_there(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        archived = next(each for each in wb.releases.list() if each.status == "archived")
        running = next(each for each in wb.releases.list() if each.status == "active")
    window = tab(serving)
    page = releases_page(window, f"/releases?release={archived.id}")
    expect(title(page, archived.name)).to_be_visible()
    expect(card(page, archived.name)).to_have_attribute("aria-current", "true")
    card(page, running.name).click()
    expect(title(page, running.name)).to_be_visible()
    expect(page.locator(".ro-head").get_by_role("link", name="Open the matrix")).to_be_visible()
    assert page.url.endswith(f"?release={running.id}")
    page.reload()
    expect(title(page, running.name)).to_be_visible(timeout=SLOW)

    for wrong in ("4711", "no such name", "9" * 40):
        page = releases_page(window, f"/releases?release={wrong}")
        refused(page, "There is no such release")
    card(page, running.name).click()
    expect(title(page, running.name)).to_be_visible()
    quiet(window)


def test_hostile_names_stand_there_literally(serving_empty: Serving, tab: Tabs) -> None:
    name = '<img src=x onerror="window.hit=1">**b**[l](javascript:1) \u202eevil'
    with serving_empty.open() as wb:
        cluster = wb.clusters.create(name=name, kubeconfig_path="x")
        customer = wb.customers.create(cluster_id=cluster.id, namespace="acme", name=name)
        release = wb.releases.create(
            name=name, type="release", version_number=name[:90], description=name, metadata={"k": name}
        )
        wb.templates.add(release.id, name=name, category="deploy", type="text", content="${{ vars.none }}")
        window = tab(serving_empty)
        page = releases_page(window)
        shown = name.replace("\u202e", "⟨U+202E⟩")
        expect(title(page, shown)).to_be_visible(timeout=SLOW)
        expect(listed(page).get_by_role("button").filter(has_text=shown)).to_be_visible()
        choose(page, "Every customer")
        expect(page.get_by_role("note").filter(has_text="cannot render")).to_contain_text(shown)
        press(page, "Activate for 1 customer")
        stored(page, f"{shown} is active")
        wb.releases.hold(release.id, [customer.id], name)
        expect(page.get_by_role("row", name=re.compile("acme"))).to_contain_text(f"held: {shown}", timeout=10_000)
        for each in ("Hold or remove", "Edit", "Clone", "Archive"):
            open_tab(page, each)
            expect(page.get_by_role("tab", name=each)).to_have_attribute("aria-selected", "true")
        press(page, "Archive …")
        refused(page, "Not finished")
        assert page.evaluate("window.hit") is None
    quiet(window)


def test_an_empty_workbook_offers_the_first_release_and_the_way_to_the_inventory(
    serving_empty: Serving, tab: Tabs
) -> None:
    window = tab(serving_empty)
    page = releases_page(window)
    expect(listed(page)).to_contain_text("There is no release yet.")
    page.get_by_label("Name").fill("first")
    press(page, "Create draft")
    stored(page, "Created the draft first")
    expect(page.get_by_role("link", name="open the inventory")).to_have_attribute("href", "/inventory")
    quiet(window)


def test_a_double_press_creates_one_draft(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = releases_page(window)
    page.get_by_label("Name").fill("first")
    page.get_by_role("button", name="Create draft").dblclick()
    expect(title(page, "first")).to_be_visible(timeout=SLOW)
    with serving_empty.open() as wb:
        assert [each.name for each in wb.releases.list()] == ["first"]
