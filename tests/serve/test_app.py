"""Which address is which page, what a page looks like there, and how little of marimo is reachable."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from marimo._server.api.router import build_routes
from starlette.routing import Mount

from relorch.serve.app import adapted, build_app, policy

PAGES = Path(__file__).parent / "pages"
NOTHING = "There is nothing at this address.\n"

REACHABLE = {
    "GET /",
    "GET /@file/{filename_and_length:path}",
    "GET /health",
    "GET /{path:path}",  # marimo's icons, of which three are reachable
    "MOUNT /assets",
    "POST /api/kernel/function_call",
    "POST /api/kernel/set_model_value",
    "POST /api/kernel/set_ui_element_value",
    "SOCKET /ws",
}
UNREACHABLE = """
    GET /api/ai/mcp/status           GET /api/documentation/snippets   GET /api/environment
    GET /api/export/availability     GET /api/files/download           GET /api/files/roots
    GET /api/kernel/status           GET /api/lsp/health               GET /api/packages/list
    GET /api/packages/tree           GET /api/sessions                 GET /api/status
    GET /api/status/connections      GET /api/usage                    GET /api/version
    GET /auth/login                  GET /auth/token                   GET /healthz
    GET /og/thumbnail                GET /public-files-sw.js           GET /public/{filepath:path}
    GET /sse                         SOCKET /terminal/ws               SOCKET /ws_sync
    POST /api/ai/chat                POST /api/ai/completion           POST /api/ai/inline_completion
    POST /api/ai/invoke_tool         POST /api/ai/mcp/refresh          POST /api/cache/clear
    POST /api/cache/info             POST /api/datasources/discover    POST /api/datasources/preview_column
    POST /api/datasources/preview_datasource_connection                POST /api/datasources/preview_sql_schema_list
    POST /api/datasources/preview_sql_table                            POST /api/datasources/preview_sql_table_list
    POST /api/document/transaction   POST /api/export/auto_export/html POST /api/export/auto_export/ipynb
    POST /api/export/auto_export/markdown                              POST /api/export/html
    POST /api/export/ipynb           POST /api/export/markdown         POST /api/export/pdf
    POST /api/export/requirements/install                              POST /api/export/script
    POST /api/export/update_cell_outputs                               POST /api/files/copy
    POST /api/files/create           POST /api/files/delete            POST /api/files/file_details
    POST /api/files/list_files       POST /api/files/move              POST /api/files/open
    POST /api/files/search           POST /api/files/update            POST /api/home/recent_files
    POST /api/home/running_notebooks POST /api/home/shutdown_session   POST /api/home/tutorial/open
    POST /api/home/workspace_files   POST /api/kernel/code_autocomplete
    POST /api/kernel/copy            POST /api/kernel/delete           POST /api/kernel/execute
    POST /api/kernel/focus_cell      POST /api/kernel/format           POST /api/kernel/install_missing_packages
    POST /api/kernel/instantiate     POST /api/kernel/interrupt        POST /api/kernel/pdb/breakpoints
    POST /api/kernel/pdb/pm          POST /api/kernel/read_code        POST /api/kernel/rename
    POST /api/kernel/restart_session POST /api/kernel/run              POST /api/kernel/save
    POST /api/kernel/save_app_config POST /api/kernel/save_user_config POST /api/kernel/scratchpad/run
    POST /api/kernel/set_cell_config POST /api/kernel/shutdown         POST /api/kernel/stdin
    POST /api/kernel/takeover        POST /api/lsp/restart             POST /api/packages/add
    POST /api/packages/manifest      POST /api/packages/remove         POST /api/packages/sandbox
    POST /api/packages/sync          POST /api/secrets/create          POST /api/secrets/delete
    POST /api/secrets/keys           POST /api/sql/validate            POST /api/storage/download
    POST /api/storage/list_entries   POST /auth/login
"""
PINNED = {f"{verb} {path}" for verb, path in zip(*[iter(UNREACHABLE.split())] * 2, strict=True)}


def every_route(routes: Any, prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from every_route(route.routes, prefix + route.path)
        elif isinstance(route, Mount):
            yield f"MOUNT {prefix}{route.path}"
        else:
            verbs = set(getattr(route, "methods", None) or ["SOCKET"]) - {"HEAD"}
            yield from (f"{verb} {prefix}{route.path}" for verb in verbs)


Get = Callable[..., Any]


@pytest.fixture(scope="module")
def app() -> Any:
    return build_app({"matrix": PAGES / "matrix.py", "dashboard": PAGES / "elements.py"})


@pytest.fixture
def get(app: Any, raw: Get) -> Get:
    """Ask the pages without the guard; the path is decoded as a server would do it."""

    def get(target: str, verb: str = "GET", **headers: str) -> Any:
        path, mark, query = target.partition("?")
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return raw(app, verb, unquote(path) + mark + query, pairs, waits=True)

    return get


def test_marimo_has_no_route_that_was_not_reviewed() -> None:
    """A new one: decide in relorch/serve/app.py whether a page needs it, then add it here."""
    assert set(every_route(build_routes())) == REACHABLE | PINNED


@pytest.mark.parametrize("route", sorted(PINNED))
def test_what_no_page_needs_is_not_there(get: Get, route: str) -> None:
    verb, _, path = route.partition(" ")
    path = re.sub(r"\{.*\}", "x", path)
    if verb == "SOCKET":
        assert [message["type"] for message in get(f"/matrix{path}?session_id=s_1", "WS").messages] == [
            "websocket.close"
        ]
    else:
        assert get(f"/matrix{path}", verb).text == NOTHING


@pytest.mark.parametrize(
    "target",
    [
        "/matrix/assets/../api/kernel/shutdown",
        "/matrix/@file/../../etc/passwd",
        "/matrix/assets/%2e%2e/index.html",
        "/matrix/index.html",
        "/assets/",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/x/y",
        "/matrix/manifest.json",
        "/matrix//",
        "/matrix/x",
        "/matrixx",
        "/MATRIX",
        "/%6datrix/ws",
        "/auth/login",
        "/ws",
        "/health",
        "/docs",
        "/openapi.json",
    ],
)
@pytest.mark.parametrize("verb", ["GET", "POST", "HEAD"])
def test_unknown_paths_are_404(get: Get, verb: str, target: str) -> None:
    assert get(target, verb).status == 404


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("target", ["/", "/matrix", "/matrix/", "/matrix/health", "/favicon.ico", "/matrix/ws"])
def test_a_page_is_only_read(get: Get, verb: str, target: str) -> None:
    assert get(target, verb).text == NOTHING


def test_nothing_is_changed_without_a_session(get: Get) -> None:
    assert get("/matrix/api/kernel/set_ui_element_value", "POST").status == 400


def test_a_wrong_address_in_the_address_bar_leads_back(get: Get) -> None:
    reply = get("/matirx", sec_fetch_mode="navigate")
    assert (reply.status, reply.header("content-type")[0]) == (404, "text/html; charset=utf-8")
    assert '<a href="/dashboard">' in reply.text
    assert "matirx" not in reply.text


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/", "/dashboard"),
        ("/?release=3", "/dashboard?release=3"),
        ("/matrix/", "/matrix"),
        ("/matrix/?release=3&q=a%20b", "/matrix?release=3&q=a%20b"),
    ],
)
def test_redirects_stay_and_keep_the_query(get: Get, target: str, location: str) -> None:
    reply = get(target)
    assert (reply.status, reply.header("location")[0]) == (307, location)


def test_the_browsers_own_wish_for_an_icon_is_answered(get: Get) -> None:
    assert get("/favicon.ico").status == 204
    assert get("/matrix/favicon.ico").header("content-type")[0].startswith("image/")


@pytest.mark.parametrize("target", ["/api", "/api/", "/api/steps/1/detail", "/api/kernel/shutdown", "/api/status"])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_the_api_is_not_marimos(get: Get, verb: str, target: str) -> None:
    reply = get(target, verb)
    assert (reply.status, reply.header("content-type")[0]) == (404, "application/problem+json")
    assert json.loads(reply.body)["status"] == 404


def test_the_api_takes_the_place_of_its_stand_in(raw: Get) -> None:
    async def api(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    app = build_app({"matrix": PAGES / "matrix.py"}, api=api)
    assert raw(app, "GET", "/api/releases", waits=True).text == "/api/releases"
    assert raw(app, "GET", "/apiary", waits=True).status == 404


@pytest.mark.parametrize("name", ["", "api", "/x", "a/b", "Matrix", "..", "a b"])
def test_a_name_that_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="address"):
        build_app({name: PAGES / "matrix.py"})


@pytest.fixture
def page(get: Get) -> Any:
    return get("/matrix?release=3", if_none_match="*")


def test_a_page_finds_its_own_below_its_address(page: Any) -> None:
    assert page.status == 200
    assert re.search(r'<head><base href="/matrix/">', page.text)
    assert page.text.count("<base ") == 1


def test_a_page_is_never_stored_and_its_length_is_right(get: Get, page: Any) -> None:
    assert page.header("cache-control")[0] == "no-store"
    assert page.header("etag") == []
    assert int(page.header("content-length")[0]) == len(page.body)
    assert get("/matrix", "HEAD").header("content-length")[0] == page.header("content-length")[0]


def test_a_page_asks_for_nothing_it_does_not_need(page: Any) -> None:
    assert [word for word in ('rel="preload"', 'rel="manifest"', "serviceWorker") if word in page.text] == []
    assert 'rel="modulepreload"' in page.text
    assert "marimo-filename" in page.text


def test_a_page_does_not_show_the_code_of_its_notebook(page: Any) -> None:
    assert "secret-customer" not in page.text


def test_only_the_scripts_that_were_sent_may_run(page: Any) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in page.header("content-security-policy")[0].split(";"))
    assert "'unsafe-inline'" not in rules["script-src"]
    assert (rules["default-src"], rules["connect-src"], rules["object-src"]) == ("'self'", "'self'", "'none'")
    scripts = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", page.text, re.S)
    assert scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules["script-src"]


def test_a_page_that_marimo_words_otherwise_still_works() -> None:
    assert adapted(b"<html><body>x</body></html>", "/matrix/") == b"<html><body>x</body></html>"
    assert adapted(b"<head></head><head>", "/a/").startswith(b'<head><base href="/a/">')
    kept = b"<script>1</script><script>2</script>"
    assert adapted(kept[:18] + b"<script>register('./public-files-sw.js')</script>" + kept[18:], "/a/") == kept
    assert "'self' 'unsafe-eval' ;" in policy(b"<script src='./x.js'></script>")


def test_without_the_script_policy_only_that_header_is_missing(raw: Get, page: Any) -> None:
    open_to_all = raw(build_app({"matrix": PAGES / "matrix.py"}, script_policy=False), "GET", "/matrix", waits=True)
    names = [{key for key, _ in reply.messages[0]["headers"]} for reply in (page, open_to_all)]
    assert names[0] - names[1] == {b"content-security-policy"}
    assert open_to_all.text.count("<base ") == 1


def test_assets_pass_as_they_are_and_are_the_same_for_every_page(get: Get, page: Any) -> None:
    [script] = re.findall(r'<script type="module"[^>]*src="(/assets/[^"]+)"', page.text)
    reply, own = get(script), get(f"/matrix{script}")
    assert (reply.status, "javascript" in reply.header("content-type")[0]) == (200, True)
    assert reply.body == own.body
    assert "./assets/" not in page.text
    assert json.loads(get("/matrix/health").body) == {"status": "healthy"}


@pytest.mark.parametrize("query", ["file=/etc/passwd", "file=__new__", "file=x&release=3", "f%69le=x", "kiosk=true"])
def test_a_page_is_its_own_notebook_whatever_the_query_says(get: Get, page: Any, query: str) -> None:
    reply = get(f"/matrix?{query}")
    assert reply.status == 200
    assert reply.text == page.text
