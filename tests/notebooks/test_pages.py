"""Every page runs headless on a given workbook: empty, with a draft, with an active release."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook
from relorch.ui import words
from relorch.ui.page import PAGES
from relorch.ui.session import Params
from tests.conftest import Build

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_ABOUT_NO_RELEASE = ("inventory", "analysis")


def run(page: str, workbook: Workbook, **params: str) -> tuple[str, dict[str, Any]]:
    """Run a page; give what its cells show as one text, and what they define."""
    spec = importlib.util.spec_from_file_location(f"page_{page}", NOTEBOOKS / f"{page}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, defined = module.app.run(defs={"workbook": workbook, "params": Params(params)})
    return "\n".join(output.text for output in outputs if hasattr(output, "text")), dict(defined)


def test_there_is_one_notebook_a_page_and_nothing_else() -> None:
    files = {path.name for path in NOTEBOOKS.iterdir() if not path.name.startswith("__")}
    assert files == {f"{page}.py" for page in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_on_an_empty_workbook(wb: Workbook, page: str) -> None:
    shown, _ = run(page, wb)
    assert page.capitalize() in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("dashboard", words.FIRST_RUN_TITLE),
        ("matrix", words.NO_RELEASE),
        ("progress", words.PROGRESS_NOTHING),
        ("analysis", words.ANALYSIS_NOT_ASKED),
    ],
)
def test_a_page_on_an_empty_workbook_says_what_to_do(wb: Workbook, page: str, said: str) -> None:
    shown, _ = run(page, wb)
    assert said in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_on_a_draft(wb: Workbook, build: Build, page: str) -> None:
    draft = build.release()
    build.template(draft)
    build.customer()
    shown, _ = run(page, wb, **({} if page in ("dashboard", "inventory") else {"release": str(draft.id)}))
    assert page in _ABOUT_NO_RELEASE or draft.name in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_on_an_active_release(wb: Workbook, build: Build, page: str) -> None:
    release = build.active(customers=3, steps=2)
    shown, _ = run(page, wb)
    assert page in _ABOUT_NO_RELEASE or release.name in shown


def test_the_dashboard_shows_progress_failures_and_what_is_next(wb: Workbook, build: Build) -> None:
    first, second, third, *_ = build.steps_of(build.active(customers=2, steps=2))
    wb.steps.mark_done(first.id)
    wb.steps.fail(second.id, reason="disk <full>")
    shown, _ = run("dashboard", wb)
    assert "25 %" in shown
    assert "disk &lt;full&gt;" in shown
    assert f"{third.name}" in shown


def test_the_matrix_opens_the_release_and_step_it_is_asked_for(wb: Workbook, build: Build) -> None:
    release = build.active()
    build.active()
    step = build.steps_of(release)[0]
    _, defined = run("matrix", wb, release=str(release.id), step=str(step.id))
    assert defined["release"].id == release.id


def test_an_analysis_of_a_release_answers_with_it(wb: Workbook, build: Build) -> None:
    release = build.active(customers=3, steps=2)
    shown, _ = run("analysis", wb, q="FROM step_facts")
    assert shown.count(release.name) >= 6


def test_the_matrix_of_a_draft_says_that_it_has_none(wb: Workbook, build: Build) -> None:
    draft = build.release()
    shown, _ = run("matrix", wb, release=str(draft.id))
    assert "is a draft" in shown


@pytest.mark.parametrize("page", ["matrix", "steps", "releases", "checklist", "progress"])
@pytest.mark.parametrize("asked", ["4711", "no such name", "9" * 40])
def test_a_release_that_is_not_there_is_said_to_be_missing(wb: Workbook, build: Build, page: str, asked: str) -> None:
    build.active()
    shown, _ = run(page, wb, release=asked)
    assert "There is no such release" in shown
