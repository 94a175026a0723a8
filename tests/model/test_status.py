"""The status table is the one of the design; `tests/workbook/test_status_table.py` plays it."""

from __future__ import annotations

from relorch.model.status import CLOSED, CODE, HOLDS_TEXT, OPEN, STATUSES, TRANSITIONS, Status, Verb, verbs_from

DESIGNED = {
    "start": ("pending failed reverted", "in_progress", "none"),
    "mark_done": ("pending in_progress failed reverted", "done", "none"),
    "fail": ("pending in_progress done", "failed", "required"),
    "skip": ("pending in_progress failed reverted", "skipped", "required"),
    "revert": ("done failed", "reverted", "optional"),
    "reopen": ("in_progress done skipped failed reverted", "pending", "optional"),
}


def test_the_table_is_the_designed_one() -> None:
    table = {verb: (set(row.sources), row.target, row.reason) for verb, row in TRANSITIONS.items()}
    assert table == {verb: (set(sources.split()), target, why) for verb, (sources, target, why) in DESIGNED.items()}
    assert list(TRANSITIONS) == list(Verb)


def test_only_start_and_done_need_a_text_that_renders() -> None:
    assert {verb for verb, row in TRANSITIONS.items() if row.renders} == {Verb.START, Verb.MARK_DONE}
    assert {verb for verb, row in TRANSITIONS.items() if row.freezes} == {Verb.START, Verb.MARK_DONE, Verb.FAIL}


def test_no_verb_leads_from_its_own_target() -> None:
    assert [verb for verb, row in TRANSITIONS.items() if row.target in row.sources] == []


def test_every_status_can_be_reached_and_left() -> None:
    assert {row.target for row in TRANSITIONS.values()} == set(STATUSES)
    assert all(verbs_from(status) for status in STATUSES)


def test_open_is_what_still_wants_a_hand() -> None:
    assert {"pending", "in_progress", "failed", "reverted"} == OPEN
    assert {"done", "skipped"} == CLOSED
    assert {"in_progress", "done"} == HOLDS_TEXT


def test_the_codes_of_the_matrix_never_move() -> None:
    assert CODE == {"pending": 0, "in_progress": 1, "done": 2, "skipped": 3, "failed": 4, "reverted": 5}
    assert [CODE[status] for status in Status] == list(range(6))
