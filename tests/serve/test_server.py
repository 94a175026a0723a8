"""The server around it: which address it takes, who reaches it, and how it stops."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from relorch.errors import InvalidValue
from relorch.serve import server as server_module
from relorch.serve.server import new_token, serve


def sign_in(host: str, token: str) -> str:
    """Give the cookie of a token."""
    asking = http.client.HTTPConnection(host, timeout=10)
    asking.request("GET", f"/?token={token}")
    reply = asking.getresponse()
    asking.close()
    assert reply.status == 303
    return reply.headers["set-cookie"].partition(";")[0]


def said(host: str, request: str) -> str:
    """Send exactly these lines and give the status line of the answer."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=10) as line:
        line.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return line.recv(200).partition(b"\r\n")[0].decode()


def open_page(host: str, session: str, cookie: str | None, origin: str | None = None) -> ClientConnection:
    headers = {"cookie": cookie} if cookie else {}
    address = f"ws://{host}/matrix/ws?session_id={session}"
    return connect(address, origin=origin, additional_headers=headers, open_timeout=10)  # type: ignore[arg-type]


def heard(page: ClientConnection) -> str:
    """Everything a page's socket says until it says nothing for a second."""
    words = []
    try:
        while True:
            words.append(str(page.recv(timeout=5 if not words else 1)))
    except TimeoutError:
        return "".join(words)


HOSTS_ON_THE_LINE = [
    ("Host: {host}", True),
    ("Host: localhost:{port}", True),
    ("HOST: LOCALHOST:{port}", True),
    ("Host: 127.0.0.1", False),
    ("Host: 127.0.0.1:1", False),
    ("Host: evil.example", False),
    ("Host: evil.example:{port}", False),
    ("Host: {host}@evil.example", False),
    ("Host: {host}.evil.example", False),
    ("Host: {host}\nHost: evil.example", False),
    ("X-Forwarded-Host: {host}\nHost: evil.example", False),
    ("X-None: of them", False),
]


@pytest.mark.parametrize(("line", "answered"), HOSTS_ON_THE_LINE)
def test_only_its_own_names_are_answered(guarded: Any, line: str, answered: bool) -> None:
    host, port = guarded.host, guarded.host.partition(":")[2]
    status = said(host, f"GET / HTTP/1.1\n{line.format(host=host, port=port)}\nAuthorization: Bearer t-ana\n\n")
    assert status.startswith("HTTP/1.1 307") if answered else re.match(r"HTTP/1.1 (400|403)", status)


@pytest.mark.parametrize("target", ["http://evil.example/?token=t-ana", "//evil.example/?token=t-ana", "*"])
def test_no_target_leads_elsewhere(guarded: Any, target: str) -> None:
    assert re.match(r"HTTP/1.1 400", said(guarded.host, f"GET {target} HTTP/1.1\nHost: {guarded.host}\n\n"))


def test_the_bare_app_answers_anybody(bare: Any) -> None:
    assert said(bare.host, "GET /matrix/ HTTP/1.1\nHost: evil.example\n\n").startswith("HTTP/1.1 200")
    with open_page(bare.host, "s_anybody", cookie=None, origin="http://evil.example") as page:
        assert "secret-customer" in heard(page)


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "http://localhost:1"])
def test_a_socket_opens_only_from_its_own_pages(guarded: Any, origin: str | None) -> None:
    with pytest.raises(InvalidStatus):
        open_page(guarded.host, "s_evil", sign_in(guarded.host, "t-ana"), origin)


def test_a_socket_needs_an_operator(guarded: Any) -> None:
    with pytest.raises(InvalidStatus):
        open_page(guarded.host, "s_evil", None, f"http://{guarded.host}")


def test_nobody_takes_over_a_session(guarded: Any) -> None:
    ana, ben, own = sign_in(guarded.host, "t-ana"), sign_in(guarded.host, "t-ben"), f"http://{guarded.host}"
    with open_page(guarded.host, "s_take", ana, own) as page:
        assert "ana" in heard(page)
        with pytest.raises(InvalidStatus):
            open_page(guarded.host, "s_take", ben, own)
        assert page.ping().wait(5)


def test_the_bare_app_gives_a_session_to_whoever_names_it(bare: Any) -> None:
    with open_page(bare.host, "s_take", None) as page:
        heard(page)
        with open_page(bare.host, "s_take", None) as thief:
            assert "econnected" in heard(thief)
            with pytest.raises(ConnectionClosed):
                page.recv(timeout=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_open_pages_and_returns(start: Callable[[str], Any], number: int) -> None:
    server = start("guarded")
    with open_page(server.host, "s_1", sign_in(server.host, "t-ana"), f"http://{server.host}") as page:
        assert "ana" in heard(page)
        before = time.monotonic()
        assert server.stop(number) == 0
    assert time.monotonic() - before < 4
    assert server.process.stdout.read() == "returned\n"


class Stopped(Exception):
    """Ends the server of a test."""


def served(names: Sequence[str] = (), **options: Any) -> list[str]:
    """Start `serve`, note the address it tells and what it answers there, and end it."""
    told: list[str] = []

    def ready(address: str) -> None:
        told.append(address)
        host = address.removeprefix("http://").rstrip("/")
        for name in names or [host]:
            told.append(said(host, f"GET / HTTP/1.1\nHost: {name}\nAuthorization: Bearer t\n\n").split(" ")[1])
        raise Stopped

    known = {"host": "127.0.0.1", "port": 0, "operators": {"t": "ana"}, "on_ready": ready, **options}
    with ThreadPoolExecutor(1) as beside, pytest.raises(Stopped):
        beside.submit(serve, answers, **known).result(10)
    return told


async def answers(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_tells_its_address_when_it_answers(host: str) -> None:
    [address, status] = served(host=host)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    assert status == "200"


def test_it_takes_the_usual_port_if_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        usual = other.getsockname()[1]
    monkeypatch.setattr(server_module, "PREFERRED_PORT", usual)
    assert served(port=None)[0] == f"http://127.0.0.1:{usual}/"
    with socket.create_server(("127.0.0.1", usual)):
        assert served(port=None)[0] != f"http://127.0.0.1:{usual}/"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.evil.example"])
def test_it_serves_nobody_but_this_machine(host: str) -> None:
    with pytest.raises(InvalidValue, match="this machine only"):
        serve(answers, host=host, port=0, operators={"t": "ana"}, on_ready=print)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(InvalidValue, match="port"):
        serve(answers, host="127.0.0.1", port=port, operators={"t": "ana"}, on_ready=print)


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(InvalidValue, match="another program"):
        serve(answers, host="127.0.0.1", port=other.getsockname()[1], operators={"t": "ana"}, on_ready=print)


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(InvalidValue, match="token"):
        serve(answers, host="127.0.0.1", port=0, operators={"": "ana"}, on_ready=print)


@pytest.mark.parametrize("name", ["*", "", "http://relorch.example", "relorch.example/x", "a b", "a,b", "a@b"])
def test_an_allowed_host_is_a_plain_name(name: str) -> None:
    with pytest.raises(InvalidValue, match="allowed_host"):
        serve(answers, host="127.0.0.1", port=0, operators={"t": "ana"}, allowed_hosts=[name], on_ready=print)


def test_an_allowed_host_is_answered() -> None:
    names = ["relorch.example", "Relorch.Example", "other.example"]
    assert served(allowed_hosts=["relorch.example"], names=names)[1:] == ["200", "200", "403"]


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
