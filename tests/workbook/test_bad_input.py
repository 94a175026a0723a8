"""Each kind of bad input ends in an error of its own, names what is wrong, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, IllegalTransition, InvalidValue, NotAllowed, NotFound, RelorchError

MEGABYTE = "x" * 1_000_000
HOSTILE = ["a\x00b", "a\x07b", "a\x1b[31mb", "a\x7fb", "a\x85b", "a\ud800b", "\udfffab"]


@pytest.fixture
def place(wb: Workbook, build: Any) -> dict[str, Any]:
    """An active release with a step of every sort, a draft, an archived release, and a cluster with a customer."""
    cluster = build.cluster()
    customers = [build.customer(cluster).id for _ in range(4)]
    release = build.release()
    templates = [build.template(release), build.template(release, required=True), build.template(release)]
    wb.releases.activate(release.id, customer_ids=customers)
    plain, required, done = wb.steps.list(release.id, customers[0])
    wb.steps.mark_done(done.id)
    custom = wb.steps.add_custom(
        release.id, customers[0], name="own", category="deploy", type="text", content="x", after_id=plain.id
    )
    wb.releases.hold(release.id, [customers[1]], "change freeze")
    wb.releases.remove(release.id, [customers[2]], "left us")
    draft, archived = build.release(), build.active(customers=1)
    foreign = wb.templates.list(archived.id)[0].id
    wb.releases.archive(archived.id)
    return {
        "release": release.id,
        "templates": [template.id for template in templates],
        "foreign": foreign,
        "draft": draft.id,
        "archived": archived.id,
        "customer": customers[3],
        "stranger": build.customer(cluster).id,
        "cluster": cluster.id,
        "plain": plain.id,
        "required": required.id,
        "done": done.id,
        "custom": custom.id,
        "held": wb.steps.list(release.id, customers[1])[0].id,
        "removed": wb.steps.list(release.id, customers[2])[0].id,
    }


Act = Callable[[Workbook, dict[str, Any]], Any]

CASES: dict[str, tuple[Act, type[RelorchError], str]] = {
    "reorder with an id of another release": (
        lambda wb, at: wb.templates.reorder(at["release"], "deploy", [*at["templates"][:2], at["foreign"]]),
        InvalidValue,
        "not live templates of this release and category",
    ),
    "reorder with a duplicate": (
        lambda wb, at: wb.templates.reorder(at["release"], "deploy", [*at["templates"], at["templates"][0]]),
        InvalidValue,
        "named twice",
    ),
    "reorder with one missing": (
        lambda wb, at: wb.templates.reorder(at["release"], "deploy", at["templates"][:2]),
        InvalidValue,
        "missing",
    ),
    "skip with a blank reason": (
        lambda wb, at: wb.steps.skip(at["plain"], reason=" \n\t"),
        InvalidValue,
        "must say why",
    ),
    "skip of a required step": (
        lambda wb, at: wb.steps.skip(at["required"], reason="no time"),
        NotAllowed,
        "is required and cannot be skipped",
    ),
    "skip of a done step": (
        lambda wb, at: wb.steps.skip(at["done"], reason="no time"),
        IllegalTransition,
        "is done: it cannot be changed by 'skip'",
    ),
    "override of a done step": (
        lambda wb, at: wb.steps.override(at["done"], "x"),
        NotAllowed,
        "reopen it first",
    ),
    "reset of a custom step": (lambda wb, at: wb.steps.reset(at["custom"]), NotAllowed, "it is a custom step"),
    "customers added to a draft": (
        lambda wb, at: wb.releases.add_customers(at["draft"], [at["stranger"]]),
        NotAllowed,
        "is draft; only a release that is active",
    ),
    "customers added to an archived release": (
        lambda wb, at: wb.releases.add_customers(at["archived"], [at["stranger"]]),
        NotAllowed,
        "is archived; only a release that is active",
    ),
    "a template added to an archived release": (
        lambda wb, at: wb.templates.add(at["archived"], name="x", category="deploy", type="text", content="x"),
        NotAllowed,
        "is archived and can only be read",
    ),
    "a custom step added to a draft": (
        lambda wb, at: wb.steps.add_custom(
            at["draft"], at["customer"], name="x", category="deploy", type="text", content="x"
        ),
        NotAllowed,
        "is draft; only an active one takes custom steps",
    ),
    "undo of an unknown batch": (lambda wb, at: wb.undo(9_999), NotFound, "batch_id 9999"),
    "undo of an activation": (
        lambda wb, at: wb.undo(next(e.batch_id for e in wb.history() if e.action == "release.activate")),
        NotAllowed,
        "cannot be undone",
    ),
    "a verb on a held member": (lambda wb, at: wb.steps.start(at["held"]), NotAllowed, "is held in this release"),
    "a verb on a removed member": (
        lambda wb, at: wb.steps.start(at["removed"]),
        NotAllowed,
        "is removed in this release",
    ),
    "a template of 1 MB": (
        lambda wb, at: wb.templates.update(at["templates"][0], content=MEGABYTE),
        InvalidValue,
        "is longer than",
    ),
    "an override of 1 MB": (lambda wb, at: wb.steps.override(at["plain"], MEGABYTE), InvalidValue, "is longer than"),
    "an override of 65 KB that is few characters": (
        lambda wb, at: wb.steps.override(at["plain"], "ä" * 33_000),
        InvalidValue,
        "is longer than 64 KB",
    ),
    "a custom step of 1 MB": (
        lambda wb, at: wb.steps.update(at["custom"], content=MEGABYTE),
        InvalidValue,
        "is longer than",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_ends_in_its_own_error_with_nothing_changed(
    wb: Workbook, place: dict[str, Any], refused: Any, case: str
) -> None:
    act, kind, words = CASES[case]
    with refused(kind, words):
        act(wb, place)


def test_a_batch_that_is_undone_or_overtaken_is_not_undone(wb: Workbook, place: dict[str, Any], refused: Any) -> None:
    undone = wb.steps.start(place["plain"]).batch_id
    wb.undo(undone)
    with refused(NotAllowed, f"Batch {undone} was undone already by ana"):
        wb.undo(undone)
    overtaken = wb.steps.start(place["plain"]).batch_id
    wb.acting_as("ben").steps.mark_done(place["plain"])
    with refused(Conflict, f"Step {place['plain']} '", "cannot be put back"):
        wb.undo(overtaken)


TEXTS: dict[str, Callable[[Workbook, dict[str, Any], str], Any]] = {
    "cluster name": lambda wb, at, text: wb.clusters.update(at["cluster"], name=text),
    "kubeconfig path": lambda wb, at, text: wb.clusters.update(at["cluster"], kubeconfig_path=text),
    "cluster description": lambda wb, at, text: wb.clusters.update(at["cluster"], description=text),
    "customer name": lambda wb, at, text: wb.customers.update(at["customer"], name=text),
    "namespace": lambda wb, at, text: wb.customers.update(at["customer"], namespace=text),
    "metadata value": lambda wb, at, text: wb.customers.update(at["customer"], metadata={"key": text}),
    "metadata key": lambda wb, at, text: wb.customers.update(at["customer"], metadata={text: "x"}),
    "release name": lambda wb, at, text: wb.releases.update(at["release"], name=text),
    "version": lambda wb, at, text: wb.releases.update(at["release"], version_number=text),
    "name of a clone": lambda wb, at, text: wb.releases.clone(at["release"], name=text),
    "reason of a hold": lambda wb, at, text: wb.releases.hold(at["release"], [at["customer"]], text),
    "reason of a removal": lambda wb, at, text: wb.releases.remove(at["release"], [at["customer"]], text),
    "template name": lambda wb, at, text: wb.templates.update(at["templates"][0], name=text),
    "template content": lambda wb, at, text: wb.templates.update(at["templates"][0], content=text),
    "template description": lambda wb, at, text: wb.templates.update(at["templates"][0], description=text),
    "override": lambda wb, at, text: wb.steps.override(at["plain"], text),
    "custom name": lambda wb, at, text: wb.steps.update(at["custom"], name=text),
    "custom content": lambda wb, at, text: wb.steps.update(at["custom"], content=text),
    "notes": lambda wb, at, text: wb.steps.start(at["plain"], notes=text),
    "reason of a failure": lambda wb, at, text: wb.steps.fail(at["plain"], reason=text),
    "reason of a skip": lambda wb, at, text: wb.steps.skip(at["plain"], reason=text),
    "reason of a revert": lambda wb, at, text: wb.steps.revert(at["done"], reason=text),
    "reason of a reopening": lambda wb, at, text: wb.steps.reopen(at["done"], reason=text),
    "operator": lambda wb, at, text: wb.acting_as(text),
}


@pytest.mark.parametrize("field", TEXTS)
def test_control_characters_and_lone_surrogates_are_refused_in_any_text(
    wb: Workbook, place: dict[str, Any], refused: Any, field: str
) -> None:
    for text in HOSTILE:
        with refused(InvalidValue):
            TEXTS[field](wb, place, text)


@pytest.mark.parametrize("unseen", ["\u200b", "\u2800 \n", "\ufeff\t"])
def test_a_reason_that_nobody_can_see_is_none(wb: Workbook, build: Any, refused: Any, unseen: str) -> None:
    step = build.step()
    with refused(InvalidValue, "must say why"):
        wb.steps.skip(step.id, reason=unseen)
