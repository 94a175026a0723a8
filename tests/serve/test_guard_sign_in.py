"""Who asks: the token in the address, the cookie, the bearer, and what nobody gets to see."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from relorch.errors import InvalidValue
from relorch.serve.guard import Guard

CLICKED = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "origin": None}


def test_the_token_leaves_the_address_and_becomes_a_cookie(ask: Any) -> None:
    reply = ask("GET", "/matrix?release=3&token=t-ana&q=a%20b", CLICKED)
    assert (reply.status, reply.header("location")) == (303, ["/matrix?release=3&q=a%20b"])
    assert reply.header("cache-control") == ["no-store"]
    [cookie] = reply.header("set-cookie")
    assert cookie.startswith("relorch_8123=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "t-ana" not in cookie


def test_the_token_works_again_and_again(ask: Any) -> None:
    first, second = (ask("GET", "/?token=t-ana", CLICKED) for _ in range(2))
    assert first.status == second.status == 303
    assert ask("GET", "/matrix", {"cookie": first.cookie}).admitted
    assert ask("GET", "/matrix", {"cookie": second.cookie}).admitted


@pytest.mark.parametrize(("token", "name"), [("t-ana", "ana"), ("t-ben", "ben")])
@pytest.mark.parametrize("method", ["GET", "WS"])
def test_the_inside_learns_the_operator(ask: Any, inside: Any, token: str, name: str, method: str) -> None:
    cookie = ask("GET", f"/?token={token}").cookie
    ask(method, "/matrix/ws", {"cookie": cookie})
    scope = inside.scopes[-1]
    user = scope["user"]
    assert scope["meta"] == {"operator": name}
    assert (user.username, user.display_name, user.identity, user.is_authenticated) == (name, name, name, True)


def test_the_inside_learns_no_secret(ask: Any, inside: Any, signed_in: Any) -> None:
    ask("GET", "/matrix", {**signed_in, "authorization": "Bearer t-ana"})
    assert {"cookie", "authorization"} & {key.decode() for key, _ in inside.scopes[-1]["headers"]} == set()


def test_what_claims_to_be_an_operator_is_overwritten(guard: Guard, inside: Any, raw: Any, signed_in: Any) -> None:
    async def liar(scope: Any, receive: Any, send: Any) -> None:
        await guard({**scope, "meta": {"operator": "root"}, "user": "root"}, receive, send)

    raw(liar, "GET", "/matrix", [("host", "127.0.0.1:8123"), ("cookie", signed_in["cookie"])])
    assert inside.scopes[-1]["meta"] == {"operator": "ana"}
    assert inside.scopes[-1]["user"].username == "ana"


def test_a_cookie_is_worth_nothing_to_another_process(inside: Any, raw: Any, signed_in: Any) -> None:
    hosts = frozenset({"127.0.0.1:8123"})
    restarted = Guard(inside, hosts=hosts, operators={"t-ana": "ana"}, cookie="relorch_8123")
    assert raw(restarted, "GET", "/", [("host", "127.0.0.1:8123"), ("cookie", signed_in["cookie"])]).status == 401


@pytest.mark.parametrize(
    "cookies",
    [
        "relorch_8123=t-ana",
        "relorch_8123=",
        "relorch_8123",
        "relorch_9999={value}",
        "xrelorch_8123={value}",
        "relorch_8123={value}0",
        "relorch_8123={ben}; relorch_8123={value}",
    ],
)
def test_a_cookie_that_is_not_exactly_it_is_nobody(ask: Any, signed_in: Any, cookies: str) -> None:
    value = signed_in["cookie"].partition("=")[2]
    ben = ask("GET", "/?token=t-ben").cookie.partition("=")[2]
    assert ask("GET", "/matrix", {"cookie": cookies.format(value=value, ben=ben)}).status == 401


@pytest.mark.parametrize("cookies", ["theme=dark; {own}; x=y", "{own}; relorch_8123=planted", "relorch_8123=; {own}"])
def test_other_cookies_do_no_harm(ask: Any, signed_in: Any, cookies: str) -> None:
    assert ask("GET", "/matrix", {"cookie": cookies.format(own=signed_in["cookie"])}).admitted


@pytest.mark.parametrize("value", ["Bearer t-eve", "Bearer", "Bearer t-ana x", "t-ana", "Basic dC1hbmE="])
def test_a_wrong_bearer_is_nobody(ask: Any, value: str) -> None:
    assert ask("GET", "/api/steps/1/detail", {"authorization": value}).status == 401


def test_a_wrong_bearer_is_not_saved_by_the_cookie(ask: Any, signed_in: Any) -> None:
    assert ask("GET", "/api/x", {**signed_in, "authorization": "Bearer t-eve"}).status == 401
    assert ask("GET", "/api/x", {**signed_in, "authorization": "Basic of-a-proxy"}).admitted


@pytest.mark.parametrize("query", ["token=t-eve", "token=", "token=t-an", "token=t-ana&token=t-ben", "Token=t-ana"])
def test_a_wrong_token_is_nobody(ask: Any, query: str) -> None:
    reply = ask("GET", f"/matrix?{query}", CLICKED)
    assert (reply.status, reply.header("set-cookie")) == (401, [])


def test_a_wrong_token_leaves_the_address_of_who_is_signed_in(ask: Any, signed_in: Any) -> None:
    reply = ask("GET", "/matrix?token=old&release=3", {**CLICKED, **signed_in})
    assert (reply.status, reply.header("location"), reply.header("set-cookie")) == (303, ["/matrix?release=3"], [])


def test_a_link_from_elsewhere_does_not_turn_ana_into_ben(ask: Any, signed_in: Any) -> None:
    link = {**CLICKED, "sec-fetch-site": "cross-site"}
    assert ask("GET", "/matrix?token=t-ben", {**link, **signed_in}).header("set-cookie") == []
    assert ask("GET", "/matrix?token=t-ben", {**CLICKED, **signed_in}).header("set-cookie") != []
    assert ask("GET", "/matrix?token=t-ben", link).header("set-cookie") != []


@pytest.mark.parametrize("method", ["POST", "HEAD", "WS"])
def test_a_token_in_the_address_signs_in_nothing_but_a_get(ask: Any, method: str) -> None:
    assert not ask(method, "/matrix?token=t-ana").admitted


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/..",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "http://evil.example/",
        "evil.example",
        "",
        "/\x00",
        "/.//evil.example",
        "/..//evil.example",
        "/@evil.example",
        "/:80@evil.example",
        "/ä//evil.example",
        "/a\r\nset-cookie: x=y",
        "/%2f/evil.example",
    ],
)
@pytest.mark.parametrize("query", ["token=t-ana", "token=t-ana&next=//evil.example", "session_id=s_1&token=t-ana"])
def test_signing_in_never_leads_to_another_server(ask: Any, path: str, query: str) -> None:
    reply = ask("GET", f"{path}?{query}", CLICKED)
    for location in reply.header("location"):
        assert location[0] == "/"
        assert location[1:2] not in ("/", "\\")
        assert not any(sign <= " " or sign == "\\" for sign in location)
        assert urlsplit(urljoin("http://127.0.0.1:8123/", location)).netloc == "127.0.0.1:8123"
    assert reply.status in (303, 400)
    assert reply.status == 400 or len(reply.header("location")) == 1


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/\t/evil", "/a\r\nb", "http://evil/", "*", "", "/\x7f"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "WS"])
def test_such_a_path_does_not_even_come_in(ask: Any, inside: Any, signed_in: Any, method: str, path: str) -> None:
    reply = ask(method, path, signed_in)
    assert not reply.admitted
    assert method == "WS" or reply.status == 400
    assert inside.scopes == []


def test_a_person_who_is_nobody_is_told_what_to_open(ask: Any) -> None:
    reply = ask("GET", "/matrix?release=3", CLICKED)
    page = reply.body.decode()
    assert (reply.status, reply.header("content-type")) == (401, ["text/html; charset=utf-8"])
    assert "relorch serve" in page
    assert 'content="light dark"' in page
    assert [word for word in ("<script", "http:", "https:", "src=", "url(") if word in page] == []


def test_a_program_that_is_nobody_gets_plain_text(ask: Any) -> None:
    reply = ask("GET", "/matrix/health", {"origin": None, "sec-fetch-site": None, "accept": "*/*"})
    assert (reply.status, reply.body) == (401, b"Not signed in.\n")
    assert reply.header("content-type") == ["text/plain; charset=utf-8"]


@pytest.mark.parametrize("headers", [{"origin": None, "sec-fetch-site": None, "accept": "*/*"}, CLICKED])
def test_a_nobody_who_asks_the_api_gets_a_problem(ask: Any, headers: dict[str, str | None]) -> None:
    reply = ask("GET", "/api/steps/1/detail", headers)
    said = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Not signed in."}
    assert (reply.status, json.loads(reply.body)) == (401, said)
    assert reply.header("content-type") == ["application/problem+json"]
    assert reply.header("www-authenticate") == ["Bearer"]


def test_a_browser_without_fetch_headers_gets_the_page_too(ask: Any) -> None:
    old = {"origin": None, "sec-fetch-site": None, "accept": "text/html,*/*;q=0.8"}
    assert ask("GET", "/matrix", old).body.startswith(b"<!doctype html>")


def test_a_socket_of_nobody_is_refused_before_it_is_accepted(ask: Any) -> None:
    assert [message["type"] for message in ask("WS", "/matrix/ws?session_id=s_1").messages] == ["websocket.close"]


def test_an_empty_token_would_be_an_open_door(inside: Any) -> None:
    with pytest.raises(InvalidValue, match="token"):
        Guard(inside, hosts=frozenset(), operators={"": "ana"}, cookie="relorch_8123")


def test_every_answer_carries_the_headers_and_no_permission_for_others(ask: Any, inside: Any, signed_in: Any) -> None:
    inside.headers = [
        (b"Access-Control-Allow-Origin", b"*"),
        (b"access-control-expose-headers", b"Content-Disposition"),
        (b"Referrer-Policy", b"unsafe-url"),
        (b"X-Frame-Options", b"ALLOWALL"),
        (b"content-security-policy", b"default-src 'self'"),
        (b"content-type", b"text/html"),
    ]
    replies = [
        ask("GET", "/matrix", signed_in),
        ask("GET", "/matrix?token=t-ana"),
        ask("GET", "/matrix"),
        ask("GET", "/matrix", {"host": "evil.example"}),
        ask("GET", "//evil", signed_in),
        ask("POST", "/matrix/x", {**signed_in, "marimo-session-id": "unknown"}),
    ]
    assert [reply.status for reply in replies] == [200, 303, 401, 403, 400, 403]
    for reply in replies:
        assert reply.header("x-frame-options") == ["DENY"]
        assert reply.header("x-content-type-options") == ["nosniff"]
        assert reply.header("referrer-policy") == ["same-origin"]
        assert reply.header("cross-origin-opener-policy") == ["same-origin"]
        assert reply.header("cross-origin-resource-policy") == ["same-origin"]
        assert "frame-ancestors 'none'" in reply.header("content-security-policy")
        names = [key.decode().lower() for key, _ in reply.messages[0]["headers"]]
        assert [name for name in names if name.startswith("access-control-")] == []
    assert "default-src 'self'" in replies[0].header("content-security-policy")
    assert replies[0].header("content-type") == ["text/html"]
