"""Releases: a draft, then active, then archived and only to be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import AlreadyTaken, Conflict, InvalidValue, NotAllowed, NotFound

EVERY_STEP_VERB = {
    "start": {},
    "mark_done": {},
    "fail": {"reason": "x"},
    "skip": {"reason": "x"},
    "revert": {},
    "reopen": {},
}


def test_a_release_begins_as_a_draft(wb: Workbook) -> None:
    night = datetime(2026, 11, 19, 23, 30, tzinfo=timezone(timedelta(hours=2)))
    made = wb.releases.create(
        name="2026.11",
        type="hotfix",
        version_number="4.2.0",
        release_date=night,
        description="for all",
        metadata={"tag": "v4"},
    )
    assert made == wb.releases.get(made.id)
    assert (made.name, made.type, made.status, made.version_number) == ("2026.11", "hotfix", "draft", "4.2.0")
    assert (made.release_date, made.archived_from) == (datetime(2026, 11, 19, 21, 30, tzinfo=UTC), None)
    (event,) = wb.history(release_id=made.id)
    assert (event.action, event.before) == ("release.create", None)
    assert event.after is not None
    assert (event.after["name"], event.after["type"]) == ("2026.11", "hotfix")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "", "must not be blank"),
        ("name", "2026", "must not be digits only"),
        ("name", "٢٠٢٦", "must not be digits only"),
        ("name", "x" * 201, "is longer than 200 characters"),
        ("type", "major", "must be one of onboarding, release, hotfix"),
        ("type", None, "must be a text"),
        ("version_number", "x" * 101, "is longer than 100 characters"),
        ("version_number", "4\n2", "U+000A"),
        ("release_date", datetime(2026, 11, 19), "must be a time that knows its zone"),
        ("release_date", "2026-11-19", "must be a time that knows its zone"),
        ("release_date", datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "release_date"),
        ("release_date", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "release_date"),
        ("description", "\x7f", "U+007F"),
        ("metadata", {"a.b": "x"}, "a key must begin with"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(wb: Workbook, refused: Any, field: str, value: object, why: str) -> None:
    with refused(InvalidValue, field, why):
        wb.releases.create(**{"name": "2026.11", "type": "release", field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", [datetime(1969, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_release_date_may_be_far_away(wb: Workbook, moment: datetime) -> None:
    made = wb.releases.create(name="2026.11", type="release", release_date=moment)
    assert wb.releases.get(made.id).release_date == moment


def test_a_name_is_taken_for_good(wb: Workbook, build: Any, refused: Any) -> None:
    first = build.release(name="2026.11")
    wb.releases.archive(first.id)
    with refused(AlreadyTaken, "name '2026.11'", "another release has this name"):
        wb.releases.create(name="2026.11", type="hotfix")


def test_the_list_begins_with_the_newest(wb: Workbook, build: Any) -> None:
    for name in ("first", "second", "third"):
        build.release(name=name)
    assert [release.name for release in wb.releases.list()] == ["third", "second", "first"]


def test_an_archived_release_goes_back_to_where_it_came_from(wb: Workbook, build: Any) -> None:
    for release in (build.release(), build.active()):
        archived = wb.releases.archive(release.id)
        assert (archived.status, archived.archived_from) == ("archived", release.status)
        again = wb.releases.reopen(release.id)
        assert (again.status, again.archived_from) == (release.status, None)
        actions = [event.action for event in wb.history(release_id=release.id)]
        assert actions[-2:] == ["release.archive", "release.reopen"]


def test_archiving_counts_what_was_left_open(wb: Workbook, build: Any) -> None:
    release = build.active(customers=5)
    done, failed, begun, *_ = build.steps_of(release)
    wb.steps.mark_done(done.id)
    wb.steps.fail(failed.id, reason="disk full")
    wb.steps.start(begun.id)
    wb.releases.archive(release.id)
    event = wb.history(release_id=release.id)[-1]
    assert event.before == {"status": "active"}
    assert event.after == {
        "status": "archived",
        "left_open": {"pending": 2, "in_progress": 1, "failed": 1, "reverted": 0, "held": 0},
    }


def test_archiving_counts_what_held_customers_left_open_too(wb: Workbook, build: Any) -> None:
    release = build.active(customers=2, steps=2)
    first, *_ = build.steps_of(release)
    wb.steps.mark_done(first.id)
    wb.releases.hold(release.id, [first.customer_id], reason="freeze")
    assert wb.releases.preview_archive(release.id).held_open == 1
    wb.releases.archive(release.id)
    assert wb.history(release_id=release.id)[-1].after["left_open"]["held"] == 1


def test_an_archived_release_can_only_be_read(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(name="Migrate")
    (step,) = build.steps_of(release)
    (template,) = wb.templates.list(release.id)
    other = build.customer()
    wb.releases.archive(release.id)
    for verb, words in EVERY_STEP_VERB.items():
        with refused(NotAllowed, f"Step {step.id} 'Migrate'", f"release '{release.name}' is archived", "reopen it"):
            getattr(wb.steps, verb)(step.id, **words)
    with refused(NotAllowed, f"'{release.name}' is archived and can only be read"):
        wb.templates.add(release.id, name="x", category="deploy", type="text", content="x")
    with refused(NotAllowed, f"'{release.name}' is archived and can only be read"):
        wb.templates.update(template.id, content="x")
    with refused(NotAllowed, f"'{release.name}' is archived", "only a release that is active"):
        wb.releases.add_customers(release.id, [other.id])
    with refused(NotAllowed, f"'{release.name}' is archived", "only a release that is draft"):
        wb.releases.activate(release.id, all_active=True)
    with refused(NotAllowed, f"'{release.name}' is archived already"):
        wb.releases.archive(release.id)
    assert wb.steps.detail(step.id).text == "true"
    assert {choice.refused is None for choice in wb.steps.detail(step.id).choices} == {False}


def test_only_an_archived_release_is_reopened(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.release(name="2026.11")
    with refused(NotAllowed, "'2026.11' is draft; only a release that is archived can be reopened"):
        wb.releases.reopen(release.id)


@pytest.mark.parametrize("verb", ["get", "archive", "reopen", "members", "activate"])
def test_an_unknown_release_is_named(wb: Workbook, refused: Any, verb: str) -> None:
    with refused(NotFound, "release_id 99: there is no such release"):
        getattr(wb.releases, verb)(99)
    with refused(InvalidValue, "release_id '1'", "must be a whole number from 1"):
        getattr(wb.releases, verb)("1")


def test_archiving_what_was_worked_on_since_the_preview_is_a_conflict(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(customers=2, steps=2)
    seen = wb.releases.preview_archive(release.id)
    wb.releases.hold(release.id, [build.steps_of(release)[0].customer_id], reason="change freeze")
    with refused(Conflict, f"'{release.name}'", "would leave 2 open steps and 2 of customers on hold"):
        wb.releases.archive(release.id, expected=seen)
    assert wb.releases.get(release.id).status == "active"
    assert wb.releases.archive(release.id, expected=wb.releases.preview_archive(release.id)).status == "archived"
