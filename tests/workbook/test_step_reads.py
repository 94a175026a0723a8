"""One step across all customers, and what others have in progress."""

from __future__ import annotations

from typing import Any

from relorch import Workbook
from relorch.errors import InvalidValue, NotFound


def test_one_step_across_all_customers(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.release()
    template = build.template(release)
    build.template(release)
    far, near = build.cluster(name="b"), build.cluster(name="a")
    amy, zoe, bob, gone = (
        build.customer(on, name=name) for on, name in [(far, "Amy"), (near, "Zoe"), (near, "Bob"), (near, "x")]
    )
    wb.releases.activate(release.id, all_active=True)
    wb.releases.hold(release.id, [zoe.id], "freeze")
    wb.releases.remove(release.id, [gone.id], "left")
    found = wb.steps.across(template.id)
    assert [(step.customer_id, step.template_id) for step in found] == [
        (each.id, template.id) for each in (bob, zoe, amy)
    ]
    assert found[0] == wb.steps.get(found[0].id)
    assert [column.id for column in wb.matrix(release.id).customers] == [step.customer_id for step in found]
    wb.steps.mark_done(found[0].id)
    wb.templates.delete(template.id)
    assert [step.id for step in wb.steps.across(template.id)] == [found[0].id]
    with refused(NotFound, "template_id 4711"):
        wb.steps.across(4711)


def test_what_others_have_in_progress(wb: Workbook, build: Any, refused: Any) -> None:
    mine, theirs, done, free = (step.id for step in build.steps_of(build.active(steps=4)))
    wb.steps.start(mine)
    wb.acting_as("ben").steps.start([theirs, done])
    wb.acting_as("ben").steps.mark_done(done)
    assert wb.steps.claims([mine, theirs, done, free, 4711]) == {theirs: "ben"}
    assert wb.acting_as("ben").steps.claims([mine, theirs]) == {mine: "ana"}
    assert wb.steps.claims([]) == {}
    with refused(InvalidValue, "must be a list of ids"):
        wb.steps.claims("12")
