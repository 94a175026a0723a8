"""Wrong usage leaves with 2, says which word was wrong, and what there is to choose from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import Build

STEP = ("add-step", "FILE", "--release", "release-1", "--customer", "customer-4", "--name", "Own")


@pytest.mark.parametrize(
    ("words", "option", "choices"),
    [
        ((*STEP, "--category", "build", "--type", "bash"), "--category", "'deploy', 'verify'"),
        ((*STEP, "--category", "deploy", "--type", "perl"), "--type", "'bash', 'sql', 'text'"),
        (("status", "--release", "release-1", "--by", "moon"), "--by", "'cluster', 'customer', 'step', 'category'"),
        (("import", "release", "FILE", "--format", "word"), "--format", "'yaml', 'markdown'"),
        (("export", "release", "release-1", "--format", "word"), "--format", "'yaml', 'markdown'"),
    ],
)
def test_a_choice_that_there_is_not_is_refused_with_those_there_are(
    relorch: Run, build: Build, tmp_path: Path, words: tuple[str, ...], option: str, choices: str
) -> None:
    build.active()
    (tmp_path / "file").write_text("true")
    refused = relorch(*(str(tmp_path / "file") if word == "FILE" else word for word in words))
    assert (refused.code, refused.out) == (2, "")
    assert f"'{option}'" in refused.err
    assert choices in refused.err


def test_each_choice_does_what_it_says(relorch: Run, build: Build, tmp_path: Path) -> None:
    build.active()
    (tmp_path / "own").write_text("SELECT 1")
    made = relorch(
        *(str(tmp_path / "own") if word == "FILE" else word for word in STEP), "--category", "verify", "--type", "sql"
    )
    assert (made.code, made.lines[1].split()[1]) == (0, "verify")
    for chosen, begin in (("yaml", "name: "), ("markdown", "# ")):
        written = relorch("export", "release", "release-1", "--format", chosen)
        assert (written.code, begin in written.out) == (0, True)
        (tmp_path / "file.txt").write_text(written.out)
        read = relorch("import", "release", tmp_path / "file.txt", "--format", chosen, "--name", f"from {chosen}")
        assert read.code == 0


@pytest.mark.parametrize("name", ["", "two\nlines", "x" * 300])
def test_an_operator_who_cannot_be_one_is_wrong_usage(relorch: Run, build: Build, name: str) -> None:
    step = build.step()
    for words in (("--operator", name, "done", step.id), ("done", step.id, "--operator", name)):
        refused = relorch(*words)
        assert (refused.code, refused.out) == (2, "")
        assert "--operator" in refused.err
    assert build.wb.steps.get(step.id).status == "pending"


def test_a_file_that_cannot_be_used_is_not_told_as_the_output(elsewhere: Run, relorch: Run, tmp_path: Path) -> None:
    nameless = tmp_path / ("x" * 300)
    for words in (("import", "spec-database", nameless), ("restore", nameless)):
        refused = elsewhere(*words, "--db", tmp_path / "new.db")
        assert "xxx" in refused.err
        assert "the output" not in refused.err
        assert refused.code == (2 if words[0] == "import" else 3)
