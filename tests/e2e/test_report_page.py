"""The report page under `relorch serve`: choose, look, download, and be told what changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.ui import words
from tests.e2e.conftest import Serving, Tab

pytestmark = pytest.mark.browser

LONG = 30_000
Tabs = Callable[..., Tab]
HOSTILE = "</iframe><script>alert(1)</script> \u202eevil"


def test_the_report_is_chosen_looked_at_and_downloaded(serving: Serving, tab: Tabs, tmp_path: Path) -> None:
    with serving.open() as wb:
        (overview,) = wb.overview().active
        release = overview.release
        customer = wb.customers.get(overview.next_steps[0].customer_id)
        wb.customers.update(customer.id, name=HOSTILE, confirm=True)
        window = tab(serving)
        page = window.goto("/report")
        paper = page.frame_locator("iframe")
        expect(paper.get_by_role("heading", name=release.name, level=1)).to_be_visible(timeout=LONG)
        expect(paper.get_by_role("heading", name="Timeline")).to_have_count(1)
        found = json.loads(saved(page, words.REPORT_FILE["json"], tmp_path))
        assert found["head"]["releaseId"] == release.id

        page.get_by_label(words.REPORT_CUSTOMER).click()
        page.get_by_role("option").filter(has_text=customer.namespace).click()
        expect(paper.get_by_role("heading", level=1)).to_have_text(HOSTILE.replace("\u202e", "⟨U+202E⟩"), timeout=LONG)
        expect(page).to_have_url(f"{serving.origin}/report?release={release.id}&customer={customer.id}")
        sheet = saved(page, words.REPORT_FILE["html"], tmp_path)
        assert "Sign-off sheet" in sheet
        assert "<script" not in sheet

        wb.steps.fail(overview.next_steps[0].id, reason="told to")
    expect(page.get_by_text(words.REPORT_CHANGED)).to_be_visible(timeout=LONG)
    expect(paper.get_by_text("told to")).to_have_count(0)
    page.get_by_role("button", name=words.REPORT_AGAIN).click()
    expect(paper.get_by_text("told to").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text(words.REPORT_CHANGED)).to_have_count(0)
    assert (window.console, window.outside) == ([], [])


def saved(page: Any, label: str, folder: Path) -> str:
    with page.expect_download(timeout=LONG) as download:
        page.get_by_role("link", name=label).click()
    path = folder / "downloaded"
    download.value.save_as(path)
    return path.read_text(encoding="utf-8")


def test_what_cannot_be_reported_is_a_sentence_with_a_way_on(serving: Serving, tab: Tabs) -> None:
    with serving.open() as wb:
        (draft,) = wb.overview().drafts
        (active,) = [each.release for each in wb.overview().active]
    window = tab(serving)
    page = window.goto(f"/report?release={draft.id}")
    expect(page.get_by_text("has no members")).to_be_visible(timeout=LONG)
    assert (
        page.get_by_role("link", name=words.REPORT_TO_RELEASE).get_attribute("href") == f"/releases?release={draft.id}"
    )
    expect(page.locator("iframe")).to_have_count(0)
    window.goto("/report?release=4711")
    expect(page.get_by_text(words.NO_SUCH_RELEASE)).to_be_visible(timeout=LONG)
    window.goto(f"/report?release={active.id}&customer=4711")
    expect(page.get_by_text(words.REPORT_NO_MEMBER)).to_be_visible(timeout=LONG)
    expect(page.frame_locator("iframe").get_by_role("heading", name=active.name, level=1)).to_be_visible(timeout=LONG)
    assert (window.console, window.outside) == ([], [])
