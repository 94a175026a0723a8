"""The list of releases: one card each, grouped by status; one of them is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

from relorch.ui.widgets import module, style


class ReleaseList(anywidget.AnyWidget):
    """Cards by status, the newest first, with a button for a new release above them.

    It only shows and selects: `on_open` hears the id of the card that was pressed, or 0 for a new release. The
    release that is open stands in the page's address. `show` draws what is stored now, without moving the focus.
    """

    _esm = module("releases")
    _css = style("releases")
    groups: traitlets.List[Any] = traitlets.List().tag(sync=True)
    opened = traitlets.Int().tag(sync=True)
    missing = traitlets.Bool().tag(sync=True)

    def __init__(self, on_open: Callable[[int], object]) -> None:
        super().__init__()
        self._on_open = on_open
        self.on_msg(self._receive)

    def show(self, groups: Sequence[dict[str, Any]], opened: int, *, missing: bool = False) -> None:
        """Draw these groups of cards; `opened` is the id of the open release, 0 for none.

        `missing`: the address asks for a release that is not there, and keeps doing so.
        """
        with self.hold_sync():
            self.groups, self.opened, self.missing = list(groups), opened, missing

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        wanted = content.get("open") if isinstance(content, dict) else None
        if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < 2**63:
            self._on_open(wanted)
