"""Who would join a release, and which steps would have no text, before anybody joins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model.values import Customer, Release

Said = list[tuple[str, str, str]]


@pytest.fixture
def people(build: Any) -> list[Customer]:
    """Amy on cluster b has a database; Bob and Cat on a have none."""
    far, near = build.cluster(name="b"), build.cluster(name="a")
    return [
        build.customer(far, name="Amy", metadata={"db": "db1"}),
        build.customer(near, name="Cat"),
        build.customer(near, name="Bob"),
    ]


@pytest.fixture
def draft(build: Any) -> Release:
    release = build.release()
    build.template(release, name="Plain")
    build.template(release, name="Migrate", content="psql ${{ vars.db }} -c ${{ vars.table | sh }}")
    build.template(release, name="Check", category="verify", content="psql ${{ vars.db }}")
    return release


def cannot(enrolment: Any) -> Said:
    return [(note.customer_name, note.name, note.why) for note in enrolment.cannot_render]


NO_DB = "${{ vars.db }}: neither customer, cluster nor release has metadata 'db'"
NO_TABLE = "${{ vars.table | sh }}: neither customer, cluster nor release has metadata 'table'"


def test_who_would_join_by_an_activation_and_what_cannot_render(
    wb: Workbook, draft: Release, people: list[Customer], stored: Callable[[], Any]
) -> None:
    amy, cat, bob = people
    before = stored()
    preview = wb.releases.preview_activate(draft.id, [amy.id, cat.id, bob.id, amy.id])
    assert stored() == before
    assert preview.customers == (bob, cat, amy)
    assert preview.already == ()
    assert cannot(preview) == [
        ("Bob", "Migrate", f"{NO_DB}; {NO_TABLE}"),
        ("Bob", "Check", NO_DB),
        ("Cat", "Migrate", f"{NO_DB}; {NO_TABLE}"),
        ("Cat", "Check", NO_DB),
        ("Amy", "Migrate", NO_TABLE),
    ]
    note = preview.cannot_render[1]
    assert (note.step_id, note.customer_id, note.namespace, note.cluster_name) == (None, bob.id, bob.namespace, "a")
    assert (note.category, note.template_id, note.status) == ("verify", wb.templates.list(draft.id)[2].id, "pending")
    assert wb.releases.preview_activate(draft.id, all_active=True) == preview


def test_a_preview_of_an_activation_is_what_it_does(wb: Workbook, draft: Release, people: list[Customer]) -> None:
    preview = wb.releases.preview_activate(draft.id, all_active=True)
    wb.releases.activate(draft.id, all_active=True)
    assert {member.customer_id for member in wb.releases.members(draft.id)} == {each.id for each in preview.customers}
    problems = {
        (step.customer_id, step.template_id)
        for each in preview.customers
        for step in wb.steps.list(draft.id, each.id)
        if wb.steps.render(step.id).problems
    }
    assert problems == {(note.customer_id, note.template_id) for note in preview.cannot_render}


def test_who_would_be_added(wb: Workbook, build: Any, draft: Release, people: list[Customer]) -> None:
    amy, cat, _ = people
    wb.releases.activate(draft.id, customer_ids=[amy.id])
    wb.releases.hold(draft.id, [amy.id], "freeze")
    preview = wb.releases.preview_add_customers(draft.id, [amy.id, cat.id])
    assert (preview.customers, preview.already) == ((cat,), (amy.id,))
    assert [name for _, name, _ in cannot(preview)] == ["Migrate", "Check"]
    assert wb.releases.add_customers(draft.id, [amy.id, cat.id]) == preview.already


def test_one_who_comes_back_keeps_what_it_had(wb: Workbook, draft: Release, people: list[Customer]) -> None:
    _, cat, _ = people
    wb.releases.activate(draft.id, customer_ids=[cat.id])
    plain, migrate, check = wb.steps.list(draft.id, cat.id)
    wb.steps.skip(plain.id, reason="x")
    wb.steps.override(check.id, "echo ${{ vars.port }}")
    wb.steps.add_custom(draft.id, cat.id, name="mine", category="deploy", type="text", content="${{ vars.own }}")
    wb.releases.remove(draft.id, [cat.id], "left")
    wb.templates.update(migrate.template_id, content="psql ${{ vars.host }}")
    wb.templates.add(draft.id, name="New", category="verify", type="bash", content="${{ vars.new }}")
    wb.templates.update(plain.template_id, content="${{ vars.skipped }}")
    preview = wb.releases.preview_add_customers(draft.id, [cat.id])
    wb.releases.add_customers(draft.id, [cat.id])
    now = {
        step.name: wb.steps.render(step.id).problems
        for step in wb.steps.list(draft.id, cat.id)
        if step.status == "pending"
    }
    assert {note.name: note.why for note in preview.cannot_render} == {
        name: "; ".join(map(str, problems)) for name, problems in now.items() if problems
    }
    assert set(now) == {"Migrate", "Check", "mine", "New"}
    assert sorted(note.step_id or 0 for note in preview.cannot_render)[0] == 0


def test_previews_refuse_as_the_verbs_do(
    wb: Workbook, build: Any, draft: Release, people: list[Customer], refused: Any
) -> None:
    amy, cat, bob = people
    active = build.active()
    (member,) = wb.releases.members(active.id)
    empty = build.release()
    wb.customers.deactivate(bob.id)
    both = [
        (wb.releases.activate, wb.releases.preview_activate, draft.id, InvalidValue, {"customer_ids": []}),
        (wb.releases.activate, wb.releases.preview_activate, draft.id, InvalidValue, {}),
        (wb.releases.activate, wb.releases.preview_activate, draft.id, NotFound, {"customer_ids": [4711]}),
        (wb.releases.activate, wb.releases.preview_activate, draft.id, NotAllowed, {"customer_ids": [bob.id]}),
        (wb.releases.activate, wb.releases.preview_activate, active.id, NotAllowed, {"customer_ids": [amy.id]}),
        (wb.releases.activate, wb.releases.preview_activate, empty.id, NotAllowed, {"customer_ids": [amy.id]}),
        (wb.releases.activate, wb.releases.preview_activate, 4711, NotFound, {"all_active": True}),
        (
            wb.releases.add_customers,
            wb.releases.preview_add_customers,
            draft.id,
            NotAllowed,
            {"customer_ids": [cat.id]},
        ),
        (wb.releases.add_customers, wb.releases.preview_add_customers, active.id, InvalidValue, {"customer_ids": []}),
        (
            wb.releases.add_customers,
            wb.releases.preview_add_customers,
            active.id,
            NotAllowed,
            {"customer_ids": [member.customer_id]},
        ),
    ]
    for verb, preview, release_id, kind, choice in both:
        with pytest.raises(kind) as caught:
            verb(release_id, **choice)
        with refused(kind, str(caught.value)):
            preview(release_id, **choice)


IS_OLD = "The steps or the customers were changed after the preview"


def test_an_activation_that_is_not_the_one_previewed_is_a_conflict(
    wb: Workbook, build: Any, draft: Release, people: list[Customer], refused: Any
) -> None:
    amy, cat, bob = people
    ben = wb.acting_as("ben")
    plain, migrate, _ = wb.templates.list(draft.id)
    changes: list[Callable[[], Any]] = [
        lambda: ben.templates.update(plain.id, content="${{ vars.none }}"),
        lambda: ben.templates.move(migrate.id, 0),
        lambda: ben.templates.add(draft.id, name="New", category="verify", type="bash", content="true"),
        lambda: ben.templates.delete(plain.id),
        lambda: ben.customers.update(amy.id, metadata={}),
        lambda: build.customer(),
        lambda: ben.customers.deactivate(bob.id),
    ]
    for change in changes:
        preview = wb.releases.preview_activate(draft.id, all_active=True)
        change()
        with refused(Conflict, IS_OLD, "look at it again"):
            wb.releases.activate(draft.id, all_active=True, expected=preview)
    with refused(Conflict, IS_OLD):
        preview = wb.releases.preview_activate(draft.id, [amy.id])
        wb.releases.activate(draft.id, customer_ids=[cat.id], expected=preview)
    with refused(InvalidValue, "expected", "must be what the preview gave"):
        wb.releases.activate(draft.id, all_active=True, expected={})  # type: ignore[arg-type]
    preview = wb.releases.preview_activate(draft.id, all_active=True)
    wb.releases.activate(draft.id, all_active=True, expected=preview)
    assert {each.customer_id for each in wb.releases.members(draft.id)} == {each.id for each in preview.customers}


def test_adding_others_than_previewed_is_a_conflict(
    wb: Workbook, draft: Release, people: list[Customer], refused: Any
) -> None:
    amy, cat, bob = people
    wb.releases.activate(draft.id, customer_ids=[amy.id])
    ben = wb.acting_as("ben")
    chosen = [amy.id, cat.id, bob.id]

    def came_and_went() -> None:
        ben.releases.add_customers(draft.id, [cat.id])
        ben.releases.remove(draft.id, [cat.id], "left")

    changes: list[Callable[[], Any]] = [
        lambda: ben.templates.update(wb.templates.list(draft.id)[0].id, content="${{ vars.none }}"),
        lambda: ben.releases.remove(draft.id, [amy.id], "left"),
        came_and_went,
        lambda: ben.releases.add_customers(draft.id, [cat.id]),
    ]
    for change in changes:
        preview = wb.releases.preview_add_customers(draft.id, chosen)
        change()
        with refused(Conflict, IS_OLD):
            wb.releases.add_customers(draft.id, chosen, expected=preview)
    preview = wb.releases.preview_add_customers(draft.id, chosen)
    assert wb.releases.add_customers(draft.id, chosen, expected=preview) == preview.already == (cat.id,)
