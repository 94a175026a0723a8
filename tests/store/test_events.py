"""The record cannot be changed, and who changes it all the same is found out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import StorageError
from relorch.store import events

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def recorded(wb: Workbook, build: Any) -> int:
    """Twelve events or more; gives the id of the newest."""
    step = build.step(content="psql")
    for verb in ("start", "reopen", "mark_done", "revert", "start", "mark_done"):
        getattr(wb.steps, verb)(step.id)
    wb.acting_as("ben").steps.fail(step.id, reason="disk full")
    return wb.revision()


@pytest.fixture
def unguarded(sql: Sql) -> None:
    """A database whose triggers somebody dropped."""
    sql("DROP TRIGGER events_no_update")
    sql("DROP TRIGGER events_no_delete")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET operator = 'eve' WHERE id = 3",
        "UPDATE events SET note = note",
        "DELETE FROM events WHERE id = 3",
        "DELETE FROM events",
        "INSERT INTO events SELECT * FROM events WHERE id = 3 ON CONFLICT (id) DO UPDATE SET operator = 'eve'",
    ],
)
def test_events_are_append_only(wb: Workbook, recorded: int, sql: Sql, statement: str) -> None:
    before = wb.history()
    with pytest.raises(StorageError, match="events are append-only"):
        sql(statement)
    assert wb.history() == before
    assert wb.first_broken_event() is None


@pytest.mark.parametrize(
    "column",
    ["batch_id", "at", "release_id", "customer_id", "template_id", "step_id"],
)
@pytest.mark.usefixtures("unguarded")
def test_a_number_that_was_changed_is_found(wb: Workbook, recorded: int, sql: Sql, column: str) -> None:
    tampered = recorded - 3
    sql(f"UPDATE events SET {column} = coalesce({column}, 0) - 1 WHERE id = ?", tampered)
    assert wb.first_broken_event() == tampered


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("operator", "eve"),
        ("action", "step.skip"),
        ("note", ""),
        ("note", "another reason"),
        ("before", '{"status":"done"}'),
        ("before", None),
        ("after", "{}"),
        ("after", "not json"),
        ("before", "{"),
        ("before", ""),
        ("sha256", "0" * 64),
        ("at", 9 * 10**18),
    ],
)
@pytest.mark.usefixtures("unguarded")
def test_a_value_that_was_put_in_is_found(wb: Workbook, recorded: int, sql: Sql, column: str, value: object) -> None:
    tampered = recorded - 3
    sql(f"UPDATE events SET {column} = ? WHERE id = ?", value, tampered)
    assert wb.first_broken_event() == tampered


@pytest.mark.usefixtures("unguarded")
def test_an_event_that_was_taken_out_or_put_in_is_found(wb: Workbook, recorded: int, sql: Sql) -> None:
    sql("CREATE TEMP TABLE forged AS SELECT * FROM events WHERE id = 5")
    sql("UPDATE forged SET id = ?", recorded + 1)
    sql("INSERT INTO events SELECT * FROM forged")
    assert wb.first_broken_event() == recorded + 1
    sql("DELETE FROM events WHERE id = 4")
    assert wb.first_broken_event() == 5


@pytest.mark.usefixtures("unguarded")
def test_two_events_that_changed_places_are_found(wb: Workbook, recorded: int, sql: Sql) -> None:
    for old, new in ((4, 1000), (5, 4), (1000, 5)):
        sql("UPDATE events SET id = ?, batch_id = 1 WHERE id = ?", new, old)
    assert wb.first_broken_event() == 4


@pytest.mark.usefixtures("unguarded")
def test_who_makes_up_a_fitting_digest_breaks_the_next_event(wb: Workbook, recorded: int, sql: Sql) -> None:
    tampered = recorded - 3
    ((previous,),) = sql("SELECT sha256 FROM events WHERE id = ?", tampered - 1)
    (fields,) = sql(f"SELECT {', '.join(events._CHAINED)} FROM events WHERE id = ?", tampered)
    forged = ["eve" if name == "operator" else value for name, value in zip(events._CHAINED, fields, strict=True)]
    digest = events.chained(previous, forged)
    sql("UPDATE events SET operator = 'eve', sha256 = ? WHERE id = ?", digest, tampered)
    assert wb.first_broken_event() == tampered + 1


def test_an_event_that_was_replaced_is_found(wb: Workbook, recorded: int, sql: Sql) -> None:
    sql("CREATE TEMP TABLE forged AS SELECT * FROM events WHERE id = 3")
    sql("UPDATE forged SET operator = 'eve'")
    sql("REPLACE INTO events SELECT * FROM forged")
    assert wb.first_broken_event() == 3


@pytest.mark.usefixtures("unguarded")
def test_any_one_of_a_thousand_is_named(wb: Workbook, build: Any, sql: Sql) -> None:
    release = build.active(customers=50, steps=20)
    wb.steps.mark_done([step.id for step in build.steps_of(release)])
    newest = wb.revision()
    assert newest > 1_000
    chance = random.Random(26)
    for number in chance.sample(range(1, newest + 1), 18) + [1, newest]:
        ((operator,),) = sql("SELECT operator FROM events WHERE id = ?", number)
        sql("UPDATE events SET operator = 'eve' WHERE id >= ?", number)
        assert wb.first_broken_event() == number
        sql("UPDATE events SET operator = ? WHERE id >= ?", operator, number)
    assert wb.first_broken_event() is None


def test_a_new_event_is_chained_to_the_last_one(wb: Workbook, recorded: int, sql: Sql) -> None:
    rows = sql("SELECT id, sha256 FROM events ORDER BY id")
    assert [number for number, _ in rows] == list(range(1, recorded + 1))
    assert len({digest for _, digest in rows}) == recorded
    wb.clusters.create(name="eu-9")
    assert sql("SELECT id, sha256 FROM events ORDER BY id")[:-1] == rows
    assert wb.first_broken_event() is None


def test_a_batch_has_the_id_of_its_first_event(wb: Workbook, build: Any, sql: Sql) -> None:
    ids = [step.id for step in build.steps_of(build.active(customers=3))]
    seen = wb.revision()
    assert wb.steps.start(ids).batch_id == seen + 1
    assert sql("SELECT id, batch_id FROM events WHERE id > ?", seen) == [
        (seen + 1, seen + 1),
        (seen + 2, seen + 1),
        (seen + 3, seen + 1),
    ]
