"""A backup is a workbook or is not there; it comes back as it was; an upgrade happens whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import Busy, CannotOpen, StorageError
from relorch.store import backup, migrate
from relorch.store.backup import leftovers, restore
from relorch.store.migrate import SCRIPTS, Upgraded, upgrade
from relorch.store.tables import SCHEMA
from relorch.workbook.whole import import_workbook

Sql = Callable[..., list[tuple[Any, ...]]]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def everything(url: str | Path) -> list[str]:
    with open_workbook(str(url), operator="nobody", create=False) as wb:
        return list(wb.exports.workbook())


def test_a_backup_is_the_workbook(wb: Workbook, build: Any, tmp_path: Path) -> None:
    build.active(customers=2, steps=3)
    made = wb.at(NOON).backup()
    assert made.path == tmp_path / "backups" / "workbook-2026-11-23T120000Z.db"
    assert (made.bytes, made.events) == (made.path.stat().st_size, wb.revision())
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert (made.path.stat().st_mode & 0o777, made.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert names(made.path.parent) == [made.path.name]
    assert everything(made.path) == list(wb.exports.workbook())


def test_two_backups_in_one_second_have_two_names(wb: Workbook, tmp_path: Path) -> None:
    found = [wb.at(NOON).backup().path.name, wb.at(NOON).backup().path.name, wb.at(NOON).backup(tmp_path).path.name]
    first = "workbook-2026-11-23T120000Z.db"
    assert found == [first, "workbook-2026-11-23T120000Z-2.db", first]


def test_a_file_that_is_there_is_not_overwritten(wb: Workbook, tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    for path in (target, Path(wb.path)):
        with pytest.raises(CannotOpen, match="there is a file of this name already; it was left as it is"):
            wb.backup(path)
    assert target.read_text() == "mine"
    assert wb.check().ok


def test_a_file_that_somebody_else_makes_meanwhile_stays(
    wb: Workbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, copy = tmp_path / "backup.db", backup.copy

    def slow(source: Path, partial: Path) -> None:
        copy(source, partial)
        target.write_text("theirs")

    monkeypatch.setattr(backup, "copy", slow)
    with pytest.raises(CannotOpen, match="somebody else made a file of this name meanwhile"):
        wb.backup(target)
    assert target.read_text() == "theirs"


def test_where_no_file_can_be_is_refused(wb: Workbook, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="it cannot be created"):
        wb.backup(tmp_path / "file" / "backup.db")


LIMITED = """
import resource, signal, sys
from pathlib import Path
from relorch import open_workbook
from relorch.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_workbook(sys.argv[1], operator="ana", create=False) as wb:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        wb.backup(Path(sys.argv[2]))
    except StorageError as error:
        print(type(error).__name__, error)
    print(wb.check().ok)
"""


def test_a_disk_that_is_full_leaves_nothing_behind(wb: Workbook, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    played = subprocess.run(
        [sys.executable, "-c", LIMITED, wb.path, str(folder / "backup.db")], capture_output=True, text=True, timeout=60
    )
    assert played.stderr == ""
    assert played.stdout.startswith(f"StorageError {folder}: the copy could not be written (")
    assert played.stdout.endswith("; nothing was left there. Free some space, or name another place.\nTrue\n")
    assert names(folder) == []


def test_a_copy_that_is_not_whole_is_not_kept(wb: Workbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(source: Path, partial: Path) -> None:
        with closing(sqlite3.connect(partial)) as connection:
            connection.execute("PRAGMA application_id=0x72656C6F")
            connection.execute("CREATE TABLE events (id INTEGER, sha256 TEXT)")

    wb.clusters.create(name="eu-1")
    monkeypatch.setattr(backup, "copy", broken_off)
    with pytest.raises(StorageError, match="the backup is not what the workbook holds"):
        wb.backup(tmp_path / "new" / "backups" / "backup.db")
    assert not (tmp_path / "new").exists()


def test_a_workbook_that_is_damaged_is_named_itself(wb: Workbook, build: Any, tmp_path: Path) -> None:
    build.step()
    with wb._core.store._write.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("DELETE FROM clusters")
        connection.commit()
    with pytest.raises(StorageError) as caught:
        wb.backup(tmp_path / "backup.db")
    why = "no copy was kept, because what it holds is not whole: this workbook is damaged (1 rows point at nothing)."
    assert str(caught.value) == f"{wb.path}: {why}"
    assert not (tmp_path / "backup.db").exists()


def test_backups_amid_writes_are_whole(wb: Workbook, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            wb.clusters.create(name=f"cluster-{number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [wb.backup(tmp_path / f"{number}.db") for number in range(5)]
    finally:
        stop.set()
        writer.join()
    for each in made:
        with open_workbook(str(each.path), operator="nobody", create=False) as copy:
            assert (copy.check().ok, copy.revision(), len(copy.clusters.list())) == (True, each.events, each.events)
    assert wb._core.store.checked_out() == 0


@pytest.fixture
def lost(url: str, tmp_path: Path) -> tuple[Path, list[str]]:
    """A backup, what it holds, and a workbook that went on since and was closed."""
    with open_workbook(url, operator="ana") as wb:
        wb.clusters.create(name="eu-1")
        path = wb.backup(tmp_path / "kept.db").path
        wb.clusters.create(name="a mistake")
    return path, everything(path)


def test_a_backup_comes_back_and_the_old_files_stay(url: str, lost: tuple[Path, list[str]], tmp_path: Path) -> None:
    path = tmp_path / "workbook.db"
    mistaken, backed_up = everything(url), lost[0].read_bytes()
    path.with_name("workbook.db-journal").touch()
    found = restore(lost[0], url, NOON)
    kept = tmp_path / "workbook.db.before-restore-2026-11-23T120000Z"
    assert (found.path, found.kept, found.events, found.schema) == (path, kept, 1, SCHEMA)
    assert lost[0].read_bytes() == backed_up
    assert everything(url) == lost[1]
    assert everything(kept) == mistaken
    assert path.stat().st_mode & 0o777 == 0o600
    assert [name for name in names(tmp_path) if "partial" in name] == []


@pytest.mark.parametrize("kind", ["missing", "damaged", "empty"])
def test_it_comes_back_where_there_is_nothing_or_nothing_good(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "workbook.db"
    shutil.rmtree(path.with_name("workbook.db-journal"), ignore_errors=True)
    path.with_name("workbook.db-journal").unlink(missing_ok=True)
    content = {"missing": None, "damaged": b"no database " * 1000, "empty": b""}[kind]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = restore(lost[0], url, NOON)
    assert everything(url) == lost[1]
    assert (None if found.kept is None else found.kept.read_bytes()) == content


def test_what_is_no_backup_is_refused_and_nothing_is_touched(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path
) -> None:
    good = lost[0].read_bytes()
    (tmp_path / "text.db").write_text("no database")
    (tmp_path / "empty.db").touch()
    (tmp_path / "cut.db").write_bytes(good[: len(good) // 2])
    with closing(sqlite3.connect(tmp_path / "newer.db")) as connection:
        connection.executescript("")
    (tmp_path / "newer.db").write_bytes(good)
    with closing(sqlite3.connect(tmp_path / "newer.db")) as connection, connection:
        connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    (tmp_path / "orphan.db").write_bytes(good)
    with closing(sqlite3.connect(tmp_path / "orphan.db")) as connection, connection:
        row = (1, 77, "acme", "Acme", 1, 1)
        connection.execute(
            "INSERT INTO customers (id, cluster_id, namespace, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for name, words in {
        "text.db": "cannot be read as a workbook",
        "empty.db": "there is no workbook here",
        "nothing.db": "there is no workbook here",
        "cut.db": "this",
        "newer.db": "newer than the",
        "orphan.db": "this workbook is damaged (1 rows point at nothing)",
        "workbook.db": "this is the workbook itself",
    }.items():
        with pytest.raises(CannotOpen) as caught:
            restore(tmp_path / name, url)
        assert words in str(caught.value), name
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_workbook_that_is_open_is_not_replaced(url: str, lost: tuple[Path, list[str]], tmp_path: Path) -> None:
    before = names(tmp_path)
    with open_workbook(url, operator="ana") as wb, pytest.raises(Busy, match=r"it is open .* \(process this one\)"):
        restore(lost[0], url)
    assert wb._core.store.checked_out() == 0
    assert [name for name in names(tmp_path) if not name.endswith("-journal")] == [
        name for name in before if not name.endswith("-journal")
    ]


def test_a_lock_is_seen_where_nobody_tells_who_has_a_file(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "holders", lambda path: set())
    with closing(sqlite3.connect(tmp_path / "workbook.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="another program is using it"):
            restore(lost[0], url)
        other.execute("ROLLBACK")
    assert restore(lost[0], url).events == 1


def test_a_restore_that_fails_half_way_leaves_the_workbook(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, there = everything(url), names(tmp_path)

    def refuse(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageError, match="it cannot be created"):
        restore(lost[0], url)
    monkeypatch.undo()
    assert names(tmp_path) == there
    assert everything(url) == before


KILLED = """
import os, shutil, signal, sys
from itertools import count
from pathlib import Path
from relorch.store.backup import restore
folder, backup = map(Path, sys.argv[1:])

def kill_at(steps):
    def watch(event, arguments, seen=count()):
        if event in ("os.link", "os.rename", "os.remove") and next(seen) == steps:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)

for steps in count():
    place = shutil.copytree(folder, folder.with_name(f"killed-{steps}"))
    if (child := os.fork()) == 0:
        kill_at(steps)
        restore(backup, str(place / "workbook.db"))
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(steps)
"""


def test_a_restore_that_is_killed_at_any_point_leaves_one_whole_workbook(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path
) -> None:
    mistaken, folder = everything(url), tmp_path / "place"
    folder.mkdir()
    for name in ("workbook.db", "workbook.db-journal"):
        (tmp_path / name).rename(folder / name)
    played = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(lost[0])], capture_output=True, text=True, timeout=60
    )
    assert played.stderr == ""
    times = int(played.stdout)
    assert times > 4
    found = [everything(tmp_path / f"killed-{number}" / "workbook.db") for number in range(times + 1)]
    assert found[0] == mistaken
    assert found[-1] == lost[1]
    assert [each for each in found if each not in (mistaken, lost[1])] == []
    for number in range(times + 1):
        with open_workbook(str(tmp_path / f"killed-{number}" / "workbook.db"), operator="ana") as wb:
            assert wb.check().ok


def test_what_a_restore_kept_is_named_where_the_workbook_is_gone_and_nothing_is_made_there(
    url: str, lost: tuple[Path, list[str]], tmp_path: Path
) -> None:
    kept, lines = restore(lost[0], url, NOON).kept, everything(lost[0])
    (tmp_path / "workbook.db").unlink()
    before = names(tmp_path)
    for use in (
        lambda: open_workbook(url, operator="ana"),
        lambda: open_workbook(url, operator="ana", create=False),
        lambda: import_workbook(url, lines),
    ):
        with pytest.raises(CannotOpen, match="a restore kept the workbook that was here") as caught:
            use()
        assert f"{kept}." in str(caught.value)
    assert names(tmp_path) == before
    assert restore(lost[0], url).kept is None


def test_what_killed_runs_left_is_told_and_what_is_being_made_is_not(wb: Workbook, tmp_path: Path) -> None:
    kept = restore(wb.backup(tmp_path / "old.db").path, str(tmp_path / "other.db")).path
    (tmp_path / "backups").mkdir()
    (tmp_path / ".relorch-1").mkdir()
    left = [".relorch-1", ".workbook.db.1a2b3c4d.partial", "backups/.x.db.1a2b3c4d.partial"]
    for name in (*left[1:], ".relorch-1/copy.db", ".other.db.1a2b3c4d.partial"):
        (tmp_path / name).touch()
    os.link(wb.path, tmp_path / "workbook.db.before-restore-2026")
    os.link(kept, tmp_path / "workbook.db.before-restore-2025")
    left.append("workbook.db.before-restore-2026")
    assert [str(path.relative_to(tmp_path)) for path in leftovers(Path(wb.path))] == left
    with (tmp_path / left[1]).open(), (tmp_path / ".relorch-1" / "copy.db").open():
        assert [str(path.relative_to(tmp_path)) for path in leftovers(Path(wb.path))] == left[2:]


def test_check_tells_what_is_wrong(wb: Workbook, build: Any, sql: Sql) -> None:
    step = build.step()
    wb.steps.mark_done(step.id)
    assert wb.check().ok
    sql("DROP TRIGGER events_no_update")
    sql("DROP TRIGGER events_no_delete")
    sql("CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT 1; END")
    sql("DROP INDEX unique_release_name")
    sql("UPDATE events SET operator = 'eve' WHERE id = 3")
    sql("UPDATE customer_steps SET executed_content = 'rm -rf /'")
    found = wb.check()
    assert not found.ok
    assert (found.integrity, found.foreign_keys) == ((), ())
    assert found.missing == ("index unique_release_name", "trigger events_no_update", "trigger events_no_delete")
    assert (found.first_broken_event, found.texts) == (3, (step.id,))


@pytest.mark.parametrize(
    "changed",
    [
        "status = 'skipped'",
        "executed_by = 'eve'",
        "executed_content = 'evil', executed_sha256 = 'b5c1fb2efc6d6b4674c2fdcc48ce01b43a3b7c03763c0c3355de0099ee0f8c73'",
        "executed_at = 1",
        "notes = 'forged'",
        "skip_reason = 'forged'",
        "status = 'pending', executed_at = NULL, executed_by = NULL, executed_content = NULL, executed_sha256 = NULL",
    ],
)
def test_check_compares_each_step_with_its_events(wb: Workbook, build: Any, sql: Sql, changed: str) -> None:
    done, *_ = build.steps_of(build.active(steps=3))
    wb.steps.mark_done(done.id)
    assert wb.check().ok
    sql(f"UPDATE customer_steps SET {changed} WHERE id = ?", done.id)
    assert wb.check().states == (done.id,)


def test_check_says_what_is_wrong_with_a_page_that_cannot_be_read(wb: Workbook, build: Any) -> None:
    build.active(customers=20, steps=20)
    path = Path(wb.path)
    wb.close()
    whole = path.read_bytes()
    told = 0
    for at in range(4096, len(whole), 3 * 4096):
        path.write_bytes(whole[:at] + b"\xa5" * 4096 + whole[at + 4096 :])
        try:
            with open_workbook(str(path), operator="ana", create=False) as damaged:
                found = damaged.check()
        except CannotOpen:
            continue
        assert found.integrity
        assert not found.ok
        told += 1
    assert told > 3, told


def test_check_agrees_with_all_that_a_step_can_go_through(wb: Workbook, build: Any, sql: Sql) -> None:
    release = build.active(customers=2, steps=4)
    first, second, third, fourth, *others = build.steps_of(release)
    wb.steps.start(first.id)
    wb.steps.fail(first.id, reason="disk full")
    wb.undo()
    wb.acting_as("ben").steps.mark_done(first.id)
    wb.steps.skip(second.id, reason="not here")
    wb.steps.reopen(second.id)
    wb.steps.override(third.id, "echo other")
    wb.steps.mark_done([third.id, fourth.id])
    wb.templates.delete(others[0].template_id)
    wb.undo()
    wb.templates.delete(fourth.template_id)
    own = wb.steps.add_custom(release.id, first.customer_id, name="n", category="verify", type="text", content="c")
    wb.steps.mark_done(own.id)
    wb.steps.reopen(own.id)
    wb.steps.delete(own.id)
    wb.undo()
    wb.steps.revert(third.id)
    found = wb.check()
    assert found.ok, found
    sql("UPDATE customer_steps SET executed_by = 'eve' WHERE status != 'pending'")
    assert len(wb.check().states) == sql("SELECT count(*) FROM customer_steps WHERE status != 'pending'")[0][0] == 3


def test_a_workbook_that_lost_a_table_is_refused_on_opening(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE events")
    with pytest.raises(CannotOpen, match=r"workbook is damaged \(table events is missing\)"):
        open_workbook(url, operator="ana")


def test_check_says_so_when_the_record_is_gone_or_rows_hang_in_the_air(wb: Workbook, build: Any, sql: Sql) -> None:
    build.step()
    with wb._core.store._write.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("DELETE FROM clusters")
        connection.commit()
    sql("DROP TABLE events")
    found = wb.check()
    assert found.foreign_keys == ("customers row 1: its clusters is not there",)
    assert "table events" in found.missing
    assert found.first_broken_event is None


ONE_MORE = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    with op.batch_alter_table("releases", recreate="always") as table:
        table.add_column(sa.Column("ticket", sa.Text()))
"""


@pytest.fixture
def next_scripts(tmp_path: Path) -> Callable[[str], Path]:
    """The package's migrations and one more."""

    def make(source: str) -> Path:
        folder = tmp_path / "migrations"
        shutil.copytree(SCRIPTS, folder)
        (folder / "versions" / "v0002_next.py").write_text(source)
        return folder

    return make


@pytest.fixture
def filled(url: str) -> Path:
    """A closed workbook with rows in every table."""
    with open_workbook(url, operator="ana") as wb:
        cluster = wb.clusters.create(name="eu-1")
        customer = wb.customers.create(cluster_id=cluster.id, namespace="acme", name="Acme")
        release = wb.releases.create(name="2026.11", type="release")
        wb.templates.add(release.id, name="Migrate", category="deploy", type="bash", content="true")
        wb.releases.activate(release.id, customer_ids=[customer.id])
        return Path(wb.path)


def test_with_the_newest_schema_there_is_nothing_to_upgrade(url: str, filled: Path) -> None:
    before = filled.read_bytes()
    assert upgrade(url) == Upgraded(filled, SCHEMA, SCHEMA, None)
    assert filled.read_bytes() == before
    assert not (filled.parent / "backups").exists()


def test_an_upgrade_keeps_every_row_and_makes_a_backup(
    url: str, filled: Path, next_scripts: Callable[[str], Path]
) -> None:
    before = everything(url)
    done = upgrade(url, now=NOON, scripts=next_scripts(ONE_MORE), schema=2)
    kept = filled.parent / "backups" / "workbook-2026-11-23T120000Z.db"
    assert done == Upgraded(filled, 1, 2, kept)
    assert everything(kept) == before
    with closing(sqlite3.connect(filled)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT id, name, ticket FROM releases").fetchall() == [(1, "2026.11", None)]
        counts = [
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("step_templates", "customer_steps")
        ]
        assert counts == [1, 1]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA application_id").fetchone() == (0x72656C6F,)
    with pytest.raises(CannotOpen, match="newer than the 1 this relorch knows"):
        open_workbook(url, operator="ana")


BROKEN = {
    "a statement fails": ('op.execute("UPDATE nowhere SET a = 1")', "no such table: nowhere"),
    "rows get lost": ('op.execute("DELETE FROM customer_steps")', "rows lost or added in customer_steps"),
    "rows hang in the air": (
        'op.execute("UPDATE customer_steps SET template_id = 99")',
        "its tables do not fit together",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_upgrade_that_fails_changes_nothing_and_names_the_backup(
    url: str, filled: Path, next_scripts: Callable[[str], Path], kind: str
) -> None:
    before = everything(url)
    statement, words = BROKEN[kind]
    scripts = next_scripts(ONE_MORE + f"    {statement}\n")
    with pytest.raises(StorageError) as caught:
        upgrade(url, now=NOON, scripts=scripts, schema=2)
    kept = filled.parent / "backups" / "workbook-2026-11-23T120000Z.db"
    assert words in str(caught.value)
    assert f"nothing was changed. A backup is {kept}." in str(caught.value)
    assert everything(url) == everything(kept) == before


def test_an_upgrade_waits_for_nobody(url: str, filled: Path, next_scripts: Callable[[str], Path]) -> None:
    with open_workbook(url, operator="ana") as wb:
        with pytest.raises(Busy, match="it is open in another program"):
            upgrade(url, scripts=next_scripts(ONE_MORE), schema=2)
        assert wb.check().ok
    assert migrate.SCHEMA == 1


def test_two_restores_at_one_moment_keep_both_of_what_they_set_aside(url: str, wb: Workbook, tmp_path: Path) -> None:
    made = wb.backup(tmp_path / "old.db")
    wb.clusters.create(name="precious")
    wb.close()
    moment = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    kept = [restore(made.path, url, moment).kept for _ in range(2)]
    assert len(set(kept)) == 2
    with open_workbook(str(kept[0]), operator="ana", create=False) as first:
        assert "precious" in [cluster.name for cluster in first.clusters.list()]


def test_a_restore_by_a_link_restores_what_it_leads_to(wb: Workbook, tmp_path: Path) -> None:
    made = wb.backup(tmp_path / "old.db").path
    wb.clusters.create(name="later")
    path = Path(wb.path)
    wb.close()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(path)
    done = restore(made, str(link))
    assert link.is_symlink()
    assert done.path == path
    assert done.kept is not None
    assert not done.kept.is_symlink()
    for file, names in ((path, []), (done.kept, ["later"])):
        with open_workbook(str(file), operator="ana") as found:
            assert [each.name for each in found.clusters.list()] == names
