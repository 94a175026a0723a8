"""Nothing that a terminal would obey reaches it, whatever the names are."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from relorch import Workbook
from relorch.cli.output import plain, plain_block, say_table
from relorch.cli.wire import wire
from tests.cli.conftest import Run
from tests.conftest import Build

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OBEYED = (
    [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))] + list(BIDI) + ["\u2028", "\u2029", "\ud800", "\ufeff"]
)


def names(count: int) -> list[str]:
    """Names of letters with what a terminal obeys among them; the seed is the test's."""
    pick = random.Random(12)
    letters = "abcZ é漢🙂[];:|\\'\"" + "\u0301"
    return [
        "".join(pick.choice([pick.choice(letters), pick.choice(OBEYED)]) for _ in range(pick.randint(1, 12)))
        for _ in range(count)
    ]


def obeyed(printed: str) -> set[str]:
    return {char for char in printed if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"}}


def test_the_names_hold_what_is_looked_for() -> None:
    assert obeyed("".join(names(1000))) == set(OBEYED) - {"\n"}


def test_no_name_of_1000_reaches_a_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    thousand = names(1000)
    say_table(("name", "again"), ((name, name) for name in thousand))
    lines = capsys.readouterr().out.split("\n")
    assert obeyed("\n".join(lines)) == set()
    assert len(lines) == 1 + 1000 + 1


def test_marks_tell_two_names_apart_and_leave_others_as_they_are() -> None:
    assert [plain(name) for name in ("Acme & Söhne 漢", "a\u202eb", "a\x1b[2J")] == [
        "Acme & Söhne 漢",
        "a\\u202eb",
        "a\\x1b[2J",
    ]
    assert plain_block("a\n\tb\x07\n") == "a\n\tb\\x07\n"


def test_columns_line_up_by_what_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("name", "state"), [("漢字", "x"), ("ab", "y"), (None, "z")])
    assert capsys.readouterr().out == "NAME  STATE\n漢字  x\nab    y\n      z\n"


def test_nothing_is_cut_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("a", "b"), [("x" * 3000, "y" * 3000)])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 3000 + "  " + "y" * 3000


def test_no_rows_are_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("a",), [])
    assert capsys.readouterr().out == ""


def test_names_that_are_stored_with_marks_are_printed_with_them_by_every_list(
    relorch: Run, wb: Workbook, build: Build
) -> None:
    evil = "evil \u202e name"
    cluster = build.cluster(name=evil)
    customer = build.customer(cluster, name=evil)
    release = build.release(name=evil)
    build.template(release, name=evil)
    wb.releases.activate(release.id, customer_ids=[customer.id])
    (step,) = build.steps_of(release)
    wb.acting_as(evil).steps.fail(step.id, reason=evil)
    commands = [
        "status",
        f"matrix -r {release.id}",
        f"next -r {release.id}",
        f"show {step.id}",
        "customers",
        "clusters",
    ]
    commands += [
        "history",
        f"members -r {release.id}",
        f"done {step.id} {step.id + 99}",
        f"show -r {release.id} -c {customer.id}",
    ]
    commands += [f"status --by {by} -r {release.id}" for by in ("cluster", "customer", "step")]
    for words in commands:
        ran = relorch(*words.split())
        assert "evil \\u202e name" in ran.out + ran.err, words
        assert obeyed(ran.out + ran.err) == set()


def test_json_keeps_every_character_and_is_plain_ascii(relorch: Run, build: Build) -> None:
    build.release(name="evil \u202e é")
    printed = relorch("status", "--json").out
    assert printed.isascii()
    assert [release["name"] for release in json.loads(printed)] == ["evil \u202e é"]


def test_a_terminal_without_the_letter_gets_its_number(url: str, build: Build) -> None:
    build.release(name="Söhne 漢")
    command = [sys.executable, "-m", "relorch", "status", "--db", url]
    done = subprocess.run(command, capture_output=True, env={"PYTHONIOENCODING": "ascii"}, timeout=60)
    assert (done.returncode, b"S\\xf6hne \\u6f22" in done.stdout) == (0, True)


def test_json_names_fields_in_camel_case_but_not_the_keys_of_metadata(build: Build) -> None:
    cluster = wire(build.cluster(metadata={"db_host": "db1"}))
    assert (cluster["metadata"], "kubeconfigPath" in cluster, "kubeconfig_path" in cluster) == (
        {"db_host": "db1"},
        True,
        False,
    )
    assert cluster["createdAt"].endswith("Z")


def test_csv_is_marked_for_a_terminal_and_byte_for_byte_in_a_pipe(relorch: Run, url: str, build: Build) -> None:
    build.customer(name="evil \u202e name")
    query = "select name, chr(27) || '[31m' || chr(10) || 'red' as x from customers"
    assert relorch("sql", query, "--csv").out == 'name,x\nevil \u202e name,"\x1b[31m\nred"\n'
    mine, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "relorch", "sql", query, "--csv", "--db", url], stdout=theirs, timeout=60
    )
    os.close(theirs)
    seen = os.read(mine, 10_000).decode().replace("\r\n", "\n")
    os.close(mine)
    assert (done.returncode, seen) == (0, 'name,x\nevil \\u202e name,"\\x1b[31m\nred"\n')


def test_names_of_files_that_cannot_be_used_are_printed_with_marks(relorch: Run, build: Build, tmp_path: Path) -> None:
    release = build.active()
    evil = tmp_path / "no\x1b[31m\u202efile"
    for words in (
        ("import", "inventory", evil),
        ("import", "release", evil),
        ("import", "workbook", evil),
        ("import", "spec-database", evil),
        ("override", 1, evil),
        ("export", "inventory", "-o", evil / "out.csv"),
        ("report", release.id, "-o", evil / "out.html"),
        ("done", "\x1b[31m\u202e"),
        ("done", 1, "--sha256", "\x1b[31m\u202e"),
        ("restore", evil),
    ):
        ran = relorch(*words)
        assert (ran.code, obeyed(ran.out + ran.err)) == (2, set()), words


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ('"$@" >/dev/full', 3, "No space left on device"),
        ('"$@" | true; exit "${PIPESTATUS[0]}"', 3, "its reader is gone"),
        ('"$@" >&-', 0, "stored as batch"),
        ('"$@" >/dev/null 2>/dev/full', 0, ""),
        ('"$@" >/dev/null 2>&-', 0, ""),
    ],
)
def test_who_cannot_be_told_is_not_told_that_nothing_was_done(
    url: str, wb: Workbook, build: Build, line: str, code: int, told: str
) -> None:
    step = build.step()
    words = [sys.executable, "-m", "relorch", "done", str(step.id), "--db", url, "--operator", "ana"]
    ran = subprocess.run(["bash", "-c", line, "bash", *words], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ran.returncode, told in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr
    assert wb.steps.get(step.id).status == "done"
