"""What was read from a workbook's file, kept until something in it changes or the file is closed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from relorch.store import Store


class Kept:
    """What was read from one file at its newest event; older things are let go. Threads may share it.

    `reading` is held by the one thread that reads what is missing, so that others do not read the same once more.
    """

    def __init__(self) -> None:
        self.reading = threading.Lock()
        self._lock = threading.Lock()
        self._revision = -1
        self._found: dict[str, Any] = {}
        self._closed = False

    def at(self, revision: int) -> dict[str, Any]:
        """Give what is kept by its name, if it is of this revision (the newest event's id)."""
        with self._lock:
            return dict(self._found) if revision == self._revision else {}

    def keep(self, revision: int, found: Mapping[str, Any]) -> None:
        """Keep what was found at a revision, unless something newer is kept or the file was closed."""
        with self._lock:
            if self._closed or revision < self._revision:
                return
            if revision > self._revision:
                self._revision, self._found = revision, {}
            self._found.update(found)

    def close(self) -> None:
        """Let everything go, and keep nothing from now on."""
        with self._lock:
            self._closed, self._found = True, {}


_guard = threading.Lock()
_kept: WeakKeyDictionary[Store, Kept] = WeakKeyDictionary()


def kept_of(store: Store) -> Kept:
    """Give what is kept of one open file."""
    with _guard:
        return _kept.setdefault(store, Kept())
