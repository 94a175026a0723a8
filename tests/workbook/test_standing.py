"""How a customer stands in its releases, and its current version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from relorch import Workbook
from relorch.errors import NotFound
from relorch.model.values import Customer, Release

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
At = Callable[[int], Workbook]


@pytest.fixture
def at(wb: Workbook) -> At:
    """The workbook so many minutes after noon."""
    return lambda minutes: wb.at(NOON + timedelta(minutes=minutes))


@pytest.fixture
def customer(build: Any) -> Customer:
    return build.customer(name="Acme")


@pytest.fixture
def release(wb: Workbook, build: Any, customer: Customer) -> Callable[..., Release]:
    def make(version: str | None, *others: int, steps: int = 2) -> Release:
        made = build.release(version_number=version)
        for _ in range(steps):
            build.template(made)
        return wb.releases.activate(made.id, customer_ids=[customer.id, *others])

    return make


def ids(wb: Workbook, release: Release, customer: Customer) -> list[int]:
    return [step.id for step in wb.steps.list(release.id, customer.id)]


def current(wb: Workbook, customer: Customer) -> tuple[str | None, datetime] | None:
    version = wb.versions().get(customer.id)
    return None if version is None else (version.version_number, version.completed_at)


def minute(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_customer_is_on_the_release_it_completed_last(
    wb: Workbook, at: At, release: Any, customer: Customer, build: Any
) -> None:
    other = build.customer()
    old, new = release("4.1", other.id), release("4.2")
    assert wb.versions() == {}
    at(1).steps.mark_done(ids(wb, new, customer)[0])
    assert current(wb, customer) is None
    at(2).steps.skip(ids(wb, new, customer)[1], reason="x")
    assert current(wb, customer) == ("4.2", minute(2))
    at(3).steps.mark_done(ids(wb, old, customer))
    assert current(wb, customer) == ("4.1", minute(3))
    version = wb.versions()[customer.id]
    assert (version.release_id, version.release_name) == (old.id, old.name)
    assert other.id not in wb.versions()


def test_an_open_step_takes_a_completed_release_back(
    wb: Workbook, at: At, release: Any, customer: Customer, build: Any
) -> None:
    old, new = release("4.1"), release("4.2")
    at(1).steps.mark_done(ids(wb, old, customer))
    at(2).steps.mark_done(ids(wb, new, customer))
    at(3).steps.fail(ids(wb, new, customer)[0], reason="x")
    assert current(wb, customer) == ("4.1", minute(1))
    at(4).steps.mark_done(ids(wb, new, customer)[0])
    assert current(wb, customer) == ("4.2", minute(4))
    at(5).templates.add(new.id, name="one more", category="verify", type="text", content="x")
    assert current(wb, customer) == ("4.1", minute(1))


def test_reopened_and_done_again_it_is_completed_then(wb: Workbook, at: At, release: Any, customer: Customer) -> None:
    old, new = release("4.1"), release("4.2")
    at(1).steps.mark_done(ids(wb, old, customer))
    at(2).steps.mark_done(ids(wb, new, customer))
    at(3).steps.reopen(ids(wb, old, customer)[0])
    at(4).steps.mark_done(ids(wb, old, customer)[0])
    assert current(wb, customer) == ("4.1", minute(4))


def test_an_undone_reopen_leaves_it_completed_when_it_was(
    wb: Workbook, at: At, release: Any, customer: Customer
) -> None:
    old, new = release("4.1"), release("4.2")
    at(1).steps.mark_done(ids(wb, old, customer))
    at(2).steps.mark_done(ids(wb, new, customer))
    at(3).steps.reopen(ids(wb, old, customer)[0])
    at(4).undo()
    assert current(wb, customer) == ("4.2", minute(2))
    at(5).undo(at(5).steps.reopen(ids(wb, new, customer)).batch_id)
    assert current(wb, customer) == ("4.2", minute(2))


def test_a_removed_member_completed_nothing_and_one_on_hold_did(
    wb: Workbook, at: At, release: Any, customer: Customer
) -> None:
    done = release("4.1")
    at(1).steps.mark_done(ids(wb, done, customer))
    wb.releases.hold(done.id, [customer.id], "freeze")
    assert current(wb, customer) == ("4.1", minute(1))
    wb.releases.remove(done.id, [customer.id], "left")
    assert current(wb, customer) is None
    assert [(each.state, each.completed_at) for each in wb.customers.standing(customer.id)] == [("removed", None)]


def test_an_archived_release_and_one_without_a_number_count_too(
    wb: Workbook, at: At, release: Any, customer: Customer
) -> None:
    old, new = release("4.1"), release(None)
    at(1).steps.mark_done(ids(wb, old, customer))
    wb.releases.archive(old.id)
    assert current(wb, customer) == ("4.1", minute(1))
    at(2).steps.mark_done(ids(wb, new, customer))
    assert current(wb, customer) == (None, minute(2))


def test_a_release_that_left_a_customer_no_step_was_not_completed(
    wb: Workbook, at: At, release: Any, customer: Customer
) -> None:
    made = release("4.1", steps=1)
    wb.templates.delete(wb.templates.list(made.id)[0].id)
    assert (ids(wb, made, customer), wb.versions()) == ([], {})
    assert wb.customers.standing(customer.id)[0].completed_at is None


def test_the_standing_of_a_customer_is_newest_release_first(
    wb: Workbook, at: At, release: Any, customer: Customer, build: Any
) -> None:
    old, new = release("4.1"), release("4.2")
    build.active()
    at(1).steps.mark_done(ids(wb, old, customer))
    at(2).steps.fail(ids(wb, new, customer)[0], reason="x")
    wb.releases.hold(new.id, [customer.id], "freeze")
    first, second = wb.customers.standing(customer.id)
    assert (first.release, first.state, first.completed_at) == (wb.releases.get(new.id), "held", None)
    assert (first.progress.counts["failed"], first.progress.counts["pending"], first.progress.held) == (1, 1, 0)
    assert (second.release.id, second.state, second.completed_at) == (old.id, "active", minute(1))
    assert (second.progress.percentage, second.progress.total) == (100, 2)


def test_a_customer_without_releases_stands_nowhere(wb: Workbook, customer: Customer, refused: Any) -> None:
    assert wb.customers.standing(customer.id) == []
    with refused(NotFound, "customer_id 4711"):
        wb.customers.standing(4711)


def test_it_takes_a_few_statements_however_many_there_are(wb: Workbook, build: Any) -> None:
    release = build.active(customers=5, steps=3)
    wb.steps.mark_done([step.id for step in build.steps_of(release)])
    statements: list[str] = []
    event.listen(wb._core.store._read, "before_cursor_execute", lambda *args: statements.append(args[2]))
    wb.revision()
    opening = len(statements) - 1  # a transaction's own
    statements.clear()
    assert len(wb.versions()) == 5
    assert len(statements) == opening + 1
    customer_id = build.steps_of(release)[0].customer_id
    statements.clear()
    wb.customers.standing(customer_id)
    assert len(statements) == opening + 3
