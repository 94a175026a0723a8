"""What can be looked at and done, as a strip of tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from relorch.ui.widgets import module, style


class TabStrip(anywidget.AnyWidget):
    """Tabs of these names, one of which is picked; the content of each is drawn by a cell of its own.

    Not `mo.ui.tabs`: in there the Tab key opens the last tab, and the arrow keys any.
    """

    _esm = module("tabs")
    _css = style("tabs")
    names: traitlets.List[str] = traitlets.List().tag(sync=True)
    picked = traitlets.Unicode().tag(sync=True)

    def __init__(self, names: Sequence[str], picked: str | None = None) -> None:
        super().__init__(names=list(names), picked=picked if picked in names else names[0])

    @traitlets.validate("picked")
    def _known(self, proposal: Any) -> str:
        """Take what the browser sends only if it is one of the tabs."""
        return str(proposal["value"]) if proposal["value"] in self.names else self.picked
