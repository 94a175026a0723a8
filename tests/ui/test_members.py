"""What was done to members is told by name, with the way back for who was removed."""

from __future__ import annotations

import pytest

from relorch import Workbook
from relorch.ui.membership import change_members
from tests.conftest import Build


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "<i>A</i>: 1 customer put on hold."),
        (2, "<i>A</i> and B: 2 customers put on hold."),
        (3, "<i>A</i>, B and C: 3 customers put on hold."),
        (6, "<i>A</i>, B, C and 3 more: 6 customers put on hold."),
    ],
)
def test_up_to_three_members_are_named_and_the_others_counted(
    wb: Workbook, build: Build, count: int, said: str
) -> None:
    release = build.active(customers=6)
    ids = [member.customer_id for member in wb.releases.members(release.id)]
    for customer, name in zip(ids, ("<i>A</i>", *"BCDEF"), strict=True):
        wb.customers.update(customer, name=name)
    answer = change_members(wb, release, "hold", ids[:count], "change freeze")
    assert said.replace("<i>A</i>", "&lt;i&gt;A&lt;/i&gt;") in answer.shown.text
    assert "Add customers" not in answer.shown.text


def test_how_the_removed_come_back_is_said(wb: Workbook, build: Build) -> None:
    release = build.active(customers=3)
    first, *others = [member.customer_id for member in wb.releases.members(release.id)]
    one = change_members(wb, release, "remove", [first], "left")
    assert "1 customer removed. “Add customers” brings it back with its steps." in one.shown.text
    both = change_members(wb, release, "remove", others, "left")
    assert "2 customers removed. “Add customers” brings them back with their steps." in both.shown.text
