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
