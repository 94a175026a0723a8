"""Step templates: dense in their category, and what a change of one reaches."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.model.values import Category, Release
from relorch.store.tables import customer_steps, step_templates


def names(wb: Workbook, release: Release, category: str) -> list[str]:
    live = [template for template in wb.templates.list(release.id) if template.category == category]
    assert [template.order_index for template in live] == list(range(len(live)))
    return [template.name for template in live]


def test_a_template_keeps_what_it_was_given(wb: Workbook, build: Any) -> None:
    release = build.release()
    made = wb.templates.add(
        release.id,
        name="Migrate",
        category="verify",
        type="sql",
        content="SELECT 1;\r\n",
        description="why",
        required=True,
    )
    assert made == wb.templates.get(made.id)
    assert (made.name, made.category, made.type, made.content) == ("Migrate", "verify", "sql", "SELECT 1;")
    assert (made.description, made.required, made.is_retired, made.revision) == ("why", True, False, 1)
    event = wb.history(release_id=release.id)[-1]
    assert (event.action, event.template_id) == ("template.add", made.id)
    assert event.after is not None
    assert (event.after["content"], event.after["order_index"]) == ("SELECT 1;", 0)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", " ", "must not be blank"),
        ("category", "rollback", "must be one of deploy, verify"),
        ("type", "python", "must be one of bash, sql, text"),
        ("content", "", "must not be blank"),
        ("content", " \n", "must not be blank"),
        ("content", "x" * 65_537, "is longer than"),
        ("content", "a\x1bb", "U+001B"),
        ("content", "echo '${{ namespace | sh }}'", "cannot stand inside single quotes"),
        ("description", "\x00", "U+0000"),
        ("required", 1, "must be true or false"),
        ("position", -1, "must be a whole number from 0"),
        ("position", 3, "must be from 0 to 2"),
        ("position", "0", "must be a whole number from 0"),
        ("position", True, "must be a whole number from 0"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(
    wb: Workbook, build: Any, refused: Any, field: str, value: object, why: str
) -> None:
    release = build.release()
    build.template(release)
    build.template(release)
    fields = {"name": "x", "category": "deploy", "type": "bash", "content": "true", field: value}
    with refused(InvalidValue, field, why):
        wb.templates.add(release.id, **fields)


def test_a_new_template_stands_where_it_was_put(wb: Workbook, build: Any) -> None:
    release = build.release()
    for name, category, position in [
        ("b", "deploy", None),
        ("d", "deploy", 1),
        ("a", "deploy", 0),
        ("v", "verify", 0),
        ("c", "deploy", 2),
        ("e", "deploy", 4),
    ]:
        build.template(release, name=name, category=category, position=position)
    assert names(wb, release, "deploy") == ["a", "b", "c", "d", "e"]
    assert names(wb, release, "verify") == ["v"]


def test_inserting_at_the_front_of_a_long_list_never_trips_over_its_order(wb: Workbook, build: Any) -> None:
    release = build.release()
    for number in range(25):
        build.template(release, name=f"{number:02}", position=0)
    assert names(wb, release, "deploy") == [f"{number:02}" for number in reversed(range(25))]


def test_a_template_added_to_an_active_release_reaches_every_member_in_its_place(wb: Workbook, build: Any) -> None:
    release = build.active(customers=3, steps=2)
    first, second = wb.templates.list(release.id)
    (done, *_) = build.steps_of(release)
    wb.steps.mark_done(done.id)
    added = build.template(release, name="between", content="new", position=1)
    for member in wb.releases.members(release.id):
        steps = wb.steps.list(release.id, member.customer_id)
        assert [(step.template_id, step.order_index) for step in steps] == [
            (first.id, 0),
            (added.id, 1),
            (second.id, 2),
        ]
        assert (steps[1].name, steps[1].content, steps[1].status) == ("between", "new", "pending")
    assert wb.steps.get(done.id).status == "done"
    assert wb.history(release_id=release.id)[-1].action == "template.add"


def test_a_template_does_not_reach_members_that_were_removed(wb: Workbook, build: Any) -> None:
    release = build.active(customers=2)
    gone, stays = (member.customer_id for member in wb.releases.members(release.id))
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql("UPDATE release_customers SET state = 'removed' WHERE customer_id = ?", (gone,))
    build.template(release)
    assert [len(wb.steps.list(release.id, customer)) for customer in (gone, stays)] == [1, 2]


def test_an_update_reaches_pending_steps_that_are_not_overridden_and_no_others(
    wb: Workbook, build: Any, set_row: Any
) -> None:
    release = build.active(customers=5, name="Migrate", content="old")
    (template,) = wb.templates.list(release.id)
    pending, begun, done, overridden, skipped = build.steps_of(release)
    wb.steps.start(begun.id)
    wb.steps.mark_done(done.id)
    set_row(customer_steps, overridden.id, is_overridden=True, content="by hand")
    wb.steps.skip(skipped.id, reason="not needed")
    untouched = {step.id: wb.steps.get(step.id) for step in (begun, done, overridden, skipped)}
    after = wb.templates.update(template.id, name="Migrate all", type="sql", content="SELECT 1")
    assert (after.name, after.type, after.content, after.revision) == ("Migrate all", "sql", "SELECT 1", 2)
    reached = wb.steps.get(pending.id)
    assert (reached.name, reached.type, reached.content) == ("Migrate all", "sql", "SELECT 1")
    assert (reached.template_revision, reached.row_version) == (2, pending.row_version + 1)
    assert {step_id: wb.steps.get(step_id) for step_id in untouched} == untouched
    event = wb.history(release_id=release.id)[-1]
    assert (event.action, event.template_id) == ("template.update", template.id)
    assert event.before is not None
    assert event.after is not None
    fields = ("name", "type", "content", "revision")
    assert [event.before[field] for field in fields] == ["Migrate", "bash", "old", 1]
    assert [event.after[field] for field in fields] == ["Migrate all", "sql", "SELECT 1", 2]


def test_only_a_change_of_the_content_is_a_new_revision(wb: Workbook, build: Any) -> None:
    release = build.active(content="old")
    (template,) = wb.templates.list(release.id)
    assert wb.templates.update(template.id, name="renamed", description="why", required=True).revision == 1
    assert wb.templates.update(template.id, content="new").revision == 2


def test_an_update_that_changes_nothing_stores_nothing(wb: Workbook, build: Any, stored: Any) -> None:
    template = build.template(build.release(), name="Migrate", content="old")
    before = stored()
    wb.templates.update(template.id, name=" Migrate ", content="old\r\n")
    wb.templates.update(template.id)
    assert stored() == before
    assert wb.templates.get(template.id) == template


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("category", "verify", "the category of a template never changes"),
        ("order_index", 0, "a template has no such field"),
        ("revision", 9, "a template has no such field"),
        ("release_id", 1, "a template has no such field"),
        ("name", "", "must not be blank"),
        ("type", "perl", "must be one of bash, sql, text"),
        ("content", None, "must be a text"),
        ("required", "yes", "must be true or false"),
    ],
)
def test_a_bad_update_is_refused_by_its_field(
    wb: Workbook, build: Any, refused: Any, field: str, value: object, why: str
) -> None:
    template = build.template(build.release())
    with refused(InvalidValue, field, why):
        wb.templates.update(template.id, **{field: value})


def test_a_new_type_is_checked_against_the_old_content(wb: Workbook, build: Any, refused: Any) -> None:
    template = build.template(build.release(), type="text", content="say '${{ customer.name | sh }}'")
    with refused(InvalidValue, "content '${{ customer.name | sh }}'", "cannot stand inside single quotes"):
        wb.templates.update(template.id, type="bash")


def test_a_retired_template_stays_as_it_was(wb: Workbook, build: Any, set_row: Any, refused: Any) -> None:
    release = build.active(steps=2, name="Migrate")
    retired, live = wb.templates.list(release.id)
    set_row(step_templates, retired.id, is_retired=True)
    with refused(NotAllowed, "'Migrate' is retired"):
        wb.templates.update(retired.id, content="new")
    assert [template.id for template in wb.templates.list(release.id)] == [live.id]
    assert [template.id for template in wb.templates.list(release.id, retired=True)] == [live.id, retired.id]


def test_a_required_step_is_not_skipped_until_its_template_is_retired(
    wb: Workbook, build: Any, set_row: Any, refused: Any
) -> None:
    step = build.step(name="Back up", required=True)
    with refused(NotAllowed, f"Step {step.id} 'Back up' is required and cannot be skipped"):
        wb.steps.skip(step.id, reason="no time")
    (choice,) = [choice for choice in wb.steps.detail(step.id).choices if choice.verb == "skip"]
    assert choice.refused is not None
    assert "required" in choice.refused
    set_row(step_templates, step.template_id, is_retired=True)
    assert wb.steps.skip(step.id, reason="no time").steps[0].status == "skipped"


def test_the_categories_are_listed_in_the_order_of_work(wb: Workbook, build: Any) -> None:
    release = build.release()
    for category in ("verify", "deploy", "verify", "deploy"):
        build.template(release, category=category)
    assert [template.category for template in wb.templates.list(release.id)] == [
        Category.DEPLOY,
        Category.DEPLOY,
        Category.VERIFY,
        Category.VERIFY,
    ]


def test_what_is_unknown_is_named(wb: Workbook, refused: Any) -> None:
    with refused(NotFound, "template_id 99: there is no such step template"):
        wb.templates.get(99)
    with refused(NotFound, "template_id 99: there is no such step template"):
        wb.templates.update(99, content="x")
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.templates.list(99)
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.templates.add(99, name="x", category="deploy", type="bash", content="true")
    with refused(InvalidValue, "template_id", "must be a whole number from 1"):
        wb.templates.get("x")  # type: ignore[arg-type]
