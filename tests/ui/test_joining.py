"""Customers join as the preview on the screen says, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.ui import membership, words
from relorch.ui.page import element
from tests.conftest import Build


@pytest.mark.parametrize("verb", ["activate", "add_customers"])
def test_nobody_joins_when_a_step_changes_between_the_look_and_the_press(
    wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    release = build.active() if verb == "add_customers" else build.release()
    step = build.template(release)
    chosen = [build.customer().id]
    members = wb.releases.members(release.id)
    shown = membership.preview(wb, release, chosen)
    really = getattr(type(wb.releases), verb)

    def just_before(self: Any, *choice: Any, **named: Any) -> Any:
        wb.acting_as("ben").templates.update(step.id, content="${{ vars.none }}")
        return really(self, *choice, **named)

    monkeypatch.setattr(type(wb.releases), verb, just_before)
    answer = membership.join(wb, release, chosen, shown)
    assert (answer.stored, words.PREVIEW_IS_OLD in element(answer.shown)) == (False, True)
    assert wb.releases.members(release.id) == members
    monkeypatch.setattr(type(wb.releases), verb, really)
    assert not membership.join(wb, release, chosen, shown).stored
    assert membership.join(wb, release, chosen, membership.preview(wb, release, chosen)).stored
