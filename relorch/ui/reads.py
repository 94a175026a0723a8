"""What the cells of a page read: where the database does not answer they say so, and are drawn again when it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import marimo as mo

from relorch.errors import StorageError
from relorch.ui.page import refusal

PAUSE_SECONDS = 2.0
"""For so long after a failed read the other cells do not wait for the database too."""

Read = TypeVar("Read")


@dataclass
class Reads:
    """The reads of one page; `draw_anew` has the cells drawn again that do not follow the page's pulse."""

    draw_anew: Callable[[], object]
    error: StorageError | None = None
    failed_at: float = 0.0

    def __call__(self, read: Callable[[], Read]) -> Read:
        """Give what is read; when the database does not answer, stop the cell with why instead."""
        if self.error is None or time.monotonic() - self.failed_at > PAUSE_SECONDS:
            try:
                return read()
            except StorageError as error:
                self.error, self.failed_at = error, time.monotonic()
        mo.stop(True, refusal(self.error))
        raise self.error  # never reached: `mo.stop` has left the cell

    def recover(self) -> bool:
        """Have drawn again what failed, because the database answers again; gives whether anything had failed."""
        if self.error is None:
            return False
        self.error = None
        self.draw_anew()
        return True
