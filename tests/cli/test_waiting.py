"""Long work shows on a terminal that it goes on, on stderr alone; into a file or pipe it says nothing of that."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.conftest import Build


def ran(*words: str, cwd: Path) -> tuple[bytes, str]:
    """Run relorch with stderr on a terminal; gives what went to stdout, and what the terminal got."""
    mine, theirs = pty.openpty()
    usual = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "RELORCH_OPERATOR": "ana"}
    command = [sys.executable, "-m", "relorch", *words]
    seen = b""
    with (cwd / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=theirs, env=usual)
    os.close(theirs)
    with suppress(OSError):  # the terminal has nobody left
        while more := os.read(mine, 65_536):
            seen += more
    os.close(mine)
    assert process.wait() == 0, seen
    return (cwd / "out").read_bytes(), seen.decode()


def test_a_check_shows_that_it_goes_on(build: Build, url: str, tmp_path: Path) -> None:
    build.active()
    told, seen = ran("check", "--db", url, cwd=tmp_path)
    assert told == b""
    assert "is whole" in seen
    assert "checking" in seen


def test_an_import_has_a_bar_that_goes_away(build: Build, url: str, tmp_path: Path) -> None:
    build.active(customers=30, steps=30)
    exported, seen = ran("export", "workbook", "--db", url, cwd=tmp_path)
    assert all(json.loads(line) for line in exported.splitlines())
    assert "writing lines" in seen
    (tmp_path / "whole.jsonl").write_bytes(exported)
    _, seen = ran("import", "workbook", "whole.jsonl", "--db", f"sqlite:///{tmp_path}/new.db", cwd=tmp_path)
    assert "reading lines" in seen
    assert "\x1b[2K" in seen  # the line is wiped at the end
