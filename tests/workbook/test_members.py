"""Who takes part, and how: held, removed, back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.model.values import CustomerStep


def state_of(wb: Workbook, release_id: int, customer_id: int) -> tuple[str, str | None]:
    (member,) = [each for each in wb.releases.members(release_id) if each.customer_id == customer_id]
    return member.state, member.reason


def every_verb(wb: Workbook, step: CustomerStep) -> dict[str, Callable[[], Any]]:
    """Everything that changes a step, or makes one beside it."""
    fields: dict[str, Any] = {"name": "x", "category": "deploy", "type": "text", "content": "x"}
    return {
        "start": lambda: wb.steps.start(step.id),
        "mark_done": lambda: wb.steps.mark_done(step.id),
        "fail": lambda: wb.steps.fail(step.id, reason="x"),
        "skip": lambda: wb.steps.skip(step.id, reason="x"),
        "revert": lambda: wb.steps.revert(step.id),
        "reopen": lambda: wb.steps.reopen(step.id),
        "reopen, take_template": lambda: wb.steps.reopen(step.id, take_template=True),
        "override": lambda: wb.steps.override(step.id, "x"),
        "reset": lambda: wb.steps.reset(step.id),
        "update": lambda: wb.steps.update(step.id, content="x"),
        "delete": lambda: wb.steps.delete(step.id),
        "add_custom": lambda: wb.steps.add_custom(step.release_id, step.customer_id, **fields, after_id=step.id),
        "add_to_template": lambda: wb.steps.add_custom(
            step.release_id, step.customer_id, **fields, add_to_template=True
        ),
    }


def test_a_member_is_held_resumed_and_removed_with_the_reason_on_record(wb: Workbook, build: Any) -> None:
    release = build.active(customers=2)
    one, other = (member.customer_id for member in wb.releases.members(release.id))
    (held,) = wb.acting_as("ben").releases.hold(release.id, [one, one], " change freeze\r\n")
    assert (held.state, held.reason) == state_of(wb, release.id, one) == ("held", " change freeze")
    (resumed,) = wb.releases.resume(release.id, [one])
    assert (resumed.state, resumed.reason, resumed.row_version) == ("active", None, 3)
    gone = wb.releases.remove(release.id, [other, one], "left us")
    assert [(member.customer_id, member.state, member.reason) for member in gone] == [
        (other, "removed", "left us"),
        (one, "removed", "left us"),
    ]
    story = [(event.action, event.operator, event.note) for event in wb.history(customer_id=one)]
    assert story[1:] == [
        ("release.hold", "ben", " change freeze"),
        ("release.resume", "ana", None),
        ("release.remove", "ana", "left us"),
    ]


def test_a_held_member_can_be_removed(wb: Workbook, build: Any) -> None:
    release = build.active()
    (member,) = wb.releases.members(release.id)
    wb.releases.hold(release.id, [member.customer_id], "change freeze")
    wb.releases.remove(release.id, [member.customer_id], "left us")
    assert state_of(wb, release.id, member.customer_id) == ("removed", "left us")


@pytest.mark.parametrize(
    ("way", "verb", "state"),
    [
        ((), "resume", "active"),
        (("hold",), "hold", "held"),
        (("remove",), "hold", "removed"),
        (("remove",), "resume", "removed"),
        (("remove",), "remove", "removed"),
    ],
)
def test_the_wrong_state_is_named_and_nobody_of_the_list_changes(
    wb: Workbook, build: Any, refused: Any, way: tuple[str, ...], verb: str, state: str
) -> None:
    release = build.active(customers=2)
    wrong, right = (member.customer_id for member in wb.releases.members(release.id))
    for step in way:
        getattr(wb.releases, step)(release.id, [wrong], "x")
    if verb == "resume":
        wb.releases.hold(release.id, [right], "x")
    words = [] if verb == "resume" else ["x"]
    with refused(NotAllowed, f"customer_ids {wrong} '", f"' ({state}): cannot be", f"release '{release.name}'"):
        getattr(wb.releases, verb)(release.id, [right, wrong], *words)


@pytest.mark.parametrize("verb", ["hold", "resume", "remove"])
def test_who_is_no_member_is_named(wb: Workbook, build: Any, refused: Any, verb: str) -> None:
    release, stranger = build.active(), build.customer()
    words = [] if verb == "resume" else ["x"]
    with refused(NotAllowed, f"{stranger.id} '{stranger.name}' (no member)", "99 (no member)"):
        getattr(wb.releases, verb)(release.id, [stranger.id, 99], *words)
    with refused(NotFound, "release_id 99: there is no such release"):
        getattr(wb.releases, verb)(99, [stranger.id], *words)
    with refused(InvalidValue, "customer_ids", "must name at least one customer"):
        getattr(wb.releases, verb)(release.id, [], *words)
    with refused(InvalidValue, "customer_ids", "choose customers by a list of ids"):
        getattr(wb.releases, verb)(release.id, None, *words)


@pytest.mark.parametrize("verb", ["hold", "remove"])
@pytest.mark.parametrize("reason", [None, "", " \n", "a\x00", "x" * 4_001, 7])
def test_whoever_is_held_or_removed_is_told_why(wb: Workbook, build: Any, refused: Any, verb: str, reason: Any) -> None:
    release = build.active()
    (member,) = wb.releases.members(release.id)
    with refused(InvalidValue, "reason"):
        getattr(wb.releases, verb)(release.id, [member.customer_id], reason)


@pytest.mark.parametrize("verb", ["hold", "resume", "remove"])
def test_only_an_active_release_changes_who_takes_part(wb: Workbook, build: Any, refused: Any, verb: str) -> None:
    draft, archived = build.release(), build.active()
    (member,) = wb.releases.members(archived.id)
    wb.releases.archive(archived.id)
    words = [] if verb == "resume" else ["x"]
    for release, status in ((draft, "draft"), (archived, "archived")):
        with refused(NotAllowed, f"Release '{release.name}' is {status}; only a release that is active"):
            getattr(wb.releases, verb)(release.id, [member.customer_id], *words)


@pytest.mark.parametrize("verb", ["hold", "remove"])
@pytest.mark.parametrize("status", ["pending", "in_progress", "done", "failed"])
def test_the_steps_of_who_is_held_or_removed_can_only_be_looked_at(
    wb: Workbook, build: Any, refused: Any, verb: str, status: str
) -> None:
    release = build.active(name="Migrate", content="psql -n ${{ namespace }}")
    (step,) = build.steps_of(release)
    ways: dict[str, Callable[[], Any]] = {
        "in_progress": lambda: wb.steps.start(step.id),
        "done": lambda: wb.steps.mark_done(step.id),
        "failed": lambda: wb.steps.fail(step.id, reason="x"),
    }
    if status != "pending":
        ways[status]()
    told = len(wb.history(step_id=step.id))
    (member,) = getattr(wb.releases, verb)(release.id, [step.customer_id], "change freeze")
    for act in every_verb(wb, step).values():
        with refused(NotAllowed, f"is {member.state} in"):
            act()
    namespace = wb.customers.get(step.customer_id).namespace
    assert wb.steps.render(step.id).text == f"psql -n {namespace}"
    assert (wb.steps.detail(step.id).member_state, wb.steps.detail(step.id).step.status) == (member.state, status)
    assert len(wb.history(step_id=step.id)) == told
    assert [each.id for each in wb.steps.list(release.id, step.customer_id)] == [step.id]


@pytest.mark.parametrize(("verb", "state"), [("hold", "held"), ("remove", "removed")])
def test_custom_steps_of_who_is_held_or_removed_can_only_be_looked_at(
    wb: Workbook, build: Any, refused: Any, verb: str, state: str
) -> None:
    (step,) = build.steps_of(build.active())
    own = wb.steps.add_custom(
        step.release_id, step.customer_id, name="own", category="deploy", type="text", content="look"
    )
    getattr(wb.releases, verb)(step.release_id, [step.customer_id], "change freeze")
    for act in every_verb(wb, own).values():
        with refused(NotAllowed, f"is {state} in"):
            act()
    assert wb.steps.detail(own.id).text == "look"


def test_held_members_are_counted_apart_and_removed_ones_not_at_all(wb: Workbook, build: Any) -> None:
    release = build.active(customers=3, steps=4)
    active, held, gone = (member.customer_id for member in wb.releases.members(release.id))
    for customer in (active, held, gone):
        wb.steps.mark_done(wb.steps.list(release.id, customer)[0].id)
    wb.releases.hold(release.id, [held], "change freeze")
    wb.releases.remove(release.id, [gone], "left us")
    progress = wb.progress(release.id)
    assert (progress.total, progress.held, progress.counts["done"], progress.percentage) == (4, 4, 1, 25)
    assert [(each.key, each.total, each.held) for each in wb.progress(release.id, by="customer")] == [
        (active, 4, 0),
        (held, 0, 4),
    ]
    wb.releases.resume(release.id, [held])
    assert (wb.progress(release.id).total, wb.progress(release.id).held) == (8, 0)


def test_who_comes_back_keeps_its_steps_and_gets_what_it_missed(wb: Workbook, build: Any) -> None:
    release = build.release()
    names = ("pending", "overridden", "done", "begun", "failed", "goes")
    templates = {name: build.template(release, name=name, content=f"{name} 1") for name in names}
    customer, stays = build.customer(), build.customer()
    wb.releases.activate(release.id, customer_ids=[customer.id, stays.id])
    had = {step.name: step for step in wb.steps.list(release.id, customer.id)}
    wb.steps.override(had["overridden"].id, "by hand")
    wb.steps.mark_done(had["done"].id)
    wb.steps.start(had["begun"].id)
    wb.steps.fail(had["failed"].id, reason="disk full")
    own = wb.steps.add_custom(
        release.id, customer.id, name="own", category="deploy", type="text", content="x", after_id=had["pending"].id
    )
    wb.releases.remove(release.id, [customer.id], "left us")
    kept = {step.id: step for step in wb.steps.list(release.id, customer.id)}
    for name in ("pending", "overridden", "done", "begun", "failed"):
        wb.templates.update(templates[name].id, content=f"{name} 2", type="text")
    assert {step.id: step for step in wb.steps.list(release.id, customer.id)} == kept
    wb.templates.delete(templates["goes"].id)
    build.template(release, name="missed", content="missed 1", position=1)
    missed_verify = build.template(release, name="missed too", category="verify")
    assert missed_verify.id not in {step.template_id for step in wb.steps.list(release.id, customer.id)}
    assert wb.releases.add_customers(release.id, [customer.id]) == ()
    assert state_of(wb, release.id, customer.id) == ("active", None)
    now = wb.steps.list(release.id, customer.id)
    assert [(step.name, step.content, step.type, step.status) for step in now] == [
        ("pending", "pending 2", "text", "pending"),
        ("own", "x", "text", "pending"),
        ("missed", "missed 1", "bash", "pending"),
        ("overridden", "by hand", "bash", "pending"),
        ("done", "done 1", "bash", "done"),
        ("begun", "begun 1", "bash", "in_progress"),
        ("failed", "failed 1", "bash", "failed"),
        ("missed too", "true", "bash", "pending"),
    ]
    assert [step.order_index for step in now] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert [step.template_revision for step in now if step.name == "pending"] == [2]
    same = {own.id, *(had[name].id for name in ("overridden", "done", "begun", "failed"))}
    ignored = {"order_index"}
    assert {step.id: step.model_dump(exclude=ignored) for step in now if step.id in same} == {
        step_id: step.model_dump(exclude=ignored) for step_id, step in kept.items() if step_id in same
    }
    assert [step.template_id for step in now if step.name != "own"] == [
        template.id for template in wb.templates.list(release.id)
    ]


def test_new_returning_and_present_customers_can_be_added_in_one_call(wb: Workbook, build: Any) -> None:
    release = build.active(customers=3)
    here, held, gone = (member.customer_id for member in wb.releases.members(release.id))
    new = build.customer().id
    wb.releases.hold(release.id, [held], "x")
    wb.releases.remove(release.id, [gone], "x")
    assert wb.releases.add_customers(release.id, [gone, held, new, here]) == (held, here)
    states = {member.customer_id: member.state for member in wb.releases.members(release.id)}
    assert states == {here: "active", held: "held", gone: "active", new: "active"}
    assert {customer: len(wb.steps.list(release.id, customer)) for customer in states} == dict.fromkeys(states, 1)
    last_batch = wb.history()[-1].batch_id
    assert {event.action for event in wb.history(batch_id=last_batch)} == {"release.add_customers"}


def test_who_was_removed_is_free_to_move_and_to_be_deactivated(wb: Workbook, build: Any) -> None:
    release = build.active()
    (member,) = wb.releases.members(release.id)
    wb.releases.remove(release.id, [member.customer_id], "left us")
    elsewhere = build.cluster()
    assert wb.customers.update(member.customer_id, cluster_id=elsewhere.id).cluster_id == elsewhere.id
    assert not wb.customers.deactivate(member.customer_id).is_active


def test_who_is_inactive_does_not_come_back(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active()
    (member,) = wb.releases.members(release.id)
    wb.releases.remove(release.id, [member.customer_id], "left us")
    wb.customers.deactivate(member.customer_id)
    with refused(NotAllowed, f"customer_ids {member.customer_id}", "inactive"):
        wb.releases.add_customers(release.id, [member.customer_id])
