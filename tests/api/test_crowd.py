"""A real server under a crowd: what is sent and never ends costs it little, and the others are answered meanwhile."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

from relorch import Workbook
from relorch.serve.api import build_api
from relorch.serve.guard import Guard
from relorch.workbook.exports import Exports
from tests.api.conftest import COOKIE, HOST, TOKENS
from tests.conftest import to_the_end

SERVER = """
import sys
from relorch import open_workbook
from relorch.serve.api import build_api
from relorch.serve.server import serve

with open_workbook(sys.argv[1], operator="ana") as workbook:
    serve(build_api(workbook), port=0, operators={"t-ana": "ana"}, on_ready=lambda address: print(address, flush=True))
"""
MEGABYTE = 1024 * 1024
CHUNK = b" " * 65_536
HEAD = "{} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer t-ana\r\ncontent-type: application/json\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "workbook.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip().removeprefix("http://").rstrip("/")
        process.terminate()


def resident(process: subprocess.Popen[str]) -> int:
    """How many bytes of memory the server has."""
    said = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert said is not None
    return int(said[1]) * 1024


async def half_an_import(host: str) -> asyncio.Future[bytes]:
    """Send 9.5 of 10 MB, or what is taken of it; give the status line that may come, its line is open till then."""
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write((HEAD.format("POST /api/import/inventory", host) + "content-length: 10000000\r\n\r\n").encode())
    answer = asyncio.ensure_future(answered(reader, writer))
    with suppress(ConnectionError):
        for _ in range(152):
            if writer.is_closing():  # answered
                break
            writer.write(CHUNK)
            await writer.drain()
    return answer


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b"closed"
    finally:
        writer.close()


async def health(host: str) -> tuple[str, float]:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write((HEAD.format("GET /api/health", host) + "\r\n").encode())
    line = await reader.readline()
    writer.close()
    return line.decode().strip(), time.monotonic() - began


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read where Linux tells it")
def test_a_hundred_bodies_that_never_end_take_little_and_stop_nobody(
    server: tuple[subprocess.Popen[str], str],
) -> None:
    process, host = server

    async def crowd() -> tuple[int, int, list[tuple[str, float]]]:
        await health(host)
        before = resident(process)
        sending = asyncio.gather(*(half_an_import(host) for _ in range(100)))
        asked = [await health(host)]
        answers = await sending
        patience = time.monotonic() + 10
        while sum(not each.done() for each in answers) > 3 and time.monotonic() < patience:
            await asyncio.sleep(0.05)
        asked.append(await health(host))
        more = resident(process) - before
        return sum(not each.done() for each in answers), more, asked

    waiting, more, asked = to_the_end(crowd())
    assert 0 < waiting <= 3
    assert more < 150 * MEGABYTE
    assert [line for line, seconds in asked if "200" in line and seconds < 1] == ["HTTP/1.1 200 OK"] * 2


def test_who_asks_for_much_waits_and_keeps_nobody_waiting(filled: Workbook) -> None:
    app, at_once, most = build_api(filled), 0, 0
    reads = filled.matrix

    def counted(*what: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.05)
        at_once -= 1
        return reads(*what)

    async def crowd() -> tuple[set[int], int]:
        guarded = Guard(app, hosts=frozenset({HOST}), operators=TOKENS, cookie=COOKIE)
        transport = httpx.ASGITransport(guarded)
        headers = {"authorization": "Bearer t-ana"}
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=headers) as client:
            asked = asyncio.gather(*(client.get("/api/releases/1/matrix") for _ in range(60)))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            assert (await client.get("/api/health")).status_code == 200
            assert time.monotonic() - began < 0.5
            assert not asked.done()
            return {reply.status_code for reply in await asked}, most

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workbook, "matrix", lambda self, *what: counted(*what))
        assert to_the_end(crowd()) == ({200}, 2)


def test_no_more_than_two_copies_lie_beside_the_workbook_while_they_are_sent(filled: Workbook) -> None:
    app, at_once, most = build_api(filled), 0, 0

    def slowly(_: Exports) -> Iterator[str]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(5_000):
            yield "{}\n"
        time.sleep(0.1)
        at_once -= 1

    async def crowd() -> tuple[set[int], int]:
        guarded = Guard(app, hosts=frozenset({HOST}), operators=TOKENS, cookie=COOKIE)
        headers = {"authorization": "Bearer t-ana"}
        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=headers) as client:
            asked = asyncio.gather(*(client.get("/api/export/workbook") for _ in range(8)))
            await asyncio.sleep(0.05)
            assert (await client.get("/api/health")).status_code == 200
            assert not asked.done()
            return {reply.status_code for reply in await asked}, most

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exports, "workbook", slowly)
        assert to_the_end(crowd()) == ({200}, 2)


def test_of_a_reader_that_goes_away_no_copy_is_left(filled: Workbook) -> None:
    app, ended = build_api(filled), []

    def endless(_: Exports) -> Iterator[str]:
        try:
            while True:
                yield "{}\n"
        finally:
            ended.append(True)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def gone(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    headers = [(b"host", HOST.encode()), (b"authorization", b"Bearer t-ana")]
    asked = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http"}
    where = {"method": "GET", "path": "/api/export/workbook", "raw_path": b"/api/export/workbook", "root_path": ""}
    scope = asked | where | {"query_string": b"", "headers": headers, "client": None, "server": None}

    async def left_behind() -> list[bool]:
        guarded: Any = Guard(app, hosts=frozenset({HOST}), operators=TOKENS, cookie=COOKIE)
        with pytest.raises(ClientDisconnect):
            await guarded(scope, receive, gone)
        return list(ended)  # now, and not when Python gets round to it

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exports, "workbook", endless)
        assert to_the_end(left_behind()) == [True]
