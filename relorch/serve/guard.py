"""The gate in front of everything relorch serves: from where it is asked, by whom, and whose session it is.

marimo checks neither Host nor Origin, so without this any page in the operator's browser could read the matrix
and press its buttons. Everything is refused unless a rule below lets it in. The rules run in the order of `_RULES`;
the first one with an answer ends the request, and nothing that was refused reaches the inside. It is one long file
on purpose: whether the rules have a hole can only be seen by reading them together.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relorch.errors import InvalidValue

Headers = list[tuple[bytes, bytes]]

SESSIONS_PER_OPERATOR = 512  # open tabs and the ones closed lately; more than anybody has, and a bound on memory

_SAFE = frozenset({"GET", "HEAD"})
_ONCE = ("host", "origin", "authorization", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "marimo-session-id")
_PAGE = re.compile(r"/[A-Za-z0-9_-]*/?")  # what operators send each other: one segment, no endpoint of a page
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FRAMES = frozenset({"iframe", "frame", "fencedframe", "embed", "object"})
_UNSAFE_PATH = re.compile(r"[\\\x00-\x1f\x7f]|^//|^[^/]|^$")  # a browser would read these as another server
_SECRET_HEADERS = frozenset({b"authorization", b"cookie"})  # nothing inside needs them, a page could show them

_HEADERS = {
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
_NO_FRAMES = (b"content-security-policy", b"frame-ancestors 'none'")

_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_SIGN_IN = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>relorch: not signed in</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Not signed in</h1>
<p>Open the address that <code>relorch serve</code> printed when it started. It signs this browser in until the server
stops.</p>
</html>
"""


@dataclass(frozen=True)
class SignedIn:
    """The operator of a request as Starlette and marimo expect to find it in `scope["user"]`."""

    username: str
    is_authenticated: bool = True

    @property
    def display_name(self) -> str:
        """The operator's name."""
        return self.username

    @property
    def identity(self) -> str:
        """The operator's name."""
        return self.username


@dataclass(frozen=True)
class _Answer:
    """What the guard says itself, instead of the app inside."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = (_PLAIN,)


class _Request:
    """The parts of a scope the rules look at. Headers of `_ONCE` are single, the first rule sees to that."""

    def __init__(self, scope: Scope) -> None:
        self.socket: bool = scope["type"] == "websocket"
        self.method: str = "GET" if self.socket else scope["method"]
        self.path: str = scope["path"]
        self.raw_query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            self.headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())

    def get(self, name: str) -> str | None:
        return self.headers.get(name, [None])[0]

    def query(self, name: str) -> list[str]:
        return [value for key, value in parse_qsl(self.raw_query, keep_blank_values=True) if key == name]

    def without(self, *names: str) -> str:
        """The same path and query minus the named parameters, as an address that stays on this server."""
        parts = self.raw_query.split("&")
        kept = [part for part in parts if part and unquote_plus(part.partition("=")[0]) not in names]
        query = quote("&".join(kept), safe="%/:=&?~+!$,;'@()*[]")
        return quote(self.path, safe="/@:+~,=") + ("?" + query if query else "")

    @property
    def bearer(self) -> str | None:
        scheme, _, token = (self.get("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    @property
    def origins(self) -> tuple[str, str]:
        """The two spellings of this server's own origin; TLS, if any, ends in a proxy."""
        host = (self.get("host") or "").lower()
        return f"http://{host}", f"https://{host}"

    @property
    def asks_api(self) -> bool:
        """Whether a program will read the answer."""
        return not self.socket and (self.path == "/api" or self.path.startswith("/api/"))

    @property
    def reads_page(self) -> bool:
        """Whether a page itself is asked for, not one of its endpoints."""
        return not self.socket and self.method in _SAFE and _PAGE.fullmatch(self.path) is not None

    @property
    def opens_page(self) -> bool:
        """Whether the address bar of a tab (not a frame) goes to a page."""
        top_level = self.get("sec-fetch-mode") == "navigate" and self.get("sec-fetch-dest") == "document"
        return top_level and self.method == "GET" and self.reads_page

    @property
    def navigates(self) -> bool:
        """Whether a person will look at the answer; browsers without Sec-Fetch show it by what they accept."""
        mode = self.get("sec-fetch-mode")
        wanted = mode == "navigate" if mode is not None else "text/html" in (self.get("accept") or "")
        return self.method == "GET" and not self.socket and wanted


class _Sessions:
    """Which operator each marimo session id belongs to. One operator can never push out another's ids."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}
        self._uses: dict[str, dict[str, int]] = {}  # operator -> id -> requests in flight, oldest id first

    def owner(self, session_id: str) -> str | None:
        return self._owner.get(session_id)

    def claim(self, session_id: str, operator: str) -> bool:
        """Give a free id to `operator`; False when all ids it may have are in use right now."""
        mine = self._uses.setdefault(operator, {})
        if len(mine) >= SESSIONS_PER_OPERATOR:
            idle = next((known for known, uses in mine.items() if not uses), None)
            if idle is None:
                return False
            del mine[idle], self._owner[idle]
        mine[session_id], self._owner[session_id] = 0, operator
        return True

    @contextmanager
    def used(self, session_id: str | None) -> Iterator[None]:
        """Keep the id its operator's for as long as the block runs, and note that it was used last."""
        if session_id is None:
            yield
            return
        mine = self._uses[self._owner[session_id]]
        mine[session_id] = mine.pop(session_id) + 1
        try:
            yield
        finally:
            mine[session_id] -= 1


class Guard:
    """Pure ASGI middleware, the outermost layer: admits what comes from this server's own pages or a bearer.

    Args:
        app: what is inside; it finds the operator in `scope["meta"]["operator"]` and `scope["user"]`.
        hosts: allowed values of the Host header, with port: `127.0.0.1:8123`.
        operators: token -> operator name.
        cookie: name of the cookie; it should hold the port, because cookies do not know ports.

    Raises:
        InvalidValue: a token is empty.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], operators: Mapping[str, str], cookie: str) -> None:
        if not all(operators):
            raise InvalidValue("token", "", "anybody could sign in with it; give each operator a long secret")
        self._app, self._cookie = app, cookie
        self._hosts = frozenset(host.lower() for host in hosts)
        self._tokens = {token.encode(): name for token, name in operators.items()}
        secret = secrets.token_bytes(32)  # cookies of an earlier process are worth nothing
        self._keys = {token: hmac.digest(secret, token, "sha256").hex().encode() for token in self._tokens}
        self._cookies = {self._keys[token]: name for token, name in self._tokens.items()}
        self._sessions = _Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the request or answer it; `lifespan` passes through."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        request = _Request(scope)
        answer = next((found for rule in _RULES if (found := rule(self, request))), None)
        if answer is not None:
            return await _say(answer, request, _hardened(send))
        with self._sessions.used(_session_id(request)):
            await self._app(self._admitted(scope, request), receive, _hardened(send))

    def _admitted(self, scope: Scope, request: _Request) -> Scope:
        name = self._who(request) or ""
        headers = [(key, value) for key, value in scope["headers"] if key.lower() not in _SECRET_HEADERS]
        return {**scope, "headers": headers, "meta": {"operator": name}, "user": SignedIn(name)}

    # Rules: each gives the answer that ends the request, or None.

    def _wrong_form(self, request: _Request) -> _Answer | None:
        if any(len(request.headers.get(name, ())) > 1 for name in _ONCE):
            return _Answer(400, b"A header that belongs there once was sent more than once.\n")
        ids = {*request.query("session_id"), *request.headers.get("marimo-session-id", ())}
        if len(request.query("session_id")) > 1 or len(ids) > 1 or not all(map(_SESSION_ID.fullmatch, ids)):
            return _Answer(400, b"The session id is not one plain word.\n")
        return _Answer(400, b"This path is not allowed.\n") if _UNSAFE_PATH.search(request.path) else None

    def _wrong_host(self, request: _Request) -> _Answer | None:
        if (request.get("host") or "").lower() in self._hosts:
            return None
        return _Answer(403, b"This server does not answer under that name.\n")

    def _wrong_place(self, request: _Request) -> _Answer | None:
        origin, site = request.get("origin"), request.get("sec-fetch-site")
        ours = origin in request.origins
        if request.socket:
            allowed = ours and site in (None, "same-origin")
        else:
            allowed = (ours or origin is None) and (site in (None, "same-origin", "none") or request.opens_page)
        framed = request.get("sec-fetch-dest") in _FRAMES
        return None if allowed and not framed else _Answer(403, b"Only relorch's own pages may ask this.\n")

    def _unproven(self, request: _Request) -> _Answer | None:
        proven = request.get("origin") in request.origins or request.get("sec-fetch-site") == "same-origin"
        # without a cookie nothing speaks for the one who asks: a program that forgot its bearer is told so next
        by_program = "cookie" not in request.headers and (request.bearer is not None or request.asks_api)
        if request.method in _SAFE or proven or by_program:
            return None
        return _Answer(403, b"A change has to come from relorch's own pages, or with a bearer token and no cookie.\n")

    def _token_in_address(self, request: _Request) -> _Answer | None:
        given = request.query("token")
        if request.socket or request.method != "GET" or not given:
            return None
        token = _find(self._tokens, given[0]) if len(given) == 1 else None
        # a link on somebody's page must not turn a signed-in operator into another one
        from_elsewhere = request.get("sec-fetch-site") not in (None, "same-origin", "none")
        if self._who(request) is not None and (token is None or from_elsewhere):
            return _redirect(request.without("token", "session_id"))
        if token is None:
            return None
        value = f"{self._cookie}={self._keys[token].decode()}; HttpOnly; SameSite=Lax; Path=/"
        return _redirect(request.without("token", "session_id"), (b"set-cookie", value.encode("latin-1")))

    def _nobody(self, request: _Request) -> _Answer | None:
        if self._who(request) is not None:
            return None
        if request.asks_api or not request.navigates:
            return _Answer(401, b"Not signed in.\n", (_PLAIN, (b"www-authenticate", b"Bearer")))
        style_only = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        return _Answer(401, _SIGN_IN, ((b"content-type", b"text/html; charset=utf-8"), style_only))

    def _foreign_session(self, request: _Request) -> _Answer | None:
        session_id, name = _session_id(request), self._who(request)
        if session_id is None or name is None:
            return None
        if request.query("session_id") and (request.navigates or request.reads_page):
            return _redirect(request.without("session_id"))  # a link must not choose the session of who opens it
        owner = self._sessions.owner(session_id)
        if owner is None and request.method in _SAFE:  # only opening a page's socket makes a session
            return None if self._sessions.claim(session_id, name) else _Answer(429, b"Too many open sessions.\n")
        return None if owner == name else _Answer(403, b"This session is not yours. Reload the page.\n")

    def _who(self, request: _Request) -> str | None:
        """The operator of the bearer token if there is one, else of the cookie."""
        if request.bearer is not None:
            token = _find(self._tokens, request.bearer)
            return None if token is None else self._tokens[token]
        pairs = [pair.partition("=") for line in request.headers.get("cookie", ()) for pair in line.split(";")]
        keys = [_find(self._cookies, value.strip()) for name, _, value in pairs if name.strip() == self._cookie]
        names = {self._cookies[key] for key in keys if key is not None}
        return names.pop() if len(names) == 1 else None  # another port can add cookies of this name


_RULES: tuple[Callable[[Guard, _Request], _Answer | None], ...] = (
    Guard._wrong_form,
    Guard._wrong_host,
    Guard._wrong_place,
    Guard._unproven,
    Guard._token_in_address,
    Guard._nobody,
    Guard._foreign_session,
)


def _session_id(request: _Request) -> str | None:
    return next(iter(request.query("session_id")), request.get("marimo-session-id"))


def _find(known: Mapping[bytes, str], given: str) -> bytes | None:
    """Compare with every known secret, in a time that tells nothing about where they differ."""
    found = None
    for secret in known:
        if hmac.compare_digest(secret, given.encode("utf-8", "surrogatepass")):
            found = secret
    return found


def _redirect(location: str, *headers: tuple[bytes, bytes]) -> _Answer:
    return _Answer(303, b"", ((b"location", location.encode("ascii")), *headers))


def _as_problem(answer: _Answer) -> _Answer:
    """Give the same answer as the API words all of its refusals."""
    title, detail = HTTPStatus(answer.status).phrase, answer.body.decode().strip()
    said = {"type": "about:blank", "title": title, "status": answer.status, "detail": detail}
    others = (pair for pair in answer.headers if pair[0] != b"content-type")
    return _Answer(answer.status, json.dumps(said).encode(), ((b"content-type", b"application/problem+json"), *others))


async def _say(answer: _Answer, request: _Request, send: Send) -> None:
    if request.socket:  # before it was accepted: the server turns this into 403
        return await send({"type": "websocket.close", "code": 1008, "reason": ""})
    if request.asks_api and answer.status >= 400:
        answer = _as_problem(answer)
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*answer.headers, length, (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _hardened(send: Send) -> Send:
    """Put the security headers on every answer and take CORS permissions off it: marimo would allow everybody."""

    async def hardened(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
            inside: Headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            kept = [pair for pair in inside if pair[0] not in _HEADERS and not pair[0].startswith(b"access-control-")]
            message = {**message, "headers": [*kept, *_HEADERS.items(), _NO_FRAMES]}
        await send(message)

    return hardened
