"""Verbs on one step and on a list: what is applied, what is refused, and what an Outcome tells."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import CannotRender, Conflict, IllegalTransition, InvalidValue, NotAllowed, NotFound


def test_steps_are_listed_in_the_order_of_work(wb: Workbook, build: Any) -> None:
    release = build.release()
    for category, name in [("verify", "v0"), ("deploy", "d0"), ("verify", "v1"), ("deploy", "d1")]:
        build.template(release, category=category, name=name)
    member, stranger = build.customer(), build.customer()
    wb.releases.activate(release.id, customer_ids=[member.id])
    assert [step.name for step in wb.steps.list(release.id, member.id)] == ["d0", "d1", "v0", "v1"]
    assert wb.steps.list(release.id, stranger.id) == []
    assert wb.steps.list(release.id, 99) == []


def test_one_id_or_a_list_of_one_do_the_same(wb: Workbook, build: Any) -> None:
    one, other = build.steps_of(build.active(customers=2))
    alone, listed = wb.steps.start(one.id), wb.steps.start([other.id])
    assert (alone.refused, listed.refused) == ((), ())
    assert [step.status for step in (*alone.steps, *listed.steps)] == ["in_progress", "in_progress"]
    assert listed.batch_id == (alone.batch_id or 0) + 1


def test_the_legal_ones_of_a_list_are_applied_and_the_refused_are_listed(wb: Workbook, build: Any) -> None:
    release = build.active(customers=6, name="Migrate", content="true")
    plain, done, begun, skipped, broken, held = build.steps_of(release)
    wb.steps.mark_done(done.id)
    wb.steps.start(begun.id)
    wb.steps.skip(skipped.id, reason="not needed")
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql("UPDATE customer_steps SET content = '${{ vars.no }}' WHERE id = ?", (broken.id,))
        connection.exec_driver_sql(
            "UPDATE release_customers SET state = 'held' WHERE customer_id = ?", (held.customer_id,)
        )
    ids = [99, skipped.id, plain.id, done.id, broken.id, begun.id, held.id, plain.id]
    outcome = wb.steps.mark_done(ids)
    assert [step.id for step in outcome.steps] == [plain.id, begun.id]
    assert [wb.steps.get(step.id) for step in outcome.steps] == list(outcome.steps)
    assert [(refusal.step_id, type(refusal.error)) for refusal in outcome.refused] == [
        (99, NotFound),
        (skipped.id, IllegalTransition),
        (done.id, Conflict),
        (broken.id, CannotRender),
        (held.id, NotAllowed),
    ]
    batch = wb.history(batch_id=outcome.batch_id)
    assert [event.step_id for event in batch] == [plain.id, begun.id]
    assert outcome.batch_id == batch[0].id


def test_a_list_of_which_nothing_is_legal_stores_nothing(wb: Workbook, build: Any, stored: Any) -> None:
    steps = build.steps_of(build.active(customers=3))
    wb.steps.mark_done([step.id for step in steps])
    before = stored()
    outcome = wb.steps.mark_done([step.id for step in steps])
    assert (outcome.batch_id, outcome.steps, len(outcome.refused)) == (None, (), 3)
    assert stored() == before


def test_a_long_list_is_one_batch(wb: Workbook, build: Any) -> None:
    release = build.active(customers=60, steps=20)
    ids = [step.id for step in build.steps_of(release)]
    outcome = wb.steps.mark_done(ids)
    assert [step.id for step in outcome.steps] == ids
    assert len(wb.history(batch_id=outcome.batch_id)) == 1_200
    assert wb.progress(release.id).counts["done"] == 1_200
    assert wb.first_broken_event() is None


@pytest.mark.parametrize(
    ("step_ids", "why"),
    [
        ([], "must name at least one step"),
        ("1", "must be an id or a list of ids"),
        (b"1", "must be an id or a list of ids"),
        (None, "must be an id or a list of ids"),
        (1.0, "must be an id or a list of ids"),
        (True, "must be a whole number from 1"),
        (0, "must be a whole number from 1"),
        (2**63, "must be a whole number from 1"),
        (["1"], "must be a whole number from 1"),
        ([1, None], "must be a whole number from 1"),
    ],
)
def test_what_is_no_id_is_refused(wb: Workbook, build: Any, refused: Any, step_ids: Any, why: str) -> None:
    build.step()
    with refused(InvalidValue, "step_id", why):
        wb.steps.start(step_ids)


@pytest.mark.parametrize("verb", ["get", "render", "detail", "start", "mark_done", "revert", "reopen"])
def test_an_unknown_step_is_named(wb: Workbook, refused: Any, verb: str) -> None:
    with refused(NotFound, "step_id 99: there is no such step"):
        getattr(wb.steps, verb)(99)


def test_the_steps_of_an_unknown_release_are_refused(wb: Workbook, refused: Any) -> None:
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.steps.list(99, 1)


@pytest.mark.parametrize("notes", [7, "x" * 4_001, "a\x00b"])
def test_bad_notes_are_refused(wb: Workbook, build: Any, refused: Any, notes: Any) -> None:
    step = build.step()
    with refused(InvalidValue, "notes"):
        wb.steps.mark_done(step.id, notes=notes)


def test_the_detail_tells_all_that_an_operator_needs(wb: Workbook, build: Any) -> None:
    release = build.release(name="2026.11", version_number="4.2.0")
    for name, content in (("Back up", "true"), ("Migrate", "psql -n ${{ namespace }}"), ("Restart", "true")):
        build.template(release, name=name, content=content)
    build.template(release, category="verify")
    customer = build.customer(wb.clusters.create(name="eu-1"), namespace="acme", name="Acme")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    step = wb.steps.list(release.id, customer.id)[1]
    detail = wb.steps.detail(step.id)
    assert (detail.step, detail.customer, detail.release) == (step, customer, wb.releases.get(release.id))
    assert (detail.cluster.name, detail.member_state, detail.place, detail.places) == ("eu-1", "active", 2, 3)
    assert detail.template == wb.templates.list(release.id)[1]
    assert (detail.text, detail.frozen, detail.history) == ("psql -n acme", False, ())
    assert detail.text_sha256 == detail.rendering.sha256 == wb.steps.render(step.id).sha256
    wb.steps.start(step.id)
    begun = wb.steps.detail(step.id)
    assert (begun.text, begun.frozen, begun.text_sha256) == ("psql -n acme", True, detail.text_sha256)
    assert [event.action for event in begun.history] == ["step.start"]


def test_a_step_that_cannot_render_says_why_and_what_is_left_to_do(wb: Workbook, build: Any) -> None:
    step = build.step(content="a ${{ vars.db_host }} b ${{ nope }}")
    rendering = wb.steps.render(step.id)
    assert (rendering.text, rendering.sha256) == (None, None)
    assert [problem.placeholder for problem in rendering.problems] == ["${{ vars.db_host }}", "${{ nope }}"]
    detail = wb.steps.detail(step.id)
    assert (detail.text, detail.text_sha256, detail.frozen) == (None, None, False)
    assert {choice.verb: choice.refused is None for choice in detail.choices} == {
        "start": False,
        "mark_done": False,
        "fail": True,
        "skip": True,
    }
