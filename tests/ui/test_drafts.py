"""What is typed into a form is there again, and an edit of it knows what it began from."""

from __future__ import annotations

from relorch import Workbook
from relorch.ui import release_form
from relorch.ui.drafts import Drafts
from tests.conftest import Build


def test_a_form_begins_with_what_was_typed_into_it_before() -> None:
    drafts = Drafts()
    first = drafts.begin(("new", 0), release_form.printed)
    drafts.keep(first, {**first.shown, "name": "2026.12"})
    again, other = drafts.begin(("new", 0), release_form.printed), drafts.begin(("clone", 1), release_form.printed)
    assert (again.shown["name"], again.is_draft, bool(again.note)) == ("2026.12", True, True)
    assert (other.shown["name"], other.is_draft, other.note) == ("", False, "")
    drafts.finish(again)
    drafts.keep(again, again.shown)  # what was on its way when it was stored
    assert not drafts.begin(("new", 0), release_form.printed).is_draft


def test_what_is_typed_back_to_what_is_stored_is_no_draft(build: Build) -> None:
    drafts, release = Drafts(), build.release()
    form = drafts.begin(("edit", release.id), release_form.printed, release)
    drafts.keep(form, {**form.shown, "description": "x"})
    drafts.keep(form, form.shown)
    assert drafts.kept == {}


def test_an_edit_taken_up_again_began_from_what_was_stored_then(wb: Workbook, build: Build) -> None:
    drafts, release = Drafts(), build.release(description="before")
    form = drafts.begin(("edit", release.id), release_form.printed, release)
    drafts.keep(form, {**form.shown, "description": "mine"})
    theirs = wb.releases.update(release.id, description="theirs", version_number="4.3.0")
    again = drafts.begin(("edit", release.id), release_form.printed, theirs)
    assert (again.base.description, again.base.version_number) == ("before", "4.3.0")
    assert (again.shown["description"], again.shown["version_number"]) == ("mine", "4.3.0")
