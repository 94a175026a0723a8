"""The pages behind the guard: which address is which notebook, and how little of marimo is reachable.

The address bar stays at `/matrix?release=3` while marimo believes it serves `/matrix/`: the path is mapped here and
the page gets a `<base>`. Of marimo's endpoints only those a running page uses exist; everything else is 404.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import unquote_plus

import marimo
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from relorch.serve.parsing import parse_one_at_a_time

PAGE_ENDPOINTS = frozenset(
    {
        ("GET", "health"),
        ("GET", "favicon.ico"),
        ("GET", "apple-touch-icon.png"),
        ("GET", "logo.png"),
        ("POST", "api/kernel/set_ui_element_value"),  # every mo.ui element, uploads too
        ("POST", "api/kernel/set_model_value"),  # anywidgets: traits and messages
        ("POST", "api/kernel/function_call"),  # what elements ask Python for: table pages, lazy downloads
        ("SOCKET", "ws"),
    }
)
"""What a page in run mode needs of marimo, below `/NAME/`; `PAGE_FILES` beside it."""

PAGE_FILES = re.compile(r"(?:assets|@file)/[^/\\]+")
"""marimo's own frontend, and the files a page made: widget modules, chart data, downloads."""

_NOT_FOR_MARIMO = frozenset({"file", "kiosk", "access_token"})  # query keys that ask marimo for something else

# marimo's own "Download as HTML" would need a CDN to be shown, and its endpoint is not reachable
_NO_MENU = b'<style>[data-testid="notebook-actions-dropdown"] { display: none }</style>'

_IN_ORDER = b"<script>" + (Path(__file__).parent / "in_order.js").read_bytes() + b"</script>"

_PRELOAD = re.compile(rb"<link\b[^>]*\brel=\"(?:preload|manifest)\"[^>]*>", re.I)
_WORKER = re.compile(rb"<script\b[^>]*>(?:(?!</script>).)*public-files-sw\.js(?:(?!</script>).)*</script>", re.I | re.S)
_INLINE_SCRIPT = re.compile(rb"<script\b(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.I | re.S)

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' {hashes}; "  # Vega compiles its expressions
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
)

_NOT_FOUND = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>relorch: no such page</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>No such page</h1>
<p>There is nothing at this address. <a href="/dashboard">Go to the dashboard</a>.</p>
</html>
"""


async def no_api(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request below `/api` with 404 as `application/problem+json`."""
    if scope["type"] == "websocket":
        return await WebSocketClose()(scope, receive, send)
    problem = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no such endpoint."}
    await JSONResponse(problem, 404, media_type="application/problem+json")(scope, receive, send)


def build_app(
    pages: Mapping[str, Path], *, api: ASGIApp = no_api, script_policy: bool = True, head: str = ""
) -> ASGIApp:
    """Mount each notebook at `/NAME` and the API at `/api`. It belongs behind a `Guard`.

    Args:
        pages: name in the address -> notebook file.
        api: answers `/api` and everything below it; it gets the whole path, and no lifespan.
        script_policy: send pages with a Content-Security-Policy that runs no script but the server's own files.
            Only a test that looks for unsafe output turns it off.
        head: markup that goes into the head of every page.

    Returns:
        A pure ASGI app. It needs its lifespan: marimo's kernels would keep a process alive that is told to stop.

    Raises:
        ValueError: a name that cannot be an address, `api` or `assets`.
    """
    parse_one_at_a_time()
    builder = marimo.create_asgi_app(quiet=True, include_code=False, show_tracebacks=False)
    started: list[Starlette] = []
    for name, notebook in pages.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or name in ("api", "assets"):
            raise ValueError(f"{name!r} cannot be the address of a page.")
        builder = builder.with_app(path=f"/{name}", root=str(notebook), middleware=[_Noting(started)])
    return _Shell(builder.build(), frozenset(pages), api, started, script_policy=script_policy, head=head.encode())


class _Noting:
    """A "middleware" that only notes marimo's app of one notebook: the builder does not hand it out."""

    def __init__(self, started: list[Starlette]) -> None:
        self._started = started

    def __call__(self, app: ASGIApp) -> ASGIApp:
        self._started.append(cast(Starlette, app))
        return app


class _Shell:
    """Sends each address to its notebook, to the API, or nowhere."""

    def __init__(
        self,
        notebooks: ASGIApp,
        names: frozenset[str],
        api: ASGIApp,
        started: Sequence[Starlette],
        *,
        script_policy: bool,
        head: bytes,
    ) -> None:
        self._notebooks, self._names, self._api, self._started = notebooks, names, api, started
        self._script_policy, self._head = script_policy, head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._behind(scope)(scope, receive, send)

    def _behind(self, scope: Scope) -> ASGIApp:
        """The app that answers this request."""
        if scope["type"] == "lifespan":
            return self._lifespan
        path: str = scope["path"]
        if path == "/api" or path.startswith("/api/"):
            return self._api
        verb = _verb(scope)
        if verb == "GET" and path in ("/", "/favicon.ico"):
            return _redirect(scope, "/dashboard") if path == "/" else Response(status_code=204)
        name, _, rest = path[1:].partition("/")
        if name == "assets" and verb == "GET" and PAGE_FILES.fullmatch(path[1:]):
            return self._shared
        if name in self._names and not rest and verb == "GET":
            return self._page if path == f"/{name}" else _redirect(scope, f"/{name}")
        if name in self._names and ((verb, rest) in PAGE_ENDPOINTS or (verb == "GET" and PAGE_FILES.fullmatch(rest))):
            return self._endpoint
        return _nothing_here(scope)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for notebook in self._started:  # the lifespan of a mounted app never runs, so marimo would not do it
            await notebook.state.session_manager.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] + "/"
        finished = _PageReply(send, base=path, script_policy=self._script_policy, head=self._head)
        await self._notebooks(_for_marimo(scope, path), receive, finished)

    async def _shared(self, scope: Scope, receive: Receive, send: Send) -> None:
        """marimo's frontend is the same for every notebook: the browser loads it once for all pages."""
        page = f"/{min(self._names)}{scope['path']}"
        await self._notebooks(_for_marimo(scope, page), receive, send)

    async def _endpoint(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _verb(scope) == "POST" and not any(name == b"marimo-session-id" for name, _ in scope["headers"]):
            return await PlainTextResponse("This needs the session of a page.\n", 400)(scope, receive, send)
        await self._notebooks(_for_marimo(scope, scope["path"]), receive, send)


def _verb(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "SOCKET"
    method: str = scope["method"]
    return "GET" if method == "HEAD" else method


def _redirect(scope: Scope, path: str) -> ASGIApp:
    query: bytes = scope["query_string"]
    return RedirectResponse(path + ("?" + query.decode("latin-1") if query else ""), 307)


def _nothing_here(scope: Scope) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose()
    if (b"sec-fetch-mode", b"navigate") in scope["headers"]:
        return HTMLResponse(_NOT_FOUND, 404)
    return PlainTextResponse("There is nothing at this address.\n", 404)


def _for_marimo(scope: Scope, path: str) -> Scope:
    """The scope as marimo shall see it: at `path`, for its one notebook, and with nothing to answer 304 to."""
    parts = scope["query_string"].split(b"&")
    kept = [part for part in parts if unquote_plus(part.partition(b"=")[0].decode("latin-1")) not in _NOT_FOR_MARIMO]
    headers = [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]
    return {
        **scope,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"&".join(kept),
        "headers": headers,
    }


class _PageReply:
    """A `send` that holds an HTML answer back until it is complete, and sends it adapted to its address."""

    def __init__(self, send: Send, *, base: str, script_policy: bool, head: bytes) -> None:
        self._send, self._base, self._script_policy, self._head = send, base, script_policy, head
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = adapted(self._body, self._base, self._head)
        dropped = (b"content-length", b"etag", b"cache-control")
        headers = [pair for pair in start["headers"] if pair[0] not in dropped]
        headers += [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        if self._script_policy:
            headers.append((b"content-security-policy", policy(body).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_html(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])


def adapted(html: bytes, base: str, head: bytes = b"") -> bytes:
    """Make marimo's page work at the address `base` without its last slash.

    Its files come from one address for all pages, so that the browser loads them once. Preloads and the manifest go
    because they only make warnings, the service worker because it would stay in the browser when relorch is gone.
    What a person does is sent in its order; see `in_order.js`.
    """
    html = _WORKER.sub(b"", _PRELOAD.sub(b"", html)).replace(b'"./assets/', b'"/assets/')
    return html.replace(b"<head>", b'<head><base href="' + base.encode() + b'">' + _IN_ORDER + _NO_MENU + head, 1)


def policy(html: bytes) -> str:
    """Give the Content-Security-Policy for a page: scripts run if they are in it as sent, or a file of this server."""
    hashes = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(html))
    return _POLICY.format(hashes=" ".join(f"'sha256-{value}'" for value in dict.fromkeys(hashes)))
