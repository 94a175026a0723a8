"""How much may be sent, and as what."""

from __future__ import annotations

from typing import Any

import pytest

from relorch.serve.api.body import LIMIT, BodyGate
from tests.api.conftest import Ask
from tests.conftest import to_the_end

JSON = {"content-type": "application/json"}


class Sender:
    """A client that sends chunk after chunk, and notes how many were taken."""

    def __init__(self, chunks: int, size: int, ends: bool = True) -> None:
        self.left, self.size, self.taken, self.ends = chunks, size, 0, ends

    async def receive(self) -> dict[str, Any]:
        if self.left == 0 and not self.ends:
            return {"type": "http.disconnect"}
        self.left -= 1
        self.taken += 1
        more = self.left > 0 or not self.ends
        return {"type": "http.request", "body": b" " * self.size, "more_body": more}


def through_the_gate(
    sender: Sender, *headers: tuple[bytes, bytes], path: str = "/api/x"
) -> tuple[int | None, list[bytes]]:
    """Give the status of the answer, None without one, and the bodies that reached the inside."""
    reached: list[bytes] = []
    sent: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        reached.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(b"content-type", b"application/json"), *headers]
    scope = {"type": "http", "method": "POST", "path": path, "headers": pairs}
    to_the_end(BodyGate(inside)(scope, sender.receive, send))
    return (sent[0]["status"] if sent else None), reached


@pytest.mark.parametrize(("chunks", "size", "status"), [(1, LIMIT, 200), (4, LIMIT // 4, 200), (1, LIMIT + 1, 413)])
def test_what_arrives_is_counted(chunks: int, size: int, status: int) -> None:
    found, reached = through_the_gate(Sender(chunks, size))
    assert found == status
    assert [len(body) for body in reached] == ([chunks * size] if status == 200 else [])


def test_what_never_ends_is_not_read_to_the_end() -> None:
    sender = Sender(1_000_000, LIMIT // 4)
    assert through_the_gate(sender)[0] == 413
    assert sender.taken == 5


@pytest.mark.parametrize("length", [b"1048577", b"1073741824"])
def test_what_is_announced_too_long_is_not_read_at_all(length: bytes) -> None:
    sender = Sender(1, 1)
    assert through_the_gate(sender, (b"content-length", length))[0] == 413
    assert sender.taken == 0


@pytest.mark.parametrize("length", [b"0", b"-1", b"x", "²".encode(), b"9" * 5_000])
def test_a_length_that_lies_helps_nobody(length: bytes) -> None:
    assert through_the_gate(Sender(8, LIMIT // 4), (b"content-length", length))[0] == 413


def test_an_import_may_be_larger() -> None:
    assert through_the_gate(Sender(10, LIMIT), path="/api/import/release")[0] == 200
    assert through_the_gate(Sender(11, LIMIT), path="/api/import/release")[0] == 413


def test_half_a_request_changes_nothing() -> None:
    assert through_the_gate(Sender(2, 10, ends=False)) == (None, [])


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""]
)
def test_only_json_is_read(ask: Ask, kind: str) -> None:
    reply = ask("POST", "/clusters", content=b'{"name": "eu"}', headers={"content-type": kind})
    assert (reply.status_code, reply.headers["content-type"]) == (415, "application/problem+json")
    assert ask("GET", "/clusters").json() == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_may_say_its_charset(ask: Ask, kind: str) -> None:
    assert ask("POST", "/clusters", content=b'{"name": "eu"}', headers={"content-type": kind}).status_code == 201


def test_a_body_that_is_too_long_is_a_problem(ask: Ask) -> None:
    reply = ask("POST", "/clusters", content=b'"' + b"x" * LIMIT + b'"', headers=JSON)
    assert (reply.status_code, reply.json()["detail"]) == (413, "The body is over 1 MB.")


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b'"\xff"', b"9" * 10_000])
def test_what_cannot_be_read_is_told_as_that(ask: Ask, body: bytes) -> None:
    reply = ask("POST", "/clusters", content=body, headers=JSON)
    assert reply.status_code in (400, 422)
    assert reply.headers["content-type"] == "application/problem+json"
