"""The gate before the API: a body is read up to its limit, and only as JSON."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relorch.serve.api.problems import answer, plain

MEGABYTE = 1024 * 1024
LIMIT = MEGABYTE
IMPORT_LIMIT = 10 * MEGABYTE


class BodyGate:
    """Pure ASGI: answers 413 once a body is over the limit, 415 for one that is no JSON, and hands on the rest.

    What is counted is what arrives; a Content-Length only lets it refuse sooner.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the request with its whole body, or answer it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        limit = IMPORT_LIMIT if scope["path"].startswith("/api/import/") else LIMIT
        try:
            body = None if _announced(scope) > limit else await _read(receive, limit)
        except ClientDisconnect:
            return  # half a request changes nothing
        if body is None:
            too_large = plain(413, f"The body is over {limit // MEGABYTE} MB.")
            return await answer(too_large, {"connection": "close"})(scope, receive, send)
        if body and not _is_json(scope):
            wanted = plain(415, "The body has to be JSON: Content-Type: application/json.")
            return await answer(wanted)(scope, receive, send)
        await self._app(scope, _replayed(body, receive), send)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Give the whole body, or None once it is too long."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


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
