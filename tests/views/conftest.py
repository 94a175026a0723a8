"""A new workbook is copied, not made: that is what takes the time of these tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from relorch import open_workbook


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workbook that nobody has open."""
    path = tmp_path_factory.mktemp("blank") / "workbook.db"
    open_workbook(str(path), operator="nobody").close()
    return path


@pytest.fixture
def url(blank: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(blank, tmp_path / 'workbook.db')}"
