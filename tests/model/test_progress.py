"""How far the work is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relorch.model import progress
from relorch.model.status import CLOSED, OPEN, STATUSES


def test_a_status_that_is_missing_counts_nothing() -> None:
    counted = progress.count({"done": 2}, held=3, key=7, label="eu-1")
    assert (counted.key, counted.label, counted.held, counted.total) == (7, "eu-1", 3, 2)
    assert counted.counts == {"pending": 0, "in_progress": 0, "done": 2, "skipped": 0, "failed": 0, "reverted": 0}


@pytest.mark.parametrize(
    ("counts", "percentage"),
    [
        ({}, None),
        ({"pending": 3}, 0),
        ({"done": 1, "pending": 2}, 33),
        ({"skipped": 2, "failed": 1}, 66),
        ({"done": 199, "in_progress": 1}, 99),
        ({"done": 200_000, "reverted": 1}, 99),
        ({"done": 1, "skipped": 1}, 100),
    ],
)
def test_the_percentage_is_rounded_down_and_none_without_steps(counts: dict[str, int], percentage: int | None) -> None:
    assert progress.count(counts).percentage == percentage


def test_held_steps_are_no_part_of_the_total() -> None:
    counted = progress.count({"done": 1}, held=9)
    assert (counted.total, counted.percentage) == (1, 100)


@given(st.dictionaries(st.sampled_from([status.value for status in STATUSES]), st.integers(0, 10**6)))
def test_every_step_is_open_or_closed(counts: dict[str, int]) -> None:
    counted = progress.count(counts)
    assert counted.closed == sum(counts.get(status, 0) for status in CLOSED)
    assert counted.open == sum(counts.get(status, 0) for status in OPEN)
    assert counted.open + counted.closed == counted.total == sum(counts.values())
