"""axe-core on every page, light and dark: no serious or critical violation in relorch's own elements.

The checker comes from the npm registry when the tests run, and is no part of relorch; without Node, npm or the
registry these tests are skipped.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PAGES, Serving, Tab, address_of

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
LONG = 20_000
AXE = "axe-core@4.10.3"

FIND = """async (run) => {
  const own = ['.ro-page', 'marimo-anywidget'].filter((one) => document.querySelector(one));
  const theirs = [...new Set([...document.querySelectorAll('*')].map((node) => node.tagName.toLowerCase()))]
    .filter((name) => name.startsWith('marimo-') && !['marimo-anywidget', 'marimo-ui-element'].includes(name));
  const context = { include: own.map((one) => [one]), exclude: theirs.map((one) => [one]) };
  const { violations } = await axe.run(context, { resultTypes: ['violations'] });
  return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, html, failureSummary }) =>
      `${impact} ${id} ${JSON.stringify(target)} ${html.slice(0, 200)} | ${failureSummary.replace(/\\s+/g, ' ').slice(0, 300)}`));
}"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The checker's source, installed once into a folder of its own."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no Node with npm on the path")
    folder = tmp_path_factory.mktemp("axe")
    options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(
            [npm, "install", AXE, "--prefix", str(folder), *options], check=True, capture_output=True, timeout=120
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{AXE} could not be had from the npm registry")
    return (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, axe: str) -> list[str]:
    """What is wrong with relorch's own elements on this page."""
    page.evaluate(axe)
    found: list[str] = page.evaluate(FIND)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "there"), PAGES, ids=[path for path, _ in PAGES])
def test_a_page_is_accessible(sample: Serving, tab: Tabs, axe: str, path: str, there: str, scheme: str) -> None:
    page = tab(sample, color_scheme=scheme).goto(address_of(sample, path))
    expect(page.locator(there).first).to_be_visible(timeout=LONG)
    page.wait_for_timeout(1_500)
    assert violations(page, axe) == []


def test_a_violation_would_be_found_on_the_page_and_inside_of_a_widget(sample: Serving, tab: Tabs, axe: str) -> None:
    page = tab(sample).goto("/checklist")
    cards = page.get_by_role("listbox")
    expect(cards).to_be_visible(timeout=LONG)
    page.locator(".ro-page h1").evaluate("title => title.insertAdjacentHTML('afterend', '<button id=outer></button>')")
    cards.evaluate("list => list.insertAdjacentHTML('beforebegin', '<button id=inner></button>')")
    found = [each for each in violations(page, axe) if "button-name" in each]
    assert any("outer" in each for each in found)
    assert any("inner" in each for each in found)
