"""The tabs of a page by keyboard: looking for one opens none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.ui.widgets.tabs import TabStrip
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
OPEN = """() => {
  const find = (root) => root.activeElement?.shadowRoot ? find(root.activeElement.shadowRoot) : root.activeElement;
  const found = find(document);
  return found?.getAttribute("role") === "tab" ? found.textContent : null;
}"""


def picked(page: Any) -> str:
    return str(page.get_by_role("tab", selected=True).text_content())


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/inventory?customer=1", ["Releases", "History", "Edit", "Deactivate"]),
        (
            "/releases?release=2",
            ["Members", "Hold or remove", "Add customers", "Edit", "Clone", "Files", "Archive"],
        ),
    ],
    ids=["inventory", "releases"],
)
def test_the_tab_key_stops_at_the_open_tab_and_arrows_at_its_neighbours(
    sample: Serving, tab: Tabs, path: str, names: list[str]
) -> None:
    page = tab(sample).goto(path)
    expect(page.get_by_role("tab", name=names[0])).to_be_visible(timeout=20_000)
    page.wait_for_timeout(500)
    for _ in range(200):
        if page.evaluate(OPEN):
            break
        page.keyboard.press("Tab")
    assert (page.evaluate(OPEN), picked(page)) == (names[0], names[0])
    for key, there in (
        ("ArrowRight", names[1]),
        ("End", names[-1]),
        ("ArrowRight", names[0]),
        ("ArrowLeft", names[-1]),
    ):
        page.keyboard.press(key)
        assert (page.evaluate(OPEN), picked(page)) == (there, names[0])
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=names[1])).to_have_attribute("aria-selected", "true")


def test_only_a_tab_that_is_there_is_picked() -> None:
    strip = TabStrip(["Members", "Edit"], "Edit")
    assert strip.picked == "Edit"
    strip.picked = "Delete"
    assert strip.picked == "Edit"
    assert TabStrip(["Members"], "none").picked == "Members"
