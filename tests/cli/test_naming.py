"""What a word of the command line names."""

from __future__ import annotations

import pytest

from relorch import Workbook
from relorch.cli.naming import Ambiguous, cluster_id, customer_id, release_id, step_id, template_id
from relorch.errors import InvalidValue, NotFound
from tests.cli.conftest import Run
from tests.conftest import Build


def test_digits_are_an_id_and_anything_else_an_exact_name(wb: Workbook, build: Build) -> None:
    cluster = build.cluster(name="eu-1")
    customer = build.customer(cluster, namespace="acme-prod", name="Acme & Söhne")
    release = build.release(name="2026.11")
    for text in (str(customer.id), "acme-prod", "Acme & Söhne", "eu-1/acme-prod"):
        assert customer_id(wb, text) == customer.id
    assert (cluster_id(wb, "eu-1"), cluster_id(wb, str(cluster.id))) == (cluster.id, cluster.id)
    assert (release_id(wb, "2026.11"), release_id(wb, str(release.id))) == (release.id, release.id)


NOT_NAMES = ["acme", "ACME-PROD", "acme-prod ", "", "%", "eu-1/", "99", "9" * 20, "9" * 5000, "\udcff", "٣"]


def test_nothing_but_the_exact_name_will_do(wb: Workbook, build: Build) -> None:
    build.customer(build.cluster(name="eu-1"), namespace="acme-prod", name="Acme")
    for text in NOT_NAMES:
        with pytest.raises((NotFound, InvalidValue)) as refused:
            customer_id(wb, text)
        assert not isinstance(refused.value, Ambiguous)


def test_more_than_one_match_lists_them_with_what_tells_them_apart(wb: Workbook, build: Build) -> None:
    first = build.customer(build.cluster(name="eu-1"), namespace="acme-prod")
    second = build.customer(build.cluster(name="us-1"), namespace="acme-prod")
    with pytest.raises(Ambiguous) as refused:
        customer_id(wb, "acme-prod")
    for told in ("eu-1/acme-prod", "us-1/acme-prod", f"(id {first.id})", f"(id {second.id})"):
        assert told in str(refused.value)
    assert customer_id(wb, "us-1/acme-prod") == second.id


def test_one_that_is_in_use_comes_before_one_that_was(wb: Workbook, build: Build) -> None:
    cluster = build.cluster(name="eu-1")
    old = build.customer(cluster, namespace="acme-prod")
    wb.customers.deactivate(old.id)
    assert customer_id(wb, "acme-prod") == old.id
    new = build.customer(cluster, namespace="acme-prod")
    assert customer_id(wb, "acme-prod") == new.id


def test_a_namespace_of_digits_is_named_with_its_cluster(wb: Workbook, build: Build) -> None:
    customer = build.customer(build.cluster(name="eu-1"), namespace="77777")
    assert customer_id(wb, "eu-1/77777") == customer.id
    with pytest.raises(NotFound):
        customer_id(wb, "77777")


def test_a_step_is_named_within_its_release_and_customer(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, name="Migrate")
    first, second = build.steps_of(release)
    assert step_id(wb, "Migrate", release.id, second.customer_id) == second.id
    assert step_id(wb, str(first.id)) == first.id
    assert template_id(wb, release.id, "Migrate") == first.template_id
    with pytest.raises(InvalidValue):
        step_id(wb, "Migrate")
    with pytest.raises(InvalidValue):
        step_id(wb, str(first.id), release.id, second.customer_id)


def test_the_command_line_leaves_with_2_for_two_matches_and_with_1_for_none(relorch: Run, build: Build) -> None:
    release = build.active(customers=2)
    for cluster in ("eu-1", "us-1"):
        build.customer(build.cluster(name=cluster), namespace="acme-prod")
    twice = relorch("next", "--release", release.name, "--customer", "acme-prod")
    none = relorch("next", "--release", release.name, "--customer", "acme")
    assert (twice.code, none.code) == (2, 1)
    assert "eu-1/acme-prod" in twice.err
    assert "us-1/acme-prod" in twice.err
    assert (twice.out, none.out) == ("", "")
