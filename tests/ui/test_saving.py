"""An edit asks before it changes open texts or somebody's change, and does only what was asked about."""

from __future__ import annotations

from typing import Any

from relorch import Workbook
from relorch.ui.saving import save_edit
from tests.conftest import Build


def test_yes_confirms_only_what_was_asked_about(wb: Workbook, build: Build) -> None:
    release = build.active(content="echo ${{ customer.name | sh }}")
    (step,) = build.steps_of(release)
    customer = wb.customers.get(step.customer_id)
    typed = {"name": "Acme 2"}
    asked = save_edit(wb.customers, customer, typed, lambda: dict(typed))
    assert (asked.stored, "1 step" in asked.question) == (False, True)
    build.template(release, content="ls ${{ customer.name | sh }}")
    refused = save_edit(wb.customers, customer, typed, lambda: dict(typed), asked=asked)
    assert (refused.stored, wb.customers.get(customer.id).name) == (False, customer.name)
    again = save_edit(wb.customers, customer, typed, lambda: dict(typed))
    assert save_edit(wb.customers, customer, typed, lambda: dict(typed), asked=again).stored
    assert wb.customers.get(customer.id).name == "Acme 2"


def test_somebodys_change_of_the_same_field_is_asked_about_and_of_another_is_kept(wb: Workbook, build: Build) -> None:
    release = wb.releases.create(name="R", type="release")
    wb.acting_as("ben").releases.update(release.id, version_number="5")
    typed: dict[str, Any] = {"description": "mine"}
    assert save_edit(wb.releases, release, typed, lambda: dict(typed)).stored
    release = wb.releases.get(release.id)
    assert (release.version_number, release.description) == ("5", "mine")
    wb.acting_as("ben").releases.update(release.id, description="ben's")
    typed = {"description": "mine again"}
    asked = save_edit(wb.releases, release, typed, lambda: dict(typed))
    assert "changed by ben" in asked.question
    assert save_edit(wb.releases, release, typed, lambda: dict(typed), asked=asked).stored
    assert wb.releases.get(release.id).description == "mine again"
