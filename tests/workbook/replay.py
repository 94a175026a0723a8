"""Rebuild what a release's steps are from its history alone.

How events are read:
- an event with a `step_id` and no `rows` gives that step the columns of its `after`;
- `rows` lists what else happened, each entry for rows of one table: no `before`: they were added (again: then the
  entry that removed them holds them whole); no `after`: they were removed (`like` an earlier one of the same event
  but for what `before` says); else they got the columns of `after`;
- `order` is the order of a category's live templates from then on;
- activation and `add_customers` name the templates that were given; steps get their ids by customer, category and
  place, beginning with `first_step_id` for the first release of a file, each insertion beyond all before it;
- members are followed by `state`, because a new template reaches those that are not removed.
An undo has the same form, so nothing here knows what an undo is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relorch.model.values import Event

Row = dict[str, Any]
Place = tuple[int, str]

NEW: Row = {
    "status": "pending",
    "executed_at": None,
    "executed_by": None,
    "executed_content": None,
    "executed_sha256": None,
    "skip_reason": None,
    "notes": None,
    "is_overridden": False,
    "anchor_template_id": None,
    "anchor_side": None,
}
"""What a step is before anything happened to it."""


def arranged(live: Sequence[int], steps: Mapping[int, Row], now: Sequence[int]) -> list[int]:
    """Give one customer's steps of a category in order: what stands `before` a live template's step, it, `after` it.

    `live`: the live templates in order; `now`: the ids in the order they have now, which those at one place keep.
    Whatever has no place of its own comes last.
    """
    own = {steps[each]["template_id"]: each for each in now if steps[each]["template_id"] in live}
    at: dict[tuple[int, str] | None, list[int]] = {}
    for each in now:
        if each not in own.values():
            anchor = steps[each]["anchor_template_id"]
            at.setdefault((anchor, steps[each]["anchor_side"]) if anchor in own else None, []).append(each)
    order: list[int] = []
    for template in live:
        mine = [own[template]] if template in own else []
        order += [*at.get((template, "before"), []), *mine, *at.get((template, "after"), [])]
    return order + at.get(None, [])


@dataclass
class Replay:
    """The steps of one release, as its events tell them."""

    next_id: int = 1
    steps: dict[int, Row] = field(default_factory=dict)
    order: dict[Place, list[int]] = field(default_factory=dict)
    live: dict[str, list[int]] = field(default_factory=lambda: {"deploy": [], "verify": []})
    members: dict[int, str] = field(default_factory=dict)
    templates: dict[int, Row] = field(default_factory=dict)
    gone: dict[int, Row] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Let one event happen."""
        after = event.after or {}
        if event.step_id is not None and "rows" not in after:
            self.steps[event.step_id].update(after)
            return
        self._membership(event, after)
        self._template(event, after)
        if "order" in after:
            self.live[after["order"]["category"]] = list(after["order"]["after"])
        for entry in after.get("rows", ()):
            self._entry(event, entry)
        self._given(event, after)
        self._arrange()

    def _membership(self, event: Event, after: Row) -> None:
        if event.customer_id is not None and "state" in after:
            self.members[event.customer_id] = after["state"]
        elif "customer_ids" in after:
            self.members.update(dict.fromkeys(after["customer_ids"], "active"))

    def _template(self, event: Event, after: Row) -> None:
        """Remember what a template's steps begin as."""
        if event.action == "template.add" and event.template_id is not None:
            self.templates[event.template_id] = {name: after[name] for name in ("name", "category", "type", "content")}

    def _given(self, event: Event, after: Row) -> None:
        """Make the steps that activation, or joining later, gives."""
        for customer in sorted(after.get("customer_ids", ())):
            for template in after.get("templates", ()):
                self._make(self.next_id, customer, template["id"], template)

    def _entry(self, event: Event, entry: Row) -> None:
        if entry["table"] != "customer_steps":
            return
        if entry["after"] is None:
            for each in entry["ids"]:
                self._remove(each, {**self.gone.get(entry.get("like", 0), {}), **entry["before"]})
        elif entry["before"] is None:
            self._added(event, entry["ids"], entry["after"])
        else:
            for each in entry["ids"]:
                self.steps[each].update(entry["after"])

    def _added(self, event: Event, ids: Sequence[int], place: Row) -> None:
        """Make steps that were added: again, for one customer, or a new template's for everyone there."""
        if self.gone.keys() & set(ids):
            for each in ids:
                self._insert(each, self.gone.pop(each) | place)
        elif event.customer_id is not None:
            custom = {"template_id": None, "customer_id": event.customer_id, **NEW, **(event.after or {})}
            self._insert(ids[0], {name: custom[name] for name in custom if name not in ("rows", "order")})
        elif event.template_id is not None:
            there = sorted(each for each, state in self.members.items() if state != "removed")
            for each, customer in zip(ids, there, strict=True):
                self._make(each, customer, event.template_id, self.templates[event.template_id])

    def _make(self, step_id: int, customer: int, template_id: int, text: Row) -> None:
        said = {name: text[name] for name in ("name", "category", "type", "content")}
        row = {**NEW, **said, "customer_id": customer, "template_id": template_id, "order_index": 1_000_000}
        self._insert(step_id, row)

    def _insert(self, step_id: int, row: Row) -> None:
        self.steps[step_id] = row
        self.order.setdefault((row["customer_id"], row["category"]), []).insert(row["order_index"], step_id)
        self.next_id = max(self.next_id, step_id + 1)

    def _remove(self, step_id: int, whole: Row) -> None:
        self.gone[step_id] = dict(whole)
        self.order[whole["customer_id"], whole["category"]].remove(step_id)
        del self.steps[step_id]

    def _arrange(self) -> None:
        for (customer, category), now in self.order.items():
            self.order[customer, category] = arranged(self.live[category], self.steps, now)


def replayed(events: Iterable[Event], first_step_id: int = 1) -> Replay:
    """Give a release's steps as its events (oldest first) tell them."""
    replay = Replay(first_step_id)
    for event in events:
        replay.take(event)
    return replay
