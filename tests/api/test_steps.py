"""A program works a release: the spec's own endpoints, the verbs, and what a second press gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from relorch import Workbook
from tests.api.conftest import Ask, asking
from tests.conftest import Build


def test_a_step_is_ticked_with_the_text_that_was_shown(ask: Ask, build: Build) -> None:
    step = build.step(content="echo ${{ namespace }}")
    detail = ask("GET", f"/steps/{step.id}/detail").json()
    said = {"expectedVersion": 1, "textSha256": detail["textSha256"], "notes": "took 4 min"}
    done = ask("POST", f"/steps/{step.id}/done", json=said)
    assert (done.status_code, done.json()["refused"]) == (200, [])
    [now] = done.json()["steps"]
    assert (now["status"], now["executedBy"], now["rowVersion"], now["notes"]) == ("done", "ana", 2, "took 4 min")
    assert now["executedContent"] == detail["text"]


def test_a_verb_needs_no_body(ask: Ask, build: Build) -> None:
    step = build.step()
    verbs = ("start", "done", "revert", "reopen")
    assert [ask("POST", f"/steps/{step.id}/{verb}").json()["steps"][0]["status"] for verb in verbs] == [
        "in_progress",
        "done",
        "reverted",
        "pending",
    ]


def test_the_second_tick_is_told_who_was_first(ask: Ask, ask_as_ben: Ask, build: Build) -> None:
    step = build.step()
    ask_as_ben("POST", f"/steps/{step.id}/done")
    reply = ask("POST", f"/steps/{step.id}/done")
    problem = reply.json()
    assert (reply.status_code, reply.headers["content-type"]) == (409, "application/problem+json")
    assert (problem["type"], problem["status"], problem["who"]) == ("urn:relorch:conflict", 409, "ben")
    assert (problem["stepId"], problem["stepStatus"]) == (step.id, "done")
    assert problem["when"].endswith("Z")


def test_of_ten_equal_requests_at_once_one_is_done(app: Any, wb: Workbook, build: Build) -> None:
    step = build.step()
    with ThreadPoolExecutor(10) as threads:
        replies = list(threads.map(lambda _: asking(app)("POST", f"/steps/{step.id}/done"), range(10)))
    assert sorted(reply.status_code for reply in replies) == [200] + [409] * 9
    assert [event.action for event in wb.history(step_id=step.id)].count("step.mark_done") == 1


def test_a_stale_version_and_an_illegal_way_are_told_apart(ask: Ask, build: Build) -> None:
    step = build.step()
    stale = ask("POST", f"/steps/{step.id}/done", json={"expectedVersion": 7})
    illegal = ask("POST", f"/steps/{step.id}/revert")
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:relorch:conflict")
    assert (illegal.status_code, illegal.json()["type"]) == (409, "urn:relorch:illegal-transition")
    assert illegal.json()["allowed"] == ["start", "done", "fail", "skip"]


def test_another_text_than_the_one_shown_is_refused(ask: Ask, build: Build) -> None:
    step = build.step()
    reply = ask("POST", f"/steps/{step.id}/done", json={"textSha256": "0" * 64})
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:relorch:conflict")
    assert ask("GET", f"/steps/{step.id}").json()["status"] == "pending"


def test_of_a_list_the_legal_ones_are_done_and_the_others_are_listed(ask: Ask, build: Build) -> None:
    first, second = build.steps_of(build.active(steps=2))
    said = {"stepIds": [first.id, second.id, 999], "expectedVersion": {str(first.id): 1, str(second.id): 9}}
    result = ask("POST", "/steps/done", json=said).json()
    assert [step["id"] for step in result["steps"]] == [first.id]
    told = [(each["stepId"], each["problem"]["status"], each["problem"]["type"]) for each in result["refused"]]
    assert told == [(second.id, 409, "urn:relorch:conflict"), (999, 404, "urn:relorch:not-found")]
    assert ask("POST", "/undo", json={"batchId": result["batchId"]}).json()["stepIds"] == [first.id]


def test_a_preview_changes_nothing(ask: Ask, build: Build) -> None:
    step = build.step()
    asked = ask("POST", "/steps/preview", json={"verb": "done", "stepIds": [step.id]}).json()
    assert (asked["steps"][0]["status"], asked["batchId"]) == ("done", None)
    assert ask("GET", f"/steps/{step.id}").json()["status"] == "pending"


def test_what_cannot_render_says_why(ask: Ask, build: Build) -> None:
    step = build.step(content="echo ${{ vars.nothing }}")
    problem = ask("POST", f"/steps/{step.id}/start").json()
    assert (problem["status"], problem["type"]) == (409, "urn:relorch:cannot-render")
    assert "vars.nothing" in problem["errors"][0]["why"]


def test_a_step_named_by_a_list_is_no_address_of_one(ask: Ask, build: Build) -> None:
    build.step()
    assert ask("GET", "/steps/1").status_code == 200
    reply = ask("GET", "/steps/reorder")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert ask("PUT", "/steps/1").headers["allow"] == "DELETE, GET, PATCH"


def test_reorder_as_in_the_spec(ask: Ask, wb: Workbook, build: Build) -> None:
    release = build.active(steps=3)
    ids = [template.id for template in wb.templates.list(release.id)]
    said = {"releaseId": release.id, "category": "deploy", "orderedIds": ids[::-1]}
    reply = ask("POST", "/steps/reorder", json=said)
    assert (reply.status_code, reply.json()) == (200, {"success": True})
    assert [template.id for template in wb.templates.list(release.id)] == ids[::-1]


def test_add_customers_as_in_the_spec(ask: Ask, wb: Workbook, build: Build) -> None:
    release, customer = build.active(), build.customer()
    reply = ask("POST", f"/releases/{release.id}/add-customers", json={"customerIds": [customer.id]})
    assert (reply.status_code, reply.json()) == (200, {"success": True})
    assert len(wb.steps.list(release.id, customer.id)) == 1
    assert ask("POST", f"/releases/{release.id}/add-customers", json={"customerIds": [customer.id]}).status_code == 409


def test_detail_as_in_the_spec(ask: Ask, build: Build) -> None:
    step = build.step(content="echo ${{ namespace }}")
    detail = ask("GET", f"/steps/{step.id}/detail").json()
    assert (detail["step"]["id"], detail["customer"]["id"]) == (step.id, step.customer_id)
    assert detail["text"] == f"echo {detail['customer']['namespace']}"
    assert [choice["verb"] for choice in detail["choices"]] == ["start", "done", "fail", "skip"]
    assert detail["history"] == []


def test_a_customers_own_step_from_its_making_to_its_end(ask: Ask, build: Build) -> None:
    step = build.step()
    where = f"/releases/{step.release_id}/customers/{step.customer_id}/steps"
    said = {"name": "own", "category": "deploy", "type": "bash", "content": "true", "beforeId": step.id}
    own = ask("POST", where, json=said)
    assert (own.status_code, own.json()["isCustom"], own.json()["orderIndex"]) == (201, True, 0)
    number = own.json()["id"]
    assert ask("PATCH", f"/steps/{number}", json={"content": "false"}).json()["content"] == "false"
    assert ask("DELETE", f"/steps/{number}", params={"expectedVersion": 1}).status_code == 409
    assert ask("DELETE", f"/steps/{number}").status_code == 204
    assert [each["id"] for each in ask("GET", where).json()] == [step.id]


def test_an_own_text_and_back(ask: Ask, build: Build) -> None:
    step = build.step(content="true")
    own = ask("POST", f"/steps/{step.id}/override", json={"content": "false", "expectedVersion": 1}).json()
    assert (own["isOverridden"], own["content"], own["rowVersion"]) == (True, "false", 2)
    assert ask("POST", f"/steps/{step.id}/reset").json()["isOverridden"] is False
