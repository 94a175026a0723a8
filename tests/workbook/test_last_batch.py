"""Which batch a verb stored, whatever it answers: what a page offers to take back."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from relorch import Workbook
from relorch.errors import NotAllowed
from relorch.model.status import Status


def test_every_verb_says_which_batch_it_stored(wb: Workbook, build: Any) -> None:
    step = build.step()
    fields = {"name": "mine", "category": "deploy", "type": "text", "content": "x"}
    for verb in (
        lambda: wb.steps.override(step.id, "own"),
        lambda: wb.steps.reset(step.id),
        lambda: wb.steps.add_custom(step.release_id, step.customer_id, **fields),
        lambda: wb.steps.add_custom(step.release_id, step.customer_id, **fields, add_to_template=True),
        lambda: wb.steps.mark_done(step.id),
        lambda: wb.templates.update(step.template_id, name="other"),
        lambda: wb.templates.move(step.template_id, 1),
        lambda: wb.templates.delete(step.template_id),
        lambda: wb.undo(),
    ):
        verb()
        (last,) = wb.history(newest=1)
        assert wb.last_batch == wb.last_undoable == last.batch_id


def test_what_has_its_own_reverse_verb_is_not_offered_to_be_undone(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.releases.hold(step.release_id, [step.customer_id], "freeze")
    assert wb.last_batch == wb.history(newest=1)[0].batch_id
    assert wb.last_undoable is None


def test_a_verb_that_stores_nothing_leaves_no_batch(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.steps.mark_done(step.id)
    with contextlib.suppress(NotAllowed):
        wb.steps.override(step.id, "too late")
    assert (wb.last_batch, wb.last_undoable) == (None, None)
    wb.steps.reopen(step.id)
    wb.templates.reorder(step.release_id, "deploy", [step.template_id])
    assert wb.last_batch is None


def test_a_preview_leaves_it_alone(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.steps.start(step.id)
    before = wb.last_batch
    wb.steps.preview("mark_done", [step.id])
    assert wb.last_batch == before is not None
    wb.undo(before)
    assert wb.steps.get(step.id).status is Status.PENDING


def test_a_thread_and_an_operator_see_their_own(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.steps.start(step.id)
    mine = wb.last_batch
    seen: list[int | None] = []

    def elsewhere() -> None:
        seen.append(wb.last_batch)
        wb.steps.mark_done(step.id)
        seen.append(wb.last_batch)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen[0] is None
    assert seen[1] > mine == wb.last_batch
    assert wb.acting_as("ben").last_batch is None
