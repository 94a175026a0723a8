"""Every page at the widths that operators have: nothing lies over something else, and nothing is cut off at the side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PAGES, Serving, Tab, address_of

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
WIDTHS = (900, 1100, 1366, 1600, 1920, 2560)

FIND = """() => {
  const named = (cell) => cell.dataset.cellName;
  const shown = (node) => {
    const box = node.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(node).visibility !== "hidden";
  };
  /* what is drawn in a cell: cells themselves are as wide and high as their place */
  const inside = (root) => [...root.querySelectorAll("h1, h2, h3, p, li, td, th, label, button, a, input, textarea, select, pre, code")]
    .concat([...root.querySelectorAll("*")].filter((node) => node.shadowRoot).flatMap((node) => inside(node.shadowRoot)))
    .filter(shown);
  const seen = (node) => { /* what scrolls shows no more of it */
    const { left, right } = node.getBoundingClientRect();
    const frame = node.parentElement?.closest(".ro-figures, .ro-code")?.getBoundingClientRect();
    return frame ? { left: Math.max(left, frame.left), right: Math.min(right, frame.right) } : { left, right };
  };
  const bounds = (cell) => {
    const boxes = inside(cell).map(seen);
    if (!boxes.length) return null;
    return {
      name: named(cell), left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)),
      top: cell.getBoundingClientRect().top, bottom: cell.getBoundingClientRect().bottom,
    };
  };
  const cells = [...document.querySelectorAll("[data-cell-name]")].filter((cell) => !cell.querySelector("[data-cell-name]"));
  const all = cells.map(bounds).filter(Boolean);
  const over = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 2;
  const found = all.flatMap((one, at) => all.slice(at + 1).filter((other) => over(one, other)).map((other) => `${other.name} lies over ${one.name}`));
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px too wide`);
  for (const node of document.querySelectorAll(".ro-bar > *")) {
    const box = node.getBoundingClientRect(), bar = node.parentElement.getBoundingClientRect();
    if (box.right > bar.right + 1) found.push(`${node.textContent} stands out of the bar`);
    if (box.height > 40) found.push(`${node.textContent} is broken into lines`);
  }
  return found;
}"""


def faults(page: Any, width: int) -> list[str]:
    """What is not where it should be at this width, once what follows the width has followed it."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)
    found: list[str] = page.evaluate(FIND)
    return [f"{width} px: {each}" for each in found]


@pytest.mark.parametrize(("path", "there"), PAGES, ids=[path for path, _ in PAGES])
def test_nothing_lies_over_something_else(sample: Serving, tab: Tabs, path: str, there: str) -> None:
    page = tab(sample).goto(address_of(sample, path))
    expect(page.locator(there).first).to_be_visible(timeout=20_000)
    page.wait_for_timeout(1_000)
    assert [fault for width in WIDTHS for fault in faults(page, width)] == []
