"""Times and small documents survive the database exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from relorch.store.types import dump_json, from_microseconds, to_microseconds

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
YEARS = {"min_value": datetime(2, 1, 1), "max_value": datetime(9998, 12, 31)}


@given(st.datetimes(timezones=ZONES, **YEARS))
def test_a_moment_is_exact_to_the_microsecond_in_any_zone(moment: datetime) -> None:
    again = from_microseconds(to_microseconds(moment))
    assert again == moment
    assert again.tzinfo is UTC


@given(st.datetimes(timezones=ZONES, **YEARS), st.datetimes(timezones=ZONES, **YEARS))
def test_the_numbers_of_moments_are_in_their_order(one: datetime, other: datetime) -> None:
    assert (to_microseconds(one) < to_microseconds(other)) == (one < other)


def test_before_1970_is_as_exact_as_after() -> None:
    assert to_microseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert from_microseconds(-1) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_equal_documents_are_equal_texts() -> None:
    assert dump_json({"b": 1, "a": {"d": None, "c": "ü"}}) == dump_json({"a": {"c": "ü", "d": None}, "b": 1})
    assert dump_json({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
