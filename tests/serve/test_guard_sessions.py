"""Whose session it is: marimo would hand any session to whoever names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch.serve import guard as guard_module

SET = "/matrix/api/kernel/set_ui_element_value"
Of = Callable[..., Any]


@pytest.fixture
def of(ask: Any) -> Of:
    """Ask as a named operator."""
    cookies = {name: ask("GET", f"/?token=t-{name}").cookie for name in ("ana", "ben")}

    def of(name: str, method: str, target: str, headers: dict[str, str | None] | None = None) -> Any:
        return ask(method, target, {"cookie": cookies[name], **(headers or {})})

    return of


def test_a_session_belongs_to_who_opened_it(of: Of) -> None:
    assert of("ana", "WS", "/matrix/ws?session_id=s_1").admitted
    assert not of("ben", "WS", "/matrix/ws?session_id=s_1").admitted
    assert of("ben", "POST", SET, {"marimo-session-id": "s_1"}).status == 403
    assert of("ben", "GET", "/matrix/sse?session_id=s_1").status == 403
    assert of("ben", "GET", "/matrix/health", {"marimo-session-id": "s_1"}).status == 403
    assert of("ana", "POST", SET, {"marimo-session-id": "s_1"}).admitted
    assert of("ana", "WS", "/matrix/ws?session_id=s_1").admitted
    assert of("ben", "WS", "/matrix/ws?session_id=s_2").admitted


def test_nothing_changes_a_session_that_nobody_opened(of: Of) -> None:
    assert of("ana", "POST", SET, {"marimo-session-id": "s_unknown"}).status == 403
    assert of("ana", "POST", f"{SET}?session_id=s_unknown").status == 403
    assert of("ben", "WS", "/matrix/ws?session_id=s_unknown").admitted


def test_a_bearer_owns_sessions_like_a_cookie(of: Of) -> None:
    assert of("ana", "WS", "/matrix/ws?session_id=s_1", {"cookie": None, "authorization": "Bearer t-ana"}).admitted
    assert of("ana", "POST", SET, {"marimo-session-id": "s_1"}).admitted


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/matrix/ws?session_id=s_1&session_id=s_1", {}),
        ("/matrix/ws?session_id=s_1&session_id=s_2", {}),
        ("/matrix/ws?session_id=s_2&session%5fid=s_1", {}),
        ("/matrix/ws?session_id=s_1", {"marimo-session-id": "s_2"}),
        ("/matrix/ws?session_id=", {}),
        ("/matrix/ws?session_id=s_1%00", {}),
        ("/matrix/ws?session_id=" + "s" * 65, {}),
        ("/matrix/ws?session_id=s%201", {}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "WS"])
def test_a_session_id_that_is_not_one_plain_word_is_refused(
    of: Of, method: str, target: str, headers: dict[str, str | None]
) -> None:
    assert of("ana", "WS", "/matrix/ws?session_id=s_1").admitted
    reply = of("ana", method, target, headers)
    assert not reply.admitted
    assert method == "WS" or reply.status == 400


@pytest.mark.parametrize("dest", ["document", None])
def test_a_link_does_not_choose_the_session_of_who_opens_it(of: Of, dest: str | None) -> None:
    link = {"sec-fetch-mode": "navigate" if dest else None, "sec-fetch-dest": dest, "origin": None}
    reply = of("ana", "GET", "/matrix?session_id=s_1&release=3", {**link, "sec-fetch-site": None})
    assert (reply.status, reply.header("location")) == (303, ["/matrix?release=3"])
    assert of("ben", "WS", "/matrix/ws?session_id=s_1").admitted


def test_the_book_of_sessions_is_bounded_and_one_operator_cannot_flush_anothers(of: Of) -> None:
    bound = guard_module.SESSIONS_PER_OPERATOR
    assert of("ana", "WS", "/matrix/ws?session_id=s_ana").admitted
    for number in range(bound + 50):
        assert of("ben", "WS", f"/matrix/ws?session_id=s_{number}").admitted
    assert not of("ben", "WS", "/matrix/ws?session_id=s_ana").admitted
    assert of("ana", "WS", "/matrix/ws?session_id=s_0").admitted  # forgotten, and so free again
    assert not of("ana", "WS", f"/matrix/ws?session_id=s_{bound + 49}").admitted


def test_an_open_session_is_never_forgotten(guard: Any, raw: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "SESSIONS_PER_OPERATOR", 2)
    cookie = ask("GET", "/?token=t-ana").cookie
    own = [("host", "127.0.0.1:8123"), ("origin", "http://127.0.0.1:8123"), ("cookie", cookie)]
    refused: list[Any] = []

    async def opens_more(scope: Any, receive: Any, send: Any) -> None:
        """While s_0 is open: s_1 fits, s_2 takes its place, and with s_2 open nothing fits."""
        number = int(scope["query_string"].decode().partition("s_")[2])
        if number == 0:
            raw(guard, "WS", "/matrix/ws?session_id=s_1", own)
            raw(guard, "WS", "/matrix/ws?session_id=s_2", own)
        if number == 2:
            refused.append(raw(guard, "GET", "/matrix/sse?session_id=s_3", own).status)
        await send({"type": "websocket.accept"})

    guard._app = opens_more
    assert raw(guard, "WS", "/matrix/ws?session_id=s_0", own).admitted
    assert refused == [429]
    assert set(guard._sessions._owner) == {"s_0", "s_2"}
