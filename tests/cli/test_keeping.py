"""A workbook that is kept safe: what check tells, and what a run that is ended leaves: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relorch import Workbook, open_workbook
from tests.cli.conftest import Run
from tests.conftest import Build


def test_check_names_what_a_killed_run_left_and_is_content(relorch: Run, wb: Workbook, tmp_path: Path) -> None:
    left = tmp_path / ".workbook.db.0a1b2c3d.partial"
    left.touch()
    told = relorch("check")
    assert (told.code, told.out) == (0, "")
    assert told.err.splitlines() == [
        f"relorch: {left}: a run that was killed left this here, and it holds what the workbook holds; delete it.",
        "relorch: the workbook is whole.",
    ]


def test_check_tells_a_step_that_is_not_what_its_events_say(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step()
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE customer_steps SET status = 'done', executed_at = 1, executed_by = 'eve' WHERE id = ?", (step.id,)
        )
    told = relorch("check")
    assert (told.code, told.lines[1].split()) == (3, ["not", "as", "its", "events", "say", "step", str(step.id)])


def test_where_a_restore_kept_the_workbook_none_is_made(elsewhere: Run, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    open_workbook(str(path), operator="ana").close()
    kept = path.rename(tmp_path / "app.db.before-restore-2026-11-23T120000Z")
    file = tmp_path / "inventory.csv"
    file.write_text("cluster,namespace,name\neu-1,acme,Acme\n")
    importing = ("import", "inventory", file)
    for words in (("status",), ("serve", "--no-browser"), importing, (*importing, "--dry-run")):
        refused = elsewhere(*words, "--db", path)
        assert (refused.code, str(kept) in refused.err, "creates" in refused.err) == (2, True, False), words
    assert not path.exists()


def at_a_terminal() -> None:
    """Take SIGHUP as a terminal's programs do, also where the tests themselves were started by nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def ended(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a command that waits for its input, send it a signal, and give its code and what it said."""

    def run(number: int, *words: object) -> tuple[int, str]:
        os.mkfifo(tmp_path / "lines")
        command = [sys.executable, "-m", "relorch", *map(str, words)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=at_a_terminal) as process:
            with (tmp_path / "lines").open("w"):  # nothing comes
                wait_for(lambda: any(tmp_path.rglob("*.partial")))
                process.send_signal(number)
                code = process.wait(timeout=30)
            assert process.stderr is not None
            return code, process.stderr.read()

    return run


def wait_for(there: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_leaves_nothing(
    ended: Callable[..., tuple[int, str]], tmp_path: Path, number: int
) -> None:
    told = ended(number, "import", "workbook", tmp_path / "lines", "--db", tmp_path / "new" / "n.db")
    assert told == (128 + number, "")
    assert [path.name for path in tmp_path.iterdir()] == ["lines"]


def test_a_server_whose_terminal_was_closed_stops_and_leaves_no_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "relorch", "serve", "--port", "0", "--db", str(tmp_path / "app.db")]
    environment = {**os.environ, "BROWSER": "true"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, preexec_fn=at_a_terminal
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"http://127.0.0.1:")
        wait_for(lambda: any(tmp_path.glob(".open-*.html")))
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=30) == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
