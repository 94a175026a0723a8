"""Who takes part: an explicit choice, each wrong id named, all of it or nothing, and one event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.store.tables import release_customers


@pytest.fixture
def draft(wb: Workbook, build: Any) -> Any:
    """A draft with two deploy steps and one verify step."""
    release = build.release(name="2026.11")
    build.template(release, name="Check", category="verify", type="text", content="look")
    build.template(release, name="Back up", content="pg_dump")
    build.template(release, name="Migrate", type="sql", content="SELECT 1")
    return release


def test_each_chosen_customer_gets_every_template_as_its_own_step(wb: Workbook, build: Any, draft: Any) -> None:
    cluster = build.cluster()
    acme, bolt, coop = (build.customer(cluster) for _ in range(3))
    active = wb.releases.activate(draft.id, customer_ids=[coop.id, acme.id, coop.id])
    assert (active.status, active.row_version) == ("active", draft.row_version + 1)
    for customer in (acme, coop):
        steps = wb.steps.list(draft.id, customer.id)
        assert [(step.name, step.category, step.type, step.content, step.order_index) for step in steps] == [
            ("Back up", "deploy", "bash", "pg_dump", 0),
            ("Migrate", "deploy", "sql", "SELECT 1", 1),
            ("Check", "verify", "text", "look", 0),
        ]
        assert {(step.status, step.row_version, step.template_revision, step.is_custom) for step in steps} == {
            ("pending", 1, 1, False)
        }
        assert [step.template_id for step in steps] == [template.id for template in wb.templates.list(draft.id)]
    assert wb.steps.list(draft.id, bolt.id) == []
    assert [(member.customer_id, member.state) for member in wb.releases.members(draft.id)] == [
        (acme.id, "active"),
        (coop.id, "active"),
    ]


def test_an_activation_is_one_event_that_tells_every_steps_beginning(wb: Workbook, build: Any, draft: Any) -> None:
    customers = [build.customer().id for _ in range(3)]
    before = wb.revision()
    wb.acting_as("ben").releases.activate(draft.id, customer_ids=customers)
    assert wb.revision() == before + 1
    event = wb.history(release_id=draft.id)[-1]
    assert (event.action, event.operator, event.before) == ("release.activate", "ben", {"status": "draft"})
    assert event.after is not None
    assert (event.after["status"], event.after["customer_ids"]) == ("active", customers)
    assert [(given["name"], given["content"], given["revision"]) for given in event.after["templates"]] == [
        ("Back up", "pg_dump", 1),
        ("Migrate", "SELECT 1", 1),
        ("Check", "look", 1),
    ]


def test_all_active_takes_the_active_ones(wb: Workbook, build: Any, draft: Any) -> None:
    acme, bolt, coop = (build.customer() for _ in range(3))
    wb.customers.deactivate(bolt.id)
    wb.releases.activate(draft.id, all_active=True)
    assert [member.customer_id for member in wb.releases.members(draft.id)] == [acme.id, coop.id]


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({}, "choose customers by a list of ids, or all active ones"),
        ({"customer_ids": None}, "choose customers by a list of ids"),
        ({"customer_ids": "1"}, "choose customers by a list of ids"),
        ({"customer_ids": 1}, "choose customers by a list of ids"),
        ({"customer_ids": {1: True, 2: False}}, "choose customers by a list of ids"),
        ({"customer_ids": []}, "must name at least one customer"),
        ({"customer_ids": ["1"]}, "must be a whole number from 1"),
        ({"customer_ids": [1, None]}, "must be a whole number from 1"),
        ({"customer_ids": [0]}, "must be a whole number from 1"),
        ({"customer_ids": [1], "all_active": True}, "give either the ids or all_active, not both"),
    ],
)
def test_the_choice_is_explicit(
    wb: Workbook, build: Any, draft: Any, refused: Any, choice: dict[str, Any], why: str
) -> None:
    build.customer()
    with refused(InvalidValue, "customer_ids", why):
        wb.releases.activate(draft.id, **choice)


def test_all_active_of_nobody_is_refused(wb: Workbook, draft: Any, refused: Any) -> None:
    with refused(InvalidValue, "all_active", "there is no active customer"):
        wb.releases.activate(draft.id, all_active=True)


def test_each_unknown_customer_is_named(wb: Workbook, build: Any, draft: Any, refused: Any) -> None:
    known = build.customer().id
    with refused(NotFound, "customer_ids 98: there is no such customer"):
        wb.releases.activate(draft.id, customer_ids=[known, 98])
    with refused(NotFound, "customer_ids [98, 99]: there is no such customer"):
        wb.releases.activate(draft.id, customer_ids=[98, known, 99])


def test_each_inactive_customer_is_named(wb: Workbook, build: Any, draft: Any, refused: Any) -> None:
    acme, bolt, coop = (build.customer(name=name) for name in ("Acme", "Bolt", "Coop"))
    for customer in (acme, coop):
        wb.customers.deactivate(customer.id)
    with refused(NotAllowed, f"customer_ids {acme.id} ('Acme'), {coop.id} ('Coop'): inactive", "leave out"):
        wb.releases.activate(draft.id, customer_ids=[acme.id, bolt.id, coop.id])


def test_a_release_without_a_template_is_not_activated(wb: Workbook, build: Any, refused: Any) -> None:
    release, customer = build.release(name="empty"), build.customer()
    with refused(NotAllowed, "Release 'empty' has no step template"):
        wb.releases.activate(release.id, customer_ids=[customer.id])


def test_a_release_is_activated_once(wb: Workbook, build: Any, refused: Any) -> None:
    release, customer = build.active(), build.customer()
    with refused(NotAllowed, "is active; only a release that is draft can be activated"):
        wb.releases.activate(release.id, customer_ids=[customer.id])


def test_added_customers_get_every_live_template(wb: Workbook, build: Any, draft: Any) -> None:
    acme, bolt, coop = (build.customer() for _ in range(3))
    wb.releases.activate(draft.id, customer_ids=[acme.id])
    wb.templates.update(wb.templates.list(draft.id)[0].id, content="pg_dump -Fc")
    (step, *_) = wb.steps.list(draft.id, acme.id)
    wb.steps.mark_done(step.id)
    assert wb.releases.add_customers(draft.id, [bolt.id, acme.id, coop.id]) == (acme.id,)
    assert [(step.name, step.content, step.template_revision) for step in wb.steps.list(draft.id, coop.id)] == [
        ("Back up", "pg_dump -Fc", 2),
        ("Migrate", "SELECT 1", 1),
        ("Check", "look", 1),
    ]
    assert wb.steps.get(step.id).status == "done"
    assert len(wb.steps.list(draft.id, acme.id)) == 3
    event = wb.history(release_id=draft.id)[-1]
    assert event.action == "release.add_customers"
    assert event.after is not None
    assert event.after["customer_ids"] == [bolt.id, coop.id]


def test_adding_only_members_is_refused(wb: Workbook, build: Any, draft: Any, refused: Any) -> None:
    acme, bolt = build.customer(), build.customer()
    wb.releases.activate(draft.id, customer_ids=[acme.id, bolt.id])
    with refused(NotAllowed, "All chosen customers are members of release '2026.11' already"):
        wb.releases.add_customers(draft.id, [bolt.id, acme.id])


@pytest.mark.parametrize(
    ("ids", "kind", "why"),
    [
        ([], InvalidValue, "must name at least one customer"),
        (None, InvalidValue, "choose customers by a list of ids"),
        ([99], NotFound, "customer_ids 99: there is no such customer"),
    ],
)
def test_what_is_added_is_an_explicit_choice_too(
    wb: Workbook, build: Any, refused: Any, ids: Any, kind: Any, why: str
) -> None:
    release = build.active()
    with refused(kind, "customer_ids", why):
        wb.releases.add_customers(release.id, ids)


def test_nobody_is_added_to_a_draft(wb: Workbook, build: Any, draft: Any, refused: Any) -> None:
    customer = build.customer()
    with refused(NotAllowed, "'2026.11' is draft; only a release that is active can be given more customers"):
        wb.releases.add_customers(draft.id, [customer.id])


@pytest.mark.parametrize("state", ["held", "removed"])
def test_steps_of_a_held_or_removed_member_can_only_be_looked_at(
    wb: Workbook, build: Any, refused: Any, state: str
) -> None:
    release = build.active(name="Migrate")
    (step,) = build.steps_of(release)
    with wb._core.store.writing() as connection:
        connection.execute(release_customers.update().values(state=state, reason="change freeze"))
    acts: dict[str, Callable[[], Any]] = {
        "start": lambda: wb.steps.start(step.id),
        "mark_done": lambda: wb.steps.mark_done(step.id),
        "fail": lambda: wb.steps.fail(step.id, reason="x"),
        "skip": lambda: wb.steps.skip(step.id, reason="x"),
        "revert": lambda: wb.steps.revert(step.id),
        "reopen": lambda: wb.steps.reopen(step.id),
    }
    for act in acts.values():
        with refused(NotAllowed, f"Step {step.id} 'Migrate'", f"is {state} in this release"):
            act()
    detail = wb.steps.detail(step.id)
    assert (detail.text, detail.member_state, detail.history) == ("true", state, ())
    assert all(f"is {state} in this release" in (choice.refused or "") for choice in detail.choices)
