"""A template changes under running work: what its preview says is what happens, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model.values import CustomerStep, Release, StepTemplate
from relorch.views.effect import Effect, StepNote

KINDS = (
    "pending",
    "reopened",
    "overridden",
    "begun",
    "done",
    "failed",
    "reverted",
    "skipped",
    "held",
    "held_failed",
    "removed",
    "removed_failed",
    "unrendered",
)


@dataclass
class Scene:
    """One template whose step is in another state for each customer; the customers are named for it."""

    wb: Workbook
    build: Any
    release: Release = field(init=False)
    template: StepTemplate = field(init=False)
    step_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wb, build = self.wb, self.build
        self.release = build.release()
        build.template(self.release, name="Back up")
        self.template = build.template(self.release, name="Migrate", content="old ${{ namespace }}")
        build.template(self.release, name="Restart")
        cluster = build.cluster(name="eu-1")
        ids = {
            kind: build.customer(
                cluster,
                namespace=kind.replace("_", "-"),
                name=kind,
                metadata={} if kind == "unrendered" else {"db": "1"},
            ).id
            for kind in KINDS
        }
        wb.releases.activate(self.release.id, customer_ids=list(ids.values()))
        self.step_of = {kind: wb.steps.list(self.release.id, customer)[1].id for kind, customer in ids.items()}
        at = self.step_of
        wb.steps.mark_done(at["reopened"])
        wb.steps.reopen(at["reopened"])
        wb.steps.override(at["overridden"], "by hand")
        wb.steps.start(at["begun"])
        wb.steps.mark_done([at["done"], at["reverted"]])
        wb.steps.revert(at["reverted"])
        wb.steps.fail([at[kind] for kind in ("failed", "held_failed", "removed_failed")], reason="disk full")
        wb.steps.skip(at["skipped"], reason="not needed")
        wb.releases.hold(self.release.id, [ids["held"], ids["held_failed"]], "change freeze")
        wb.releases.remove(self.release.id, [ids["removed"], ids["removed_failed"]], "left us")

    def steps(self) -> dict[int, CustomerStep]:
        return {step.id: step for step in self.build.steps_of(self.release)}

    def kinds(self, notes: tuple[StepNote, ...]) -> set[str]:
        """The kinds that notes are of; each note is a step of this template, and its customer's own."""
        by_id = {step_id: kind for kind, step_id in self.step_of.items()}
        assert [by_id.get(note.step_id or 0) for note in notes] == [note.customer_name for note in notes]
        assert [note.cluster_name for note in notes] == ["eu-1"] * len(notes)
        assert len({note.step_id for note in notes}) == len(notes)
        return {note.customer_name for note in notes}


@pytest.fixture
def scene(wb: Workbook, build: Any) -> Scene:
    return Scene(wb, build)


def changed(before: dict[int, CustomerStep], after: dict[int, CustomerStep]) -> set[int]:
    """The steps that differ in anything but their place."""
    return {step_id for step_id, step in before.items() if said(after.get(step_id)) != said(step)}


def said(step: CustomerStep | None) -> dict[str, Any] | None:
    return None if step is None else step.model_dump(exclude={"order_index"})


@pytest.mark.parametrize(
    ("fields", "unrendered"),
    [
        ({"content": "new ${{ vars.db }}"}, {"unrendered"}),
        ({"content": "new", "type": "text", "name": "Migrate all"}, set()),
        ({"name": "Migrate all"}, set()),
        ({"type": "text"}, set()),
        ({"content": "new", "required": True, "description": "why"}, set()),
    ],
)
def test_preview_and_effect_of_an_update_agree_exactly(
    wb: Workbook, scene: Scene, fields: dict[str, Any], unrendered: set[str]
) -> None:
    before, revision = scene.steps(), wb.revision()
    preview = wb.templates.preview_update(scene.template.id, **fields)
    assert (scene.steps(), wb.revision()) == (before, revision)
    after = wb.templates.update(scene.template.id, **fields)
    now = scene.steps()
    assert after.effect == preview
    assert scene.kinds(preview.updates) == {"pending", "reopened", "held", "unrendered"}
    assert scene.kinds(preview.overridden) == {"overridden"}
    assert scene.kinds(preview.executed) == {"begun", "done", "failed", "reverted", "skipped", "held_failed"}
    assert scene.kinds(preview.cannot_render) == unrendered
    assert changed(before, now) == {note.step_id for note in preview.updates}
    assert {note.step_id for note in preview.cannot_render} == {
        note.step_id for note in preview.updates if wb.steps.render(note.step_id or 0).problems
    }
    template = wb.templates.get(scene.template.id)
    for note in preview.updates:
        step = now[note.step_id or 0]
        assert (step.name, step.type, step.content) == (template.name, template.type, template.content)
        assert (step.template_revision, step.row_version) == (template.revision, before[step.id].row_version + 1)
    for notes in (preview.updates, preview.overridden, preview.executed):
        assert [(note.step_id, note.status) for note in notes] == [
            (note.step_id, before[note.step_id or 0].status) for note in notes
        ]


def test_what_only_describes_a_template_reaches_no_step(wb: Workbook, scene: Scene) -> None:
    before = scene.steps()
    for fields in ({"description": "why"}, {"required": True}):
        preview = wb.templates.preview_update(scene.template.id, **fields)
        after = wb.templates.update(scene.template.id, **fields)
        assert (preview, preview.updates, preview.cannot_render) == (after.effect, (), ())
    assert scene.steps() == before


def test_the_preview_shows_how_an_overridden_text_differs_and_why_another_cannot_render(
    wb: Workbook, scene: Scene
) -> None:
    preview = wb.templates.preview_update(scene.template.id, content="new ${{ vars.db }}")
    (overridden,) = preview.overridden
    assert overridden.diff is not None
    assert overridden.diff.splitlines()[-2:] == ["-new ${{ vars.db }}", "+by hand"]
    (unrendered,) = preview.cannot_render
    assert "${{ vars.db }}" in (unrendered.why or "")


def test_a_reopened_step_takes_the_whole_text_with_the_next_update(wb: Workbook, build: Any) -> None:
    release = build.active(name="Migrate", type="text", content="look ${{ customer.name }}")
    (template,), (step,) = wb.templates.list(release.id), build.steps_of(release)
    wb.steps.mark_done(step.id)
    wb.templates.update(template.id, name="Migrate all", type="bash", content="echo 1")
    wb.steps.reopen(step.id)
    old = wb.steps.get(step.id)
    assert (old.name, old.type, old.content, old.template_revision) == (
        "Migrate",
        "text",
        "look ${{ customer.name }}",
        1,
    )
    wb.templates.update(template.id, content="echo ${{ customer.name | sh }}")
    new = wb.steps.get(step.id)
    assert (new.name, new.type, new.content, new.template_revision) == (
        "Migrate all",
        "bash",
        "echo ${{ customer.name | sh }}",
        3,
    )


def test_an_update_offers_to_reopen_what_went_wrong_as_one_batch(wb: Workbook, scene: Scene) -> None:
    after = wb.templates.update(scene.template.id, content="new", name="Migrate all")
    assert set(after.reopenable) == {scene.step_of["failed"], scene.step_of["reverted"]}
    outcome = wb.steps.reopen(list(after.reopenable), take_template=True, reason="text is fixed")
    assert outcome.refused == ()
    assert {(step.status, step.name, step.content, step.template_revision) for step in outcome.steps} == {
        ("pending", "Migrate all", "new", 2)
    }
    batch = wb.history(batch_id=outcome.batch_id)
    assert [(event.action, event.step_id, event.note) for event in batch] == [
        ("step.reopen", step_id, "text is fixed") for step_id in after.reopenable
    ]


def test_what_is_done_since_the_update_is_not_reopened_by_its_offer(wb: Workbook, scene: Scene) -> None:
    after = wb.templates.update(scene.template.id, content="new")
    assert after.versions == {each: wb.steps.get(each).row_version for each in after.reopenable}
    assert "versions" not in after.model_dump()
    failed = scene.step_of["failed"]
    wb.acting_as("ben").steps.mark_done(failed)
    outcome = wb.steps.reopen(list(after.reopenable), take_template=True, expected_version=after.versions)
    assert [(each.step_id, type(each.error)) for each in outcome.refused] == [(failed, Conflict)]
    assert [step.id for step in outcome.steps] == [scene.step_of["reverted"]]
    assert (wb.steps.get(failed).status, wb.steps.get(failed).content) == ("done", "old ${{ namespace }}")


def test_reopening_without_the_template_keeps_the_text_that_ran(wb: Workbook, scene: Scene) -> None:
    wb.templates.update(scene.template.id, content="new")
    (step,) = wb.steps.reopen(scene.step_of["failed"]).steps
    assert (step.content, step.template_revision, step.status) == ("old ${{ namespace }}", 1, "pending")


def test_reopening_with_the_template_takes_an_override_away(wb: Workbook, scene: Scene) -> None:
    overridden = scene.step_of["overridden"]
    wb.steps.fail(overridden, reason="x")
    wb.templates.update(scene.template.id, content="new")
    (step,) = wb.steps.reopen(overridden, take_template=True).steps
    assert (step.content, step.is_overridden, step.template_revision) == ("new", False, 2)


def test_without_a_live_template_there_is_no_text_to_take(wb: Workbook, scene: Scene, build: Any, refused: Any) -> None:
    customer = wb.steps.get(scene.step_of["done"]).customer_id
    own = wb.steps.add_custom(scene.release.id, customer, name="own", category="deploy", type="text", content="x")
    wb.steps.mark_done(own.id)
    wb.templates.delete(scene.template.id)
    with refused(NotAllowed, f"Step {own.id} 'own' cannot take a template's text", "custom step"):
        wb.steps.reopen(own.id, take_template=True)
    with refused(NotAllowed, f"Step {scene.step_of['done']}", "its template is retired"):
        wb.steps.reopen(scene.step_of["done"], take_template=True)
    with refused(InvalidValue, "take_template", "must be true or false"):
        wb.steps.reopen(own.id, take_template="yes")  # type: ignore[arg-type]


def test_the_preview_of_a_new_template_is_who_gets_it(wb: Workbook, scene: Scene) -> None:
    fields: dict[str, Any] = {"name": "New", "category": "deploy", "type": "bash", "content": "echo ${{ vars.db }}"}
    preview = wb.templates.preview_add(scene.release.id, **fields)
    before = scene.steps()
    made = wb.templates.add(scene.release.id, **fields)
    now = scene.steps()
    new = {step.customer_id: step for step_id, step in now.items() if step_id not in before}
    assert {step.template_id for step in new.values()} == {made.id}
    assert [note.customer_id for note in preview.updates] == [
        member.id for member in wb.matrix(scene.release.id).customers
    ]
    assert {note.customer_id for note in preview.updates} == set(new)
    assert {note.customer_name for note in preview.updates} == set(KINDS) - {"removed", "removed_failed"}
    assert [note.customer_id for note in preview.cannot_render] == [
        customer for customer, step in new.items() if wb.steps.render(step.id).problems
    ]
    assert [note.customer_name for note in preview.cannot_render] == ["unrendered"]
    assert (preview.overridden, preview.executed) == ((), ())
    assert changed(before, now) == set()


def test_a_draft_has_nobody_to_reach(wb: Workbook, build: Any) -> None:
    draft = build.release()
    template = build.template(draft)
    fields: dict[str, Any] = {"name": "New", "category": "deploy", "type": "bash", "content": "true"}
    assert wb.templates.preview_add(draft.id, **fields) == Effect()
    assert wb.templates.preview_update(template.id, content="new") == Effect()
    assert wb.templates.preview_delete(template.id) == Effect()
    after = wb.templates.update(template.id, content="new")
    assert (after.effect, after.reopenable) == (Effect(), ())
    assert after.batch_id is not None
    assert wb.templates.update(template.id, content="new").batch_id is None


def test_a_preview_is_refused_where_its_verb_is(wb: Workbook, scene: Scene, refused: Any) -> None:
    fields: dict[str, Any] = {
        "name": "New",
        "category": "deploy",
        "type": "bash",
        "content": "echo '${{ namespace | sh }}'",
    }
    with refused(InvalidValue, "content", "cannot stand inside single quotes"):
        wb.templates.preview_add(scene.release.id, **fields)
    with refused(InvalidValue, "category", "never changes"):
        wb.templates.preview_update(scene.template.id, category="verify")
    with refused(InvalidValue, "content", "must not be blank"):
        wb.templates.preview_update(scene.template.id, content=" ")
    refusals: list[Callable[[], Any]] = [
        lambda: wb.templates.preview_update(99, content="x"),
        lambda: wb.templates.preview_delete(99),
    ]
    for act in refusals:
        with refused(NotFound, "template_id 99: there is no such step template"):
            act()
    wb.releases.archive(scene.release.id)
    archived: list[Callable[[], Any]] = [
        lambda: wb.templates.preview_add(scene.release.id, **fields | {"content": "x"}),
        lambda: wb.templates.preview_update(scene.template.id, content="x"),
        lambda: wb.templates.preview_delete(scene.template.id),
    ]
    for act in archived:
        with refused(NotAllowed, "is archived and can only be read"):
            act()
