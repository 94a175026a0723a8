"""Times: passed in, stored as UTC, and never what puts the record into order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from relorch import Workbook, open_workbook
from relorch.errors import InvalidValue

BERLIN = ZoneInfo("Europe/Berlin")


def test_what_is_done_at_a_moment_is_recorded_then(wb: Workbook, build: Any) -> None:
    moment = datetime(2026, 11, 19, 22, 5, 7, 123456, tzinfo=UTC)
    step = build.step()
    (done,) = wb.at(moment).steps.mark_done(step.id).steps
    assert (done.executed_at, done.updated_at) == (moment, moment)
    assert [event.at for event in wb.history(step_id=step.id)] == [moment]
    assert wb.at(moment).now() == moment
    assert wb.at(moment).clusters.create(name="eu-9").created_at == moment


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 19, 23, 5, tzinfo=BERLIN),
        datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=BERLIN),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
        datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 19, 22, 5, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
    ],
    ids=str,
)
def test_a_moment_comes_back_in_utc_to_the_microsecond(wb: Workbook, build: Any, moment: datetime) -> None:
    step = build.step()
    (done,) = wb.at(moment).steps.mark_done(step.id).steps
    stored = wb.steps.get(step.id).executed_at
    assert stored == done.executed_at == moment.astimezone(UTC)
    assert stored is not None
    assert stored.tzinfo is UTC
    assert wb.first_broken_event() is None


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 19, 22, 5),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    ],
    ids=str,
)
def test_a_moment_that_is_none_in_utc_is_refused(wb: Workbook, build: Any, refused: Any, moment: datetime) -> None:
    step = build.step()
    with refused(InvalidValue, "now"):
        wb.at(moment).steps.mark_done(step.id)
    with refused(InvalidValue, "now"):
        wb.at(moment).now()


def test_the_record_is_in_the_order_of_what_happened_when_the_clock_goes_back(wb: Workbook, build: Any) -> None:
    step = build.step()
    late, early = (datetime(2026, 11, 19, hour, tzinfo=UTC) for hour in (23, 22))
    wb.at(late).steps.start(step.id)
    wb.at(early).steps.fail(step.id, reason="disk full")
    assert [(event.action, event.at) for event in wb.history(step_id=step.id)] == [
        ("step.start", late),
        ("step.fail", early),
    ]
    assert wb.steps.get(step.id).executed_at == early
    assert wb.first_broken_event() is None


def test_the_clock_is_an_argument(url: str) -> None:
    moment = datetime(2026, 11, 19, 22, tzinfo=UTC)
    with open_workbook(url, operator="ana", clock=lambda: moment) as wb:
        wb.acting_as("ben").clusters.create(name="eu-1")
        assert [(event.at, event.operator) for event in wb.history()] == [(moment, "ben")]
