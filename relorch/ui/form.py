"""Forms that cannot be taken for one another.

marimo numbers the elements of a cell from the beginning each time it runs. So what is typed into a form that is just
being replaced would reach its successor: the text of one step in the form of another. Here each form drawn begins with
other numbers than the one before it, and what still comes for that one reaches nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import marimo as mo

from relorch.ui.page import element, html, joined, show


class _Drawn(threading.local):
    """How many forms a session has drawn: each has a thread of its own."""

    forms = 0


_drawn = _Drawn()
_ROUND, _ROOM = 8, 24
"""After so many forms the numbers begin again; so many numbers a form has for itself."""


class Fields:
    """The fields of a form: name → marimo element, each for itself.

    Not a `mo.ui.dictionary`: when two fields of one change faster than the page runs, marimo keeps only the last.
    """

    def __init__(self, elements: Mapping[str, Any]) -> None:
        self.elements = dict(elements)

    @property
    def value(self) -> dict[str, Any]:
        """What stands in the fields; reading it runs no cell."""
        return {name: field.value for name, field in self.elements.items()}

    def on_change(self, heard: Callable[[dict[str, Any]], object]) -> None:
        """Let `heard` have what stands in all fields whenever one of them changes."""
        for field in self.elements.values():
            field._on_change = lambda _: heard(self.value)


def form(fields: Mapping[str, Any]) -> Fields:
    """Give at most ten fields, name → marimo element, as fields with numbers of their own."""
    other_numbers()
    return Fields({name: deepcopy(field) for name, field in fields.items()})  # a copy has a number of its own


def other_numbers() -> None:
    """Let the next element of this cell have a number that those drawn before it did not have."""
    _drawn.forms += 1
    for _ in range(_drawn.forms % _ROUND * _ROOM):
        mo.ui.checkbox()  # takes a number, and is thrown away


def laid_out(drawn: Fields, *buttons: mo.Html, note: object = "") -> mo.Html:
    """Give a form with its buttons under it and a note above it."""
    rows = joined(
        html('<div class="ro-field ro-{name}">{field}</div>', name=name, field=element(field))
        for name, field in drawn.elements.items()
    )
    return show(
        html(
            '<div class="ro-page ro-form">{note}{rows}<div class="ro-buttons">{buttons}</div></div>',
            note=note,
            rows=rows,
            buttons=joined(element(button) for button in buttons),
        )
    )
