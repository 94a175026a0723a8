"""Which database a command opens, and how it refuses one."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from relorch import Workbook, open_workbook


def relorch(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "RELORCH_OPERATOR")}
    command = [sys.executable, "-m", "relorch", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=known | environment)


def text_file(path: Path) -> None:
    path.write_text("these are my notes, not a database\n" * 100)


def empty_file(path: Path) -> None:
    path.touch()


def another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE cookies (name TEXT)")
        other.commit()


def newer_schema(path: Path) -> None:
    open_workbook(str(path), operator="ana").close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '0999'")
        newer.commit()


@pytest.mark.parametrize("made", [text_file, empty_file, another_program, newer_schema])
@pytest.mark.parametrize("command", ["status", "serve"])
def test_a_file_that_is_no_workbook_is_refused_in_one_line_and_left_as_it_is(
    tmp_path: Path, made: object, command: str
) -> None:
    path = tmp_path / "given.db"
    made(path)  # type: ignore[operator]
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    done = relorch(command, "--db", f"sqlite:///{path}", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [each.name for each in tmp_path.iterdir()] == ["given.db"]


def test_status_on_a_missing_file_creates_nothing(tmp_path: Path) -> None:
    done = relorch("status", cwd=tmp_path)
    assert done.returncode == 2
    assert str(tmp_path / "data" / "app.db") in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_sample_refuses_a_database(tmp_path: Path) -> None:
    done = relorch("serve", "--sample", "--db", "x.db", cwd=tmp_path)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_status_prints_data_on_stdout_and_takes_the_database_before_or_behind(url: str, wb: Workbook) -> None:
    wb.releases.create(name="2026.11", type="release")
    folder = Path(url.removeprefix("sqlite:///")).parent
    behind = relorch("status", "--db", url, "--json", cwd=folder)
    before = relorch("--db", url, "status", "--json", cwd=folder)
    from_environment = relorch("status", "--json", cwd=folder, DATABASE_URL=url)
    assert behind.returncode == 0
    assert behind.stdout == before.stdout == from_environment.stdout
    (release,) = json.loads(behind.stdout)
    assert (release["name"], release["progress"]["percentage"]) == ("2026.11", None)


def test_a_name_never_reaches_the_terminal_raw(url: str, wb: Workbook) -> None:
    wb.releases.create(name="evil \u202e name", type="release")
    done = relorch("status", "--db", url, cwd=Path(url.removeprefix("sqlite:///")).parent)
    assert "\u202e" not in done.stdout
    assert "\\u202e" in done.stdout


def test_a_wrong_operator_is_refused(tmp_path: Path) -> None:
    done = relorch("serve", "--operator", "", "--no-browser", cwd=tmp_path, RELORCH_OPERATOR="two\nlines")
    assert done.returncode == 2
    assert "operator" in done.stderr
    assert list(tmp_path.iterdir()) == []
