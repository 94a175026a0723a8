"""Who wins when two act on one step: the first, and the others are told by whom and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue
from relorch.model.placeholders import sha256
from relorch.model.values import CustomerStep
from relorch.store.tables import customers

MOMENT = datetime(2026, 11, 19, 22, 5, 7, tzinfo=UTC)
DIGEST = sha256("something else")


def test_a_stale_version_is_a_conflict_that_names_the_change(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step(name="Migrate")
    wb.acting_as("ben").at(MOMENT).steps.start(step.id)
    with refused(Conflict, "'Migrate'", "was changed by ben at 2026-11-19 22:05:07 UTC", "is in progress now"):
        wb.steps.mark_done(step.id, expected_version=step.row_version)
    assert wb.steps.mark_done(step.id, expected_version=step.row_version + 1).steps[0].status == "done"


def test_a_conflict_carries_status_who_and_when(wb: Workbook, build: Any) -> None:
    step = build.step()
    wb.acting_as("ben").at(MOMENT).steps.mark_done(step.id)
    with pytest.raises(Conflict) as caught:
        wb.steps.mark_done(step.id)
    error = caught.value
    assert (error.step_id, error.status, error.who, error.when) == (step.id, "done", "ben", MOMENT)


def test_ones_own_double_click_reads_so(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    wb.at(MOMENT).steps.mark_done(step.id, expected_version=1)
    with refused(Conflict, "is already done by you at 2026-11-19 22:05:07 UTC; nothing was changed"):
        wb.steps.mark_done(step.id, expected_version=1)


def test_being_there_already_wins_over_being_stale(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    wb.acting_as("ben").steps.skip(step.id, reason="not needed")
    with refused(Conflict, "is already skipped by ben"):
        wb.steps.skip(step.id, reason="not needed", expected_version=1)


def test_a_stale_version_wins_over_an_illegal_transition(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    wb.acting_as("ben").steps.skip(step.id, reason="not needed")
    with refused(Conflict, "was changed by ben"):
        wb.steps.mark_done(step.id, expected_version=1)


def test_each_step_of_a_list_has_its_own_version(wb: Workbook, build: Any) -> None:
    fresh, stale, unguarded = build.steps_of(build.active(customers=3))
    for step in (stale, unguarded):
        wb.steps.start(step.id)
    outcome = wb.steps.mark_done(
        [fresh.id, stale.id, unguarded.id], expected_version={fresh.id: 1, stale.id: stale.row_version}
    )
    assert [step.id for step in outcome.steps] == [fresh.id, unguarded.id]
    assert [(refusal.step_id, type(refusal.error)) for refusal in outcome.refused] == [(stale.id, Conflict)]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("expected_version", "1", "must be a number"),
        ("expected_version", True, "must be a number"),
        ("expected_version", 1.0, "must be a number"),
        ("text_sha256", 7, "must be a text"),
    ],
)
def test_what_was_on_the_screen_has_its_kind(
    wb: Workbook, build: Any, refused: Any, field: str, value: Any, why: str
) -> None:
    step = build.step()
    with refused(InvalidValue, field, why):
        wb.steps.mark_done(step.id, **{field: value})
    with refused(InvalidValue, field, "must be a dict of step id to value"):
        wb.steps.mark_done([step.id], **{field: value})
    with refused(InvalidValue, field, why):
        wb.steps.mark_done([step.id], **{field: {step.id: value}})


@pytest.mark.parametrize("field", ["expected_version", "text_sha256"])
@pytest.mark.parametrize("key", ["1", None])
def test_what_was_on_the_screen_is_kept_by_number(wb: Workbook, build: Any, refused: Any, field: str, key: Any) -> None:
    step = build.step()
    value = 1 if field == "expected_version" else DIGEST
    with refused(InvalidValue, field):
        wb.steps.mark_done([step.id], **{field: {key: value}})


def test_the_text_that_was_shown_is_the_text_that_is_recorded(wb: Workbook, build: Any) -> None:
    step = build.step(content="echo ${{ namespace }}")
    digest = wb.steps.detail(step.id).text_sha256
    (done,) = wb.steps.mark_done(step.id, text_sha256=digest).steps
    assert (done.executed_sha256, done.executed_content) == (digest, wb.steps.render(step.id).text)
    assert wb.history(step_id=step.id)[0].after["executed_content"] == done.executed_content


@pytest.mark.parametrize("verb", ["start", "mark_done", "fail"])
def test_a_text_that_is_not_the_one_that_was_shown_is_a_conflict(
    wb: Workbook, build: Any, refused: Any, verb: str
) -> None:
    step = build.step(name="Migrate", content="old")
    digest = wb.steps.detail(step.id).text_sha256
    wb.templates.update(step.template_id, content="new")
    words = {"reason": "disk full"} if verb == "fail" else {}
    with refused(
        Conflict, "'Migrate'", "is no longer the one that was shown", "the step's own text was changed by you at"
    ):
        getattr(wb.steps, verb)(step.id, text_sha256=digest, **words)
    fresh = wb.steps.detail(step.id).text_sha256
    assert getattr(wb.steps, verb)(step.id, text_sha256=fresh, **words).steps[0].executed_content == "new"


NOT_OF_IT = "is not that of the text of step"


@pytest.mark.parametrize("content", ["echo ${{ namespace }}", "echo ${{ vars.nowhere }}"])
def test_a_digest_of_another_text_is_no_change_that_somebody_made(
    wb: Workbook, build: Any, refused: Any, content: str
) -> None:
    release = build.release()
    wb.at(MOMENT).templates.add(release.id, name="Migrate", category="deploy", type="bash", content=content)
    customer = build.customer()
    wb.customers.update(customer.id, name="Acme", confirm=True)
    wb.releases.activate(release.id, customer_ids=[customer.id])
    (step,) = wb.steps.list(release.id, customer.id)
    with pytest.raises(Conflict) as caught:
        wb.steps.fail(step.id, reason="disk full", text_sha256=DIGEST)
    assert NOT_OF_IT in str(caught.value)
    assert "changed" not in str(caught.value)
    assert (caught.value.status, caught.value.who, caught.value.when) == ("pending", None, None)


def test_what_made_a_step_did_not_change_its_text(wb: Workbook, build: Any, refused: Any) -> None:
    first = build.step()
    own = {"category": "deploy", "type": "text", "content": "look"}
    wb.templates.add(first.release_id, name="late", **own)
    custom = wb.steps.add_custom(first.release_id, first.customer_id, name="own", **own)
    shared = wb.steps.add_custom(first.release_id, first.customer_id, name="all", **own, add_to_template=True)
    late = next(step for step in wb.steps.list(first.release_id, first.customer_id) if step.name == "late")
    for step in (late, custom, shared):
        with refused(Conflict, NOT_OF_IT):
            wb.steps.mark_done(step.id, text_sha256=DIGEST)
    wb.steps.override(late.id, "look twice")
    with refused(Conflict, "the step's own text was changed by you at"):
        wb.steps.mark_done(late.id, text_sha256=DIGEST)


def test_a_member_that_came_later_is_not_blamed_on_what_was_before(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active()
    late = build.customer()
    wb.releases.update(release.id, name="R 2", confirm=True)
    wb.releases.add_customers(release.id, [late.id])
    (step,) = wb.steps.list(release.id, late.id)
    with refused(Conflict, NOT_OF_IT):
        wb.steps.mark_done(step.id, text_sha256=DIGEST)


def rename(wb: Workbook, step: CustomerStep, what: str) -> None:
    """Let somebody give the step's customer, cluster or release another name, which its text has in it."""
    customer = wb.customers.get(step.customer_id)
    ben = wb.acting_as("ben").at(MOMENT)
    if what == "customer":
        ben.customers.update(customer.id, name="Acme 2", confirm=True)
    elif what == "cluster":
        ben.clusters.update(customer.cluster_id, name="eu-2", confirm=True)
    else:
        ben.releases.update(step.release_id, name="R 2", confirm=True)


@pytest.mark.parametrize(
    ("what", "words"), [("customer", "customer 'Acme 2'"), ("cluster", "cluster 'eu-2'"), ("release", "release 'R 2'")]
)
def test_the_conflict_names_what_changed_the_text_and_who(
    wb: Workbook, build: Any, refused: Any, what: str, words: str
) -> None:
    content = "${{ customer.name | sh }} ${{ cluster.name }} ${{ release.name | sh }}"
    step = build.step(content=content)
    digest = wb.steps.detail(step.id).text_sha256
    rename(wb, step, what)
    # neither of these is part of any text
    wb.releases.update(step.release_id, description="later")
    wb.steps.fail(step.id, reason="disk full")
    with refused(Conflict, f"{words} was changed by ben at 2026-11-19 22:05:07 UTC"):
        wb.steps.mark_done(step.id, text_sha256=digest)


def test_a_template_put_before_a_step_is_not_blamed_for_its_text(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(content="${{ customer.name | sh }}")
    (step,) = build.steps_of(release)
    digest = wb.steps.detail(step.id).text_sha256
    rename(wb, step, "customer")
    build.template(release, position=0)
    with refused(Conflict, "customer 'Acme 2' was changed by ben at"):
        wb.steps.mark_done(step.id, text_sha256=digest)


def test_who_retired_the_step_beside_it_is_who_changed_a_custom_step(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(steps=2)
    first, *_ = build.steps_of(release)
    words = {"name": "Look", "category": "deploy", "type": "text", "content": "look"}
    extra = wb.steps.add_custom(release.id, first.customer_id, **words, after_id=first.id)
    wb.acting_as("ben").at(MOMENT).templates.delete(first.template_id)
    with refused(Conflict, "was changed by ben at 2026-11-19 22:05:07 UTC"):
        wb.acting_as("carl").steps.mark_done(extra.id, expected_version=extra.row_version)


def test_a_version_of_another_step_is_not_taken_for_this_one(wb: Workbook, build: Any, refused: Any) -> None:
    first, second = build.steps_of(build.active(steps=2))
    with refused(InvalidValue, "expected_version", f"names step {second.id}"):
        wb.steps.mark_done(first.id, expected_version={second.id: 99})


def test_a_change_by_a_template_is_not_put_down_to_who_acted_before(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step(content="old")
    ben = wb.acting_as("ben").at(MOMENT)
    ben.steps.start(step.id)
    version = ben.steps.reopen(step.id).steps[0].row_version
    wb.templates.update(step.template_id, content="new")
    with pytest.raises(Conflict) as caught:
        wb.steps.mark_done(step.id, expected_version=version)
    assert "by ben" not in str(caught.value)


def test_a_change_of_the_template_does_not_hide_who_acted_on_the_step(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step(content="old")
    ben = wb.acting_as("ben").at(MOMENT)
    ben.steps.mark_done(step.id)
    wb.templates.update(step.template_id, content="new")
    wb.clusters.create(name="eu-9")
    with refused(Conflict, "is already done by ben at 2026-11-19 22:05:07 UTC"):
        wb.steps.mark_done(step.id)
    with refused(Conflict, "is already done by you at 2026-11-19 22:05:07 UTC"):
        ben.steps.mark_done(step.id)
    with refused(Conflict, "was changed by ben at 2026-11-19 22:05:07 UTC"):
        wb.acting_as("carol").steps.revert(step.id, expected_version=step.row_version)


def test_a_custom_step_has_no_template_to_blame(wb: Workbook, build: Any, refused: Any) -> None:
    step = build.step()
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql("UPDATE customer_steps SET template_id = NULL, is_custom = 1")
    wb.acting_as("ben").at(MOMENT).steps.mark_done(step.id)
    wb.clusters.create(name="eu-9")
    with refused(Conflict, "is already done by ben at 2026-11-19 22:05:07 UTC"):
        wb.steps.mark_done(step.id)


def test_a_frozen_text_outlives_every_change_around_it(wb: Workbook, build: Any, set_row: Any) -> None:
    step = build.step(content="echo ${{ customer.name | sh }}")
    name = wb.customers.get(step.customer_id).name
    (begun,) = wb.steps.start(step.id).steps
    wb.templates.update(step.template_id, content="rm ${{ customer.name | sh }}", name="other")
    set_row(customers, step.customer_id, name="Acme 2")
    detail = wb.steps.detail(step.id)
    assert (detail.text, detail.text_sha256, detail.frozen) == (f"echo '{name}'", begun.executed_sha256, True)
    assert detail.rendering.text == "echo 'Acme 2'"
    (done,) = wb.steps.mark_done(step.id, text_sha256=begun.executed_sha256).steps
    assert (done.executed_content, done.name) == (f"echo '{name}'", step.name)


def test_reopening_gives_the_text_of_now(wb: Workbook, build: Any) -> None:
    step = build.step(content="old")
    wb.steps.mark_done(step.id)
    wb.templates.update(step.template_id, content="new")
    (again,) = wb.steps.reopen(step.id).steps
    assert (again.executed_content, again.content) == (None, "old")
    assert [event.after["executed_content"] for event in wb.history(step_id=step.id)] == ["old", None]
