"""Chromium: what a foreign page in the operator's own browser can do, and that the pages themselves work."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

REQUIRED = os.environ.get("RELORCH_REQUIRE_BROWSER") == "1"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None and not REQUIRED, reason="there is no chromium on the path"),
]

SECRET = "secret-customer"
ATTACK = """
async (server) => {
  const http = `http://${server}`, session = "s_" + Math.random().toString(36).slice(2);
  const told = { read: "", posts: [], opened: false };
  const socket = new WebSocket(`ws://${server}/matrix/ws?session_id=${session}`);
  socket.onopen = () => { told.opened = true; };
  socket.onmessage = (message) => { told.read += message.data; };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (const credentials of ["include", "omit"]) {
    for (const path of ["/matrix", "/matrix/health", "/dashboard"]) {
      try { told.read += await (await fetch(http + path, { credentials })).text(); } catch { }
    }
  }
  for (let i = 0; i < 150 && socket.readyState < 2 && !told.read.includes("secret-customer"); i++) await wait(100);
  const button = /object-id=\\W*'?([^'"\\\\]+)'?[^>]*>\\s*<marimo-button/.exec(told.read)?.[1] ?? "unknown-0";
  const body = JSON.stringify({ objectIds: [button], values: [1] });
  const headers = { "Content-Type": "application/json", "Marimo-Session-Id": session };
  for (const how of [{ credentials: "include", headers }, { credentials: "omit", headers },
                     { credentials: "include", mode: "no-cors", headers: { "Content-Type": "text/plain" } }]) {
    try {
      const reply = await fetch(`${http}/matrix/api/kernel/set_ui_element_value`, { method: "POST", body, ...how });
      told.posts.push(reply.status);
    } catch { told.posts.push("blocked"); }
  }
  await wait(500);
  const frame = document.createElement("iframe");
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = http + "/matrix";
  document.body.append(frame);
  await Promise.race([loaded, wait(15000)]);
  return told;
}
"""


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """The port of an empty page that is not relorch's."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><body>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port)
        server.shutdown()


@pytest.fixture(scope="module")
def browse(chromium: Any) -> Iterator[Callable[[], Any]]:
    """Open a fresh profile; all are closed at the end."""
    contexts: list[Any] = []

    def browse() -> Any:
        contexts.append(chromium.new_context(viewport={"width": 1400, "height": 900}))
        contexts[-1].set_default_timeout(20_000)
        return contexts[-1]

    yield browse
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def mine(browse: Any, guarded: Any) -> Any:
    """The matrix, open in the profile where ana is signed in."""
    page = browse().new_page()
    page.goto(f"{guarded.url}matrix?token=t-ana")
    page.get_by_text(SECRET).wait_for()
    return page


def attacked(profile: Any, site: str, server: Any) -> tuple[dict[str, Any], list[str]]:
    """Run the attack from `site`; give what it got hold of and the addresses of its frames."""
    page = profile.new_page()
    page.goto(f"http://{site}/")
    told = page.evaluate(ATTACK, server.host)
    return told, [frame.url for frame in page.frames[1:]]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "evil.example"])
def test_a_foreign_page_reads_nothing_and_presses_nothing(mine: Any, guarded: Any, foreign: str, name: str) -> None:
    told, frames = attacked(mine.context, f"{name}:{foreign}", guarded)
    assert told["read"] == ""
    assert told["opened"] is False
    assert set(told["posts"]) <= {"blocked", 0}  # 0: it was sent, and what came of it was not told
    assert not guarded.trace.exists()
    assert [url for url in frames if url.startswith("http")] == []
    assert mine.context.cookies(guarded.url) != []


@pytest.mark.parametrize("name", ["127.0.0.1", "evil.example"])
def test_the_same_page_reads_and_presses_all_of_the_bare_app(browse: Any, bare: Any, foreign: str, name: str) -> None:
    for _ in range(3):  # what has to be possible here is the attack, not its first try on a busy machine
        bare.trace.unlink(missing_ok=True)
        told, frames = attacked(browse(), f"{name}:{foreign}", bare)
        if SECRET in told["read"] and bare.trace.exists():
            break
    assert told["opened"] is True
    assert SECRET in told["read"]
    assert 200 in told["posts"]
    assert bare.trace.read_text().startswith("pressed")
    assert frames == [f"{bare.url}matrix/"]


def test_another_name_for_this_machine_is_no_way_in(browse: Any, guarded: Any) -> None:
    port = guarded.host.partition(":")[2]
    assert browse().new_page().goto(f"http://evil.example:{port}/matrix?token=t-ana").status == 403


INJECTED = r"""() => {
  const spot = document.createElement("div"), script = document.createElement("script");
  spot.innerHTML = `<img src="x:" onerror="window.__ran = 'image'">
    <a href="javascript:void (window.__ran = 'link')">go</a>
    <iframe srcdoc="<script>parent.__ran = 'frame'<\/script>"></iframe>`;
  script.textContent = "window.__ran = 'script'";
  document.body.append(spot, script);
  spot.querySelector("a").click();
}"""


def test_markup_that_got_into_a_page_runs_no_script(mine: Any) -> None:
    mine.evaluate(INJECTED)
    mine.wait_for_timeout(500)
    assert mine.evaluate("window.__ran") is None


def test_the_bare_app_runs_it(browse: Any, bare: Any) -> None:
    page = browse().new_page()
    page.goto(f"{bare.url}matrix/", wait_until="commit")
    page.wait_for_function("document.body")  # committed is not parsed
    page.evaluate(INJECTED)
    page.wait_for_function("window.__ran")


def watched(profile: Any) -> tuple[Any, list[str], list[str]]:
    """A new tab with what its console complains about and what it asks for."""
    page = profile.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    return page, complaints, asked


def strangers(asked: list[str], server: Any) -> list[str]:
    own = (server.url, f"ws://{server.host}/", "data:", "blob:")
    return [url for url in asked if not url.startswith(own)]


def test_a_page_keeps_its_address_and_knows_its_operator(browse: Any, guarded: Any) -> None:
    page, complaints, asked = watched(browse())
    page.goto(f"{guarded.url}matrix?token=t-ben&release=3")
    expect(page.get_by_text(SECRET)).to_contain_text("query")
    text = page.get_by_text(SECRET).inner_text()
    page.get_by_role("button", name="ring").click()
    page.get_by_text("ding").wait_for()
    assert page.url == f"{guarded.url}matrix?release=3"
    assert "query {'release': '3'} meta {'operator': 'ben'}" in text
    assert "'username': 'ben'" in text
    assert "cookies {}" in text
    page.goto(f"{guarded.url}matrix?session_id=s_chosen&release=4")
    expect(page.get_by_text(SECRET)).to_contain_text("query {'release': '4'}")
    assert page.url == f"{guarded.url}matrix?release=4"
    sockets = [url for url in asked if url.startswith("ws:")]
    assert (len(sockets), [url for url in sockets if "s_chosen" in url]) == (2, [])
    assert complaints == []
    assert strangers(asked, guarded) == []


def test_every_kind_of_element_works(browse: Any, guarded: Any) -> None:
    page, complaints, asked = watched(browse())
    page.goto(f"{guarded.url}elements?token=t-ana")
    page.get_by_label("pick").select_option("b")
    page.get_by_text("picked b").wait_for()
    sheet = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": b"1,2"}
    page.locator("input[type=file]").first.set_input_files(sheet)
    page.get_by_text("uploaded [b'1,2']").wait_for()
    with page.expect_download() as download:
        page.get_by_text("save", exact=True).click()
    assert Path(download.value.path()).read_bytes() == b"made before"
    page.get_by_text("Export", exact=True).first.click()
    with page.expect_download() as download:
        page.locator("[role=dialog] button").nth(1).click()
    assert Path(download.value.path()).read_text().startswith("customer,open\nc0,0\n")
    page.locator("canvas, svg.marks").first.wait_for(state="attached")
    assert page.locator(".cm-content").inner_text() == "select 1"
    assert page.frame_locator("#preview").get_by_text("signed off").count() == 1
    assert page.locator('[data-testid="notebook-actions-dropdown"]').is_hidden()
    assert complaints == []
    assert strangers(asked, guarded) == []
