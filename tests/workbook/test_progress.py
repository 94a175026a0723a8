"""Progress, whole and by group, is what one would count by hand."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotFound
from relorch.model.status import STATUSES


@pytest.fixture
def release(wb: Workbook, build: Any) -> Any:
    """Nine customers on three clusters, five steps, every status somewhere; one customer held, one removed."""
    release = build.release()
    for name, category in [("b", "deploy"), ("a", "deploy"), ("d", "verify"), ("c", "deploy"), ("e", "verify")]:
        build.template(release, name=name, category=category)
    clusters = [wb.clusters.create(name=name) for name in ("us-1", "eu-1", "ap-1")]
    members = [build.customer(clusters[number % 3]) for number in range(9)]
    wb.releases.activate(release.id, all_active=True)
    chance = random.Random(11)
    for step in build.steps_of(release):
        verb = chance.choice([None, wb.steps.start, wb.steps.mark_done, wb.steps.skip, wb.steps.fail])
        if verb is not None:
            verb(step.id, **({"reason": "x"} if verb in (wb.steps.skip, wb.steps.fail) else {}))
        if verb == wb.steps.fail and chance.random() < 0.5:
            wb.steps.revert(step.id)
    with wb._core.store.writing() as connection:
        for state, customer in (("held", members[4].id), ("removed", members[5].id)):
            connection.exec_driver_sql(
                "UPDATE release_customers SET state = ? WHERE customer_id = ?", (state, customer)
            )
    return release


def counted(wb: Workbook, build: Any, release: Any) -> list[tuple[Any, str]]:
    """Every step of a member that is not removed, with the member's state."""
    states = {member.customer_id: member.state for member in wb.releases.members(release.id)}
    return [
        (step, states[step.customer_id]) for step in build.steps_of(release) if states[step.customer_id] != "removed"
    ]


def by_hand(steps: list[tuple[Any, str]]) -> tuple[dict[str, int], int]:
    counts = Counter(step.status for step, state in steps if state == "active")
    return {status: counts[status] for status in STATUSES}, sum(state == "held" for _, state in steps)


def test_the_whole_counts_every_step_once(wb: Workbook, build: Any, release: Any) -> None:
    progress = wb.progress(release.id)
    assert (progress.counts, progress.held) == by_hand(counted(wb, build, release))
    assert (progress.total, progress.held, progress.key, progress.label) == (35, 5, None, None)
    assert all(progress.counts.values())
    assert progress.percentage == 100 * (progress.counts["done"] + progress.counts["skipped"]) // 35


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("cluster", ["ap-1", "eu-1", "us-1"]),
        ("customer", None),
        ("step", ["b", "a", "c", "d", "e"]),
        ("category", ["deploy", "verify"]),
    ],
)
def test_each_group_counts_its_own_steps_in_the_order_of_the_pages(
    wb: Workbook, build: Any, release: Any, by: str, labels: list[str] | None
) -> None:
    cluster_of = {customer.id: customer.cluster_id for customer in wb.customers.list()}
    key_of = {
        "cluster": lambda step: cluster_of[step.customer_id],
        "customer": lambda step: step.customer_id,
        "step": lambda step: step.template_id,
        "category": lambda step: step.category,
    }[by]
    groups: dict[Any, list[tuple[Any, str]]] = {}
    for step, state in counted(wb, build, release):
        groups.setdefault(key_of(step), []).append((step, state))
    progress = wb.progress(release.id, by=by)
    assert {group.key: (group.counts, group.held) for group in progress} == {
        key: by_hand(steps) for key, steps in groups.items()
    }
    assert len(progress) == len(groups)
    columns = wb.matrix(release.id).customers
    assert [group.label for group in progress] == (labels or [column.name for column in columns])


def test_a_group_that_is_wholly_held_has_no_percentage(wb: Workbook, release: Any) -> None:
    held = [group for group in wb.progress(release.id, by="customer") if group.held]
    assert [(group.total, group.held, group.percentage) for group in held] == [(0, 5, None)]


def test_custom_steps_are_a_group_of_their_own_at_the_end(wb: Workbook, build: Any, release: Any) -> None:
    step = build.steps_of(release)[0]
    with wb._core.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE customer_steps SET template_id = NULL, is_custom = 1 WHERE id = ?", (step.id,)
        )
    last = wb.progress(release.id, by="step")[-1]
    assert (last.key, last.label, last.total) == (None, "custom steps", 1)


def test_a_draft_has_no_percentage(wb: Workbook, build: Any) -> None:
    release = build.release()
    build.template(release)
    progress = wb.progress(release.id)
    assert (progress.total, progress.held, progress.percentage) == (0, 0, None)
    assert [wb.progress(release.id, by=by) for by in ("cluster", "customer", "step", "category")] == [[], [], [], []]


@pytest.mark.parametrize("by", ["status", "", "Cluster", 1, ["cluster"]])
def test_an_unknown_group_is_refused_and_the_known_ones_are_named(
    wb: Workbook, release: Any, refused: Any, by: Any
) -> None:
    with refused(InvalidValue, "by", "must be None or one of cluster, customer, step, category"):
        wb.progress(release.id, by=by)


def test_an_unknown_release_is_named(wb: Workbook, refused: Any) -> None:
    for by in (None, "cluster"):
        with refused(NotFound, "release_id 99: there is no such release"):
            wb.progress(99, by=by)
