"""What an update offers to reopen is reopened as it was then, and nothing that a colleague finished since."""

from __future__ import annotations

from typing import Any

from relorch import Workbook
from relorch.ui.editor import Draws, Editor, Said, Typed, stored_values
from tests.conftest import Build


def test_a_step_that_was_done_or_begun_since_it_was_offered_stays_and_is_named(wb: Workbook, build: Build) -> None:
    release = build.active(customers=3, name="Migrate", content="echo one")
    steps, said = build.steps_of(release), list[Any]()
    ids = [step.id for step in steps]
    wb.steps.fail(ids, reason="disk full")
    (template,) = wb.templates.list(release.id)
    editor = Editor(wb, release, Draws(form=lambda: None, typed=lambda: None, said=said.append))
    editor._store(Typed(template.id, template, {**stored_values(template), "content": "echo two"}))
    offer: Said = said[-1]
    ben = wb.acting_as("ben")
    ben.steps.mark_done(ids[0])
    ben.steps.start(ids[1])
    editor.reopen(offer.reopen)
    assert [(wb.steps.get(each).status, wb.steps.get(each).content) for each in ids] == [
        ("done", "echo one"),
        ("in_progress", "echo one"),
        ("pending", "echo two"),
    ]
    answer = said[-1].shown.text
    assert "1 step reopened with the new text. 2 could not be." in answer
    assert [f"Step {each} " in answer for each in ids] == [True, True, False]
    assert "by ben" in answer
