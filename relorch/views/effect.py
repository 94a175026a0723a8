"""What a change of a template does, or would do, to the steps that are already out there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from relorch.model.placeholders import Rendering
from relorch.model.status import Status
from relorch.model.values import Customer, MemberState
from relorch.store.rows import RowDict

Render = Callable[[RowDict], Rendering]


@dataclass(frozen=True)
class StepNote:
    """One customer's step, by the names people know, with what there is to say about it.

    `name`, `category` and `template_id` are the step's. `diff`: a unified diff from the new template text to the
    step's own; `why`: why it cannot render.
    """

    step_id: int | None
    customer_id: int
    customer_name: str
    namespace: str
    cluster_name: str
    status: str
    diff: str | None = None
    why: str | None = None
    name: str = ""
    category: str = ""
    template_id: int | None = None


@dataclass(frozen=True)
class Effect:
    """The steps a change of a template reaches, and those it leaves as they are.

    `updates` are changed (or made, or taken away); `overridden` keep their own text, with a diff; `executed`
    are no longer pending and keep theirs; `cannot_render` are those of `updates` that will have no text.
    """

    updates: tuple[StepNote, ...] = ()
    overridden: tuple[StepNote, ...] = ()
    executed: tuple[StepNote, ...] = ()
    cannot_render: tuple[StepNote, ...] = ()


@dataclass(frozen=True)
class Enrolment:
    """Who would join a release, by cluster and name, and which of their steps will have no text.

    `steps` counts what they would get in all, of `templates` (id and row_version); `already` are those of the chosen
    who take part and stay as they are.
    """

    customers: tuple[Customer, ...]
    steps: int = 0
    templates: tuple[tuple[int, int], ...] = ()
    cannot_render: tuple[StepNote, ...] = ()
    already: tuple[int, ...] = ()


def effect_of_update(steps: Iterable[RowDict], new: RowDict, render: Render, *, reaches: bool = True) -> Effect:
    """Give what becomes of a template's steps (rows with context) when those that follow it get the columns `new`.

    `reaches=False`: the change is none that steps follow, such as one of the description.
    """
    there = [row for row in steps if row["member_state"] != MemberState.REMOVED]
    pending = [row for row in there if row["status"] == Status.PENDING]
    follows = [row for row in pending if not row["is_overridden"]] if reaches else []
    return Effect(
        updates=tuple(note(row) for row in follows),
        overridden=tuple(
            note(row, diff=_diff(new["content"], row["content"])) for row in pending if row["is_overridden"]
        ),
        executed=tuple(note(row) for row in there if row["status"] != Status.PENDING),
        cannot_render=unrendered((row | new for row in follows), render),
    )


def unrendered(steps: Iterable[RowDict], render: Render) -> tuple[StepNote, ...]:
    """Give those of the steps that have no text, each with why."""
    notes = ((row, render(row).problems) for row in steps)
    return tuple(note(row, why="; ".join(map(str, problems))) for row, problems in notes if problems)


def note(row: RowDict, *, diff: str | None = None, why: str | None = None) -> StepNote:
    """Give a step row with its context as a note."""
    return StepNote(
        step_id=row.get("id"),
        customer_id=row["customer_id"],
        customer_name=row["customer_name"],
        namespace=row["namespace"],
        cluster_name=row["cluster_name"],
        status=row.get("status", Status.PENDING.value),
        diff=diff,
        why=why,
        name=row.get("name", ""),
        category=row.get("category", ""),
        template_id=row.get("template_id"),
    )


def _diff(template: str, own: str) -> str:
    lines = difflib.unified_diff(template.splitlines(), own.splitlines(), "template", "this customer", lineterm="")
    return "\n".join(lines)
