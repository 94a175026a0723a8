"""Every page on a workbook full of hostile text: it shows literally, runs nothing, and is copied byte for byte."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from relorch.workbook import Workbook
from tests.e2e.conftest import Serving, Tab, start_serving

pytestmark = pytest.mark.browser

Tabs = Callable[..., Tab]
LONG = 20_000
MARK = "onerror=window.__pwn=1"
MARKUP = f"<img src=x {MARK}>"
PAYLOADS = (
    MARKUP,
    f"</script><script>window.__pwn=1</script>{MARKUP}",
    f"```\n</code></pre>{MARKUP}\n```",
    f"<svg onload=window.__pwn=1><image href=x {MARK}></svg>",
    f"<iframe srcdoc='&lt;script&gt;parent.__pwn=1&lt;/script&gt;'></iframe>{MARKUP}",
    f"[click](javascript:window.__pwn=1) ![x](http://outside.example/x.png) {MARKUP}",
    f"<a href=javascript:window.__pwn=1>a</a><form action=http://outside.example><input autofocus {MARK}></form>",
    f"<style>@import 'http://outside.example/x.css'</style><link rel=stylesheet href=http://outside.example>{MARKUP}",
    f"{{{{7*7}}}} $\\href{{javascript:window.__pwn=1}}{{x}}$ <marimo-ui-element object-id='x'></marimo-ui-element>{MARKUP}",
    f'<noscript><p title="</noscript>{MARKUP}"></noscript><math><mtext><table><mglyph><style><!--</style>{MARKUP}',
    f"\" onmouseover=window.__pwn=1 x=\"' onfocus=window.__pwn=1 autofocus '>{MARKUP}",
    f"\u202egnihtyna\u202c \u2066isolated\u2069 \u200binvisible\ufeff {MARKUP}",
)
NAME = f"{MARKUP}</script>``` \u202eeman **b** {{{{7*7}}}}"
LONG_LINE = f"{MARKUP} " + "x" * 2_000
LARGE = f"{MARKUP}\n" + "# 64 KB </script>\n" * 3_600

SEEN = """() => {
  const seen = { text: [], bad: [] };
  const unsafe = /__pwn|outside\\.example/;
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) seen.text.push(node.data);
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (['STYLE', 'SCRIPT', 'LINK'].includes(node.tagName) && node.closest('head')) return;
      if (typeof node.value === 'string') seen.text.push(node.value);
      for (const { name, value } of node.attributes) {
        if (['aria-label', 'title', 'value', 'placeholder'].includes(name)) seen.text.push(value);
        if (name === 'srcdoc' && node.getAttribute('sandbox') === '') {  // may run nothing; what it is made of counts
          walk(new DOMParser().parseFromString(value, 'text/html').documentElement);
          continue;
        }
        const runs = name.startsWith('on') || ['src', 'href', 'srcdoc', 'action', 'style'].includes(name);
        if (runs && unsafe.test(value)) seen.bad.push(`${node.tagName} ${name}=${value}`);
        if (name === 'src' && value === 'x') seen.bad.push(`${node.tagName} src=x`);
      }
      if (['SCRIPT', 'STYLE'].includes(node.tagName) && unsafe.test(node.textContent)) seen.bad.push(node.tagName);
      if (node.shadowRoot) walk(node.shadowRoot);
    }
    node.childNodes.forEach(walk);
  };
  walk(document.documentElement);
  return { text: seen.text.join('\\n'), bad: seen.bad, pwn: window.__pwn ?? null };
}"""


@dataclass
class Hostile:
    """A server on the hostile workbook, and the ids its pages are asked for."""

    server: Serving
    ids: dict[str, int]
    texts: dict[int, str]


def fill(wb: Workbook) -> dict[str, int]:
    """Put hostile text into every field that takes text."""
    many = "\n".join(PAYLOADS)[:3_900]
    cluster = wb.clusters.create(
        name=NAME, kubeconfig_path=f"~/{MARKUP}", description=many, metadata={"motd": many, "bidi": "\u202ex"}
    )
    customers = [
        wb.customers.create(
            cluster_id=cluster.id,
            namespace=f"hostile-{at}",
            name=f"{at} {NAME}",
            description=many,
            metadata={"v": many},
        )
        for at in range(4)
    ]
    release = wb.releases.create(
        name=f"R {NAME}", type="release", version_number=f"{MARKUP}9", description=many, metadata={"v": many}
    )
    for at, content in enumerate((*PAYLOADS, LONG_LINE, LARGE)):
        kind = ("text", "bash", "sql")[at % 3]
        category = "deploy" if at % 2 else "verify"
        wb.templates.add(
            release.id,
            name=f"{at} {NAME}",
            category=category,
            type=kind,
            content=content,
            description=many,
            required=False,
        )
    draft = wb.releases.clone(release.id, name=f"D {NAME}")
    ids = [customer.id for customer in customers]
    wb.releases.activate(release.id, customer_ids=ids)
    deploy = wb.steps.list(release.id, ids[1])
    wb.steps.fail(deploy[0].id, reason=many)
    wb.steps.skip(deploy[1].id, reason=many)
    wb.steps.mark_done(deploy[2].id, notes=many)
    wb.steps.override(deploy[3].id, many)
    wb.steps.add_custom(release.id, ids[1], name=f"C {NAME}", category="deploy", type="text", content=many)
    wb.releases.hold(release.id, [ids[2]], many)
    wb.releases.remove(release.id, [ids[3]], many)
    return {
        "cluster": cluster.id, "customer": ids[1], "held": ids[2], "removed": ids[3], "release": release.id,
        "draft": draft.id, "failed": deploy[0].id, "template": deploy[0].template_id or 0, "open": ids[0],
    }  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """One server for all pages; they only read, or copy."""
    server = start_serving(tmp_path_factory.mktemp("hostile"))
    try:
        with server.open() as wb:
            ids = fill(wb)
            steps = wb.steps.list(ids["release"], ids["open"])
            texts = {step.id: wb.steps.render(step.id).text or "" for step in steps}
        yield Hostile(server, ids, texts)
    finally:
        server.process.terminate()
        server.process.wait(15)


def assert_harmless(window: Tab, *, shows: bool = True) -> None:
    """The page shows hostile text as text, ran none of it, made no element of it and asked nobody outside."""
    seen = window.page.evaluate(SEEN)
    assert (seen["pwn"], seen["bad"]) == (None, [])
    assert (window.console, window.outside) == ([], [])
    if shows:
        assert MARK in seen["text"]


PAGES = (
    "/dashboard",
    "/inventory",
    "/inventory?cluster={cluster}",
    "/inventory?customer={customer}",
    "/releases",
    "/releases?release={release}",
    "/releases?release={draft}",
    "/steps?release={release}&template={template}&customer={customer}",
    "/steps?release={draft}",
    "/matrix?release={release}",
    "/matrix?release={release}&step={failed}",
    "/checklist?release={release}&customer={customer}&step={failed}",
    "/checklist?release={release}&customer={held}",
    "/checklist?release={release}&customer={removed}",
    "/checklist?release={release}&template={template}",
    "/checklist?release={draft}",
    "/progress?release={release}",
    "/analysis?q=FROM%20step_facts",
    "/report?release={release}",
    "/report?release={release}&customer={customer}",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_it_literally_and_runs_none_of_it(hostile: Hostile, tab: Tabs, path: str) -> None:
    window = tab(hostile.server)
    dialogs: list[str] = []
    window.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page = window.goto(path.format(**hostile.ids))
    expect(page.get_by_text(MARK).or_(page.get_by_label(re.compile(re.escape(MARK)))).first).to_be_attached(
        timeout=LONG
    )
    page.wait_for_timeout(1_000)
    assert_harmless(window)
    tabs = page.get_by_role("tab")
    for at in range(tabs.count()):
        tabs.nth(at).click()
        page.wait_for_timeout(700)
        assert_harmless(window)
    closed = page.locator("details:not([open]) > summary").filter(visible=True)
    for _ in range(closed.count()):
        closed.first.click()
    assert_harmless(window)
    assert dialogs == []


@pytest.mark.parametrize("path", ["/checklist?release=<img src=x onerror=window.__pwn=1>", "/matrix?release=</script>"])
def test_an_address_is_shown_literally_too(hostile: Hostile, tab: Tabs, path: str) -> None:
    window = tab(hostile.server)
    page = window.goto(path)
    expect(page.get_by_text(re.compile("there is no such release", re.IGNORECASE))).to_be_visible(timeout=LONG)
    assert_harmless(window, shows=False)


def test_every_text_is_copied_byte_for_byte(hostile: Hostile, tab: Tabs) -> None:
    window = tab(hostile.server)
    page = window.goto("/checklist?release={release}&customer={open}".format(**hostile.ids))
    cards = page.get_by_role("listbox").get_by_role("option")
    expect(cards).to_have_count(len(hostile.texts), timeout=LONG)
    panel = page.get_by_role("region", name="Step", exact=True)
    for at, text in enumerate(hostile.texts.values()):
        cards.nth(at).click()
        name = (cards.nth(at).get_attribute("aria-label") or "").split(":")[0]
        expect(panel.get_by_role("heading", level=2)).to_have_text(name)
        expect(panel).to_have_attribute("data-state", "ready")
        panel.get_by_role("button", name=re.compile("^Copy")).click()
        expect(panel).to_contain_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == text
        assert not text.endswith("\n")
    assert_harmless(window)


UNSAFE = """
import marimo
app = marimo.App()
@app.cell
def _():
    import marimo as mo
    mo.vstack([mo.Html(each) for each in {payloads!r}])
    return
"""


def test_an_unsafe_cell_would_be_noticed(tmp_path: Path, chromium: Any) -> None:
    notebook = tmp_path / "unsafe.py"
    notebook.write_text(UNSAFE.format(payloads=PAYLOADS[:5]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", str(notebook), "--headless", "--no-token"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    page = chromium.new_page()
    try:
        for _ in range(60):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            page.wait_for_timeout(250)
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("window.__pwn === 1", timeout=30_000)
        seen = page.evaluate(SEEN)
        assert seen["pwn"] == 1
        assert seen["bad"] != []
    finally:
        page.close()
        process.terminate()
        process.wait(15)


def test_markup_put_into_a_served_page_would_be_noticed(hostile: Hostile, tab: Tabs) -> None:
    window = tab(hostile.server)
    page = window.goto("/dashboard")
    expect(page.get_by_text(MARK).first).to_be_attached(timeout=LONG)
    page.evaluate(f"document.body.insertAdjacentHTML('beforeend', {MARKUP!r})")
    page.wait_for_timeout(500)
    with pytest.raises(AssertionError):
        assert_harmless(window)
    assert any("Content Security Policy" in said for said in window.console)
