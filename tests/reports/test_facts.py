"""The facts of a report agree with what the workbook itself says, and with its history."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.store.tables import events
from relorch.views.report import SIGNS, ReleaseReport
from tests.conftest import Build
from tests.reports.conftest import HOSTILE, Told


@pytest.fixture(scope="module")
def facts(told: Told) -> ReleaseReport:
    return told.wb.report(told.release)


def test_the_summary_is_the_progress(told: Told, facts: ReleaseReport) -> None:
    assert facts.summary.progress == told.wb.progress(told.release)
    assert list(facts.clusters) == told.wb.progress(told.release, by="cluster")
    assert (facts.summary.active, facts.summary.held, facts.summary.removed) == (3, 1, 1)
    assert facts.summary.finished_at is None


def test_the_matrix_has_a_letter_for_each_cell(told: Told, facts: ReleaseReport) -> None:
    matrix = told.wb.matrix(told.release)
    letters = {(cell.row, cell.column): SIGNS[cell.status] for cell in matrix.cells()}  # type: ignore[index]
    width, height = len(matrix.customers), len(matrix.rows)
    assert list(facts.matrix.lines) == [
        "".join(letters.get((row, column), " ") for row in range(height)) for column in range(width)
    ]


def test_every_step_is_there_with_what_was_said(told: Told, facts: ReleaseReport) -> None:
    stored = [step for number in told.customers.values() for step in told.wb.steps.list(told.release, number)]
    of_id = {step.id: step for step in stored}
    assert {each.step_id for each in facts.steps} == of_id.keys()
    for each in facts.steps:
        step = of_id[each.step_id]
        assert (each.status, each.executed_by, each.executed_at) == (step.status, step.executed_by, step.executed_at)
        assert (each.executed_sha256, each.skip_reason) == (step.executed_sha256, step.skip_reason)


def test_the_exceptions_name_what_did_not_go_as_planned(facts: ReleaseReport) -> None:
    found = facts.exceptions
    assert [(step.customer_name, step.name) for step in found.failed] == [("Cedar", "Back up")]
    assert [(step.customer_name, step.name) for step in found.reverted] == [("Birch", "Migrate")]
    assert [step.customer_name for step in found.skipped] == ["Acme", "Birch"]
    assert [(each.step.customer_name, each.by, each.own_text.split("\n")[0]) for each in found.overridden] == [
        (HOSTILE, "ana", "pg_dump -n c4 --jobs 4")
    ]
    assert [(each.step.name, each.by) for each in found.custom] == [("Ring </td> them", "ben")]
    assert [(each.step.customer_name, each.step.status, each.by) for each in found.setbacks] == [
        ("Birch", "done", "ben")
    ]


def test_the_timeline_has_each_batch_once(told: Told, facts: ReleaseReport) -> None:
    history = told.wb.history(release_id=told.release)
    batches = Counter(event.batch_id for event in history)
    assert [each.batch_id for each in facts.timeline] == sorted(batches)
    assert {each.batch_id: each.events for each in facts.timeline} == batches
    undone = {each.undoes for each in facts.timeline if each.undoes is not None}
    assert {each.batch_id for each in facts.timeline if each.taken_back} == undone
    assert len(undone) == 1


def test_who_did_what_counts_the_events(told: Told, facts: ReleaseReport) -> None:
    history = told.wb.history(release_id=told.release)
    counted = {(each.operator, action): count for each in facts.operators for action, count in each.actions.items()}
    assert counted == Counter((event.operator, event.action) for event in history)


def test_an_undone_failure_that_was_undone_again_counts(wb: Workbook, build: Build) -> None:
    def undone() -> list[tuple[str, bool]]:
        timeline = wb.report(step.release_id).timeline
        return [(each.action, each.taken_back) for each in timeline if each.action in ("step.fail", "undo")]

    step = build.step()
    wb.steps.fail(step.id, reason="x")
    wb.undo()
    assert [each.taken_back for each in wb.report(step.release_id).exceptions.setbacks] == [True]
    assert undone() == [("step.fail", True), ("undo", False)]
    wb.undo(wb.last_batch)
    assert wb.report(step.release_id).exceptions.setbacks == ()
    assert undone() == [("step.fail", False), ("undo", True), ("undo", False)]


def test_a_finished_release_says_when(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=1)
    one, other = build.steps_of(release)
    wb.steps.mark_done(one.id)
    wb.releases.hold(release.id, [other.customer_id], reason="later")
    assert wb.report(release.id).summary.finished_at is None
    wb.releases.resume(release.id, [other.customer_id])
    wb.steps.mark_done(other.id)
    assert wb.report(release.id).summary.finished_at == wb.steps.get(other.id).executed_at


def test_a_sheet_has_the_text_as_it_ran(wb: Workbook, build: Build) -> None:
    step = build.step(content="deploy ${{ release.name }}")
    done = wb.steps.mark_done(step.id).steps[0]
    wb.releases.update(step.release_id, name="another name", confirm=True)
    (signed,) = wb.report(step.release_id, step.customer_id).steps
    assert (signed.text, signed.text_sha256) == (done.executed_content, done.executed_sha256)
    assert "another name" not in (signed.text or "")
    assert (signed.would_run, signed.is_open) == (None, False)


def test_an_open_step_shows_what_it_would_run_or_why_it_cannot(wb: Workbook, build: Build) -> None:
    release = build.release(name="r-9")
    build.template(release, content="deploy ${{ release.name }}")
    build.template(release, content="deploy ${{ vars.nowhere }}")
    wb.releases.activate(release.id, customer_ids=[build.customer().id])
    member = wb.releases.members(release.id)[0]
    first, second = wb.report(release.id, member.customer_id).steps
    assert (first.text, first.would_run, first.problems) == (None, "deploy r-9", ())
    assert (second.text, second.would_run) == (None, None)
    assert "vars.nowhere" in second.problems[0]


def test_begun_is_not_run(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.steps.start(step.id)
    (signed,) = wb.report(step.release_id, step.customer_id).steps
    assert (signed.is_open, signed.text, signed.would_run) == (True, "true", None)


def test_a_removed_member_can_still_be_signed_for(told: Told) -> None:
    sheet = told.wb.report(told.release, told.customers["Gone"])
    assert (sheet.member.state, sheet.member.reason, len(sheet.steps)) == ("removed", "contract ended", 3)


def test_nothing_to_report_is_said(wb: Workbook, build: Build) -> None:
    draft, customer = build.release(name="bare"), build.customer(name="Elsewhere")
    with pytest.raises(NotAllowed, match=r"'bare' has no members"):
        wb.report(draft.id)
    with pytest.raises(NotAllowed, match="'Elsewhere' does not take part"):
        wb.report(build.active().id, customer.id)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((4711,), NotFound),
        ((1, 4711), NotFound),
        (("1",), InvalidValue),
        ((1, "1"), InvalidValue),
        ((1, 0), InvalidValue),
    ],
)
def test_what_is_not_there_cannot_be_reported(wb: Workbook, build: Build, words: Any, error: Any) -> None:
    build.active()
    with pytest.raises(error):
        wb.report(*words)


def test_a_broken_chain_is_shouted(wb: Workbook, build: Build) -> None:
    from relorch.reports.html import as_html

    step = build.step()
    wb.steps.mark_done(step.id)
    assert "The chain holds" in as_html(wb.report(step.release_id))
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER events_no_update")
        connection.execute(events.update().where(events.c.id == 3).values(operator="mallory"))
    report = wb.report(step.release_id)
    assert report.head.first_broken_event == 3
    assert 'class="alarm"' in as_html(report)
    assert "THE CHAIN IS BROKEN at event 3" in as_html(report)


def test_what_a_removed_member_did_stays_in_the_steps_and_is_no_exception(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=1)
    one, other = build.steps_of(release)
    wb.steps.fail([one.id, other.id], reason="x")
    wb.releases.remove(release.id, [other.customer_id], reason="gone")
    report = wb.report(release.id)
    assert [step.step_id for step in report.exceptions.failed] == [one.id]
    assert [(step.step_id, step.status, step.member_state) for step in report.steps] == [
        (one.id, "failed", "active"),
        (other.id, "failed", "removed"),
    ]
