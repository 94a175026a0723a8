"""What a status verb would do, before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from relorch import Workbook
from relorch.errors import IllegalTransition, InvalidValue, NotFound
from relorch.model.status import TRANSITIONS, Status, Verb

VERBS = [(verb, "why" if TRANSITIONS[verb].reason == "required" else None) for verb in Verb]


def in_every_status(wb: Workbook, build: Any) -> list[int]:
    """Six steps of two customers, one in each status, of which the second customer's are on hold."""
    release = build.active(customers=2, steps=6)
    steps = build.steps_of(release)
    ids = [step.id for step in steps]
    for start in (0, 6):
        wb.steps.start(ids[start + 1])
        wb.steps.mark_done([ids[start + 2], ids[start + 5]])
        wb.steps.skip(ids[start + 3], reason="not here")
        wb.steps.fail(ids[start + 4], reason="disk full")
        wb.steps.revert(ids[start + 5])
    wb.releases.hold(release.id, [steps[6].customer_id], "freeze")
    return ids


@pytest.mark.parametrize(("verb", "reason"), VERBS)
def test_a_preview_is_what_the_verb_then_does_and_stores_nothing(
    wb: Workbook, build: Any, stored: Callable[[], Any], verb: Verb, reason: str | None
) -> None:
    ids = [*in_every_status(wb, build), 4711]
    before = stored()
    preview = wb.steps.preview(verb.value, ids, reason=reason)
    assert stored() == before
    words = {} if TRANSITIONS[verb].reason == "none" else {"reason": reason}
    outcome = getattr(wb.steps, verb)(ids, **words)
    assert preview.batch_id is None
    assert [step.model_dump(exclude={"executed_at", "updated_at"}) for step in preview.steps] == [
        step.model_dump(exclude={"executed_at", "updated_at"}) for step in outcome.steps
    ]
    assert [(each.step_id, type(each.error), str(each.error)) for each in preview.refused] == [
        (each.step_id, type(each.error), str(each.error)) for each in outcome.refused
    ]
    assert len(preview.steps) == len(TRANSITIONS[verb].sources)
    assert len(preview.steps) + len(preview.refused) == 13


def test_a_preview_refuses_stale_versions(wb: Workbook, build: Any) -> None:
    one, other = build.steps_of(build.active(steps=2))
    wb.acting_as("ben").steps.fail(other.id, reason="disk full")
    versions = {step.id: step.row_version for step in (one, other)}
    preview = wb.steps.preview(Verb.MARK_DONE, [one.id, other.id], expected_version=versions)
    assert [step.id for step in preview.steps] == [one.id]
    assert [(each.step_id, "changed by ben" in str(each.error)) for each in preview.refused] == [(other.id, True)]


@pytest.mark.parametrize("reason", [None, "", " "])
def test_a_preview_may_come_before_its_reason(wb: Workbook, build: Any, reason: str | None) -> None:
    step = build.step()
    assert [each.status for each in wb.steps.preview("skip", [step.id], reason=reason).steps] == [Status.SKIPPED]


def test_a_preview_of_reopen_takes_the_template(wb: Workbook, build: Any) -> None:
    step = build.step(content="old")
    wb.steps.fail(step.id, reason="x")
    wb.templates.update(step.template_id, content="new")
    assert wb.steps.preview("reopen", [step.id], take_template=True).steps[0].content == "new"
    assert wb.steps.preview("reopen", [step.id]).steps[0].content == "old"


@pytest.mark.parametrize(
    ("verb", "words", "said"),
    [
        ("tick", {}, "must be one of"),
        ("skip", {"reason": "x" * 4_001}, "is longer than 4,000"),
        ("start", {"reason": "x"}, "takes notes"),
        ("skip", {"notes": "x"}, "takes a reason"),
        ("start", {"take_template": True}, "is for 'reopen'"),
    ],
)
def test_a_preview_refuses_what_the_verb_does_not_take(
    wb: Workbook, build: Any, refused: Any, verb: str, words: dict[str, Any], said: str
) -> None:
    step = build.step()
    with refused(InvalidValue, said):
        wb.steps.preview(verb, [step.id], **words)


def test_a_preview_of_one_step_raises_as_the_verb_does(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    with refused(IllegalTransition, "'revert'"):
        wb.steps.preview("revert", step.id)
    with refused(NotFound, "4711"):
        wb.steps.preview("revert", 4711)


def test_a_verb_after_a_preview_is_stored(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.steps.preview("mark_done", [step.id])
    outcome = wb.steps.mark_done(step.id)
    assert wb.steps.get(step.id).status is Status.DONE
    assert [event.batch_id for event in wb.history(step_id=step.id)] == [outcome.batch_id]
    assert wb.first_broken_event() is None


def test_a_preview_never_takes_the_lock_that_writers_wait_for(wb: Workbook, build: Any) -> None:
    ids = in_every_status(wb, build)
    begun: list[object] = []
    event.listen(wb._core.store._write, "begin", begun.append)
    for verb in Verb:
        wb.steps.preview(verb, ids)
    assert begun == []


@pytest.mark.parametrize("verb", ["mark_done", "revert", "reopen"])
def test_a_preview_of_many_steps_asks_no_more_often_than_one_of_a_few(wb: Workbook, build: Any, verb: str) -> None:
    """Whoever overtook: who it was is not asked for one step after the other."""
    ids = [step.id for step in build.steps_of(build.active(customers=4, steps=30))]
    wb.acting_as("ben").steps.fail(ids[::2], reason="disk full")
    said: list[str] = []
    event.listen(wb._core.store._read, "before_cursor_execute", lambda *args: said.append(args[2]))

    def asked(some: list[int]) -> int:
        said.clear()
        wb.steps.preview(verb, some, expected_version=dict.fromkeys(some, 1), take_template=verb == "reopen")
        return len(said)

    assert asked(ids) == asked(ids[:4])
