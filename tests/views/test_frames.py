"""Frames: every table with its types, all of one moment, read once until something changes."""

from __future__ import annotations

import gc
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import event, select, text

from relorch import Workbook, open_workbook
from relorch.errors import QueryError, StorageError
from relorch.store import rows
from relorch.store.tables import metadata
from relorch.views.frames import NAMES, frames_of, schema_of
from relorch.views.kept import kept_of
from tests.conftest import Build

TIME = pl.Datetime("us", "UTC")
STATUS = pl.Enum(["pending", "in_progress", "done", "skipped", "failed", "reverted"])
STEP_FACTS = {
    "step_id": pl.Int64,
    "step_name": pl.String,
    "category": pl.Enum(["deploy", "verify"]),
    "type": pl.Enum(["bash", "sql", "text"]),
    "status": STATUS,
    "release_id": pl.Int64,
    "release_name": pl.String,
    "release_version": pl.String,
    "release_status": pl.Enum(["draft", "active", "archived"]),
    "customer_id": pl.Int64,
    "customer_name": pl.String,
    "namespace": pl.String,
    "cluster_id": pl.Int64,
    "cluster_name": pl.String,
    "member_state": pl.Enum(["active", "held", "removed"]),
    "template_id": pl.Int64,
    "template_revision": pl.Int64,
    "current_revision": pl.Int64,
    "order_index": pl.Int64,
    "is_custom": pl.Boolean,
    "is_overridden": pl.Boolean,
    "executed_at": TIME,
    "executed_by": pl.String,
    "notes": pl.String,
    "skip_reason": pl.String,
    "created_at": TIME,
    "updated_at": TIME,
    "minutes_to_execution": pl.Float64,
}


@pytest.fixture
def filled(wb: Workbook, build: Build) -> Workbook:
    """Every table has rows, among them the odd ones: custom, skipped, failed, held, removed."""
    release = build.active(customers=3, steps=2)
    first, second, third = (member.customer_id for member in wb.releases.members(release.id))
    done, skipped = wb.steps.list(release.id, first)
    wb.steps.mark_done(done.id, notes="took 4 min")
    wb.steps.skip(skipped.id, reason='no verify here: ünïcode, "quotes"\nand lines')
    wb.steps.add_custom(release.id, second, name="own", category="deploy", type="text", content="look")
    wb.steps.override(wb.steps.list(release.id, second)[0].id, "echo own")
    wb.releases.hold(release.id, [second], reason="freeze")
    wb.releases.remove(release.id, [third], reason="left")
    wb.customers.update(first, metadata={"db_host": "db1"})
    return wb


@contextmanager
def selects(wb: Workbook, *, on_customers: Callable[[], None] = lambda: None) -> Iterator[list[str]]:
    """Collect the SELECTs that are sent to the file meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)
        if "FROM customers ORDER BY" in statement.replace("\n", ""):
            on_customers()

    engine = wb._core.store._read
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def reads_of(seen: list[str], table: str) -> int:
    return sum(f"FROM {table} ORDER BY" in statement.replace("\n", "") for statement in seen)


def test_there_is_a_frame_for_every_table_and_one_of_all_facts() -> None:
    assert set(NAMES) == {*metadata.tables, "step_facts"}


def test_step_facts_have_these_columns(wb: Workbook) -> None:
    assert wb.frame("step_facts").schema == pl.Schema(STEP_FACTS)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_has_the_types_of_a_full_one(wb: Workbook, build: Build, name: str) -> None:
    empty = wb.frame(name)
    wb.steps.mark_done(build.step().id)
    full = wb.frame(name)
    assert empty.height == 0
    assert full.height > 0
    assert empty.schema == full.schema == pl.Schema(schema_of(name))


@pytest.mark.parametrize("name", metadata.tables)
def test_a_frame_holds_what_the_table_holds(filled: Workbook, name: str) -> None:
    table = metadata.tables[name]
    with filled._core.store.reading() as connection:
        stored = rows.fetch(connection, select(table).order_by(*table.primary_key.columns))
    for row in stored:
        row.update({key: json.dumps(value) for key, value in row.items() if isinstance(value, dict)})
    frame = filled.frame(name)
    packed = [column for column in ("metadata", "before", "after") if column in frame.columns]
    told = [
        {key: json.dumps(json.loads(value)) if key in packed and value else value for key, value in row.items()}
        for row in frame.to_dicts()
    ]
    assert told == stored
    assert len(told) > 0


def test_a_fact_is_the_step_with_everything_around_it(wb: Workbook, build: Build) -> None:
    begun = datetime(2026, 11, 2, 8, tzinfo=UTC)
    at = wb.at(begun)
    eu = at.clusters.create(name="eu-1", kubeconfig_path="~/.kube/eu-1")
    acme = at.customers.create(cluster_id=eu.id, namespace="acme-prod", name="Acme")
    release = at.releases.create(name="2026.11", type="release", version_number="4.2.0")
    template = at.templates.add(release.id, name="Roll", category="deploy", type="bash", content="true")
    at.releases.activate(release.id, customer_ids=[acme.id])
    (step,) = at.steps.list(release.id, acme.id)
    wb.acting_as("ben").at(begun + timedelta(minutes=90)).steps.mark_done(step.id, notes="ok")
    wb.templates.update(template.id, content="true # 2")
    assert wb.frame("step_facts").to_dicts() == [
        {
            "step_id": step.id,
            "step_name": "Roll",
            "category": "deploy",
            "type": "bash",
            "status": "done",
            "release_id": release.id,
            "release_name": "2026.11",
            "release_version": "4.2.0",
            "release_status": "active",
            "customer_id": acme.id,
            "customer_name": "Acme",
            "namespace": "acme-prod",
            "cluster_id": eu.id,
            "cluster_name": "eu-1",
            "member_state": "active",
            "template_id": template.id,
            "template_revision": 1,
            "current_revision": 2,
            "order_index": 0,
            "is_custom": False,
            "is_overridden": False,
            "executed_at": begun + timedelta(minutes=90),
            "executed_by": "ben",
            "notes": "ok",
            "skip_reason": None,
            "created_at": begun,
            "updated_at": begun + timedelta(minutes=90),
            "minutes_to_execution": 90.0,
        }
    ]


def test_facts_tell_custom_overridden_held_and_removed(filled: Workbook) -> None:
    facts = filled.frame("step_facts")
    counted = facts.group_by("member_state", "status", "is_custom", "is_overridden").len()
    assert sorted(counted.rows()) == [
        ("active", "done", False, False, 1),
        ("active", "skipped", False, False, 1),
        ("held", "pending", False, False, 1),
        ("held", "pending", False, True, 1),
        ("held", "pending", True, False, 1),
        ("removed", "pending", False, False, 2),
    ]
    custom = facts.filter(pl.col("is_custom"))
    assert custom.select("step_name", "template_id", "current_revision").rows() == [("own", None, None)]
    assert facts["step_id"].to_list() == filled.frame("customer_steps")["id"].to_list()


@pytest.mark.parametrize("name", ["bogus", "", "Customers", "alembic_version", "sqlite_master", None, 5, ["events"]])
def test_an_unknown_name_lists_the_known_ones(wb: Workbook, name: Any) -> None:
    with pytest.raises(QueryError) as caught:
        wb.frame(name)
    assert [known for known in NAMES if known not in str(caught.value)] == []


def test_ten_looks_read_the_table_once(filled: Workbook) -> None:
    with selects(filled) as seen:
        for _ in range(5):
            filled.sql("SELECT count(*) FROM customers")
            filled.acting_as("ben").frame("customers")
    assert reads_of(seen, "customers") == 1
    assert len(seen) > 10  # the newest event was asked for each time


def test_many_threads_read_the_table_once(filled: Workbook) -> None:
    gate = threading.Barrier(8)

    def look() -> int:
        gate.wait()
        return filled.frame("customers").height

    with selects(filled, on_customers=lambda: time.sleep(0.1)) as seen, ThreadPoolExecutor(8) as pool:
        found = {each.result() for each in [pool.submit(look) for _ in range(8)]}
    assert found == {3}
    assert reads_of(seen, "customers") == 1


def test_a_change_is_seen_and_the_old_frames_are_let_go(filled: Workbook) -> None:
    kept = kept_of(filled._core.store)
    filled.frame("customers")
    filled.frame("clusters")
    old = [weakref.ref(frame) for frame in kept.at(filled.revision()).values()]
    assert len(old) == 2
    filled.customers.update(filled.customers.list()[0].id, name="Renamed")
    assert "Renamed" in filled.frame("customers")["name"]
    gc.collect()
    assert [ref() for ref in old] == [None, None]
    assert set(kept.at(filled.revision())) == {"customers"}


def test_a_slow_reader_does_not_put_old_frames_over_new_ones(wb: Workbook) -> None:
    kept = kept_of(wb._core.store)
    kept.keep(7, {"customers": "new"})
    kept.keep(6, {"customers": "old"})
    assert (kept.at(7), kept.at(6)) == ({"customers": "new"}, {})


def test_a_closed_workbook_keeps_nothing(url: str) -> None:
    wb = open_workbook(url, operator="ana")
    kept = kept_of(wb._core.store)
    wb.frame("customers")
    old = weakref.ref(kept.at(0)["customers"])
    wb.close()
    gc.collect()
    assert old() is None
    frames_of(wb._core.store, ["customers"])  # somebody was still reading
    assert kept.at(0) == {}


def test_two_workbooks_do_not_share(wb: Workbook, build: Build, tmp_path: Any) -> None:
    build.cluster()
    with open_workbook(str(tmp_path / "other.db"), operator="ben") as other:
        other.clusters.create(name="theirs")
        assert other.revision() == wb.revision()
        assert (wb.frame("clusters")["name"].to_list(), other.frame("clusters")["name"].to_list()) == (
            ["cluster-1"],
            ["theirs"],
        )


def test_frames_of_one_query_are_of_one_moment(filled: Workbook) -> None:
    writers: list[threading.Thread] = []

    def meanwhile() -> None:
        if not writers:
            cluster_id = filled.clusters.list()[0].id
            work = threading.Thread(
                target=filled.customers.create, kwargs={"cluster_id": cluster_id, "namespace": "late", "name": "Late"}
            )
            writers.append(work)
            work.start()
            time.sleep(0.2)  # in the journal mode without WAL it waits for this reader, and then for nobody

    before = filled.revision()
    with selects(filled, on_customers=meanwhile):
        found = frames_of(filled._core.store, ["clusters", "customers", "events"])
    writers[0].join()
    assert found["events"]["id"].max() == before
    assert "Late" not in found["customers"]["name"]
    assert "Late" in filled.frame("customers")["name"]


def test_what_a_caller_does_to_a_frame_stays_with_the_caller(filled: Workbook) -> None:
    kept = filled.frame("customers")
    for damage in (
        lambda frame: frame.__setitem__((0, "name"), "Changed"),
        lambda frame: frame.drop_in_place("name"),
        lambda frame: setattr(frame, "columns", [f"x{at}" for at in range(frame.width)]),
        lambda frame: frame.extend(frame.clone()),
        lambda frame: frame["id"].scatter([0], [99]),
        lambda frame: frame["name"].sort(in_place=True, descending=True),
    ):
        mine = filled.frame("customers")
        damage(mine)
        assert filled.frame("customers").equals(kept)
    assert filled.sql("SELECT name FROM customers ORDER BY id")["name"].to_list() == kept["name"].to_list()


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
def test_a_damaged_time_is_a_storage_error(filled: Workbook, column: str) -> None:
    with filled._core.store.writing() as connection:
        connection.execute(text(f"UPDATE clusters SET {column} = 9000000000000000000"))
    with pytest.raises(StorageError, match="restore a backup"):
        filled.frame("clusters")


def test_a_damaged_status_is_a_storage_error(filled: Workbook) -> None:
    with filled._core.store.writing() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE releases SET status = 'gone'"))
    with pytest.raises(StorageError, match="restore a backup"):
        filled.frame("step_facts")
