"""A question before deleting or archiving holds only as long as what it says is so."""

from __future__ import annotations

from relorch import Workbook
from relorch.ui import releases, words
from tests.conftest import Build


def test_a_draft_that_got_another_step_is_asked_about_anew(wb: Workbook, build: Build) -> None:
    draft = build.release()
    build.template(draft)
    asked = releases.close(wb, draft, releases.DELETE)
    second = build.template(draft)
    anew = releases.close(wb, draft, releases.DELETE, asked=asked)
    assert anew.question == f"{words.ASKED_ANEW} {words.delete_question(draft.name, 2)}"
    assert not anew.stored
    wb.templates.delete(second.id)
    build.template(draft)  # as many steps as before, but not the same ones
    assert not releases.close(wb, draft, releases.DELETE, asked=anew).stored
    again = releases.close(wb, draft, releases.DELETE)
    assert releases.close(wb, draft, releases.DELETE, asked=again).stored
    assert wb.releases.list() == []


def test_archiving_is_asked_about_anew_when_something_else_is_open(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=1)
    first, second = build.steps_of(release)
    asked = releases.close(wb, release, releases.ARCHIVE)
    wb.steps.fail(first.id, reason="timed out")
    anew = releases.close(wb, release, releases.ARCHIVE, asked=asked)
    assert (anew.stored, anew.question.startswith(words.ASKED_ANEW)) == (False, True)
    wb.steps.reopen(first.id)
    for step in (first, second):
        wb.steps.mark_done(step.id)
    assert releases.close(wb, release, releases.ARCHIVE, asked=anew).stored  # nothing is left open: nothing to ask
