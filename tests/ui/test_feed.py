"""One reader feeds all sessions of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relorch.errors import Busy
from relorch.ui import feed as feed_module
from relorch.ui.feed import Feed
from relorch.ui.widgets.pulse import Pulse
from relorch.workbook import Changes, Workbook
from tests.conftest import Build


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    feed_module._process.memories.clear()


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Counting:
    """A workbook that counts its reads, and fails when told to."""

    workbook: Workbook
    reads: list[int] = field(default_factory=list)
    failing: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.workbook, name)

    def changes_since(self, revision: int) -> Changes:
        self.reads.append(revision)
        if self.failing:
            raise Busy("x.db: another program holds the database.")
        return self.workbook.changes_since(revision)


def feed_of(wb: Workbook) -> tuple[Feed, Counting, Clock]:
    counting, clock = Counting(wb), Clock()
    feed = Feed.of(counting)  # type: ignore[arg-type]
    feed.memory.clock = clock
    return feed, counting, clock


def test_thirty_sessions_that_ask_for_a_second_make_three_reads_and_each_sees_a_change_once(
    wb: Workbook, build: Build
) -> None:
    step = build.step()
    feed, counting, clock = feed_of(wb)
    sessions = [Feed.of(counting) for _ in range(30)]  # type: ignore[arg-type]
    seen = [feed.newest()] * 30
    told: list[list[frozenset[int]]] = [[] for _ in sessions]
    counting.reads.clear()
    for moment in range(1, 101):
        clock.now = moment / 100
        if moment == 40:
            wb.steps.mark_done(step.id)
        for at, session in enumerate(sessions):
            changes = session.since(seen[at])
            seen[at] = changes.revision
            if changes.any:
                told[at].append(changes.customers)
    assert len(counting.reads) <= 3
    assert told == [[frozenset({step.customer_id})]] * 30


def test_only_one_thread_reads_and_the_others_get_the_last_answer_at_once(wb: Workbook, build: Build) -> None:
    build.step()
    feed, counting, clock = feed_of(wb)
    began, go_on = threading.Event(), threading.Event()
    real = counting.workbook.changes_since

    def slow(revision: int) -> Changes:
        began.set()
        go_on.wait(10)
        return real(revision)

    counting.workbook = type("Slow", (), {"changes_since": staticmethod(slow)})()  # type: ignore[assignment]
    reader = threading.Thread(target=feed.since, args=(0,))
    reader.start()
    assert began.wait(10)
    assert not feed.since(feed.memory.revision).any
    clock.now = 4
    assert feed.trouble() == "the database does not answer."
    go_on.set()
    reader.join(10)
    assert feed.trouble() is None


def test_a_session_that_is_ahead_of_the_last_read_does_not_go_back(wb: Workbook, build: Build) -> None:
    feed, _, clock = feed_of(wb)
    feed.since(0)
    step = build.step()
    ahead = wb.revision()
    assert feed.since(ahead) == Changes(ahead, frozenset(), frozenset())
    clock.now = 1
    assert feed.since(ahead) == Changes(ahead, frozenset(), frozenset())
    wb.steps.mark_done(step.id)
    clock.now = 2
    assert feed.since(ahead).customers == {step.customer_id}


def test_what_was_changed_before_anybody_asked_is_read_for_who_missed_it(wb: Workbook, build: Build) -> None:
    step = build.step()
    before = wb.revision()
    wb.steps.mark_done(step.id)
    feed, _, _ = feed_of(wb)
    assert feed.since(before).customers == {step.customer_id}


def test_a_database_that_fails_is_told_after_some_seconds_and_the_feed_recovers(wb: Workbook, build: Build) -> None:
    step = build.step()
    feed, counting, clock = feed_of(wb)
    seen = feed.newest()
    counting.failing = True
    clock.now = 100
    assert (feed.since(seen).any, feed.trouble()) == (False, None)
    clock.now = 102
    assert (feed.since(seen).any, feed.trouble()) == (False, None)
    clock.now = 103.1
    assert (feed.since(seen).any, feed.trouble()) == (False, "x.db: another program holds the database.")
    wb.steps.mark_done(step.id)
    counting.failing = False
    clock.now = 104
    assert (feed.since(seen).customers, feed.trouble()) == ({step.customer_id}, None)


def test_two_databases_have_a_feed_each(wb: Workbook, tmp_path: Path) -> None:
    from relorch import open_workbook

    with open_workbook(str(tmp_path / "other.db"), operator="ben") as other:
        assert Feed.of(other).memory is not Feed.of(wb).memory
        assert Feed.of(wb.acting_as("ben")).memory is Feed.of(wb).memory


def test_the_pulse_says_what_was_changed_once(wb: Workbook, build: Build) -> None:
    step = build.step()
    heard: list[Changes] = []
    _, _, clock = feed_of(wb)
    pulse = Pulse(wb, heard.append)
    clock.now = 1
    wb.acting_as("ben").steps.mark_done(step.id)
    pulse._look(None, {"type": "look"}, None)
    clock.now += 1
    pulse._look(None, {"type": "look"}, None)
    assert [changes.customers for changes in heard] == [{step.customer_id}]
    assert pulse.trouble == ""
