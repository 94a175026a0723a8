"""The rows of the matrix that no live template makes: custom steps beside their anchors, and what retired ones left."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.model.values import Release
from relorch.views.matrix import CUSTOM, MOVED_ON, NOTED, OUT_OF_ORDER, OVERRIDDEN, Cell

FIELDS: dict[str, Any] = {"category": "deploy", "type": "text", "content": "look"}


@pytest.fixture
def release(wb: Workbook, build: Any) -> Release:
    """Steps A, B, C and V for the customers Acme, Bolt and Coop."""
    draft = build.release()
    for name in ("A", "B", "C"):
        build.template(draft, name=name)
    build.template(draft, name="V", category="verify")
    cluster = build.cluster()
    ids = [build.customer(cluster, name=name).id for name in ("Acme", "Bolt", "Coop")]
    active: Release = wb.releases.activate(draft.id, customer_ids=ids)
    return active


def add(wb: Workbook, release: Release, at: int, name: str, **words: Any) -> int:
    """Add a custom step of the customer in this column, beside the step of that name; give its id."""
    customer = wb.releases.members(release.id)[at].customer_id
    for side in ("after_id", "before_id"):
        if side in words:
            steps = wb.steps.list(release.id, customer)
            words[side] = next(step.id for step in steps if step.name == words[side])
    return wb.steps.add_custom(release.id, customer, name=name, **{**FIELDS, **words}).id


def drawn(wb: Workbook, release: Release) -> list[tuple[str, str]]:
    """The name of each row, and which columns have a step in it."""
    matrix = wb.matrix(release.id)
    return [
        (row.name, "".join("x" if matrix.cell(at, column) else "." for column in range(len(matrix.customers))))
        for at, row in enumerate(matrix.rows)
    ]


def fits(wb: Workbook, release: Release) -> None:
    """Every step of every column is in exactly one cell, in its customer's own order, with its version and status."""
    matrix = wb.matrix(release.id)
    assert len({row.key for row in matrix.rows}) == len(matrix.rows)
    for column, customer in enumerate(matrix.customers):
        steps = wb.steps.list(release.id, customer.id)
        cells: list[Cell] = list(matrix.cells(column))
        assert [(cell.id, cell.version, cell.status) for cell in cells] == [
            (step.id, step.row_version, step.status) for step in steps
        ]
        for cell, step in zip(cells, steps, strict=True):
            row = matrix.rows[cell.row]
            assert (row.template_id, row.category) == (step.template_id, step.category)


def test_custom_steps_stand_beside_their_anchor_and_share_its_row(wb: Workbook, release: Release) -> None:
    add(wb, release, 0, "warm", after_id="A")
    add(wb, release, 1, "warm", after_id="A")
    add(wb, release, 2, "check", before_id="A")
    add(wb, release, 2, "end")
    add(wb, release, 0, "late", category="verify")
    assert drawn(wb, release) == [
        ("check", "..x"),
        ("A", "xxx"),
        ("warm", "xx."),
        ("B", "xxx"),
        ("C", "xxx"),
        ("end", "..x"),
        ("V", "xxx"),
        ("late", "x.."),
    ]
    fits(wb, release)


def test_several_of_one_anchor_have_a_row_each_and_other_names_share_it(wb: Workbook, release: Release) -> None:
    add(wb, release, 0, "one", after_id="A")
    add(wb, release, 0, "two", after_id="one")
    add(wb, release, 1, "other", after_id="A")
    assert drawn(wb, release)[:4] == [("A", "xxx"), ("custom steps", "xx."), ("two", "x.."), ("B", "xxx")]
    fits(wb, release)


def test_a_row_goes_with_its_anchor(wb: Workbook, release: Release) -> None:
    add(wb, release, 0, "warm", after_id="A")
    add(wb, release, 1, "pre", before_id="A")
    key = {row.name: row.key for row in wb.matrix(release.id).rows}
    wb.templates.move(wb.templates.list(release.id)[0].id, 2)
    assert [name for name, _ in drawn(wb, release)] == ["B", "C", "pre", "A", "warm", "V"]
    assert {row.name: row.key for row in wb.matrix(release.id).rows} == key
    fits(wb, release)


def test_what_a_retired_template_left_keeps_a_row_of_its_own(wb: Workbook, release: Release) -> None:
    acme, bolt, _ = (wb.steps.list(release.id, member.customer_id)[1] for member in wb.releases.members(release.id))
    wb.steps.mark_done(acme.id)
    wb.steps.override(bolt.id, "by hand")
    wb.templates.delete(acme.template_id or 0)
    assert drawn(wb, release) == [("A", "xxx"), ("B", "xx."), ("C", "xxx"), ("V", "xxx")]
    row = wb.matrix(release.id).rows[1]
    assert (row.template_id, row.retired, row.required) == (acme.template_id, True, False)
    assert [row.retired for row in wb.matrix(release.id).rows] == [False, True, False, False]
    fits(wb, release)


def test_a_template_that_left_nothing_has_no_row(wb: Workbook, release: Release) -> None:
    wb.templates.delete(wb.templates.list(release.id)[1].id)
    assert drawn(wb, release) == [("A", "xxx"), ("C", "xxx"), ("V", "xxx")]


def test_held_customers_have_a_column_and_removed_ones_neither_column_nor_row(wb: Workbook, release: Release) -> None:
    acme, bolt, coop = (member.customer_id for member in wb.releases.members(release.id))
    add(wb, release, 0, "of Acme", after_id="A")
    add(wb, release, 1, "of Bolt", after_id="C")
    b = wb.steps.list(release.id, bolt)[1]
    wb.steps.mark_done(b.id)
    wb.templates.delete(b.template_id or 0)
    wb.releases.hold(release.id, [acme], "change freeze")
    wb.releases.remove(release.id, [bolt], "left us")
    assert [(column.id, column.state) for column in wb.matrix(release.id).customers] == [
        (acme, "held"),
        (coop, "active"),
    ]
    assert drawn(wb, release) == [("A", "xx"), ("of Acme", "x."), ("C", "xx"), ("V", "xx")]
    fits(wb, release)
    wb.releases.add_customers(release.id, [bolt])
    assert drawn(wb, release) == [
        ("A", "xxx"),
        ("of Acme", "x.."),
        ("B", ".x."),
        ("C", "xxx"),
        ("of Bolt", ".x."),
        ("V", "xxx"),
    ]
    fits(wb, release)


def test_the_marks_of_custom_overridden_and_outdated_steps(wb: Workbook, release: Release) -> None:
    own = add(wb, release, 0, "warm", after_id="A")
    a, _, b, c, _ = wb.steps.list(release.id, wb.releases.members(release.id)[0].customer_id)
    wb.steps.mark_done(own, notes="look")
    wb.steps.override(b.id, "by hand")
    wb.steps.start(c.id)
    for step in (b, c):
        wb.templates.update(step.template_id or 0, content="new")
    flags = {cell.id: cell.flags for cell in wb.matrix(release.id).cells(0)}
    assert flags == {
        a.id: 0,
        own: CUSTOM | NOTED | OUT_OF_ORDER,
        b.id: OVERRIDDEN | MOVED_ON,
        c.id: MOVED_ON,
        wb.steps.list(release.id, a.customer_id)[-1].id: 0,
    }
    wb.steps.mark_done(a.id)
    assert {cell.id: cell.flags for cell in wb.matrix(release.id).cells(0)}[own] == CUSTOM | NOTED


def test_everybodys_cells_fit_after_a_long_story(wb: Workbook, build: Any, release: Release) -> None:
    for at in range(3):
        add(wb, release, at, f"own {at}", after_id="B")
        add(wb, release, at, "pre", before_id="C")
    acme = wb.releases.members(release.id)[0].customer_id
    wb.steps.mark_done([step.id for step in wb.steps.list(release.id, acme)[:3]])
    a, b, c, _ = wb.templates.list(release.id)
    wb.templates.delete(b.id)
    fits(wb, release)
    new = build.template(release, position=1, name="N")
    wb.templates.reorder(release.id, "deploy", [c.id, new.id, a.id])
    fits(wb, release)
    wb.templates.delete(a.id)
    fits(wb, release)
    wb.releases.add_customers(release.id, [build.customer().id])
    wb.templates.delete(c.id)
    wb.templates.delete(new.id)
    fits(wb, release)
    assert [row.category for row in wb.matrix(release.id).rows] == sorted(
        row.category for row in wb.matrix(release.id).rows
    )


def test_customers_who_disagree_about_the_order_each_keep_their_own(wb: Workbook, release: Release) -> None:
    add(wb, release, 0, "look", after_id="A")
    add(wb, release, 1, "look", after_id="B")
    retired = wb.templates.list(release.id)[1]
    for customer in (0, 1):
        steps = wb.steps.list(release.id, wb.releases.members(release.id)[customer].customer_id)
        wb.steps.mark_done(next(step.id for step in steps if step.template_id == retired.id))
    wb.templates.delete(retired.id)
    fits(wb, release)
    assert [name for name, _ in drawn(wb, release)].count("B (retired)") <= 1
