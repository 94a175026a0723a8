"""Releases, who takes part, own texts, and the inventory, by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from relorch import Workbook
from relorch.cli import members, releases
from tests.cli.conftest import Run
from tests.conftest import Build


def test_activation_wants_a_choice_and_looks_first(relorch: Run, wb: Workbook, build: Build) -> None:
    release, cluster = build.release(name="2026.11"), build.cluster(name="eu-1")
    build.template(release, content="echo ${{ vars.missing }}", name="Broken")
    chosen, other = build.customer(cluster), build.customer()
    assert relorch("activate", "2026.11").code == 2
    assert relorch("activate", "2026.11", "--all", "--cluster", "eu-1").code == 2
    planned = relorch("activate", "2026.11", "--cluster", "eu-1", "--dry-run")
    assert (planned.code, wb.releases.get(release.id).status) == (0, "draft")
    assert "'Broken' cannot render" in planned.err
    assert [line.split()[0] for line in planned.lines[1:]] == [str(chosen.id)]
    assert relorch("activate", "2026.11", "--customer", chosen.namespace).code == 0
    assert [member.customer_id for member in wb.releases.members(release.id)] == [chosen.id]
    assert relorch("activate", "2026.11", "--all").code == 1
    assert wb.steps.list(release.id, other.id) == []


def test_members_come_are_held_and_go(relorch: Run, wb: Workbook, build: Build) -> None:
    release, late = build.active(), build.customer()
    state = {}
    for words in (["add-customers"], ["hold", "--reason", "wait"], ["resume"], ["remove", "--reason", "gone"]):
        assert relorch(words[0], release.name, "--customer", late.namespace, *words[1:]).code == 0
        (member,) = [each for each in wb.releases.members(release.id) if each.customer_id == late.id]
        state[words[0]] = member.state.value
    assert state == {"add-customers": "active", "hold": "held", "resume": "active", "remove": "removed"}
    listed = json.loads(relorch("members", "--release", release.name, "--json").out)
    assert [(each["customerId"], each["state"]) for each in listed] == [(1, "active"), (late.id, "removed")]
    assert relorch("hold", release.name, "--customer", late.namespace, "--reason", "no").code == 1
    assert relorch("hold", release.name, "--customer", late.namespace).code == 2


def test_archiving_open_work_asks_first_and_closed_work_does_not(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active()
    refused = relorch("archive", release.name)
    assert (refused.code, "1 open steps" in refused.err) == (1, True)
    assert wb.releases.get(release.id).status == "active"
    wb.steps.mark_done([step.id for step in build.steps_of(release)])
    assert relorch("archive", release.name).code == 0
    assert relorch("archive", release.name, "--yes").code == 1
    assert relorch("unarchive", release.name).code == 0
    assert wb.releases.get(release.id).status == "active"


def test_a_draft_is_cloned_and_deleted(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active(name="Migrate")
    made = json.loads(relorch("clone", release.name, "--name", "2026.12", "--version", "4.3", "--json").out)
    assert (made["status"], made["versionNumber"]) == ("draft", "4.3")
    assert [template.name for template in wb.templates.list(made["id"])] == ["Migrate"]
    assert relorch("delete-draft", "2026.12").code == 1
    assert relorch("delete-draft", "2026.12", "--yes").code == 0
    assert relorch("delete-draft", release.name, "--yes").code == 1
    assert [each.name for each in wb.releases.list()] == [release.name]


def test_the_matrix_has_a_letter_for_each_status(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.release(name="2026.11")
    for category in ("deploy", "deploy", "deploy", "verify", "verify", "verify"):
        build.template(release, category=category)
    customer = build.customer(build.cluster(name="eu-1"), namespace="acme-prod", name="Acme")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    ids = [step.id for step in wb.steps.list(release.id, customer.id)]
    wb.steps.start(ids[1])
    wb.steps.mark_done([ids[2], ids[5]])
    wb.steps.skip(ids[3], reason="no")
    wb.steps.fail(ids[4], reason="no")
    wb.steps.revert(ids[5])
    assert relorch("matrix", "--release", "2026.11").lines[1].split() == ["1", "eu-1", "acme-prod", "Acme", ".>D|SFR"]
    as_json = json.loads(relorch("matrix", "--release", "2026.11", "--cluster", "eu-1", "--json").out)
    assert [cell["id"] for cell in as_json["cells"]] == ids
    assert as_json["cells"][4]["status"] == "failed"


def test_own_texts_are_shown_and_asked_for(relorch: Run, wb: Workbook, build: Build, tmp_path: Path) -> None:
    step, file = build.step(content="echo old"), tmp_path / "own.sh"
    file.write_text("echo new\n")
    refused = relorch("override", step.id, file)
    assert refused.code == 1
    assert "-echo old\n+echo new" in refused.err
    assert relorch("override", step.id, file, "--yes").code == 0
    assert (wb.steps.get(step.id).content, wb.steps.get(step.id).is_overridden) == ("echo new", True)
    assert relorch("reset", step.id, "--yes").code == 0
    assert wb.steps.get(step.id).content == "echo old"
    place = ["--release", step.release_id, "--customer", step.customer_id]
    said = ["--name", "Extra", "--category", "deploy", "--type", "bash", "--before", step.id]
    made = json.loads(relorch("add-step", file, *place, *said, "--json").out)
    assert [each.name for each in wb.steps.list(step.release_id, step.customer_id)] == ["Extra", step.name]
    assert relorch("delete-step", made["id"], "--yes").code == 0
    assert relorch("delete-step", step.id, "--yes").code == 1


def test_customers_and_clusters_are_listed_and_taken_out_of_use(relorch: Run, wb: Workbook, build: Build) -> None:
    customer = build.customer(build.cluster(name="eu-1"), namespace="acme-prod")
    assert relorch("deactivate", "--cluster", "eu-1").code == 1
    assert relorch("deactivate", "--customer", "eu-1/acme-prod").code == 0
    assert relorch("deactivate", "--cluster", "eu-1").code == 0
    assert (relorch("customers").out, relorch("clusters").out) == ("", "")
    assert relorch("customers", "--inactive").lines[1].split()[-1] == "inactive"
    assert [each["name"] for each in json.loads(relorch("clusters", "--inactive", "--json").out)] == ["eu-1"]
    assert relorch("reactivate", "--cluster", "eu-1").code == 0
    assert relorch("reactivate", "--customer", customer.id).code == 0
    assert wb.customers.get(customer.id).is_active
    assert relorch("deactivate").code == 2


def test_the_shell_completes_names_of_releases_and_targets(url: str, build: Build) -> None:
    build.customer(build.cluster(name="eu-1"), namespace="acme-prod")
    build.release(name="2026.11")
    build.release(name="evil\u202e")

    def completed(words: str) -> str:
        asked = {"_RELORCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        command = [sys.executable, "-c", "from relorch.cli import main; main()"]
        env = {**os.environ, **asked, "DATABASE_URL": url}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60).stdout

    assert completed("relorch next --release 20").split() == ["2026.11"]
    assert completed("relorch next --customer eu-").split() == ["eu-1/acme-prod"]
    assert completed("relorch activate ev").split() == []


def test_a_draft_that_changes_while_it_is_asked_about_is_not_deleted(
    relorch: Run, wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = build.release(name="2026.12")
    step = build.template(draft)

    def rewritten(*_: object, **__: object) -> None:
        wb.acting_as("ben").templates.update(step.id, content="a day's work")

    monkeypatch.setattr(releases, "agree", rewritten)
    refused = relorch("delete-draft", "2026.12")
    assert (refused.code, "were changed after it was shown" in refused.err) == (1, True)
    assert [each.content for each in wb.templates.list(draft.id)] == ["a day's work"]


def test_nobody_joins_by_a_plan_that_is_not_so_any_more(
    relorch: Run, wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, customer = build.release(name="2026.12"), build.customer()
    step = build.template(release)

    def rewritten(_: object) -> None:
        wb.acting_as("ben").templates.update(step.id, content=f"{wb.templates.get(step.id).content}; date")

    with monkeypatch.context() as patch:
        patch.setattr(members, "_warn", rewritten)
        refused = relorch("activate", "2026.12", "--all")
        assert (refused.code, refused.out, "were changed after the preview" in refused.err) == (1, "", True)
    assert relorch("activate", "2026.12", "--customer", customer.id).code == 0
    late = build.customer()
    monkeypatch.setattr(members, "_warn", rewritten)
    refused = relorch("add-customers", "2026.12", "--customer", late.id)
    assert (refused.code, refused.out, "were changed after the preview" in refused.err) == (1, "", True)
    assert [each.customer_id for each in wb.releases.members(release.id)] == [customer.id]


def test_adding_names_three_of_those_who_took_part_already(relorch: Run, build: Build) -> None:
    release, cluster = build.active(), build.cluster(name="eu-1")
    for name in ("Acme", "Bolt", "Coop", "Dune", "Echo"):
        build.customer(cluster, name=name)
    assert "already" not in relorch("add-customers", release.name, "--cluster", "eu-1").err
    late = build.customer(cluster, name="Late")
    added = relorch("add-customers", release.name, "--cluster", "eu-1")
    assert added.err.endswith("1 customers, 1 steps; 'Acme', 'Bolt', 'Coop' and 2 more took part already.\n")
    assert [line.split()[0] for line in added.lines[1:]] == [str(late.id)]
