"""A question before deleting or archiving holds only as long as what it says is so."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict
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


def test_a_draft_whose_step_was_rewritten_is_asked_about_anew(wb: Workbook, build: Build) -> None:
    draft = build.release()
    step = build.template(draft)
    asked = releases.close(wb, draft, releases.DELETE)
    wb.acting_as("ben").templates.update(step.id, content="a day's work")
    anew = releases.close(wb, draft, releases.DELETE, asked=asked)
    assert (anew.stored, anew.question.startswith(words.ASKED_ANEW)) == (False, True)
    wb.acting_as("ben").releases.update(draft.id, name="2026.12")
    renamed = releases.close(wb, draft, releases.DELETE, asked=anew)
    assert renamed.question == f"{words.ASKED_ANEW} {words.delete_question('2026.12', 1)}"
    assert releases.close(wb, draft, releases.DELETE, asked=renamed).stored


def test_a_draft_is_not_deleted_when_it_changes_between_the_look_and_the_deletion(
    wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = build.release()
    step = build.template(draft)
    asked = releases.close(wb, draft, releases.DELETE)
    delete = type(wb.releases).delete

    def just_before(self: Any, release_id: int, **expected: Any) -> None:
        wb.acting_as("ben").templates.update(step.id, content="a day's work")
        delete(self, release_id, **expected)

    monkeypatch.setattr(type(wb.releases), "delete", just_before)
    assert isinstance(releases.close(wb, draft, releases.DELETE, asked=asked).answer.error, Conflict)
    assert [each.content for each in wb.templates.list(draft.id)] == ["a day's work"]
