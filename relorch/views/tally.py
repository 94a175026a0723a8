"""What operators did to each step of a release, counted from its events; what an undo took back does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from relorch.model.status import Verb
from relorch.store.flow import Told, Took

TEMPLATE, CUSTOM = "template", "custom"
Key = tuple[str, int]
"""What a tally is of: `TEMPLATE` with its id, or `CUSTOM` with the id of the step."""

_HOUR = 3_600_000_000


@dataclass(slots=True)
class Tally:
    """How often each verb (by action) was done to a step, and how long it took each time, in microseconds."""

    times: Counter[str] = field(default_factory=Counter)
    took: list[int] = field(default_factory=list)


class Tallies:
    """The tallies of a release, so far; events are taken batch by batch."""

    def __init__(self, undos: Iterable[Took]) -> None:
        self.of: dict[Key, Tally] = {}
        self._taken_back = taken_back(undos)
        self._started: dict[int, int] = {}
        self._latest: dict[str, int] = {}

    def take(self, batch: Sequence[Told]) -> None:
        """Let one batch happen."""
        retires = any(event.action == _RETIRE for event in batch)
        for event in batch:
            if retires and event.action == SKIP:
                continue  # no operator's: a retired template leaves what is open of it skipped
            if event.action in COUNTED and (event.batch_id, event.step_id) not in self._taken_back:
                self._count(event, alone=len(batch) == 1)
        self._latest[batch[0].operator] = batch[0].at

    def _count(self, event: Told, *, alone: bool) -> None:
        key = _key(event)
        tally = self.of.get(key) or self.of.setdefault(key, Tally())
        tally.times[event.action] += 1
        step_id = event.step_id or 0
        if event.action == DONE and (took := self._measured(event, self._started.get(step_id), alone)) is not None:
            tally.took.append(took)
        if event.action == _START:
            self._started[step_id] = event.at
        elif event.action in _ENDS:
            self._started.pop(step_id, None)

    def _measured(self, event: Told, started: int | None, alone: bool) -> int | None:
        """Give how long a step took: since its start, else since its operator was last heard of in this release.

        None where there is nothing to measure from, or a clock that was set back makes it less than nothing. Of steps
        that were ticked together without a start nobody knows how long one took.
        """
        if started is None and not alone:
            return None
        since = self._latest.get(event.operator) if started is None else started
        if since is None or since > event.at or (started is None and event.at - since > _HOUR):
            return None
        return event.at - since


def taken_back(undos: Iterable[Took]) -> set[tuple[int, int]]:
    """Give what is undone, as (batch, step); `undos` the newest first, so that an undone undo takes nothing back."""
    undone: set[tuple[int, int]] = set()
    for undo in undos:
        if (undo.batch_id, undo.step_id) not in undone:
            undone.add((undo.undoes, undo.step_id))
    return undone


def _key(event: Told) -> Key:
    return (CUSTOM, event.step_id or 0) if event.template_id is None else (TEMPLATE, event.template_id)


def _action(verb: Verb) -> str:
    return f"step.{verb.value}"


DONE, SKIP, FAIL, REVERT, REOPEN = map(_action, (Verb.MARK_DONE, Verb.SKIP, Verb.FAIL, Verb.REVERT, Verb.REOPEN))
OVERRIDE = "step.override"
_START = _action(Verb.START)
_RETIRE = "template.retire"
COUNTED = frozenset({DONE, SKIP, FAIL, REVERT, REOPEN, OVERRIDE, _START})
_ENDS = frozenset({DONE, SKIP, REVERT, REOPEN})
"""After these a step has to be started anew; one that failed is still being worked at."""
