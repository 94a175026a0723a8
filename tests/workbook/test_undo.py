"""Taking actions back: there, back, there again; and what cannot be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from relorch import Workbook
from relorch.errors import Conflict, NotAllowed, NotFound
from relorch.model.values import CustomerStep, Release
from relorch.store.tables import customer_steps, metadata
from tests.workbook.replay import replayed

SILENT = ("row_version", "updated_at")


@pytest.fixture
def said(stored: Callable[[], Any]) -> Callable[[], Any]:
    """Give all that is stored but the events, and what only grows."""
    kept = {
        name: [at for at, column in enumerate(table.c) if column.name not in SILENT]
        for name, table in metadata.tables.items()
        if name != "events"
    }

    def dump() -> Any:
        return {name: [tuple(row[at] for at in kept[name]) for row in stored()[name]] for name in kept}

    return dump


@pytest.fixture
def release(wb: Workbook, build: Any) -> Release:
    """Two customers with three steps; those of the first: pending, done, pending and overridden, a custom one."""
    release = build.active(customers=2, steps=3)
    pending, done, own, *_ = build.steps_of(release)
    wb.steps.mark_done(done.id, notes="by hand")
    wb.steps.override(own.id, "echo own")
    wb.steps.add_custom(
        release.id, pending.customer_id, name="extra", category="deploy", type="bash", content="true", after_id=done.id
    )
    return release


def mine(wb: Workbook, release: Release) -> list[CustomerStep]:
    """The first customer's steps: pending, done, custom, overridden."""
    return wb.steps.list(release.id, wb.releases.members(release.id)[0].customer_id)


def templates(wb: Workbook, release: Release) -> list[int]:
    return [template.id for template in wb.templates.list(release.id)]


def add_step(wb: Workbook, release: Release, *, shared: bool = False, **where: int) -> CustomerStep:
    customer = wb.releases.members(release.id)[0].customer_id
    fields = {"name": "more", "category": "deploy", "type": "bash", "content": "echo more"}
    return wb.steps.add_custom(release.id, customer, **fields, add_to_template=shared, **where)


def newest(wb: Workbook) -> int:
    return wb.history(newest=1)[0].batch_id


ACTIONS: dict[str, Callable[[Workbook, Release], object]] = {
    "start": lambda wb, release: wb.steps.start(mine(wb, release)[0].id, notes="mine"),
    "mark_done": lambda wb, release: wb.steps.mark_done(mine(wb, release)[0].id),
    "fail": lambda wb, release: wb.steps.fail(mine(wb, release)[1].id, reason="no"),
    "skip": lambda wb, release: wb.steps.skip(mine(wb, release)[0].id, reason="no"),
    "revert": lambda wb, release: wb.steps.revert(mine(wb, release)[1].id, reason="no"),
    "reopen": lambda wb, release: wb.steps.reopen(mine(wb, release)[1].id, reason="no"),
    "reopen with the template's text": lambda wb, release: wb.steps.reopen(mine(wb, release)[1].id, take_template=True),
    "many": lambda wb, release: wb.steps.mark_done([step.id for step in mine(wb, release)]),
    "override": lambda wb, release: wb.steps.override(mine(wb, release)[0].id, "echo mine"),
    "reset": lambda wb, release: wb.steps.reset(mine(wb, release)[3].id),
    "custom step at the end": lambda wb, release: add_step(wb, release),
    "custom step after another": lambda wb, release: add_step(wb, release, after_id=mine(wb, release)[2].id),
    "custom step before a template's": lambda wb, release: add_step(wb, release, before_id=mine(wb, release)[0].id),
    "custom step for all": lambda wb, release: add_step(wb, release, shared=True, before_id=mine(wb, release)[1].id),
    "custom step changed": lambda wb, release: wb.steps.update(mine(wb, release)[2].id, content="echo", name="other"),
    "custom step deleted": lambda wb, release: wb.steps.delete(mine(wb, release)[2].id),
    "template added": lambda wb, release: wb.templates.add(
        release.id, name="new", category="deploy", type="text", content="look", position=1, required=True
    ),
    "template changed": lambda wb, release: wb.templates.update(
        templates(wb, release)[0], name="other", type="text", content="look", description="why", required=True
    ),
    "template moved": lambda wb, release: wb.templates.move(templates(wb, release)[0], 2),
    "templates reordered": lambda wb, release: wb.templates.reorder(release.id, "deploy", templates(wb, release)[::-1]),
    "first template retired": lambda wb, release: wb.templates.delete(templates(wb, release)[0]),
    "template with a done and a custom step retired": lambda wb, release: wb.templates.delete(
        templates(wb, release)[1]
    ),
    "template with an overridden step retired": lambda wb, release: wb.templates.delete(templates(wb, release)[2]),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_there_and_back_and_there_again_and_back(
    action: str, wb: Workbook, release: Release, said: Callable[[], Any]
) -> None:
    before = said()
    ACTIONS[action](wb, release)
    after, batch = said(), newest(wb)
    assert after != before
    back = wb.undo(batch)
    assert (back.undone, back.left, back.batch_id) == (batch, (), newest(wb))
    assert said() == before
    assert back.batch_id is not None
    again = wb.acting_as("ben").undo(back.batch_id)
    assert said() == after
    assert again.batch_id is not None
    wb.undo(again.batch_id)
    assert said() == before
    assert wb.first_broken_event() is None


@pytest.mark.parametrize("action", ACTIONS)
def test_history_tells_it_all(action: str, wb: Workbook, release: Release) -> None:
    ACTIONS[action](wb, release)
    for _ in range(3):
        steps = {
            step.id: step
            for member in wb.releases.members(release.id)
            for step in wb.steps.list(release.id, member.customer_id)
        }
        told = replayed(wb.history(release_id=release.id)).steps
        names = (
            "status",
            "content",
            "name",
            "is_overridden",
            "executed_content",
            "executed_by",
            "notes",
            "skip_reason",
        )
        assert {each: {name: row[name] for name in names} for each, row in told.items()} == {
            each: {name: getattr(step, name) for name in names} for each, step in steps.items()
        }
        wb.undo(newest(wb))


DRAFT_ACTIONS: dict[str, Callable[[Workbook, int, list[int]], object]] = {
    "add": lambda wb, release, ids: wb.templates.add(
        release, name="new", category="deploy", type="text", content="look", position=0
    ),
    "update": lambda wb, release, ids: wb.templates.update(ids[0], content="echo two"),
    "move": lambda wb, release, ids: wb.templates.move(ids[0], 1),
    "reorder": lambda wb, release, ids: wb.templates.reorder(release, "deploy", ids[::-1]),
    "delete": lambda wb, release, ids: wb.templates.delete(ids[1]),
}


@pytest.mark.parametrize("action", DRAFT_ACTIONS)
def test_a_draft_can_be_taken_back_too(action: str, wb: Workbook, build: Any, said: Callable[[], Any]) -> None:
    draft = build.release()
    ids = [build.template(draft).id for _ in range(3)]
    before = said()
    DRAFT_ACTIONS[action](wb, draft.id, ids)
    after = said()
    wb.undo()
    assert said() == before
    wb.undo(newest(wb))
    assert said() == after


def test_versions_only_grow(wb: Workbook, build: Any) -> None:
    step = build.step()
    versions = [step.row_version]
    wb.steps.mark_done(step.id)
    versions.append(wb.steps.get(step.id).row_version)
    wb.undo()
    versions.append(wb.steps.get(step.id).row_version)
    assert versions == sorted(set(versions))


def test_a_deleted_step_comes_back_beyond_every_version_it_had(wb: Workbook, release: Release) -> None:
    custom = mine(wb, release)[2]
    wb.steps.delete(custom.id)
    wb.undo()
    assert wb.steps.get(custom.id).row_version > custom.row_version


def test_sixty_at_once_are_one_undo(wb: Workbook, build: Any, said: Callable[[], Any]) -> None:
    release = build.active(customers=20, steps=3)
    ids = [step.id for step in build.steps_of(release)]
    before = said()
    outcome = wb.steps.mark_done(ids, notes="night run")
    undone = wb.undo()
    assert len(ids) == 60
    assert (undone.undone, sorted(undone.step_ids)) == (outcome.batch_id, ids)
    assert said() == before
    events = wb.history(batch_id=undone.batch_id)
    assert {(event.action, event.note) for event in events} == {("undo", "undo of step.mark_done")}
    assert sorted(event.step_id or 0 for event in events) == ids


FOR_MANY: dict[str, Callable[[Workbook, Release], object]] = {
    "done": lambda wb, release: wb.steps.mark_done([step.id for step in every_step(wb, release)]),
    "begun again": lambda wb, release: (
        wb.steps.start([step.id for step in every_step(wb, release)]),
        wb.steps.skip([step.id for step in every_step(wb, release)], reason="no"),
    ),
    "template added": lambda wb, release: add_step(wb, release, shared=True, before_id=mine(wb, release)[0].id),
    "template changed": lambda wb, release: wb.templates.update(templates(wb, release)[0], content="echo two"),
    "template retired": lambda wb, release: wb.templates.delete(templates(wb, release)[0]),
    "retired, undone": lambda wb, release: (wb.templates.delete(templates(wb, release)[0]), wb.undo()),
}


def every_step(wb: Workbook, release: Release) -> list[CustomerStep]:
    members = wb.releases.members(release.id)
    return [step for member in members for step in wb.steps.list(release.id, member.customer_id)]


@pytest.mark.parametrize("action", FOR_MANY)
def test_an_undo_takes_a_few_statements_however_many_steps_it_takes_back(action: str, wb: Workbook, build: Any) -> None:
    taken = []
    for customers in (2, 30):
        release = build.active(customers=customers)
        FOR_MANY[action](wb, release)
        statements: list[str] = []
        note = lambda *args, said=statements: said.append(args[2])  # noqa: E731
        event.listen(wb._core.store._write, "before_cursor_execute", note)
        wb.undo(newest(wb))
        event.remove(wb._core.store._write, "before_cursor_execute", note)
        taken.append(len(statements))
    assert taken[1] <= taken[0] + 3
    assert wb.first_broken_event() is None


def test_without_an_id_ones_own_last_batches_go_one_by_one(wb: Workbook, build: Any) -> None:
    first, second, third = build.steps_of(build.active(steps=3))
    ben = wb.acting_as("ben")
    batches = [wb.steps.start(first.id).batch_id, wb.steps.mark_done(second.id).batch_id]
    theirs = ben.steps.skip(third.id, reason="not here").batch_id
    assert [wb.undo().undone, wb.undo().undone] == batches[::-1]
    assert wb.steps.get(third.id).status == "skipped"
    assert ben.undo().undone == theirs
    with pytest.raises(NotAllowed, match="nothing left that ben could undo"):
        ben.undo()


def test_what_was_done_again_is_ones_last_again(wb: Workbook, build: Any) -> None:
    step = build.step()
    batch = wb.steps.mark_done(step.id).batch_id
    back = wb.undo().batch_id
    wb.undo(back)
    assert wb.steps.get(step.id).status == "done"
    assert wb.undo().undone == batch


def test_without_an_id_archived_releases_are_passed_over(wb: Workbook, build: Any) -> None:
    first, other = build.step(), build.step()
    batch = wb.steps.mark_done(first.id).batch_id
    wb.steps.mark_done(other.id)
    wb.releases.archive(other.release_id)
    assert wb.undo().undone == batch
    assert wb.steps.get(other.id).status == "done"


def test_an_unknown_batch(wb: Workbook, build: Any, refused: Any) -> None:
    build.step()
    with refused(NotFound, "batch_id 999"):
        wb.undo(999)


def test_an_event_inside_a_batch_is_no_batch(wb: Workbook, build: Any, refused: Any) -> None:
    batch = wb.steps.mark_done([step.id for step in build.steps_of(build.active(steps=2))]).batch_id
    with refused(NotFound, f"batch_id {batch + 1}"):
        wb.undo(batch + 1)


def test_already_undone_names_who_and_when(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    batch = wb.steps.mark_done(step.id).batch_id
    event = wb.history(batch_id=wb.acting_as("ben").undo(batch).batch_id)[0]
    with refused(NotAllowed, f"Batch {batch} was undone already by ben", f"{event.at:%Y-%m-%d %H:%M}"):
        wb.undo(batch)


@pytest.mark.parametrize("skip_touched", [False, True])
def test_overtaken_by_a_later_verb(wb: Workbook, build: Any, refused: Any, skip_touched: bool) -> None:
    step = build.step()
    batch = wb.steps.start(step.id).batch_id
    wb.acting_as("ben").steps.mark_done(step.id)
    whose = wb.customers.get(step.customer_id).name
    with refused(Conflict, f"Step {step.id} '{step.name}' of {whose} cannot be put back", "nothing was changed"):
        wb.undo(batch, skip_touched=skip_touched)


def test_one_overtaken_step_keeps_all_and_can_be_left(wb: Workbook, build: Any, refused: Any) -> None:
    ids = [step.id for step in build.steps_of(build.active(steps=5))]
    batch = wb.steps.mark_done(ids).batch_id
    wb.acting_as("ben").steps.revert(ids[2])
    with refused(Conflict, f"Step {ids[2]}"):
        wb.undo(batch)
    undone = wb.undo(batch, skip_touched=True)
    assert [(left.table, left.id) for left in undone.left] == [("customer_steps", ids[2])]
    assert sorted(undone.step_ids) == [each for each in ids if each != ids[2]]
    assert [wb.steps.get(each).status for each in ids] == ["pending", "pending", "reverted", "pending", "pending"]


def test_a_step_done_since_the_template_changed_is_left(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(customers=3, content="echo one")
    steps = build.steps_of(release)
    batch = wb.templates.update(steps[0].template_id, content="echo two").batch_id
    wb.steps.mark_done(steps[1].id)
    with refused(Conflict, f"Step {steps[1].id}"):
        wb.undo(batch)
    undone = wb.undo(batch, skip_touched=True)
    assert [left.id for left in undone.left] == [steps[1].id]
    assert [step.content for step in build.steps_of(release)] == ["echo one", "echo two", "echo one"]
    assert wb.templates.get(steps[0].template_id).content == "echo one"


def test_a_template_whose_step_was_done_cannot_be_unmade(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(customers=2)
    template = build.template(release)
    batch = newest(wb)
    step = build.steps_of(release)[-1]
    wb.steps.mark_done(step.id)
    with refused(Conflict, f"Step {step.id}"):
        wb.undo(batch)
    # the template has to stay, so no member may lose its step of it
    with refused(Conflict, f"Template {template.id}"):
        wb.undo(batch, skip_touched=True)


def test_an_order_that_was_changed_since(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=3)
    first, second, third = templates(wb, release)
    wb.templates.reorder(release.id, "deploy", [third, second, first])
    batch = newest(wb)
    wb.acting_as("ben").templates.move(first, 0)
    with refused(Conflict, "the order was changed"):
        wb.undo(batch)


def test_a_row_that_is_gone(wb: Workbook, release: Release, refused: Any) -> None:
    custom = mine(wb, release)[2]
    wb.steps.update(custom.id, content="echo other")
    batch = newest(wb)
    wb.acting_as("ben").steps.delete(custom.id)
    with refused(Conflict, f"Step {custom.id}", "gone"):
        wb.undo(batch)


def test_an_added_step_that_is_gone(wb: Workbook, release: Release, refused: Any) -> None:
    custom = add_step(wb, release)
    batch = newest(wb)
    wb.acting_as("ben").steps.delete(custom.id)
    with refused(Conflict, f"Step {custom.id}", "gone"):
        wb.undo(batch)


def test_what_nobody_did_through_a_verb_counts_as_touched(wb: Workbook, build: Any, set_row: Any, refused: Any) -> None:
    step = build.step()
    batch = wb.steps.mark_done(step.id).batch_id
    set_row(customer_steps, step.id, notes="by another way")
    with refused(Conflict, f"Step {step.id}"):
        wb.undo(batch)


NOT_UNDOABLE: dict[str, Callable[[Workbook, CustomerStep], object]] = {
    "release.activate": lambda wb, step: None,
    "release.hold": lambda wb, step: wb.releases.hold(step.release_id, [step.customer_id], "later"),
    "release.remove": lambda wb, step: wb.releases.remove(step.release_id, [step.customer_id], "gone"),
    "release.archive": lambda wb, step: wb.releases.archive(step.release_id),
    "release.update": lambda wb, step: wb.releases.update(step.release_id, description="why"),
    "customer.update": lambda wb, step: wb.customers.update(step.customer_id, description="why"),
}


@pytest.mark.parametrize("action", NOT_UNDOABLE)
def test_not_undoable(action: str, wb: Workbook, build: Any, refused: Any) -> None:
    NOT_UNDOABLE[action](wb, build.step())
    batch = wb.history(newest=1)[0]
    assert batch.action == action
    with refused(NotAllowed, action, "cannot be undone"):
        wb.undo(batch.batch_id)


def test_adding_customers_is_not_undoable(wb: Workbook, build: Any, refused: Any) -> None:
    wb.releases.add_customers(build.active().id, [build.customer().id])
    with refused(NotAllowed, "release.add_customers"):
        wb.undo(newest(wb))


def test_nothing_in_an_archived_release(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    batch = wb.steps.mark_done(step.id).batch_id
    wb.releases.archive(step.release_id)
    for skip_touched in (False, True):
        with refused(NotAllowed, f"Batch {batch}", "archived"):
            wb.undo(batch, skip_touched=skip_touched)
    wb.releases.reopen(step.release_id)
    wb.undo(batch)
    assert wb.steps.get(step.id).status == "pending"


@pytest.mark.parametrize(("verb", "state"), [("hold", "held"), ("remove", "removed")])
def test_nothing_of_a_member_that_is_away(wb: Workbook, build: Any, refused: Any, verb: str, state: str) -> None:
    first, second = build.steps_of(build.active(customers=2))
    batch = wb.steps.mark_done([first.id, second.id]).batch_id
    getattr(wb.releases, verb)(first.release_id, [first.customer_id], "away")
    with refused(Conflict, f"Step {first.id}", state):
        wb.undo(batch)
    undone = wb.undo(batch, skip_touched=True)
    assert ([left.id for left in undone.left], undone.step_ids) == ([first.id], (second.id,))


@pytest.mark.parametrize("verb", ["hold", "remove"])
@pytest.mark.parametrize("action", ["custom step at the end", "custom step changed", "custom step deleted", "override"])
def test_no_step_of_a_member_that_is_away(wb: Workbook, release: Release, refused: Any, action: str, verb: str) -> None:
    customer = mine(wb, release)[0].customer_id
    ACTIONS[action](wb, release)
    batch = newest(wb)
    getattr(wb.releases, verb)(release.id, [customer], "away")
    with refused(Conflict):
        wb.undo(batch)


def test_a_customer_added_since_a_template_retired_is_not_forgotten(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=2)
    wb.templates.delete(templates(wb, release)[0])
    batch = newest(wb)
    wb.releases.add_customers(release.id, [build.customer().id])
    with refused(Conflict):
        wb.undo(batch)


def test_a_template_deleted_from_the_draft_does_not_come_back_without_steps(
    wb: Workbook, build: Any, refused: Any
) -> None:
    draft = build.release()
    ids = [build.template(draft).id for _ in range(2)]
    wb.templates.delete(ids[0])
    batch = newest(wb)
    wb.releases.activate(draft.id, customer_ids=[build.customer().id])
    with refused(Conflict):
        wb.undo(batch)


def test_a_customer_added_since_a_template_changed_does_not_keep_the_undone_text(
    wb: Workbook, build: Any, refused: Any
) -> None:
    release = build.active(content="echo one")
    batch = wb.templates.update(templates(wb, release)[0], content="echo two").batch_id
    wb.releases.add_customers(release.id, [build.customer().id])
    with refused(Conflict):
        wb.undo(batch)


def test_a_removed_member_who_kept_the_old_text_does_not_keep_an_undo_from_being_undone(
    wb: Workbook, build: Any
) -> None:
    release = build.active(customers=2, content="old")
    gone, there = (member.customer_id for member in wb.releases.members(release.id))
    wb.releases.remove(release.id, [gone], "left us")
    (template,) = wb.templates.list(release.id)
    wb.templates.update(template.id, content="new")
    undone = wb.undo()
    wb.undo(undone.batch_id)
    assert [step.content for step in wb.steps.list(release.id, there)] == ["new"]


def test_what_was_deleted_and_is_back_already_does_not_come_back_twice(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active()
    (step,) = build.steps_of(release)
    extra = wb.steps.add_custom(
        release.id, step.customer_id, name="Look", category="deploy", type="text", content="look"
    )
    wb.steps.delete(extra.id)
    deletion = newest(wb)
    back = wb.undo(deletion)
    gone_again = wb.undo(back.batch_id)
    wb.undo(deletion)
    with refused(Conflict):
        wb.undo(gone_again.batch_id)


def custom(wb: Workbook, release: Release, customer: int, name: str, after: int) -> int:
    step = wb.steps.add_custom(
        release.id, customer, name=name, category="deploy", type="text", content="look", after_id=after
    )
    return step.id


def names(wb: Workbook, release: Release, customer: int) -> list[str]:
    return [step.name for step in wb.steps.list(release.id, customer)]


@pytest.fixture
def three(wb: Workbook, build: Any) -> tuple[Release, int, list[int]]:
    """A release of one customer with a step T, and the custom steps a, b, c behind it."""
    release = build.active(name="T")
    (step,) = build.steps_of(release)
    ids = [step.id]
    for name in "abc":
        ids.append(custom(wb, release, step.customer_id, name, ids[-1]))
    return release, step.customer_id, ids[1:]


def test_a_deleted_custom_step_comes_back_between_the_same_steps(
    wb: Workbook, build: Any, three: tuple[Release, int, list[int]]
) -> None:
    release, customer, (_, b, _) = three
    wb.steps.delete(b)
    deletion = newest(wb)
    build.template(release, name="first", position=0)
    wb.undo(deletion)
    assert names(wb, release, customer) == ["first", "T", "a", "b", "c"]


def test_a_deleted_custom_step_comes_back_in_front_of_an_older_one(wb: Workbook, build: Any) -> None:
    release = build.active(name="T")
    (step,) = build.steps_of(release)
    custom(wb, release, step.customer_id, "older", step.id)
    wb.steps.delete(custom(wb, release, step.customer_id, "younger", step.id))
    wb.undo(newest(wb))
    assert names(wb, release, step.customer_id) == ["T", "younger", "older"]


def test_a_deleted_custom_step_does_not_come_back_among_others(
    wb: Workbook, three: tuple[Release, int, list[int]], refused: Any
) -> None:
    release, customer, (a, b, _) = three
    wb.steps.delete(b)
    earlier = newest(wb)
    wb.steps.delete(a)
    with refused(Conflict, "the custom steps around it are others now"):
        wb.undo(earlier)
    wb.undo(newest(wb))
    wb.undo(earlier)
    assert names(wb, release, customer) == ["T", "a", "b", "c"]


def test_a_younger_neighbour_keeps_nobody_from_coming_back(wb: Workbook, three: tuple[Release, int, list[int]]) -> None:
    release, customer, (a, b, _) = three
    wb.steps.delete(b)
    deletion = newest(wb)
    custom(wb, release, customer, "young", a)
    wb.undo(deletion)
    assert [name for name in names(wb, release, customer) if name != "young"] == ["T", "a", "b", "c"]


def test_an_undo_that_can_take_nothing_back_is_none(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(content="one")
    (step,) = build.steps_of(release)
    extra = custom(wb, release, step.customer_id, "Look", step.id)
    added = newest(wb)
    wb.steps.update(extra, content="look twice")
    edited = newest(wb)
    with refused(Conflict):
        wb.undo(added, skip_touched=True)
    wb.undo(edited)
    wb.undo(added)
    assert names(wb, release, step.customer_id) == [step.name]


def test_a_template_that_was_touched_keeps_its_steps_from_another_text(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(content="one")
    (template,) = wb.templates.list(release.id)
    batch = wb.templates.update(template.id, content="two").batch_id
    wb.acting_as("ben").templates.update(template.id, required=True)
    with refused(Conflict, "undo the later change first."):
        wb.undo(batch, skip_touched=True)
    with pytest.raises(Conflict) as caught:
        wb.undo(batch)
    assert caught.value.who == "ben"
    assert [step.content for step in build.steps_of(release)] == ["two"]


def test_who_joined_with_the_new_text_is_told_the_way_out(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(content="one")
    (template,) = wb.templates.list(release.id)
    batch = wb.templates.update(template.id, content="two").batch_id
    wb.releases.add_customers(release.id, [build.customer().id])
    for skip in (False, True):
        with refused(Conflict, "Give the template its old text by an update instead"):
            wb.undo(batch, skip_touched=skip)


def test_a_step_does_not_come_back_in_progress_on_the_cluster_its_customer_left(
    wb: Workbook, build: Any, refused: Any
) -> None:
    release = build.active(content="kubectl --context ${{ cluster.name }}")
    (step,) = build.steps_of(release)
    wb.steps.start(step.id)
    wb.steps.skip(step.id, reason="moves")
    skipped = newest(wb)
    wb.customers.update(step.customer_id, cluster_id=build.cluster().id)
    with refused(Conflict, "in progress with a text that is no longer its own"):
        wb.undo(skipped)
