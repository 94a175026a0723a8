"""A process that is killed while it writes: what it acknowledged is there, what it had not finished is not."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import CannotOpen
from relorch.store.engine import journal_mode

JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")

ACKNOWLEDGE = """
import sys
from relorch import open_workbook
wb = open_workbook(sys.argv[1], operator="ana", create=False)
step_id = int(sys.argv[2])
while True:
    for verb in (wb.steps.start, wb.steps.reopen):
        (step,) = verb(step_id).steps
        print(step.row_version, flush=True)
"""

HALF_WAY = """
import sys, time
from relorch import open_workbook
wb = open_workbook(sys.argv[1], operator="ana", create=False)
wb.clusters.create(name="acknowledged")
outside = wb._core.store._write.raw_connection()  # within a transaction it would not be taken
outside.driver_connection.execute("PRAGMA cache_spill=1")  # as while a commit is being written: half-changed pages
outside.close()
with wb._core.store.writing() as connection:
    connection.exec_driver_sql("PRAGMA cache_size=5")  # reach the file
    connection.exec_driver_sql("UPDATE customer_steps SET content = 'half ' || content")
    connection.exec_driver_sql("UPDATE step_templates SET content = 'half ' || content")
    connection.exec_driver_sql("DELETE FROM customer_steps WHERE id % 2 = 0")
    print("half-way", flush=True)
    time.sleep(60)
"""


STRANGER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("CREATE TABLE notes (text)")
connection.executemany("INSERT INTO notes VALUES (?)", [("x" * 2_000,)] * 300)
connection.execute("PRAGMA cache_size=5")
connection.execute("BEGIN")
connection.execute("UPDATE notes SET text = 'half ' || text")
print("half-way", flush=True)
time.sleep(60)
"""


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> str:
    """Kill without mercy; give what it had said and nobody had read."""
    assert process.stdout is not None
    process.kill()
    said = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=20) == -signal.SIGKILL
    return said


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("after", [1, 20, 47])
def test_every_acknowledged_change_survives_a_kill(wb: Workbook, build: Any, url: str, after: int) -> None:
    step = build.step()
    path = Path(wb.path)
    wb.close()
    process = child(ACKNOWLEDGE, url, str(step.id))
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(after)]
    acknowledged += [int(line) for line in kill(process).splitlines(keepends=True) if line.endswith("\n")]
    with open_workbook(url, operator="ben", create=False) as again:
        now = again.steps.get(step.id)
        history = again.history(step_id=step.id)
        assert now.row_version - acknowledged[-1] in (0, 1)  # one may have been stored and not yet said
        assert len(history) == now.row_version - step.row_version
        assert [event.action for event in history] == [
            ("step.start", "step.reopen")[number % 2] for number in range(len(history))
        ]
        assert again.first_broken_event() is None
        assert again.clusters.create(name="eu-9").name == "eu-9"
    assert_sound(path)


def test_a_workbook_left_half_written_opens_as_it_was_before(wb: Workbook, build: Any, url: str) -> None:
    release = build.active(customers=30, steps=10, content="x" * 2_000)
    before = [(step.id, step.content) for step in build.steps_of(release)]
    path = Path(wb.path)
    wb.close()
    process = child(HALF_WAY, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "half-way\n"
    kill(process)
    if journal_mode() == "truncate":
        journal = path.with_name(path.name + "-journal")
        assert journal.read_bytes().startswith(JOURNAL_MAGIC)
        assert b"half xxx" in path.read_bytes()
    with open_workbook(url, operator="ben", create=False) as again:
        assert [cluster.name for cluster in again.clusters.list()][0] == "acknowledged"
        now = [
            (step.id, step.content)
            for member in again.releases.members(release.id)
            for step in again.steps.list(release.id, member.customer_id)
        ]
        assert now == before
        assert again.first_broken_event() is None
        again.steps.mark_done(before[0][0])
    assert_sound(path)


def test_another_programs_half_written_database_is_left_for_that_program(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    process = child(STRANGER, str(path))
    assert process.stdout is not None
    assert process.stdout.readline() == "half-way\n"
    kill(process)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert sorted(before) == ["notes.db", "notes.db-journal"]
    with pytest.raises(CannotOpen, match="another program's database"):
        open_workbook(str(path), operator="ana", create=False)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
