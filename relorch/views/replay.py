"""Events played again: who took part in a release, and which of their steps were closed, after each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from relorch.model.status import TRANSITIONS, Status, Verb
from relorch.model.values import MemberState
from relorch.store.flow import Told
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, step_templates
from relorch.store.types import Damaged, to_microseconds


@dataclass(slots=True)
class Member:
    """A customer of a release, since it got its steps: how many they are, and what became of those touched.

    Times are whole microseconds since 1970-01-01 UTC; `executed` has that of each step that is not pending.
    """

    since: int
    state: str = MemberState.ACTIVE.value
    total: int = 0
    executed: dict[int, int] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)

    @property
    def completed_at(self) -> int | None:
        """When its last open step closed; None while one is open, where it has none, and for a removed member."""
        if self.state == MemberState.REMOVED or not self.total or len(self.done) + len(self.skipped) < self.total:
            return None
        return max(self.executed.values())

    def put(self, step_id: int, status: str) -> None:
        """Let a step be in another status."""
        self.done.discard(step_id)
        self.skipped.discard(step_id)
        if status == Status.DONE:
            self.done.add(step_id)
        elif status == Status.SKIPPED:
            self.skipped.add(step_id)

    def stamp(self, step_id: int, at: int | None) -> None:
        """Let a step have been executed at another time, or not at all."""
        if at is None:
            self.executed.pop(step_id, None)
        else:
            self.executed[step_id] = at


@dataclass(slots=True)
class Replay:
    """One release as its events tell it, so far.

    `total`, `done` and `skipped` count the steps of active members. `custom` and `dropped` keep what custom steps and
    templates that an undo took out were called: (name, category) by id.
    """

    name: str = ""
    version_number: str | None = None
    created_at: int = 0
    activated_at: int | None = None
    total: int = 0
    done: int = 0
    skipped: int = 0
    members: dict[int, Member] = field(default_factory=dict)
    custom: dict[int, tuple[str, str]] = field(default_factory=dict)
    dropped: dict[int, tuple[str, str]] = field(default_factory=dict)
    gone: dict[int, RowDict] = field(default_factory=dict)

    def take(self, event: Told) -> None:
        """Let one event happen."""
        happen = _HAPPEN.get(event.action)
        if happen is not None:
            happen(self, event)

    def _verb(self, event: Told) -> None:
        member, step_id = self._member(event), _step(event)
        self._count(member, -1)
        member.put(step_id, _TARGETS[event.action])
        member.stamp(step_id, None if event.action == _REOPEN else event.at)
        self._count(member, +1)

    def _undo(self, event: Told) -> None:
        after = event.after or {}
        if event.step_id is None or "rows" in after:
            self._change_rows(event)
            return
        self._rename(event)
        self._restore(event, after)

    def _restore(self, event: Told, after: RowDict) -> None:
        """Let a step have the status and the time that the event says, not those of a verb."""
        member, step_id = self._member(event), _step(event)
        self._count(member, -1)
        if "status" in after:
            member.put(step_id, after["status"])
        if "executed_at" in after:
            member.stamp(step_id, _microseconds(after["executed_at"]))
        self._count(member, +1)

    def _create(self, event: Told) -> None:
        self.created_at = event.at
        self._update(event)

    def _update(self, event: Told) -> None:
        after = event.after or {}
        self.name = after.get("name", self.name)
        self.version_number = after.get("version_number", self.version_number)

    def _join(self, event: Told) -> None:
        """Activation, and joining later: who is told gets a step of each template told; who was there keeps `since`."""
        after = event.after or {}
        if self.activated_at is None:
            self.activated_at = event.at
        for customer_id in after["customer_ids"]:
            member = self.members.setdefault(customer_id, Member(event.at, MemberState.REMOVED.value))
            member.state = MemberState.ACTIVE.value
            member.total += len(after["templates"])
            self._count(member, +1)

    def _import(self, event: Told) -> None:
        """A release taken over as it was: its members come with the count of their steps, all pending so far."""
        after = event.after or {}
        self._update(event)
        self.created_at = _microseconds(after.get("created_at")) or event.at
        for each in after.get("members", ()):
            since = _microseconds(each["since"]) or event.at
            self.activated_at = min(since, self.activated_at or since)
            self.members[each["customer_id"]] = Member(since, total=each["steps"])
            self.total += each["steps"]

    def _import_step(self, event: Told) -> None:
        after = event.after or {}
        if after.get("is_custom"):
            self.custom[_step(event)] = (after["name"], after["category"])
        self._restore(event, after)

    def _set_state(self, event: Told) -> None:
        member = self._member(event)
        self._count(member, -1)
        member.state = _STATES[event.action]
        self._count(member, +1)

    def _rename(self, event: Told) -> None:
        """Remember what a custom step is called now."""
        step_id, after = _step(event), event.after or {}
        if step_id in self.custom and "name" in after:
            self.custom[step_id] = (after["name"], self.custom[step_id][1])

    def _change_rows(self, event: Told) -> None:
        """Let the steps appear and go that the event lists; what else it changed of them is not counted."""
        for entry in (event.after or {}).get("rows", ()):
            if entry["after"] is None:
                self._remove(entry["table"], entry["before"])
            elif entry["before"] is None and entry["table"] == customer_steps.name:
                self._add(event, entry["ids"])

    def _remove(self, table: str, whole: RowDict) -> None:
        if table == step_templates.name:
            self.dropped[whole["id"]] = (whole["name"], whole["category"])
            return
        self.gone[whole["id"]] = whole
        self._give(self.members[whole["customer_id"]], -1)

    def _add(self, event: Told, step_ids: Iterable[int]) -> None:
        """Let steps be there: again, or one of a customer's own, or a new template's for everyone who is there."""
        for step_id in step_ids:
            if step_id in self.gone:
                self._give(self.members[self.gone.pop(step_id)["customer_id"]], +1)
            elif event.customer_id is not None:
                said = event.after or {}
                self.custom[step_id] = (said["name"], said["category"])
                self._give(self._member(event), +1)
            else:
                self._give_all()
                return

    def _give_all(self) -> None:
        for member in self.members.values():
            if member.state != MemberState.REMOVED:
                self._give(member, +1)

    def _give(self, member: Member, steps: int) -> None:
        """Let a member have so many pending steps more; only such a one ever goes."""
        member.total += steps
        if member.state == MemberState.ACTIVE:
            self.total += steps

    def _count(self, member: Member, sign: int) -> None:
        """Count a member's steps in or out; those of members who are not active are not counted."""
        if member.state == MemberState.ACTIVE:
            self.total += sign * member.total
            self.done += sign * len(member.done)
            self.skipped += sign * len(member.skipped)

    def _member(self, event: Told) -> Member:
        if event.customer_id not in self.members:
            raise Damaged(f"event {event.id} is of a customer that was never given a step")
        return self.members[event.customer_id]


def _step(event: Told) -> int:
    if event.step_id is None:
        raise Damaged(f"event {event.id} names no step")
    return event.step_id


def _microseconds(said: str | None) -> int | None:
    return None if said is None else to_microseconds(datetime.fromisoformat(said))


_TARGETS: Mapping[str, str] = {f"step.{verb.value}": rule.target.value for verb, rule in TRANSITIONS.items()}
_REOPEN = f"step.{Verb.REOPEN.value}"
_STATES: Mapping[str, str] = {
    "release.hold": MemberState.HELD.value,
    "release.resume": MemberState.ACTIVE.value,
    "release.remove": MemberState.REMOVED.value,
}
_HAPPEN: Mapping[str, Callable[[Replay, Told], None]] = {
    **dict.fromkeys(_TARGETS, Replay._verb),
    **dict.fromkeys(_STATES, Replay._set_state),
    "undo": Replay._undo,
    "release.create": Replay._create,
    "release.update": Replay._update,
    "release.activate": Replay._join,
    "release.add_customers": Replay._join,
    "release.import": Replay._import,
    "step.import": Replay._import_step,
    "template.add": Replay._change_rows,
    "template.retire": Replay._change_rows,
    "step.add_custom": Replay._change_rows,
    "step.update_custom": Replay._rename,
    "step.delete_custom": Replay._change_rows,
}
