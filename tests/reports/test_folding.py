"""What is folded on paper loses nobody, and what is long is cut into what fits."""

from __future__ import annotations

from relorch import Workbook
from relorch.reports import folding
from relorch.reports.difference import difference
from relorch.reports.html import as_html
from tests.conftest import Build


def test_what_many_customers_share_is_one_row_with_all_their_names(wb: Workbook, build: Build) -> None:
    release = build.active(customers=30, steps=1)
    ids = [step.id for step in build.steps_of(release)]
    wb.steps.skip(ids[:29], reason="not this time")
    wb.steps.skip(ids[29], reason="asked not to")
    report = wb.report(release.id)
    groups = folding.folded(
        report.exceptions.skipped,
        step=lambda step: step,
        who=lambda step: (step.executed_by, step.executed_at),
        said=lambda step: step.skip_reason,
    )
    assert sorted(len(group.customers) for group in groups) == [1, 29]
    text = as_html(report)
    assert "Skipped (30)" in text
    assert text.count("not this time") == 2  # once among the exceptions, once in the timeline
    assert all(f"<bdi>{step.customer_name}</bdi>" in text for step in report.exceptions.skipped)


def test_many_steps_are_cut_into_bands_that_hold_each_cell_once(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=folding.MOST_COLUMNS + 3)
    matrix = wb.report(release.id).matrix
    first, second = folding.bands(matrix)
    assert (len(first.numbers), len(second.numbers)) == (folding.MOST_COLUMNS, 3)
    assert (*first.numbers, *second.numbers) == tuple(folding.numbers_of(matrix))
    for at in range(2):
        parts = [band.clusters[0][2][at][1] for band in (first, second)]
        assert "".join(parts) == matrix.lines[at]


def test_a_long_timeline_counts_every_routine_step(wb: Workbook, build: Build) -> None:
    release = build.active(customers=folding.MOST_LINES, steps=1)
    steps = build.steps_of(release)
    for step in steps[1:]:
        wb.steps.mark_done(step.id)
    wb.steps.fail(steps[0].id, reason="the one that matters")
    days, is_folded = folding.timeline(wb.report(release.id).timeline)
    lines = [line for _, found in days for line in found]
    assert is_folded
    routine = [line for line in lines if line.what == "marked done"]
    assert sum(int(line.about.split()[0]) for line in routine) == folding.MOST_LINES - 1
    assert [line.note for line in lines if line.note] == ["the one that matters"]


def test_a_difference_puts_both_texts_back_together() -> None:
    old = "\n".join(f"line {number}" for number in range(30))
    new = old.replace("line 14", "line fourteen\nand a half").replace("line 29", "end")
    lines = difference(old, new)
    assert [line for sign, line in lines if sign == "-"] == ["line 14", "line 29"]
    assert [line for sign, line in lines if sign == "+"] == ["line fourteen", "and a half", "end"]
    assert [line for sign, line in lines if sign == "@"] == ["11 equal lines", "8 equal lines"]
    assert difference(old, old) == []


def test_texts_that_share_no_line_are_no_hours_of_work() -> None:
    old, new = ("\n".join(f"{word} {number}" for number in range(9_000)) for word in ("old", "new"))
    assert len(difference(old, new)) == 18_000
