"""What became of a button: what the workbook stored, or its refusal, shown beside the button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import marimo as mo

from relorch.errors import RelorchError, StorageError
from relorch.ui import words
from relorch.ui.page import html, show

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer(Generic[Result]):
    """`result` is what the verb gave, or None when it was refused by `error`; `shown` says which, in the page."""

    result: Result | None
    shown: mo.Html
    stored: bool
    error: RelorchError | None = None


def attempt(verb: Callable[[], Result], said: Callable[[Result], object]) -> Answer[Result]:
    """Do one verb of the workbook and give what to show: `said(result)`, or why it was refused.

    Only what the workbook refuses is caught; anything else goes up.
    """
    try:
        result = verb()
    except StorageError as error:
        return Answer(None, _line("ro-refusal", words.NOT_SAVED, str(error)), stored=False, error=error)
    except RelorchError as error:
        return Answer(None, _line("ro-refusal", words.REFUSED, words.by_label(str(error))), stored=False, error=error)
    try:
        text = said(result)
    except StorageError:  # it is stored: that is said, whatever cannot be read for the sentence
        text = ""
    return Answer(result, _line("ro-stored", words.STORED, text), stored=True)


def not_stored(why: str) -> Answer[Any]:
    """Give the answer of a page that did not even ask the workbook, with why."""
    return Answer(None, _line("ro-refusal", words.NOT_SAVED, why), stored=False)


def _line(kind: str, title: str, text: object) -> mo.Html:
    role = "status" if kind == "ro-stored" else "alert"
    return show(
        html('<p class="{kind}" role="{role}"><b>{title}</b> {text}</p>', kind=kind, role=role, title=title, text=text)
    )
