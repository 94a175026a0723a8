"""Every combination of method, Host, Origin, Sec-Fetch-Site and credential against what may come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest

from relorch.serve.guard import Guard

Case = tuple[str, str, str, str, str]

HOSTS: dict[str, list[str]] = {
    "address": ["127.0.0.1:8123"],
    "name": ["localhost:8123"],
    "capitals": ["LocalHost:8123"],
    "missing": [],
    "empty": [""],
    "twice": ["127.0.0.1:8123", "127.0.0.1:8123"],
    "other port": ["127.0.0.1:9999"],
    "no port": ["127.0.0.1"],
    "evil": ["evil.example"],
    "evil after at": ["127.0.0.1:8123@evil.example"],
    "evil suffix": ["127.0.0.1:8123.evil.example"],
}
ORIGINS: dict[str, list[str]] = {
    "absent": [],
    "address": ["http://127.0.0.1:8123"],
    "address tls": ["https://127.0.0.1:8123"],
    "name": ["http://localhost:8123"],
    "null": ["null"],
    "empty": [""],
    "other port": ["http://127.0.0.1:9999"],
    "evil": ["http://evil.example"],
    "evil suffix": ["http://127.0.0.1:8123.evil.example"],
    "twice": ["http://127.0.0.1:8123", "http://127.0.0.1:8123"],
    "own and evil": ["http://127.0.0.1:8123", "http://evil.example"],
}
SITES: dict[str, list[str]] = {
    "absent": [],
    "same-origin": ["same-origin"],
    "none": ["none"],
    "same-site": ["same-site"],
    "cross-site": ["cross-site"],
    "twice": ["same-origin", "same-origin"],
}
READS, WRITES = ["GET", "HEAD"], ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
WHO = ["cookie", "bearer", "both", "wrong cookie", "wrong bearer", "nobody"]
CASES: list[Case] = list(product([*READS, *WRITES, "WS"], HOSTS, ORIGINS, SITES, WHO))


def may_come_in() -> set[Case]:
    """The legitimate combinations, listed from what browsers and scripts send rather than decided case by case."""
    own = {"address": ["address", "address tls"], "name": ["name"], "capitals": ["name"]}
    known = ["cookie", "bearer", "both"]
    expected: set[Case] = set()
    for host, origins in own.items():
        expected |= set(product(READS, [host], ["absent", *origins], ["absent", "same-origin", "none"], known))
        expected |= set(product(["WS"], [host], origins, ["absent", "same-origin"], known))
        expected |= set(product(WRITES, [host], origins, ["absent", "same-origin", "none"], known))
        expected |= set(product(WRITES, [host], ["absent"], ["same-origin"], known))
        expected |= set(product(WRITES, [host], ["absent"], ["absent", "none"], ["bearer"]))
    return expected


def headers_of(case: Case, cookie: str) -> Iterable[tuple[str, str]]:
    _, host, origin, site, who = case
    yield from (("host", value) for value in HOSTS[host])
    yield from (("origin", value) for value in ORIGINS[origin])
    yield from (("sec-fetch-site", value) for value in SITES[site])
    if who in ("cookie", "both"):
        yield "cookie", cookie
    if who == "wrong cookie":
        yield "cookie", "relorch_8123=0123456789abcdef"
    if who in ("bearer", "both"):
        yield "authorization", "Bearer t-ana"
    if who == "wrong bearer":
        yield "authorization", "Bearer t-eve"


def admitted(app: Any, raw: Callable[..., Any], cookie: str) -> set[Case]:
    return {case for case in CASES if raw(app, case[0], "/matrix", list(headers_of(case, cookie))).admitted}


def test_only_the_legitimate_combinations_come_in(
    guard: Guard, raw: Callable[..., Any], signed_in: dict[str, str]
) -> None:
    came_in, expected = admitted(guard, raw, signed_in["cookie"]), may_come_in()
    assert came_in - expected == set()
    assert expected - came_in == set()
    assert len(CASES) > 30_000


def test_what_was_refused_never_reached_the_inside(
    guard: Guard, inside: Any, raw: Callable[..., Any], signed_in: dict[str, str]
) -> None:
    before = len(inside.scopes)
    came_in = admitted(guard, raw, signed_in["cookie"])
    assert len(inside.scopes) - before == len(came_in)


def test_the_app_alone_lets_the_same_combinations_in(inside: Any, raw: Callable[..., Any]) -> None:
    assert admitted(inside, raw, "relorch_8123=x") == set(CASES)


NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "origin": None}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
@pytest.mark.parametrize("path", ["/", "/matrix", "/matrix/", "/matrix?release=3"])
def test_a_link_to_a_page_opens_from_anywhere(ask: Any, signed_in: Any, site: str, path: str) -> None:
    assert ask("GET", path, {**NAVIGATION, **signed_in, "sec-fetch-site": site}).admitted


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("method", "path", "changed"),
    [
        ("GET", "/matrix", {"sec-fetch-dest": "iframe"}),
        ("GET", "/matrix", {"sec-fetch-dest": "object"}),
        ("GET", "/matrix", {"sec-fetch-dest": "empty"}),
        ("GET", "/matrix", {"sec-fetch-dest": None}),
        ("GET", "/matrix", {"sec-fetch-mode": "no-cors"}),
        ("GET", "/matrix", {"sec-fetch-mode": "cors"}),
        ("GET", "/matrix", {"sec-fetch-mode": None}),
        ("GET", "/matrix", {"origin": "http://127.0.0.1:9999"}),
        ("GET", "/matrix/@file/9-x.csv", {}),
        ("GET", "/matrix/health", {}),
        ("GET", "/api/steps/1/detail", {}),
        ("POST", "/matrix", {}),
        ("HEAD", "/matrix", {}),
    ],
)
def test_nothing_but_a_link_to_a_page_opens_from_elsewhere(
    ask: Any, signed_in: Any, site: str, method: str, path: str, changed: dict[str, str | None]
) -> None:
    assert ask(method, path, {**NAVIGATION, **signed_in, "sec-fetch-site": site, **changed}).status == 403


@pytest.mark.parametrize("frame", ["iframe", "frame", "fencedframe", "embed", "object"])
def test_not_even_its_own_page_may_frame_a_page(ask: Any, signed_in: Any, frame: str) -> None:
    framed = {**NAVIGATION, **signed_in, "sec-fetch-site": "same-origin", "sec-fetch-dest": frame}
    assert ask("GET", "/matrix", framed).status == 403


def test_a_download_link_of_a_page_works(ask: Any, signed_in: Any) -> None:
    asked_by_chromium = {**NAVIGATION, "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty"}
    assert ask("GET", "/matrix/@file/9-x.csv", {**asked_by_chromium, **signed_in}).admitted


def test_a_preflight_from_elsewhere_is_refused_without_a_permission(ask: Any) -> None:
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    reply = ask("OPTIONS", "/api/x", {**foreign, "access-control-request-method": "POST"})
    assert reply.status == 403
    assert reply.header("access-control-allow-origin") == []


@pytest.mark.parametrize("name", ["sec-fetch-mode", "sec-fetch-dest", "authorization", "marimo-session-id"])
def test_a_header_sent_twice_is_refused(guard: Guard, raw: Any, signed_in: Any, name: str) -> None:
    usual = [("host", "127.0.0.1:8123"), ("cookie", signed_in["cookie"])]
    assert raw(guard, "GET", "/matrix", usual).admitted
    assert raw(guard, "GET", "/matrix", [*usual, (name, "x"), (name, "x")]).status == 400


def test_only_requests_are_judged(guard: Guard, inside: Any, raw: Any) -> None:
    raw_scope = {"type": "lifespan"}
    running = guard(raw_scope, None, None)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        running.send(None)
    assert inside.scopes == [raw_scope]
