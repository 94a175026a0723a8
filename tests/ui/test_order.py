"""The lists of step templates take back only what was stored in them."""

from __future__ import annotations

from typing import Any

from relorch import Workbook
from relorch.ui.widgets.order import OrderWidget
from tests.conftest import Build


def test_only_an_order_that_was_stored_here_is_taken_back(wb: Workbook, build: Build) -> None:
    release = build.active(steps=2)
    step, *_ = build.steps_of(release)
    first, second = (template.id for template in wb.templates.list(release.id))
    bens = wb.acting_as("ben").steps.mark_done(step.id).batch_id
    said: list[Any] = []
    lists = OrderWidget(wb, release.id, on_select=said.append, on_new=said.append, on_stored=lambda: None)
    lists._receive(None, {"type": "undo", "request": 1, "batch": bens}, None)
    assert wb.steps.get(step.id).status == "done"
    order = {"type": "order", "request": 2, "category": "deploy", "before": [first, second], "ids": [second, first]}
    lists._receive(None, order, None)
    assert [template.id for template in wb.templates.list(release.id)] == [second, first]
    lists._receive(None, {"type": "undo", "request": 3, "batch": wb.history(newest=1)[0].batch_id}, None)
    assert [template.id for template in wb.templates.list(release.id)] == [first, second]


def test_only_the_last_orders_are_taken_back(wb: Workbook, build: Build) -> None:
    release = build.active(steps=2)
    order = [template.id for template in wb.templates.list(release.id)]
    stored = list(order)
    lists = OrderWidget(wb, release.id, on_select=print, on_new=print, on_stored=lambda: None)
    batches = []
    for number in range(51):
        said = {"type": "order", "request": number, "category": "deploy", "before": order, "ids": order[::-1]}
        lists._receive(None, said, None)
        batches.append(wb.last_undoable)
        order = order[::-1]
    lists._receive(None, {"type": "undo", "request": 60, "batch": batches[0]}, None)
    assert [template.id for template in wb.templates.list(release.id)] == order
    lists._receive(None, {"type": "undo", "request": 61, "batch": batches[-1]}, None)
    assert [template.id for template in wb.templates.list(release.id)] == order[::-1] == stored
