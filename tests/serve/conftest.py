"""What the tests of the web shell share: a recording app, ways to ask it, running servers, a browser."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relorch.serve.guard import Guard

HOST = "127.0.0.1:8123"
PAGES = Path(__file__).parent / "pages"
SERVER = """
import os
import sys
from pathlib import Path
import marimo
import uvicorn
from relorch.serve.app import build_app
from relorch.serve.server import serve

kind, pages = sys.argv[1], {file.stem: file for file in sorted(Path(sys.argv[2]).glob("*.py"))}

def tell(address):
    print(address, flush=True)

class Bare(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        tell("http://127.0.0.1:%d/" % self.servers[0].sockets[0].getsockname()[1])

if kind == "guarded":
    app = build_app(pages)
    serve(app, host="127.0.0.1", port=0, operators={"t-ana": "ana", "t-ben": "ben"}, on_ready=tell)
    print("returned", flush=True)
else:
    builder = marimo.create_asgi_app(quiet=True)
    for name, file in pages.items():
        builder = builder.with_app(path="/" + name, root=str(file))
    Bare(uvicorn.Config(builder.build(), port=0, log_level="warning", timeout_graceful_shutdown=1)).run()
    os._exit(0)  # marimo's kernels would wait for ever
"""


@dataclass
class Inside:
    """An app that lets everything in and notes what it was asked."""

    scopes: list[dict[str, Any]] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept", "headers": self.headers})
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            await send({"type": "http.response.body", "body": b"inside"})


@dataclass
class Reply:
    """What came back of one request."""

    messages: list[dict[str, Any]]

    @property
    def admitted(self) -> bool:
        first = self.messages[0]
        return first["type"] == "websocket.accept" or self.body == b"inside"

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    def header(self, name: str) -> list[str]:
        pairs = self.messages[0].get("headers", [])
        return [value.decode() for key, value in pairs if key.decode().lower() == name]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cookie(self) -> str:
        return self.header("set-cookie")[0].partition(";")[0]


def beside(work: Callable[[], Any]) -> Any:
    """Run something in a thread of its own, where no browser driver keeps an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result(30)


def asked(
    app: Any, method: str, target: str = "/matrix", headers: list[tuple[str, str]] | None = None, *, waits: bool = False
) -> Reply:
    """Run one request through an ASGI app; method WS opens a socket."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "websocket" if method == "WS" else "http",
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in headers or []],
        **({} if method == "WS" else {"method": method}),
    }
    messages: list[dict[str, Any]] = []
    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    async def receive() -> dict[str, Any]:
        while not bodies:
            await asyncio.sleep(1)
        return bodies.pop()

    running = app(scope, receive, send)
    if waits:
        beside(lambda: asyncio.run(running))
        return Reply(messages)
    try:  # nothing in the guard waits for anything, so no event loop is needed: 30,000 requests in two seconds
        running.send(None)
    except StopIteration:
        return Reply(messages)
    raise AssertionError("the app waited")


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def guard(inside: Inside) -> Guard:
    hosts = frozenset({HOST, "localhost:8123", "[::1]:8123"})
    return Guard(app=inside, hosts=hosts, operators={"t-ana": "ana", "t-ben": "ben"}, cookie="relorch_8123")


@pytest.fixture
def ask(guard: Guard) -> Callable[..., Reply]:
    """Ask the guard from one of its own pages; `headers` replace the usual ones, None takes one away."""

    def ask(method: str, target: str = "/matrix", headers: dict[str, str | None] | None = None) -> Reply:
        usual = {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
        given = {**usual, **(headers or {})}
        return asked(guard, method, target, [(key, value) for key, value in given.items() if value is not None])

    return ask


@pytest.fixture
def raw() -> Callable[..., Reply]:
    """`asked` itself, for any app and any headers."""
    return asked


@pytest.fixture
def signed_in(ask: Callable[..., Reply]) -> dict[str, str]:
    """The cookie of ana."""
    return {"cookie": ask("GET", "/matrix?token=t-ana").cookie}


@dataclass
class Served:
    """A server of `pages/` in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    trace: Path

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://").rstrip("/")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()  # one that does not stop fails its test, and must not outlive it


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
    """Start servers, `guarded` or `bare`, and stop them at the end."""
    running: list[Served] = []

    def start(kind: str) -> Served:
        trace = tmp_path_factory.mktemp(kind) / "trace.txt"
        known = {**os.environ, "RELORCH_TEST_TRACE": str(trace), "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", SERVER, kind, str(PAGES)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=known)
        assert process.stdout is not None
        running.append(Served(process, process.stdout.readline().strip(), trace))
        return running[-1]

    yield start
    for server in running:
        if server.process.poll() is None:
            server.stop()
        if server.process.stdout is not None:
            server.process.stdout.close()


@pytest.fixture(scope="session")
def guarded(start: Callable[[str], Served]) -> Served:
    return start("guarded")


@pytest.fixture(scope="session")
def bare(start: Callable[[str], Served]) -> Served:
    """The same pages as marimo serves them: what an attack can do here and not there proves its test."""
    return start("bare")
