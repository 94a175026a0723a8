"""Secrets do not leave the workbook in a report, in no form of it; digests stay."""

from __future__ import annotations

import hashlib
import json

import pytest

from relorch import Workbook
from relorch.reports import FORMATS, printed
from tests.conftest import Build

PASSWORD = "correct-horse-7"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq98\n-----END RSA PRIVATE KEY-----"


def all_of(wb: Workbook, release: int, customer: int) -> str:
    reports = [wb.report(release), wb.report(release, customer)]
    return "".join(part for report in reports for form in FORMATS for part in printed(report, form))


@pytest.mark.parametrize(
    "content",
    [
        f"export PGPASSWORD={PASSWORD}",
        f"psql postgres://app:{PASSWORD}@db1/app",
        "psql --as ${{ vars.db_password | sh }}",
    ],
)
def test_a_secret_is_in_none_of_the_files(wb: Workbook, build: Build, content: str) -> None:
    release = build.release(name=f"it is {PASSWORD}")
    build.template(release, name=f"with {PASSWORD}", content=content)
    customer = build.customer(name=f"{PASSWORD} Ltd", metadata={"db_password": PASSWORD})
    wb.releases.activate(release.id, customer_ids=[customer.id])
    (step,) = build.steps_of(release)
    wb.steps.fail(step.id, reason=f"{PASSWORD} was wrong")
    wb.steps.override(wb.steps.reopen(step.id, reason=PASSWORD).steps[0].id, f"{content}\necho {PASSWORD}")
    wb.steps.mark_done(step.id, notes=f"used {PASSWORD}")
    assert PASSWORD not in all_of(wb, release.id, customer.id)
    sheet = wb.report(release.id, customer.id)
    assert sheet.masked.secrets == 1
    assert sheet.masked.places == str(sheet).count("<masked 1>")
    stored = wb.steps.get(step.id).executed_content or ""
    assert sheet.steps[0].text_sha256 == hashlib.sha256(stored.encode()).hexdigest()


def test_a_private_key_is_masked_whole(wb: Workbook, build: Build) -> None:
    step = build.step(content=f"cat > key <<'END'\n{KEY}\nEND\nchmod 600 key")
    wb.steps.mark_done(step.id)
    text = wb.report(step.release_id, step.customer_id).steps[0].text
    assert text == "cat > key <<'END'\n<masked 1>\nEND\nchmod 600 key"


def test_a_changed_secret_is_seen_to_be_another(wb: Workbook, build: Build) -> None:
    from relorch.reports.difference import difference

    step = build.step(content="login --password=first-one-1")
    wb.steps.override(step.id, "login --password=second-two-2")
    (own,) = wb.report(step.release_id).exceptions.overridden
    assert difference(own.template_text, own.own_text) == [
        ("-", "login --password=<masked 1>"),
        ("+", "login --password=<masked 2>"),
    ]


def test_what_is_no_secret_stays(wb: Workbook, build: Build) -> None:
    content = "kubectl get secret db-password\nexport PW=$DB_PASSWORD\n# password: see the vault"
    step = build.step(content=content)
    wb.steps.mark_done(step.id)
    sheet = wb.report(step.release_id, step.customer_id)
    assert (sheet.steps[0].text, sheet.masked.secrets) == (content, 0)
    found = json.loads("".join(printed(sheet, "json")))
    assert found["masked"] == {"secrets": 0, "places": 0}
