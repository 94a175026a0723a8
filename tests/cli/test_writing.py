"""Where `-o` writes: never over a database, never under a name that says something else."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from relorch import Workbook, open_workbook
from tests.cli.conftest import Run
from tests.conftest import Build


def test_no_database_is_written_over_nor_its_journal(relorch: Run, wb: Workbook, tmp_path: Path) -> None:
    other, foreign = tmp_path / "other.db", tmp_path / "foreign.csv"
    open_workbook(str(other), operator="ben").close()
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("CREATE TABLE cookies (name TEXT)")
    backup = wb.backup(tmp_path / "kept.db").path
    hard = tmp_path / "hard.csv"
    os.link(wb.path, hard)
    soft = tmp_path / "soft.csv"
    soft.symlink_to(other)
    journals = [Path(f"{other}{ending}") for ending in ("-wal", "-shm", "-journal")]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for target in (other, foreign, backup, hard, soft, *journals):
        refused = relorch("export", "inventory", "-o", target)
        assert (refused.code, "choose another name" in refused.err) == (1, True), target
    assert "this is the workbook itself" in relorch("export", "inventory", "-o", hard).err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    wb.clusters.create(name="still here")


@pytest.mark.parametrize(
    ("words", "name", "known"),
    [
        ("inventory", "x.pdf", ".csv"),
        ("inventory", "x.json", ".csv"),
        ("release 1", "x.csv", ".yaml, .yml"),
        ("release 1 --format yaml", "x.md", ".yaml, .yml"),
        ("release 1 --format markdown", "x.YAML", ".markdown, .md"),
        ("workbook", "x.db", ".json, .jsonl, .ndjson"),
    ],
)
def test_a_name_that_says_another_format_is_refused(
    relorch: Run, build: Build, tmp_path: Path, words: str, name: str, known: str
) -> None:
    build.release()
    refused = relorch("export", *words.split(), "-o", tmp_path / name)
    assert (refused.code, f"end the name in {known}" in refused.err.replace("\n", " ")) == (2, True), refused.err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["inventory", "inventory.txt", "of 2026.11", "x.CSV", "é" * 125 + ".txt", "x" * 255])
def test_a_name_that_says_nothing_else_will_do(relorch: Run, build: Build, tmp_path: Path, name: str) -> None:
    build.cluster(name="eu-1")
    assert relorch("export", "inventory", "-o", tmp_path / name).code == 0
    assert "eu-1" in (tmp_path / name).read_text()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_place_where_no_file_can_be_is_refused_in_a_sentence(relorch: Run, wb: Workbook, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "file").touch()
    for target in (loop, loop / "x.csv", tmp_path / ("x" * 256), tmp_path / "file" / "x.csv", tmp_path / "no" / "x"):
        refused = relorch("export", "inventory", "-o", target)
        assert (refused.code, "it cannot be written (" in refused.err.replace("\n", " ")) == (2, True), refused.err
    assert loop.is_symlink()


def test_a_link_keeps_its_place_and_what_it_leads_to_is_written(relorch: Run, build: Build, tmp_path: Path) -> None:
    build.cluster(name="eu-1")
    link, there, nowhere = tmp_path / "link.csv", tmp_path / "there.csv", tmp_path / "nowhere.csv"
    there.touch()
    for target in (there, nowhere):
        link.symlink_to(target)
        assert relorch("export", "inventory", "-o", link).code == 0
        assert (link.is_symlink(), "eu-1" in target.read_text()) == (True, True)
        link.unlink()
