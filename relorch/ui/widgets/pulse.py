"""The pulse of a page: it hears what anybody changed in the workbook, and says when it cannot."""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import traitlets

from relorch.ui import words
from relorch.ui.feed import Feed
from relorch.ui.reads import Reads
from relorch.ui.widgets import module
from relorch.workbook import Changes, Workbook


class Pulse(anywidget.AnyWidget):
    """Calls `on_change(changes)` within 2 s after anybody, this page too, changed the workbook.

    It draws nothing, but for one line while the database cannot be read. `seen` is the revision that the page shows
    already (`Feed.of(workbook).newest()`, taken before the page read anything); None: what is newest now. With
    `reads`, what failed to be read is drawn again, and `on_change` called, once the database answers again.
    """

    _esm = module("pulse")
    _css = ".ro-pulse { margin: 0; padding: 6px 12px; color: var(--ro-warn); font: 600 14px/20px var(--ro-font); }"
    trouble = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        workbook: Workbook,
        on_change: Callable[[Changes], object],
        *,
        seen: int | None = None,
        reads: Reads | None = None,
    ) -> None:
        super().__init__()
        self._feed = Feed.of(workbook)
        self._seen = self._feed.newest() if seen is None else seen
        self._on_change = on_change
        self._reads = reads
        self.on_msg(self._look)

    def _look(self, _widget: object, _content: object, _buffers: object) -> None:
        changes = self._feed.since(self._seen)
        self._seen = changes.revision
        why = self._feed.trouble()
        self.trouble = words.not_up_to_date(why) if why else ""
        recovered = self._reads is not None and self._feed.answers() and self._reads.recover()
        if changes.any or recovered:
            self._on_change(changes)
