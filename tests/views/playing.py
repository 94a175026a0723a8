"""Random verbs on one release, or on two that share their customers, through the façade and on a clock that goes on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from relorch import Workbook
from relorch.errors import RelorchError

BEGINNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
LEAPS = (0, 0, 1, 40, 300, 1_800, 3_600, 3_601, 9_000)
"""Seconds between two verbs: none, and either side of the hour."""


@dataclass
class Player:
    """Does something at random, again and again; what is refused is no matter."""

    wb: Workbook
    chance: random.Random
    count: int = 1
    backwards: bool = False
    now: datetime = BEGINNING
    releases: list[int] = field(default_factory=list)
    customers: list[int] = field(default_factory=list)
    played: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Make four customers on two clusters and the releases; the first one has some of them at once."""
        wb = self.wb.at(self.now)
        clusters = [wb.clusters.create(name=name).id for name in ("us", "eu")]
        for number in range(4):
            made = wb.customers.create(cluster_id=clusters[number % 2], namespace=f"c{number}", name=f"C {9 - number}")
            self.customers.append(made.id)
        for number in range(self.count):
            release = wb.releases.create(name=f"r{number}", type="release", version_number=f"{number}.0")
            self.releases.append(release.id)
            self._add_template(wb, release.id)
            self._add_template(wb, release.id)
        wb.releases.activate(self.releases[0], customer_ids=self.customers[:3])
        self.now += timedelta(seconds=7)

    def move(self) -> None:
        """Play one verb, at a moment that may be that of the verb before."""
        leap = timedelta(seconds=self.chance.choice(LEAPS))
        self.now += -leap if self.backwards and self.chance.random() < 0.2 else leap
        wb = self.wb.acting_as(self.chance.choice(("ana", "ben"))).at(self.now)
        (verb,) = self.chance.choices(list(_MOVES), weights=list(_MOVES.values()))
        try:
            verb(self, wb, self.chance.choice(self.releases))
        except RelorchError:
            return
        self.played[verb.__name__] += 1

    def _some(self, release_id: int, most: int = 4) -> list[int]:
        steps = self._steps(release_id)
        return self.chance.sample(steps, min(len(steps), self.chance.randint(1, most)))

    def _steps(self, release_id: int, status: str | None = None) -> list[int]:
        members = self.wb.releases.members(release_id)
        every = [step for member in members for step in self.wb.steps.list(release_id, member.customer_id)]
        return [step.id for step in every if status is None or step.status == status] or [999]

    def _step(self, release_id: int) -> int:
        return self.chance.choice(self._steps(release_id, "pending"))

    def _custom(self, release_id: int) -> int:
        mine = [step for step in map(self.wb.steps.get, self._steps(release_id)) if step.is_custom]
        return self.chance.choice(mine).id if mine else 999

    def _template(self, release_id: int) -> int:
        return self.chance.choice([row.id for row in self.wb.templates.list(release_id)] or [999])

    def _who(self) -> list[int]:
        return self.chance.sample(self.customers, self.chance.randint(1, 2))

    # verbs

    def _tick(self, wb: Workbook, release_id: int) -> None:
        wb.steps.mark_done(self._some(release_id, 9))

    def _start(self, wb: Workbook, release_id: int) -> None:
        wb.steps.start(self._some(release_id))

    def _go_wrong(self, wb: Workbook, release_id: int) -> None:
        if self.chance.random() < 0.5:
            wb.steps.fail(self._some(release_id), reason="it broke")
        else:
            wb.steps.revert(self._some(release_id))

    def _skip(self, wb: Workbook, release_id: int) -> None:
        wb.steps.skip(self._some(release_id), reason="not here")

    def _open_again(self, wb: Workbook, release_id: int) -> None:
        wb.steps.reopen(self._some(release_id, 2), take_template=self.chance.random() < 0.3)

    def _override(self, wb: Workbook, release_id: int) -> None:
        wb.steps.override(self._step(release_id), self.chance.choice(("echo 1", "echo 2")))

    def _reset(self, wb: Workbook, release_id: int) -> None:
        wb.steps.reset(self._step(release_id))

    def _own_step(self, wb: Workbook, release_id: int) -> None:
        beside = self.wb.steps.get(self._step(release_id))
        wb.steps.add_custom(
            release_id,
            beside.customer_id,
            name=self.chance.choice(("own", "other")),
            category=beside.category,
            type="text",
            content="look",
            after_id=beside.id,
            add_to_template=self.chance.random() < 0.2,
        )

    def _own_name(self, wb: Workbook, release_id: int) -> None:
        wb.steps.update(self._custom(release_id), name=self.chance.choice(("own", "other")))

    def _own_gone(self, wb: Workbook, release_id: int) -> None:
        wb.steps.delete(self._custom(release_id))

    def _add_template(self, wb: Workbook, release_id: int) -> None:
        number = self.chance.randint(0, 99)
        category = self.chance.choice(("deploy", "verify"))
        wb.templates.add(release_id, name=f"step {number}", category=category, type="bash", content="true")

    def _change_template(self, wb: Workbook, release_id: int) -> None:
        fields = {"content": "false"} if self.chance.random() < 0.5 else {"name": "renamed"}
        wb.templates.update(self._template(release_id), **fields)

    def _move_template(self, wb: Workbook, release_id: int) -> None:
        wb.templates.move(self._template(release_id), 0)

    def _retire(self, wb: Workbook, release_id: int) -> None:
        wb.templates.delete(self._template(release_id))

    def _activate(self, wb: Workbook, release_id: int) -> None:
        wb.releases.activate(release_id, customer_ids=self._who())

    def _join(self, wb: Workbook, release_id: int) -> None:
        wb.releases.add_customers(release_id, self._who())

    def _hold(self, wb: Workbook, release_id: int) -> None:
        wb.releases.hold(release_id, self._who(), "wait")

    def _resume(self, wb: Workbook, release_id: int) -> None:
        wb.releases.resume(release_id, self._who())

    def _remove(self, wb: Workbook, release_id: int) -> None:
        wb.releases.remove(release_id, self._who()[:1], "left")

    def _rename(self, wb: Workbook, release_id: int) -> None:
        version = self.chance.choice(("1.1", "1.2", None))
        wb.releases.update(release_id, name=f"r{self.chance.randint(10, 99)}", version_number=version, confirm=True)

    def _archive(self, wb: Workbook, release_id: int) -> None:
        wb.releases.archive(release_id)

    def _unarchive(self, wb: Workbook, release_id: int) -> None:
        wb.releases.reopen(release_id)

    def _undo_last(self, wb: Workbook, release_id: int) -> None:
        wb.undo()

    def _undo_some(self, wb: Workbook, release_id: int) -> None:
        batches = [event.batch_id for event in self.wb.history(release_id=release_id, newest=12)]
        wb.undo(self.chance.choice(batches), skip_touched=self.chance.random() < 0.6)


_MOVES: dict[Callable[[Player, Workbook, int], None], int] = {
    Player._tick: 12,
    Player._start: 5,
    Player._go_wrong: 5,
    Player._skip: 5,
    Player._open_again: 4,
    Player._override: 3,
    Player._reset: 2,
    Player._own_step: 4,
    Player._own_name: 1,
    Player._own_gone: 2,
    Player._add_template: 2,
    Player._change_template: 2,
    Player._move_template: 1,
    Player._retire: 2,
    Player._activate: 2,
    Player._join: 3,
    Player._hold: 2,
    Player._resume: 3,
    Player._remove: 2,
    Player._rename: 1,
    Player._archive: 1,
    Player._unarchive: 3,
    Player._undo_last: 5,
    Player._undo_some: 9,
}
"""What is played, and how often."""
