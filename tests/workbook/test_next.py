"""The next step to work at."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotFound
from relorch.model.values import CustomerStep, Release


@pytest.fixture
def release(wb: Workbook, build: Any) -> Release:
    """Customers Zoe and Bob on 'a', Amy on 'b'; made in another order; two deploy steps and a verify."""
    release = build.release()
    for name, category in (("check", "verify"), ("one", "deploy"), ("two", "deploy")):
        build.template(release, name=name, category=category)
    far, near = build.cluster(name="b"), build.cluster(name="a")
    people = [build.customer(far, name="Amy"), build.customer(near, name="Zoe"), build.customer(near, name="Bob")]
    return wb.releases.activate(release.id, customer_ids=[person.id for person in people])


def named(wb: Workbook, release: Release) -> dict[str, CustomerStep]:
    """Every step by 'customer step'."""
    who = {each.id: each.name for each in wb.customers.list(inactive=True)}
    return {
        f"{who[member.customer_id]} {step.name}": step
        for member in wb.releases.members(release.id)
        for step in wb.steps.list(release.id, member.customer_id)
    }


WALK = ["Bob one", "Bob two", "Bob check", "Zoe one", "Zoe two", "Zoe check", "Amy one", "Amy two", "Amy check"]


def test_the_walk_is_by_cluster_customer_and_order(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    for name in WALK:
        assert wb.steps.next(release.id) == wb.steps.get(steps[name].id), name
        wb.steps.mark_done(steps[name].id)
    assert wb.steps.next(release.id) is None


def test_the_next_of_a_customer(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    zoe = steps["Zoe one"].customer_id
    assert wb.steps.next(release.id, zoe) == steps["Zoe one"]
    wb.steps.skip(steps["Zoe one"].id, reason="x")
    wb.steps.mark_done(steps["Zoe check"].id)
    assert wb.steps.next(release.id, customer_id=zoe) == steps["Zoe two"]
    wb.steps.mark_done(steps["Zoe two"].id)
    assert wb.steps.next(release.id, zoe) is None


def test_the_next_of_a_template(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    two = steps["Bob two"].template_id
    assert wb.steps.next(release.id, template_id=two) == steps["Bob two"]
    wb.steps.mark_done([steps["Bob two"].id, steps["Zoe two"].id])
    assert wb.steps.next(release.id, template_id=two) == steps["Amy two"]


def test_what_failed_or_was_reverted_is_not_passed_over_but_what_others_do_is(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    wb.acting_as("ben").steps.start(steps["Bob one"].id)
    wb.steps.start(steps["Bob two"].id)
    assert wb.steps.next(release.id).id == steps["Bob two"].id
    assert wb.acting_as("ben").steps.next(release.id).id == steps["Bob one"].id
    wb.steps.mark_done(steps["Bob two"].id)
    wb.steps.revert(steps["Bob two"].id)
    assert wb.steps.next(release.id).id == steps["Bob two"].id
    wb.steps.mark_done(steps["Bob two"].id)
    wb.steps.fail(steps["Bob check"].id, reason="x")
    assert wb.steps.next(release.id).id == steps["Bob check"].id


def test_who_is_held_removed_or_inactive_is_passed_over(
    wb: Workbook, build: Any, release: Release, set_row: Any
) -> None:
    from relorch.store.tables import customers

    steps = named(wb, release)
    bob = steps["Bob one"].customer_id
    wb.releases.hold(release.id, [bob], "freeze")
    assert wb.steps.next(release.id) == steps["Zoe one"]
    assert wb.steps.next(release.id, bob) is None
    wb.releases.remove(release.id, [bob], "left")
    assert wb.steps.next(release.id) == steps["Zoe one"]
    set_row(customers, steps["Zoe one"].customer_id, is_active=False)
    assert wb.steps.next(release.id) == steps["Amy one"]
    assert wb.steps.next(release.id, template_id=steps["Bob one"].template_id) == steps["Amy one"]


@pytest.mark.parametrize("at", range(9))
def test_the_walk_goes_on_behind_a_step_and_round_once(wb: Workbook, release: Release, at: int) -> None:
    steps = named(wb, release)
    here = steps[WALK[at]]
    for name in WALK[at + 1 :] + WALK[: at + 1]:
        assert wb.steps.next(release.id, after=here.id).id == steps[name].id
        wb.steps.mark_done(steps[name].id)
    assert wb.steps.next(release.id, after=here.id) is None


def test_behind_a_step_of_one_customer_or_one_template(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    zoe, two = steps["Zoe one"].customer_id, steps["Zoe two"].template_id
    assert wb.steps.next(release.id, zoe, after=steps["Zoe one"].id) == steps["Zoe two"]
    assert wb.steps.next(release.id, zoe, after=steps["Zoe check"].id) == steps["Zoe one"]
    assert wb.steps.next(release.id, zoe, after=steps["Bob check"].id) == steps["Zoe one"]
    assert wb.steps.next(release.id, template_id=two, after=steps["Zoe two"].id) == steps["Amy two"]
    assert wb.steps.next(release.id, template_id=two, after=steps["Amy two"].id) == steps["Bob two"]


def test_behind_a_step_whose_customer_is_on_hold(wb: Workbook, release: Release) -> None:
    steps = named(wb, release)
    wb.releases.hold(release.id, [steps["Zoe one"].customer_id], "freeze")
    assert wb.steps.next(release.id, after=steps["Zoe one"].id) == steps["Amy one"]


def test_only_an_active_release_has_a_next(wb: Workbook, build: Any, release: Release) -> None:
    assert wb.steps.next(build.release().id) is None
    wb.releases.archive(release.id)
    assert wb.steps.next(release.id) is None


def test_a_walk_that_cannot_be_is_refused(wb: Workbook, build: Any, release: Release, refused: Any) -> None:
    steps = named(wb, release)
    one = steps["Bob one"]
    strange = build.step()
    with refused(InvalidValue, "give either customer_id or template_id"):
        wb.steps.next(release.id, one.customer_id, one.template_id)
    with refused(InvalidValue, "is not a template of this release"):
        wb.steps.next(release.id, template_id=strange.template_id)
    with refused(InvalidValue, "is not a step of this release"):
        wb.steps.next(release.id, after=strange.id)
    for unknown in ({"release_id": 4711}, {"customer_id": 4711}, {"template_id": 4711}, {"after": 4711}):
        with refused(NotFound, "4711"):
            wb.steps.next(**{"release_id": release.id} | unknown)
    assert wb.steps.next(release.id, strange.customer_id) is None
