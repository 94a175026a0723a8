"""A template leaves its release: what goes, what is skipped, what stays, and where it stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import NotAllowed
from relorch.model.values import Release
from tests.workbook.replay import replayed
from tests.workbook.test_propagation import Scene


@pytest.fixture
def scene(wb: Workbook, build: Any) -> Scene:
    return Scene(wb, build)


GO = {"pending", "held", "removed", "unrendered"}
SKIPPED = {"reopened", "overridden", "begun", "failed", "reverted", "held_failed", "removed_failed"}
STAY = {"done", "skipped"}


def test_preview_and_effect_of_retiring_agree_exactly(wb: Workbook, scene: Scene) -> None:
    before, revision = scene.steps(), wb.revision()
    preview = wb.templates.preview_delete(scene.template.id)
    assert (scene.steps(), wb.revision()) == (before, revision)
    assert wb.templates.delete(scene.template.id) == preview
    now = scene.steps()
    at = scene.step_of
    assert before.keys() - now.keys() == {at[kind] for kind in GO}
    assert now.keys() < before.keys()
    assert {now[at[kind]].status for kind in SKIPPED | {"skipped"}} == {"skipped"}
    assert scene.kinds(preview.updates) == (GO | SKIPPED) - {"overridden"}
    assert scene.kinds(preview.overridden) == {"overridden"}
    assert scene.kinds(preview.executed) == STAY
    assert {(note.step_id, note.status) for note in preview.updates} == {
        (at[kind], before[at[kind]].status) for kind in (GO | SKIPPED) - {"overridden"}
    }


def test_what_is_open_is_skipped_with_a_reason_and_an_event_each(wb: Workbook, scene: Scene) -> None:
    before = scene.steps()
    wb.acting_as("ben").templates.delete(scene.template.id)
    for kind in SKIPPED:
        old, step = before[scene.step_of[kind]], wb.steps.get(scene.step_of[kind])
        assert (step.status, step.skip_reason, step.executed_by) == ("skipped", "template retired", "ben")
        assert (step.content, step.executed_content, step.is_overridden) == (
            old.content,
            old.executed_content,
            old.is_overridden,
        )
        event = wb.history(step_id=step.id)[-1]
        assert (event.action, event.note, event.operator) == ("step.skip", "template retired", "ben")
    last = wb.history()[-1].batch_id
    actions = [event.action for event in wb.history(batch_id=last)]
    assert actions == ["template.retire", *["step.skip"] * len(SKIPPED)]


def test_what_was_done_stays_as_it_was(wb: Workbook, scene: Scene) -> None:
    before = scene.steps()
    wb.templates.delete(scene.template.id)
    ignored = {"order_index", "anchor_template_id", "anchor_side", "row_version", "updated_at"}
    for kind in STAY:
        step_id = scene.step_of[kind]
        assert wb.steps.get(step_id).model_dump(exclude=ignored) == before[step_id].model_dump(exclude=ignored)
        assert wb.steps.detail(step_id).template == wb.templates.get(scene.template.id)


def test_what_stays_keeps_its_place_and_everyones_order_is_dense(wb: Workbook, scene: Scene) -> None:
    wb.templates.delete(scene.template.id)
    assert [template.order_index for template in wb.templates.list(scene.release.id)] == [0, 1]
    for member in wb.releases.members(scene.release.id):
        steps = wb.steps.list(scene.release.id, member.customer_id)
        kind = wb.customers.get(member.customer_id).name
        assert [step.name for step in steps] == ["Back up", *(["Migrate"] if kind not in GO else []), "Restart"]
        assert [step.order_index for step in steps] == list(range(len(steps)))


def test_a_retired_template_cannot_be_changed_any_more(wb: Workbook, scene: Scene, refused: Any) -> None:
    wb.templates.delete(scene.template.id)
    for act in (
        lambda: wb.templates.update(scene.template.id, content="x"),
        lambda: wb.templates.preview_update(scene.template.id, content="x"),
        lambda: wb.templates.delete(scene.template.id),
        lambda: wb.templates.preview_delete(scene.template.id),
        lambda: wb.templates.move(scene.template.id, 0),
    ):
        with refused(NotAllowed, "Template 'Migrate' is retired"):
            act()


def test_new_members_do_not_get_a_retired_template(wb: Workbook, scene: Scene, build: Any) -> None:
    wb.templates.delete(scene.template.id)
    new = build.customer()
    wb.releases.add_customers(scene.release.id, [new.id])
    assert [step.name for step in wb.steps.list(scene.release.id, new.id)] == ["Back up", "Restart"]


def test_a_reopened_step_of_a_retired_template_is_worked_on_as_it_is(wb: Workbook, scene: Scene, refused: Any) -> None:
    wb.templates.delete(scene.template.id)
    done = scene.step_of["done"]
    wb.steps.reopen(done)
    with refused(NotAllowed, "its template is retired"):
        wb.steps.reset(done)
    assert wb.steps.override(done, "by hand").content == "by hand"
    assert wb.steps.mark_done(done).steps[0].executed_content == "by hand"


def test_a_required_step_may_be_skipped_once_its_template_is_retired(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(customers=2, name="Back up", required=True)
    done, failed = build.steps_of(release)
    wb.steps.mark_done(done.id)
    wb.steps.fail(failed.id, reason="x")
    with refused(NotAllowed, f"Step {failed.id} 'Back up' is required and cannot be skipped"):
        wb.steps.skip(failed.id, reason="no time")
    wb.templates.delete(wb.templates.list(release.id)[0].id)
    assert wb.steps.get(failed.id).status == "skipped"
    wb.steps.reopen(done.id)
    assert wb.steps.skip(done.id, reason="no time").steps[0].status == "skipped"


def test_required_can_be_given_up_and_taken_on(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step(required=True)
    wb.templates.update(step.template_id, required=False)
    assert wb.steps.skip(step.id, reason="no time").steps[0].status == "skipped"
    wb.steps.reopen(step.id)
    wb.templates.update(step.template_id, required=True)
    with refused(NotAllowed, "is required and cannot be skipped"):
        wb.steps.skip(step.id, reason="no time")
    own = wb.steps.add_custom(
        step.release_id, step.customer_id, name="own", category="deploy", type="text", content="x", after_id=step.id
    )
    assert wb.steps.skip(own.id, reason="no time").steps[0].status == "skipped"


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_deleting_in_a_draft_deletes_and_keeps_the_order_dense(wb: Workbook, build: Any, gone: int) -> None:
    draft = build.release()
    templates = [build.template(draft) for _ in range(3)]
    other = build.template(draft, category="verify")
    wb.templates.delete(templates[gone].id)
    left = [template for template in templates if template != templates[gone]]
    live = wb.templates.list(draft.id, retired=True)
    assert [template.id for template in live] == [*(template.id for template in left), other.id]
    assert [template.order_index for template in live] == [0, 1, 0]


def test_the_last_template_of_an_active_release_can_retire(wb: Workbook, build: Any) -> None:
    release = build.active(customers=2)
    done, _ = build.steps_of(release)
    wb.steps.mark_done(done.id)
    wb.templates.delete(wb.templates.list(release.id)[0].id)
    assert wb.templates.list(release.id) == []
    assert [step.id for step in build.steps_of(release)] == [done.id]
    added = build.template(release)
    assert [
        [step.template_id for step in wb.steps.list(release.id, member.customer_id)]
        for member in wb.releases.members(release.id)
    ] == [[added.id, done.template_id], [added.id]]


LONG = "echo " + "long " * 200


def retired(wb: Workbook, build: Any) -> tuple[Release, dict[int, dict[str, Any]]]:
    """A release of three customers whose first template retired, one had a text of its own; its steps of before."""
    release = build.active(customers=3, content=LONG)
    build.template(release, content="true")
    steps = {step.id: step for step in build.steps_of(release)}
    own, *_ = steps.values()
    wb.steps.override(own.id, "echo own")
    wb.releases.hold(release.id, [wb.releases.members(release.id)[2].customer_id], "later")
    before = shown(build, release)
    wb.templates.delete(own.template_id or 0)
    return release, before


def shown(build: Any, release: Release) -> dict[int, dict[str, Any]]:
    silent = {"row_version", "updated_at"}
    return {step.id: step.model_dump(exclude=silent) for step in build.steps_of(release)}


def test_a_retirement_tells_what_its_steps_have_in_common_once(wb: Workbook, build: Any) -> None:
    release, before = retired(wb, build)
    batch = wb.history(newest=1)[0].batch_id
    after = shown(build, release)
    for _ in range(3):
        lists_rows = [event for event in wb.history(batch_id=batch) if "rows" in (event.after or {})]
        assert json.dumps([event.after for event in lists_rows]).count(LONG) <= 1
        assert all(len(entry["ids"]) == 1 for event in lists_rows for entry in (event.after or {})["rows"])
        batch = wb.undo(batch).batch_id or 0
        assert shown(build, release) in (before, after)
    assert shown(build, release) == before
    told = replayed(wb.history(release_id=release.id)).steps
    assert {each: row["content"] for each, row in told.items()} == {
        each: row["content"] for each, row in before.items()
    }


def test_a_retirement_that_was_recorded_row_by_row_is_taken_back_too(
    wb: Workbook, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr("relorch.workbook.templates.folded", list)
        release, before = retired(wb, build)
    batch = next(event for event in wb.history() if event.action == "template.retire").batch_id
    assert json.dumps([event.after for event in wb.history(batch_id=batch)]).count(LONG) == 2
    wb.undo(batch)
    assert shown(build, release) == before
    assert wb.first_broken_event() is None
