"""How the file is opened: what is switched on, who may write, and that nothing is kept open."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import Busy, NotFound, StorageError
from relorch.store.engine import journal_mode

PRAGMAS = {
    "synchronous": 2,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "mmap_size": 0,
    "journal_size_limit": 4 * 1024 * 1024,
}


def pragma(connection: Any, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_every_connection_of_both_engines_syncs_and_checks(wb: Workbook) -> None:
    store = wb._core.store
    with ExitStack() as stack:
        connections = [stack.enter_context(store._read.connect()) for _ in range(8)]
        connections.append(stack.enter_context(store._write.connect()))
        for connection in connections:
            assert {name: pragma(connection, name) for name in PRAGMAS} == PRAGMAS
            assert pragma(connection, "journal_mode") == journal_mode()
        assert [pragma(connection, "query_only") for connection in connections] == [1] * 8 + [0]
        assert store.checked_out() == 9
    assert store.checked_out() == 0


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 7, 0), "truncate"),
        ((3, 34, 1), "truncate"),
        ((3, 40, 1), "truncate"),
        ((3, 44, 5), "truncate"),
        ((3, 44, 6), "wal"),
        ((3, 44, 9), "wal"),
        ((3, 45, 0), "truncate"),
        ((3, 46, 1), "truncate"),
        ((3, 50, 4), "truncate"),
        ((3, 50, 6), "truncate"),
        ((3, 50, 7), "wal"),
        ((3, 51, 0), "truncate"),
        ((3, 51, 2), "truncate"),
        ((3, 51, 3), "wal"),
        ((3, 52, 0), "wal"),
        ((3, 53, 4), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_the_journal_is_wal_only_where_its_reset_bug_is_fixed(version: tuple[int, ...], journal: str) -> None:
    assert journal_mode(version) == journal


def test_the_journal_of_this_machine_is_the_one_of_its_sqlite(wb: Workbook) -> None:
    with wb._core.store.reading() as connection:
        assert pragma(connection, "journal_mode") == journal_mode(sqlite3.sqlite_version_info)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO clusters (name, created_at, updated_at) VALUES ('x', 1, 1)",
        "UPDATE clusters SET name = 'x'",
        "DELETE FROM clusters",
        "DROP TABLE clusters",
    ],
)
def test_the_reading_engine_cannot_write(wb: Workbook, statement: str) -> None:
    wb.clusters.create(name="eu-1")
    with pytest.raises(StorageError, match="readonly"), wb._core.store.reading() as connection:
        connection.exec_driver_sql(statement)
    assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1"]


def test_a_writer_keeps_other_writers_out_from_its_first_moment(wb: Workbook, url: str) -> None:
    with open_workbook(url, operator="ben") as other:
        with other._core.store._write.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        with wb._core.store.writing(), pytest.raises(Busy):
            other.clusters.create(name="eu-1")
        assert other.clusters.create(name="eu-1").name == "eu-1"


def test_the_writers_of_one_process_share_one_connection(wb: Workbook) -> None:
    pool = wb._core.store._write.pool
    assert (pool.size(), pool._max_overflow) == (1, 0)  # type: ignore[attr-defined]


def test_an_exception_rolls_everything_back(wb: Workbook, sql: Any) -> None:
    class Broken(Exception):
        pass

    with pytest.raises(Broken), wb._core.store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO clusters (name, created_at, updated_at) VALUES ('x', 1, 1)")
        raise Broken
    assert sql("SELECT count(*) FROM clusters") == [(0,)]
    assert wb._core.store.checked_out() == 0


def test_a_reader_sees_one_state_while_it_looks(wb: Workbook) -> None:
    with wb._core.store.reading() as connection:
        names = "SELECT name FROM clusters"
        assert connection.exec_driver_sql(names).all() == []
        writer = threading.Thread(target=lambda: wb.clusters.create(name="eu-1"))
        writer.start()
        writer.join(0.2)
        assert connection.exec_driver_sql(names).all() == []
    writer.join()
    assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1"]


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_another_program_that_writes_for_too_long_is_said_to(wb: Workbook) -> None:
    with wb._core.store._write.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, wb.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Busy) as caught:
        wb.clusters.create(name="eu-1")
    assert str(caught.value) == (f"{wb.path}: another program holds the database; nothing was stored, try again.")
    holder.communicate("\n", timeout=20)
    assert wb.clusters.create(name="eu-1").name == "eu-1"


def test_a_file_that_went_away_is_not_made_anew(wb: Workbook) -> None:
    path = Path(wb.path)
    wb.close()
    path.unlink()
    with pytest.raises(StorageError, match="gone or was replaced"):
        wb.clusters.list()
    assert not path.exists()


def test_a_file_that_was_moved_away_takes_no_more_changes(wb: Workbook) -> None:
    wb.clusters.create(name="eu-1")
    moved = Path(wb.path).rename(Path(wb.path).with_name("moved.db"))
    with pytest.raises(StorageError, match="nothing was stored"):
        wb.clusters.create(name="us-1")
    wb.close()
    with open_workbook(str(moved), operator="ana", create=False) as again:
        assert [cluster.name for cluster in again.clusters.list()] == ["eu-1"]


def locks_on(path: str) -> list[str]:
    inode = os.stat(path).st_ino
    return [line for line in Path("/proc/locks").read_text().splitlines() if f":{inode} " in line]


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not list its locks")
def test_no_use_case_leaves_a_lock_on_the_file(wb: Workbook, build: Any) -> None:
    with wb._core.store.writing():
        if not locks_on(wb.path):
            pytest.skip("the system does not list the locks of this file system")
    step = build.step()
    for act in (
        lambda: wb.steps.start(step.id),
        lambda: wb.steps.detail(step.id),
        lambda: wb.matrix(step.release_id),
        lambda: wb.progress(step.release_id, by="cluster"),
        lambda: wb.history(),
    ):
        act()
        assert (locks_on(wb.path), wb._core.store.checked_out()) == ([], 0)
    with pytest.raises(NotFound):
        wb.steps.start(99)
    assert (locks_on(wb.path), wb._core.store.checked_out()) == ([], 0)


def test_a_workbook_left_in_another_journal_mode_is_brought_back(url: str, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "workbook.db")
    assert connection.execute("PRAGMA journal_mode=wal").fetchone() == ("wal",)
    connection.close()
    with open_workbook(url, operator="ana") as wb:
        wb.clusters.create(name="eu-1")
        with wb._core.store.reading() as reading:
            assert pragma(reading, "journal_mode") == journal_mode()
