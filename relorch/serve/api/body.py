"""The gate before the API: a body is read up to its limit, in its time, as far as there is room, and only as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relorch.serve.api.problems import Problem, answer, plain

MEGABYTE = 1024 * 1024
LIMIT = MEGABYTE
IMPORT_LIMIT = 10 * MEGABYTE
SMALL = 64 * 1024  # of a body that is not counted: what ticks a step is far shorter, and is never kept waiting
SECONDS = 60.0  # for a whole body: 10 MB take less on any line that somebody works on


class _Room:
    """How many bytes of bodies are held at once, from their arrival to the answer."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def share(self) -> Iterator[_Share]:
        """Give a share of the room that is empty at first, and given back at the end."""
        share = _Share(self)
        try:
            yield share
        finally:
            self._free += share.taken

    def take(self, size: int) -> bool:
        """Take some of it; false: there is not so much left."""
        if size > self._free:
            return False
        self._free -= size
        return True


class _Share:
    """What one request holds of the room."""

    def __init__(self, room: _Room) -> None:
        self._room, self.taken = room, 0

    def grow_to(self, size: int) -> bool:
        """Hold so many bytes in all; false: there is no room for them."""
        more = max(0, size - self.taken)
        fits = self._room.take(more)
        self.taken += more * fits
        return fits


class BodyGate:
    """Pure ASGI: answers a body that is too long, too slow, too much beside the others, or no JSON; hands on the rest.

    What is counted is what arrives; a Content-Length only lets it refuse sooner. Imports have a room of their own, and
    small bodies need none, so that nobody is kept from ticking a step. `seconds`: how long a body may take. HEAD is GET
    to the API (the server leaves the answer's body out), and what the API answers is stored nowhere on its way.
    """

    def __init__(self, app: ASGIApp, seconds: float = SECONDS) -> None:
        self._app, self._seconds = app, seconds
        self._room, self._import_room = _Room(16 * LIMIT), _Room(3 * IMPORT_LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the request with its whole body, or answer it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        importing = scope["path"].startswith("/api/import/")
        limit, room = (IMPORT_LIMIT, self._import_room) if importing else (LIMIT, self._room)
        with room.share() as share:
            try:
                body = await self._body(scope, receive, limit, share)
            except ClientDisconnect:
                return None  # half a request changes nothing
            send = _unstored(send)
            if isinstance(body, Problem):
                return await _refused(body)(scope, receive, send)
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}
            await self._app(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive, limit: int, share: _Share) -> bytes | Problem:
        """Give the whole body, or why it is not taken."""
        if _announced(scope) > limit:
            return _too_large(limit)
        try:
            async with asyncio.timeout(self._seconds):
                body = await _read(receive, limit, share)
        except TimeoutError:
            return plain(408, f"The body did not arrive within {self._seconds:g} seconds.")
        if body and not isinstance(body, Problem) and not _is_json(scope):
            return plain(415, "The body has to be JSON: Content-Type: application/json.")
        return body


async def _read(receive: Receive, limit: int, share: _Share) -> bytes | Problem:
    """Give the whole body, or why it is read no further."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        arrived = message.get("body", b"")
        if len(body) + len(arrived) > limit:
            return _too_large(limit)
        body += arrived
        if not share.grow_to(len(body) - SMALL):
            return plain(503, "Too much is being sent at once; nothing was stored. Try again.", "busy")
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit: int) -> Problem:
    return plain(413, f"The body is over {limit // MEGABYTE} MB.")


def _refused(problem: Problem) -> ASGIApp:
    """Give the answer; where not all of the body was read the connection is of no use any more."""
    unread = {} if problem.status == 415 else {"connection": "close"}
    later = {"retry-after": "1"} if problem.status == 503 else {}
    return answer(problem, unread | later)


def _unstored(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["cache-control"] = "no-store"
        await send(message)

    return sent


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _header(scope: Scope, wanted: bytes) -> str:
    found = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]
    return found[0] if len(found) == 1 else ""


def _announced(scope: Scope) -> int:
    said = _header(scope, b"content-length")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def _is_json(scope: Scope) -> bool:
    return _header(scope, b"content-type").partition(";")[0].strip().lower() == "application/json"
