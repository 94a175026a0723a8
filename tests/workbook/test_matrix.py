"""Steps × customers: rows, columns, cells, marks, and the bytes a page gets."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotFound
from relorch.model.status import STATUSES
from relorch.store.tables import customer_steps
from relorch.views.matrix import MOVED_ON, NO_STEP, NOTED, OUT_OF_ORDER, OVERRIDDEN


@pytest.fixture
def release(wb: Workbook, build: Any) -> Any:
    """Three steps for three customers on two clusters."""
    release = build.release()
    build.template(release, name="Check", category="verify", type="text", content="look")
    build.template(release, name="Back up", required=True)
    build.template(release, name="Migrate", type="sql", content="SELECT 1")
    us, eu = wb.clusters.create(name="us-1"), wb.clusters.create(name="eu-1")
    for cluster, name in ((us, "Acme"), (eu, "Zinc"), (eu, "Bolt")):
        build.customer(cluster, name=name, namespace=name.lower())
    return wb.releases.activate(release.id, all_active=True)


def steps_of(wb: Workbook, release: Any, name: str) -> list[Any]:
    customer = next(customer for customer in wb.customers.list() if customer.name == name)
    return wb.steps.list(release.id, customer.id)


def test_rows_are_templates_in_the_order_of_work_and_columns_are_by_cluster_and_name(
    wb: Workbook, release: Any
) -> None:
    matrix = wb.matrix(release.id)
    assert [(row.name, row.category, row.type, row.required) for row in matrix.rows] == [
        ("Back up", "deploy", "bash", True),
        ("Migrate", "deploy", "sql", False),
        ("Check", "verify", "text", False),
    ]
    assert [(column.name, column.namespace, column.cluster_name, column.state) for column in matrix.customers] == [
        ("Bolt", "bolt", "eu-1", "active"),
        ("Zinc", "zinc", "eu-1", "active"),
        ("Acme", "acme", "us-1", "active"),
    ]
    assert [row.template_id for row in matrix.rows] == [template.id for template in wb.templates.list(release.id)]


def test_every_cell_is_the_step_of_its_row_and_column(wb: Workbook, release: Any) -> None:
    back_up, migrate, _ = steps_of(wb, release, "Zinc")
    wb.steps.mark_done(back_up.id)
    wb.steps.start(migrate.id)
    matrix = wb.matrix(release.id)
    seen = list(matrix.cells())
    assert len(seen) == 9
    for cell in seen:
        step = wb.steps.get(cell.id)
        assert (step.template_id, step.customer_id) == (
            matrix.rows[cell.row].template_id,
            matrix.customers[cell.column].id,
        )
        assert (cell.version, cell.status) == (step.row_version, step.status)
    assert [cell.status for cell in matrix.cells(1)] == ["done", "in_progress", "pending"]


def test_packed_is_ids_versions_statuses_flags(wb: Workbook, release: Any) -> None:
    steps = {name: steps_of(wb, release, name) for name in ("Bolt", "Zinc", "Acme")}
    wb.steps.mark_done(steps["Zinc"][0].id)
    wb.steps.skip(steps["Acme"][2].id, reason="not needed")
    wb.steps.fail(steps["Bolt"][1].id, reason="disk full")
    packed = wb.matrix(release.id).packed()
    assert len(packed) == 9 * (4 + 4 + 1 + 1)
    whole = struct.unpack("<9I9I9B9B", packed)
    ids, versions, statuses, flags = (whole[start : start + 9] for start in range(0, 36, 9))
    order = [steps[name][row] for row in range(3) for name in ("Bolt", "Zinc", "Acme")]
    assert list(ids) == [step.id for step in order]
    assert list(versions) == [1, 2, 1, 2, 1, 1, 1, 1, 2]
    assert [STATUSES[code] for code in statuses] == [
        *("pending", "done", "pending"),
        *("failed", "pending", "pending"),
        *("pending", "pending", "skipped"),
    ]
    assert list(flags) == [0, 0, 0, NOTED, 0, 0, 0, 0, OUT_OF_ORDER]


def test_the_marks_add_up(wb: Workbook, release: Any, set_row: Any) -> None:
    back_up, migrate, check = steps_of(wb, release, "Bolt")
    wb.steps.start(migrate.id, notes="mine")
    wb.templates.update(migrate.template_id, content="SELECT 2")
    set_row(customer_steps, check.id, is_overridden=True)
    flags = [cell.flags for cell in wb.matrix(release.id).cells(0)]
    assert flags == [0, NOTED | MOVED_ON, OVERRIDDEN]
    wb.steps.mark_done([migrate.id, check.id])
    flags = [cell.flags for cell in wb.matrix(release.id).cells(0)]
    assert flags == [0, NOTED | MOVED_ON | OUT_OF_ORDER, OVERRIDDEN | OUT_OF_ORDER]
    wb.steps.mark_done(back_up.id)
    flags = [cell.flags for cell in wb.matrix(release.id).cells(0)]
    assert flags == [0, NOTED | MOVED_ON, OVERRIDDEN]


@pytest.mark.parametrize(
    ("first", "marked"), [("start", True), ("fail", True), ("mark_done", False), ("skip", False), (None, True)]
)
def test_a_step_closed_after_an_open_one_of_its_customer_is_out_of_order(
    wb: Workbook, build: Any, first: str | None, marked: bool
) -> None:
    release = build.active(steps=2)
    earlier, later = build.steps_of(release)
    if first is not None:
        words = {"reason": "x"} if first in ("fail", "skip") else {}
        getattr(wb.steps, first)(earlier.id, **words)
    wb.steps.mark_done(later.id)
    (_, cell) = wb.matrix(release.id).cells()
    assert bool(cell.flags & OUT_OF_ORDER) is marked


def test_a_customer_without_a_step_has_an_empty_cell(wb: Workbook, release: Any) -> None:
    gone = steps_of(wb, release, "Zinc")[0]
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM customer_steps WHERE id = ?", (gone.id,))
    matrix = wb.matrix(release.id)
    assert matrix.cell(0, 1) is None
    assert (matrix.statuses[1], matrix.ids[1], matrix.versions[1], matrix.flags[1]) == (NO_STEP, 0, 0, 0)
    assert len(list(matrix.cells())) == 8


def test_held_members_have_a_column_and_removed_ones_do_not(wb: Workbook, release: Any) -> None:
    bolt, zinc, _ = wb.matrix(release.id).customers
    with wb._core.store.writing() as connection:
        for state, customer in (("held", bolt.id), ("removed", zinc.id)):
            connection.exec_driver_sql(
                "UPDATE release_customers SET state = ? WHERE customer_id = ?", (state, customer)
            )
    matrix = wb.matrix(release.id)
    assert [(column.name, column.state) for column in matrix.customers] == [("Bolt", "held"), ("Acme", "active")]
    assert len(matrix.packed()) == 6 * 10


def test_one_cluster_or_some_customers_are_a_part_of_the_whole(wb: Workbook, release: Any) -> None:
    whole = wb.matrix(release.id)
    eu = whole.customers[0].cluster_id
    part = wb.matrix(release.id, eu)
    assert [column.name for column in part.customers] == ["Bolt", "Zinc"]
    assert [cell.id for cell in part.cells(1)] == [cell.id for cell in whole.cells(1)]
    some = wb.matrix(release.id, customer_ids=[whole.customers[2].id, whole.customers[0].id])
    assert [column.name for column in some.customers] == ["Bolt", "Acme"]
    assert [cell.id for cell in some.cells(1)] == [cell.id for cell in whole.cells(2)]
    assert wb.matrix(release.id, customer_ids=[]).packed() == b""


def test_a_draft_has_rows_and_no_columns(wb: Workbook, build: Any) -> None:
    release = build.release()
    build.template(release, name="Migrate")
    matrix = wb.matrix(release.id)
    assert ([row.name for row in matrix.rows], matrix.customers, matrix.packed()) == (["Migrate"], (), b"")


def test_what_is_unknown_is_named(wb: Workbook, release: Any, refused: Any) -> None:
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.matrix(99)
    with refused(NotFound, "cluster_id 99: there is no such cluster"):
        wb.matrix(release.id, 99)


@pytest.mark.parametrize("value", ["1", 2**63, 0])
def test_a_part_is_chosen_by_numbers(wb: Workbook, release: Any, refused: Any, value: Any) -> None:
    with refused(InvalidValue, "cluster_id", "must be a whole number from 1"):
        wb.matrix(release.id, value)
    with refused(InvalidValue, "customer_ids", "must be a whole number from 1"):
        wb.matrix(release.id, customer_ids=[value])
