"""Every pair of status and verb, taken from the table itself and played on a real workbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import CannotRender, Conflict, IllegalTransition, InvalidValue
from relorch.model.placeholders import sha256
from relorch.model.status import HOLDS_TEXT, STATUSES, TRANSITIONS, Status, Verb, verbs_from
from relorch.model.values import CustomerStep
from relorch.store.tables import customers
from relorch.workbook.steps import Outcome

MOMENT = datetime(2026, 11, 19, 22, 5, 7, 123456, tzinfo=UTC)
PAIRS = [(status, verb) for status in STATUSES for verb in Verb]
LEGAL = [(status, verb) for status, verb in PAIRS if status in TRANSITIONS[verb].sources]
AGAIN = [(status, verb) for status, verb in PAIRS if status is TRANSITIONS[verb].target]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL and pair not in AGAIN]
WITH_REASON = [verb for verb in Verb if TRANSITIONS[verb].reason == "required"]
WITH_NOTES = [verb for verb in Verb if TRANSITIONS[verb].reason == "none"]


def way_to(status: Status) -> tuple[Verb, ...]:
    """The shortest chain of verbs that leads from pending to `status`."""
    ways: dict[Status, tuple[Verb, ...]] = {Status.PENDING: ()}
    while status not in ways:
        for reached, way in list(ways.items()):
            for verb in verbs_from(reached):
                ways.setdefault(TRANSITIONS[verb].target, (*way, verb))
    return ways[status]


def act(wb: Workbook, verb: Verb, step_ids: Any, **words: Any) -> Outcome:
    """Do a verb, with a reason where the table wants one."""
    if TRANSITIONS[verb].reason == "required":
        words = {"reason": f"{verb} it"} | words
    return getattr(wb.steps, verb.value)(step_ids, **words)


@pytest.fixture
def step_in(wb: Workbook, build: Any) -> Callable[..., CustomerStep]:
    """A step that ana brought to a status; its text is `psql db1` until its customer's metadata changes."""

    def make(status: Status, content: str = "psql ${{ vars.db_host }}") -> CustomerStep:
        release = build.release(name="2026.11")
        build.template(release, name="Migrate", content=content)
        customer = build.customer(name="Acme", metadata={"db_host": "db1"})
        wb.releases.activate(release.id, customer_ids=[customer.id])
        step = wb.steps.list(release.id, customer.id)[0]
        for verb in way_to(status):
            act(wb, verb, step.id)
        return wb.steps.get(step.id)

    return make


def test_the_pairs_are_all_there() -> None:
    assert (len(PAIRS), len(LEGAL), len(AGAIN), len(ILLEGAL)) == (36, 21, 6, 9)


@pytest.mark.parametrize(("status", "verb"), LEGAL)
def test_a_legal_verb_leads_to_its_target_and_says_who_and_when(
    wb: Workbook, step_in: Callable[..., CustomerStep], status: Status, verb: Verb
) -> None:
    before = step_in(status)
    outcome = act(wb.acting_as("ben").at(MOMENT), verb, before.id)
    (after,) = outcome.steps
    assert after == wb.steps.get(before.id)
    assert (after.status, after.row_version, after.updated_at) == (
        TRANSITIONS[verb].target,
        before.row_version + 1,
        MOMENT,
    )
    cleared = verb is Verb.REOPEN
    assert (after.executed_at, after.executed_by) == ((None, None) if cleared else (MOMENT, "ben"))
    (event,) = wb.history(batch_id=outcome.batch_id)
    assert (event.operator, event.at, event.action, event.step_id) == ("ben", MOMENT, f"step.{verb}", before.id)
    assert event.before is not None
    assert event.after is not None
    assert (event.before["status"], event.after["status"]) == (status, TRANSITIONS[verb].target)
    changed = {name for name, value in after if value != getattr(before, name)}
    assert set(event.after) == changed - {"row_version", "updated_at"}


@pytest.mark.parametrize(("status", "verb"), LEGAL)
def test_a_text_is_frozen_when_it_runs_kept_afterwards_and_cleared_on_reopen(
    wb: Workbook,
    step_in: Callable[..., CustomerStep],
    set_row: Callable[..., None],
    status: Status,
    verb: Verb,
) -> None:
    before = step_in(status)
    set_row(customers, before.customer_id, metadata={"db_host": "db2"})
    (after,) = act(wb, verb, before.id).steps
    if verb is Verb.REOPEN:
        expected = None
    elif TRANSITIONS[verb].freezes and status not in HOLDS_TEXT:
        expected = "psql db2"
    else:
        expected = before.executed_content
    assert after.executed_content == expected
    assert after.executed_sha256 == (None if expected is None else sha256(expected))


@pytest.mark.parametrize(("status", "verb"), ILLEGAL)
def test_an_illegal_verb_names_the_status_and_what_is_possible(
    wb: Workbook, step_in: Callable[..., CustomerStep], refused: Any, status: Status, verb: Verb
) -> None:
    step = step_in(status)
    with refused(IllegalTransition, f"Step {step.id} is {status}", f"'{verb}'", ", ".join(verbs_from(status))):
        act(wb, verb, step.id)


@pytest.mark.parametrize(("status", "verb"), [pair for pair in AGAIN if pair[0] is not Status.PENDING])
def test_a_step_that_is_there_already_is_a_conflict_naming_who_was_first(
    wb: Workbook, step_in: Callable[..., CustomerStep], refused: Any, status: Status, verb: Verb
) -> None:
    step = step_in(status)
    words = ["'Migrate' of Acme", f"is already {status.replace('_', ' ')} by", "nothing was changed"]
    with refused(Conflict, *words, "by you at"):
        act(wb, verb, step.id)
    with refused(Conflict, *words, "by ana at"):
        act(wb.acting_as("ben"), verb, step.id)


def test_reopening_what_was_never_begun_is_a_conflict_with_nobody(
    wb: Workbook, step_in: Callable[..., CustomerStep], refused: Any
) -> None:
    step = step_in(Status.PENDING)
    with refused(Conflict, "is already pending; nothing was changed"):
        wb.steps.reopen(step.id)


@pytest.mark.parametrize("verb", WITH_REASON)
@pytest.mark.parametrize("reason", ["", "  ", "\n", None])
def test_a_verb_that_wants_a_reason_gets_one(
    wb: Workbook, step_in: Callable[..., CustomerStep], refused: Any, verb: Verb, reason: str | None
) -> None:
    step = step_in(Status.PENDING)
    with refused(InvalidValue, "reason", "must say why"):
        act(wb, verb, step.id, reason=reason)


@pytest.mark.parametrize(("status", "verb"), [pair for pair in LEGAL if TRANSITIONS[pair[1]].reason != "none"])
def test_a_reason_is_on_the_step_and_in_its_event(
    wb: Workbook, step_in: Callable[..., CustomerStep], status: Status, verb: Verb
) -> None:
    step = step_in(status)
    outcome = act(wb, verb, step.id, reason="disk full\r\non db1\n")
    (after,) = outcome.steps
    mirrored = after.skip_reason if verb is Verb.SKIP else after.notes
    assert mirrored == "disk full\non db1"
    assert [event.note for event in wb.history(batch_id=outcome.batch_id)] == ["disk full\non db1"]


@pytest.mark.parametrize("verb", WITH_NOTES)
def test_notes_are_on_the_step_and_in_its_event(wb: Workbook, step_in: Callable[..., CustomerStep], verb: Verb) -> None:
    step = step_in(Status.PENDING)
    outcome = act(wb, verb, step.id, notes="took 9 min")
    assert [after.notes for after in outcome.steps] == ["took 9 min"]
    assert [event.note for event in wb.history(batch_id=outcome.batch_id)] == ["took 9 min"]


def test_a_verb_without_words_leaves_the_words_before_it(wb: Workbook, step_in: Callable[..., CustomerStep]) -> None:
    step = step_in(Status.PENDING)
    wb.steps.fail(step.id, reason="disk full")
    (done,) = wb.steps.mark_done(step.id).steps
    assert done.notes == "disk full"
    wb.steps.reopen(step.id)
    wb.steps.skip(step.id, reason="done by hand")
    (open_again,) = wb.steps.reopen(step.id).steps
    assert (open_again.notes, open_again.skip_reason) == ("disk full", "done by hand")


@pytest.mark.parametrize(("status", "verb"), [(s, v) for s, v in LEGAL if TRANSITIONS[v].renders])
def test_a_text_that_cannot_render_is_neither_started_nor_done_unless_it_was_frozen(
    wb: Workbook,
    step_in: Callable[..., CustomerStep],
    set_row: Callable[..., None],
    refused: Any,
    status: Status,
    verb: Verb,
) -> None:
    step = step_in(status)
    set_row(customers, step.customer_id, metadata={})
    if status in HOLDS_TEXT:
        (after,) = act(wb, verb, step.id).steps
        assert after.executed_content == "psql db1"
    else:
        with refused(CannotRender, f"Step {step.id} cannot render", "${{ vars.db_host }}", "has metadata 'db_host'"):
            act(wb, verb, step.id)


@pytest.mark.parametrize("verb", [Verb.FAIL, Verb.SKIP])
def test_a_text_that_cannot_render_can_be_failed_or_skipped_and_none_is_stored(
    wb: Workbook, step_in: Callable[..., CustomerStep], verb: Verb
) -> None:
    step = step_in(Status.PENDING, content="psql ${{ vars.nope }}")
    (after,) = act(wb, verb, step.id).steps
    assert (after.executed_content, after.executed_sha256) == (None, None)
    assert after.executed_by == "ana"


@pytest.mark.parametrize("status", STATUSES)
def test_the_choices_of_a_step_are_the_verbs_that_will_work(
    wb: Workbook, step_in: Callable[..., CustomerStep], status: Status
) -> None:
    step = step_in(status)
    choices = wb.steps.detail(step.id).choices
    assert [(choice.verb, choice.reason, choice.refused) for choice in choices] == [
        (verb, TRANSITIONS[verb].reason, None) for verb in verbs_from(status)
    ]
