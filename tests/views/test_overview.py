"""The dashboard's counts are those of the release."""

from __future__ import annotations

from relorch import Workbook
from tests.conftest import Build


def test_a_release_at_a_glance_counts_as_its_progress_does(wb: Workbook, build: Build) -> None:
    release = build.active(customers=3, steps=2)
    steps = build.steps_of(release)
    wb.steps.mark_done([steps[0].id, steps[2].id])
    wb.releases.hold(release.id, [steps[0].customer_id], reason="not now")
    (glance,) = wb.overview().active
    assert (glance.progress.held, glance.progress.held_open) == (2, 1)
    assert glance.progress == wb.progress(release.id)
