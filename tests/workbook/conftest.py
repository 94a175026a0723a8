"""What the tests of the workbook share: one new file to copy, everything stored, and a refusal seen from all sides."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from relorch import Workbook, open_workbook
from relorch.errors import RelorchError
from relorch.store import rows
from relorch.store.tables import metadata

Stored = dict[str, list[tuple[Any, ...]]]


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
def wb(url: str) -> Iterator[Workbook]:
    """A new workbook; whatever a test does with it, every connection has to come back."""
    with open_workbook(url, operator="ana") as workbook:
        yield workbook
        assert workbook._core.store.checked_out() == 0


@pytest.fixture
def stored(wb: Workbook) -> Callable[[], Stored]:
    """Give every row of every table as it is in the file."""

    def dump() -> Stored:
        with wb._core.store.reading() as connection:
            return {
                name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))]
                for name in metadata.tables
            }

    return dump


@pytest.fixture
def refused(wb: Workbook, stored: Callable[[], Stored]) -> Callable[..., AbstractContextManager[None]]:
    """Expect exactly this error with these words in its message, nothing stored, and no connection kept."""

    @contextmanager
    def expecting(kind: type[RelorchError], *words: str) -> Iterator[None]:
        before = stored()
        with pytest.raises(kind) as caught:
            yield
        message = str(caught.value)
        assert type(caught.value) is kind
        assert [word for word in words if word not in message] == [], message
        assert "\n" not in message
        assert message.endswith(".")
        assert stored() == before
        assert wb._core.store.checked_out() == 0

    return expecting


@pytest.fixture
def set_row(wb: Workbook) -> Callable[..., None]:
    """Change a row behind the verbs' back, for what has no verb yet: `set_row(customers, id, name="Acme 2")`."""

    def change(table: Any, row_id: int, **values: Any) -> None:
        with wb._core.store.writing() as connection:
            rows.change(connection, table, row_id, wb.now(), **values)

    return change
