"""Drafts: cloned from any release, deleted for good, and only they."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import AlreadyTaken, Conflict, InvalidValue, NotAllowed, NotFound

COPIED = ("name", "category", "type", "content", "order_index", "description", "required")


@pytest.mark.parametrize("status", ["draft", "active", "archived"])
def test_a_clone_is_a_draft_with_the_live_templates_of_any_release(wb: Workbook, build: Any, status: str) -> None:
    source = build.release(
        name="2026.11", type="hotfix", version_number="4.2.0", description="for all", metadata={"tag": "v4"}
    )
    build.template(source, name="Check", category="verify", type="text", content="look")
    build.template(source, name="Back up", required=True, description="why")
    gone = build.template(source, name="Gone")
    moved = build.template(source, name="Migrate", type="sql", content="SELECT 1")
    wb.templates.update(moved.id, content="SELECT 2")
    if status != "draft":
        wb.releases.activate(source.id, customer_ids=[build.customer().id])
        wb.steps.mark_done([step.id for step in build.steps_of(source)])
    wb.templates.delete(gone.id)
    if status == "archived":
        wb.releases.archive(source.id)
    before = wb.releases.get(source.id)
    clone = wb.releases.clone(source.id, name="2026.12", version_number="4.3.0")
    assert (clone.name, clone.status, clone.type, clone.version_number) == ("2026.12", "draft", "hotfix", "4.3.0")
    assert (clone.description, clone.metadata, clone.archived_from) == ("for all", {"tag": "v4"}, None)
    copies, originals = wb.templates.list(clone.id, retired=True), wb.templates.list(source.id)
    assert [copy.model_dump(include=set(COPIED)) for copy in copies] == [
        each.model_dump(include=set(COPIED)) for each in originals
    ]
    assert {(copy.release_id, copy.revision, copy.is_retired) for copy in copies} == {(clone.id, 1, False)}
    assert not {copy.id for copy in copies} & {each.id for each in originals}
    assert (wb.releases.members(clone.id), wb.releases.get(source.id)) == ([], before)
    event = wb.history(release_id=clone.id)[0]
    assert event.after is not None
    assert (event.action, event.after["cloned_from"], event.after["templates"]) == ("release.create", source.id, 3)


def test_a_clone_goes_its_own_way(wb: Workbook, build: Any) -> None:
    source = build.active(content="old")
    clone = wb.releases.clone(source.id, name="next")
    assert clone.version_number is None
    (copy,) = wb.templates.list(clone.id)
    wb.templates.update(copy.id, content="new")
    assert [step.content for step in build.steps_of(source)] == ["old"]
    assert [each.content for each in wb.templates.list(source.id)] == ["old"]


def test_a_clone_has_a_name_of_its_own(wb: Workbook, build: Any, refused: Any) -> None:
    source = build.release(name="2026.11")
    with refused(AlreadyTaken, "name '2026.11'", "another release has this name"):
        wb.releases.clone(source.id, name=" 2026.11 ")
    with refused(InvalidValue, "name '2026'", "must not be digits only"):
        wb.releases.clone(source.id, name="2026")
    with refused(InvalidValue, "version_number"):
        wb.releases.clone(source.id, name="next", version_number="4\n3")
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.releases.clone(99, name="next")


def test_a_deleted_draft_is_gone_with_its_templates_and_its_history_stays(wb: Workbook, build: Any) -> None:
    draft, other = build.release(name="2026.11"), build.release()
    template, kept = build.template(draft), build.template(other)
    wb.releases.delete(draft.id)
    for look in (lambda: wb.releases.get(draft.id), lambda: wb.templates.get(template.id)):
        with pytest.raises(NotFound):
            look()
    assert [event.action for event in wb.history(release_id=draft.id)] == [
        "release.create",
        "template.add",
        "release.delete",
    ]
    assert wb.templates.list(other.id) == [kept]
    again = build.release(name="2026.11")
    assert again.id > other.id
    assert build.template(again).id > kept.id


@pytest.mark.parametrize("status", ["active", "archived"])
def test_only_a_draft_is_deleted(wb: Workbook, build: Any, refused: Any, status: str) -> None:
    release = build.active()
    if status == "archived":
        wb.releases.archive(release.id)
    with refused(NotAllowed, f"'{release.name}' is {status}; only a release that is draft can be deleted"):
        wb.releases.delete(release.id)
    with refused(NotFound, "release_id 99: there is no such release"):
        wb.releases.delete(99)
    with refused(InvalidValue, "release_id '1'"):
        wb.releases.delete("1")  # type: ignore[arg-type]


def test_an_archived_draft_is_a_draft_again_after_reopening(wb: Workbook, build: Any, refused: Any) -> None:
    draft = build.release()
    build.template(draft)
    wb.releases.archive(draft.id)
    with refused(NotAllowed, "is archived; only a release that is draft"):
        wb.releases.delete(draft.id)
    wb.releases.reopen(draft.id)
    wb.releases.delete(draft.id)
    assert wb.releases.list() == []


def test_a_draft_that_was_changed_since_it_was_shown_is_not_deleted(wb: Workbook, build: Any, refused: Any) -> None:
    draft = build.release(name="2026.11")
    first, second = build.template(draft), build.template(draft)
    ben = wb.acting_as("ben")
    changes = [
        lambda: ben.templates.update(first.id, content="echo of a day's work"),
        lambda: ben.templates.move(second.id, 0),
        lambda: ben.templates.add(draft.id, name="New", category="verify", type="bash", content="true"),
        lambda: ben.templates.delete(second.id),
    ]
    for change in changes:
        seen = {each.id: each.row_version for each in wb.templates.list(draft.id)}
        change()
        with refused(Conflict, "steps of release '2026.11' were changed after it was shown"):
            wb.releases.delete(draft.id, expected=seen)
    ben.releases.update(draft.id, description="kept")
    seen = {each.id: each.row_version for each in wb.templates.list(draft.id)}
    with refused(Conflict, "'2026.11' was changed by ben"):
        wb.releases.delete(draft.id, expected_version=draft.row_version, expected=seen)
    with refused(InvalidValue, "expected", "row_version of each template"):
        wb.releases.delete(draft.id, expected=[first.id])  # type: ignore[arg-type]
    now = wb.releases.get(draft.id)
    wb.releases.delete(draft.id, expected_version=now.row_version, expected=seen)
    assert wb.releases.list() == []
