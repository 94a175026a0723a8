"""The dashboard in a browser, used as a person does: by role and label."""

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
LONG = 20_000


def active_release(wb: Workbook) -> Any:
    return next(release for release in wb.releases.list() if release.status == "active")


def card(page: Any, name: str) -> Any:
    return page.get_by_role("article", name=name, exact=True)


def opened(window: Tab) -> Any:
    page = window.goto("/dashboard")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible(timeout=LONG)
    return page


def test_what_failed_and_who_is_on_hold_comes_before_what_is_next(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        release = active_release(wb)
        (overview,) = wb.overview().active
    window = tab(serving)
    shown = card(opened(window), release.name)
    expect(shown.get_by_role("heading", level=3)).to_have_text(
        ["Failed", "On hold", "Reverted", "Next", "In progress", "Clusters"], timeout=LONG
    )
    expect(shown).to_contain_text(f"{len(overview.failed)} failed")
    expect(shown).to_contain_text(overview.held[0].customer_name)
    for name, progress in (("Deploy", overview.deploy), ("Verify", overview.verify)):
        expect(shown.get_by_role("img", name=re.compile(f"^{name}: "))).to_be_visible()
        expect(shown).to_contain_text(f"{progress.percentage} % · {progress.closed:,} of {progress.total:,} closed")
    assert (window.console, window.outside) == ([], [])


def test_a_failed_step_leads_to_the_matrix_and_the_next_one_to_the_checklist(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        (overview,) = wb.overview().active
    window = tab(serving)
    shown = card(opened(window), overview.release.name)
    coming, failed = overview.next_steps[0], overview.failed[0]
    expect(
        shown.get_by_role("listitem").filter(has_text=coming.customer_name).get_by_role("link", name=coming.name)
    ).to_have_attribute(
        "href",
        f"/checklist?release={overview.release.id}&customer={coming.customer_id}&step={coming.id}",
        timeout=LONG,
    )
    shown.get_by_role("listitem").filter(has_text=failed.customer_name).get_by_role("link", name=failed.name).click()
    expect(window.page.get_by_role("grid")).to_be_visible(timeout=LONG)
    assert window.page.url.endswith(f"/matrix?release={overview.release.id}&step={failed.id}")
    assert (window.console, window.outside) == ([], [])


def test_what_somebody_else_does_appears_without_a_reload(serving: Serving, tab: Tabs) -> None:
    with serving.open("ben") as wb:
        (overview,) = wb.overview().active
        window = tab(serving)
        page = opened(window)
        expect(card(page, overview.release.name)).to_be_visible(timeout=LONG)
        find = page.get_by_label("Find a customer or a version")
        find.fill("prod-eu")
        step = next(step for step in overview.next_steps if not wb.steps.render(step.id).problems)
        wb.steps.fail(step.id, reason="the <b>disk</b> is full")
    expect(card(page, overview.release.name)).to_contain_text("the <b>disk</b> is full", timeout=LONG)
    expect(card(page, overview.release.name)).to_contain_text(f"{len(overview.failed) + 1} failed")
    expect(find).to_have_value("prod-eu")
    assert (window.console, window.outside) == ([], [])


def test_the_version_of_a_customer_is_found(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        versions, clusters = wb.versions(), {cluster.id: cluster.name for cluster in wb.clusters.list()}
        customer = next(each for each in wb.customers.list() if each.id in versions)
        others = len(wb.customers.list(cluster_id=customer.cluster_id))
    version, cluster = versions[customer.id], clusters[customer.cluster_id]
    window = tab(serving)
    page = opened(window)
    section = page.get_by_role("region", name="Versions")
    folded = section.get_by_role("group").filter(has_text=cluster)
    expect(folded).to_contain_text(f"{others} customers", timeout=LONG)
    expect(section.get_by_role("link", name=customer.name, exact=True)).to_have_count(0)
    section.get_by_text(cluster, exact=True).click()
    table = section.get_by_role("table", name=f"Versions on {cluster}")
    expect(table.get_by_role("row")).to_have_count(others)
    row = table.get_by_role("row").filter(has_text=customer.namespace)
    expect(row).to_contain_text(version.version_number)
    expect(row).to_contain_text(f"{version.completed_at:%Y-%m-%d}")
    section.get_by_label("Find a customer or a version").fill(customer.namespace)
    expect(section.get_by_role("status")).to_have_text("1 customer found")
    expect(section.get_by_role("link")).to_have_attribute("href", f"/inventory?customer={customer.id}")
    section.get_by_label("Find a customer or a version").fill("nobody is called that")
    expect(section.get_by_role("status")).to_contain_text("No customer fits")
    assert (window.console, window.outside) == ([], [])


def test_a_customer_that_completes_a_release_gets_its_version_at_once(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        cluster = wb.clusters.create(name="lab")
        customer = wb.customers.create(cluster_id=cluster.id, namespace="lab-1", name="Lab <i>One</i>")
        release = wb.releases.create(name="lab only", type="hotfix", version_number="9.9.9")
        wb.templates.add(release.id, name="Only", category="verify", type="text", content="look")
        wb.releases.activate(release.id, customer_ids=[customer.id])
        window = tab(serving)
        page = opened(window)
        section = page.get_by_role("region", name="Versions")
        section.get_by_text("lab", exact=True).click(timeout=LONG)
        row = section.get_by_role("row").filter(has_text="lab-1")
        expect(row).to_contain_text(words.NO_VERSION)
        wb.steps.mark_done(wb.steps.list(release.id, customer.id)[0].id)
    expect(row).to_contain_text("9.9.9", timeout=LONG)
    expect(row).to_contain_text("Lab <i>One</i>")
    assert (window.console, window.outside) == ([], [])


def test_an_empty_workbook_is_led_to_its_first_release(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = opened(window)
    steps = page.get_by_role("main").get_by_role("listitem")
    expect(page.get_by_role("heading", name=words.FIRST_RUN_TITLE)).to_be_visible(timeout=LONG)
    expect(steps).to_have_count(3)
    expect(steps.nth(0)).to_have_attribute("aria-current", "step")
    expect(page.get_by_role("region", name="Versions")).to_be_hidden()
    hrefs = ["/inventory", "/releases", "/releases"]
    assert [steps.nth(at).get_by_role("link").get_attribute("href") for at in range(3)] == hrefs
    with serving_empty.open() as wb:
        cluster = wb.clusters.create(name="eu-1")
        customer = wb.customers.create(cluster_id=cluster.id, namespace="acme", name="Acme")
        expect(steps.nth(0)).to_contain_text("✓ done", timeout=LONG)
        expect(steps.nth(1)).to_have_attribute("aria-current", "step")
        draft = wb.releases.create(name="2026.11", type="release")
        expect(steps.nth(1).get_by_role("link")).to_have_attribute("href", f"/steps?release={draft.id}", timeout=LONG)
        expect(steps.nth(1)).not_to_contain_text("done")
        wb.templates.add(draft.id, name="Migrate", category="deploy", type="text", content="x")
        expect(steps.nth(1)).to_contain_text("✓ done", timeout=LONG)
        expect(steps.nth(2).get_by_role("link")).to_have_attribute("href", f"/releases?release={draft.id}")
        wb.releases.activate(draft.id, customer_ids=[customer.id])
    expect(card(page, "2026.11")).to_contain_text("0 of 1 closed", timeout=LONG)
    expect(page.get_by_text("Three steps to the first release")).to_have_count(0)
    expect(page.get_by_role("region", name="Versions")).to_be_visible()
    assert (window.console, window.outside) == ([], [])


def test_the_guide_leads_to_the_inventory(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    opened(window).get_by_role("link", name=words.FIRST_RUN[0][1]).click(timeout=LONG)
    expect(window.page.get_by_role("heading", name="Inventory", level=1)).to_be_visible(timeout=LONG)
    assert (window.console, window.outside) == ([], [])


def test_more_than_fits_is_counted_and_found_in_the_matrix(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        (overview,) = wb.overview().active
        pending = [
            step.id
            for step in wb.steps.across(wb.templates.list(overview.release.id)[-1].id)
            if step.status == "pending"
        ][:9]
        failed = len(overview.failed) + len(wb.steps.fail(pending, reason="x").steps)
    window = tab(serving)
    shown = card(opened(window), overview.release.name)
    expect(shown).to_contain_text(f"and {failed - 6} more", timeout=LONG)
    expect(shown.get_by_role("link", name=words.IN_THE_MATRIX).first).to_have_attribute(
        "href", f"/matrix?release={overview.release.id}&status=failed"
    )
    assert (window.console, window.outside) == ([], [])
