"""Customers: one namespace on one cluster each."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound


def test_a_customer_keeps_what_it_was_given(wb: Workbook) -> None:
    cluster = wb.clusters.create(name="eu-1")
    made = wb.customers.create(
        cluster_id=cluster.id,
        namespace="acme-prod",
        name="Acme & Söhne <b>",
        description=" kept \n",
        metadata={"db_host": "db1"},
    )
    assert made == wb.customers.get(made.id)
    assert (made.cluster_id, made.namespace, made.name) == (cluster.id, "acme-prod", "Acme & Söhne <b>")
    assert (made.description, made.metadata, made.is_active) == (" kept ", {"db_host": "db1"}, True)
    event = wb.history()[-1]
    assert (event.action, event.customer_id, event.before) == ("customer.create", made.id, None)
    assert event.after is not None
    assert event.after["metadata"] == {"db_host": "db1"}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("namespace", "Acme", "RFC 1123"),
        ("namespace", "acme;rm", "RFC 1123"),
        ("namespace", "x" * 64, "RFC 1123"),
        ("namespace", None, "must be a text"),
        ("name", " ", "must not be blank"),
        ("name", "a\tb", "U+0009"),
        ("name", "a\ud800", "U+D800"),
        ("description", "a\x00", "U+0000"),
        ("metadata", {"": "x"}, "a key must begin with"),
        ("metadata", [], "must be a map"),
        ("cluster_id", "1", "must be a whole number from 1"),
        ("cluster_id", True, "must be a whole number from 1"),
        ("cluster_id", 2**63, "must be a whole number from 1"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(wb: Workbook, refused: Any, field: str, value: object, why: str) -> None:
    cluster = wb.clusters.create(name="eu-1")
    values = {"cluster_id": cluster.id, "namespace": "acme", "name": "Acme", field: value}
    with refused(InvalidValue, field, why):
        wb.customers.create(**values)


def test_the_namespace_is_taken_only_on_its_cluster_and_while_its_customer_is_active(
    wb: Workbook, build: Any, refused: Any
) -> None:
    eu, us = wb.clusters.create(name="eu-1"), wb.clusters.create(name="us-1")
    first = build.customer(eu, namespace="acme", name="Acme Old")
    build.customer(us, namespace="acme")
    with refused(AlreadyTaken, "namespace 'acme'", "customer 'Acme Old'", "on cluster 'eu-1'"):
        wb.customers.create(cluster_id=eu.id, namespace="acme", name="Acme")
    wb.customers.deactivate(first.id)
    second = build.customer(eu, namespace="acme", name="Acme New")
    with refused(AlreadyTaken, "namespace 'acme'", "customer 'Acme New'"):
        wb.customers.reactivate(first.id)
    wb.customers.deactivate(second.id)
    assert wb.customers.reactivate(first.id).is_active


def test_two_customers_may_have_one_name(wb: Workbook, build: Any) -> None:
    cluster = wb.clusters.create(name="eu-1")
    assert build.customer(cluster, name="Acme").id != build.customer(cluster, name="Acme").id


def test_nothing_goes_onto_an_inactive_cluster(wb: Workbook, build: Any, refused: Any) -> None:
    cluster = wb.clusters.create(name="eu-1")
    customer = build.customer(cluster)
    wb.customers.deactivate(customer.id)
    wb.clusters.deactivate(cluster.id)
    with refused(NotAllowed, f"cluster_id {cluster.id}: cluster 'eu-1' is inactive"):
        wb.customers.create(cluster_id=cluster.id, namespace="acme", name="Acme")
    with refused(NotAllowed, "cluster 'eu-1' is inactive"):
        wb.customers.reactivate(customer.id)


def test_a_customer_with_open_work_stays_and_the_releases_are_named(wb: Workbook, build: Any, refused: Any) -> None:
    customer = build.customer(name="Acme")
    releases = [build.release(name=name) for name in ("2026.10", "2026.11", "2026.12")]
    for release in releases:
        build.template(release)
        wb.releases.activate(release.id, customer_ids=[customer.id])
    (done,) = wb.steps.list(releases[0].id, customer.id)
    wb.steps.mark_done(done.id)
    with refused(NotAllowed, "Customer 'Acme' has open work in '2026.11', '2026.12'"):
        wb.customers.deactivate(customer.id)
    (failed,) = wb.steps.list(releases[1].id, customer.id)
    wb.steps.fail(failed.id, reason="disk full")
    wb.releases.archive(releases[2].id)
    with refused(NotAllowed, "has open work in '2026.11';"):
        wb.customers.deactivate(customer.id)
    wb.steps.skip(failed.id, reason="next month")
    assert not wb.customers.deactivate(customer.id).is_active


def test_deactivating_and_reactivating_are_recorded(wb: Workbook, build: Any) -> None:
    customer = build.customer()
    wb.acting_as("ben").customers.deactivate(customer.id)
    wb.customers.reactivate(customer.id)
    facts = [(event.action, event.operator, event.before, event.after) for event in wb.history(customer_id=customer.id)]
    off, on = {"is_active": False}, {"is_active": True}
    assert facts[1:] == [("customer.deactivate", "ben", on, off), ("customer.reactivate", "ana", off, on)]


def test_an_inactive_customer_cannot_be_deactivated_again(wb: Workbook, build: Any, refused: Any) -> None:
    customer = build.customer(name="Acme")
    wb.customers.deactivate(customer.id)
    with refused(NotAllowed, "'Acme' is inactive already"):
        wb.customers.deactivate(customer.id)


def test_an_active_customer_cannot_be_reactivated(wb: Workbook, build: Any, refused: Any) -> None:
    customer = build.customer(name="Acme")
    with refused(NotAllowed, "'Acme' is active already"):
        wb.customers.reactivate(customer.id)


def test_the_list_is_by_cluster_and_name_and_hides_the_inactive_unless_asked(wb: Workbook, build: Any) -> None:
    us, eu = wb.clusters.create(name="us-1"), wb.clusters.create(name="eu-1")
    for cluster, name in ((us, "Bolt"), (us, "Acme"), (eu, "Zinc"), (eu, "Yarn")):
        build.customer(cluster, name=name)
    wb.customers.deactivate(next(customer.id for customer in wb.customers.list() if customer.name == "Yarn"))
    assert [customer.name for customer in wb.customers.list()] == ["Zinc", "Acme", "Bolt"]
    assert [customer.name for customer in wb.customers.list(inactive=True)] == ["Yarn", "Zinc", "Acme", "Bolt"]
    assert [customer.name for customer in wb.customers.list(cluster_id=us.id)] == ["Acme", "Bolt"]


def test_the_list_of_an_unknown_cluster_is_refused(wb: Workbook, refused: Any) -> None:
    with refused(NotFound, "cluster_id 99: there is no such cluster"):
        wb.customers.list(cluster_id=99)
    with refused(NotFound, "cluster_id 99: there is no such cluster"):
        wb.customers.create(cluster_id=99, namespace="acme", name="Acme")


@pytest.mark.parametrize("verb", ["get", "deactivate", "reactivate"])
def test_an_unknown_customer_is_named(wb: Workbook, refused: Any, verb: str) -> None:
    with refused(NotFound, "customer_id 99: there is no such customer"):
        getattr(wb.customers, verb)(99)
    with refused(InvalidValue, "customer_id '1'", "must be a whole number from 1"):
        getattr(wb.customers, verb)("1")
