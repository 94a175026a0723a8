"""A file that was damaged: every reading use case answers, or says in one line that it cannot; none falls over."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import RelorchError, StorageError

Sql = Callable[..., list[tuple[Any, ...]]]


def fill(wb: Workbook, build: Any) -> int:
    """One release of two customers, with every kind of row; gives its id."""
    release = build.active(customers=2, steps=2, content="echo ${{ namespace }}")
    begun, done, *_ = build.steps_of(release)
    wb.steps.start(begun.id, notes="mine")
    wb.steps.mark_done(done.id)
    return release.id


def readings(wb: Workbook, release_id: int) -> list[Callable[[], object]]:
    """Every use case that only reads."""
    return [
        lambda: wb.clusters.list(inactive=True),
        lambda: wb.customers.list(inactive=True),
        lambda: wb.releases.list(),
        lambda: wb.releases.members(release_id),
        lambda: wb.templates.list(release_id, retired=True),
        lambda: [wb.steps.list(release_id, number) for number in (1, 2)],
        lambda: [wb.steps.detail(number) for number in (1, 2, 3, 4)],
        lambda: [wb.steps.render(number) for number in (1, 2, 3, 4)],
        lambda: wb.matrix(release_id).packed(),
        lambda: [wb.progress(release_id, by=by) for by in (None, "cluster", "customer", "step", "category")],
        lambda: wb.history(),
        lambda: wb.revision(),
        lambda: wb.first_broken_event(),
    ]


def assert_each_answers_or_says_why(wb: Workbook, release_id: int) -> None:
    for read in readings(wb, release_id):
        try:
            read()
        except RelorchError as error:
            assert "\n" not in str(error)
        assert wb._core.store.checked_out() == 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("clusters", "metadata", "{"),
        ("clusters", "created_at", 9 * 10**18),
        ("customers", "metadata", "[]"),
        ("customers", "updated_at", -9 * 10**18),
        ("releases", "status", "activ"),
        ("releases", "type", ""),
        ("release_customers", "state", "hold"),
        ("step_templates", "category", "deplox"),
        ("step_templates", "type", "bush"),
        ("customer_steps", "status", "pelding"),
        ("customer_steps", "type", "bush"),
        ("events", "before", "{"),
        ("events", "after", "not json"),
        ("events", "at", 9 * 10**18),
    ],
)
def test_a_damaged_value_is_told_in_one_line(
    wb: Workbook, build: Any, sql: Sql, table: str, column: str, value: object
) -> None:
    release_id = fill(wb, build)
    sql("DROP TRIGGER events_no_update")
    with wb._core.store._write.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
    sql(f"UPDATE {table} SET {column} = ?", value)
    assert_each_answers_or_says_why(wb, release_id)


def test_a_flipped_bit_makes_nothing_fall_over(wb: Workbook, build: Any, tmp_path: Path) -> None:
    release_id = fill(wb, build)
    path = Path(wb.path)
    wb.close()
    content = path.read_bytes()
    chance = random.Random(12)
    for number in range(50):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "workbook.db").write_bytes(flipped)
        try:
            damaged = open_workbook(f"sqlite:///{folder}/workbook.db", operator="ana", create=False)
        except StorageError as error:
            assert "\n" not in str(error)
        else:
            with damaged:
                assert_each_answers_or_says_why(damaged, release_id)
        shutil.rmtree(folder)
