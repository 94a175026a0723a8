"""The inventory in a browser, used as a person does: by role and label."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.model.values import Cluster, Customer
from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
SLOW = 20_000
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **bold** \u202eevil"


def opened(window: Tab, query: str = "") -> Any:
    """The page with its list drawn."""
    page = window.goto(f"/inventory{query}")
    expect(search(page)).to_be_visible(timeout=SLOW)
    return page


def search(page: Any) -> Any:
    return page.get_by_label("Filter: Clusters and customers")


def row(page: Any, name: str) -> Any:
    return page.get_by_role("treeitem", name=name)


def heading(page: Any, name: str) -> Any:
    return page.get_by_role("heading", name=name, level=2)


def alert(page: Any) -> Any:
    return page.get_by_role("alert")


def press_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click(timeout=SLOW)
    if name == "Edit":
        expect(button(page, "Save")).to_be_visible(timeout=SLOW)


def button(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def a_cluster(wb: Workbook, **fields: Any) -> Cluster:
    return wb.clusters.create(**{"name": "eu-1", "kubeconfig_path": "~/.kube/eu-1"} | fields)


def a_customer(wb: Workbook, cluster: Cluster, **fields: Any) -> Customer:
    return wb.customers.create(cluster_id=cluster.id, **{"namespace": "acme-prod", "name": "Acme"} | fields)


def with_open_work(wb: Workbook, customer: Customer) -> int:
    """An active release whose one step says the customer's namespace; gives the release's id."""
    release = wb.releases.create(name="2026.12", type="release", version_number="4.3.0")
    wb.templates.add(release.id, name="Deploy", category="deploy", type="bash", content="helm -n ${{ namespace }}")
    wb.templates.add(release.id, name="Look", category="deploy", type="bash", content="kubectl -n ${{ namespace }}")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    return release.id


def test_an_empty_workbook_leads_to_its_first_cluster_and_customer(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = opened(window)
    expect(page.get_by_text("The inventory is empty.")).to_be_visible(timeout=SLOW)
    page.get_by_label("Name", exact=True).fill("eu-1")
    page.get_by_label("Kubeconfig path").fill("~/.kube/eu-1")
    page.get_by_label("Metadata").fill("registry = r.example\nwindow = 22:00 = late")
    button(page, "Create cluster").click()
    expect(page.get_by_text("eu-1 is created.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Now its first customer")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/inventory\?cluster=1$"))

    page.get_by_label("Namespace").fill("acme-prod")  # only the form of a customer has it
    page.get_by_label("Name", exact=True).fill("Acme")
    button(page, "Create customer").click()
    expect(page.get_by_text("Acme is created as eu-1/acme-prod.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Namespace")).to_have_value("")
    row(page, "Acme, eu-1/acme-prod").click(timeout=SLOW)
    expect(heading(page, "Acme")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("This customer takes part in no release yet.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/inventory\?customer=1$"))
    with serving_empty.open() as wb:
        cluster, customer = wb.clusters.get(1), wb.customers.get(1)
        assert cluster.metadata == {"registry": "r.example", "window": "22:00 = late"}
        assert (customer.name, customer.namespace, customer.cluster_id) == ("Acme", "acme-prod", 1)
    assert (window.console, window.outside) == ([], [])


def test_an_edit_that_changes_open_texts_is_counted_and_confirmed(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        customer = a_customer(wb, a_cluster(wb))
        release_id = with_open_work(wb, customer)
        wb.steps.start(wb.steps.list(release_id, customer.id)[0].id)
    window = tab(serving_empty)
    page = opened(window, f"?customer={customer.id}")
    press_tab(page, "Edit")
    page.get_by_label("Namespace").fill("acme-new")
    button(page, "Save").click(timeout=SLOW)
    expect(alert(page)).to_contain_text("1 step still to be started and of 1 step in progress", timeout=SLOW)
    expect(page.get_by_label("Namespace")).to_have_value("acme-new")
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).namespace == "acme-prod"
    button(page, "Save all the same").click()
    expect(page.get_by_text("Acme is saved.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Namespace")).to_have_value("acme-new")
    press_tab(page, "History")
    expect(page.get_by_text("namespace: acme-prod → acme-new")).to_be_visible(timeout=SLOW)
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).namespace == "acme-new"
    assert (window.console, window.outside) == ([], [])


def test_a_cluster_is_edited_and_the_list_follows(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        cluster = a_cluster(wb, metadata={"window": "late"})
        a_customer(wb, cluster)
    page = opened(tab(serving_empty))
    row(page, "Cluster eu-1").click()
    press_tab(page, "Edit")
    page.get_by_label("Name", exact=True).fill("eu-west")
    page.get_by_label("Metadata").fill("window = 22:00\nmotd = first\n  second")
    button(page, "Save").click()
    expect(page.get_by_text("eu-west is saved.")).to_be_visible(timeout=SLOW)
    expect(row(page, "Cluster eu-west, 1 customer")).to_be_visible()
    expect(row(page, "Acme, eu-west/acme-prod")).to_be_visible()
    expect(page.get_by_label("Metadata")).to_have_value("motd = first\n  second\nwindow = 22:00")
    with serving_empty.open() as wb:
        assert wb.clusters.get(cluster.id).metadata == {"motd": "first\nsecond", "window": "22:00"}


def test_a_duplicate_cluster_is_refused_beside_the_form_that_keeps_what_was_typed(
    serving_empty: Serving, tab: Tabs
) -> None:
    with serving_empty.open() as wb:
        a_cluster(wb)
    page = opened(tab(serving_empty))
    button(page, "New cluster").click()
    page.get_by_label("Name", exact=True).fill("eu-1")
    page.get_by_label("Metadata").fill("no equals sign")
    button(page, "Create cluster").click()
    expect(alert(page)).to_contain_text("each line must be key = value", timeout=SLOW)
    page.get_by_label("Metadata").fill("a = b")
    button(page, "Create cluster").click()
    expect(alert(page)).to_contain_text("another active cluster has this name", timeout=SLOW)
    expect(page.get_by_label("Name", exact=True)).to_have_value("eu-1")
    expect(page.get_by_label("Metadata")).to_have_value("a = b")
    page.get_by_label("Name", exact=True).fill("eu-2")
    button(page, "Create cluster").click()
    expect(page.get_by_text("eu-2 is created.")).to_be_visible(timeout=SLOW)
    with serving_empty.open() as wb:
        assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1", "eu-2"]


def test_a_namespace_that_is_none_or_taken_is_refused_and_kept(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        a_customer(wb, cluster := a_cluster(wb))
    page = opened(tab(serving_empty), f"?cluster={cluster.id}")
    page.get_by_label("Name", exact=True).fill("Other")
    page.get_by_label("Namespace").fill("Acme_Prod")
    button(page, "Create customer").click()
    expect(alert(page)).to_contain_text("must be an RFC 1123 label", timeout=SLOW)
    expect(page.get_by_label("Namespace")).to_have_value("Acme_Prod")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Other")
    page.get_by_label("Namespace").fill("acme-prod")
    button(page, "Create customer").click()
    expect(alert(page)).to_contain_text("customer 'Acme' has this namespace on cluster 'eu-1'", timeout=SLOW)
    with serving_empty.open() as wb:
        assert [customer.name for customer in wb.customers.list()] == ["Acme"]


def test_what_stands_in_the_way_of_deactivating_or_moving_is_named(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        customer = a_customer(wb, a_cluster(wb))
        other = a_cluster(wb, name="us-1")
        with_open_work(wb, customer)
    page = opened(tab(serving_empty))
    row(page, "Cluster eu-1").click()
    press_tab(page, "Deactivate")
    button(page, "Deactivate").click(timeout=SLOW)
    expect(alert(page)).to_contain_text("has active customers (acme-prod)", timeout=SLOW)

    row(page, "Acme, eu-1/acme-prod").click()
    expect(heading(page, "Acme")).to_be_visible(timeout=SLOW)
    press_tab(page, "Deactivate")
    button(page, "Deactivate").click(timeout=SLOW)
    expect(alert(page)).to_contain_text("open work in '2026.12'", timeout=SLOW)

    press_tab(page, "Edit")
    page.get_by_label("Cluster", exact=True).select_option(label="us-1")
    button(page, "Save").click()
    expect(alert(page)).to_contain_text("finish it before moving it", timeout=SLOW)
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).cluster_id != other.id
        assert wb.customers.get(customer.id).is_active


def test_a_customer_without_open_work_moves(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        customer = a_customer(wb, a_cluster(wb))
        other = a_cluster(wb, name="us-1")
    page = opened(tab(serving_empty), f"?customer={customer.id}")
    press_tab(page, "Edit")
    page.get_by_label("Cluster", exact=True).select_option(label="us-1", timeout=SLOW)
    button(page, "Save").click()
    expect(row(page, "Acme, us-1/acme-prod")).to_be_visible(timeout=SLOW)
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).cluster_id == other.id


def test_a_customer_goes_out_of_use_and_comes_back(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        customer = a_customer(wb, a_cluster(wb))
    page = opened(tab(serving_empty), f"?customer={customer.id}")
    press_tab(page, "Deactivate")
    button(page, "Deactivate").click(timeout=SLOW)
    expect(page.get_by_text("Acme is inactive now.")).to_be_visible(timeout=SLOW)
    expect(row(page, "Acme")).to_have_count(0)
    page.get_by_label("Show inactive").check()
    expect(row(page, "Acme, eu-1/acme-prod, inactive")).to_be_visible(timeout=SLOW)
    press_tab(page, "Reactivate")
    button(page, "Reactivate").click(timeout=SLOW)
    expect(page.get_by_text("Acme is active again.")).to_be_visible(timeout=SLOW)
    expect(row(page, "Acme, eu-1/acme-prod, inactive")).to_have_count(0)
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).is_active


def test_the_search_narrows_and_can_be_sent_to_a_colleague(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        customer = wb.customers.list()[0]
        cluster = wb.clusters.get(customer.cluster_id)
    window = tab(serving)
    page = opened(window)
    search(page).fill(f"{cluster.name}/{customer.namespace}")
    expect(page.get_by_role("treeitem", level=2)).to_have_count(1, timeout=SLOW)
    row(page, customer.name).click()
    expect(heading(page, customer.name)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(rf"customer={customer.id}&q=|q=.*&customer={customer.id}"), timeout=SLOW)
    page.goto(page.url)
    expect(search(page)).to_have_value(f"{cluster.name}/{customer.namespace}", timeout=SLOW)
    expect(heading(page, customer.name)).to_be_visible(timeout=SLOW)
    expect(row(page, customer.name)).to_have_attribute("aria-selected", "true")
    assert (window.console, window.outside) == ([], [])


def test_a_link_to_nobody_says_so_and_offers_the_list(serving: Serving, tab: Tabs) -> None:
    window = tab(serving)
    for query, kind in {
        "?customer=99999": "customer",
        "?customer=%3Cscript%3E": "customer",
        "?customer=99999999999999999999": "customer",
        "?cluster=0": "cluster",
        "?cluster=99999": "cluster",
    }.items():
        page = opened(window, query)
        expect(alert(page)).to_contain_text(f"There is no such {kind}", timeout=SLOW)
    page.get_by_role("treeitem", level=1).first.click(timeout=SLOW)
    expect(alert(page)).to_have_count(0, timeout=SLOW)
    expect(page.get_by_role("tab", name="New customer")).to_be_visible()
    assert (window.console, window.outside) == ([], [])


def test_hostile_names_are_shown_literally(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        cluster = a_cluster(wb, name=HOSTILE, description=HOSTILE, metadata={"k": HOSTILE}, kubeconfig_path=HOSTILE)
        customer = a_customer(wb, cluster, name=HOSTILE, description=HOSTILE, metadata={"k": HOSTILE})
        wb.customers.update(customer.id, name=HOSTILE + "2", metadata={"k": "</script>" + HOSTILE})
    shown = HOSTILE.replace("\u202e", "⟨U+202E⟩")
    window = tab(serving_empty)
    for query, name in ((f"?cluster={cluster.id}", shown), (f"?customer={customer.id}", shown + "2")):
        page = opened(window, query)
        expect(heading(page, name)).to_be_visible(timeout=SLOW)
        press_tab(page, "Edit")
        expect(page.get_by_label("Metadata")).to_have_value(re.compile("onerror"), timeout=SLOW)
    expect(page.get_by_label("Cluster", exact=True)).to_contain_text(shown)
    press_tab(page, "History")
    expect(page.get_by_text(f"name: {shown} → {shown}2")).to_be_visible(timeout=SLOW)
    page.get_by_label("Cluster", exact=True).wait_for(state="detached")
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0
    assert (window.console, window.outside) == ([], [])


def test_a_customer_shows_its_releases_its_version_and_its_history(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open("ben") as wb:
        customer = a_customer(wb, a_cluster(wb))
        release_id = with_open_work(wb, customer)
        first, second = wb.steps.list(release_id, customer.id)
        wb.steps.mark_done(first.id, notes="took 6 min")
    window = tab(serving_empty)
    page = opened(window, f"?customer={customer.id}")
    line = page.get_by_role("row", name=re.compile("2026.12"))
    expect(line).to_contain_text("50 %", timeout=SLOW)
    expect(page.get_by_text("no release completed yet")).to_be_visible()
    with serving_empty.open("ben") as wb:
        wb.steps.skip(second.id, reason="not needed")
    expect(line).to_contain_text("100 %", timeout=SLOW)  # without a click
    expect(line).to_contain_text(re.compile(r"\d\d:\d\d UTC"))
    expect(page.get_by_text("on 4.3.0 since")).to_be_visible(timeout=SLOW)
    expect(row(page, "Acme, eu-1/acme-prod, 4.3.0")).to_be_visible()
    press_tab(page, "History")
    expect(page.get_by_text("ben marked done Deploy in 2026.12")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("took 6 min")).to_be_visible()
    expect(page.get_by_text("ben skipped Look in 2026.12")).to_be_visible()
    expect(page.get_by_text("ben created the customer")).to_be_visible()
    press_tab(page, "Releases")
    line.get_by_role("link", name="Matrix").click(timeout=SLOW)
    expect(page.get_by_role("grid")).to_be_visible(timeout=SLOW)
    assert (window.console, window.outside) == ([], [])


def test_what_others_add_appears_while_what_is_typed_stays(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        cluster = a_cluster(wb)
    page = opened(tab(serving_empty), f"?cluster={cluster.id}")
    page.get_by_label("Name", exact=True).fill("half a na")
    with serving_empty.open("ben") as wb:
        a_customer(wb, cluster, name="From Ben", namespace="from-ben")
    expect(row(page, "From Ben, eu-1/from-ben")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("1 customer", exact=True).first).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("half a na")


def test_two_edits_of_one_customer_do_not_take_each_other_back(serving_empty: Serving, tab: Tabs) -> None:
    with serving_empty.open() as wb:
        customer = a_customer(wb, a_cluster(wb))
    page = opened(tab(serving_empty), f"?customer={customer.id}")
    press_tab(page, "Edit")
    page.get_by_label("Description").fill("called twice a year")
    with serving_empty.open("ben") as wb:
        wb.customers.update(customer.id, name="Acme & Sons")
    expect(heading(page, "Acme & Sons")).to_be_visible(timeout=SLOW)
    button(page, "Save").click()
    expect(page.get_by_text("Acme & Sons is saved.")).to_be_visible(timeout=SLOW)
    with serving_empty.open("ben") as wb:
        stored = wb.customers.get(customer.id)
        assert (stored.name, stored.description) == ("Acme & Sons", "called twice a year")
        page.get_by_label("Description").fill("mine")
        wb.customers.update(customer.id, description="ben's")
    button(page, "Save").click()
    expect(alert(page)).to_contain_text("ben", timeout=SLOW)
    expect(page.get_by_label("Description")).to_have_value("mine")
    with serving_empty.open() as wb:
        assert wb.customers.get(customer.id).description == "ben's"
