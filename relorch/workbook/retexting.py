"""Edits that change what open texts render to: counted before they are made, and only made when confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relorch.errors import NotAllowed
from relorch.model.placeholders import Scope, names_in, render
from relorch.model.status import Status
from relorch.model.values import StepType
from relorch.store import Connection, steps
from relorch.store.rows import RowDict
from relorch.workbook.rendering import rendering_of, scope_of


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


def text_change(found: Sequence[RowDict], edited: Callable[[RowDict], RowDict]) -> TextChange:
    """Count the open steps (rows with context) whose text differs once `edited` has changed their context."""
    changed = [row for row in found if "${{" in row["content"] and _differs(row, edited(row))]
    in_progress = sum(row["status"] == Status.IN_PROGRESS for row in changed)
    return TextChange(len(changed) - in_progress, in_progress)


def edit_change(
    connection: Connection, before: RowDict, new: RowDict, columns: Mapping[str, str], **whose: int
) -> TextChange:
    """Count the open steps whose text differs once a release, customer or cluster is edited.

    `before`: its row; `new`: the edit; `columns`: what its fields are called in the context of a step; `whose`:
    `release_id`, `customer_id` or `cluster_id`. Only texts that name what changes are read, each once.
    """
    context = {columns[field]: value for field, value in new.items() if field in columns and value != before[field]}
    rows = steps.open_contexts(connection, **whose) if context else {}
    members = {key: _Edited(scope_of(row), scope_of(row | context)) for key, row in rows.items()}
    words = _words({name for edit in members.values() for name in edit.names})
    texts = steps.open_texts(connection, words, **whose) if words else {}
    changed = Counter(status for text, found in texts.items() for status in _changed(*text, found, members))
    in_progress = changed[Status.IN_PROGRESS]
    return TextChange(changed.total() - in_progress, in_progress)


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


_MOST_WORDS = 20
"""How many names are looked for one by one."""


def _words(names: set[str]) -> list[str]:
    """Give what a text must hold, one or the other, for a change of these names to change it."""
    return sorted(names) if len(names) <= _MOST_WORDS else ["${{"]


class _Edited:
    """What placeholders stand for, for one member, before an edit and after it."""

    def __init__(self, before: Scope, after: Scope) -> None:
        self.before, self.after = before, after
        self.old, self.new = _values(before), _values(after)
        self.names = _differing(self.old, self.new)


def _changed(
    type_: str, content: str, found: Iterable[tuple[int, int, str]], members: Mapping[tuple[int, int], _Edited]
) -> Iterator[str]:
    """Give the status of each step with this text that will say something else; rendered once for equal values."""
    names = {part.name for part in names_in(content)}
    known: dict[tuple[Any, ...], bool] = {}
    for release_id, customer_id, status in found:
        edit = members[release_id, customer_id]
        if names.isdisjoint(edit.names):
            continue
        values = tuple((edit.old.get(name), edit.new.get(name)) for name in names)
        if values not in known:
            old, new = (render(content, StepType(type_), each) for each in (edit.before, edit.after))
            known[values] = (old.sha256, old.problems) != (new.sha256, new.problems)
        if known[values]:
            yield status


def _values(values: Scope) -> dict[str, str | None]:
    return {**values.names, **{f"vars.{key}": value for key, value in values.variables.items()}}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
