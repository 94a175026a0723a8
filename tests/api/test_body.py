"""How much may be sent, and as what."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from relorch import Workbook
from relorch.serve.api import build_api
from relorch.serve.api.body import IMPORT_LIMIT, LIMIT, BodyGate
from tests.api.conftest import Ask, asking, behind_the_guard
from tests.conftest import Build, to_the_end

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


def asked_of(gate: BodyGate, receive: Any, path: str) -> Any:
    """Give a coroutine that asks the gate, and gives the status of its answer."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def asked() -> int:
        headers = [(b"content-type", b"application/json")]
        await gate({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
        return int(sent[0]["status"])

    return asked()


async def taken(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def test_a_body_that_does_not_come_to_its_end_is_given_up() -> None:
    async def nothing_more() -> Any:
        await asyncio.sleep(1)
        return {"type": "http.disconnect"}

    assert to_the_end(asked_of(BodyGate(taken, seconds=0.05), nothing_more, "/api/x")) == 408


@pytest.mark.parametrize(("path", "size"), [("/api/x", LIMIT), ("/api/import/release", IMPORT_LIMIT)])
def test_bodies_that_are_too_much_together_are_refused_until_there_is_room(path: str, size: int) -> None:
    async def crowd() -> tuple[list[int], int, int, int]:
        enough = asyncio.Event()

        async def held(scope: Any, receive: Any, send: Any) -> None:
            await enough.wait()
            await taken(scope, receive, send)

        gate = BodyGate(held)
        crowded = [asyncio.ensure_future(asked_of(gate, Sender(1, size).receive, path)) for _ in range(100)]
        for _ in range(100):
            await asyncio.sleep(0)
        elsewhere = "/api/import/release" if path == "/api/x" else "/api/x"
        beside = asyncio.ensure_future(asked_of(gate, Sender(1, LIMIT).receive, elsewhere))
        tick = asyncio.ensure_future(asked_of(gate, Sender(1, 1_000).receive, path))
        await asyncio.sleep(0)
        enough.set()
        found = await asyncio.gather(*crowded)
        return found, await beside, await tick, await asked_of(gate, Sender(1, size).receive, path)

    found, beside, tick, later = to_the_end(crowd())
    assert (set(found), beside, tick, later) == ({200, 503}, 200, 200, 200)
    assert found.count(200) * size <= 3 * IMPORT_LIMIT


OPERATIONS = {
    (method.upper(), path): told
    for path, each in build_api(None)._app.openapi()["paths"].items()  # type: ignore[arg-type,attr-defined]
    for method, told in each.items()
}
BODILESS = [key for key, told in OPERATIONS.items() if "requestBody" not in told]


@pytest.fixture(scope="module")
def ask_filled(filled: Workbook) -> Ask:
    return asking(behind_the_guard(filled))


@pytest.mark.parametrize(("method", "path"), BODILESS, ids=map(" ".join, BODILESS))
def test_what_takes_no_body_refuses_one(ask_filled: Ask, filled: Workbook, method: str, path: str) -> None:
    here = re.sub(r"\{\w+\}", "1", path).removeprefix("/api")
    before = filled.revision()
    for body in (b'{"dryRun": true}', b"[]", b"null", b"x", b'{"expectedVersion": 1}'):
        reply = ask_filled(method, here, content=body, headers=JSON)
        assert (reply.status_code, reply.json()["errors"]) == (422, [{"field": "body", "why": "has to be empty here"}])
    assert filled.revision() == before


def test_some_take_no_body() -> None:
    assert {"/api/releases/{releaseId}/archive", "/api/customers/{customerId}/deactivate"} <= {
        path for _, path in BODILESS
    }


def test_an_empty_object_is_no_body(ask: Ask, build: Build) -> None:
    release = build.active()
    assert ask("POST", f"/releases/{release.id}/archive", content=b"{}", headers=JSON).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "metadata": {"k": "1", "k": "2"}}',
        b'{"name": "a", "\\u006eame": "b"}',
    ],
)
def test_a_field_that_stands_twice_is_refused(ask: Ask, wb: Workbook, body: bytes) -> None:
    reply = ask("POST", "/clusters", content=body, headers=JSON)
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:relorch:invalid-request")
    assert reply.json()["errors"] == [{"field": "body", "why": "names a field twice in one object"}]
    assert wb.clusters.list() == []


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_a_body_is_utf_8(ask: Ask, wb: Workbook, coding: str) -> None:
    reply = ask("POST", "/clusters", content='{"name": "é"}'.encode(coding), headers=JSON)
    assert (reply.status_code, wb.clusters.list()) == (400, [])
    assert "UTF-8" in reply.json()["detail"]


def test_a_byte_order_mark_is_no_part_of_a_body(ask: Ask) -> None:
    reply = ask("POST", "/clusters", content='{"name": "é"}'.encode("utf-8-sig"), headers=JSON)
    assert (reply.status_code, reply.json()["name"]) == (201, "é")


def test_what_is_answered_is_stored_nowhere(ask: Ask) -> None:
    for path in ("/clusters", "/openapi.json", "/export/inventory", "/nothing", "/clusters/99"):
        assert ask("GET", path).headers["cache-control"] == "no-store"


def test_head_is_answered_as_get_without_its_body(ask: Ask) -> None:
    for path in ("/health", "/clusters", "/openapi.json", "/nothing", "/health?x=1"):
        got, head = ask("GET", path), ask("HEAD", path)
        assert (head.status_code, head.headers, head.content) == (got.status_code, got.headers, b"")


def test_the_schema_takes_no_parameter_that_is_not_known(ask: Ask) -> None:
    assert ask("GET", "/openapi.json?x=1").status_code == 422
