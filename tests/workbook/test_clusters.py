"""Clusters: names unique among active ones, and no way to leave a customer without one."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound


def test_a_cluster_keeps_what_it_was_given(wb: Workbook) -> None:
    made = wb.clusters.create(
        name=" eu-1 ",
        kubeconfig_path="~/.kube/eu 1; $(rm)",
        description="two\r\nlines\n",
        metadata={"registry": "r.example", "a": ""},
    )
    assert made == wb.clusters.get(made.id)
    assert (made.name, made.kubeconfig_path, made.description) == ("eu-1", "~/.kube/eu 1; $(rm)", "two\nlines")
    assert (made.metadata, made.is_active, made.row_version) == ({"a": "", "registry": "r.example"}, True, 1)
    (event,) = wb.history()
    assert (event.action, event.operator, event.before) == ("cluster.create", "ana", None)
    assert event.after == {
        "id": made.id,
        "name": "eu-1",
        "kubeconfig_path": "~/.kube/eu 1; $(rm)",
        "description": "two\nlines",
        "metadata": {"a": "", "registry": "r.example"},
    }


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "", "must not be blank"),
        ("name", None, "must be a text"),
        ("name", 7, "must be a text"),
        ("name", "eu\n1", "U+000A"),
        ("name", "eu\x1b[31m", "U+001B"),
        ("name", "x" * 201, "is longer than 200 characters"),
        ("kubeconfig_path", "a\0b", "U+0000"),
        ("kubeconfig_path", "x" * 4_001, "is longer than 4,000 characters"),
        ("description", "a\x07", "U+0007"),
        ("description", "x" * 4_001, "is longer than 4,000 characters"),
        ("metadata", {"a b": "x"}, "a key must begin with"),
        ("metadata", {"a": 1}, "must be a text"),
        ("metadata", "a=b", "must be a map"),
        ("metadata", [], "must be a map"),
        ("metadata", 0, "must be a map"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(wb: Workbook, refused: Any, field: str, value: object, why: str) -> None:
    with refused(InvalidValue, field, why):
        wb.clusters.create(**{"name": "eu-1", field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_what_is_optional_may_be_left_blank(wb: Workbook, nothing: str | None) -> None:
    made = wb.clusters.create(name="eu-1", kubeconfig_path=nothing, description=nothing)
    assert (made.kubeconfig_path, made.description) == (None, None)


def test_the_name_is_taken_only_while_its_cluster_is_active(wb: Workbook, refused: Any) -> None:
    first = wb.clusters.create(name="eu-1")
    with refused(AlreadyTaken, "name", "'eu-1'", "another active cluster has this name"):
        wb.clusters.create(name="eu-1")
    wb.clusters.deactivate(first.id)
    second = wb.clusters.create(name="eu-1")
    with refused(AlreadyTaken, "name", "'eu-1'"):
        wb.clusters.reactivate(first.id)
    wb.clusters.deactivate(second.id)
    assert wb.clusters.reactivate(first.id).is_active


def test_a_cluster_with_active_customers_stays_and_they_are_named(wb: Workbook, build: Any, refused: Any) -> None:
    cluster = wb.clusters.create(name="eu-1")
    customers = [
        build.customer(cluster, namespace=f"acme-{number:02}", name=f"Acme {number:02}") for number in range(12)
    ]
    with refused(NotAllowed, "'eu-1' has active customers (acme-00, acme-01", "and 2 more", "deactivate or move"):
        wb.clusters.deactivate(cluster.id)
    for customer in customers:
        wb.customers.deactivate(customer.id)
    assert not wb.clusters.deactivate(cluster.id).is_active


def test_deactivating_and_reactivating_are_recorded(wb: Workbook) -> None:
    cluster = wb.clusters.create(name="eu-1")
    wb.acting_as("ben").clusters.deactivate(cluster.id)
    assert wb.clusters.reactivate(cluster.id).row_version == 3
    facts = [(event.action, event.operator, event.before, event.after) for event in wb.history()[1:]]
    off, on = {"id": cluster.id, "is_active": False}, {"id": cluster.id, "is_active": True}
    assert facts == [("cluster.deactivate", "ben", on, off), ("cluster.reactivate", "ana", off, on)]


def test_an_inactive_cluster_cannot_be_deactivated_again(wb: Workbook, refused: Any) -> None:
    cluster = wb.clusters.create(name="eu-1")
    wb.clusters.deactivate(cluster.id)
    with refused(NotAllowed, "'eu-1' is inactive already"):
        wb.clusters.deactivate(cluster.id)


def test_an_active_cluster_cannot_be_reactivated(wb: Workbook, refused: Any) -> None:
    cluster = wb.clusters.create(name="eu-1")
    with refused(NotAllowed, "'eu-1' is active already"):
        wb.clusters.reactivate(cluster.id)


def test_the_list_is_by_name_and_hides_the_inactive_unless_asked(wb: Workbook) -> None:
    for name in ("us-1", "ap-1", "eu-1"):
        wb.clusters.create(name=name)
    wb.clusters.deactivate(wb.clusters.list()[1].id)
    assert [cluster.name for cluster in wb.clusters.list()] == ["ap-1", "us-1"]
    assert [cluster.name for cluster in wb.clusters.list(inactive=True)] == ["ap-1", "eu-1", "us-1"]


@pytest.mark.parametrize("verb", ["get", "deactivate", "reactivate"])
def test_an_unknown_cluster_is_named(wb: Workbook, refused: Any, verb: str) -> None:
    with refused(NotFound, "cluster_id 99: there is no such cluster"):
        getattr(wb.clusters, verb)(99)
    for value in ("1", True, 0, 2**63, None):
        with refused(InvalidValue, "cluster_id", "must be a whole number from 1"):
            getattr(wb.clusters, verb)(value)
