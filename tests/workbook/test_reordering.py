"""The order of templates: dense, as it was asked for, and every customer's steps with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model.values import Release

Beside = dict[int | None, tuple[list[str], list[str]]]
"""Template id (None: the end) → names of the custom steps before and after it."""


def live(wb: Workbook, release: Release, category: str = "deploy") -> list[int]:
    found = [template for template in wb.templates.list(release.id) if template.category == category]
    assert [template.order_index for template in found] == list(range(len(found)))
    return [template.id for template in found]


def surrounded(wb: Workbook, release: Release, customer_id: int, chance: random.Random, many: int) -> Beside:
    """Put custom steps beside random steps of a customer, and give where they went."""
    beside: Beside = {template_id: ([], []) for template_id in [*live(wb, release), None]}
    for number in range(many):
        steps = [step for step in wb.steps.list(release.id, customer_id) if step.category == "deploy"]
        target = chance.choice([None, *(step for step in steps if not step.is_custom)])
        name = f"own {customer_id}.{number}"
        fields: dict[str, Any] = {"name": name, "category": "deploy", "type": "text", "content": "x"}
        if target is None:
            wb.steps.add_custom(release.id, customer_id, **fields)
            beside[None][1].append(name)
        elif chance.random() < 0.5:
            wb.steps.add_custom(release.id, customer_id, **fields, before_id=target.id)
            beside[target.template_id][0].append(name)
        else:
            wb.steps.add_custom(release.id, customer_id, **fields, after_id=target.id)
            beside[target.template_id][1].insert(0, name)
    return beside


def expected(order: list[int], beside: Beside) -> list[int | str]:
    placed: list[int | str] = []
    for template_id in order:
        before, after = beside[template_id]
        placed += [*before, template_id, *after]
    return placed + beside[None][1]


def test_200_permutations_end_dense_in_the_asked_order_with_custom_steps_at_their_anchors(
    wb: Workbook, build: Any
) -> None:
    chance = random.Random(1126)
    release = build.release()
    for _ in range(7):
        build.template(release)
    for _ in range(3):
        build.template(release, category="verify")
    cluster = build.cluster()
    customers = [build.customer(cluster).id for _ in range(5)]
    wb.releases.activate(release.id, customer_ids=customers)
    beside = {
        customer: surrounded(wb, release, customer, chance, many)
        for customer, many in zip(customers, (0, 2, 6, 9, 4), strict=True)
    }
    wb.releases.hold(release.id, [customers[3]], "change freeze")
    wb.releases.remove(release.id, [customers[4]], "left us")
    verify = live(wb, release, "verify")
    order = live(wb, release)
    versions = {step.id: step.row_version for step in build.steps_of(release)}
    for _ in range(200):
        order = chance.sample(order, len(order))
        answer = wb.templates.reorder(release.id, "deploy", order)
        assert [template.id for template in answer] == order == live(wb, release)
        for customer in customers:
            steps = wb.steps.list(release.id, customer)
            deploy = [step for step in steps if step.category == "deploy"]
            assert [step.name if step.is_custom else step.template_id for step in deploy] == expected(
                order, beside[customer]
            )
            assert [step.order_index for step in deploy] == list(range(len(deploy)))
            assert [step.template_id for step in steps if step.category == "verify"] == verify
    assert {step.id: step.row_version for step in build.steps_of(release)} == versions
    assert wb.first_broken_event() is None


def test_moves_inserts_and_retirements_stay_dense_and_only_a_move_moves_custom_steps(wb: Workbook, build: Any) -> None:
    chance = random.Random(7)
    release = build.active(customers=3, steps=4)
    customers = [member.customer_id for member in wb.releases.members(release.id)]
    for customer in customers[:2]:
        surrounded(wb, release, customer, chance, 5)
    order = live(wb, release)
    for _ in range(60):
        act = chance.choice(["move", "move", "add", "retire"])
        owns = own_order(wb, release, customers)
        if act == "move" and order:
            moved, to = chance.choice(order), chance.randrange(len(order))
            answer = wb.templates.move(moved, to)
            assert (answer.id, answer.order_index) == (moved, to)
            order.remove(moved)
            order.insert(to, moved)
        elif act == "retire" and len(order) > 1:
            gone = chance.choice(order)
            wb.templates.delete(gone)
            order.remove(gone)
        else:
            to = chance.randrange(len(order) + 1)
            order.insert(to, build.template(release, position=to).id)
        assert live(wb, release) == order
        for customer in customers:
            steps = wb.steps.list(release.id, customer)
            assert [step.order_index for step in steps] == list(range(len(steps)))
            assert [step.template_id for step in steps if not step.is_custom] == order
        now = own_order(wb, release, customers)
        assert now == owns if act != "move" else sorted(map(sorted, now.values())) == sorted(map(sorted, owns.values()))


def own_order(wb: Workbook, release: Release, customers: list[int]) -> dict[int, list[str]]:
    return {
        customer: [step.name for step in wb.steps.list(release.id, customer) if step.is_custom]
        for customer in customers
    }


@pytest.mark.parametrize("at", [0, 1, 2])
def test_when_an_anchor_goes_its_neighbour_takes_over_and_nobody_changes_places(
    wb: Workbook, build: Any, at: int
) -> None:
    release = build.active(steps=3)
    customer = wb.releases.members(release.id)[0].customer_id
    for step in build.steps_of(release):
        fields: dict[str, Any] = {"category": "deploy", "type": "text", "content": "x"}
        wb.steps.add_custom(release.id, customer, name=f"before {step.name}", before_id=step.id, **fields)
        wb.steps.add_custom(release.id, customer, name=f"after {step.name}", after_id=step.id, **fields)
    before = wb.steps.list(release.id, customer)
    gone = live(wb, release)[at]
    wb.templates.delete(gone)
    after = wb.steps.list(release.id, customer)
    assert [step.id for step in after] == [step.id for step in before if step.template_id != gone]
    assert [step.order_index for step in after] == list(range(8))
    assert gone not in {step.anchor_template_id for step in after}
    # from now on they go with the neighbour, still in their order
    took_over = live(wb, release)[max(at - 1, 0)]
    wb.templates.move(took_over, 1 if live(wb, release)[0] == took_over else 0)
    group = [step.id for step in before if step.anchor_template_id == gone]
    now = [step.id for step in wb.steps.list(release.id, customer)]
    assert [step_id for step_id in now if step_id in group] == group
    beside = [step.id for step in after if step.template_id == took_over or step.anchor_template_id == took_over]
    start = now.index(beside[0])
    assert now[start : start + len(beside)] == beside


@pytest.mark.parametrize("category", ["deploy", "verify"])
def test_a_move_is_an_event_that_tells_both_orders(wb: Workbook, build: Any, category: str) -> None:
    release = build.active(steps=3, category=category)
    order = live(wb, release, category)
    seen = wb.revision()
    wb.templates.move(order[2], 0)
    (event,) = [event for event in wb.history(release_id=release.id) if event.id > seen]
    assert (event.action, event.template_id) == ("template.move", order[2])
    assert event.after is not None
    assert event.after["order"] == {"category": category, "before": order, "after": [order[2], order[0], order[1]]}


def test_the_order_that_is_there_already_stores_nothing(wb: Workbook, build: Any, stored: Any) -> None:
    release = build.active(steps=3)
    before = stored()
    order = live(wb, release)
    wb.templates.reorder(release.id, "deploy", order)
    wb.templates.move(order[1], 1)
    assert wb.templates.reorder(release.id, "verify", []) == []
    assert stored() == before


def test_reorder_wants_exactly_the_live_ids_of_that_release_and_category(
    wb: Workbook, build: Any, refused: Any
) -> None:
    release, other = build.active(steps=3), build.active(steps=1)
    verify = build.template(release, category="verify").id
    retired = build.template(release).id
    wb.templates.delete(retired)
    a, b, c = live(wb, release)
    (foreign,) = live(wb, other)
    wrong: list[tuple[Any, str]] = [
        ([a, b, foreign], "not live templates of this release and category"),
        ([a, b, c, foreign], "not live templates of this release and category"),
        ([a, b, c, verify], "not live templates of this release and category"),
        ([a, b, c, retired], "not live templates of this release and category"),
        ([a, b, c, 99], "not live templates of this release and category"),
        ([a, b, c, a], "named twice"),
        ([a, a, b], "named twice"),
        ([c, a], "missing"),
        ([], "missing"),
        ([a, b, "x"], "must be a whole number from 1"),
        ([a, b, True], "must be a whole number from 1"),
        ("abc", "must be a list of template ids"),
        (None, "must be a list of template ids"),
        (7, "must be a list of template ids"),
    ]
    for ids, why in wrong:
        with refused(InvalidValue, "ordered_ids", why):
            wb.templates.reorder(release.id, "deploy", ids)
    with refused(InvalidValue, "ordered_ids", f"[{b}]", "missing"):
        wb.templates.reorder(release.id, "deploy", [a, c])
    with refused(InvalidValue, "category", "must be one of deploy, verify"):
        wb.templates.reorder(release.id, "rollback", [a, b, c])
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.templates.reorder(99, "deploy", [a, b, c])


def test_a_long_list_is_not_compared_each_with_each(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.release()
    for _ in range(3):
        build.template(release)
    order = live(wb, release)
    compared: list[object] = []

    class Named(int):
        """An id that counts how often it is compared."""

        __hash__ = int.__hash__

        def __eq__(self, other: object) -> bool:
            compared.append(other)
            return int.__eq__(self, other)

    ids = [Named(each) for each in [*order, *range(1_000, 1_200)]]
    with refused(InvalidValue, "not live templates of this release and category"):
        wb.templates.reorder(release.id, "deploy", ids)
    assert len(compared) <= 5 * len(ids)


def test_a_move_has_a_place_to_go(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=2)
    (first, _) = live(wb, release)
    wrong: list[tuple[Any, str]] = [
        (2, "must be from 0 to 1"),
        (-1, "whole number"),
        ("0", "whole number"),
        (True, "whole"),
    ]
    for position, why in wrong:
        with refused(InvalidValue, "position", why):
            wb.templates.move(first, position)
    with refused(NotFound, "template_id 99: there is no such step template"):
        wb.templates.move(99, 0)


def test_nothing_is_reordered_in_the_archive(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=2)
    first, second = live(wb, release)
    wb.releases.archive(release.id)
    acts: list[Callable[[], Any]] = [
        lambda: wb.templates.reorder(release.id, "deploy", [second, first]),
        lambda: wb.templates.move(first, 1),
        lambda: wb.templates.delete(first),
    ]
    for act in acts:
        with refused(NotAllowed, "is archived and can only be read"):
            act()


def test_an_order_made_from_another_one_is_a_conflict(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=3)
    one, two, three = live(wb, release)
    wb.acting_as("ben").templates.reorder(release.id, "deploy", [two, one, three])
    with refused(Conflict, "The list of steps was changed meanwhile"):
        wb.templates.reorder(release.id, "deploy", [one, three, two], expected=[one, two, three])
    assert live(wb, release) == [two, one, three]
    wb.templates.reorder(release.id, "deploy", [three, two, one], expected=[two, one, three])
    assert live(wb, release) == [three, two, one]
