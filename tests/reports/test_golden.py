"""The reports of a small release as a whole. After a wanted change: `RELORCH_GOLDEN=1 pytest tests/reports`, and look."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relorch.errors import InvalidValue
from relorch.reports import FORMATS, printed
from tests.reports.conftest import HOSTILE, SECRET, Told

LATER = datetime(2027, 1, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"


def cleaned(text: str) -> str:
    """Leave out what a library drew, and how it all looks."""
    text = re.sub(r"<svg .*?(aria-label=\"[^\"]*\").*?</svg>", r"<svg \1>…</svg>", text, flags=re.DOTALL)
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.DOTALL)
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", text)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("about", ["release", "Acme", "Cedar", "hostile"])
def test_a_report_is_as_it_was(told: Told, about: str, form: str) -> None:
    wb, customer = told.wb.at(LATER), told.customers.get(HOSTILE if about == "hostile" else about)
    report = wb.report(told.release) if customer is None else wb.report(told.release, customer)
    found = cleaned("".join(printed(report, form)))
    path = GOLDEN / f"{about.lower()}.{form}"
    if os.environ.get("RELORCH_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found
    assert SECRET not in found


def test_another_form_is_refused(told: Told) -> None:
    with pytest.raises(InvalidValue, match="html, json, csv"):
        printed(told.wb.report(told.release), "xml")
