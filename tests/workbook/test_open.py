"""Opening a workbook: which file, whose hands, and what a second pair of hands sees."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import CannotOpen, InvalidValue


@pytest.mark.parametrize(
    "form",
    [
        "sqlite:///{folder}/new.db",
        "sqlite:///{folder}/new.db?mode=ro",
        "file:{folder}/new.db",
        "file://{folder}/new.db",
        "{folder}/new.db",
    ],
)
def test_a_url_and_a_path_name_the_same_file(tmp_path: Path, blank: Path, form: str) -> None:
    (tmp_path / "new.db").write_bytes(blank.read_bytes())
    with open_workbook(form.format(folder=tmp_path), operator="ana", create=False) as wb:
        assert wb.path == str(tmp_path / "new.db")


@pytest.mark.parametrize("form", ["sqlite:///data/new.db", "file:./data/new.db", "data/new.db"])
def test_a_relative_path_begins_in_the_working_folder(
    tmp_path: Path, blank: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "new.db").write_bytes(blank.read_bytes())
    monkeypatch.chdir(tmp_path)
    with open_workbook(form, operator="ana", create=False) as wb:
        assert wb.path == str(tmp_path / "data" / "new.db")


@pytest.mark.parametrize("name", ["with blank.db", "ü.db", "100%41.db", "a#b.db", "a&b=c.db", "it's.db"])
def test_a_file_may_have_an_unruly_name(tmp_path: Path, blank: Path, name: str) -> None:
    (tmp_path / name).write_bytes(blank.read_bytes())
    with open_workbook(f"sqlite:///{tmp_path}/{name}", operator="ana", create=False) as wb:
        wb.clusters.create(name="eu-1")
    assert os.listdir(tmp_path).count(name) == 1
    with open_workbook(tmp_path.joinpath(name).as_posix(), operator="ana", create=False) as wb:
        assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1"]


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", ":memory:", "file:", "sqlite:///a\0b", "postgresql://db/x"]
)
def test_a_url_that_names_no_file_is_refused(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotOpen, match=r"names no file|is not supported yet"):
        open_workbook(url, operator="ana")
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(CannotOpen) as caught:
        open_workbook("postgresql://ana:s3cret@db.example/relorch", operator="ana")
    assert "s3cret" not in str(caught.value)


def test_the_environment_says_which_file_and_who_when_nobody_else_does(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RELORCH_OPERATOR", "ben")
    with open_workbook() as wb:
        assert (wb.path, wb.operator) == (str(tmp_path / "workbook.db"), "ben")
    with open_workbook(operator="ana") as wb:
        assert wb.operator == "ana"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1bb", "x" * 201])
def test_an_operator_has_a_name(wb: Workbook, url: str, refused: Any, name: str) -> None:
    with refused(InvalidValue, "operator"):
        wb.acting_as(name)
    with refused(InvalidValue, "operator"):
        open_workbook(url, operator=name)


def test_a_bad_operator_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        open_workbook(f"sqlite:///{tmp_path}/x/new.db", operator="")
    assert list(tmp_path.iterdir()) == []


def test_acting_as_is_the_same_workbook_in_other_hands(wb: Workbook, build: Any) -> None:
    ben = wb.acting_as(" ben ")
    assert (ben.operator, wb.operator, ben.path) == ("ben", "ana", wb.path)
    step = build.step()
    ben.steps.start(step.id)
    assert wb.steps.get(step.id).executed_by == "ben"
    assert [event.operator for event in wb.history()][-1] == "ben"


def test_what_was_stored_is_there_when_it_is_opened_again(url: str) -> None:
    with open_workbook(url, operator="ana") as wb:
        cluster = wb.clusters.create(name="eu-1", metadata={"a": "b"})
    with open_workbook(url, operator="ben", create=False) as again:
        assert again.clusters.list() == [cluster]
