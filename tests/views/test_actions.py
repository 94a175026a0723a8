"""Every action that is recorded has its words: on the dashboard, in the history and in the report."""

from __future__ import annotations

from pathlib import Path

from relorch import Workbook, open_workbook
from relorch.model.actions import ACTION
from tests.conftest import Build
from tests.workbook.test_spec_database import Make, spec  # noqa: F401 a fixture


def recorded(wb: Workbook) -> set[str]:
    return {event.action for event in wb.history()}


def inventory(wb: Workbook, build: Build) -> None:
    cluster, customer = build.cluster(), build.customer()
    wb.clusters.update(cluster.id, name="eu-9")
    wb.clusters.deactivate(cluster.id)
    wb.clusters.reactivate(cluster.id)
    wb.customers.update(customer.id, name="Acme")
    wb.customers.deactivate(customer.id)
    wb.customers.reactivate(customer.id)


def drafts(wb: Workbook, build: Build) -> None:
    draft = build.release()
    first, second = build.template(draft), build.template(draft)
    wb.releases.update(draft.id, description="nightly")
    wb.templates.move(second.id, 0)
    wb.templates.reorder(draft.id, "deploy", [first.id, second.id])
    wb.templates.delete(first.id)
    wb.releases.delete(draft.id)


def memberships(wb: Workbook, build: Build) -> None:
    release, late = build.active(), build.customer().id
    wb.releases.add_customers(release.id, [late])
    wb.releases.hold(release.id, [late], reason="not now")
    wb.releases.resume(release.id, [late])
    wb.releases.remove(release.id, [late], reason="left")
    wb.releases.archive(release.id)
    wb.releases.reopen(release.id)


def steps(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.steps.override(step.id, "false")
    wb.steps.reset(step.id)
    wb.templates.update(step.template_id or 0, content="echo")
    wb.steps.start(step.id)
    wb.steps.fail(step.id, reason="it broke")
    wb.steps.revert(step.id)
    wb.steps.reopen(step.id)
    wb.steps.skip(step.id, reason="not here")
    wb.steps.reopen(step.id)
    wb.steps.mark_done(step.id)
    wb.undo()
    own = wb.steps.add_custom(
        step.release_id, step.customer_id, name="own", category="deploy", type="bash", content="true"
    )
    wb.steps.update(own.id, name="mine")
    wb.steps.delete(own.id)
    wb.templates.delete(step.template_id or 0)


def test_every_recorded_action_has_its_words(
    wb: Workbook,
    build: Build,
    spec: Make,  # noqa: F811 the fixture above
    tmp_path: Path,
) -> None:
    inventory(wb, build)
    drafts(wb, build)
    memberships(wb, build)
    steps(wb, build)
    with open_workbook(str(tmp_path / "taken-over.db"), operator="ben") as other:
        other.imports.spec_database(spec(customer_steps=[{"status": "done", "executed_by": "ben", "executed_at": 1}]))
        imported = recorded(other)
    assert "step.import" in imported
    assert sorted(recorded(wb) | imported) == sorted(ACTION)
