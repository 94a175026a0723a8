"""Files into the inventory and into releases, in a browser: previewed first, then stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.ui import words
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
SLOW = 20_000
BAD = "cluster,namespace,name,active\n,acme,Acme,yes\neu-1,bolt,Bolt,<b>perhaps</b>\n"
GOOD = "cluster,namespace,name\neu-1,acme,<i>Acme</i>\neu-1,Bolt_Prod,Bolt\n"
RUNBOOK = "# Deploy\n\n```bash\nhelm upgrade\n```\n\n# Look\n\n```bash\nkubectl get\n```\n"


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click(timeout=SLOW)


def upload(page: Any, name: str, text: str) -> None:
    file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    page.locator("input[type=file]").first.set_input_files(file, timeout=SLOW)
    expect(page.get_by_text("Click to clear file")).to_be_visible(timeout=SLOW)


def preview(page: Any) -> Any:
    press(page, words.IMPORT_LOOK)
    return page.get_by_role("region", name=words.IMPORT_PREVIEWED)


def stored(page: Any, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=SLOW)


def test_an_inventory_file_is_previewed_with_its_findings_and_imported(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/inventory")
    press(page, words.IMPORT_OPEN)
    page.get_by_label(words.IMPORT_PASTE).fill(BAD, timeout=SLOW)
    found = preview(page)
    expect(found.get_by_role("alert")).to_contain_text(words.import_errors(2), timeout=SLOW)
    assert [cell.split("\t")[0] for cell in found.locator("tbody tr").all_inner_texts()] == ["2", "3"]
    expect(found).to_contain_text("<b>perhaps</b>")
    expect(found.get_by_role("button")).to_have_count(0)

    page.get_by_label(words.IMPORT_PASTE).fill("")
    upload(page, "inventory.csv", GOOD)
    found = preview(page)
    expect(found.get_by_role("status")).to_contain_text("create customer: 2, 1 of them inactive", timeout=SLOW)
    expect(found.get_by_role("row", name="3 repair")).to_contain_text("'Bolt_Prod' is no RFC 1123 label")
    with serving_empty.open() as wb:
        assert wb.clusters.list() == []
    press(page, words.IMPORT_IT)
    stored(page, "The file is imported (create cluster: 1, create customer: 2, 1 of them inactive).")
    expect(page.get_by_role("treeitem", name="<i>Acme</i>, eu-1/acme")).to_be_visible(timeout=SLOW)
    page.get_by_label("Show inactive").check()
    expect(page.get_by_role("treeitem", name="Bolt, eu-1/Bolt_Prod")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="eu-1").click()
    expect(page.get_by_role("heading", name="eu-1", level=2)).to_be_visible(timeout=SLOW)

    press(page, words.IMPORT_OPEN)
    with page.expect_download() as download:
        page.get_by_text(words.IMPORT_DOWNLOAD["inventory"]).click(timeout=SLOW)
    with serving_empty.open() as wb:
        assert Path(download.value.path()).read_text() == wb.exports.inventory()
    assert (window.console, window.outside) == ([], [])


def test_a_runbook_becomes_a_draft_and_another_one_changes_it_and_is_undone(serving_empty: Serving, tab: Tabs) -> None:
    window = tab(serving_empty)
    page = window.goto("/releases")
    page.get_by_role("tab", name="From a file").click(timeout=SLOW)
    upload(page, "2027.01.md", RUNBOOK)
    preview(page)
    expect(page.get_by_label(words.IMPORT_NAME)).to_have_value("2027.01", timeout=SLOW)
    press(page, words.IMPORT_IT)
    stored(page, "The file is imported (create release: 1, add step: 2).")
    expect(page.get_by_role("link", name=words.IMPORT_TO_STEPS)).to_have_attribute("href", "/steps?release=1")

    page.get_by_role("tab", name="Files").click(timeout=SLOW)
    page.get_by_label(words.IMPORT_PASTE).fill(RUNBOOK.replace("upgrade", "install"), timeout=SLOW)
    page.get_by_label(words.IMPORT_FORM).select_option("Markdown")
    expect(preview(page).get_by_role("status")).to_contain_text("update step: 1", timeout=SLOW)
    with serving_empty.open("ben") as wb:
        first = wb.templates.list(1)[0]
        wb.templates.update(first.id, name="Deploy it")
    press(page, words.IMPORT_IT)
    expect(page.get_by_role("alert").filter(has_text=words.IMPORT_OTHER_WORKBOOK)).to_be_visible(timeout=SLOW)
    press(page, words.IMPORT_IT)
    stored(page, "The file is imported (add step: 1).")
    with serving_empty.open() as wb:
        assert [each.name for each in wb.templates.list(1)] == ["Deploy it", "Deploy", "Look"]
    press(page, words.IMPORT_UNDO)
    stored(page, words.IMPORT_TAKEN_BACK)
    with serving_empty.open() as wb:
        assert [each.name for each in wb.templates.list(1)] == ["Deploy it", "Look"]
    assert (window.console, window.outside) == ([], [])
