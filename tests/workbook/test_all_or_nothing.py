"""A use case that breaks off at any statement leaves everything as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from relorch import Workbook
from relorch.errors import StorageError


@contextmanager
def breaking_off(wb: Workbook, at: int) -> Iterator[list[int]]:
    """Let the disk be full at the `at`-th statement of the writing connection; give how many there were."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == at:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    engine = wb._core.store._write
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)


def activate(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.release()
    for _ in range(5):
        build.template(release)
    ids = [build.customer().id for _ in range(4)]
    return lambda: wb.releases.activate(release.id, customer_ids=ids)


def add_customers(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(steps=3)
    ids = [build.customer().id for _ in range(3)]
    return lambda: wb.releases.add_customers(release.id, ids)


def mark_many_done(wb: Workbook, build: Any) -> Callable[[], Any]:
    ids = [step.id for step in build.steps_of(build.active(customers=4, steps=3))]
    return lambda: wb.steps.mark_done(ids)


def insert_a_template(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(customers=3, steps=3)
    return lambda: build.template(release, position=0)


def update_a_template(wb: Workbook, build: Any) -> Callable[[], Any]:
    (template,) = wb.templates.list(build.active(customers=3).id)
    return lambda: wb.templates.update(template.id, content="new")


def worked_on(wb: Workbook, build: Any) -> Any:
    """An active release whose customers have steps of every kind, custom ones and held and removed members too."""
    release = build.active(customers=6, steps=4, content="old")
    for at, member in enumerate(wb.releases.members(release.id)):
        first, second, *_ = wb.steps.list(release.id, member.customer_id)
        verb = (wb.steps.mark_done, wb.steps.start, None, None, None, None)[at]
        if verb is not None:
            verb([first.id, second.id])
        fields: dict[str, Any] = {"name": "own", "category": "deploy", "type": "text", "content": "x"}
        wb.steps.add_custom(release.id, member.customer_id, **fields, after_id=second.id)
    *_, overridden, held, removed = wb.releases.members(release.id)
    wb.steps.override(wb.steps.list(release.id, overridden.customer_id)[1].id, "by hand")
    wb.releases.hold(release.id, [held.customer_id], "change freeze")
    wb.releases.remove(release.id, [removed.customer_id], "left us")
    return release


def update_with_propagation(wb: Workbook, build: Any) -> Callable[[], Any]:
    second = wb.templates.list(worked_on(wb, build).id)[1]
    return lambda: wb.templates.update(second.id, name="new", type="text", content="new")


def add_with_propagation(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = worked_on(wb, build)
    return lambda: build.template(release, position=1)


def add_to_template(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = worked_on(wb, build)
    customer = wb.releases.members(release.id)[0].customer_id
    fields: dict[str, Any] = {"name": "shared", "category": "deploy", "type": "text", "content": "x"}
    return lambda: wb.steps.add_custom(release.id, customer, **fields, add_to_template=True)


def add_a_custom_step(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = worked_on(wb, build)
    customer = wb.releases.members(release.id)[0].customer_id
    first = wb.steps.list(release.id, customer)[0]
    fields: dict[str, Any] = {"name": "own", "category": "deploy", "type": "text", "content": "x"}
    return lambda: wb.steps.add_custom(release.id, customer, **fields, before_id=first.id)


def delete_a_custom_step(wb: Workbook, build: Any) -> Callable[[], Any]:
    (own, *_) = [step for step in build.steps_of(worked_on(wb, build)) if step.is_custom]
    return lambda: wb.steps.delete(own.id)


def reorder(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = worked_on(wb, build)
    backwards = [template.id for template in wb.templates.list(release.id)][::-1]
    return lambda: wb.templates.reorder(release.id, "deploy", backwards)


def retire(wb: Workbook, build: Any) -> Callable[[], Any]:
    second = wb.templates.list(worked_on(wb, build).id)[1]
    return lambda: wb.templates.delete(second.id)


def undo_of(first: Callable[[Workbook, Any], Callable[[], Any]]) -> Callable[[Workbook, Any], Callable[[], Any]]:
    """Take back what another use case did."""

    def prepare(wb: Workbook, build: Any) -> Callable[[], Any]:
        first(wb, build)()
        return wb.undo

    prepare.__name__ = f"undo_of_{first.__name__}"
    return prepare


def reopen_with_the_template(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(customers=3, content="old")
    ids = [step.id for step in build.steps_of(release)]
    wb.steps.fail(ids, reason="x")
    wb.templates.update(wb.templates.list(release.id)[0].id, content="new")
    return lambda: wb.steps.reopen(ids, take_template=True)


def bring_back_a_removed_customer(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = worked_on(wb, build)
    (gone,) = [member.customer_id for member in wb.releases.members(release.id) if member.state == "removed"]
    wb.templates.update(wb.templates.list(release.id)[3].id, content="new")
    build.template(release, position=0)
    return lambda: wb.releases.add_customers(release.id, [gone])


def hold_several(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(customers=3)
    ids = [member.customer_id for member in wb.releases.members(release.id)]
    return lambda: wb.releases.hold(release.id, ids, "change freeze")


def clone(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(steps=3)
    return lambda: wb.releases.clone(release.id, name="next")


def delete_a_draft(wb: Workbook, build: Any) -> Callable[[], Any]:
    draft = build.release()
    build.template(draft)
    return lambda: wb.releases.delete(draft.id)


def archive(wb: Workbook, build: Any) -> Callable[[], Any]:
    release = build.active(customers=3)
    return lambda: wb.releases.archive(release.id)


def create_a_customer(wb: Workbook, build: Any) -> Callable[[], Any]:
    cluster = build.cluster()
    return lambda: wb.customers.create(cluster_id=cluster.id, namespace="acme", name="Acme")


USE_CASES = [
    activate,
    add_customers,
    mark_many_done,
    insert_a_template,
    update_a_template,
    archive,
    create_a_customer,
    update_with_propagation,
    add_with_propagation,
    add_to_template,
    add_a_custom_step,
    delete_a_custom_step,
    reorder,
    retire,
    reopen_with_the_template,
    bring_back_a_removed_customer,
    hold_several,
    clone,
    delete_a_draft,
    *(
        undo_of(first)
        for first in (
            mark_many_done,
            update_with_propagation,
            add_with_propagation,
            add_a_custom_step,
            delete_a_custom_step,
            reorder,
            retire,
        )
    ),
]


@pytest.mark.parametrize("prepare", USE_CASES)
def test_it_is_all_of_it_or_nothing_at_every_statement(
    wb: Workbook, build: Any, stored: Callable[[], Any], prepare: Callable[[Workbook, Any], Callable[[], Any]]
) -> None:
    act = prepare(wb, build)
    before = stored()
    broken = 0
    while True:
        with breaking_off(wb, at=broken + 1) as seen:
            try:
                act()
                break
            except StorageError as error:
                broken += 1
                assert "the disk is full; nothing was stored" in str(error)
        assert stored() == before
        assert wb._core.store.checked_out() == 0
    assert broken == seen[0]
    assert broken >= 4
    assert stored() != before
    assert wb.first_broken_event() is None
