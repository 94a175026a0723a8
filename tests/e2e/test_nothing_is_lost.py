"""What was typed is there when one comes back, what was asked still holds, and a locked database empties no panel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e import test_inventory_page as inventory
from tests.e2e.conftest import Serving
from tests.e2e.test_releases_page import Tabs, active, card, draft, open_tab, press, quiet, refused, stored, title
from tests.e2e.test_releases_page import releases_page as releases
from tests.e2e.test_steps_page import steps_page
from tests.e2e.test_steps_propagation import TEXT, group, planned
from tests.e2e.test_steps_propagation import active as propagating

pytestmark = pytest.mark.browser

SLOW = 20_000


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Every expectation may take its time: the machine may be busy."""
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5_000)


@contextmanager
def locked(server: Serving) -> Iterator[None]:
    """Another program holds the database."""
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_draft_is_only_deleted_as_it_was_asked_about(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open("ben") as wb:
        release = draft(wb)
        window = tab(serving_empty)
        page = releases(window, f"/releases?release={release.id}")
        open_tab(page, "Delete")
        press(page, "Delete this draft …")
        refused(page, "with its 2 steps?")
        wb.templates.add(release.id, name="Third", category="deploy", type="bash", content="true")
        press(page, "Delete for good")
        refused(page, "Delete the draft 2026.12 with its 3 steps?")
        refused(page, "is no longer what you were asked about")
        assert [each.name for each in wb.releases.list()] == ["2026.12"]
        press(page, "Delete for good")
        stored(page, "Deleted the draft 2026.12.")
        assert wb.releases.list() == []
    quiet(window)


def test_a_plan_follows_what_others_do_and_is_not_carried_out_when_it_is_another(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        release_id, steps, _ = propagating(wb)
        window = tab(serving)
        page = steps_page(window, release_id)
        planned(page, TEXT)
        expect(group(page, "2 steps will be changed")).to_be_visible()
        wb.steps.mark_done(steps[4])
        expect(group(page, "1 step will be changed")).to_be_visible()
        refused(page, "this is what the change does now")
        press(page, "Save and change 1 step")
        expect(page.get_by_role("status").filter(has_text="1 step took the change.")).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        wb.releases.archive(release_id)
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    quiet(window)


def test_text_of_a_release_is_kept_over_tabs_and_cards_until_it_is_stored_or_dropped(
    serving_empty: Serving, tab: Tabs
) -> None:
    with serving_empty.open() as wb:
        release = active(wb)
        draft(wb, name="other")
        window = tab(serving_empty)
        page = releases(window, f"/releases?release={release.id}")
        expect(title(page, "2026.12")).to_be_visible()
        open_tab(page, "Edit")
        expect(page.get_by_text("Unsaved", exact=True)).to_have_count(0)
        page.get_by_label("Description").fill("half a sentence")
        open_tab(page, "Clone")
        page.get_by_label("Its version").fill("9.9.9")
        open_tab(page, "Hold or remove")
        page.get_by_label("Reason").fill("change fr")
        card(page, "other").click()
        expect(title(page, "other")).to_be_visible()
        press(page, "New release")
        page.get_by_label("Name").fill("not yet")
        card(page, "2026.12").click()
        expect(title(page, "2026.12")).to_be_visible()
        open_tab(page, "Clone")
        expect(page.get_by_label("Its version")).to_have_value("9.9.9")
        open_tab(page, "Hold or remove")
        expect(page.get_by_label("Reason")).to_have_value("change fr")
        press(page, "New release")
        expect(page.get_by_label("Name")).to_have_value("not yet")
        press(page, "Discard what I typed")
        expect(page.get_by_label("Name")).to_have_value("")

        card(page, "2026.12").click()
        wb.acting_as("ben").releases.update(release.id, description="ben was here")
        open_tab(page, "Edit")
        expect(page.get_by_label("Description")).to_have_value("half a sentence")
        expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
        press(page, "Save")
        refused(page, "ben")
        press(page, "Save mine over it")
        stored(page, "2026.12 is saved.")
        assert wb.releases.get(release.id).description == "half a sentence"
        expect(page.get_by_text("Unsaved", exact=True)).to_have_count(0)
    quiet(window)


def test_text_in_the_inventory_is_kept_over_rows_until_it_is_stored_or_dropped(
    serving_empty: Serving, tab: Tabs
) -> None:
    with serving_empty.open() as wb:
        cluster = inventory.a_cluster(wb)
        customer = inventory.a_customer(wb, cluster)
        window = tab(serving_empty)
        page = inventory.opened(window, f"?customer={customer.id}")
        expect(inventory.heading(page, "Acme")).to_be_visible()
        expect(page.get_by_role("tab", name="History")).to_be_visible()
        inventory.press_tab(page, "Edit")
        page.get_by_label("Description").fill("half a sentence")
        inventory.row(page, "eu-1").first.click()
        expect(inventory.heading(page, "eu-1")).to_be_visible()
        expect(inventory.button(page, "Create customer")).to_be_visible()
        expect(inventory.button(page, "Save")).to_have_count(0)
        page.get_by_label("Namespace").fill("second-prod")
        press(page, "New cluster")
        page.get_by_label("Kubeconfig path").fill("~/.kube/next")
        inventory.row(page, "Acme").click()
        expect(inventory.heading(page, "Acme")).to_be_visible()
        expect(page.get_by_role("tab", name="History")).to_be_visible()
        inventory.press_tab(page, "Edit")
        expect(page.get_by_label("Description")).to_have_value("half a sentence")
        press(page, "New cluster")
        expect(page.get_by_label("Kubeconfig path")).to_have_value("~/.kube/next")
        inventory.row(page, "eu-1").first.click()
        expect(page.get_by_label("Namespace")).to_have_value("second-prod")
        expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
        press(page, "Discard what I typed")
        expect(page.get_by_label("Namespace")).to_have_value("")
        inventory.row(page, "Acme").click()
        expect(page.get_by_role("tab", name="History")).to_be_visible()
        inventory.press_tab(page, "Edit")
        press(page, "Save")
        expect(page.get_by_role("status").filter(has_text="Acme is saved.")).to_be_visible()
        expect(page.get_by_text("Unsaved", exact=True)).to_have_count(0)
        assert wb.customers.get(customer.id).description == "half a sentence"
    quiet(window)


def said_as_locked(page: Any) -> None:
    expect(page.get_by_role("alert").filter(has_text="holds the database").first).to_be_visible(timeout=40_000)


def test_what_is_picked_while_the_database_is_locked_says_so_and_appears_afterwards(
    serving: Serving, tab: Tabs
) -> None:
    with serving.open() as wb:
        customer = next(each for each in wb.customers.list())
        running = next(each for each in wb.releases.list() if each.status == "active")
    window = tab(serving)
    page = inventory.opened(window)
    expect(inventory.search(page)).to_be_visible()
    inventory.search(page).fill(customer.namespace)
    expect(inventory.row(page, customer.name).first).to_be_visible()
    with locked(serving):
        inventory.row(page, customer.name).first.click()
        said_as_locked(page)
    expect(inventory.heading(page, customer.name)).to_be_visible()
    expect(page.get_by_role("tab", name="History")).to_be_visible()

    page = releases(window)
    press(page, "New release")
    expect(page.get_by_label("Name")).to_be_visible()
    with locked(serving):
        card(page, running.name).click()
        said_as_locked(page)
    expect(title(page, running.name)).to_be_visible()
    expect(page.get_by_role("tab", name="Members")).to_be_visible()
