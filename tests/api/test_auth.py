"""Who may ask: a bearer without a cookie, or a page of relorch's own with one; and in whose name it is done."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from tests.api.conftest import COOKIE, HOST, Ask, asking
from tests.conftest import Build

OWN_PAGE = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
OTHER_PAGE = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
BEARER = {"authorization": "Bearer t-ana"}


@pytest.fixture
def nobody(app: Any) -> Ask:
    return asking(app, None)


@pytest.fixture
def cookie(nobody: Ask) -> dict[str, str]:
    """The cookie of ana's browser."""
    reply = nobody("GET", "/health?token=t-ana")
    assert reply.status_code == 303
    return {"cookie": reply.headers["set-cookie"].partition(";")[0]}


READS = [
    ({}, 401),
    (BEARER, 200),
    ({"authorization": "bearer t-ana"}, 200),
    ({"authorization": "Bearer t-eve"}, 401),
    ({"authorization": "Bearer "}, 401),
    ({"authorization": "Basic dC1hbmE6"}, 401),
    ({"authorization": "t-ana"}, 401),
    (BEARER | OTHER_PAGE, 403),
    ({"cookie": f"{COOKIE}=guess"}, 401),
]


@pytest.mark.parametrize(("headers", "status"), READS)
def test_who_may_read(nobody: Ask, headers: dict[str, str], status: int) -> None:
    reply = nobody("GET", "/health", headers=headers)
    assert reply.status_code == status
    if status == 401:
        assert reply.headers["www-authenticate"] == "Bearer"
    if status != 200:
        assert (reply.headers["content-type"], reply.json()["status"]) == ("application/problem+json", status)


CHANGES = [
    ({}, False, 401),
    (BEARER, False, 201),
    ({"authorization": "Bearer t-eve"}, False, 401),
    (BEARER | OTHER_PAGE, False, 403),
    ({}, True, 403),
    (BEARER, True, 403),  # a browser's: some page made it send both
    (OWN_PAGE, True, 201),
    (OTHER_PAGE, True, 403),
    ({"origin": f"http://{HOST}"}, True, 201),
    ({"sec-fetch-site": "same-site", "origin": f"http://{HOST}"}, True, 403),
    (OWN_PAGE, False, 401),
    (OTHER_PAGE, False, 403),
]


@pytest.mark.parametrize(("headers", "with_cookie", "status"), CHANGES)
def test_who_may_change(
    nobody: Ask, cookie: dict[str, str], wb: Workbook, headers: dict[str, str], with_cookie: bool, status: int
) -> None:
    reply = nobody("POST", "/clusters", headers=headers | (cookie if with_cookie else {}), json={"name": "eu"})
    assert reply.status_code == status
    assert len(wb.clusters.list()) == (1 if status == 201 else 0)


def test_what_is_done_is_done_in_the_name_of_the_token(ask: Ask, ask_as_ben: Ask, build: Build) -> None:
    first, second = build.steps_of(build.active(steps=2))
    assert ask("POST", f"/steps/{first.id}/done").json()["steps"][0]["executedBy"] == "ana"
    assert ask_as_ben("POST", f"/steps/{second.id}/done").json()["steps"][0]["executedBy"] == "ben"
    assert [event["operator"] for event in ask("GET", "/history?newest=2").json()] == ["ana", "ben"]


def test_everything_of_the_api_is_behind_the_guard(nobody: Ask) -> None:
    for path in ("/openapi.json", "/health", "/releases", "/docs", "/nothing", ""):
        assert nobody("GET", path).status_code == 401


def test_the_schema_is_for_who_is_signed_in_and_loads_nothing(ask: Ask) -> None:
    schema = ask("GET", "/openapi.json")
    assert (schema.status_code, schema.json()["info"]["title"]) == (200, "relorch")
    assert "http://" not in schema.text
    assert "https://" not in schema.text
    assert [ask("GET", path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does(ask: Ask) -> None:
    operations = [each for path in ask("GET", "/openapi.json").json()["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names) >= 78
    assert [each["operationId"] for each in operations if not each.get("description")] == []


def test_no_body_takes_a_field_that_nobody_knows(ask: Ask) -> None:
    schema = ask("GET", "/openapi.json").json()
    operations = [each for path in schema["paths"].values() for each in path.values() if "requestBody" in each]
    bodies = {each["requestBody"]["content"]["application/json"]["schema"]["$ref"] for each in operations}
    models = {ref: schema["components"]["schemas"][ref.rpartition("/")[2]] for ref in bodies}
    assert [ref for ref, model in models.items() if model.get("additionalProperties") is not False] == []
    assert len(models) > 30


def test_the_host_has_to_be_relorchs_own(nobody: Ask) -> None:
    assert nobody("GET", "/health", headers=BEARER | {"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_the_guard_refuses_is_a_problem_too(nobody: Ask, status: int) -> None:
    headers = {400: {"marimo-session-id": "a b"}, 401: {}, 403: OTHER_PAGE}[status]
    reply = nobody("GET", "/releases", headers=headers)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    assert (reply.json()["status"], reply.headers["cache-control"]) == (status, "no-store")
