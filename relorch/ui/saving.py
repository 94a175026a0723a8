"""What became of a pressed button: an answer, or a question that another button answers; and edits that may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import marimo as mo

from relorch.errors import Conflict
from relorch.ui import words
from relorch.ui.answer import Answer, attempt, not_stored
from relorch.ui.page import element, html, show


@dataclass(frozen=True)
class Pressed:
    """What became of a button: an answer, or a question with the button `sure` that says yes to it.

    `seen` is what was stored when it asked; of an edit, `typed` is what it asked about.
    """

    answer: Answer[Any] | None
    question: str = ""
    yes: str = ""
    sure: mo.ui.run_button | None = None
    seen: Any = None
    typed: Mapping[str, Any] | None = None

    @property
    def stored(self) -> bool:
        """Whether the workbook has stored something."""
        return self.answer is not None and self.answer.stored

    @property
    def shown(self) -> mo.Html:
        """Give what to show beside the button."""
        if self.answer is not None:
            return self.answer.shown
        return show(
            html(
                '<div class="ro-page ro-warned" role="alert"><p>{question}</p><p>{button}</p></div>',
                question=self.question,
                button=element(self.sure) if self.sure is not None else "",
            )
        )


def ask(question: str, yes: str, **about: Any) -> Pressed:
    """Give a question with a button that says yes; `about`: `seen` and `typed` of an edit."""
    return with_button(Pressed(None, question, yes, **about))


def with_button(asked: Pressed) -> Pressed:
    """Give a question with a new button: one that belongs to the cell which draws it. An answer needs none."""
    return asked if not asked.yes else replace(asked, sure=mo.ui.run_button(label=asked.yes, kind="warn"))


def beside(came: Pressed | Answer[Any]) -> mo.Html | None:
    """Give what stands below a button: why not, or a question. What was stored is said at the top of the panel."""
    return None if came.stored else came.shown


def save_edit(
    verbs: Any,
    base: Any,
    typed: Mapping[str, Any],
    fields: Callable[[], dict[str, Any]],
    *,
    asked: Pressed | None = None,
) -> Pressed:
    """Save an edit, or ask first: when it changes open texts, and when somebody else changed the same fields.

    Args:
        verbs: the workbook's `clusters`, `customers` or `releases`.
        base: the value the form was filled with.
        typed: what is in the form.
        fields: gives the fields that were touched; may raise `InvalidValue`.
        asked: the question that is being answered with yes.
    """
    question = _question(verbs, base, typed, fields)
    if asked is None and question is not None:
        return question
    if asked is not None and (asked.typed != typed or question is None or question.question != asked.question):
        # yes was said to something else: press Save, and be asked anew
        return (
            question if question is not None and question.answer is not None else Pressed(not_stored(words.NOT_ASKED))
        )
    seen = base if asked is None else asked.seen

    def store() -> Any:
        touched = fields()
        expected = {name: getattr(seen, name) for name in touched}
        return verbs.update(base.id, confirm=asked is not None, expected=expected, **touched)

    return Pressed(attempt(store, lambda stored: words.saved(stored.name)))


def _question(verbs: Any, base: Any, typed: Mapping[str, Any], fields: Callable[[], dict[str, Any]]) -> Pressed | None:
    def preview(**expected: Any) -> Any:
        return verbs.preview_update(base.id, **expected, **fields())

    effect = attempt(lambda: preview(expected={name: getattr(base, name) for name in fields()}), str)
    clash = str(effect.error) if isinstance(effect.error, Conflict) else ""
    if clash:
        effect = attempt(preview, str)
    if effect.result is None:
        return Pressed(effect)
    texts = words.changes_texts(effect.result.pending, effect.result.in_progress) if effect.result.total else ""
    if not (clash or texts):
        return None
    question = " ".join(part for part in (clash, texts) if part)
    yes = words.SAVE_MINE_OVER_IT if clash else words.SAVE_ALL_THE_SAME
    return ask(question, yes, seen=verbs.get(base.id) if clash else base, typed=dict(typed))
