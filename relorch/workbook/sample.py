"""Plays the sample: a believable month of three operators, through the workbook's own verbs.

Everything is planned first and then done in the order of its time, so that the ids of events follow their
clock as in a real workbook. All chance comes from one seed: two plays with the same `now` are equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from relorch.errors import InvalidValue
from relorch.store.files import being_made, database_path
from relorch.transfer.sample import (
    Beat,
    Sample,
    SampleChange,
    SampleCustomer,
    SampleRelease,
    SampleStep,
    Story,
    read_sample,
)

if TYPE_CHECKING:
    from relorch.model.values import StepTemplate
    from relorch.workbook import Workbook

HOTFIX, RELEASE, ONBOARDING = "2026.10.2 hotfix", "2026.11", "Onboarding 2026"
OPERATORS = ("ana", "ben", "chiara")

_SEED = 2026
_WAVES = ("prod-eu-2", "prod-eu-1", "prod-us-1")
_NIGHT_BEGINS = time(22, tzinfo=UTC)
_NIGHT_IS_OVER = timedelta(hours=5)  # one hour longer than planned, so that no round reaches into "now"
_OFFICE = time(14, tzinfo=UTC)
_THURSDAY, _FRIDAY = 3, 4
_Item = TypeVar("_Item")
_ONE_BY_ONE = frozenset({"add_custom", "override"})
_LEFT_OPEN = frozenset({"start", "fail", "revert"})
_SECONDS: Mapping[str, tuple[int, int]] = {
    "Back up the database": (240, 720),
    "Upgrade the app": (240, 540),
    "Watch the dashboard": (600, 660),
    "Memory stays flat": (900, 960),
    "Wait for the rollout": (90, 240),
    "Backfill the due date": (60, 420),
}
_SECONDS_ELSE = (40, 150)
"""How long a step takes, least and most."""


def play_sample(workbook: Workbook, *, now: datetime) -> None:
    """Fill an empty workbook with the sample: one release archived, one about half way, one draft.

    `now` (with a time zone) is the latest moment anything happens; the first is about five weeks before it.
    The releases' nights are weekday nights, 22:00 to 02:00 UTC.

    Raises `NotFound` or `InvalidValue` when the sample's files are missing or wrong, or `now` has no time zone,
    and whatever the workbook's verbs raise, such as `AlreadyTaken` when the sample is there already.
    """
    _Play(workbook, read_sample(), workbook.at(now).now()).run()


def make_sample(path: Path) -> None:
    """Make a workbook at `path` and play the sample into it; the file is there when it is whole, or not at all.

    Raises `CannotOpen` when it cannot be made.
    """
    from relorch.workbook import open_workbook

    whole = database_path(str(path))
    with being_made(whole) as partial, open_workbook(str(partial), OPERATORS[0]) as workbook:
        play_sample(workbook, now=workbook.now())


@dataclass(frozen=True, slots=True)
class _Act:
    """One planned call: of a status verb for one step of these namespaces, or whatever `change` says."""

    at: datetime
    operator: str
    verb: str
    names: tuple[str, ...]
    step: str
    words: str | None = None
    change: SampleChange | None = None


class _Play:
    """The order of the month. `nights` are the past working nights, the latest last."""

    def __init__(self, workbook: Workbook, sample: Sample, now: datetime) -> None:
        self.workbook, self.sample, self.now = workbook, sample, now
        self.nights = nights_before(now, count=16)
        self.ids: dict[str, int] = {}

    def run(self) -> None:
        """Play everything, oldest first."""
        self._stock(_workdays_before(self.nights[0], 3))
        self._hotfix(self.nights[3:6])
        self._release(self.nights[-4:])

    def _stock(self, at: datetime) -> None:
        """Enter the inventory, one thing a minute, on an afternoon of ana's."""
        clusters: dict[str, int] = {}
        for cluster in self.sample.clusters:
            at += timedelta(minutes=1)
            made = self._as("ana", at).clusters.create(
                name=cluster.name,
                kubeconfig_path=cluster.kubeconfig_path,
                description=cluster.description,
                metadata=dict(cluster.metadata),
            )
            clusters[cluster.name] = made.id
        for customer in self.sample.customers:
            at += timedelta(minutes=1)
            self.ids[customer.namespace] = (
                self._as("ana", at)
                .customers.create(
                    cluster_id=clusters[customer.cluster],
                    namespace=customer.namespace,
                    name=customer.name,
                    metadata=dict(customer.metadata),
                )
                .id
            )

    def _hotfix(self, nights: Sequence[datetime]) -> None:
        """All customers in three nights, and archived two working days later."""
        release_id = self._write(HOTFIX, "ana", _workdays_before(nights[0], 1))
        everyone = sorted(self.sample.customers, key=lambda customer: customer.cluster != _WAVES[0])
        self._activate(release_id, everyone, _workdays_before(nights[0], 1) + timedelta(hours=2))
        diary = self._diary(HOTFIX)
        for night, customers in zip(nights, _in_chunks(everyone, 20), strict=True):
            _spread(diary, night, customers, size=7)
        self._running(release_id).perform(diary.acts)
        self._as("ana", _workdays_after(nights[-1], 2)).releases.archive(release_id)

    def _release(self, nights: Sequence[datetime]) -> None:
        """One cluster complete, the next nearly, two announced; chiara drafts the onboarding meanwhile."""
        members = [customer for customer in self.sample.customers if "change_freeze" not in customer.metadata]
        written = _workdays_before(nights[0], 3)
        release_id = self._write(RELEASE, "ana", written)
        self._activate(release_id, members, written + timedelta(hours=2))
        diary, running = self._diary(RELEASE), self._running(release_id)
        small, large, coming = ([customer for customer in members if customer.cluster == wave] for wave in _WAVES)
        _announce(diary, members, _workdays_before(nights[0], 2))
        work = diary.steps[1:]
        _spread(diary, nights[0], small, size=3, steps=work)
        _spread(diary, nights[1], large[:8], size=3, steps=work)
        _spread(diary, nights[2], large[8:15], size=3, steps=work)
        _spread(diary, nights[3], large[15:], size=2, steps=[step for step in work if step.category == "deploy"])
        _check_ahead(diary, coming, nights[3] + timedelta(hours=1, minutes=15))
        _claim(diary, self.now, [*large[18:], coming[0]])
        _plan_changes(diary, nights)
        drafted = nights[-2] - timedelta(hours=7, minutes=40)
        running.perform(act for act in diary.acts if act.at < drafted)
        self._write(ONBOARDING, "chiara", drafted)
        running.perform(act for act in diary.acts if act.at >= drafted)

    def _write(self, name: str, operator: str, at: datetime) -> int:
        """Create a release with its steps, three minutes each."""
        release = self.sample.releases[name]
        made = self._as(operator, at).releases.create(
            name=name,
            type=release.type,
            version_number=release.version_number,
            description=release.description,
            metadata=dict(release.metadata),
        )
        for step in release.steps:
            at += timedelta(minutes=3)
            self._as(operator, at).templates.add(
                made.id,
                name=step.name,
                category=step.category,
                type=step.type,
                content=step.content,
                description=step.description,
                required=step.required,
            )
        return made.id

    def _activate(self, release_id: int, members: Sequence[SampleCustomer], at: datetime) -> None:
        chosen = [self.ids[customer.namespace] for customer in members]
        self._as("ana", at).releases.activate(release_id, customer_ids=chosen)

    def _diary(self, name: str) -> _Diary:
        return _Diary(self.sample.releases[name], self.sample.stories[name])

    def _running(self, release_id: int) -> _Running:
        return _Running(self.workbook, release_id, self.ids)

    def _as(self, operator: str, at: datetime) -> Workbook:
        return self.workbook.acting_as(operator).at(at)


@dataclass
class _Diary:
    """What the operators of one release are going to do; nothing is stored yet."""

    release: SampleRelease
    story: Story
    acts: list[_Act] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311 the same sample each time

    @property
    def steps(self) -> tuple[SampleStep, ...]:
        """The steps in the order in which they are worked."""
        return self.release.steps

    def add(self, at: datetime, operator: str, verb: str, names: Iterable[str], step: str, words: str | None) -> None:
        """Plan one call for one step of the customers with these namespaces."""
        self.acts.append(_Act(at, operator, verb, tuple(names), step, words))

    def work(self, at: datetime, operator: str, names: Sequence[str], steps: Sequence[SampleStep]) -> datetime:
        """Plan a round: an operator takes a few customers through `steps` side by side. Gives its end."""
        names = list(names)
        for step, only in self._with_own(steps):
            here = [name for name in names if only is None or name in only]
            if not here:
                continue
            met = {name: beats for name in here if (beats := self.story.incidents.get((name, step.name)))}
            ends = [self._meet(at, operator, name, step, beats) for name, beats in met.items()]
            plain = [name for name in here if name not in met]
            ends += [self._tick(at, operator, plain, step)] if plain else []
            names = [name for name in names if name not in met or met[name][-1].verb not in _LEFT_OPEN]
            at = max(ends, default=at) + timedelta(seconds=self.chance.randint(15, 70))
        return at

    def _with_own(self, steps: Sequence[SampleStep]) -> Iterator[tuple[SampleStep, tuple[str, ...] | None]]:
        """Give these steps and the custom ones beside them, each with whose it is (None: everyone's)."""
        for step in steps:
            own = [(change.new, change.customers, change.side) for change in self._custom_beside(step)]
            yield from ((new, names) for new, names, side in own if new and side == "before")
            yield step, None
            yield from ((new, names) for new, names, side in own if new and side == "after")

    def _custom_beside(self, step: SampleStep) -> list[SampleChange]:
        return [change for change in self.story.changes if (change.verb, change.step) == ("add_custom", step.name)]

    def _meet(self, at: datetime, operator: str, name: str, step: SampleStep, beats: Sequence[Beat]) -> datetime:
        for beat in beats:
            at += timedelta(minutes=beat.minutes, seconds=self.chance.randint(0, 40))
            self.add(at, operator, beat.verb, [name], step.name, beat.words)
        return at

    def _tick(self, at: datetime, operator: str, names: Sequence[str], step: SampleStep) -> datetime:
        """Plan a step that goes well: begun together, done together; now and then one has a note."""
        if step.type != "text":
            self.add(at, operator, "start", names, step.name, None)
        end = at + timedelta(seconds=self.chance.randint(*_SECONDS.get(step.name, _SECONDS_ELSE)))
        noted = [name for name in names if step.name in self.story.notes and self.chance.random() < 0.2]
        silent = [name for name in names if name not in noted]
        if silent:
            self.add(end, operator, "done", silent, step.name, None)
        for name in noted:
            end += timedelta(seconds=self.chance.randint(5, 50))
            words = self.chance.choice(self.story.notes[step.name])
            self.add(end, operator, "done", [name], step.name, words.format(minutes=round((end - at).seconds / 60)))
        return end


def _spread(
    diary: _Diary,
    night: datetime,
    customers: Sequence[SampleCustomer],
    *,
    size: int,
    steps: Sequence[SampleStep] | None = None,
) -> None:
    """Share a night's customers among the operators, `size` at a time; whoever is through takes the next ones."""
    free = [(night + timedelta(minutes=5 + 11 * at), operator) for at, operator in enumerate(OPERATORS)]
    for names in _in_chunks([customer.namespace for customer in customers], size):
        at, operator = free.pop(0)
        end = diary.work(at, operator, names, diary.steps if steps is None else steps)
        free = sorted([*free, (end + timedelta(minutes=6), operator)])


def _announce(diary: _Diary, members: Sequence[SampleCustomer], at: datetime) -> None:
    """The first step, for everyone on one afternoon, a cluster at a time."""
    for cluster in dict.fromkeys(customer.cluster for customer in members):
        names = [customer.namespace for customer in members if customer.cluster == cluster]
        diary.add(at, "ana", "done", names, diary.steps[0].name, None)
        at += timedelta(minutes=12)


def _check_ahead(diary: _Diary, customers: Sequence[SampleCustomer], at: datetime) -> None:
    """Chiara uses the end of the night for the second step of the next wave."""
    for names in _in_chunks([customer.namespace for customer in customers], 4):
        at = diary.work(at, "chiara", names, diary.steps[1:2])


def _claim(diary: _Diary, now: datetime, customers: Sequence[SampleCustomer]) -> None:
    """Ben has begun the next step of these and not ticked it yet."""
    begun = {(name, act.step) for act in diary.acts for name in act.names}
    for customer, minutes in zip(customers, (26, 17, 9, 4), strict=True):
        step = next(step for step in diary.steps if (customer.namespace, step.name) not in begun)
        diary.add(now - timedelta(minutes=minutes), "ben", "start", [customer.namespace], step.name, None)


def _plan_changes(diary: _Diary, nights: Sequence[datetime]) -> None:
    """Plan what was changed by hand; what goes one customer at a time takes a minute each."""
    for change in diary.story.changes:
        at = nights[change.night - 1] + timedelta(minutes=change.minutes, seconds=diary.chance.randint(0, 50))
        step = change.step or ""
        if change.verb == "mark_done":
            diary.add(at, change.operator, "done", change.customers, step, change.words)
            if change.undone_after is not None:
                later = at + timedelta(minutes=change.undone_after)
                diary.add(later, change.operator, "undo", change.customers, step, None)
            continue
        calls = [(name,) for name in change.customers] if change.verb in _ONE_BY_ONE else [change.customers]
        for names in calls:
            diary.acts.append(_Act(at, change.operator, change.verb, names, step, change.words, change))
            at += timedelta(minutes=1)


@dataclass
class _Running:
    """A release that runs: does what is planned, and finds the ids of what the plan calls by name."""

    workbook: Workbook
    release_id: int
    customer_ids: Mapping[str, int]
    step_ids: dict[tuple[str, str], int] = field(default_factory=dict)
    batches: dict[tuple[tuple[str, ...], str], int | None] = field(default_factory=dict)

    def perform(self, acts: Iterable[_Act]) -> None:
        """Do these, oldest first."""
        for act in sorted(acts, key=lambda act: act.at):
            workbook = self.workbook.acting_as(act.operator).at(act.at)
            if act.change is None:
                self._work(workbook, act)
            else:
                self._change(workbook, act, act.change)

    def _work(self, workbook: Workbook, act: _Act) -> None:
        """Call a status verb, or take back the latest one for the same step of the same customers."""
        steps, ids = workbook.steps, [self._step_id(name, act.step) for name in act.names]
        match act.verb:
            case "start":
                outcome = steps.start(ids)
            case "done":
                outcome = steps.mark_done(ids, notes=act.words)
            case "fail":
                outcome = steps.fail(ids, reason=act.words or "")
            case "skip":
                outcome = steps.skip(ids, reason=act.words or "")
            case "revert":
                outcome = steps.revert(ids, reason=act.words)
            case "undo":
                workbook.undo(self.batches[act.names, act.step])
                return
            case verb:
                raise InvalidValue("history.yaml", verb, "must be start, done, fail, skip, revert or undo")
        for refusal in outcome.refused:
            raise refusal.error
        self.batches[act.names, act.step] = outcome.batch_id

    def _change(self, workbook: Workbook, act: _Act, change: SampleChange) -> None:
        """Change steps, templates or who takes part; `change` has what its verb needs, its reader saw to that."""
        customers = [self.customer_ids[name] for name in act.names]
        match act.verb:
            case "hold":
                workbook.releases.hold(self.release_id, customers, act.words or "")
            case "remove":
                workbook.releases.remove(self.release_id, customers, act.words or "")
            case "add_template":
                workbook.templates.add(self.release_id, **_as_fields(change.new))
            case "update_template":
                template = self._template(act.step)
                workbook.templates.update(template.id, content=_replaced(template.content, change))
            case "retire_template":
                workbook.templates.delete(self._template(act.step).id)
            case "override":
                step_id = self._step_id(act.names[0], act.step)
                workbook.steps.override(step_id, _replaced(workbook.steps.get(step_id).content, change))
            case "add_custom":
                beside: dict[str, Any] = {f"{change.side}_id": self._step_id(act.names[0], act.step)}
                workbook.steps.add_custom(self.release_id, customers[0], **_as_fields(change.new), **beside)

    def _step_id(self, name: str, step: str) -> int:
        """Give the id of a customer's step; looks again when it is a new one."""
        if (name, step) not in self.step_ids:
            found = self.workbook.steps.list(self.release_id, self.customer_ids[name])
            self.step_ids.update(((name, each.name), each.id) for each in found)
        return self.step_ids[name, step]

    def _template(self, name: str) -> StepTemplate:
        return next(each for each in self.workbook.templates.list(self.release_id) if each.name == name)


def _as_fields(step: SampleStep | None) -> dict[str, Any]:
    if step is None:
        raise InvalidValue("changes.yaml", step, "needs 'new', the step that is added")
    return {"name": step.name, "category": step.category, "type": step.type, "content": step.content}


def _replaced(content: str, change: SampleChange) -> str:
    """Give the text with the change's replacements made; raises `InvalidValue` for what does not stand in it."""
    for old, new in change.replace.items():
        if old not in content:
            raise InvalidValue("changes.yaml", old, f"does not stand in the text of '{change.step}'")
        content = content.replace(old, new, 1)
    return content


def nights_before(now: datetime, count: int) -> list[datetime]:
    """Give when the last `count` nights began that were over by `now`; nobody deploys from Friday to Sunday."""
    latest = now.astimezone(UTC).date()
    days = [latest - timedelta(days=ago) for ago in range(2 * count + 7)]
    begins = (datetime.combine(day, _NIGHT_BEGINS) for day in days if day.weekday() <= _THURSDAY)
    over = [begin for begin in begins if begin + _NIGHT_IS_OVER <= now]
    return over[:count][::-1]


def _workdays_before(night: datetime, count: int) -> datetime:
    """Give the afternoon `count` working days before the day of `night`."""
    return _workdays_from(night.date(), count, timedelta(days=-1))


def _workdays_after(night: datetime, count: int) -> datetime:
    """Give the afternoon `count` working days after the day of `night`."""
    return _workdays_from(night.date(), count, timedelta(days=1))


def _workdays_from(day: date, count: int, step: timedelta) -> datetime:
    while count:
        day += step
        count -= day.weekday() <= _FRIDAY
    return datetime.combine(day, _OFFICE)


def _in_chunks(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
