"""Which files are workbooks: everything else is refused in one line and left as it is."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from relorch import open_workbook
from relorch.errors import CannotOpen, StorageError
from relorch.store.tables import APPLICATION_ID, SCHEMA

Make = Callable[[Path, Path], None]


def changed(statement: str) -> Make:
    """A workbook in which one thing was changed."""

    def make(path: Path, blank: Path) -> None:
        path.write_bytes(blank.read_bytes())
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    return make


def sqlite_file(*statements: str) -> Make:
    """Another program's SQLite file."""

    def make(path: Path, blank: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return make


def written(content: bytes) -> Make:
    return lambda path, blank: path.write_bytes(content) and None


def cut(size: int) -> Make:
    return lambda path, blank: path.write_bytes(blank.read_bytes()[:size]) and None


NEWER = f"newer than the {SCHEMA} this relorch knows; install a newer relorch"
STRANGERS: dict[str, tuple[Make, str]] = {
    "a text": (written(b"name,namespace\nAcme,acme\n" * 100), "this is not a database"),
    "one byte": (written(b"x"), "it was left as it is"),
    "an image": (written(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20), "this is not a database"),
    "an empty file": (written(b""), "this file is empty, not a relorch workbook"),
    "zeros": (written(bytes(8192)), "this is not a database"),
    "another program's database": (
        sqlite_file("CREATE TABLE customers (id INTEGER)", "INSERT INTO customers VALUES (1)"),
        "this is another program's database",
    ),
    "another program's database with a mark": (
        sqlite_file("PRAGMA application_id=1196444487", "CREATE TABLE a (b)"),
        "this is another program's database",
    ),
    "a database without a table": (sqlite_file("PRAGMA user_version=1"), "this is another program's database"),
    "a newer schema by its number": (changed(f"PRAGMA user_version={SCHEMA + 1}"), NEWER),
    "a newer schema by its revision": (changed("UPDATE alembic_version SET version_num = '0099'"), NEWER),
    "an unknown revision": (changed("UPDATE alembic_version SET version_num = 'ae1027a6acf'"), NEWER),
    "only its head": (cut(100), "cannot be read as a workbook"),
}


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder with its digest; what is no file with its kind."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "other"
        for path in folder.rglob("*")
    }


@contextmanager
def refused_untouched(path: Path, folder: Path, *words: str) -> Iterator[None]:
    before = state_of(folder)
    with pytest.raises(CannotOpen) as caught:
        yield
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message
    assert state_of(folder) == before


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("kind", STRANGERS)
def test_what_is_no_workbook_of_this_schema_is_refused_and_left_as_it_is(
    tmp_path: Path, blank: Path, kind: str, create: bool
) -> None:
    make, words = STRANGERS[kind]
    path = tmp_path / "workbook.db"
    make(path, blank)
    with refused_untouched(path, tmp_path, words):
        open_workbook(f"sqlite:///{path}", operator="ana", create=create)


def test_an_older_schema_is_sent_to_the_upgrade_and_left_as_it_is(tmp_path: Path, blank: Path) -> None:
    path = tmp_path / "workbook.db"
    changed("PRAGMA user_version=0")(path, blank)
    changed_revision = f"its schema is 0, this relorch needs {SCHEMA}; run 'relorch db upgrade'"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM alembic_version")
    with refused_untouched(path, tmp_path, changed_revision):
        open_workbook(f"sqlite:///{path}", operator="ana")


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_is_refused(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "workbook.db"
    path.mkdir()
    with refused_untouched(path, tmp_path, "this is not a file"):
        open_workbook(f"sqlite:///{path}", operator="ana", create=create)


@pytest.mark.parametrize("create", [True, False])
def test_a_link_to_nowhere_and_a_pipe_are_refused(tmp_path: Path, create: bool) -> None:
    link, pipe = tmp_path / "link.db", tmp_path / "pipe.db"
    link.symlink_to(tmp_path / "nowhere.db")
    os.mkfifo(pipe)
    for path in (link, pipe):
        with refused_untouched(path, tmp_path, "this is not a file"):
            open_workbook(f"sqlite:///{path}", operator="ana", create=create)


@pytest.mark.parametrize("name", ["workbook.db", "a/b/workbook.db"])
def test_a_missing_file_creates_nothing_when_it_has_to_be_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with refused_untouched(path, tmp_path, "there is no such file"):
        open_workbook(f"sqlite:///{path}", operator="ana", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    long = "x" * 300
    for path in (tmp_path / "file" / "workbook.db", tmp_path / long, tmp_path / long / "workbook.db"):
        with refused_untouched(path, tmp_path, "it cannot be created"):
            open_workbook(f"sqlite:///{path}", operator="ana")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_workbook_that_was_cut_off_is_refused_and_left_as_it_is(tmp_path: Path, blank: Path, share: float) -> None:
    path = tmp_path / "workbook.db"
    content = blank.read_bytes()
    cut(int(len(content) * share))(path, blank)
    before = state_of(tmp_path)
    with pytest.raises(StorageError) as caught, open_workbook(f"sqlite:///{path}", operator="ana") as wb:
        wb.history()
        wb.clusters.list(inactive=True)
        for release in wb.releases.list():
            wb.templates.list(release.id)
        assert wb.first_broken_event() is None
        wb.customers.list(inactive=True)
        wb.matrix(1)
    assert "\n" not in str(caught.value)
    assert state_of(tmp_path) == before


def test_a_new_file_is_for_its_owner_only_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "data" / "workbook.db"
    mask = os.umask(0)
    try:
        open_workbook(f"sqlite:///{path}", operator="ana").close()
    finally:
        os.umask(mask)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [name.name for name in path.parent.iterdir() if name.stat().st_size] == ["workbook.db"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o750)
    open_workbook(f"sqlite:///{folder}/workbook.db", operator="ana").close()
    assert folder.stat().st_mode & 0o777 == 0o750


def test_what_a_broken_off_creation_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".workbook.db.0a1b2c3d.partial").write_bytes(b"half")
    open_workbook(f"sqlite:///{tmp_path}/workbook.db", operator="ana").close()
    assert (tmp_path / ".workbook.db.0a1b2c3d.partial").read_bytes() == b"half"


def test_two_threads_that_create_at_once_share_one_workbook(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/workbook.db"
    ready = threading.Barrier(2)
    answers: list[object] = []

    def create(name: str) -> None:
        ready.wait()
        try:
            with open_workbook(url, operator="ana") as wb:
                answers.append(wb.clusters.create(name=name).name)
        except Exception as error:  # noqa: BLE001 any error at all is the answer
            answers.append(error)

    threads = [threading.Thread(target=create, args=(name,)) for name in ("eu-1", "us-1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["eu-1", "us-1"]
    with open_workbook(url, operator="ana", create=False) as wb:
        assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1", "us-1"]
    assert list((tmp_path / "data").glob("*.partial*")) == []


CREATE = """
import sys
import relorch
print("ready", flush=True)
sys.stdin.readline()
with relorch.open_workbook(sys.argv[1], operator="ana") as wb:
    wb.clusters.create(name=sys.argv[2])
"""


def test_two_processes_that_create_at_once_share_one_workbook(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/workbook.db"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("eu-1", "us-1")
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    with open_workbook(url, operator="ana", create=False) as wb:
        assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1", "us-1"]
    assert [path.name for path in (tmp_path / "data").iterdir() if "partial" in path.name] == []
