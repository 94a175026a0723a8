"""Everything else that is read and written: in camelCase, with versions, an edit changing only what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from tests.api.conftest import Ask
from tests.conftest import Build


def test_a_release_from_draft_to_archive(ask: Ask) -> None:
    def post(path: str, **body: Any) -> Any:
        reply = ask("POST", path, json=body or None)
        assert reply.status_code in (200, 201), reply.text
        return reply.json()

    cluster = post("/clusters", name="eu-1", kubeconfigPath="~/.kube/eu-1", metadata={"registry": "r.example"})
    customer = post("/customers", clusterId=cluster["id"], namespace="acme-prod", name="Acme")
    when = "2026-11-23T20:00:00+02:00"
    release = post("/releases", name="2026.11", type="release", versionNumber="4.2.0", releaseDate=when)
    assert (release["status"], release["releaseDate"]) == ("draft", "2026-11-23T18:00:00Z")
    where = f"/releases/{release['id']}"
    step = {
        "name": "Up",
        "category": "deploy",
        "type": "bash",
        "content": "helm -n ${{ namespace }} ${{ vars.registry }}",
    }
    assert post(f"{where}/templates/preview", **step)["updates"] == []
    post(f"{where}/templates", **step)
    assert post(f"{where}/preview-activate", customerIds=[customer["id"]])["steps"] == 1
    assert post(f"{where}/activate", allActive=True)["status"] == "active"
    found = ask("GET", f"{where}/next", params={"customerId": customer["id"]}).json()["step"]
    assert ask("GET", f"/steps/{found['id']}/render").json()["text"] == "helm -n acme-prod r.example"
    post(f"/steps/{found['id']}/done")
    through = ask("GET", f"{where}/next").json()
    assert (through["step"], through["why"]) == (None, "allDone")
    assert ask("GET", f"{where}/progress").json()["percentage"] == 100
    assert [each["label"] for each in ask("GET", f"{where}/progress", params={"by": "cluster"}).json()] == ["eu-1"]
    assert ask("GET", "/versions").json()[0]["versionNumber"] == "4.2.0"
    assert post(f"{where}/archive")["status"] == "archived"
    assert ask("POST", f"/steps/{found['id']}/revert").json()["type"] == "urn:relorch:not-allowed"
    assert post(f"{where}/reopen")["status"] == "active"
    assert post(f"{where}/clone", name="2026.12")["status"] == "draft"
    assert ask("DELETE", f"{where[:-1]}2").status_code == 204


def test_why_nothing_is_next_is_told_apart_from_all_done(ask: Ask, wb: Workbook, build: Build) -> None:
    release = build.active(customers=3)
    first, held, removed = (member.customer_id for member in wb.releases.members(release.id))
    wb.releases.hold(release.id, [held], reason="frozen")
    wb.releases.remove(release.id, [removed], reason="left")
    stranger = build.customer().id

    def why(customer: int) -> str | None:
        told = ask("GET", f"/releases/{release.id}/next", params={"customerId": customer}).json()
        assert (told["step"] is None) == (told["why"] is not None) == bool(told["message"])
        return str(told["why"])

    assert [why(each) for each in (first, held, removed, stranger)] == ["None", "held", "removed", "noMember"]
    wb.acting_as("ben").steps.start(wb.steps.list(release.id, first)[0].id)
    assert why(first) == "claimed"
    assert ask("GET", f"/releases/{build.release().id}/next").json()["why"] == "notActive"


def test_an_edit_changes_what_was_sent_and_nothing_else(ask: Ask, build: Build) -> None:
    cluster = build.cluster(description="as it was", metadata={"zone": "a"})
    edited = ask("PATCH", f"/clusters/{cluster.id}", json={"name": "new", "expectedVersion": 1}).json()
    assert (edited["name"], edited["description"], edited["metadata"]) == ("new", "as it was", {"zone": "a"})
    assert edited["rowVersion"] == 2
    assert ask("PATCH", f"/clusters/{cluster.id}", json={"description": None}).json()["description"] is None
    assert ask("PATCH", f"/clusters/{cluster.id}", json={"name": "old", "expectedVersion": 1}).status_code == 409


def test_a_release_is_edited_in_what_was_sent(ask: Ask, build: Build) -> None:
    release = build.release(version_number="1.0", description="as it was")
    where = f"/releases/{release.id}"
    assert ask("POST", f"{where}/preview-update", json={"versionNumber": "1.1"}).json()["pending"] == 0
    edited = ask("PATCH", where, json={"versionNumber": "1.1", "type": "hotfix", "expectedVersion": 1}).json()
    assert (edited["versionNumber"], edited["type"], edited["description"]) == ("1.1", "hotfix", "as it was")
    assert ask("PATCH", where, json={"versionNumber": "1.2", "expectedVersion": 1}).status_code == 409
    assert ask("PATCH", where, json={"status": "active"}).status_code == 422


def test_an_edit_that_changes_open_texts_has_a_preview_and_wants_a_word(ask: Ask, build: Build) -> None:
    step = build.step(content="echo ${{ namespace }}")
    where, said = f"/customers/{step.customer_id}", {"namespace": "other"}
    assert ask("POST", f"{where}/preview-update", json=said).json() == {"pending": 1, "inProgress": 0}
    assert ask("PATCH", where, json=said).json()["type"] == "urn:relorch:not-allowed"
    assert ask("PATCH", where, json=said | {"confirm": True}).json()["namespace"] == "other"


def test_a_template_carries_its_change_to_the_steps(ask: Ask, build: Build) -> None:
    step = build.step()
    where = f"/templates/{step.template_id}"
    assert [
        each["stepId"] for each in ask("POST", f"{where}/preview-update", json={"content": "x"}).json()["updates"]
    ] == [step.id]
    changed = ask("PATCH", where, json={"content": "x", "expectedVersion": 1}).json()
    assert (changed["revision"], changed["effect"]["updates"][0]["customerId"]) == (2, step.customer_id)
    assert ask("GET", f"{where}/steps").json()[0]["content"] == "x"
    assert ask("POST", f"{where}/move", json={"position": 0}).json()["orderIndex"] == 0
    assert ask("DELETE", where, params={"expectedVersion": 1}).status_code == 409
    assert len(ask("DELETE", where).json()["updates"]) == 1


def test_members_are_held_resumed_and_removed(ask: Ask, build: Build) -> None:
    release = build.active()
    where, said = f"/releases/{release.id}", {"customerIds": [1]}
    assert ask("POST", f"{where}/hold", json=said).status_code == 422
    states = [ask("POST", f"{where}/{verb}", json=body).json()[0]["state"] for verb, body in (
        ("hold", said | {"reason": "wait"}),
        ("resume", said),
        ("remove", said | {"reason": "gone"}),
    )]  # fmt: skip
    assert states == ["held", "active", "removed"]
    assert ask("GET", f"{where}/members").json()[0]["reason"] == "gone"


def test_the_matrix_is_lists_of_cells(ask: Ask, build: Build, wb: Workbook) -> None:
    release = build.active(customers=2, steps=2)
    first = build.steps_of(release)[0]
    wb.steps.mark_done(first.id)
    wb.steps.add_custom(release.id, first.customer_id, name="own", category="deploy", type="text", content="x")
    matrix = ask("GET", f"/releases/{release.id}/matrix").json()
    assert [len(matrix[name]) for name in ("rows", "customers")] == [3, 2]
    assert matrix["statuses"] == ["done", "pending", "pending", "pending", "pending", None]
    assert [matrix[name][-1] for name in ("ids", "versions", "flags")] == [None, None, None]
    assert matrix["versions"][0] == 2


def test_history_and_what_changed_since(ask: Ask, build: Build) -> None:
    step = build.step()
    before = ask("GET", "/health").json()["revision"]
    ask("POST", f"/steps/{step.id}/skip", json={"reason": "not needed"})
    [event] = ask("GET", "/history", params={"stepId": step.id}).json()
    assert (event["action"], event["operator"], event["note"]) == ("step.skip", "ana", "not needed")
    assert event["after"]["skip_reason"] == "not needed"
    changed = ask("GET", "/changes", params={"since": before}).json()
    assert changed == {"revision": before + 1, "customers": [step.customer_id], "releases": []}
    assert ask("GET", "/activity", params={"newest": 1}).json()[0]["stepId"] == step.id
    assert len(ask("GET", "/history", params={"newest": 2}).json()) == 2


@pytest.mark.parametrize("query", ["relaseId=1", "releaseId=1&releaseId=2", "newest=1001", "newest=0", "releaseId=1.0"])
def test_a_question_that_nobody_knows_is_not_answered_with_everything(ask: Ask, query: str) -> None:
    assert ask("GET", f"/history?{query}").status_code == 422


def test_health_says_nothing_that_is_nobodys_business(ask: Ask) -> None:
    assert ask("GET", "/health").json() == {"status": "ok", "operator": "ana", "revision": 0}
