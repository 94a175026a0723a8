"""A report tells what the record holds: every text that ran, every failure that stands, and whose note it was."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from relorch import Workbook
from relorch.model.values import CustomerStep
from relorch.reports import FORMATS, folding, printed
from relorch.reports.html import as_html
from tests.conftest import Build

OWN = "echo DANGEROUS rm -rf"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def run_own_text_and_reset(wb: Workbook, step: CustomerStep) -> None:
    wb.steps.override(step.id, OWN)
    wb.steps.mark_done(step.id)
    wb.steps.reopen(step.id)
    wb.steps.reset(step.id)
    wb.steps.mark_done(step.id)


def run_and_undo(wb: Workbook, step: CustomerStep) -> None:
    wb.steps.override(step.id, OWN)
    wb.steps.mark_done(step.id)
    wb.undo()
    wb.steps.reset(step.id)


def fail_and_retry(wb: Workbook, step: CustomerStep) -> None:
    wb.steps.override(step.id, OWN)
    wb.steps.start(step.id)
    wb.steps.fail(step.id, reason="no")
    wb.steps.reopen(step.id, take_template=True)
    wb.steps.start(step.id)


@pytest.mark.parametrize("happen", [run_own_text_and_reset, run_and_undo, fail_and_retry])
def test_a_text_that_ran_is_never_hidden(
    wb: Workbook, build: Build, happen: Callable[[Workbook, CustomerStep], None]
) -> None:
    step = build.step(content="echo one")
    happen(wb, step)
    sheet, report = wb.report(step.release_id, step.customer_id), wb.report(step.release_id)
    for form in FORMATS:
        assert OWN in "".join(printed(sheet, form))
        assert sha256(OWN) in "".join(printed(sheet, form))
    assert [(each.step.step_id, each.by, each.text) for each in report.exceptions.ran_own] == [
        (step.id, "ana", OWN),
    ]
    assert OWN in as_html(report)
    assert sha256(OWN) in as_html(report)


def test_the_history_of_a_step_says_which_text_each_time(wb: Workbook, build: Build) -> None:
    step = build.step(content="echo one")
    wb.steps.start(step.id)
    wb.steps.fail(step.id, reason="no")
    wb.steps.reopen(step.id)
    wb.templates.update(step.template_id or 0, content="echo two")
    wb.steps.mark_done(step.id)
    (signed,) = wb.report(step.release_id, step.customer_id).steps
    one, two = sha256("echo one"), sha256("echo two")
    assert [
        (said.action, said.text_sha256, said.text) for said in signed.history if said.action.startswith("step.")
    ] == [
        ("step.start", one, "echo one"),
        ("step.fail", one, None),
        ("step.reopen", None, None),
        ("step.mark_done", two, None),
    ]
    assert (signed.text, signed.text_sha256) == ("echo two", two)


def test_what_an_own_text_shows_already_is_not_told_twice(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.steps.override(step.id, OWN)
    wb.steps.mark_done(step.id)
    found = wb.report(step.release_id).exceptions
    assert (len(found.overridden), found.ran_own) == (1, ())


def test_a_failure_that_an_undo_left_standing_is_not_called_undone(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=1)
    left, undone = build.steps_of(release)
    batch = wb.steps.fail([left.id, undone.id], reason="both broke").batch_id
    wb.steps.mark_done(left.id)
    wb.undo(batch, skip_touched=True)
    report = wb.report(release.id)
    assert {each.step.step_id: each.taken_back for each in report.exceptions.setbacks} == {
        left.id: False,
        undone.id: True,
    }
    (failed,) = [each for each in report.timeline if each.action == "step.fail"]
    assert (failed.events, failed.taken_back) == (2, 1)
    assert "(1 of 2 undone since)" in as_html(report)


def test_an_undone_template_is_undone_in_the_timeline(wb: Workbook, build: Build) -> None:
    release = build.active()
    build.template(release, name="too much")
    wb.undo()
    told = [(each.action, each.taken_back) for each in wb.report(release.id).timeline]
    assert told[-2:] == [("template.add", 1), ("undo", 0)]


def test_of_two_failures_the_one_that_stands_is_the_one_of_now(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.steps.fail(step.id, reason="the first")
    wb.steps.reopen(step.id)
    wb.steps.fail(step.id, reason="the second")
    wb.undo()
    wb.undo()
    report = wb.report(step.release_id)
    assert [each.notes for each in report.exceptions.failed] == ["the first"]
    assert [(each.note, each.taken_back) for each in report.exceptions.setbacks] == [("the second", True)]


def noted(wb: Workbook, step: CustomerStep) -> str | None:
    return wb.report(step.release_id, step.customer_id).steps[0].notes


def test_a_note_stands_with_what_it_was_said_of(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.acting_as("ben").steps.fail(step.id, reason="broke")
    assert noted(wb, step) == "broke"
    wb.steps.mark_done(step.id)
    assert noted(wb, step) is None
    wb.undo()
    assert noted(wb, step) == "broke"
    wb.steps.reopen(step.id, reason="wrong")
    assert noted(wb, step) is None
    wb.steps.mark_done(step.id, notes="by hand")
    assert noted(wb, step) == "by hand"
    wb.steps.revert(step.id)
    assert (noted(wb, step), wb.report(step.release_id).exceptions.reverted[0].notes) == (None, None)


def test_what_a_removed_member_went_through_is_told(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=3)
    there = build.steps_of(release)[0].customer_id
    first, second = [step.id for step in build.steps_of(release) if step.customer_id != there][:2]
    wb.steps.mark_done(first)
    wb.steps.fail(second, reason="DATA LOST")
    gone = wb.steps.get(second).customer_id
    wb.releases.remove(release.id, [gone], reason="customer left")
    report = wb.report(release.id)
    (waiting,) = report.waiting
    assert (waiting.member.customer_id, waiting.progress.counts["done"], waiting.progress.counts["failed"]) == (
        gone,
        1,
        1,
    )
    assert "1 pending, 1 done, 1 failed" in as_html(report)


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        (["start"], "The text that was begun before the step was skipped; it does not count as run"),
        (["start", "fail"], "The text that ran and failed before the step was skipped"),
        (["start", "mark_done", "revert"], "The text that ran; the step was skipped after that"),
        (["start", "fail", "undo"], "The text that was begun before the step was skipped; it does not count as run"),
        (["mark_done", "reopen"], "Skipped in the end; what ran before that is in the history below."),
        ([], "Skipped: nothing ran."),
    ],
)
def test_a_skipped_step_says_what_became_of_its_text(wb: Workbook, build: Build, verbs: list[str], said: str) -> None:
    step = build.step()
    for verb in verbs:
        if verb == "undo":
            wb.undo()
        else:
            getattr(wb.steps, verb)(step.id, **({"reason": "broke"} if verb == "fail" else {}))
    wb.steps.skip(step.id, reason="later")
    assert said in as_html(wb.report(step.release_id, step.customer_id))


def test_an_empty_first_line_is_still_there(wb: Workbook, build: Build) -> None:
    step = build.step(content="\n\nfoo")
    assert '<pre class="not-run">\n\n\nfoo</pre>' in as_html(wb.report(step.release_id, step.customer_id))
    wb.steps.mark_done(step.id)
    assert "<pre>\n\n\nfoo</pre>" in as_html(wb.report(step.release_id, step.customer_id))


def test_a_long_timeline_counts_what_was_undone(wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_LINES", 1)
    first, second = build.steps_of(build.active(customers=2))
    wb.steps.mark_done(first.id)
    wb.steps.mark_done(second.id)
    wb.undo()
    days, is_folded = folding.timeline(wb.report(first.release_id).timeline)
    lines = [line for _, day in days for line in day]
    assert is_folded
    assert [(line.about, line.taken_back) for line in lines if line.what == "marked done"] == [
        ("2 steps", "1 of 2 undone since")
    ]
    assert re.fullmatch(r"undid: marked done by ana at \d\d:\d\d:\d\d", lines[-1].what)


def test_what_was_renamed_or_moved_since_is_said(wb: Workbook, build: Build) -> None:
    old, new = build.cluster(name="eu-1"), build.cluster(name="us-9")
    customer, other = build.customer(old, name="Acme", namespace="old-ns"), build.customer(new, name="Elsewhere")
    release = build.release(name="r1", version_number="4.2.0")
    build.template(release)
    wb.customers.update(customer.id, name="Acme Ltd")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    (step,) = build.steps_of(release)
    wb.steps.mark_done(step.id)
    wb.customers.update(customer.id, cluster_id=new.id, namespace="new-ns", metadata={"a": "b"}, confirm=True)
    wb.customers.update(other.id, name="Nobody's business")
    wb.clusters.update(old.id, name="eu-west-1")
    wb.releases.update(release.id, version_number="4.2.1", confirm=True)
    told = [
        ("customer", "Acme Ltd", "namespace", "old-ns", "new-ns"),
        ("customer", "Acme Ltd", "cluster", "eu-west-1", "us-9"),
        ("cluster", "eu-west-1", "name", "eu-1", "eu-west-1"),
        ("release", "r1", "version number", "4.2.0", "4.2.1"),
    ]
    for report in (wb.report(release.id), wb.report(release.id, customer.id)):
        found = [(each.about, each.label, each.what, each.was, each.became) for each in report.renamed]
        assert sorted(found) == sorted(told)
        assert "The customer&#39;s namespace was old-ns until then, and became new-ns" in as_html(report)


def test_a_standstill_is_drawn(wb: Workbook, build: Build) -> None:
    from relorch.reports.charts import burn_up_chart

    release = build.active(customers=2)
    done, other = build.steps_of(release)
    wb.at(wb.now() + timedelta(minutes=1)).steps.mark_done(done.id)
    report = wb.at(wb.now() + timedelta(hours=5)).report(release.id)
    chart = re.search(r'<svg [^>]*aria-label="Burn-up.*?</svg>', as_html(report), re.DOTALL)
    assert chart is not None
    drawn = burn_up_chart(report.burn_up, report.head.made_at)
    assert chart[0] == str(drawn)
    assert chart[0] != str(burn_up_chart(report.burn_up))
    ticks = re.findall(r">(\d\d:\d\d:\d\d)<", burn_up_chart(report.burn_up))
    assert len(ticks) == len(set(ticks)) > 1
    wb.at(wb.now() + timedelta(minutes=2)).steps.mark_done(other.id)
    finished = wb.at(wb.now() + timedelta(hours=5)).report(release.id)
    assert str(burn_up_chart(finished.burn_up)) in as_html(finished)
