"""Every refusal is a problem that says what and why, and never what was sent, where a file lies or what SQL ran."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import (
    AlreadyTaken,
    Busy,
    CannotOpen,
    InvalidValue,
    NotFound,
    QueryError,
    RelorchError,
    StorageError,
)
from relorch.serve.api.problems import problem_of
from tests.api.conftest import Ask
from tests.conftest import Build


def kinds_of(kind: type[RelorchError]) -> set[type[RelorchError]]:
    return {kind}.union(*map(kinds_of, kind.__subclasses__()))


KINDS = {
    NotFound("cluster", "secret-1", "cluster_id"): (404, "not-found", "clusterId: there is no such cluster."),
    InvalidValue("kubeconfig_path", "secret-1", "is too long"): (422, "invalid-value", "kubeconfigPath: is too long."),
    InvalidValue("metadata secret-1", 1, "must be a text"): (422, "invalid-value", "metadata: must be a text."),
    InvalidValue("step_ids", [7, "secret-1"], "holds secret-1"): (422, "invalid-value", "stepIds: cannot be taken."),
    InvalidValue("step_ids", [7, 4711], "names step 4711, which"): (
        422,
        "invalid-value",
        "stepIds: names step …, which.",
    ),
    AlreadyTaken("name", "secret-1", "is in use"): (409, "already-taken", "name: is in use."),
    Busy("/home/secret-1/app.db: busy"): (
        503,
        "busy",
        "Another writer holds the database; nothing was stored. Try again.",
    ),
    CannotOpen("/home/secret-1"): (503, "storage", "The database could not do it; nothing was stored."),
    StorageError("secret-1"): (503, "storage", "The database could not do it; nothing was stored."),
    QueryError("secret-1"): (422, "refused", "This was refused."),
}


@pytest.mark.parametrize("error", KINDS, ids=lambda error: type(error).__name__)
def test_an_error_is_told_without_what_was_sent(error: RelorchError) -> None:
    status, kind, detail = KINDS[error]
    problem = problem_of(error)
    assert (problem.status, problem.type, problem.detail) == (status, f"urn:relorch:{kind}", detail)
    assert "secret-1" not in str(problem.on_the_wire())


def test_no_kind_of_error_is_without_a_problem() -> None:
    for kind in kinds_of(RelorchError):
        error = kind.__new__(kind)
        error.__dict__ |= {"field": "x", "why": "y", "value": 1, "kind": "z", "step_id": 1, "status": "done"}
        error.__dict__ |= {"who": None, "when": None, "problems": (), "verb": "start", "key": 1, "findings": ()}
        assert problem_of(error).status in (404, 409, 422, 503)


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (b'{"name": "x", "unknown": 1}', "body", "holds a field that is not known here"),
        (b'{"name": 7}', "name", "input should be a valid string"),
        (b'{"name": "1", "metadata": {"a b": "c"}}', "metadata", "string should match pattern '^[A-Za-z_][A-Za-z0-9_-]*$'"),
        (b'{"name": ""}', "name", "string should have at least 1 character"),
        (b'{"name": " "}', "name", "must not be blank"),
        (b'{"name": "\\u0000"}', "name", "holds the character U+0000, which is not allowed here"),
        (b"{", "body", "is not JSON"),
        (b"", "body", "field required"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field(ask: Ask, body: bytes, field: str, why: str) -> None:
    reply = ask("POST", "/clusters", content=body, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert reply.json()["errors"] == [{"field": field, "why": why}]


@pytest.mark.parametrize("moment", ["2026-11-23", "1763900000", "2026-11-23T20:00:00", "2026-02-30T20:00:00Z", "now"])
def test_a_time_has_its_zone(ask: Ask, moment: str) -> None:
    reply = ask("POST", "/releases", json={"name": "r", "type": "release", "releaseDate": moment})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "releaseDate")


def test_nothing_of_a_refused_request_is_stored(ask: Ask, wb: Workbook) -> None:
    ask("POST", "/clusters", json={"name": "eu", "metadata": {"a": "\x07"}})
    assert (wb.clusters.list(), wb.revision()) == ([], 0)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", ""), ("GET", "/steps/x"), ("POST", "/clusters/")]
)
def test_what_is_not_there_is_404(ask: Ask, method: str, path: str) -> None:
    reply = ask(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json()["detail"] == "There is no such endpoint."


def test_a_busy_database_says_when_to_come_back(ask: Ask, wb: Workbook, monkeypatch: pytest.MonkeyPatch) -> None:
    wb._core.store._write.pool._timeout = 0.1  # type: ignore[attr-defined]
    with wb._core.store.writing():
        reply = ask("POST", "/clusters", json={"name": "eu"})
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert reply.json()["type"] == "urn:relorch:busy"
    assert ask("POST", "/clusters", json={"name": "eu"}).status_code == 201


def test_a_database_that_is_gone_is_told_without_its_path(
    ask: Ask, wb: Workbook, caplog: pytest.LogCaptureFixture
) -> None:
    Path(wb.path).rename(wb.path + ".away")
    reply = ask("GET", "/clusters")
    Path(wb.path + ".away").rename(wb.path)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:relorch:storage")
    assert "workbook" not in reply.text
    assert reply.json()["errorId"] in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("/home/ana/app.db"),
        KeyError("SELECT secret"),
        sqlite3.OperationalError("no such table: secret"),
        RecursionError("/usr/lib/python3"),
        UnicodeEncodeError("utf-8", "secret", 0, 1, "no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_foresaw_has_an_id_that_the_log_knows(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(_: Any) -> Any:
        raise error

    monkeypatch.setattr(Workbook, "revision", broken)
    with caplog.at_level(logging.ERROR):
        reply = ask("GET", "/health")
    assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")
    assert [word for word in ("/home", "/usr", "secret", "SELECT", "Traceback", ".py") if word in reply.text] == []
    assert reply.json()["errorId"] in caplog.text
    assert type(error).__name__ in caplog.text


def test_a_conflict_on_a_template_names_who_but_no_step(ask: Ask, ask_as_ben: Ask, build: Build) -> None:
    template = build.template(build.release())
    ask_as_ben("PATCH", f"/templates/{template.id}", json={"content": "new"})
    problem = ask("PATCH", f"/templates/{template.id}", json={"content": "newer", "expectedVersion": 1}).json()
    assert (problem["status"], problem["who"], "stepId" in problem) == (409, "ben", False)


def test_ids_that_were_sent_are_not_said_again_but_the_reason_is(ask: Ask, build: Build) -> None:
    release, stranger = build.active(), build.customer()
    ids = [123456789, stranger.id]
    for verb, done in (("hold", "held"), ("resume", "active"), ("remove", "removed")):
        said = {"customerIds": ids} | ({} if verb == "resume" else {"reason": "x"})
        reply = ask("POST", f"/releases/{release.id}/{verb}", json=said)
        who = f"customerIds … (no member), … '{stranger.name}' (no member): cannot be"
        assert (reply.status_code, reply.json()["detail"]) == (409, f"{who} {done} in release '{release.name}'.")


def test_a_refused_order_says_why_without_the_ids(ask: Ask, build: Build) -> None:
    template = build.template(build.release())
    said = {"releaseId": template.release_id, "category": "deploy", "orderedIds": [template.id, 123456789]}
    reply = ask("POST", "/steps/reorder", json=said)
    assert "not live templates of this release and category" in reply.json()["errors"][0]["why"]
    assert (reply.status_code, "123456789" in reply.text) == (422, False)


def test_a_step_that_is_not_in_the_list_is_told_as_that(ask: Ask, build: Build) -> None:
    step = build.step()
    reply = ask("POST", "/steps/done", json={"stepIds": [step.id], "expectedVersion": {"4711": 1}})
    assert reply.json()["errors"] == [{"field": "expectedVersion", "why": "names step …, which is not among the steps"}]


@pytest.mark.parametrize(("number", "status"), [("9007199254740993.0", 422), ("9007199254740992.0", 422), ("1.0", 200)])
def test_a_number_that_was_rounded_is_no_id(ask: Ask, build: Build, number: str, status: int) -> None:
    assert build.step().id == 1
    body = f'{{"stepIds": [{number}]}}'
    assert ask("POST", "/steps/start", content=body, headers={"content-type": "application/json"}).status_code == status


def test_a_refusal_in_a_list_is_as_short_as_alone(ask: Ask, build: Build) -> None:
    step = build.step()
    alone = ask("POST", f"/steps/{step.id}/revert", json={}).json()
    (refused,) = ask("POST", "/steps/revert", json={"stepIds": [step.id]}).json()["refused"]
    assert refused == {"stepId": step.id, "problem": alone}


def test_the_schema_says_what_is_checked_of_a_content(ask: Ask, build: Build) -> None:
    told = ask("GET", "/openapi.json").json()["components"]["schemas"]["NewTemplate"]["properties"]["content"]
    assert "65,536 bytes in UTF-8" in told["description"]
    step = {"name": "x", "category": "deploy", "type": "text", "content": "é" * 40_000}
    reply = ask("POST", f"/releases/{build.release().id}/templates", json=step)
    assert (reply.status_code, reply.json()["errors"]) == (422, [{"field": "content", "why": "is longer than 64 KB"}])
