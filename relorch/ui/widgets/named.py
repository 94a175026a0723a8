"""The accessible name of a code editor, which marimo's own does not have."""

from __future__ import annotations

import anywidget
import traitlets

from relorch.ui.widgets import module


class NamedEditor(anywidget.AnyWidget):
    """Draws nothing; names the text box of the code editor in the same cell. `name` is one of our own words."""

    _esm = module("named")
    name = traitlets.Unicode().tag(sync=True)
