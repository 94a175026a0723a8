"""A database file that is no longer the one that was opened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import StorageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workbook.db"


def refuses(wb: Workbook) -> None:
    for use in (wb.clusters.list, lambda: wb.clusters.create(name="x"), lambda: wb.steps.preview("start", [1])):
        with pytest.raises(StorageError, match="gone or was replaced; nothing was stored"):
            use()


def test_a_file_that_was_moved_away_is_neither_read_nor_written(path: Path) -> None:
    with open_workbook(str(path), operator="ana") as wb:
        wb.clusters.create(name="eu-1")
        away = path.rename(path.with_name("away.db"))
        refuses(wb)
        away.rename(path)
        assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1"]


def test_a_file_that_was_replaced_is_neither_read_nor_written(path: Path) -> None:
    open_workbook(str(path), operator="ana").close()
    other = Path(shutil.copy(path, path.with_name("other.db")))
    with open_workbook(str(path), operator="ana") as wb:
        wb.clusters.create(name="eu-1")
        os.replace(other, path)
        refuses(wb)
