"""Twenty operators at once: nobody is lost, nobody wins twice, and the others hear who was first."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import Conflict, RelorchError

MOMENT = datetime(2026, 11, 19, 22, 5, 7, tzinfo=UTC)
OPERATORS = [f"operator-{number:02}" for number in range(20)]


def all_at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Start every act in a thread of its own at one moment; give what each returned or raised."""
    answers: list[Any] = [None] * len(acts)
    ready = threading.Barrier(len(acts))

    def run(number: int) -> None:
        ready.wait()
        try:
            answers[number] = acts[number]()
        except RelorchError as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("guarded", [True, False])
def test_of_twenty_who_tick_the_same_step_one_wins_and_nineteen_hear_who(
    wb: Workbook, build: Any, guarded: bool
) -> None:
    step = build.step(name="Migrate")
    version = step.row_version if guarded else None
    answers = all_at_once(
        [
            lambda name=name: wb.acting_as(name).at(MOMENT).steps.mark_done(step.id, expected_version=version)
            for name in OPERATORS
        ]
    )
    losers = [answer for answer in answers if isinstance(answer, RelorchError)]
    (winner,) = [name for name, answer in zip(OPERATORS, answers, strict=True) if answer not in losers]
    assert {type(error) for error in losers} == {Conflict}
    assert {(error.who, error.when, error.status) for error in losers} == {(winner, MOMENT, "done")}
    message = f"is already done by {winner} at 2026-11-19 22:05:07 UTC; nothing was changed."
    assert [str(error) for error in losers if message not in str(error)] == []
    assert (wb.steps.get(step.id).executed_by, wb.steps.get(step.id).row_version) == (winner, 2)
    assert [(event.operator, event.action) for event in wb.history(step_id=step.id)] == [(winner, "step.mark_done")]


def test_twenty_who_tick_twenty_steps_all_win(wb: Workbook, build: Any) -> None:
    release = build.active(customers=20)
    steps = build.steps_of(release)
    answers = all_at_once(
        [
            lambda name=name, step=step: wb.acting_as(name).steps.mark_done(step.id, expected_version=1)
            for name, step in zip(OPERATORS, steps, strict=True)
        ]
    )
    assert [answer for answer in answers if isinstance(answer, RelorchError)] == []
    assert [wb.steps.get(step.id).executed_by for step in steps] == OPERATORS
    assert wb.progress(release.id).percentage == 100
    assert len({answer.batch_id for answer in answers}) == 20
    assert wb.first_broken_event() is None


def test_lists_that_overlap_share_their_steps_out(wb: Workbook, build: Any) -> None:
    ids = [step.id for step in build.steps_of(build.active(customers=12))]
    answers = all_at_once([lambda name=name: wb.acting_as(name).steps.start(ids) for name in OPERATORS[:6]])
    started = [step.id for answer in answers for step in answer.steps]
    assert sorted(started) == sorted(ids)
    assert sum(len(answer.refused) for answer in answers) == 5 * 12


def test_one_name_goes_to_one_cluster(wb: Workbook) -> None:
    answers = all_at_once([lambda: wb.clusters.create(name="eu-1")] * 8)
    assert len([answer for answer in answers if isinstance(answer, RelorchError)]) == 7
    assert [cluster.name for cluster in wb.clusters.list()] == ["eu-1"]


def take_turns(wb: Workbook, step_id: int, changes: int) -> int:
    """Start or reopen the step `changes` times with the version just read, trying again after a conflict."""
    conflicts = 0
    while changes:
        step = wb.steps.get(step_id)
        verb = wb.steps.start if step.status == "pending" else wb.steps.reopen
        try:
            verb(step_id, expected_version=step.row_version)
            changes -= 1
        except Conflict:
            conflicts += 1
    return conflicts


def test_of_400_acknowledged_changes_by_4_threads_none_is_lost(wb: Workbook, build: Any) -> None:
    step = build.step()
    all_at_once([lambda name=name: take_turns(wb.acting_as(name), step.id, 100) for name in OPERATORS[:4]])
    assert wb.steps.get(step.id).row_version == step.row_version + 400
    history = wb.history(step_id=step.id)
    assert [event.action for event in history] == ["step.start", "step.reopen"] * 200
    assert Counter(event.operator for event in history) == dict.fromkeys(OPERATORS[:4], 100)
    assert wb.first_broken_event() is None


TURNS = """
import sys
from relorch import open_workbook
from relorch.errors import Conflict
url, operator, step_id, changes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with open_workbook(url, operator=operator, create=False) as wb:
    print("ready", flush=True)
    sys.stdin.readline()
    while changes:
        step = wb.steps.get(step_id)
        verb = wb.steps.start if step.status == "pending" else wb.steps.reopen
        try:
            verb(step_id, expected_version=step.row_version)
            changes -= 1
        except Conflict:
            pass
"""


def test_of_80_acknowledged_changes_by_2_processes_none_is_lost(wb: Workbook, build: Any, url: str) -> None:
    step = build.step()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", TURNS, url, name, str(step.id), "40"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("ana", "ben")
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ends = [process.communicate("go\n", timeout=60) for process in both]
    assert [error for _, error in ends] == ["", ""]
    assert wb.steps.get(step.id).row_version == step.row_version + 80
    assert Counter(event.operator for event in wb.history(step_id=step.id)) == {"ana": 40, "ben": 40}
    assert wb.first_broken_event() is None
