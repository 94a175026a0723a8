"""A small release in which everything that a report tells of happened once, at fixed times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from relorch import Workbook, open_workbook

NIGHT = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)
SECRET = "hunter2-hunter2"
HOSTILE = "</style><script>alert(1)</script>{{ 7*7 }} & \"x\" 'y' \u202egnp.exe"


@dataclass
class Told:
    """The release, its members by name, and the workbook as it is in the end."""

    wb: Workbook
    release: int
    customers: dict[str, int]

    def step(self, customer: str, name: str) -> int:
        found = self.wb.steps.list(self.release, self.customers[customer])
        return next(step.id for step in found if step.name == name)


class _Clock:
    """One minute goes by from verb to verb."""

    def __init__(self) -> None:
        self.now = NIGHT

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story; whoever only reads it may share it."""
    path = tmp_path_factory.mktemp("told") / "workbook.db"
    with open_workbook(str(path), operator="ana", clock=_Clock()) as wb:
        yield play(wb)


def play(wb: Workbook) -> Told:
    eu = wb.clusters.create(name="eu-1", kubeconfig_path="~/.kube/eu-1")
    us = wb.clusters.create(name="us-1")
    names = {"Acme": eu, "Birch": eu, "Cedar": us, HOSTILE: us, "Gone": us}
    customers = {
        name: wb.customers.create(cluster_id=cluster.id, namespace=f"c{at}", name=name).id
        for at, (name, cluster) in enumerate(names.items(), 1)
    }
    release = wb.releases.create(
        name="2026.11", type="release", version_number="4.2.0", description="The one with\nthe invoices."
    )
    add = wb.templates.add
    add(release.id, name="Back up", category="deploy", type="bash", content="pg_dump -n ${{ namespace }}\necho done")
    add(release.id, name="Migrate", category="deploy", type="sql", content=f"ALTER USER app PASSWORD '{SECRET}';")
    add(release.id, name="Look", category="verify", type="text", content="Is \u202eit\u200b up? ${{ vars.url }}")
    wb.releases.activate(release.id, customer_ids=list(customers.values()))
    story = Told(wb, release.id, customers)
    _happen(story, wb.acting_as("ben"))
    return story


def _happen(story: Told, ben: Workbook) -> None:
    wb, step = story.wb, story.step
    wb.steps.start(step("Acme", "Back up"))
    wb.steps.mark_done(step("Acme", "Back up"), notes=f"typed {SECRET} by hand")
    wb.steps.mark_done([step(name, "Migrate") for name in ("Acme", "Birch", "Cedar")])
    ben.steps.fail(step("Birch", "Back up"), reason="disk <full>\nsecond line")
    ben.steps.mark_done(step("Birch", "Back up"))
    ben.steps.fail(step("Cedar", "Back up"), reason="no space left")
    wb.steps.skip([step(name, "Look") for name in ("Acme", "Birch")], reason="checked by phone")
    wb.steps.revert(step("Birch", "Migrate"), reason="wrong schema")
    wb.steps.override(step(HOSTILE, "Back up"), "pg_dump -n c4 --jobs 4\necho </pre>\u202edone\necho done")
    first = step(HOSTILE, "Back up")
    ben.steps.add_custom(
        story.release,
        story.customers[HOSTILE],
        name="Ring </td> them",
        category="deploy",
        type="text",
        content="Ring.",
        after_id=first,
    )
    ben.steps.skip(step("Cedar", "Look"), reason="by mistake")
    ben.undo()
    wb.releases.hold(story.release, [story.customers[HOSTILE]], reason="freeze \u2066until\u2069 Monday")
    wb.releases.remove(story.release, [story.customers["Gone"]], reason="contract ended")
