"""A file is stored only as it was previewed; what is wrong with it is told by line, literally."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from relorch import Workbook
from relorch.transfer.limits import BYTES
from relorch.ui import words
from relorch.ui.importing import CHANGES_SHOWN, FINDINGS_SHOWN, Importer, Step, Target, controls, shown
from tests.conftest import Build

CSV = "cluster,namespace,name\neu-1,acme-prod,Acme\n"
RUNBOOK = "# Deploy\n\n```bash\nhelm upgrade\n```\n\n# Look\n\n```bash\nkubectl get\n```\n"


@dataclass
class Uploaded:
    """A file as marimo gives it."""

    name: str
    contents: bytes


def pasted(text: str, form: str = "Markdown") -> dict[str, Any]:
    return {"file": (), "text": text, "form": form}


def uploaded(name: str, contents: bytes) -> dict[str, Any]:
    return {"file": (Uploaded(name, contents),), "text": "", "form": words.IMPORT_BY_ENDING}


def importer(wb: Workbook, target: Target) -> Importer:
    return Importer(wb, target, lambda: None)


def inventory(wb: Workbook) -> Importer:
    return importer(wb, Target(is_inventory=True))


def previewed(importing: Importer, typed: Mapping[str, Any]) -> Step:
    importing.preview(typed)
    return importing.step


def text(importing: Importer) -> str:
    return str(shown(importing, *controls(importing)))


def test_an_inventory_is_stored_only_after_its_preview(wb: Workbook) -> None:
    importing = inventory(wb)
    step = previewed(importing, pasted(CSV))
    assert (wb.clusters.list(), step.is_ready) == ([], True)
    assert words.import_would({"create cluster": 1, "create customer": 1}) in text(importing)
    done = importing.go_on(pasted(CSV))
    assert done is not None
    assert [each.name for each in wb.customers.list()] == ["Acme"]
    assert ("eu-1" in done.shown.text, done.undo) == (True, None)  # undo does not cover the inventory
    assert previewed(inventory(wb), pasted(CSV)).is_ready is False
    assert importing.go_on(pasted(CSV)) is None  # a second press of the same button


def test_customers_who_come_in_inactive_are_counted_apart_with_the_way_to_them(wb: Workbook) -> None:
    importing = inventory(wb)
    bad = pasted(f"{CSV}eu-1,BAD_NS_1,Bolt\neu-1,BAD_NS_2,Zinc\n")
    importing.preview(bad)
    assert "(create cluster: 1, create customer: 3, 2 of them inactive). Nothing is stored yet." in text(importing)
    assert "&#39;BAD_NS_1&#39; is no RFC 1123 label; its customer is imported inactive." in text(importing)
    done = importing.go_on(bad)
    assert done is not None
    assert "create customer: 3, 2 of them inactive). Tick “Show inactive” to see those" in done.shown.text
    assert [each.name for each in wb.customers.list()] == ["Acme"]


def test_another_file_than_the_previewed_one_is_previewed_instead(wb: Workbook) -> None:
    importing = inventory(wb)
    importing.preview(pasted(CSV))
    other = pasted(CSV.replace("Acme", "Bolt"))
    assert importing.go_on(other) is None
    assert (wb.customers.list(), importing.step.note) == ([], words.IMPORT_OTHER_FILE)
    assert importing.go_on(other) is not None
    assert [each.name for each in wb.customers.list()] == ["Bolt"]


def test_a_workbook_changed_since_the_preview_is_previewed_anew_when_it_matters(wb: Workbook) -> None:
    importing = inventory(wb)
    importing.preview(pasted(CSV))
    wb.acting_as("ben").clusters.create(name="eu-1", kubeconfig_path="~/.kube/eu")
    assert importing.go_on(pasted(CSV)) is None
    assert (wb.customers.list(), importing.step.note) == ([], words.IMPORT_OTHER_WORKBOOK)
    wb.acting_as("ben").clusters.create(name="us-1", kubeconfig_path="~/.kube/us")  # changes nothing of it
    assert importing.go_on(pasted(CSV)) is not None


class Overtaken(Importer):
    """An import that somebody is quicker than, between its last look and the moment it is stored."""

    def _stored(self, step: Step) -> Any:
        self.workbook.acting_as("ben").clusters.create(name="eu-1", kubeconfig_path="~/.kube/eu")
        return super()._stored(step)


def test_what_changes_between_the_last_look_and_the_import_is_noticed(wb: Workbook) -> None:
    importing = Overtaken(wb, Target(is_inventory=True), lambda: None)
    importing.preview(pasted(CSV))
    assert importing.go_on(pasted(CSV)) is None
    assert (wb.customers.list(), "look at it again" in text(importing)) == ([], True)
    assert importing.go_on(pasted(CSV)) is None
    assert importing.step.note == words.IMPORT_OTHER_WORKBOOK
    assert "create cluster" not in text(importing)


def test_every_error_is_shown_behind_many_repairs(wb: Workbook) -> None:
    importing = inventory(wb)
    importing.preview(pasted("cluster,namespace,name\n" + "eu-1,a,A\n" * 700 + ",b,Bolt\n"))
    said = text(importing)
    assert (importing.step.errors, "The row names no cluster." in said) == (1, True)
    assert (said.count("repeats line 2"), words.and_more(699 - FINDINGS_SHOWN) in said) == (FINDINGS_SHOWN, True)


def test_all_errors_are_listed_by_line_and_nothing_can_be_imported(wb: Workbook) -> None:
    bad = pasted("cluster,namespace,name,active\n,a,A,yes\neu-1,b,B,perhaps\n")
    importing = inventory(wb)
    step = previewed(importing, bad)
    assert ([each.line for each in step.planned.findings] if step.planned else [], step.errors) == ([2, 3], 2)
    assert (controls(importing), words.import_errors(2) in text(importing)) == ((None, None), True)
    assert "perhaps" in text(importing)
    assert (importing.go_on(bad), wb.clusters.list()) == (None, [])


def test_changed_texts_are_counted_and_confirmed(wb: Workbook, build: Build) -> None:
    cluster = build.cluster(name="eu-1")
    customer = build.customer(cluster, namespace="acme-prod", name="Old")
    release = build.release()
    build.template(release, content="echo ${{ customer.name | sh }}")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    importing = inventory(wb)
    importing.preview(pasted(CSV))
    assert importing.go_on(pasted(CSV)) is None
    assert (importing.step.is_asked, wb.customers.get(customer.id).name) == (True, "Old")
    assert words.changes_texts(1, 0) in text(importing)
    assert importing.go_on(pasted(CSV)) is not None
    assert wb.customers.get(customer.id).name == "Acme"


def test_a_draft_takes_the_files_name_and_another_one_is_previewed(wb: Workbook) -> None:
    importing = importer(wb, Target())
    file = uploaded("2027.01.md", RUNBOOK.encode())
    assert previewed(importing, file).name == "2027.01"
    assert importing.go_on(file, "2027.02") is None
    assert (wb.releases.list(), importing.step.note) == ([], words.IMPORT_OTHER_NAME)
    done = importing.go_on(file, "2027.02")
    assert done is not None
    assert wb.releases.get(done.release_id or 0).name == "2027.02"
    assert [each.name for each in wb.templates.list(done.release_id or 0)] == ["Deploy", "Look"]
    again = importer(wb, Target())
    again.preview(file)
    again.go_on(file, "2027.02")
    assert again.step.errors == 1  # the name is taken


def test_a_pasted_runbook_without_a_name_is_asked_for_one(wb: Workbook) -> None:
    importing = importer(wb, Target())
    assert (previewed(importing, pasted(RUNBOOK)).errors, importing.step.name) == (1, "")
    assert importing.go_on(pasted(RUNBOOK), "2027.01") is None
    assert (importing.step.errors, importing.step.name) == (0, "2027.01")
    assert importing.go_on(pasted(RUNBOOK), "2027.01") is not None


def test_an_import_into_an_active_release_tells_its_reach_and_can_be_undone(wb: Workbook, build: Build) -> None:
    release = build.active(name="Deploy", content="old")
    importing = importer(wb, Target(release=release))
    importing.preview(pasted(RUNBOOK))
    assert words.import_reach(release.name, 1, 1) in text(importing)
    (step,) = build.steps_of(release)
    customer = wb.customers.get(step.customer_id)
    assert ("<h4>Deploy</h4>" in text(importing), f"/{customer.namespace}</span>" in text(importing)) == (True, True)
    done = importing.go_on(pasted(RUNBOOK))
    assert done is not None
    assert (done.undo, done.release_id) == (wb.last_batch, release.id)
    assert [step.content for step in build.steps_of(release)] == ["helm upgrade", "kubectl get"]
    wb.undo(done.undo)
    assert [step.content for step in build.steps_of(release)] == ["old"]


def test_a_release_that_was_archived_meanwhile_refuses_the_file(wb: Workbook, build: Build) -> None:
    release = build.active()
    importing = importer(wb, Target(release=release))
    importing.preview(pasted(RUNBOOK))
    wb.releases.archive(release.id)
    assert importing.go_on(pasted(RUNBOOK)) is None
    assert ("archived" in text(importing), importing.step.planned) == (True, None)


def test_what_a_file_says_is_shown_literally(wb: Workbook) -> None:
    importing = inventory(wb)
    importing.preview(pasted("cluster,namespace,name\neu-1,a,<img src=x onerror=alert(1)> \u202eevil\n"))
    said = text(importing)
    assert ("<img" in said, "\u202e" in said, "&lt;img" in said, "⟨U+202E⟩evil" in said) == (False, False, True, True)


def test_a_long_list_is_cut_with_a_count(wb: Workbook) -> None:
    importing = inventory(wb)
    importing.preview(pasted("cluster,namespace,name\n" + "".join(f"eu-1,n-{n},N {n}\n" for n in range(99))))
    said = text(importing)
    assert (said.count("<tr><td>"), words.and_more(100 - CHANGES_SHOWN) in said) == (CHANGES_SHOWN, True)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (pasted(" \n"), words.IMPORT_NOTHING_GIVEN),
        ({**uploaded("a.csv", b"x"), "text": "y"}, words.IMPORT_BOTH_GIVEN),
        (pasted("a\ud83d"), words.IMPORT_NO_TEXT),
        (uploaded("a.csv", b"cluster\n\xff\xfe\x00"), "is no UTF-8 (line 2"),
        (uploaded("a.csv", CSV.encode("utf-16")), "is no UTF-8"),
        (uploaded("a.csv", b"x" * (BYTES + 1)), "larger than 10 MB"),
        (pasted("x" * (BYTES + 1)), "larger than 10 MB"),
    ],
    ids=["empty", "both", "surrogate", "binary", "utf-16", "large upload", "large paste"],
)
def test_what_is_no_file_is_refused_with_a_sentence(wb: Workbook, typed: Mapping[str, Any], why: str) -> None:
    importing = inventory(wb)
    step = previewed(importing, typed)
    assert (step.planned, why in text(importing), wb.clusters.list()) == (None, True, [])


def test_an_empty_upload_and_a_binary_text_are_errors_of_the_file(wb: Workbook) -> None:
    for contents in (b"", b"\x00\x01\x02"):
        assert previewed(inventory(wb), uploaded("a.csv", contents)).errors > 0


def test_a_release_file_of_no_known_ending_needs_its_format(wb: Workbook) -> None:
    importing = importer(wb, Target())
    importing.preview(uploaded("runbook.txt", RUNBOOK.encode()))
    assert words.IMPORT_WHICH_FORM in text(importing)
    importing.preview({**uploaded("runbook.txt", RUNBOOK.encode()), "form": "Markdown"})
    assert importing.step.is_ready
