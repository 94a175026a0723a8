"""A release from nothing to archived, on an empty workbook, through the pages and without the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Serving, Tab
from tests.e2e.test_releases_page import SLOW, choose, open_tab, press, quiet, stored

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]


def turn_to(page: Any, name: str) -> None:
    """Go to another page by the bar at the top."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click(timeout=SLOW)
    expect(page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")).to_have_text(name, timeout=SLOW)


def panel_of(page: Any) -> Any:
    return page.get_by_role("region", name="Step", exact=True)


def add_cluster_and_customers(page: Any, cluster: str, *customers: str) -> None:
    page.get_by_label("Name", exact=True).fill(cluster, timeout=SLOW)
    page.get_by_label("Kubeconfig path").fill(f"~/.kube/{cluster}")
    press(page, "Create cluster")
    expect(page.get_by_text(f"{cluster} is created.")).to_be_visible(timeout=SLOW)
    for customer in customers:
        page.get_by_label("Namespace").fill(customer.lower(), timeout=SLOW)  # only the form of a customer has it
        page.get_by_label("Name", exact=True).fill(customer)
        press(page, "Create customer")
        expect(page.get_by_text(f"{customer} is created")).to_be_visible(timeout=SLOW)
        expect(page.get_by_label("Namespace")).to_have_value("", timeout=SLOW)


def write_step(page: Any, category: str, name: str, content: str) -> None:
    press(page, f"New {category} step")
    expect(page.get_by_role("heading", name=f"New {category} step")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Name", exact=True)).to_have_value("", timeout=SLOW)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(content)
    press(page, "Add this step")
    expect(page.get_by_role("status").filter(has_text=f"“{name}” is added.")).to_be_visible(timeout=SLOW)


def tick(page: Any, name: str, customer: str) -> None:
    """Click a cell of the matrix and mark it done."""
    cell = page.get_by_role("grid").get_by_role("gridcell", name=re.compile(f"^{name}, {customer}: "))
    cell.click(timeout=SLOW)
    expect(panel_of(page).get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
    panel_of(page).get_by_role("button", name=re.compile("^Mark done")).click(timeout=SLOW)
    expect(cell).to_have_accessible_name(re.compile(": done"), timeout=SLOW)


def test_a_release_from_nothing_to_archived_without_the_command_line(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/dashboard")

    turn_to(page, "Inventory")
    add_cluster_and_customers(page, "eu-1", "Acme", "Borealis")

    turn_to(page, "Releases")
    page.get_by_label("Name").fill("2026.12", timeout=SLOW)
    page.get_by_label("Version").fill("4.2.0")
    press(page, "Create draft")
    stored(page, "Created the draft 2026.12")
    page.get_by_role("status").get_by_role("link", name="Write its steps").click(timeout=SLOW)

    expect(page).to_have_url(re.compile(r"/steps\?release=1"), timeout=SLOW)
    write_step(page, "deploy", "Upgrade", "helm upgrade app --version ${{ release.version }} -n ${{ namespace }}")
    write_step(page, "verify", "Look", "kubectl get pods -n ${{ namespace }}")

    turn_to(page, "Releases")
    choose(page, "Cluster eu-1")
    expect(page.get_by_text("2 of 2 selected")).to_be_visible(timeout=SLOW)
    press(page, "Activate for 2 customers")
    stored(page, "2026.12 is active for 2 customers.")
    page.get_by_role("status").get_by_role("link", name="Open the matrix").click(timeout=SLOW)

    expect(page).to_have_url(re.compile(r"/matrix\?release=1"), timeout=SLOW)
    tick(page, "Upgrade", "Acme")
    expect(panel_of(page).get_by_text("helm upgrade app --version 4.2.0 -n acme").first).to_be_visible(timeout=SLOW)
    tick(page, "Look", "Acme")

    turn_to(page, "Releases")
    row = page.get_by_role("row", name=re.compile("Borealis"))
    expect(row).to_contain_text("0 %", timeout=SLOW)
    row.get_by_role("link", name="Borealis").click()
    expect(page).to_have_url(re.compile(r"/checklist\?release=1&customer=2"), timeout=SLOW)
    for name in ("Upgrade", "Look"):
        expect(panel_of(page).get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(600)  # an operator reads what has just come up
        panel_of(page).get_by_role("button", name=re.compile("^Mark done")).click(timeout=SLOW)
    expect(page.get_by_text("Borealis is complete").first).to_be_visible(timeout=SLOW)

    turn_to(page, "Releases")
    open_tab(page, "Archive")
    press(page, "Archive …")
    stored(page, "2026.12 is archived.")
    with serving_empty.open() as wb:
        release = wb.releases.get(1)
        assert (release.status, wb.progress(1).percentage) == ("archived", 100)
        commands = [step.executed_content for step in wb.steps.list(1, 2)]
        assert commands == ["helm upgrade app --version 4.2.0 -n borealis", "kubectl get pods -n borealis"]
    quiet(window)
