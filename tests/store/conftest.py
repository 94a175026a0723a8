"""What the tests of the store share: one new file to copy, and SQL past every verb."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workbook that nobody has open; making one takes its time, a copy does not."""
    path = tmp_path_factory.mktemp("blank") / "workbook.db"
    open_workbook(str(path), operator="nobody").close()
    return path


@pytest.fixture
def url(blank: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(blank, tmp_path / 'workbook.db')}"


@pytest.fixture
def sql(wb: Workbook) -> Sql:
    """Run one statement on the workbook's own writing connection, as nobody but a test would."""

    def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with wb._core.store.writing() as connection:
            result = connection.exec_driver_sql(statement, values)
            return [tuple(row) for row in result] if result.returns_rows else []

    return run
