"""The record: every change with who, when, what it was and what it became, oldest first."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, RelorchError


def test_the_story_of_a_step_is_told_in_its_order(wb: Workbook, build: Any) -> None:
    step = build.step(content="psql")
    ben = wb.acting_as("ben")
    wb.steps.start(step.id)
    ben.steps.fail(step.id, reason="disk full")
    wb.steps.mark_done(step.id, notes="second try")
    ben.steps.revert(step.id)
    wb.steps.reopen(step.id, reason="once more")
    wb.steps.skip(step.id, reason="next month")
    story = wb.history(step_id=step.id)
    assert [(event.operator, event.action, event.note) for event in story] == [
        ("ana", "step.start", None),
        ("ben", "step.fail", "disk full"),
        ("ana", "step.mark_done", "second try"),
        ("ben", "step.revert", None),
        ("ana", "step.reopen", "once more"),
        ("ana", "step.skip", "next month"),
    ]
    assert [event.id for event in story] == sorted(event.id for event in story)
    assert {(event.release_id, event.customer_id, event.template_id) for event in story} == {
        (step.release_id, step.customer_id, step.template_id)
    }


def test_before_and_after_hold_the_columns_that_changed(wb: Workbook, build: Any) -> None:
    step = build.step(content="psql")
    (begun,) = wb.steps.start(step.id, notes="mine").steps
    (event,) = wb.history(step_id=step.id)
    assert event.before == {
        "status": "pending",
        "executed_at": None,
        "executed_by": None,
        "executed_content": None,
        "executed_sha256": None,
        "notes": None,
    }
    assert begun.executed_at is not None
    assert event.after == {
        "status": "in_progress",
        "executed_at": begun.executed_at.isoformat(),
        "executed_by": "ana",
        "executed_content": "psql",
        "executed_sha256": begun.executed_sha256,
        "notes": "mine",
    }


def test_each_event_takes_up_where_the_one_before_it_left(wb: Workbook, build: Any) -> None:
    step = build.step()
    for verb in ("start", "reopen", "mark_done", "revert", "start", "mark_done"):
        getattr(wb.steps, verb)(step.id)
    row: dict[str, Any] = {}
    for event in wb.history(step_id=step.id):
        assert event.before is not None
        assert event.after is not None
        assert {name: row.get(name, value) for name, value in event.before.items()} == event.before
        row |= event.after
    now = wb.steps.get(step.id).model_dump(mode="json")
    assert row["status"] == now["status"] == "done"
    assert row["executed_content"] == now["executed_content"]


def test_history_can_be_narrowed(wb: Workbook, build: Any) -> None:
    release, other = build.active(customers=2), build.active()
    first, second = build.steps_of(release)
    batch = wb.steps.mark_done([first.id, second.id]).batch_id
    wb.steps.mark_done(build.steps_of(other)[0].id)
    assert [event.step_id for event in wb.history(batch_id=batch)] == [first.id, second.id]
    assert [event.step_id for event in wb.history(step_id=second.id)] == [second.id]
    assert [event.step_id for event in wb.history(customer_id=first.customer_id)] == [None, first.id]
    assert {event.release_id for event in wb.history(release_id=release.id)} == {release.id}
    assert wb.history(release_id=release.id, customer_id=99) == []
    whole = wb.history()
    assert wb.history(newest=3) == whole[-3:]
    assert wb.history(newest=0) == []
    assert wb.history(newest=10_000) == whole


@pytest.mark.parametrize("argument", ["release_id", "customer_id", "step_id", "batch_id", "newest"])
def test_history_is_not_asked_with_anything_but_numbers(wb: Workbook, refused: Any, argument: str) -> None:
    for value in (-1, 2**63, "x", True):
        with refused(InvalidValue, argument, "must be a whole number from"):
            wb.history(**{argument: value})


def test_the_revision_grows_with_every_change_and_only_then(wb: Workbook, build: Any) -> None:
    assert wb.revision() == 0
    step = build.step()
    seen = wb.revision()
    wb.steps.start(step.id)
    assert wb.revision() == seen + 1
    with pytest.raises(RelorchError):
        wb.steps.start(step.id)
    wb.steps.detail(step.id)
    wb.matrix(step.release_id)
    assert wb.revision() == seen + 1


def test_whatever_an_operator_writes_comes_back_from_the_record(wb: Workbook, build: Any) -> None:
    step = build.step()
    note = "Größe 👩‍🚀 \u202e\t\"quoted\" 'x' \\ {} null </script>\nsecond line"
    wb.acting_as("Ána <b> & 'co'").steps.fail(step.id, reason=note)
    (event,) = wb.history(step_id=step.id)
    assert (event.note, event.operator) == (note, "Ána <b> & 'co'")
    assert wb.first_broken_event() is None
