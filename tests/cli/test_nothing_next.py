"""What `next` says when there is nothing: all is done, or what stands in the way; a script can tell them apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from relorch import Workbook
from relorch.model.values import Customer, Release
from tests.cli.conftest import Run
from tests.conftest import Build

MOMENT = datetime(2026, 11, 19, 22, 5, 7, tzinfo=UTC)


@pytest.fixture
def release(wb: Workbook, build: Build) -> Release:
    """Two steps for Acme and for Beta on eu-1, and Gamma who takes no part."""
    cluster = build.cluster(name="eu-1")
    acme = build.customer(cluster, name="Acme", namespace="acme-prod")
    beta = build.customer(cluster, name="Beta", namespace="beta-prod")
    build.customer(cluster, name="Gamma", namespace="gamma")
    draft = build.release(name="2026.11")
    for name in ("Migrate", "Verify"):
        build.template(draft, name=name)
    return wb.releases.activate(draft.id, customer_ids=[acme.id, beta.id])


@pytest.fixture
def acme(wb: Workbook, release: Release) -> Customer:
    return next(customer for customer in wb.customers.list() if customer.name == "Acme")


def asked(relorch: Run, *words: str) -> tuple[int, str | None, str]:
    """Ask for the next step, for people and for programs: the code, why there is none, and the sentence."""
    told = relorch("next", "-r", "2026.11", *words)
    as_json = relorch("next", "-r", "2026.11", *words, "--json")
    assert (told.out, as_json.code, as_json.err) == ("", told.code, told.err)
    said = json.loads(as_json.out)
    if said is not None:
        assert told.err == f"relorch: {said['message']}\n"
    return told.code, None if said is None else said["why"], told.err


def test_a_customer_that_is_no_member_is_told_so(relorch: Run, release: Release) -> None:
    code, why, said = asked(relorch, "-c", "gamma")
    assert (code, why) == (1, "noMember")
    assert "eu-1/gamma 'Gamma' takes no part in release '2026.11'" in said


def test_a_member_on_hold_is_told_with_its_reason_and_its_own_steps(
    relorch: Run, wb: Workbook, release: Release, acme: Customer
) -> None:
    wb.steps.mark_done(wb.steps.list(release.id, acme.id)[0].id)
    wb.releases.hold(release.id, [acme.id], reason="their freeze")
    code, why, said = asked(relorch, "-c", "Acme")
    assert (code, why) == (1, "held")
    assert "eu-1/acme-prod 'Acme' is on hold in release '2026.11': their freeze; 1 of its 2 steps are open." in said
    done = relorch("done", "-r", "2026.11", "-c", "Acme", "--yes")
    assert (done.code, "on hold in release '2026.11': their freeze" in done.err) == (1, True)


def test_a_removed_member_is_told_with_its_reason(relorch: Run, wb: Workbook, release: Release, acme: Customer) -> None:
    wb.releases.remove(release.id, [acme.id], reason="moved away")
    code, why, said = asked(relorch, "-c", "Acme")
    assert (code, why) == (1, "removed")
    assert "was removed from release '2026.11': moved away" in said


def test_who_has_the_last_step_in_progress_is_named(
    relorch: Run, wb: Workbook, release: Release, acme: Customer
) -> None:
    first, second = wb.steps.list(release.id, acme.id)
    wb.steps.mark_done(first.id)
    wb.acting_as("ben").at(MOMENT).steps.start(second.id)
    code, why, said = asked(relorch, "-c", "Acme")
    assert (code, why) == (1, "claimed")
    told = f"step {second.id} 'Verify' of eu-1/acme-prod 'Acme' is in progress by ben since 2026-11-19 22:05 UTC"
    assert f"{told}; 1 of its 2 steps are open." in said


def test_a_customer_that_is_done_is_no_refusal(relorch: Run, wb: Workbook, release: Release, acme: Customer) -> None:
    wb.steps.mark_done([step.id for step in wb.steps.list(release.id, acme.id)])
    code, why, said = asked(relorch, "-c", "Acme")
    assert (code, why) == (0, None)
    assert "nothing is left for eu-1/acme-prod 'Acme' in release '2026.11': 0 of its 2 steps are open." in said


def test_of_a_step_it_counts_customers(
    relorch: Run, wb: Workbook, build: Build, release: Release, acme: Customer
) -> None:
    theirs = [step for step in build.steps_of(release) if step.name == "Migrate" and step.customer_id != acme.id]
    wb.releases.hold(release.id, [acme.id], reason="their freeze")
    wb.acting_as("ben").steps.start(theirs[0].id)
    code, why, said = asked(relorch, "--template", "Migrate")
    assert (code, why) == (1, "claimed")
    assert "of eu-1/beta-prod 'Beta' is in progress by ben" in said
    assert "2 of 2 customers have it open, 1 of them on hold" in said
    wb.acting_as("ben").steps.mark_done(theirs[0].id)
    assert asked(relorch, "--template", "Migrate")[:2] == (1, "held")
    wb.releases.resume(release.id, [acme.id])
    wb.steps.mark_done(next(step.id for step in wb.steps.list(release.id, acme.id) if step.name == "Migrate"))
    assert asked(relorch, "--template", "Migrate")[:2] == (0, None)


def test_of_a_release_too(relorch: Run, wb: Workbook, build: Build, release: Release, acme: Customer) -> None:
    steps = build.steps_of(release)
    wb.releases.hold(release.id, [acme.id], reason="their freeze")
    wb.acting_as("ben").steps.start([step.id for step in steps if step.customer_id != acme.id])
    code, why, said = asked(relorch)
    assert (code, why) == (1, "claimed")
    assert said.count("'Beta' is in progress by ben") == 2
    assert "2 of 2 steps are open, and 2 of customers on hold" in said
    wb.steps.mark_done([step.id for step in steps if step.customer_id != acme.id])
    assert asked(relorch)[:2] == (1, "held")
    wb.releases.resume(release.id, [acme.id])
    wb.steps.mark_done([step.id for step in steps if step.customer_id == acme.id])
    assert asked(relorch)[:2] == (0, None)
    wb.releases.archive(release.id)
    assert asked(relorch)[:2] == (1, "notActive")


def test_of_many_claims_some_are_named_and_all_counted(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active(customers=7)
    wb.acting_as("ben").steps.start([step.id for step in build.steps_of(release)])
    told = relorch("next", "-r", release.id)
    assert (told.code, told.err.count("by ben"), "; and 2 more; 7 of 7 steps are open" in told.err) == (1, 5, True)
