"""One verb for many steps stands on what its preview showed: those steps, and their texts."""

from __future__ import annotations

from typing import Any

import pytest

from relorch import Workbook
from relorch.model.values import CustomerStep, Release
from relorch.ui import words
from relorch.ui.widgets.bulk import PREVIEWED, REMEMBERED
from relorch.ui.widgets.matrix import MatrixWidget
from tests.conftest import Build

TEXT = "kubectl --kubeconfig ${{ cluster.kubeconfig_path | path }} get pods"


class Page(MatrixWidget):
    """The widget, and what it says to the browser."""

    def __init__(self, workbook: Workbook, release: Release) -> None:
        self.said: list[Any] = []
        super().__init__(workbook, release, channel="test")

    def send(self, content: Any, buffers: Any = None) -> None:
        self.said.append(content)

    def ask(self, kind: str, request: int, steps: list[CustomerStep], verb: str = "mark_done", **rest: Any) -> Any:
        """Send a preview, or what confirms it; gives the answer."""
        more = {"include": False} if kind == "preview" else {"reason": None, "note": None}
        shown = {"ids": [step.id for step in steps], "versions": [step.row_version for step in steps]}
        before = len(self.said)
        self._receive(None, {"type": kind, "request": request, "verb": verb, **shown, **more, **rest}, None)
        return self.said[before]


@pytest.fixture
def shown(wb: Workbook, build: Build) -> tuple[Page, list[CustomerStep]]:
    """The page of an active release with three customers of one cluster, and their steps."""
    release = build.active(customers=3, content=TEXT)
    return Page(wb, release), build.steps_of(release)


@pytest.mark.parametrize("verb", ["mark_done", "start", "fail"])
def test_a_text_that_changed_after_the_preview_is_not_recorded(
    shown: tuple[Page, list[CustomerStep]], wb: Workbook, verb: str
) -> None:
    page, steps = shown
    assert page.ask("preview", 1, steps, verb)["will"] == 3
    cluster = wb.customers.get(steps[0].customer_id).cluster_id
    wb.acting_as("ben").clusters.update(cluster, kubeconfig_path="~/.kube/other", confirm=True)
    done = page.ask("do", 1, steps, verb, reason="it broke" if verb == "fail" else None)
    assert (done["count"], done["batch"], done["refused"]["count"]) == (0, None, 3)
    assert "is no longer the one that was shown" in done["refused"]["steps"][0][1]
    assert {step.status for step in map(wb.steps.get, (step.id for step in steps))} == {"pending"}
    assert page.ask("preview", 2, steps, verb)["will"] == 3
    assert page.ask("do", 2, steps, verb, reason="it broke" if verb == "fail" else None)["count"] == 3
    assert "~/.kube/other" in (wb.steps.get(steps[0].id).executed_content or "")


def test_what_the_preview_refused_stays_refused(shown: tuple[Page, list[CustomerStep]], wb: Workbook) -> None:
    page, steps = shown
    ben = wb.acting_as("ben").steps
    ben.mark_done(steps[1].id)
    assert page.ask("preview", 1, steps)["will"] == 2
    ben.reopen(steps[1].id)
    now = [wb.steps.get(step.id) for step in steps]
    done = page.ask("do", 1, now)
    assert (done["count"], done["refused"]["reasons"]) == (2, [["already done by ben", 1, [steps[1].id]]])
    assert [wb.steps.get(step.id).status.value for step in steps] == ["done", "pending", "done"]


def test_nothing_is_done_that_was_not_previewed(shown: tuple[Page, list[CustomerStep]], wb: Workbook) -> None:
    page, steps = shown
    page.ask("preview", 1, steps[:2])
    for request, wanted, verb in ((1, steps, "mark_done"), (1, steps[:2], "start"), (2, steps[:2], "mark_done")):
        answer = page.ask("do", request, wanted, verb)
        assert (answer["type"], answer["message"]) == ("refused", words.PREVIEW_GONE)
    assert {wb.steps.get(step.id).status for step in steps} == {"pending"}
    for request in range(2, 2 + PREVIEWED):
        page.ask("preview", request, steps)
    assert page.ask("do", 1, steps[:2])["message"] == words.PREVIEW_GONE
    assert page.ask("do", 2, steps)["count"] == 3


def test_the_same_message_twice_is_done_once(shown: tuple[Page, list[CustomerStep]], wb: Workbook) -> None:
    page, steps = shown
    page.ask("preview", 1, steps)
    done = page.ask("do", 1, steps)
    assert page.ask("do", 1, steps) == done
    page._receive(None, {"type": "undo", "request": 2, "batch": done["batch"], "skip_touched": False}, None)
    assert {wb.steps.get(step.id).status for step in steps} == {"pending"}


def test_only_the_last_batches_of_a_page_are_taken_back(shown: tuple[Page, list[CustomerStep]], wb: Workbook) -> None:
    page, steps = shown
    batches = []
    for number in range(REMEMBERED + 1):
        step = wb.steps.get(steps[0].id)
        verb = "reopen" if number % 2 else "start"
        page.ask("preview", number, [step], verb)
        batches.append(page.ask("do", number, [step], verb)["batch"])
    for request, batch in enumerate((batches[0], batches[-1]), start=1_000):
        page._receive(None, {"type": "undo", "request": request, "batch": batch, "skip_touched": False}, None)
    answers = [each for each in page.said if each.get("request", 0) >= 1_000]
    assert [(each["type"], each.get("message"), each.get("count")) for each in answers] == [
        ("refused", words.NOT_UNDERSTOOD, None),
        ("undone", None, 1),
    ]
