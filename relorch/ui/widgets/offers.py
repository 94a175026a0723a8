"""The placeholders that a step of a release may use, offered to be copied."""

from __future__ import annotations

from collections.abc import Iterable

import anywidget
import traitlets

from relorch.model.text import visible
from relorch.ui.widgets import module, style


class OffersWidget(anywidget.AnyWidget):
    """A list of placeholders with a value each; `placeholders`: (name, an example or None), in order."""

    _esm = module("offers")
    _css = style("offers")
    offers: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)

    def __init__(self, placeholders: Iterable[tuple[str, str | None]]) -> None:
        super().__init__(
            offers=[
                {"source": f"${{{{ {name} }}}}", "example": visible(example or "")} for name, example in placeholders
            ]
        )
