"""`relorch report`: where it goes, in which form, and what is left when it cannot be written."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest

from relorch import Workbook
from relorch.model.values import Release
from tests.cli.conftest import Run
from tests.conftest import Build


@pytest.fixture
def release(wb: Workbook, build: Build) -> Release:
    draft = build.release(name="2026.11")
    build.template(draft, name="Migrate", content="echo hi")
    acme = build.customer(name="Acme", namespace="acme-prod")
    active = wb.releases.activate(draft.id, customer_ids=[acme.id])
    wb.steps.mark_done(build.steps_of(active)[0].id, notes="=1+1")
    return active


def test_a_release_is_reported_by_name_to_the_output(relorch: Run, release: Release) -> None:
    ran = relorch("report", "2026.11")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("<!doctype html>")
    assert "Release report" in ran.out


def test_the_file_says_the_format_unless_it_is_said(relorch: Run, release: Release, tmp_path: Path) -> None:
    for name, *said in (("r.json",), ("r.csv",), ("r.html",), ("r.out", "--format", "json"), ("r.txt",)):
        assert relorch("report", release.id, "-o", tmp_path / name, *said).code == 0
    assert json.loads((tmp_path / "r.json").read_text())["report"] == "releaseReport"
    assert json.loads((tmp_path / "r.out").read_text())["head"]["releaseName"] == "2026.11"
    assert "<html" in (tmp_path / "r.html").read_text()
    assert "<html" in (tmp_path / "r.txt").read_text()
    assert stat.S_IMODE((tmp_path / "r.csv").stat().st_mode) == 0o600
    (row,) = csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text()))
    assert (row["customer"], row["status"], row["notes"]) == ("Acme", "done", "'=1+1")


def test_a_customer_gets_a_sheet(relorch: Run, release: Release) -> None:
    ran = relorch("report", "2026.11", "--customer", "acme-prod", "--format", "json")
    found = json.loads(ran.out)
    assert found["report"] == "signOff"
    assert [step["text"] for step in found["steps"]] == ["echo hi"]


def test_masked_secrets_are_counted_beside_the_data(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step(content="login --password=correct-horse-7")
    wb.steps.mark_done(step.id)
    ran = relorch("report", step.release_id, "-c", step.customer_id, "--format", "csv")
    assert ran.code == 0
    assert "correct-horse-7" not in ran.out
    words = "1 text that looks like a secret was masked, in 1 place; "
    assert words in ran.err
    assert words in relorch("report", step.release_id, "-c", step.customer_id).out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere",), 1, "there is no such release"),
        (("2026.11", "-c", "nobody"), 1, "there is no such customer"),
        (("2026.11", "-c", "elsewhere"), 1, "does not take part"),
        (("draft",), 1, "has no members"),
        (("2026.11", "--format", "pdf"), 2, "html, csv and json"),
    ],
)
def test_what_cannot_be_reported_leaves_nothing(
    relorch: Run, build: Build, release: Release, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    build.customer(namespace="elsewhere")
    build.release(name="draft")
    folder = tmp_path / "out"
    folder.mkdir()
    ran = relorch("report", *words, "-o", folder / "report.html")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert list(folder.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named_and_an_old_file_stays(
    relorch: Run, release: Release, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "nowhere" / "r.html", tmp_path / "file" / "r.html"):
        ran = relorch("report", "2026.11", "-o", target)
        assert (ran.code, ran.out) == (2, "")
        assert f"{target}" in ran.err
    assert (tmp_path / "file").read_text() == "mine"
    assert not list(tmp_path.glob(".*.partial"))


def test_a_name_that_says_another_format_is_refused(relorch: Run, release: Release, tmp_path: Path) -> None:
    for name, *said in (("r.yaml",), ("r.html", "--format", "csv"), ("r.csv", "--format", "html")):
        assert relorch("report", release.id, "-o", tmp_path / name, *said).code == 2
    assert list(tmp_path.glob("r.*")) == []
