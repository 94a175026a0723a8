"""Files into the workbook and out of it: all of a file or nothing, and what comes back is what went in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relorch import Workbook, open_workbook
from relorch.errors import CannotImport, Conflict, InvalidValue, NotAllowed, NotFound
from relorch.transfer.findings import Kind
from relorch.workbook.imports import Imported, Planned, Reached
from relorch.workbook.retexting import TextChange
from tests.conftest import Build
from tests.transfer.generated import descriptions, metadata, names, steps

Refused = Callable[..., AbstractContextManager[None]]
HEAD = "cluster,namespace,name"
SIMPLE = "name: x\nsteps:\n"


def told(imported: Imported, kind: Kind | None = None) -> list[str]:
    return [str(finding) for finding in imported.findings if kind in (None, finding.kind)]


def step(name: str, content: str = "true", category: str = "deploy") -> str:
    return f"  - {{category: {category}, name: {name}, type: bash, content: '{content}'}}\n"


def inventory_of(wb: Workbook) -> list[tuple[Any, ...]]:
    clusters = {each.id: each.name for each in wb.clusters.list(inactive=True)}
    own = [
        (each.name, each.kubeconfig_path, each.description, each.is_active, each.metadata)
        for each in wb.clusters.list(inactive=True)
    ]
    living = [
        (clusters[each.cluster_id], each.namespace, each.name, each.description, each.is_active, each.metadata)
        for each in wb.customers.list(inactive=True)
    ]
    return sorted(own + living, key=repr)


def templates_of(wb: Workbook, release_id: int) -> list[dict[str, Any]]:
    said = ("category", "name", "type", "content", "description", "required")
    return [{name: getattr(each, name) for name in said} for each in wb.templates.list(release_id)]


def test_an_inventory_is_created(wb: Workbook) -> None:
    text = f"{HEAD},kubeconfig_path,cluster.region,plan\neu-1,acme,Acme,~/.kube/eu,eu,gold\neu-1,beta,'=Beta,,,\nus-1,,,,,\n"
    planned = wb.imports.inventory(text, dry_run=True)
    assert (planned.stored, planned.batch_id, wb.clusters.list(), wb.last_batch) == (False, None, [], None)
    stored = wb.imports.inventory(text)
    assert (stored.stored, stored.batch_id, stored.changes) == (True, wb.last_batch, planned.changes)
    assert stored.changes == (
        Planned("create cluster", "eu-1"),
        Planned("create cluster", "us-1"),
        Planned("create customer", "Acme (acme)", "on eu-1"),
        Planned("create customer", "=Beta (beta)", "on eu-1"),
    )
    assert inventory_of(wb) == sorted(
        [
            ("eu-1", "~/.kube/eu", None, True, {"region": "eu"}),
            ("us-1", None, None, True, {}),
            ("eu-1", "acme", "Acme", None, True, {"plan": "gold"}),
            ("eu-1", "beta", "=Beta", None, True, {}),
        ],
        key=repr,
    )


def test_an_inventory_updates_what_differs_and_only_what_it_speaks_of(wb: Workbook, build: Build) -> None:
    eu = build.cluster(name="eu-1", kubeconfig_path="~/x")
    build.customer(
        eu, namespace="acme", name="Acme", description="old", metadata={"plan": "a", "gone": "b", "kept": "c"}
    )
    build.customer(eu, namespace="same", name="Same")
    done = wb.imports.inventory(f"{HEAD},plan,gone\neu-1,acme,Acme 2,z,\neu-1,same,Same,,\n")
    assert done.changes == (Planned("update customer", "Acme (acme)", "name, metadata gone, metadata plan"),)
    assert ("eu-1", "acme", "Acme 2", "old", True, {"kept": "c", "plan": "z"}) in inventory_of(wb)
    again = wb.imports.inventory(f"{HEAD},plan,gone\neu-1,acme,Acme 2,z,\n")
    assert (again.changes, again.batch_id) == ((), None)


def test_repairs_are_applied_and_listed(wb: Workbook) -> None:
    text = f"{HEAD}\neu-1,acme,Acme\neu-1,Bad_One,Bad\neu-1,acme,Other\neu-1,acme,Acme\neu-1,long,{'n' * 205}\n"
    done = wb.imports.inventory(text)
    assert [(finding.kind, finding.line) for finding in done.findings] == [(Kind.REPAIR, line) for line in (3, 4, 5, 6)]
    assert [finding.message for finding in done.findings[:2]] == [  # said of a dry run too, when nothing is done yet
        "Namespace 'Bad_One' is no RFC 1123 label; its customer is imported inactive.",
        "Namespace 'acme' on cluster 'eu-1' stands in line 2 already; its customer is imported as 'acme (2)', inactive.",
    ]
    assert done.inactive_count == 2
    found = [(each.namespace, each.is_active, each.description) for each in wb.customers.list(inactive=True)]
    assert sorted(found) == [
        ("Bad_One", False, None),
        ("acme", True, None),
        ("acme (2)", False, None),
        ("long", True, "… nnnnn"),
    ]
    assert wb.imports.inventory(text).changes == ()
    bad = next(each for each in wb.customers.list(inactive=True) if each.namespace == "Bad_One")
    with pytest.raises(InvalidValue, match="RFC 1123"):
        wb.customers.reactivate(bad.id)


def test_every_error_is_listed_and_nothing_is_stored(wb: Workbook, build: Build, refused: Refused) -> None:
    gone = build.cluster(name="gone")
    wb.clusters.deactivate(gone.id)
    text = f"{HEAD},cluster.plan\neu-1,a,Ok,\ngone,b,B,\neu-1,\x01,C,\neu-1,d\neu-1,e,E,{'x' * 4_001}\n"
    planned = wb.imports.inventory(text, dry_run=True)
    assert [(each.kind, each.line) for each in planned.findings if each.kind is Kind.ERROR] == [
        (Kind.ERROR, line) for line in (2, 3, 4, 5)
    ]
    with refused(
        CannotImport, "4 errors", "line 2: metadata plan", "line 3: cluster_id", "line 4: name", "line 5: The row has 2"
    ):
        wb.imports.inventory(text)


def test_many_customers_of_one_namespace_are_numbered_at_once(wb: Workbook) -> None:
    rows = "".join(f"eu-1,a,A {at}\n" for at in range(10_000))  # trying every number for each takes minutes
    planned = wb.imports.inventory(f"{HEAD}\n{rows}eu-1,a (3),taken\n", dry_run=True)
    assert [each.what for each in (*planned.changes[1:4], planned.changes[-2])] == [
        "A 0 (a)",
        "A 1 (a (2))",
        "A 2 (a (4))",
        "A 9999 (a (10001))",
    ]


def test_names_that_are_cut_to_that_of_one_cluster_share_its_namespaces(
    wb: Workbook, build: Build, refused: Refused
) -> None:
    build.cluster(name="x" * 200)
    text = f"{HEAD}\n" + "".join(f"{'x' * 200}{more},acme,Acme{more}\n" for more in "ab")
    with refused(CannotImport, "an error", "line 3: namespace 'acme': customer 'Acmea' has this namespace"):
        wb.imports.inventory(text)
    assert wb.imports.inventory(text.rpartition("x" * 200)[0]).error_count == 0


def test_an_edit_that_changes_open_texts_has_to_be_confirmed(wb: Workbook, build: Build, refused: Refused) -> None:
    eu = build.cluster(name="eu-1")
    acme = build.customer(eu, namespace="acme", name="Acme", metadata={"plan": "a"})
    release = build.release()
    build.template(release, content="echo ${{ vars.plan }} ${{ cluster.kubeconfig_path | path }}")
    build.template(release, content="true")
    wb.releases.activate(release.id, customer_ids=[acme.id])
    text = f"{HEAD},plan,kubeconfig_path\neu-1,acme,Acme,b,~/other\n"
    planned = wb.imports.inventory(text, dry_run=True)
    assert (planned.retexts.pending, planned.retexts.in_progress) == (1, 0)
    with refused(NotAllowed, "1 open"):
        wb.imports.inventory(text)
    assert wb.imports.inventory(text, confirm=True).stored


def test_customers_and_clusters_go_out_of_use_and_come_back(wb: Workbook, build: Build) -> None:
    build.customer(build.cluster(name="eu-1"), namespace="acme", name="Acme")
    head = "cluster,namespace,name,active,cluster_active"
    off = wb.imports.inventory(f"{head}\neu-1,acme,Acme,no,no\n")
    assert [each.action for each in off.changes] == ["deactivate customer", "deactivate cluster"]
    stay = wb.imports.inventory(f"{HEAD}\neu-1,acme,Acme\n")
    assert (stay.changes, [finding.kind for finding in stay.findings]) == ((), [Kind.WARNING] * 2)
    on = wb.imports.inventory(f"{head}\neu-1,acme,Acme,yes,yes\n")
    assert [each.action for each in on.changes] == ["reactivate cluster", "reactivate customer"]


INVENTORIES = st.lists(
    st.tuples(
        names(), metadata(), descriptions(), st.lists(st.tuples(names(), metadata(), descriptions()), max_size=3)
    ),
    max_size=3,
    unique_by=lambda cluster: cluster[0],
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(INVENTORIES, st.booleans())
def test_every_inventory_comes_back(
    tmp_path_factory: pytest.TempPathFactory, blank: Path, clusters: Any, off: bool
) -> None:
    folder = tmp_path_factory.mktemp("two")
    for name in ("a.db", "b.db"):
        shutil.copy(blank, folder / name)
    with (
        open_workbook(str(folder / "a.db"), operator="ana") as one,
        open_workbook(str(folder / "b.db"), operator="b") as two,
    ):
        for name, keys, description, living in clusters:
            cluster = one.clusters.create(name=name, metadata=keys, description=description, kubeconfig_path=name)
            for number, (own, own_keys, own_description) in enumerate(living):
                namespace = f"n-{number}"
                fields: dict[str, Any] = {"metadata": own_keys, "description": own_description}
                customer = one.customers.create(cluster_id=cluster.id, namespace=namespace, name=own, **fields)
                if off and number == 1:
                    one.customers.deactivate(customer.id)
                    one.customers.create(cluster_id=cluster.id, namespace=namespace, name=own, **fields)
        text = one.exports.inventory()
        done = two.imports.inventory(text)
        assert done.findings == ()
        assert inventory_of(two) == inventory_of(one)
        assert two.exports.inventory() == text
        assert one.imports.inventory(text).changes == ()


@pytest.mark.parametrize("form", ["yaml", "markdown"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=steps())
def test_every_release_comes_back(wb: Workbook, form: str, written: list[dict[str, Any]]) -> None:
    first = wb.releases.create(name=f"first {len(wb.releases.list())}", type="release").id
    added = [each for each in written if _accepted(wb, first, each)]
    assert templates_of(wb, first) == added
    text = wb.exports.release(first, form)
    if not added:
        with pytest.raises(CannotImport, match="no step"):
            wb.imports.release(text, form=form, name=f"again {first}")
        return
    again = wb.imports.release(text, form=form, name=f"again {first}").release_id or 0
    assert templates_of(wb, again) == added
    assert wb.imports.release(text, form=form, into=first).changes == ()


def _accepted(wb: Workbook, release_id: int, fields: dict[str, Any]) -> bool:
    try:
        wb.templates.add(release_id, **fields)
    except InvalidValue:
        return False
    return True


def test_a_release_becomes_a_draft_under_a_name_that_is_free(wb: Workbook) -> None:
    first = wb.imports.release(SIMPLE + step("a"), form="yaml")
    assert first.changes == (
        Planned("create release", "x", "release, a draft"),
        Planned("add step", "a", "deploy, bash"),
    )
    second = wb.imports.release(SIMPLE + step("a"), form="yaml")
    assert told(second, Kind.REPAIR) == ["line 1: Another release is called 'x'; this one became 'x (2)'"]
    third = wb.imports.release("# a\n\nb\n", form="markdown", file_name="up/night.md")
    assert [wb.releases.get(each.release_id or 0).name for each in (first, second, third)] == ["x", "x (2)", "night"]


def test_a_name_that_was_asked_for_and_is_taken_is_refused(wb: Workbook, build: Build, refused: Refused) -> None:
    build.release(name="taken")
    with refused(CannotImport, "another release has this name"):
        wb.imports.release(SIMPLE + step("a"), form="yaml", name="taken")
    with refused(CannotImport, "say how it is to be called"):
        wb.imports.release("x\n", form="markdown")
    with refused(NotFound):
        wb.imports.release(SIMPLE + step("a"), form="yaml", into=99)
    with refused(InvalidValue, "yaml, markdown"):
        wb.imports.release(SIMPLE, form="toml")


def test_every_error_of_a_release_is_listed(wb: Workbook, refused: Refused) -> None:
    text = "name: '2026'\ntype: nightly\nsteps:\n" + step("a", category="both") + step("b", content=" ") + "  - {}\n"
    words = (
        "line 1: name '2026'",
        "line 2: type 'nightly'",
        "line 4: category 'both'",
        "line 5: content",
        "line 6: The step has no 'type'",
    )
    with refused(CannotImport, *words):
        wb.imports.release(text, form="yaml")


@pytest.mark.parametrize("text", ["name: x\n\tsteps:\n", "", "- a\n", "a: b\n---\na: b\n", "[" * 30])
def test_of_a_file_that_cannot_be_read_only_that_is_told(wb: Workbook, text: str) -> None:
    planned = wb.imports.release(text, form="yaml", dry_run=True)
    assert [each.kind for each in planned.findings] == [Kind.ERROR]


def test_every_error_of_a_runbook_is_listed(wb: Workbook, refused: Refused) -> None:
    text = '# a\n\n<!-- relorch: {"required": "x", "y": 1} -->\n\n```sh\nx\n```\n\n<!-- relorch: [1] -->\n\n```sh\na\x01\n```\n'
    words = (
        "4 errors",
        "line 3: The key 'y' is unknown",
        "line 3: required 'x': must be true or false",
        "line 9: The comment to relorch is no JSON object",
        "line 11: content 'a\\x01': holds the character U+0001",
    )
    with refused(CannotImport, *words):
        wb.imports.release(text, form="markdown", name="x")


@pytest.mark.parametrize(
    ("text", "form"), [("name: x\nsteps: []\n", "yaml"), ("# a\n\n# b\n", "markdown"), ("\n", "markdown")]
)
def test_a_file_without_a_step_is_an_error(wb: Workbook, build: Build, text: str, form: str) -> None:
    release = build.release()
    for target in ({"name": "new"}, {"into": release.id}):
        planned = wb.imports.release(text, form=form, dry_run=True, **target)  # type: ignore[arg-type]
        assert told(planned, Kind.ERROR) == ["There is no step in the file"]
        with pytest.raises(CannotImport, match="There is no step"):
            wb.imports.release(text, form=form, **target)  # type: ignore[arg-type]
    assert [each.id for each in wb.releases.list()] == [release.id]


def test_what_would_do_something_else_than_was_looked_at_is_refused(
    wb: Workbook, build: Build, refused: Refused
) -> None:
    acme = build.customer(build.cluster(name="eu-1"), namespace="acme", name="Acme", metadata={"plan": "a"})
    text = f"{HEAD},plan\neu-1,acme,Acme,b\neu-1,beta,Beta,\n"
    planned = wb.imports.inventory(text, dry_run=True)
    wb.acting_as("ben").customers.update(acme.id, metadata={"plan": "c"})
    assert wb.imports.inventory(text, dry_run=True).changes == planned.changes  # but over a value nobody has seen
    with refused(Conflict, "look at it again"):
        wb.imports.inventory(text, expected=planned)
    planned = wb.imports.inventory(text, dry_run=True)
    wb.acting_as("ben").customers.create(cluster_id=acme.cluster_id, namespace="beta", name="Beta")
    with refused(Conflict, "something else now"):
        wb.imports.inventory(text, expected=planned)
    planned = wb.imports.inventory(text, dry_run=True)
    wb.acting_as("ben").clusters.create(name="us-1")  # changes nothing of it
    assert wb.imports.inventory(text, expected=planned).stored
    with refused(InvalidValue, "dry run"):
        wb.imports.inventory(text, expected="b")  # type: ignore[arg-type]


def test_a_release_whose_steps_were_worked_on_meanwhile_is_refused(
    wb: Workbook, build: Build, refused: Refused
) -> None:
    release = build.active(name="one", content="old")
    planned = wb.imports.release(SIMPLE + step("one"), form="yaml", into=release.id, dry_run=True)
    wb.acting_as("ben").steps.mark_done(build.steps_of(release)[0].id)
    with refused(Conflict, "look at it again"):
        wb.imports.release(SIMPLE + step("one"), form="yaml", into=release.id, expected=planned)
    planned = wb.imports.release(SIMPLE + step("one"), form="yaml", into=release.id, dry_run=True)
    assert wb.imports.release(SIMPLE + step("one"), form="yaml", into=release.id, expected=planned).stored


def test_the_steps_that_an_import_reaches_are_those_of_the_templates_preview(wb: Workbook, build: Build) -> None:
    release = build.release()
    template = build.template(release, name="one", content="old")
    build.template(release, name="same", content="true")
    customers = [build.customer().id for _ in range(5)]
    wb.releases.activate(release.id, customer_ids=customers)
    own, done, begun, _, _ = [wb.steps.list(release.id, each)[0].id for each in customers]
    wb.steps.override(own, "mine")
    wb.steps.mark_done(done)
    wb.steps.start(begun)
    text = SIMPLE + step("one", "echo ${{ vars.none }}") + step("same")
    planned = wb.imports.release(text, form="yaml", into=release.id, dry_run=True)
    effect = wb.templates.preview_update(template.id, content="echo ${{ vars.none }}")
    assert planned.reached == (Reached("one", effect),)
    found = (effect.updates, effect.overridden, effect.executed, effect.cannot_render)
    assert [len(each) for each in found] == [2, 1, 2, 2]
    assert planned.retexts == TextChange(pending=2, in_progress=0)
    stored = wb.imports.release(text, form="yaml", into=release.id, expected=planned)
    assert (stored.reached, stored.retexts) == (planned.reached, planned.retexts)


def test_many_findings_are_counted_and_the_first_of_them_listed(wb: Workbook) -> None:
    equal = f"{HEAD}\n" + "eu-1,a,A\n" * 1_201
    done = wb.imports.inventory(equal)
    repairs = told(done, Kind.REPAIR)
    assert (repairs[0], repairs[1][:6], repairs[-1][:9], len(repairs), done.error_count) == (
        "There are 1,200 repairs; those after the first 1,000 are left out", "line 3", "line 1002", 1_001, 0,
    )  # fmt: skip
    wrong = equal + ",b,B\n" + "".join(f"eu-1,c-{at},\n" for at in range(1_400))
    planned = wb.imports.inventory(wrong, dry_run=True)
    errors = told(planned, Kind.ERROR)
    assert (errors[0], errors[1], len(errors), planned.error_count) == (
        "There are 1,401 errors; those after the first 1,000 are left out", "line 1203: The row names no cluster", 1_001, 1_401,
    )  # fmt: skip
    with pytest.raises(CannotImport, match="has 1401 errors") as refusal:
        wb.imports.inventory(wrong)
    assert refusal.value.findings == planned.findings


def test_content_that_cannot_render_comes_in_with_a_warning(wb: Workbook) -> None:
    done = wb.imports.release(SIMPLE + step("a", content='"${{ vars.x | nope }}" ${{ vars.none }}'), form="yaml")
    assert templates_of(wb, done.release_id or 0)[0]["content"] == '"${{ vars.x | nope }}" ${{ vars.none }}'
    assert [line for line in told(done, Kind.WARNING) if "vars.x | nope" in line or "vars.none" in line] != []


def test_an_active_release_is_brought_up_to_a_file_as_one_batch(wb: Workbook, build: Build) -> None:
    release = build.release()
    for name in ("one", "two", "three"):
        build.template(release, name=name, content="true", required=True)
    wb.releases.activate(release.id, customer_ids=[build.customer().id])
    before = [(each.name, each.content, each.order_index) for each in build.steps_of(release)]
    text = SIMPLE + step("zero") + step("one", "false") + step("new") + step("three")
    planned = wb.imports.release(text, form="yaml", into=release.id, dry_run=True)
    done = wb.imports.release(text, form="yaml", into=release.id)
    assert (
        done.changes
        == planned.changes
        == (
            Planned("add step", "zero", "deploy, bash; for 1 customers"),
            Planned("update step", "one", "content; customers' steps: 1 follow"),
            Planned("add step", "new", "deploy, bash; for 1 customers"),
        )
    )
    after = [(each.name, each.content) for each in build.steps_of(release)]
    assert after == [("zero", "true"), ("one", "false"), ("new", "true"), ("two", "true"), ("three", "true")]
    assert [each.required for each in wb.templates.list(release.id)] == [False, True, False, True, True]
    assert (done.batch_id, done.release_id) == (wb.last_undoable, release.id)
    wb.undo()
    assert [(each.name, each.content, each.order_index) for each in build.steps_of(release)] == before


def test_an_archived_release_takes_no_file(wb: Workbook, build: Build, refused: Refused) -> None:
    release = build.active()
    wb.releases.archive(release.id)
    with refused(NotAllowed, "archived"):
        wb.imports.release(SIMPLE + step("a"), form="yaml", into=release.id)


def test_what_is_no_text_is_refused(wb: Workbook, refused: Refused) -> None:
    for given_ in (3, None, b"x"):
        with refused(InvalidValue, "must be a text"):
            wb.imports.inventory(given_)  # type: ignore[arg-type]
        for form in ("yaml", "markdown"):
            with refused(InvalidValue, "must be a text"):
                wb.imports.release(given_, form=form, name="x")  # type: ignore[arg-type]


def test_the_open_database_is_no_file_to_import(wb: Workbook, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    os.link(wb.path, link)
    for path in (wb.path, link):
        with pytest.raises(InvalidValue, match="open database"):
            wb.imports.read(path)
    (tmp_path / "a.csv").write_text(HEAD)
    assert wb.imports.read(tmp_path / "a.csv") == HEAD


def test_a_name_of_which_the_rest_is_no_description_is_an_error(wb: Workbook, refused: Refused) -> None:
    long = "x" * 4_300
    with refused(CannotImport, "line 2: The name and the description are together longer"):
        wb.imports.inventory(f"{HEAD}\neu-1,acme,{long}\n")
    with refused(CannotImport, "line 3: The name and the description are together longer"):
        wb.imports.release(SIMPLE + step(long), form="yaml")
    with refused(CannotImport, "line 3: description", "is longer than 4,000"):
        wb.imports.release(f"# R\n\n## {long}\n\n```bash\ntrue\n```\n", form="markdown")
    wb.imports.inventory(f"{HEAD}\neu-1,acme,{'x' * 4_100}\n")


def test_a_namespace_goes_from_one_customer_to_another(wb: Workbook, build: Build) -> None:
    wb.imports.inventory(f"{HEAD},active\neu-1,x,Old,yes\n")
    (old,) = wb.customers.list()
    for rows in ("eu-1,x,New,yes\neu-1,x,Old,no\n", "eu-1,x,Old,no\neu-1,x,New,yes\n"):
        wb.imports.inventory(f"{HEAD},active\n{rows}")
        found = {each.name: (each.id == old.id, each.is_active) for each in wb.customers.list(inactive=True)}
        assert found == {"Old": (True, False), "New": (False, True)}
    wb.imports.inventory(f"{HEAD},active\neu-1,x,Old,yes\neu-1,x,New,no\n")
    assert [(each.name, each.id) for each in wb.customers.list()] == [("Old", old.id)]
