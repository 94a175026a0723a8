"""A link to a checklist that is not there is answered in plain words."""

from __future__ import annotations

import pytest

from relorch import Workbook
from relorch.ui import words
from tests.conftest import Build
from tests.notebooks.test_pages import run


@pytest.mark.parametrize(
    ("asked", "value", "kind"),
    [
        ("customer", "4711", "customer"),
        ("customer", "abc", "customer"),
        ("step", "4711", "step"),
        ("template", "4711", "step template"),
    ],
)
def test_what_is_not_there_is_named_as_people_name_it(
    wb: Workbook, build: Build, asked: str, value: str, kind: str
) -> None:
    release = build.active()
    shown, _ = run("checklist", wb, release=str(release.id), **{asked: value})
    assert words.no_such(kind) in shown
    assert "_id" not in shown.split("</style>")[-1]
    assert value not in shown.split("</style>")[-1]


def test_who_is_no_member_is_still_said_to_be_none(wb: Workbook, build: Build) -> None:
    release, stranger = build.active(), build.customer(name="Stranger")
    shown, _ = run("checklist", wb, release=str(release.id), customer=str(stranger.id))
    assert words.no_member("Stranger", release.name) in shown
