"""The HTTP server of `relorch serve`: one loopback socket, the guard on it, and a clean way to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import re
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Mapping

import uvicorn
from starlette.types import ASGIApp

from relorch.errors import InvalidValue
from relorch.serve.guard import Guard

PREFERRED_PORT = 8123
STOP_SECONDS = 2  # how long open requests may take to end once the server was told to stop


def new_token() -> str:
    """Give a fresh secret that signs an operator in, 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def serve(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    operators: Mapping[str, str],
    allowed_hosts: Iterable[str] = (),
    on_ready: Callable[[str], None],
) -> None:
    """Serve `app` behind the guard until SIGINT or SIGTERM.

    Args:
        app: what `build_app` gave.
        host: a loopback name or address.
        port: None takes 8123 if it is free, else any free port; 0 takes any free port.
        operators: token -> operator name.
        allowed_hosts: further Host values, for a proxy or tunnel in front: `relorch.example` or `relorch.example:8443`.
        on_ready: called once, in a thread of its own, with `http://127.0.0.1:PORT/` when requests are answered; it
            has to come back, only then SIGINT is heeded. What it raises ends the server and comes out here.

    Raises:
        InvalidValue: `host` is not loopback, `port` is taken, an allowed host is no plain name, or a token is empty.
    """
    further = [_plain_host(name) for name in allowed_hosts]
    with _listen(_loopback(host), port) as listener:
        address, taken = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        hosts = _own_hosts(shown, taken).union(further)
        guard = Guard(app, hosts=hosts, operators=operators, cookie=f"relorch_{taken}")
        _Server(guard, lambda: on_ready(f"http://{shown}:{taken}/")).run(sockets=[listener])


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(address).is_loopback:
            return address
    why = (
        "relorch serves this machine only, because it speaks plain HTTP and anybody on the network could read the "
        "tokens; put a TLS proxy or an SSH tunnel in front of 127.0.0.1 and allow its name instead"
    )
    raise InvalidValue("host", host, why)


def _plain_host(name: str) -> str:
    if re.fullmatch(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?", name):
        return name.lower()
    raise InvalidValue("allowed_host", name, "it has to be a plain host name, with :port if the browser shows one")


def _own_hosts(shown: str, port: int) -> frozenset[str]:
    names = ("127.0.0.1", "localhost", "[::1]", shown)
    return frozenset(names if port == 80 else (f"{name}:{port}" for name in names))


def _listen(address: str, port: int | None) -> socket.socket:
    """Bind before anything is told about the port, so that nobody else can get it in between."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if port is None:
        with contextlib.suppress(OSError):
            return socket.create_server((address, PREFERRED_PORT), family=family)
    try:
        return socket.create_server((address, port or 0), family=family)
    except (OSError, OverflowError) as refused:
        in_use = isinstance(refused, OSError) and refused.errno == errno.EADDRINUSE
        why = "another program listens there" if in_use else f"it cannot be used: {refused}"
        raise InvalidValue("port", port, f"{why}; choose another one, or none for any free port") from refused


class _Server(uvicorn.Server):
    """uvicorn that tells when it is ready, and returns from `run` when it is told to stop."""

    def __init__(self, app: ASGIApp, ready: Callable[[], None]) -> None:
        self._ready = ready
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,  # addresses hold session ids and what operators search for
                server_header=False,
                proxy_headers=False,  # nobody tells relorch who asks but the guard
                ws_per_message_deflate=False,  # loopback: packing costs more than it saves
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call `ready` beside the event loop, so that it may itself ask the server something."""
        await super().startup(sockets)
        if self.started:
            await asyncio.to_thread(self._ready)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGINT and SIGTERM without raising them again afterwards: the caller still has to close things."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
