"""What an editor of templates asks: a text rendered, the placeholders there are, hints, and how steps stand."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, InvalidValue, NotFound
from relorch.model.placeholders import Offered
from relorch.model.values import Release


@pytest.fixture
def draft(build: Any) -> Release:
    return build.release(name="2026.11", version_number="4.2", metadata={"image": "app:4.2"})


def test_a_text_that_is_not_stored_renders_for_any_customer(wb: Workbook, build: Any, draft: Release) -> None:
    customer = build.customer(build.cluster(name="eu-1"), namespace="acme-prod", metadata={"db": "db1"})
    content = "kubectl -n ${{ namespace }} set image ${{ vars.image }} # ${{ cluster.name }} ${{ vars.db }}\r\n"
    rendering = wb.templates.preview_render(draft.id, customer.id, type="bash", content=content)
    assert rendering.text == "kubectl -n acme-prod set image app:4.2 # eu-1 db1"
    (problem,) = wb.templates.preview_render(draft.id, customer.id, type="text", content="${{ vars.x }}").problems
    assert "has metadata 'x'" in problem.why


def test_it_is_what_the_step_then_renders_to(wb: Workbook, build: Any) -> None:
    content = "psql -h ${{ vars.host | sh }} -c ${{ customer.name | sh }}"
    release = build.release()
    customer = build.customer(metadata={"host": "db 1"})
    preview = wb.templates.preview_render(release.id, customer.id, type="bash", content=content)
    build.template(release, content=content)
    wb.releases.activate(release.id, customer_ids=[customer.id])
    assert wb.steps.render(wb.steps.list(release.id, customer.id)[0].id) == preview


@pytest.mark.parametrize("content", [" ", "x" * 70_000, "'${{ customer.name | sh }}'"])
def test_what_could_not_be_stored_is_refused_as_on_save(
    wb: Workbook, build: Any, draft: Release, refused: Any, content: str
) -> None:
    customer = build.customer()
    with refused(InvalidValue, "content"):
        wb.templates.preview_render(draft.id, customer.id, type="bash", content=content)
    with refused(NotFound, "release_id 4711"):
        wb.templates.preview_render(4711, customer.id, type="bash", content="x")
    with refused(NotFound, "customer_id 4711"):
        wb.templates.preview_render(draft.id, 4711, type="bash", content="x")


def test_every_placeholder_is_offered_with_an_example(wb: Workbook, build: Any, draft: Release, refused: Any) -> None:
    cluster = build.cluster(name="eu-1", kubeconfig_path=None, metadata={"registry": "r.example"})
    build.customer(cluster, name="Acme", namespace="acme", metadata={"db": "db1"})
    build.customer(cluster, name="Bolt", namespace="bolt")
    wb.customers.deactivate(build.customer(cluster, metadata={"old": "x"}).id)
    assert wb.templates.placeholders(draft.id) == [
        Offered("customer.name", "Acme", 0),
        Offered("namespace", "acme", 0),
        Offered("cluster.name", "eu-1", 0),
        Offered("cluster.kubeconfig_path", None, 2),
        Offered("release.name", "2026.11", 0),
        Offered("release.version", "4.2", 0),
        Offered("vars.db", "db1", 1),
        Offered("vars.image", "app:4.2", 0),
        Offered("vars.registry", "r.example", 0),
    ]
    with refused(NotFound, "release_id 4711"):
        wb.templates.placeholders(4711)


def test_in_an_active_release_only_its_members_count(wb: Workbook, build: Any) -> None:
    release = build.active(customers=1)
    build.customer(metadata={"db": "db1"})
    offered = {each.name: each for each in wb.templates.placeholders(release.id)}
    assert offered["vars.db"] == Offered("vars.db", None, 1)


def test_on_an_empty_workbook_the_names_are_offered(wb: Workbook, draft: Release) -> None:
    assert [each.example for each in wb.templates.placeholders(draft.id)] == [None] * 7


def codes(wb: Workbook, release: Release, template_id: int | None = None, **fields: Any) -> list[str]:
    return [hint.code for hint in wb.templates.lint(release.id, template_id, **fields)]


def test_a_draft_of_a_template_gets_hints(wb: Workbook, build: Any, draft: Release) -> None:
    build.customer(metadata={"db": "db1"})
    build.template(draft, name="Migrate", category="deploy")
    fine = "psql -h ${{ vars.db }} -c ${{ vars.image | sh }} ${{ namespace }} $${{ x }} ${VAR} {{ .x }}"
    assert codes(wb, draft, name="Other", category="deploy", type="bash", content=fine) == []
    assert codes(wb, draft, name=" migrate ", category="deploy", content="x") == ["duplicate name"]
    assert codes(wb, draft, name="Migrate", category="verify", content="x") == []
    assert codes(wb, draft, content=" \n") == ["blank content"]
    assert codes(wb, draft, name="x") == ["blank content"]
    assert codes(wb, draft, content="${{ vars.bd }} ${{ vars.bd }}") == ["missing key"]
    assert codes(wb, draft, content="${{ customer.nam }}") == ["unknown placeholder"]
    assert codes(wb, draft, content="${{ namespace") == ["malformed placeholder"]
    assert codes(wb, draft, type="bash", content="${{ namespace | sql }}") == ["malformed placeholder"]
    assert codes(wb, draft, type="bash", content="'${{ namespace | sh }}'") == ["malformed placeholder"]
    assert codes(wb, draft, type="bash", content="PGPASSWORD=hunter2 psql") == ["secret"]
    assert codes(wb, draft, type="nonsense", category="?", content="x" * 70_000) == []


def test_a_hint_never_repeats_a_secret(wb: Workbook, draft: Release) -> None:
    (hint,) = wb.templates.lint(draft.id, content="echo\nPGPASSWORD=hunter2 psql")
    assert "Line 2 " in hint.message
    assert "hunter2" not in hint.message


def test_a_template_is_not_its_own_double(wb: Workbook, build: Any, draft: Release) -> None:
    one, other = build.template(draft, name="Migrate"), build.template(draft, name="Other")
    assert codes(wb, draft, one.id) == []
    assert codes(wb, draft, other.id, name="Migrate") == ["duplicate name"]
    assert [hint.template_id for hint in wb.templates.lint(draft.id, other.id, content="")] == [other.id]


def test_a_whole_release_gets_hints(wb: Workbook, build: Any, draft: Release) -> None:
    one = build.template(draft, name="Migrate", content="${{ vars.nowhere }}")
    found = [(hint.code, hint.template_id) for hint in wb.templates.lint(draft.id)]
    assert found == [("missing key", one.id), ("no verify step", None)]
    build.template(draft, category="verify", name="Migrate")
    assert codes(wb, draft) == ["missing key"]
    build.template(draft, name="migrate")
    assert codes(wb, draft) == ["duplicate name", "missing key", "duplicate name"]


def test_hints_about_what_is_not_there_are_refused(wb: Workbook, build: Any, draft: Release, refused: Any) -> None:
    strange = build.step()
    with refused(InvalidValue, "has no such field"):
        wb.templates.lint(draft.id, colour="red")
    with refused(InvalidValue, "is not a template of this release"):
        wb.templates.lint(draft.id, strange.template_id)
    with refused(NotFound, "template_id 4711"):
        wb.templates.lint(draft.id, 4711)
    with refused(NotFound, "release_id 4711"):
        wb.templates.lint(4711)


def test_how_the_steps_of_each_template_stand(wb: Workbook, build: Any, refused: Any) -> None:
    release = build.active(customers=4, steps=2)
    one, other = wb.templates.list(release.id)
    first, second, third, gone = wb.steps.across(one.id)
    wb.steps.mark_done(first.id)
    wb.steps.override(second.id, "own")
    wb.steps.override(third.id, "own")
    wb.steps.skip(third.id, reason="x")
    wb.releases.remove(release.id, [gone.customer_id], "left")
    found = wb.templates.standing(release.id)
    assert [(each.pending, each.overridden, each.executed) for each in found.values()] == [(0, 1, 2), (3, 0, 0)]
    assert list(found) == [one.id, other.id]
    draft = build.release()
    template = build.template(draft)
    standing = wb.templates.standing(draft.id)[template.id]
    assert (standing.pending, standing.overridden, standing.executed) == (0, 0, 0)
    with refused(NotFound, "release_id 4711"):
        wb.templates.standing(4711)


def test_an_edit_of_what_has_changed_is_a_conflict(wb: Workbook, build: Any, refused: Any) -> None:
    cluster = build.cluster(name="eu-1")
    customer = build.customer(cluster, name="Acme")
    release = build.release(name="2026.11")
    template = build.template(release, name="Migrate")
    ben = wb.acting_as("ben")
    ben.clusters.update(cluster.id, description="x")
    ben.customers.update(customer.id, description="x")
    ben.releases.update(release.id, description="x")
    ben.templates.update(template.id, description="x")
    stale = [
        ("Cluster 'eu-1'", lambda: wb.clusters.update(cluster.id, description="y", expected_version=1)),
        ("Customer 'Acme'", lambda: wb.customers.update(customer.id, description="y", expected_version=1)),
        ("Release '2026.11'", lambda: wb.releases.update(release.id, description="y", expected_version=1)),
        ("Template 'Migrate'", lambda: wb.templates.update(template.id, description="y", expected_version=1)),
        ("Template 'Migrate'", lambda: wb.templates.delete(template.id, expected_version=1)),
    ]
    for subject, verb in stale:
        with refused(Conflict, f"{subject} was changed by ben at ", "look again"):
            verb()
    assert wb.clusters.update(cluster.id, description="y", expected_version=2).description == "y"
    assert wb.customers.update(customer.id, description="y", expected_version=2).description == "y"
    assert wb.releases.update(release.id, description="y", expected_version=2).description == "y"
    assert wb.templates.update(template.id, description="y", expected_version=2).description == "y"
    with refused(InvalidValue, "expected_version"):
        wb.templates.update(template.id, description="z", expected_version="2")
    wb.templates.delete(template.id, expected_version=3)
