"""Edits that change what open texts render to: counted before they are made, and only made when confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from relorch.errors import NotAllowed
from relorch.model.status import Status
from relorch.store.rows import RowDict
from relorch.workbook.rendering import rendering_of


@dataclass(frozen=True)
class TextChange:
    """How many open steps would show another text after an edit.

    `pending` counts all that are open and not in progress; what is `in_progress` keeps the text it was started with.
    """

    pending: int
    in_progress: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.pending + self.in_progress


def text_change(steps: Sequence[RowDict], edited: Callable[[RowDict], RowDict]) -> TextChange:
    """Count the open steps (rows with context) whose text differs once `edited` has changed their context."""
    changed = [row for row in steps if "${{" in row["content"] and _differs(row, edited(row))]
    in_progress = sum(row["status"] == Status.IN_PROGRESS for row in changed)
    return TextChange(len(changed) - in_progress, in_progress)


def refuse_unconfirmed(change: TextChange, what: str, *, confirm: bool) -> None:
    """Refuse an edit that changes open texts and was not confirmed, with `NotAllowed` giving the counts."""
    if change.total and not confirm:
        raise NotAllowed(
            f"This edit of {what} changes the text of {change.pending} open and {change.in_progress} in-progress "
            "steps; look at its preview, then do it with confirm=True."
        )


def _differs(before: RowDict, after: RowDict) -> bool:
    old, new = rendering_of(before), rendering_of(after)
    return (old.sha256, old.problems) != (new.sha256, new.problems)
