"""Edits of clusters, customers and releases: every field, what they change in open texts, and what they may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound
from relorch.model.placeholders import render
from relorch.model.values import Customer, CustomerStep, Release
from relorch.store import steps as stored_steps
from relorch.workbook import retexting

ALL_NAMES = (
    "${{ customer.name | sh }} ${{ namespace }} ${{ cluster.name }} ${{ cluster.kubeconfig_path | path }} "
    "${{ release.name }} ${{ release.version }} ${{ vars.of_customer }} ${{ vars.of_cluster }} ${{ vars.of_release }}"
)

# what is edited, the field, its new value, and whether an open text that names everything shows another one
EDITS: list[tuple[str, str, Any, bool]] = [
    ("clusters", "name", "eu-2", True),
    ("clusters", "kubeconfig_path", "~/.kube/other", True),
    ("clusters", "metadata", {"of_cluster": "other"}, True),
    ("clusters", "metadata", {"of_cluster": "in-eu", "unused": "x"}, False),
    ("clusters", "description", "moved", False),
    ("customers", "name", "Acme & Sons", True),
    ("customers", "namespace", "acme-2", True),
    ("customers", "metadata", {"of_customer": "other"}, True),
    ("customers", "metadata", {"of_customer": "mine", "of_cluster": "ours"}, True),
    ("customers", "metadata", {"of_customer": "mine", "unused": "x"}, False),
    ("customers", "description", "moved", False),
    ("releases", "name", "2026.12", True),
    ("releases", "version_number", "4.2.1", True),
    ("releases", "metadata", {"of_release": "other"}, True),
    ("releases", "metadata", {"of_release": "all", "of_customer": "hidden by the customer's own"}, False),
    ("releases", "type", "hotfix", False),
    ("releases", "release_date", datetime(2026, 11, 19, tzinfo=UTC), False),
    ("releases", "description", "moved", False),
]


class Scene:
    """One customer on one cluster in one active release, with a step of each kind of progress."""

    def __init__(self, wb: Workbook, build: Any) -> None:
        self.wb = wb
        self.release: Release = build.release(
            name="2026.11", version_number="4.2.0", metadata={"of_release": "all", "of_cluster": "hidden"}
        )
        for name in ("pending", "failed", "begun", "done", "skipped"):
            build.template(self.release, name=name, content=ALL_NAMES)
        build.template(self.release, name="plain", content="true")
        self.cluster = build.cluster(name="eu-1", kubeconfig_path="~/.kube/eu", metadata={"of_cluster": "in-eu"})
        self.customer: Customer = build.customer(
            self.cluster, namespace="acme", name="Acme", metadata={"of_customer": "mine"}
        )
        elsewhere = build.customer(namespace="bolt", name="Bolt", metadata={"of_customer": "b", "of_cluster": "c"})
        self.ids = {"clusters": self.cluster.id, "customers": self.customer.id, "releases": self.release.id}
        wb.releases.activate(self.release.id, customer_ids=[self.customer.id, elsewhere.id])
        _, failed, begun, done, skipped, _ = self.steps()
        wb.steps.fail(failed.id, reason="disk full")
        wb.steps.start(begun.id)
        wb.steps.mark_done(done.id)
        wb.steps.skip(skipped.id, reason="not needed")

    def steps(self) -> list[CustomerStep]:
        return self.wb.steps.list(self.release.id, self.customer.id)

    def texts(self) -> dict[int, str | None]:
        """What every open step of every customer renders to."""
        members = self.wb.releases.members(self.release.id)
        found = [step for each in members for step in self.wb.steps.list(self.release.id, each.customer_id)]
        return {step.id: self.wb.steps.render(step.id).text for step in found if step.status not in ("done", "skipped")}


@pytest.fixture
def scene(wb: Workbook, build: Any) -> Scene:
    return Scene(wb, build)


@pytest.mark.parametrize(("noun", "field", "value", "retexts"), EDITS)
def test_the_preview_of_an_edit_is_its_effect_and_only_a_change_of_texts_is_confirmed(
    wb: Workbook, scene: Scene, refused: Any, noun: str, field: str, value: Any, retexts: bool
) -> None:
    verbs, row_id = getattr(wb, noun), scene.ids[noun]
    texts = scene.texts()
    preview = verbs.preview_update(row_id, **{field: value})
    if retexts:
        counts = f"changes the text of {preview.pending} open and {preview.in_progress} in-progress steps"
        with refused(NotAllowed, counts, "confirm=True"):
            verbs.update(row_id, **{field: value})
    before = verbs.get(row_id)
    after = verbs.update(row_id, **{field: value}, confirm=retexts)
    changed = {step_id for step_id, text in scene.texts().items() if text != texts[step_id]}
    begun = {step_id for step_id in changed if wb.steps.get(step_id).status == "in_progress"}
    assert (preview.pending, preview.in_progress) == (len(changed - begun), len(begun))
    assert (preview.total > 0) is retexts
    assert after == verbs.get(row_id)
    assert after.model_dump(exclude={"updated_at"}) == before.model_dump(exclude={"updated_at"}) | {
        field: value,
        "row_version": before.row_version + 1,
    }


def test_counts_are_of_the_steps_that_change_and_of_no_others(wb: Workbook, scene: Scene) -> None:
    mine = wb.customers.preview_update(scene.customer.id, namespace="acme-2")
    assert (mine.pending, mine.in_progress) == (2, 1)
    everybodys = wb.releases.preview_update(scene.release.id, version_number="4.2.1")
    assert (everybodys.pending, everybodys.in_progress) == (7, 1)


@pytest.mark.parametrize(("state", "counted"), [("hold", 3), ("remove", 0)])
def test_held_customers_are_counted_and_removed_ones_are_not(
    wb: Workbook, scene: Scene, state: str, counted: int
) -> None:
    getattr(wb.releases, state)(scene.release.id, [scene.customer.id], "change freeze")
    assert wb.customers.preview_update(scene.customer.id, namespace="acme-2").total == counted


def test_an_archived_release_asks_for_no_confirmation(wb: Workbook, scene: Scene) -> None:
    wb.releases.archive(scene.release.id)
    assert wb.customers.preview_update(scene.customer.id, namespace="acme-2").total == 0
    assert wb.customers.update(scene.customer.id, namespace="acme-2").namespace == "acme-2"


def test_a_text_that_stops_rendering_is_a_change(wb: Workbook, scene: Scene, refused: Any) -> None:
    assert wb.clusters.preview_update(scene.cluster.id, metadata={}).total == 3
    assert wb.customers.preview_update(scene.customer.id, metadata={}).total == 3
    with refused(NotAllowed, "2 open and 1 in-progress"):
        wb.customers.update(scene.customer.id, metadata={})


def test_what_is_frozen_stays_through_a_confirmed_edit(wb: Workbook, scene: Scene) -> None:
    frozen = {step.id: step.executed_content for step in scene.steps() if step.executed_content}
    wb.customers.update(scene.customer.id, namespace="acme-2", confirm=True)
    assert {step.id: step.executed_content for step in scene.steps() if step.executed_content} == frozen
    assert len(frozen) >= 3


@pytest.mark.parametrize("noun", ["clusters", "customers", "releases"])
def test_an_edit_that_changes_nothing_stores_nothing(wb: Workbook, scene: Scene, stored: Any, noun: str) -> None:
    verbs, row_id = getattr(wb, noun), scene.ids[noun]
    now = verbs.get(row_id)
    before = stored()
    assert verbs.update(row_id) == now
    assert verbs.update(row_id, name=f" {now.name} ", metadata=dict(now.metadata)) == now
    assert stored() == before


@pytest.mark.parametrize("noun", ["clusters", "customers", "releases"])
def test_an_edit_is_recorded_with_what_it_was_and_what_it_became(wb: Workbook, scene: Scene, noun: str) -> None:
    row_id = scene.ids[noun]
    old = getattr(wb, noun).get(row_id)
    getattr(wb.acting_as("ben"), noun).update(row_id, name="renamed", description="why", confirm=True)
    event = wb.history()[-1]
    assert (event.action, event.operator) == (f"{noun[:-1]}.update", "ben")
    assert event.before is not None
    assert event.after is not None
    assert {name: event.before[name] for name in ("name", "description")} == {"name": old.name, "description": None}
    assert {name: event.after[name] for name in ("name", "description")} == {"name": "renamed", "description": "why"}


@pytest.mark.parametrize("verb", ["update", "preview_update"])
@pytest.mark.parametrize(
    ("noun", "field", "value", "why"),
    [
        ("clusters", "name", " ", "must not be blank"),
        ("clusters", "kubeconfig_path", "a\x00", "U+0000"),
        ("clusters", "metadata", {"a b": "x"}, "a key must begin with"),
        ("clusters", "is_active", False, "a cluster has no such field to change"),
        ("clusters", "id", 7, "a cluster has no such field to change"),
        ("customers", "namespace", "Acme", "RFC 1123"),
        ("customers", "name", "a\ud800", "U+D800"),
        ("customers", "metadata", [], "must be a map"),
        ("customers", "cluster_id", "1", "must be a whole number from 1"),
        ("customers", "is_active", False, "a customer has no such field to change"),
        ("releases", "status", "active", "a release has no such field to change"),
        ("releases", "archived_from", "draft", "a release has no such field to change"),
        ("releases", "name", "2026", "must not be digits only"),
        ("releases", "type", "major", "must be one of onboarding, release, hotfix"),
        ("releases", "release_date", "2026-11-19", "must be a time that knows its zone"),
        ("releases", "version_number", "x" * 101, "is longer than 100 characters"),
    ],
)
def test_a_bad_edit_is_refused_by_its_field(
    wb: Workbook, scene: Scene, refused: Any, verb: str, noun: str, field: str, value: object, why: str
) -> None:
    with refused(InvalidValue, field, why):
        getattr(getattr(wb, noun), verb)(scene.ids[noun], **{field: value})


@pytest.mark.parametrize("verb", ["update", "preview_update"])
@pytest.mark.parametrize("noun", ["cluster", "customer", "release"])
def test_what_is_unknown_is_named(wb: Workbook, refused: Any, noun: str, verb: str) -> None:
    with refused(NotFound, f"{noun}_id 99: there is no such {noun}"):
        getattr(getattr(wb, f"{noun}s"), verb)(99, name="x")


@pytest.mark.parametrize("verb", ["update", "preview_update"])
def test_a_name_is_not_taken_from_another_by_an_edit(wb: Workbook, build: Any, refused: Any, verb: str) -> None:
    eu, us = build.cluster(name="eu-1"), build.cluster(name="us-1")
    first, second = build.release(name="2026.10"), build.release(name="2026.11")
    with refused(AlreadyTaken, "name 'eu-1'", "another active cluster has this name"):
        getattr(wb.clusters, verb)(us.id, name="eu-1")
    with refused(AlreadyTaken, "name '2026.10'", "another release has this name"):
        getattr(wb.releases, verb)(second.id, name="2026.10")
    acme, bolt = build.customer(eu, namespace="acme", name="Acme"), build.customer(eu, namespace="bolt")
    with refused(AlreadyTaken, "namespace 'acme'", "customer 'Acme'", "on cluster 'eu-1'"):
        getattr(wb.customers, verb)(bolt.id, namespace="acme")
    abroad = build.customer(us, namespace="acme")
    with refused(AlreadyTaken, "namespace 'acme'", "on cluster 'eu-1'"):
        getattr(wb.customers, verb)(abroad.id, cluster_id=eu.id)
    assert (first.name, acme.namespace) == ("2026.10", "acme")


def test_names_are_unique_among_the_active_only_and_checked_again_on_return(
    wb: Workbook, build: Any, refused: Any
) -> None:
    old, new = build.cluster(name="eu-1"), build.cluster(name="eu-2")
    gone, stays = build.customer(new, namespace="acme"), build.customer(new, namespace="bolt")
    wb.clusters.deactivate(old.id)
    wb.customers.deactivate(gone.id)
    assert wb.clusters.update(new.id, name="eu-1").name == "eu-1"
    assert wb.customers.update(stays.id, namespace="acme").namespace == "acme"
    assert wb.clusters.update(old.id, description="kept", name="eu-1").name == "eu-1"
    assert wb.customers.update(gone.id, description="kept", namespace="acme").namespace == "acme"
    with refused(AlreadyTaken, "name 'eu-1'"):
        wb.clusters.reactivate(old.id)
    with refused(AlreadyTaken, "namespace 'acme'"):
        wb.customers.reactivate(gone.id)


@pytest.mark.parametrize("verb", ["update", "preview_update"])
def test_a_customer_with_open_work_does_not_move(wb: Workbook, build: Any, refused: Any, verb: str) -> None:
    release = build.active(customers=1, steps=2)
    here, there = wb.clusters.list()[0], build.cluster(name="us-1")
    first, second = build.steps_of(release)
    customer = wb.customers.get(first.customer_id)
    move: Callable[[], Any] = lambda: getattr(wb.customers, verb)(customer.id, cluster_id=there.id)  # noqa: E731
    wb.steps.mark_done(first.id)
    for status in ("pending", "in_progress", "failed", "reverted"):
        assert wb.steps.get(second.id).status == status
        with refused(NotAllowed, f"'{customer.name}' has open work in '{release.name}'", "finish it before moving"):
            move()
        onwards: dict[str, Callable[[], Any]] = {
            "pending": lambda: wb.steps.start(second.id),
            "in_progress": lambda: wb.steps.fail(second.id, reason="x"),
            "failed": lambda: wb.steps.revert(second.id),
            "reverted": lambda: wb.steps.mark_done(second.id),
        }
        onwards[status]()
    move()
    assert wb.customers.get(customer.id).cluster_id == (there.id if verb == "update" else here.id)


def test_nobody_moves_onto_an_inactive_or_unknown_cluster(wb: Workbook, build: Any, refused: Any) -> None:
    customer, closed = build.customer(), build.cluster(name="us-1")
    wb.clusters.deactivate(closed.id)
    with refused(NotAllowed, f"cluster_id {closed.id}: cluster 'us-1' is inactive"):
        wb.customers.update(customer.id, cluster_id=closed.id)
    with refused(NotFound, "cluster_id 99: there is no such cluster"):
        wb.customers.update(customer.id, cluster_id=99)


def test_an_archived_release_is_not_edited(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.release(name="2026.11")
    wb.releases.archive(release.id)
    for verb in (wb.releases.update, wb.releases.preview_update):
        with refused(NotAllowed, "'2026.11' is archived and can only be read"):
            verb(release.id, description="x")


def test_a_customer_does_not_move_from_under_what_was_started_for_it(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(content="kubectl --context ${{ cluster.name }}")
    (step,) = build.steps_of(release)
    wb.steps.start(step.id)
    wb.releases.remove(release.id, [step.customer_id], reason="left")
    other = build.cluster()
    with refused(NotAllowed, f"has a step in progress in '{release.name}'", "finish the step before moving it"):
        wb.customers.update(step.customer_id, cluster_id=other.id)


TEXTS = {
    "text": [
        "${{ release.version | raw }}",
        "$${{ release.version }} ${{ vars.tag }}",
        "${{ release.version",
        "${{ vars.tag }} of ${{ vars.db }}",
    ],
    "bash": ["v=${{vars.tag|sh}} ${{ namespace }}", "${{ vars.db | raw }} '${{ release.name }}'", ALL_NAMES],
    "sql": ["SELECT ${{ vars.tag | sql }}, '${{ cluster.name }}'", "${{ vars.tag | ident }} ${{ no.such }}"],
}
TEXT_EDITS: dict[str, list[tuple[str, str, Any]]] = {
    "clusters": [
        ("name", "cluster_name", "b c"),
        ("kubeconfig_path", "kubeconfig_path", None),
        ("metadata", "cluster_metadata", {"tag": "of the cluster"}),
    ],
    "customers": [
        ("name", "customer_name", "O'Neill"),
        ("namespace", "namespace", "other"),
        ("metadata", "customer_metadata", {"db": "x; rm"}),
    ],
    "releases": [
        ("name", "release_name", "-rf"),
        ("version_number", "release_version", None),
        ("metadata", "release_metadata", {"tag": "new"}),
        ("metadata", "release_metadata", {f"key_{number}": "x" for number in range(30)}),
    ],
}


def test_an_edit_changes_what_rendering_every_open_step_twice_would_find(wb: Workbook, build: Any) -> None:
    release = build.release(version_number="4.2.0", metadata={"tag": "old"})
    for kind, contents in TEXTS.items():
        for content in contents:
            build.template(release, type=kind, content=content)
    clusters = [build.cluster(metadata=said) for said in ({}, {"tag": "of the cluster"}, {"db": "db1"})]
    customers = [build.customer(cluster, metadata=said) for cluster in clusters for said in ({}, {"db": "db2"})]
    wb.releases.activate(release.id, customer_ids=[each.id for each in customers])
    wb.steps.start([step.id for step in build.steps_of(release)[:: len(wb.templates.list(release.id))]])
    counted = set()
    for noun, edits in TEXT_EDITS.items():
        verbs = getattr(wb, noun)
        for row_id, (field, column, value) in product([each.id for each in verbs.list()], edits):
            with wb._core.look() as connection:
                found = stored_steps.open_with_context(connection, **{f"{noun[:-1]}_id": row_id})
            every = retexting.text_change(found, lambda row, column=column, value=value: row | {column: value})
            assert verbs.preview_update(row_id, **{field: value}) == every, (noun, row_id, field)
            counted.add(every)
    assert len(counted) > 5


def test_an_edit_renders_only_the_texts_that_name_what_changes_and_each_once(
    wb: Workbook, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = build.release(version_number="4.2.0", metadata={"tag": "old"})
    contents = ("${{ namespace }}", "$${{ release.version }}", "release.name ${{namespace}}", "true")
    for content in (*contents, "${{ release.version|raw }}", "echo ${{vars.tag}}", "echo ${{vars.tags}}"):
        build.template(release, type="text", content=content)
    cluster = build.cluster()
    wb.releases.activate(release.id, customer_ids=[build.customer(cluster).id for _ in range(5)])
    rendered = []

    def counted(content: str, *rest: Any) -> Any:
        rendered.append(content)
        return render(content, *rest)

    monkeypatch.setattr(retexting, "render", counted)
    unused: list[dict[str, Any]] = [
        {"name": "another"},
        {"metadata": {"tag": "old", "other": "x"}},
        {"description": "x"},
        {"version_number": "4.2.0"},
    ]
    for edit in unused:
        assert wb.releases.preview_update(release.id, **edit).total == 0
    assert wb.clusters.preview_update(cluster.id, kubeconfig_path="/other").total == 0
    assert rendered == []
    assert wb.releases.preview_update(release.id, version_number="4.2.1").total == 5
    assert rendered == ["${{ release.version|raw }}"] * 2
    rendered.clear()
    assert wb.releases.preview_update(release.id, metadata={"tag": "new"}).total == 5
    assert rendered == ["echo ${{vars.tag}}"] * 2
    rendered.clear()
    assert wb.releases.update(release.id, version_number="4.2.1", confirm=True).version_number == "4.2.1"
    assert rendered == []  # what is confirmed is not counted again while everybody else waits


def test_texts_are_read_once_and_only_those_that_hold_a_word(wb: Workbook, build: Any) -> None:
    release = build.active(customers=3, steps=2, content="${{ namespace }} ${{ vars.aXb }}")
    with wb._core.look() as connection:
        assert stored_steps.open_texts(connection, ["release.version", "vars.a_b"], release_id=release.id) == {}
        (found,) = stored_steps.open_texts(connection, ["vars.aXb"], release_id=release.id).values()
    assert len(found) == 6
