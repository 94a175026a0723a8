"""The list of customers to choose from, in a page of its own: used by role and label."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"

NOTEBOOK = """
import marimo
app = marimo.App(width="full")

@app.cell
def setup():
    import marimo as mo
    from relorch.ui.page import html, show
    from relorch.ui.widgets.customers import Offered, OfferedCluster, choose_customers
    from relorch.ui import page
    from tests.e2e.test_customers_widget import CLUSTERS, HOSTILE, many_customers, sixty
    args = mo.query_params()
    many = args.get("many") != "no"
    offered = many_customers(Offered) if args.get("size") == "2000" else sixty(Offered)
    clusters = [OfferedCluster(9, "empty-9", "inactive")] if not many else []
    return HOSTILE, Offered, args, choose_customers, clusters, html, many, mo, offered, page, show

@app.cell
def top(page):
    page.header("releases", "Choose")
    return

@app.cell
def list(choose_customers, clusters, many, mo, offered):
    chooser = choose_customers(offered, label="Customers of 4.2.0", many=many, clusters=clusters,
        quick={"Not on 4.2.0": [each.id for each in offered if each.version != "4.2.0"]})
    again = mo.ui.run_button(label="Offer again")
    mo.vstack([chooser, again])
    return again, chooser

@app.cell
def said(chooser, html, show):
    v = chooser.value
    show(html('<p data-said>chosen {ids} cluster {cluster} filter {filter}</p>', ids=",".join(map(str, v["chosen"])),
        cluster=v["cluster"], filter=v["filter"]))
    return

@app.cell
def offer(again, chooser, mo, offered, Offered):
    mo.stop(not again.value)
    fewer = [Offered(**{**vars(each), "off": "is in it already"}) if each.id == 2 else each for each in offered if each.id != 1]
    chooser.widget.offer([Offered(1000 + n, f"Newcomer {n}", f"new-{n}", 1, "eu-1") for n in range(5)] + fewer)
    return

if __name__ == "__main__":
    app.run()
"""

CLUSTERS = {1: "eu-1", 2: "us-1", 3: "ap-1"}


def sixty(offered: Callable[..., Any]) -> list[Any]:
    """Three clusters of twenty: every fourth is on 4.2.0; 5 is held, 6 cannot be chosen, 7 is hostile."""
    return [
        offered(
            id=n,
            name=HOSTILE if n == 7 else f"Customer {n:02d}",
            namespace=f"ns-{n:02d}",
            cluster_id=1 + (n - 1) // 20,
            cluster_name=CLUSTERS[1 + (n - 1) // 20],
            version="4.2.0" if n % 4 == 0 else "4.1.0",
            state="held" if n == 5 else None,
            off="is inactive" if n == 6 else None,
        )
        for n in range(1, 61)
    ]


def many_customers(offered: Callable[..., Any]) -> list[Any]:
    return [offered(n, f"Customer {n:04d}", f"ns-{n:04d}", n // 50, f"cluster-{n // 50:02d}") for n in range(2000)]


@dataclass
class Shown:
    """The page with the list in it."""

    page: Any
    console: list[str]

    def said(self, pattern: str) -> None:
        """What the notebook knows of the choice."""
        expect(self.page.locator("[data-said]")).to_have_text(re.compile(pattern), timeout=20_000)

    def box(self, name: str) -> Any:
        return self.page.get_by_role("checkbox", name=name)

    def counted(self, text: str) -> None:
        expect(self.page.get_by_text(re.compile(r"\d+ of [\d,]+ selected")).first).to_have_text(text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The notebook above, run by marimo alone."""
    path = tmp_path_factory.mktemp("choose") / "choose.py"
    path.write_text(NOTEBOOK)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", str(path), "--headless", "--no-token", "--port", str(port)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_path(root))
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(15)


def _path(root: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(root)}


@pytest.fixture
def shown(chromium: Any, server: str) -> Iterator[Callable[[str], Shown]]:
    contexts = []

    def shown(query: str = "") -> Shown:
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        contexts.append(context)
        opened = Shown(context.new_page(), [])
        opened.page.on("console", lambda said: opened.console.append(said.text) if said.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
        opened.page.goto(f"{server}/?{query}")
        expect(opened.page.get_by_label("Filter: Customers of 4.2.0")).to_be_visible(timeout=30_000)
        return opened

    yield shown
    for context in contexts:
        context.close()


Opens = Callable[..., Shown]


def test_boxes_of_customers_clusters_and_all_agree(shown: Opens) -> None:
    at = shown()
    at.counted("0 of 59 selected")
    at.box("Customer 01").check()
    at.said("chosen 1 ")
    cluster = at.box("Cluster eu-1")
    expect(cluster).to_have_accessible_name("Cluster eu-1, 1 of 19 selected")
    assert cluster.evaluate("box => box.indeterminate")
    cluster.click()
    at.counted("19 of 59 selected")
    expect(at.box("Customer 02")).to_be_checked()
    at.said("chosen 1,2,3,4,5,7,8,9,10,11,12,13,14,15,16,17,18,19,20 ")
    at.box("Every customer").click()
    at.counted("59 of 59 selected")
    at.box("Every customer").click()
    at.counted("0 of 59 selected")
    at.said("chosen  cluster")
    assert at.console == []


def test_who_cannot_be_chosen_says_why_and_names_are_shown_literally(shown: Opens) -> None:
    at = shown()
    box = at.box("Customer 06, eu-1/ns-06, 4.1.0, is inactive")
    expect(box).to_be_disabled()
    box.click(force=True)
    at.box("Cluster eu-1").click()
    expect(box).not_to_be_checked()
    expect(at.page.get_by_text(HOSTILE, exact=True)).to_be_visible()
    assert at.page.title() != "owned"
    assert at.page.locator("img[src=x]").count() == 0
    expect(at.page.get_by_text("held", exact=True)).to_be_visible()


def test_the_filter_narrows_and_all_concerns_what_it_shows(shown: Opens) -> None:
    at = shown()
    at.box("Customer 01").check()
    at.page.get_by_label("Filter: Customers").fill("us-1/ ns-2")
    at.page.get_by_role("button", name="All 9 shown").click()
    at.counted("10 of 59 selected, 1 of them hidden by the filter")
    at.said("chosen 1,21,22,23,24,25,26,27,28,29 cluster 0 filter us-1/ ns-2")
    at.page.get_by_role("button", name="Not on 4.2.0 (7 shown)").click()
    at.said("chosen 1,21,22,23,25,26,27,29 ")
    at.page.get_by_role("button", name="None of the 9 shown").click()
    at.said("chosen 1 ")
    at.page.get_by_label("Filter: Customers").fill("nobody")
    expect(at.page.get_by_text("Nothing fits “nobody”.")).to_be_visible()
    at.page.get_by_label("Filter: Customers").fill("")
    at.page.get_by_role("button", name="Not on 4.2.0 (44)").click()
    at.counted("44 of 59 selected")


def test_the_keyboard_walks_folds_and_ticks(shown: Opens) -> None:
    at = shown()
    keys = at.page.keyboard
    at.page.get_by_label("Filter: Customers").focus()
    keys.press("ArrowDown")
    expect(at.box("Cluster eu-1")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Space")
    at.said("chosen 2 ")
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    expect(at.page.get_by_role("button", name="Expand eu-1")).to_be_visible()
    expect(at.box("Customer 02")).to_have_count(0)
    keys.press("End")
    expect(at.box("Customer 60")).to_be_focused()
    expect(at.box("Customer 60")).to_be_in_viewport()
    keys.press("Space")
    keys.press("Home")
    expect(at.box("Cluster eu-1")).to_be_focused()
    keys.press("ArrowRight")
    expect(at.box("Customer 02")).to_be_checked()
    at.said("chosen 2,60 ")


def test_twenty_quick_ticks_all_arrive(shown: Opens) -> None:
    at = shown()
    at.page.get_by_label("Filter: Customers").press("ArrowDown")
    for _ in range(20):
        at.page.keyboard.press("ArrowDown")
        at.page.keyboard.press("Space")
    at.said("chosen 1,2,3,4,5,7,8,9,10,11,12,13,14,15,16,17,18,19,20 ")
    at.counted("19 of 59 selected")


def test_another_list_keeps_what_is_chosen_folded_scrolled_and_typed(shown: Opens) -> None:
    at = shown()
    for name in ("Customer 01", "Customer 02", "Customer 03"):
        at.box(name).check()
    at.page.get_by_role("button", name="Collapse us-1").click()
    scroll = at.page.locator("[data-relorch-scroll]")
    scroll.evaluate("node => { node.scrollTop = 200 }")
    at.page.get_by_role("button", name="Offer again").click()
    expect(at.page.get_by_text("2 customers cannot be chosen any more and were deselected.")).to_be_visible()
    at.said("chosen 3 ")
    assert scroll.evaluate("node => node.scrollTop") == 200 + 4 * 30  # five came above, one went
    scroll.evaluate("node => { node.scrollTop = 99999 }")
    expect(at.page.get_by_role("button", name="Expand us-1")).to_be_visible()
    at.page.get_by_label("Filter: Customers").fill("newcomer")
    expect(at.box("Newcomer 4")).to_be_visible()
    at.page.get_by_role("button", name="Offer again").click()
    at.page.wait_for_timeout(500)
    expect(at.page.get_by_label("Filter: Customers")).to_have_value("newcomer")


def test_one_is_picked_from_a_tree_of_clusters_and_customers(shown: Opens) -> None:
    at = shown("many=no")
    tree = at.page.get_by_role("tree", name="Customers of 4.2.0")
    tree.get_by_role("treeitem", name="Customer 03, eu-1/ns-03").click()
    at.said("chosen 3 cluster 0")
    expect(tree.get_by_role("treeitem", selected=True)).to_have_count(1)
    at.page.keyboard.press("ArrowLeft")
    at.page.keyboard.press("Enter")
    at.said("chosen  cluster 1 ")
    expect(tree.get_by_role("treeitem", name="Cluster eu-1, 20 customers")).to_have_attribute("aria-selected", "true")
    at.page.keyboard.press("End")
    expect(tree.get_by_role("treeitem", name="Customer 60")).to_be_focused()
    at.page.get_by_label("Filter: Customers").fill("empty")
    tree.get_by_role("treeitem", name="Cluster empty-9, inactive, 0 customers").click()
    at.said("chosen  cluster 9 ")
    at.page.get_by_label("Filter: Customers").fill("ns-33")
    at.page.get_by_label("Filter: Customers").press("Enter")
    at.said("chosen 33 cluster 0")
    assert at.console == []


def test_two_thousand_customers_draw_only_what_is_in_view(shown: Opens) -> None:
    at = shown("size=2000")
    count = "node => node.getRootNode().querySelectorAll('*').length"
    scroll = at.page.locator("[data-relorch-scroll]")
    assert scroll.evaluate(count) <= 400
    scroll.evaluate("node => { node.scrollTop = 30000 }")
    expect(at.box("Customer 09").first).to_be_visible()
    assert scroll.evaluate(count) <= 400
    at.page.get_by_role("button", name="All", exact=True).click()
    at.counted("2,000 of 2,000 selected")
    at.page.get_by_label("Filter: Customers").fill("ns-1999")
    expect(at.box("Customer 1999")).to_be_checked()
    at.box("Customer 1999").uncheck()
    at.said("chosen 0,1,2,.*,1998 cluster")
