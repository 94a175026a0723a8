"""The order of one customer's steps in one category: live templates as the release has them, the rest beside them.

A *follower* is a step that no live template places: a custom step, or one whose template was retired. It stands
before or after the step of one live template, its anchor, or, without one, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """On which side of its anchor a follower stands."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The live template a follower stands beside; `template_id` None: at the end of the category."""

    template_id: int | None
    side: Side = Side.AFTER


END = Anchor(None)


def anchor_of(template_id: int | None, side: str | None) -> Anchor:
    """Give the anchor that a step's two columns stand for; both None: the end."""
    return END if template_id is None or side is None else Anchor(template_id, Side(side))


def arranged(templates: Sequence[int], own: Mapping[int, int], followers: Sequence[tuple[int, Anchor]]) -> list[int]:
    """Give the step ids of one customer in order.

    `templates`: the live templates in order; `own`: template id → the customer's step of it (it may have none);
    `followers`: (step id, anchor) in the order they have now, which those of one anchor keep.
    """
    beside: dict[Anchor, list[int]] = {}
    for step_id, anchor in followers:
        beside.setdefault(anchor if anchor.template_id in own else END, []).append(step_id)
    order: list[int] = []
    for template_id in templates:
        order += beside.get(Anchor(template_id, Side.BEFORE), [])
        if template_id in own:
            order.append(own[template_id])
        order += beside.get(Anchor(template_id, Side.AFTER), [])
    return order + beside.get(END, [])


def heir(templates: Sequence[int], gone: int) -> Anchor:
    """Give the anchor that takes over when the template `gone` leaves: the one before it, else the one behind it."""
    at = templates.index(gone)
    if at > 0:
        return Anchor(templates[at - 1], Side.AFTER)
    return Anchor(templates[1], Side.BEFORE) if len(templates) > 1 else END
