"""Files through the API: in with a dry run and findings by line, out as they are read in again."""

from __future__ import annotations

import json

from relorch import Workbook
from tests.api.conftest import Ask
from tests.conftest import Build


def test_an_inventory_goes_in_and_out(ask: Ask, wb: Workbook) -> None:
    text = "cluster,namespace,name,db_host\neu-1,acme-prod,Acme,db1\neu-1,beta-prod,Beta,db2\n"
    planned = ask("POST", "/import/inventory", json={"text": text, "dryRun": True}).json()
    assert (planned["stored"], len(planned["changes"]), wb.customers.list()) == (False, 3, [])
    assert ask("POST", "/import/inventory", json={"text": text}).json()["stored"] is True
    out = ask("GET", "/export/inventory")
    assert (out.headers["content-type"], len(wb.customers.list())) == ("text/csv; charset=utf-8", 2)
    again = ask("POST", "/import/inventory", json={"text": out.text}).json()
    assert (again["changes"], again["batchId"]) == ([], None)


def test_a_file_with_errors_lists_them_by_line_without_its_words(ask: Ask, wb: Workbook) -> None:
    text = 'cluster,namespace,name,"HOS ""TILE\'"\neu-1,acme-prod,Acme\neu-1,beta-prod\n'
    planned = ask("POST", "/import/inventory", json={"text": text, "dryRun": True})
    assert "TILE" in planned.text
    reply = ask("POST", "/import/inventory", json={"text": text})
    problem = reply.json()
    assert (reply.status_code, problem["type"]) == (422, "urn:relorch:cannot-import")
    assert {each["kind"] for each in problem["findings"]} == {"error"}
    assert [each["line"] for each in problem["findings"]] == [each["line"] for each in planned.json()["findings"]]
    assert problem["findings"][0]["message"].startswith("The column …")
    assert [word for word in ("HOS", "TILE") if word in reply.text] == []
    assert wb.clusters.list() == []


def test_a_release_goes_out_and_comes_in_as_a_draft(ask: Ask, build: Build) -> None:
    release = build.active(content="echo ${{ namespace }}")
    for form in ("yaml", "markdown"):
        out = ask("GET", f"/releases/{release.id}/export", params={"form": form})
        assert out.headers["content-type"] == f"text/{form}; charset=utf-8"
        said = {"text": out.text, "form": form, "name": f"copy of {form}"}
        made = ask("POST", "/import/release", json=said).json()
        [template] = ask("GET", f"/releases/{made['releaseId']}/templates").json()
        assert template["content"] == "echo ${{ namespace }}"


def test_the_whole_workbook_comes_as_lines(ask: Ask, build: Build) -> None:
    build.active(customers=2)
    out = ask("GET", "/export/workbook")
    assert out.headers["content-type"].startswith("application/x-ndjson")
    assert len([json.loads(line) for line in out.text.splitlines()]) > 5


def test_a_report_is_a_file_that_runs_nothing(ask: Ask, build: Build) -> None:
    step = build.step(name="<script>alert(1)</script>")
    for query in ("", f"?customerId={step.customer_id}"):
        out = ask("GET", f"/releases/{step.release_id}/report{query}")
        assert (out.status_code, out.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "<script>alert" not in out.text
        assert out.headers["content-disposition"].startswith("attachment")
        assert "sandbox; default-src 'none'" in out.headers.get_list("content-security-policy")[0]
    assert ask("GET", f"/releases/{step.release_id}/report?customerId=99").status_code == 404


def test_a_report_of_nothing_is_refused_as_the_schema_says(ask: Ask, build: Build) -> None:
    active, draft, stranger = build.active(), build.release(), build.customer()
    told = ask("GET", "/openapi.json").json()["paths"]["/api/releases/{releaseId}/report"]["get"]["responses"]
    for path in (f"/releases/{draft.id}/report", f"/releases/{active.id}/report?customerId={stranger.id}"):
        assert ask("GET", path).status_code == 409
    assert "409" in told


def test_an_import_that_changes_nothing_has_no_batch(ask: Ask, build: Build) -> None:
    build.customer()
    text = ask("GET", "/export/inventory").text
    made = ask("POST", "/import/inventory", json={"text": text}).json()
    assert (made["stored"], made["batchId"], made["changes"]) == (True, None, [])


def test_a_refusal_that_names_a_customer_keeps_its_reason(ask: Ask, wb: Workbook, build: Build) -> None:
    customer = build.customer(build.cluster(name="eu-1"), namespace="acme", name="It's SECRET")
    release = build.release(name="SECRET '26")
    build.template(release)
    wb.releases.activate(release.id, customer_ids=[customer.id])
    text = "cluster,namespace,name,active\neu-1,acme,It's SECRET,no\n"
    told = ask("POST", "/import/inventory", json={"text": text}).json()
    assert "has open work in '…'; finish it or remove the customer there." in str(told)
    assert "SECRET" not in str(told)
