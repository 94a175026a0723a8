"""What was typed into the forms of one page and not stored yet: it is there again when one comes back to the form.

A page makes one `Drafts` for itself. A form is begun with `begin`, which gives what stands in it, and drawn with
`drawn`, so that what is typed is kept; `finish` forgets it, when it was stored or is not wanted any more. No cell keeps
what is typed: when the last letter and a click on a tab come together, such a cell does not run any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import marimo as mo

from relorch.ui import words
from relorch.ui.form import Fields
from relorch.ui.page import Markup, html

Key = tuple[str, int]
"""A form's name and the id of what it is about; 0 where that is new."""


@dataclass
class Form:
    """A form that was begun: `stored` is what would stand in it without typing, `shown` what does stand in it.

    `base` is what an edit changes: as it is stored now, but in the fields typed before as it was stored then, so
    that a change by somebody else meanwhile is asked about.
    """

    key: Key
    base: Any
    stored: Mapping[str, Any]
    shown: Mapping[str, Any]
    is_finished: bool = False

    @property
    def is_draft(self) -> bool:
        """Whether something typed before stands in the form again."""
        return self.shown != self.stored

    @property
    def note(self) -> Markup:
        """Say that it does; empty when it does not."""
        if not self.is_draft:
            return Markup()
        return html(
            '<p class="ro-hint" role="note"><span class="ro-chip ro-off">{chip}</span> {text}</p>',
            chip=words.UNSAVED,
            text=words.TYPED_BEFORE,
        )


@dataclass
class Drafts:
    """The drafts of one page of one session."""

    kept: dict[Key, tuple[Any, dict[str, Any]]] = field(default_factory=dict)

    def begin(self, key: Key, printed: Callable[[Any], Mapping[str, Any]], now: Any = None) -> Form:
        """Begin a form.

        Args:
            key: which form, of what.
            printed: gives the fields of `now` as they stand in the form.
            now: what is edited, as it is stored now; None where the form is about nothing stored.
        """
        base, typed = self.kept.get(key, (now, {}))
        if now is not None and base is not now:
            base = now.model_copy(update={name: getattr(base, name) for name in typed})
        stored = printed(base)
        return Form(key, base, stored, {**stored, **typed})

    def drawn(self, form: Form, fields: Fields) -> Fields:
        """Keep from now on what is typed into the fields that a form was drawn as; give them."""
        fields.on_change(lambda values: self.keep(form, values))
        return fields

    def keep(self, form: Form, values: Mapping[str, Any]) -> None:
        """Remember what is typed in a form, unless it is finished."""
        if form.is_finished:
            return
        typed = {name: value for name, value in values.items() if value != form.stored.get(name)}
        if typed:
            self.kept[form.key] = form.base, typed
        else:
            self.kept.pop(form.key, None)

    def finish(self, form: Form) -> None:
        """Forget what was typed in a form."""
        form.is_finished = True
        self.kept.pop(form.key, None)

    def discard(self, form: Form, draw_anew: Callable[[], object]) -> list[mo.ui.button]:
        """Give the button that drops what was typed before, when there is such; `draw_anew` shows what is stored."""

        def drop(_: object) -> None:
            self.finish(form)
            draw_anew()

        return [mo.ui.button(label=words.DISCARD, on_click=drop)] if form.is_draft else []
