"""What others changed: one reader per process and database, from which every session is answered.

However many pages are open, the database is read at most once per half second. A read goes through the workbook
of whoever asks first; who asks meanwhile gets the last answer. Nothing runs while nobody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from relorch.errors import StorageError
from relorch.ui import words
from relorch.workbook import Changes, Workbook

READ_SECONDS = 0.5
"""At least this long between two reads."""
TROUBLE_SECONDS = 3.0
"""For this long a read may fail before the pages say so."""

_Key = TypeVar("_Key", int, int | None)


@dataclass
class Memory:
    """What is known of one database: which customer and release was touched last by which revision.

    `start` is the revision from which on all is known, `revision` the newest one; times are the clock's seconds.
    """

    start: int
    revision: int
    clock: Callable[[], float] = time.monotonic
    customers: dict[int, int] = field(default_factory=dict)
    releases: dict[int | None, int] = field(default_factory=dict)
    tried_at: float | None = None
    failing_since: float | None = None
    error: str | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, changes: Changes) -> None:
        """Take in what a read found."""
        with self.lock:
            if changes.revision < self.revision:  # another file stands in its place
                self.start = changes.revision
            self.revision = changes.revision
            self.customers |= dict.fromkeys(changes.customers, changes.revision)
            self.releases |= dict.fromkeys(changes.releases, changes.revision)
            self.failing_since, self.error = None, None

    def since(self, revision: int) -> Changes | None:
        """Give what was touched after a revision, or None when that is longer ago than is known."""
        with self.lock:
            if revision < self.start:
                return None
            newest = max(revision, self.revision)
            customers = _later(self.customers, revision)
            return Changes(newest, customers, _later(self.releases, revision))

    def is_due(self) -> bool:
        """Whether it is time for another read; whoever asks then has to do it."""
        now = self.clock()
        if self.tried_at is not None and now - self.tried_at < READ_SECONDS:
            return False
        self.tried_at = now
        self.failing_since = now if self.failing_since is None else self.failing_since
        return True

    def trouble(self) -> str | None:
        """Give why nothing could be read for some seconds, or None: what is known is up to date."""
        with self.lock:
            if self.failing_since is None or self.clock() - self.failing_since < TROUBLE_SECONDS:
                return None
            return self.error or words.NO_ANSWER


def _later(touched: dict[_Key, int], revision: int) -> frozenset[_Key]:
    return frozenset(key for key, at in touched.items() if at > revision)


@dataclass
class _Process:
    """What all sessions of the process share: one memory per database file."""

    memories: dict[str, Memory] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_process = _Process()


@dataclass(frozen=True)
class Feed:
    """One session's way to the process's memory of its database; it reads through its own workbook."""

    workbook: Workbook
    memory: Memory

    @classmethod
    def of(cls, workbook: Workbook) -> Feed:
        """Give the feed of the workbook's database; raises `StorageError` when the very first read fails."""
        with _process.lock:
            memory = _process.memories.get(workbook.path)
            if memory is None:
                revision = workbook.revision()
                memory = _process.memories[workbook.path] = Memory(revision, revision)
        return cls(workbook, memory)

    def since(self, revision: int) -> Changes:
        """Give what was changed after a revision, as known at most half a second ago; never raises.

        Where nothing can be read, the answer is that of the last read: see `trouble`. It may name what was
        changed shortly before `revision` too.
        """
        self._read()
        return self.memory.since(revision) or self._long_ago(revision)

    def newest(self) -> int:
        """Give the newest revision that is known: take it before reading what is then kept up to date."""
        self._read()
        return self.memory.revision

    def trouble(self) -> str | None:
        """Give why nothing could be read for some seconds, or None: all is up to date."""
        return self.memory.trouble()

    def answers(self) -> bool:
        """Whether the last read went well."""
        return self.memory.failing_since is None

    def _read(self) -> None:
        """Read what is new, unless somebody does just now or did a moment ago."""
        memory = self.memory
        if not memory.reading.acquire(blocking=False):
            return
        try:
            if memory.is_due():
                memory.add(self.workbook.changes_since(memory.revision))
        except StorageError as error:
            memory.error = str(error)
        finally:
            memory.reading.release()

    def _long_ago(self, revision: int) -> Changes:
        """Give what one session missed that has not asked since before anybody else did."""
        try:
            return self.workbook.changes_since(revision)
        except StorageError:
            return Changes(revision, frozenset(), frozenset())
