"""A customer's own steps and texts: where they go, who gets them, and when they may be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model.values import CustomerStep, Release

FIELDS: dict[str, Any] = {"category": "deploy", "type": "bash", "content": "true"}


@pytest.fixture
def release(wb: Workbook, build: Any) -> Release:
    """Three deploy steps and one verify step for two customers."""
    draft = build.release(name="2026.11")
    for name in ("A", "B", "C"):
        build.template(draft, name=name)
    build.template(draft, name="V", category="verify")
    cluster = build.cluster()
    ids = [build.customer(cluster).id for _ in range(2)]
    active: Release = wb.releases.activate(draft.id, customer_ids=ids)
    return active


@pytest.fixture
def own(wb: Workbook, release: Release) -> Callable[..., CustomerStep]:
    """Add a custom step of the first customer."""

    def add(name: str, **words: Any) -> CustomerStep:
        customer = wb.releases.members(release.id)[0].customer_id
        return wb.steps.add_custom(release.id, customer, name=name, **{**FIELDS, **words})

    return add


def steps_of(wb: Workbook, release: Release, at: int = 0) -> list[CustomerStep]:
    return wb.steps.list(release.id, wb.releases.members(release.id)[at].customer_id)


def order(wb: Workbook, release: Release, at: int = 0, category: str = "deploy") -> str:
    """The names of one member's steps of a category in order, which has to be dense."""
    steps = [step for step in steps_of(wb, release, at) if step.category == category]
    assert [step.order_index for step in steps] == list(range(len(steps)))
    return " ".join(step.name for step in steps)


def named(wb: Workbook, release: Release, name: str, at: int = 0) -> CustomerStep:
    (step,) = [step for step in steps_of(wb, release, at) if step.name == name]
    return step


def test_a_custom_step_keeps_what_it_was_given(wb: Workbook, release: Release, own: Any) -> None:
    step = own("Warm up", type="sql", content="SELECT 1\r\n")
    assert step == wb.steps.get(step.id) == named(wb, release, "Warm up")
    assert (step.is_custom, step.is_overridden, step.template_id, step.template_revision) == (True, False, None, None)
    assert (step.type, step.content, step.status, step.row_version) == ("sql", "SELECT 1", "pending", 1)
    detail = wb.steps.detail(step.id)
    assert (detail.template, detail.place, detail.places) == (None, 4, 4)
    event = wb.history(step_id=step.id)[-1]
    assert (event.action, event.release_id, event.customer_id) == ("step.add_custom", release.id, step.customer_id)
    assert event.after is not None
    assert (event.after["name"], event.after["content"]) == ("Warm up", "SELECT 1")


@pytest.mark.parametrize(
    ("side", "at", "is_now"),
    [
        ("after_id", "A", "A x B C"),
        ("after_id", "C", "A B C x"),
        ("before_id", "A", "x A B C"),
        ("before_id", "C", "A B x C"),
    ],
)
def test_it_goes_right_beside_a_step_of_a_template_and_to_nobody_else(
    wb: Workbook, release: Release, own: Any, side: str, at: str, is_now: str
) -> None:
    own("x", **{side: named(wb, release, at).id})
    assert order(wb, release) == is_now
    assert order(wb, release, at=1) == "A B C"
    assert order(wb, release, category="verify") == "V"


def test_without_a_neighbour_it_goes_to_the_end(wb: Workbook, release: Release, own: Any) -> None:
    own("x")
    own("y")
    own("w", category="verify")
    assert order(wb, release) == "A B C x y"
    assert order(wb, release, category="verify") == "V w"


def test_it_goes_right_beside_another_custom_step(wb: Workbook, release: Release, own: Any) -> None:
    one = own("1", after_id=named(wb, release, "A").id)
    two = own("2", after_id=one.id)
    own("0", before_id=one.id)
    own("3", after_id=two.id)
    assert order(wb, release) == "A 0 1 2 3 B C"
    first = own("f", before_id=named(wb, release, "A").id)
    own("e", before_id=first.id)
    own("g", after_id=first.id)
    own("right after", after_id=named(wb, release, "A").id)
    assert order(wb, release) == "e f g A right after 0 1 2 3 B C"
    last = own("z")
    own("y", before_id=last.id)
    own("zz", after_id=last.id)
    assert order(wb, release).endswith("B C y z zz")


def test_the_neighbours_order_outlives_a_move_of_their_anchor(wb: Workbook, release: Release, own: Any) -> None:
    one = own("1", after_id=named(wb, release, "B").id)
    own("2", after_id=one.id)
    own("0", before_id=named(wb, release, "B").id)
    template = named(wb, release, "B").template_id
    assert template is not None
    wb.templates.move(template, 0)
    assert order(wb, release) == "0 B 1 2 A C"
    wb.templates.move(template, 2)
    assert order(wb, release) == "A C 0 B 1 2"


@pytest.mark.parametrize(("side", "is_now"), [("after_id", "A B x C"), ("before_id", "A x B C")])
def test_it_goes_right_beside_what_a_retired_template_left(
    wb: Workbook, release: Release, own: Any, side: str, is_now: str
) -> None:
    step = named(wb, release, "B")
    wb.steps.mark_done(step.id)
    wb.templates.delete(step.template_id or 0)
    assert (order(wb, release), order(wb, release, at=1)) == ("A B C", "A C")
    own("x", **{side: step.id})
    assert order(wb, release) == is_now


def test_a_neighbour_is_a_step_of_that_customer_release_and_category(
    wb: Workbook, build: Any, release: Release, own: Any, refused: Any
) -> None:
    (foreign,) = build.steps_of(build.active())
    mine = named(wb, release, "A")
    for side in ("after_id", "before_id"):
        for wrong in (named(wb, release, "V"), named(wb, release, "A", at=1), foreign):
            with refused(InvalidValue, side, "is not one of this customer's deploy steps in this release"):
                own("x", **{side: wrong.id})
        with refused(NotFound, f"{side} 99: there is no such step"):
            own("x", **{side: 99})
        with refused(InvalidValue, side, "must be a whole number from 1"):
            own("x", **{side: "1"})
    with refused(InvalidValue, "before_id", "give either after_id or before_id"):
        own("x", after_id=mine.id, before_id=mine.id)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", " ", "must not be blank"),
        ("category", "rollback", "must be one of deploy, verify"),
        ("type", "perl", "must be one of bash, sql, text"),
        ("content", "x" * 1_000_000, "is longer than"),
        ("content", "a\ud800", "U+D800"),
        ("content", "echo '${{ namespace | sh }}'", "cannot stand inside single quotes"),
        ("add_to_template", 1, "must be true or false"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(
    wb: Workbook, release: Release, refused: Any, field: str, value: object, why: str
) -> None:
    customer = wb.releases.members(release.id)[0].customer_id
    with refused(InvalidValue, field, why):
        wb.steps.add_custom(release.id, customer, **{"name": "x", **FIELDS, field: value})


@pytest.mark.parametrize("shared", [False, True])
def test_custom_steps_are_for_members_of_an_active_release(
    wb: Workbook, build: Any, release: Release, refused: Any, shared: bool
) -> None:
    draft, stranger = build.release(name="2026.12"), build.customer()
    words = {"name": "x", **FIELDS, "add_to_template": shared}
    member = wb.releases.members(release.id)[0].customer_id
    with refused(NotAllowed, "'2026.12' is draft; only an active one takes custom steps"):
        wb.steps.add_custom(draft.id, member, **words)
    for unknown in (stranger.id, 99):
        with refused(NotFound, f"customer_id {unknown}"):
            wb.steps.add_custom(release.id, unknown, **words)
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.steps.add_custom(99, member, **words)
    wb.releases.archive(release.id)
    with refused(NotAllowed, "'2026.11' is archived; only an active one takes custom steps"):
        wb.steps.add_custom(release.id, member, **words)


def test_added_to_the_template_it_reaches_every_member_not_removed_and_nobody_else(
    wb: Workbook, build: Any, release: Release
) -> None:
    stranger, gone, held = build.customer(), build.customer(), build.customer()
    wb.releases.add_customers(release.id, [gone.id, held.id])
    wb.releases.remove(release.id, [gone.id], "left us")
    wb.releases.hold(release.id, [held.id], "change freeze")
    elsewhere = build.active(customers=1, steps=1)
    before = build.steps_of(elsewhere)
    asking = wb.releases.members(release.id)[1].customer_id
    members = [member.customer_id for member in wb.releases.members(release.id)]
    step = wb.steps.add_custom(
        release.id,
        asking,
        name="x",
        **FIELDS,
        after_id=named(wb, release, "A", at=1).id,
        add_to_template=True,
    )
    assert (step.customer_id, step.is_custom, step.status) == (asking, False, "pending")
    template = wb.templates.get(step.template_id or 0)
    assert [each.name for each in wb.templates.list(release.id)] == ["A", "x", "B", "C", "V"]
    assert (template.name, template.content, template.revision, template.required) == ("x", "true", 1, False)
    for customer in members:
        names = [each.name for each in wb.steps.list(release.id, customer) if each.category == "deploy"]
        assert names == (["A", "B", "C"] if customer == gone.id else ["A", "x", "B", "C"])
    assert wb.steps.list(release.id, stranger.id) == []
    assert [member.customer_id for member in wb.releases.members(release.id)] == members
    assert build.steps_of(elsewhere) == before
    assert wb.history(release_id=release.id)[-1].action == "template.add"


@pytest.mark.parametrize(
    ("side", "at", "is_now"),
    [(None, None, "A B C x own"), ("before_id", "A", "x A B C own"), ("after_id", "C", "A B C x own")],
)
def test_added_to_the_template_it_has_its_place_among_the_templates(
    wb: Workbook, release: Release, own: Any, side: str | None, at: str | None, is_now: str
) -> None:
    own("own")
    words = {} if side is None else {side: named(wb, release, at or "").id}
    own("x", **words, add_to_template=True)
    assert order(wb, release) == is_now
    assert order(wb, release, at=1) == is_now.removesuffix(" own")


def test_a_pending_custom_step_is_edited_and_deleted(wb: Workbook, release: Release, own: Any) -> None:
    step = own("x", after_id=named(wb, release, "A").id)
    edited = wb.steps.update(step.id, name="y", type="text", content="look", expected_version=1)
    assert edited == wb.steps.get(step.id)
    assert (edited.name, edited.type, edited.content, edited.row_version) == ("y", "text", "look", 2)
    assert order(wb, release) == "A y B C"
    wb.steps.delete(step.id, expected_version=2)
    assert order(wb, release) == "A B C"
    with pytest.raises(NotFound):
        wb.steps.get(step.id)
    assert [event.action for event in wb.history(step_id=step.id)] == [
        "step.add_custom",
        "step.update_custom",
        "step.delete_custom",
    ]
    assert own("z").id > step.id


def test_an_edit_that_changes_nothing_stores_nothing(wb: Workbook, release: Release, own: Any, stored: Any) -> None:
    step = own("x")
    template_step = named(wb, release, "A")
    before = stored()
    assert wb.steps.update(step.id, name=" x ", content="true\n") == step
    assert wb.steps.update(step.id) == step
    assert wb.steps.reset(template_step.id) == template_step
    assert stored() == before


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("category", "verify", "name, type and content"),
        ("required", True, "name, type and content"),
        ("description", "x", "name, type and content"),
        ("status", "done", "no such field"),
        ("customer_id", 1, "no such field"),
        ("content", "", "must not be blank"),
        ("type", "perl", "must be one of"),
        ("name", "a\nb", "U+000A"),
    ],
)
def test_a_bad_edit_is_refused(
    wb: Workbook, release: Release, own: Any, refused: Any, field: str, value: Any, why: str
) -> None:
    step = own("x")
    with refused(InvalidValue, why):
        wb.steps.update(step.id, **{field: value})


def test_an_edited_text_is_checked_by_the_type_it_will_have(
    wb: Workbook, release: Release, own: Any, refused: Any
) -> None:
    step = own("x", type="text", content="say '${{ namespace | sh }}'")
    with refused(InvalidValue, "content", "cannot stand inside single quotes"):
        wb.steps.update(step.id, type="bash")


def test_what_ran_is_not_edited_until_it_is_reopened(wb: Workbook, release: Release, own: Any, refused: Any) -> None:
    custom, template_step = own("x"), named(wb, release, "A")
    onwards: dict[str, Callable[[int], Any]] = {
        "in progress": lambda step_id: wb.steps.start(step_id),
        "done": lambda step_id: wb.steps.mark_done(step_id),
        "failed": lambda step_id: wb.steps.fail(step_id, reason="x"),
        "reverted": lambda step_id: wb.steps.revert(step_id),
        "skipped": lambda step_id: wb.steps.skip(step_id, reason="x"),
    }
    for status, act in onwards.items():
        act(custom.id)
        act(template_step.id)
        for edit in (
            lambda: wb.steps.update(custom.id, content="false"),
            lambda: wb.steps.delete(custom.id),
            lambda: wb.steps.override(template_step.id, "false"),
            lambda: wb.steps.reset(template_step.id),
        ):
            with refused(NotAllowed, f"is {status}: to ", "reopen it first"):
                edit()
    wb.steps.reopen([custom.id, template_step.id])
    assert wb.steps.update(custom.id, content="false").content == "false"
    assert wb.steps.override(template_step.id, "false").content == "false"


def test_custom_steps_are_edited_and_steps_of_templates_overridden(
    wb: Workbook, release: Release, own: Any, refused: Any
) -> None:
    custom, template_step = own("x"), named(wb, release, "A")
    with refused(NotAllowed, f"Step {custom.id} 'x' is a custom step; edit it instead"):
        wb.steps.override(custom.id, "false")
    with refused(NotAllowed, f"Step {custom.id} 'x' cannot take a template's text: it is a custom step"):
        wb.steps.reset(custom.id)
    for edit in (
        lambda: wb.steps.update(template_step.id, content="false"),
        lambda: wb.steps.delete(template_step.id),
    ):
        with refused(NotAllowed, f"Step {template_step.id} 'A' comes from a template; override it or skip it"):
            edit()


def test_an_override_keeps_the_template_off_and_a_reset_takes_all_of_it_back(
    wb: Workbook, release: Release, refused: Any
) -> None:
    step = named(wb, release, "A")
    over = wb.steps.override(step.id, "by hand\r\n", expected_version=1)
    assert (over.content, over.is_overridden, over.name, over.type) == ("by hand", True, "A", "bash")
    assert (over.template_revision, over.row_version) == (1, 2)
    wb.templates.update(step.template_id or 0, name="A2", type="text", content="new")
    assert wb.steps.get(step.id) == over
    assert wb.steps.override(step.id, "again").content == "again"
    with refused(InvalidValue, "content", "cannot stand inside single quotes"):
        wb.steps.override(step.id, "echo '${{ namespace | sh }}'")
    for bad in ("", " \n", "a\x07", "\ud800", "x" * 1_000_000, None):
        with refused(InvalidValue, "content"):
            wb.steps.override(step.id, bad)  # type: ignore[arg-type]
    back = wb.steps.reset(step.id)
    assert (back.name, back.type, back.content, back.is_overridden) == ("A2", "text", "new", False)
    assert back.template_revision == 2
    assert [event.action for event in wb.history(step_id=step.id)] == ["step.override", "step.override", "step.reset"]


def test_whoever_edits_what_was_changed_meanwhile_is_told_by_whom(
    wb: Workbook, release: Release, own: Any, refused: Any
) -> None:
    custom, template_step = own("x"), named(wb, release, "A")
    ben = wb.acting_as("ben")
    ben.steps.override(template_step.id, "by ben")
    ben.steps.update(custom.id, content="by ben")
    for edit in (
        lambda: wb.steps.override(template_step.id, "by ana", expected_version=1),
        lambda: wb.steps.reset(template_step.id, expected_version=1),
        lambda: wb.steps.update(custom.id, content="by ana", expected_version=1),
        lambda: wb.steps.delete(custom.id, expected_version=1),
    ):
        with refused(Conflict, "was changed by ben at"):
            edit()
    wrong: list[Any] = ["1", 0, True]
    for version in wrong:
        with refused(InvalidValue, "expected_version", "must be a whole number from 1"):
            wb.steps.override(template_step.id, "x", expected_version=version)
    assert wb.steps.override(template_step.id, "by ana", expected_version=2).content == "by ana"


@pytest.mark.parametrize("verb", ["override", "reset", "update", "delete"])
def test_what_is_unknown_is_named(wb: Workbook, refused: Any, verb: str) -> None:
    words = ["x"] if verb == "override" else []
    with refused(NotFound, "step_id 99: there is no such step"):
        getattr(wb.steps, verb)(99, *words)
    with refused(InvalidValue, "step_id", "must be a whole number from 1"):
        getattr(wb.steps, verb)("1", *words)


def test_an_inactive_customer_gets_no_custom_step(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active()
    (step,) = build.steps_of(release)
    wb.steps.mark_done(step.id)
    wb.customers.deactivate(step.customer_id)
    with refused(NotAllowed, "is inactive; reactivate it first"):
        wb.steps.add_custom(release.id, step.customer_id, name="Look", category="deploy", type="text", content="look")
