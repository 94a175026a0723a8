"""Random verbs, played against the workbook in a real file and against a plain model of its rules.

`RELORCH_MACHINE=long` plays 500 × 60 instead of 60 × 30.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from relorch import Workbook, open_workbook
from relorch.errors import (
    CannotRender,
    Conflict,
    IllegalTransition,
    InvalidValue,
    NotAllowed,
    NotFound,
    RelorchError,
)
from relorch.store.tables import metadata
from tests.workbook.replay import NEW, arranged, replayed

Row = dict[str, Any]
Dump = dict[str, dict[Any, Row]]

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMESPACES = {1: "acme", 2: "bolt", 3: "corp"}
OPERATORS = ("ana", "ben")
CONTENTS = ("true", "echo two", "in ${{ namespace }}", "with ${{ vars.nope }}")
NAMES = ("first", "second")
CATEGORIES = ("deploy", "verify")
OPEN = {"pending", "in_progress", "failed", "reverted"}
MOST_TEMPLATES = 5
SILENT = {"row_version", "updated_at"}

# §4, verb: from, to, which words it takes, whether it freezes the text, whether it must render
VERBS: dict[str, tuple[set[str], str, str | None, bool, bool]] = {
    "start": ({"pending", "failed", "reverted"}, "in_progress", "notes", True, True),
    "mark_done": ({"pending", "in_progress", "failed", "reverted"}, "done", "notes", True, True),
    "fail": ({"pending", "in_progress", "done"}, "failed", "reason", True, False),
    "skip": ({"pending", "in_progress", "failed", "reverted"}, "skipped", "reason", False, False),
    "revert": ({"done", "failed"}, "reverted", "reason", False, False),
    "reopen": ({"in_progress", "done", "skipped", "failed", "reverted"}, "pending", "reason", False, False),
}


class Refused(Exception):
    """The model says no, by this error."""

    def __init__(self, kind: type[RelorchError]) -> None:
        self.kind = kind


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass
class Act:
    """Who does something, and when."""

    operator: str
    at: int


@dataclass
class Model:
    """One release after the rules, in dicts and lists."""

    status: str = "draft"
    archived_from: str | None = None
    templates: dict[int, Row] = field(default_factory=dict)
    live: dict[str, list[int]] = field(default_factory=lambda: {"deploy": [], "verify": []})
    members: dict[int, str] = field(default_factory=dict)
    steps: dict[int, Row] = field(default_factory=dict)
    order: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    # templates

    def add_template(self, ids: Ids, values: Row, position: int | None = None) -> int:
        self._not_archived()
        live = self.live[values["category"]]
        place = len(live) if position is None else position
        _must(place <= len(live), InvalidValue)
        template = next(ids.templates)
        self.templates[template] = {"required": False, **values, "is_retired": False, "revision": 1}
        live.insert(place, template)
        for customer in self.there():
            self._give(ids, customer, template)
        self._arrange()
        return template

    def update_template(self, template: int, new: Row) -> None:
        row = self._fixable(template)
        new = {name: value for name, value in new.items() if row[name] != value}
        if "content" in new:
            known = [step["template_revision"] for step in self.steps.values() if step["template_id"] == template]
            new["revision"] = max([row["revision"], *known]) + 1
        row.update(new)
        carried = self._text(template) if new.keys() & {"name", "type", "content"} else {}
        for step in self.steps.values():
            if step["template_id"] == template and self._follows(step) and step["customer_id"] in self.there():
                step.update(carried)

    def move(self, template: int, position: int) -> None:
        row = self._fixable(template)
        live = self.live[row["category"]]
        _must(position < len(live), InvalidValue)
        live.remove(template)
        live.insert(position, template)
        self._arrange()

    def reorder(self, category: str, wanted: list[int]) -> None:
        self._not_archived()
        _must(sorted(wanted) == sorted(self.live[category]), InvalidValue)
        self.live[category] = list(wanted)
        self._arrange()

    def delete_template(self, template: int, act: Act, recorded: set[int]) -> None:
        row = self._fixable(template)
        live = self.live[row["category"]]
        if self.status == "draft":
            live.remove(template)
            del self.templates[template]
            return
        at = live.index(template)
        heir: tuple[int | None, str | None] = (None, None)
        if at > 0:
            heir = (live[at - 1], "after")
        elif len(live) > 1:
            heir = (live[1], "before")
        live.remove(template)
        row["is_retired"] = True
        for step_id, step in list(self.steps.items()):
            if step["template_id"] == template:
                if self._follows(step) and step_id not in recorded:
                    self._drop(step_id)
                    continue
                if step["status"] in OPEN:
                    reason = {"status": "skipped", "skip_reason": "template retired"}
                    step.update(reason, executed_at=act.at, executed_by=act.operator)
            if template in (step["template_id"], step["anchor_template_id"]):
                step["anchor_template_id"], step["anchor_side"] = heir
        self._arrange()

    # members

    def activate(self, ids: Ids, customers: list[int]) -> None:
        _must(self.status == "draft", NotAllowed)
        _must(bool(self.live["deploy"] or self.live["verify"]), NotAllowed)
        self.status = "active"
        self._enrol(ids, customers)

    def add_customers(self, ids: Ids, customers: list[int]) -> None:
        _must(self.status == "active", NotAllowed)
        back = [each for each in customers if self.members.get(each) == "removed"]
        new = [each for each in customers if each not in self.members]
        _must(bool(back or new), NotAllowed)
        self._enrol(ids, new)
        for customer in back:
            self.members[customer] = "active"
            for step in self._of(customer):
                if self._is_live(step) and self._follows(step):
                    step.update(self._text(step["template_id"]))
            had = {step["template_id"] for step in self._of(customer)}
            for template in self._every_live():
                if template not in had:
                    self._give(ids, customer, template)
        self._arrange()

    def set_members(self, verb: str, customers: list[int]) -> None:
        _must(self.status == "active", NotAllowed)
        sources, target = {
            "hold": ({"active"}, "held"),
            "resume": ({"held"}, "active"),
            "remove": ({"active", "held"}, "removed"),
        }[verb]
        _must(all(self.members.get(each) in sources for each in customers), NotAllowed)
        self.members.update(dict.fromkeys(customers, target))

    def archive(self) -> None:
        self._not_archived()
        self.status, self.archived_from = "archived", self.status

    def reopen_release(self) -> None:
        _must(self.status == "archived", NotAllowed)
        self.status, self.archived_from = str(self.archived_from), None

    # steps

    def verb(self, step_id: int, verb: str, words: str | None, act: Act, *, stale: bool, take: bool) -> None:
        sources, target, _, freezes, renders = VERBS[verb]
        step = self._workable(step_id)
        _must(not stale and step["status"] != target, Conflict)
        _must(step["status"] in sources, IllegalTransition)
        required = self._is_live(step) and self.templates[step["template_id"]]["required"]
        _must(verb != "skip" or not required, NotAllowed)
        _must(not take or self._is_live(step), NotAllowed)
        if freezes and not (step["status"] in ("in_progress", "done") and step["executed_content"] is not None):
            shown = _rendered(step)
            _must(shown is not None or not renders, CannotRender)
            step["executed_content"] = shown
            step["executed_sha256"] = None if shown is None else sha256(shown.encode()).hexdigest()
        step.update(status=target, executed_at=act.at, executed_by=act.operator)
        if verb == "reopen":
            step.update(dict.fromkeys(("executed_at", "executed_by", "executed_content", "executed_sha256")))
        if take:
            step.update(self._text(step["template_id"]), is_overridden=False)
        if words is not None:
            step["skip_reason" if verb == "skip" else "notes"] = words

    def override(self, step_id: int, content: str, *, stale: bool) -> None:
        step = self._pending(step_id, stale)
        _must(not step["is_custom"], NotAllowed)
        step.update(content=content, is_overridden=True)

    def reset(self, step_id: int, *, stale: bool) -> None:
        step = self._pending(step_id, stale)
        _must(self._is_live(step), NotAllowed)
        step.update(self._text(step["template_id"]), is_overridden=False)

    def add_custom(
        self, ids: Ids, customer: int, values: Row, neighbour: int | None, side: str, *, shared: bool
    ) -> None:
        _must(self.status == "active", NotAllowed)
        _must(customer in self.members, NotFound)
        _must(self.members[customer] == "active", NotAllowed)
        anchor: tuple[int | None, str | None] = (None, None)
        mine = self.order.setdefault((customer, values["category"]), [])
        place = len(mine)
        if neighbour is not None:
            _must(neighbour in self.steps, NotFound)
            _must(neighbour in mine, InvalidValue)
            beside = self.steps[neighbour]
            anchor = (beside["anchor_template_id"], beside["anchor_side"])
            if self._is_live(beside):
                anchor = (beside["template_id"], side)
            place = mine.index(neighbour) + (side == "after")
        if shared:
            live = self.live[values["category"]]
            position = None if anchor[0] is None else live.index(anchor[0]) + (anchor[1] == "after")
            moved, new_side = self._aside(mine, anchor, neighbour, side)
            self.add_template(ids, values, position)
            for each in moved:
                self.steps[each].update(anchor_template_id=max(self.templates), anchor_side=new_side)
            self._arrange()
            return
        step = {**NEW, **values, "customer_id": customer, "template_id": None, "template_revision": None}
        step |= {"is_custom": True, "anchor_template_id": anchor[0], "anchor_side": anchor[1]}
        self._put(next(ids.steps), step, place)
        self._arrange()

    def update_custom(self, step_id: int, new: Row, *, stale: bool) -> None:
        step = self._pending(step_id, stale)
        _must(step["is_custom"], NotAllowed)
        step.update(new)

    def delete_custom(self, step_id: int, *, stale: bool) -> None:
        step = self._pending(step_id, stale)
        _must(step["is_custom"], NotAllowed)
        self._drop(step_id)

    # what the rules ask

    def there(self) -> list[int]:
        return sorted(each for each, state in self.members.items() if state != "removed")

    def _not_archived(self) -> None:
        _must(self.status != "archived", NotAllowed)

    def _fixable(self, template: int) -> Row:
        _must(template in self.templates, NotFound)
        self._not_archived()
        _must(not self.templates[template]["is_retired"], NotAllowed)
        return self.templates[template]

    def _workable(self, step_id: int) -> Row:
        _must(step_id in self.steps, NotFound)
        _must(self.status == "active", NotAllowed)
        _must(self.members[self.steps[step_id]["customer_id"]] == "active", NotAllowed)
        return self.steps[step_id]

    def _pending(self, step_id: int, stale: bool) -> Row:
        step = self._workable(step_id)
        _must(not stale, Conflict)
        _must(step["status"] == "pending", NotAllowed)
        return step

    def _is_live(self, step: Row) -> bool:
        return step["template_id"] is not None and not self.templates[step["template_id"]]["is_retired"]

    def _follows(self, step: Row) -> bool:
        return step["status"] == "pending" and not step["is_overridden"]

    def _of(self, customer: int) -> list[Row]:
        return [step for step in self.steps.values() if step["customer_id"] == customer]

    def beside(self, step: Row) -> list[int]:
        """Give the steps that no live template places and that stand where `step` does, in order."""
        names = ("anchor_template_id", "anchor_side")
        return [
            each
            for each in self.order.get((step["customer_id"], step["category"]), ())
            if not self._is_live(self.steps[each]) and all(self.steps[each][name] == step[name] for name in names)
        ]

    def _every_live(self) -> list[int]:
        return self.live["deploy"] + self.live["verify"]

    def _text(self, template: int) -> Row:
        row = self.templates[template]
        return {name: row[name] for name in ("name", "type", "content")} | {"template_revision": row["revision"]}

    def _aside(self, mine: list[int], anchor: Any, neighbour: int | None, side: str) -> tuple[list[int], str]:
        """Give the steps at an anchor that stand on the far side of a template put beside the neighbour."""
        there = [
            each
            for each in mine
            if not self._is_live(self.steps[each])
            and (self.steps[each]["anchor_template_id"], self.steps[each]["anchor_side"]) == anchor
        ]
        if neighbour is None:
            return [], "before"
        beyond = 0 if side == "after" else len(there)
        at = there.index(neighbour) + (side == "after") if neighbour in there else beyond
        return (there[at:], "after") if anchor[1] == "after" else (there[:at], "before")

    # what they do

    def _enrol(self, ids: Ids, customers: list[int]) -> None:
        self.members.update(dict.fromkeys(customers, "active"))
        for customer in sorted(customers):
            for template in self._every_live():
                self._give(ids, customer, template)
        self._arrange()

    def _give(self, ids: Ids, customer: int, template: int) -> None:
        category = self.templates[template]["category"]
        step = {**NEW, **self._text(template), "category": category, "customer_id": customer}
        self._put(next(ids.steps), step | {"template_id": template, "is_custom": False}, 1_000)

    def _put(self, step_id: int, step: Row, place: int) -> None:
        self.steps[step_id] = step
        self.order.setdefault((step["customer_id"], step["category"]), []).insert(place, step_id)

    def _drop(self, step_id: int) -> None:
        step = self.steps.pop(step_id)
        self.order[step["customer_id"], step["category"]].remove(step_id)

    def _arrange(self) -> None:
        for (customer, category), now in self.order.items():
            self.order[customer, category] = arranged(self.live[category], self.steps, now)


@dataclass
class Ids:
    """Ids as the file gives them out: never one twice."""

    templates: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    steps: Iterator[int] = field(default_factory=lambda: itertools.count(1))


@dataclass
class Batch:
    """What is known of one action that was recorded."""

    id: int
    operator: str
    undoable: bool
    before: Model
    after: Model
    stored_before: Dump
    stored_after: Dump
    undoes: int | None = None
    undone_by: int | None = None


def _must(holds: bool, kind: type[RelorchError]) -> None:
    if not holds:
        raise Refused(kind)


def _rendered(step: Row) -> str | None:
    if "vars.nope" in step["content"]:
        return None
    return str(step["content"]).replace("${{ namespace }}", NAMESPACES[step["customer_id"]])


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clusters, three customers and a draft."""
    path = tmp_path_factory.mktemp("machine") / "seed.db"
    with open_workbook(str(path), operator="ana", clock=lambda: BEGINNING) as wb:
        clusters = [wb.clusters.create(name=name).id for name in ("eu", "us")]
        for number, namespace in NAMESPACES.items():
            wb.customers.create(cluster_id=clusters[number // 3], namespace=namespace, name=namespace)
        wb.releases.create(name="spring", type="release")
    return path


numbers = st.integers(0, 20)
values = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "type": st.sampled_from(("bash", "text")),
        "category": st.sampled_from(CATEGORIES),
        "content": st.sampled_from(CONTENTS),
    }
)
who = st.sampled_from(OPERATORS)
chosen = st.lists(st.sampled_from(sorted(NAMESPACES)), min_size=1, max_size=3, unique=True)
one_or_two = st.lists(st.sampled_from(sorted(NAMESPACES)), min_size=1, max_size=2, unique=True)
versions = st.sampled_from((None, "right", None, "right", "right", "stale"))
edits = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(NAMES),
        "content": st.sampled_from(CONTENTS),
        "type": st.sampled_from(("bash", "text")),
    },
)


class Machine(RuleBasedStateMachine):
    """Plays verbs; after each, what is stored is what the model says."""

    folder: Path
    seed: Path

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp(dir=self.folder)) / "workbook.db"
        shutil.copy(self.seed, self.path)
        self.now = BEGINNING
        self.wb = open_workbook(str(self.path), operator="ana", create=False, clock=lambda: self.now)
        self.model, self.ids = Model(), Ids()
        self.batches: dict[int, Batch] = {}
        self.frozen: dict[int, Row] = {}
        self.archived: Dump | None = None
        self.stored = self.dump()

    def teardown(self) -> None:
        assert self.wb._core.store.checked_out() == 0
        self.wb.close()
        shutil.rmtree(self.path.parent)

    # playing

    def dump(self) -> Dump:
        with self.wb._core.store.reading() as connection:
            found = {
                name: connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).mappings().all()
                for name in metadata.tables
            }
        return {
            name: {row.get("id", row.get("customer_id")): dict(row) for row in rows} for name, rows in found.items()
        }

    def act(self, operator: str) -> Act:
        self.now += timedelta(seconds=1)
        return Act(operator, micros(self.now))

    def play(
        self, operator: str, ruled: Callable[[Model], object], real: Callable[[Workbook], Any], *, undoable: bool = True
    ) -> Any:
        """Do one thing in the model and in the workbook: both do it, or both refuse it alike."""
        model, ids = deepcopy(self.model), deepcopy(self.ids)
        wanted: type[RelorchError] | None = None
        try:
            ruled(model)
        except Refused as refused:
            wanted, self.ids = refused.kind, ids
        with self.playing(operator, model, undoable=undoable) as caught:
            answer = real(self.wb.acting_as(operator))
            caught.append(None)
        assert caught == [wanted]
        return None if wanted else answer

    @contextmanager
    def playing(self, operator: str, model: Model, *, undoable: bool = True) -> Iterator[list[type | None]]:
        """See what a verb stores, and take down its batch; a refused one stores nothing."""
        before, caught = self.stored, []
        try:
            yield caught
        except RelorchError as error:
            caught.append(type(error))
        self.stored = self.dump()
        if caught != [None]:
            assert self.stored == before
            return
        new = self.new_events(before)
        if new:
            batch = Batch(new[0]["batch_id"], operator, undoable, self.model, model, before, self.stored)
            assert {event["batch_id"] for event in new} == {batch.id} == {new[0]["id"]}
            assert {event["operator"] for event in new} == {operator}
            self.batches[batch.id] = batch
        else:
            assert self.stored == before
        self.model = model
        self.check_change(before, new)

    def new_events(self, before: Dump) -> list[Row]:
        return [event for number, event in self.stored["events"].items() if number not in before["events"]]

    def check_change(self, before: Dump, new: list[Row]) -> None:
        """Each change of a status has exactly one event; versions only grow, and with every change."""
        old_steps, now_steps = before["customer_steps"], self.stored["customer_steps"]
        both = old_steps.keys() & now_steps.keys()
        changed = Counter(
            (each, old_steps[each]["status"], now_steps[each]["status"])
            for each in both
            if old_steps[each]["status"] != now_steps[each]["status"]
        )
        told = Counter()
        for event in new:
            after, was = json.loads(event["after"] or "{}"), json.loads(event["before"] or "{}")
            if event["step_id"] is not None and "status" in after:
                told[event["step_id"], was["status"], after["status"]] += 1
        assert told == changed
        self.check_events_tell_changes(before, new)
        for table in ("customer_steps", "step_templates"):
            place = {"order_index"} if table == "customer_steps" else set()
            for each in before[table].keys() & self.stored[table].keys():
                old, now = before[table][each], self.stored[table][each]
                differs = any(old[name] != now[name] for name in now.keys() - SILENT - place)
                grown = now["row_version"] - old["row_version"]
                assert grown >= 1 if differs else grown >= 0

    def check_events_tell_changes(self, before: Dump, new: list[Row]) -> None:
        """A row that an event lists did change, and one that changed is told by an event."""
        listed: set[tuple[str, int]] = set()
        for event in new:
            after = json.loads(event["after"] or "{}")
            listed |= {(entry["table"], each) for entry in after.get("rows", ()) for each in entry["ids"]}
            if event["step_id"] is not None and "rows" not in after:
                listed.add(("customer_steps", event["step_id"]))
        changed = {
            ("customer_steps", each)
            for each in before["customer_steps"].keys() | self.stored["customer_steps"].keys()
            if _unplaced(before["customer_steps"].get(each)) != _unplaced(self.stored["customer_steps"].get(each))
        }
        given = {event["action"] for event in new} & {"release.activate", "release.add_customers"}
        steps = {each for each in listed if each[0] == "customer_steps"}
        assert steps <= changed
        assert given or changed <= steps

    def pick(self, number: int, among: Any) -> Any:
        options = sorted(among)
        return options[number % len(options)] if options else 999

    def version(self, table: str, row_id: int, kind: str | None) -> int | None:
        row = self.stored[table].get(row_id)
        if kind is None or row is None:
            return None
        return row["row_version"] + (0 if kind == "right" else 1)

    # rules

    @initialize(
        templates=st.lists(values, min_size=1, max_size=3), customers=chosen, begin=st.sampled_from((True, True, False))
    )
    def beginning(self, templates: list[Row], customers: list[int], begin: bool) -> None:
        for fields in templates:
            self.add_template("ana", fields, None, False)
        if begin:
            self.activate("ana", customers)

    @precondition(lambda self: self.model.status == "draft")
    @rule(operator=who, customers=chosen)
    def activate(self, operator: str, customers: list[int]) -> None:
        self.act(operator)
        self.play(
            operator,
            lambda model: model.activate(self.ids, customers),
            lambda wb: wb.releases.activate(1, customer_ids=customers),
            undoable=False,
        )

    @rule(operator=who, customers=chosen)
    def add_customers(self, operator: str, customers: list[int]) -> None:
        self.act(operator)
        self.play(
            operator,
            lambda model: model.add_customers(self.ids, customers),
            lambda wb: wb.releases.add_customers(1, customers),
            undoable=False,
        )

    @rule(operator=who, customers=one_or_two, verb=st.sampled_from(("hold", "resume", "remove", "resume")))
    def set_members(self, operator: str, customers: list[int], verb: str) -> None:
        self.act(operator)
        said = () if verb == "resume" else ("later",)
        self.play(
            operator,
            lambda model: model.set_members(verb, customers),
            lambda wb: getattr(wb.releases, verb)(1, customers, *said),
            undoable=False,
        )

    @rule(operator=who, chance=numbers)
    def archive(self, operator: str, chance: int) -> None:
        if self.model.status == "archived" or chance == 13:
            self.act(operator)
            verb = "reopen" if self.model.status == "archived" else "archive"
            ruled: Callable[[Model], None] = Model.archive if verb == "archive" else Model.reopen_release
            self.play(operator, ruled, lambda wb: getattr(wb.releases, verb)(1), undoable=False)

    @precondition(lambda self: sum(map(len, self.model.live.values())) < MOST_TEMPLATES)
    @rule(operator=who, fields=values, position=st.sampled_from((None, 0, 1, 2, 9)), required=st.booleans())
    def add_template(self, operator: str, fields: Row, position: int | None, required: bool) -> None:
        self.act(operator)
        fields = fields | {"required": required}
        self.play(
            operator,
            lambda model: model.add_template(self.ids, fields, position),
            lambda wb: wb.templates.add(1, **fields, position=position),
        )

    @rule(operator=who, number=numbers, fields=edits)
    def update_template(self, operator: str, number: int, fields: Row) -> None:
        self.act(operator)
        template = self.pick(number, self.model.templates)
        self.play(
            operator,
            lambda model: model.update_template(template, fields),
            lambda wb: wb.templates.update(template, **fields),
        )

    @rule(operator=who, number=numbers, position=st.integers(0, 3))
    def move_template(self, operator: str, number: int, position: int) -> None:
        self.act(operator)
        template = self.pick(number, self.model.templates)
        self.play(
            operator, lambda model: model.move(template, position), lambda wb: wb.templates.move(template, position)
        )

    @rule(operator=who, category=st.sampled_from(CATEGORIES), shuffle=st.integers(0, 999), wrong=numbers)
    def reorder_templates(self, operator: str, category: str, shuffle: int, wrong: int) -> None:
        self.act(operator)
        wanted = list(self.model.live[category])
        random.Random(shuffle).shuffle(wanted)
        if wrong == 0 and wanted:
            wanted.pop()
        self.play(
            operator,
            lambda model: model.reorder(category, wanted),
            lambda wb: wb.templates.reorder(1, category, wanted),
        )

    @rule(operator=who, number=numbers)
    def delete_template(self, operator: str, number: int) -> None:
        act = self.act(operator)
        template = self.pick(number, self.model.templates)
        verbs = {f"step.{verb}" for verb in VERBS}
        recorded = {event["step_id"] for event in self.stored["events"].values() if event["action"] in verbs}
        self.play(
            operator,
            lambda model: model.delete_template(template, act, recorded),
            lambda wb: wb.templates.delete(template),
        )

    @rule(
        operator=who,
        number=numbers,
        verb=st.sampled_from(sorted(VERBS)),
        words=st.sampled_from(("because", None)),
        version=versions,
        take=st.booleans(),
    )
    def one_step(
        self, operator: str, number: int, verb: str, words: str | None, version: str | None, take: bool
    ) -> None:
        act = self.act(operator)
        step_id = self.pick(number, self.model.steps)
        said, extra = self.words(verb, words, take)
        expected = self.version("customer_steps", step_id, version)
        stale = expected is not None and version == "stale"
        self.play(
            operator,
            lambda model: model.verb(step_id, verb, said, act, stale=stale, take="take_template" in extra),
            lambda wb: getattr(wb.steps, verb)(step_id, expected_version=expected, **extra),
        )

    def words(self, verb: str, words: str | None, take: bool) -> tuple[str | None, Row]:
        said = words if words or verb not in ("fail", "skip") else "needed"
        extra: Row = {VERBS[verb][2]: said}
        return said, extra | ({"take_template": True} if verb == "reopen" and take else {})

    @rule(
        operator=who,
        some=st.lists(st.tuples(numbers, versions), min_size=1, max_size=6),
        verb=st.sampled_from(sorted(VERBS)),
        take=st.booleans(),
    )
    def many_steps(self, operator: str, some: list[tuple[int, str | None]], verb: str, take: bool) -> None:
        act = self.act(operator)
        kinds = {self.pick(number, self.model.steps): kind for number, kind in some}
        expected = {each: self.version("customer_steps", each, kind) for each, kind in kinds.items()}
        said, extra = self.words(verb, "all of them", take)
        refused: dict[int, type[RelorchError]] = {}

        def each_alone(model: Model) -> None:
            for step_id, kind in kinds.items():
                stale = kind == "stale" and expected[step_id] is not None
                try:
                    model.verb(step_id, verb, said, act, stale=stale, take="take_template" in extra)
                except Refused as error:
                    refused[step_id] = error.kind

        given = {each: version for each, version in expected.items() if version is not None}
        outcome = self.play(
            operator, each_alone, lambda wb: getattr(wb.steps, verb)(list(kinds), expected_version=given, **extra)
        )
        assert {each.step_id: type(each.error) for each in outcome.refused} == refused
        assert [step.id for step in outcome.steps] == [each for each in kinds if each not in refused]

    @rule(operator=who, number=numbers, content=st.sampled_from(CONTENTS), version=versions)
    def override(self, operator: str, number: int, content: str, version: str | None) -> None:
        self.edit(
            operator,
            number,
            version,
            lambda model, step, stale: model.override(step, content, stale=stale),
            lambda wb, step, expected: wb.steps.override(step, content, expected_version=expected),
        )

    @rule(operator=who, number=numbers, version=versions)
    def reset(self, operator: str, number: int, version: str | None) -> None:
        self.edit(
            operator,
            number,
            version,
            lambda model, step, stale: model.reset(step, stale=stale),
            lambda wb, step, expected: wb.steps.reset(step, expected_version=expected),
        )

    @rule(operator=who, number=numbers, version=versions, fields=edits, custom=st.booleans())
    def update_custom(self, operator: str, number: int, version: str | None, fields: Row, custom: bool) -> None:
        self.edit(
            operator,
            number,
            version,
            lambda model, step, stale: model.update_custom(step, fields, stale=stale),
            lambda wb, step, expected: wb.steps.update(step, expected_version=expected, **fields),
            custom=custom,
        )

    @rule(operator=who, number=numbers, version=versions, custom=st.booleans())
    def delete_custom(self, operator: str, number: int, version: str | None, custom: bool) -> None:
        self.edit(
            operator,
            number,
            version,
            lambda model, step, stale: model.delete_custom(step, stale=stale),
            lambda wb, step, expected: wb.steps.delete(step, expected_version=expected),
            custom=custom,
        )

    def edit(
        self,
        operator: str,
        number: int,
        version: str | None,
        ruled: Callable[[Model, int, bool], None],
        real: Callable[[Workbook, int, int | None], object],
        *,
        custom: bool = False,
    ) -> None:
        self.act(operator)
        customs = [each for each, step in self.model.steps.items() if step["is_custom"]]
        step = self.pick(number, customs if custom and customs else self.model.steps)
        expected = self.version("customer_steps", step, version)
        stale = version == "stale" and expected is not None
        self.play(operator, lambda model: ruled(model, step, stale), lambda wb: real(wb, step, expected))

    @precondition(lambda self: self.model.steps and len(self.model.steps) < 30)
    @rule(
        operator=who,
        number=numbers,
        fields=values,
        side=st.sampled_from(("after", "before", "end", "wrong")),
        shared=st.sampled_from((False, False, False, True)),
    )
    def add_custom(self, operator: str, number: int, fields: Row, side: str, shared: bool) -> None:
        self.act(operator)
        neighbour = self.pick(number, self.model.steps)
        beside = self.model.steps[neighbour]
        customer = beside["customer_id"]
        if side == "wrong":
            customer = customer % 3 + 1
        else:
            fields = fields | {"category": beside["category"]}
        where = None if side == "end" else neighbour
        named = {"before_id" if side == "before" else "after_id": where}
        if shared and sum(map(len, self.model.live.values())) >= MOST_TEMPLATES:
            shared = False
        self.play(
            operator,
            lambda model: model.add_custom(
                self.ids, customer, fields, where, "before" if side == "before" else "after", shared=shared
            ),
            lambda wb: wb.steps.add_custom(1, customer, **fields, **named, add_to_template=shared),
        )

    # undo

    @precondition(lambda self: self.batches)
    @rule(operator=who, again=st.booleans())
    def undo_last_batch(self, operator: str, again: bool) -> None:
        """Undo the newest batch (which may be an undo), and perhaps undo that again."""
        self.undo(operator, max(self.batches))
        if again:
            self.undo(operator, max(self.batches))

    @precondition(lambda self: self.batches)
    @rule(operator=who, number=numbers)
    def undo_some_batch(self, operator: str, number: int) -> None:
        self.undo(operator, self.pick(number, sorted(self.batches)[-8:]))

    @rule(operator=who)
    def undo_own_last(self, operator: str) -> None:
        mine = [
            each.id
            for each in self.batches.values()
            if each.operator == operator and each.undoable and each.undoes is None and not self.is_undone(each)
        ]
        open_ = self.model.status != "archived"
        self.undo(operator, max(mine) if mine and open_ else None, asked=None)

    def undo(self, operator: str, batch_id: int | None, **asked: Any) -> None:
        self.act(operator)
        batch = self.batches.get(batch_id or 0)
        newest = batch_id == max(self.batches, default=0)
        before_file, before_model = self.stored, self.model
        wanted = self.why_not(batch)
        model = deepcopy(self.model)
        with self.playing(operator, model) as caught:
            undone = self.wb.acting_as(operator).undo(asked.get("asked", batch_id))
            caught.append(None)
            assert undone.undone == batch_id
            assert undone.left == ()
            assert batch is not None
            self.put_back(model, batch, newest=newest)
        joined = batch is not None and set(self.model.members.items()) != set(batch.after.members.items())
        if caught == [None] or not (joined and wanted is None):
            assert caught == [wanted], (batch_id, caught, wanted)
        if caught != [None] or batch is None:
            assert caught[0] in (NotAllowed, Conflict)
            return
        made = self.batches[max(self.batches)]
        made.undoes, batch.undone_by = batch.id, made.id
        if newest:
            assert said(self.stored) == said(batch.stored_before)
        else:
            self.check_put_back(batch, before_file)
            self.check_order(before_model)
            for each in (batch.before.steps.keys() - batch.after.steps.keys()) & self.model.steps.keys():
                beside = batch.before.beside(batch.before.steps[each])
                if batch.before.steps[each]["is_custom"]:
                    assert [other for other in self.model.beside(self.model.steps[each]) if other in beside] == beside

    def why_not(self, batch: Batch | None) -> type[RelorchError] | None:
        """Say how an undo has to be refused, as far as rows that were touched since tell."""
        if batch is None or not batch.undoable or self.is_undone(batch) or self.model.status == "archived":
            return NotAllowed
        now, old, new = self.model, batch.before, batch.after
        for mine, was, became in ((now.steps, old.steps, new.steps), (now.templates, old.templates, new.templates)):
            for each, row in became.items():
                if was.get(each) != row and mine.get(each) != row:
                    return Conflict
            if any(each in mine for each in was.keys() - became.keys()):
                return Conflict  # what it deleted is back already
        if any(self.others_stand_there(batch, each) for each in old.steps.keys() - new.steps.keys()):
            return Conflict
        if set(new.templates) - set(old.templates) and self.stands_on(batch):
            return Conflict
        if self.strands(batch):
            return Conflict
        if old.steps == new.steps and old.templates == new.templates and self.stands_so_already(old, new):
            return Conflict
        only_steps = old.templates == new.templates and old.live == new.live
        changed = [row for each, row in new.steps.items() if each in old.steps and old.steps[each] != row]
        changed += [row for each, row in new.steps.items() if each not in old.steps]
        if only_steps and any(now.members[row["customer_id"]] != "active" for row in changed):
            return Conflict
        for category in CATEGORIES:
            if old.live[category] != new.live[category]:
                kept = set(new.live[category]) & set(now.live[category]) & set(old.templates)
                if [each for each in new.live[category] if each in kept] != [
                    each for each in now.live[category] if each in kept
                ]:
                    return Conflict
        return None

    def stands_so_already(self, old: Model, new: Model) -> bool:
        """Say whether an order was all that changed, and is that of before for those who are still there."""
        return old.live != new.live and all(
            [each for each in old.live[category] if each in now] == [each for each in now if each in old.live[category]]
            for category, now in self.model.live.items()
        )

    def others_stand_there(self, batch: Batch, gone: int) -> bool:
        """Say whether a deleted custom step would come back among others than it stood with; younger ones do not count."""
        step = batch.before.steps[gone]
        if not step["is_custom"]:
            return False
        beside = [each for each in batch.before.beside(step) if each != gone]
        since = self.stored["events"][batch.id]["at"]
        created = {each: row["created_at"] for each, row in self.stored["customer_steps"].items()}
        return beside != [each for each in self.model.beside(step) if each in beside or created[each] <= since]

    def is_undone(self, batch: Batch) -> bool:
        """Say whether a batch is taken back now: an undo that was undone itself counts no more."""
        return batch.undone_by is not None and not self.is_undone(self.batches[batch.undone_by])

    def stands_on(self, batch: Batch) -> bool:
        added = set(batch.after.templates) - set(batch.before.templates)
        old, new = batch.before.steps, batch.after.steps

        def moved_there_by_it(each: int) -> bool:
            return each in old and each in new and old[each]["anchor_template_id"] != new[each]["anchor_template_id"]

        return any(
            (step["anchor_template_id"] in added and not moved_there_by_it(each))
            or (step["template_id"] in added and each not in batch.after.steps)
            for each, step in self.model.steps.items()
        )

    def strands(self, batch: Batch) -> bool:
        """Say whether a step would stand at a template that is retired or gone, once the batch is taken back."""
        now, old, new = self.model, batch.before, batch.after

        def back(mine: dict[int, Row], was: dict[int, Row], became: dict[int, Row], each: int, name: str) -> Any:
            both = each in was and each in became and was[each][name] != became[each][name]
            return was[each][name] if both else mine[each][name]

        live = {
            each for each in now.templates if not back(now.templates, old.templates, new.templates, each, "is_retired")
        } | (set(old.templates) - set(new.templates))
        anchors = [
            back(now.steps, old.steps, new.steps, each, "anchor_template_id")
            for each in now.steps
            if each in old.steps or each not in new.steps
        ]
        anchors += [old.steps[each]["anchor_template_id"] for each in old.steps.keys() - new.steps.keys()]
        return any(anchor is not None and anchor not in live for anchor in anchors)

    def put_back(self, model: Model, batch: Batch, *, newest: bool) -> None:
        """Do in the model what an undo does: the rows of before; for an older batch the order is read, not foretold."""
        old, new = batch.before, batch.after
        if newest:
            model.__dict__.update(deepcopy(old).__dict__)
            return
        for mine, was, became in ((model.steps, old.steps, new.steps), (model.templates, old.templates, new.templates)):
            for each in became.keys() - was.keys():
                del mine[each]
            for each, row in was.items():
                if each not in became:
                    mine[each] = deepcopy(row)
                elif row != became[each]:
                    mine[each].update({name: value for name, value in row.items() if became[each][name] != value})
        self.read_order(model)

    def read_order(self, model: Model) -> None:
        """Take the order from what is stored; that it is a right one, the invariants and `check_order` say."""
        stored = self.dump()
        for category in CATEGORIES:
            live = [
                row
                for row in stored["step_templates"].values()
                if row["category"] == category and not row["is_retired"]
            ]
            model.live[category] = [row["id"] for row in sorted(live, key=lambda row: row["order_index"])]
            for customer in model.members:
                own = [
                    row
                    for row in stored["customer_steps"].values()
                    if (row["customer_id"], row["category"]) == (customer, category)
                ]
                model.order[customer, category] = [row["id"] for row in sorted(own, key=lambda row: row["order_index"])]

    def check_put_back(self, batch: Batch, before: Dump) -> None:
        """Rows that the batch had not changed stay as they were."""
        for table in ("customer_steps", "step_templates"):
            touched = {
                each
                for each in batch.stored_before[table].keys() | batch.stored_after[table].keys()
                if _plain(batch.stored_before[table].get(each)) != _plain(batch.stored_after[table].get(each))
            }
            for each, row in before[table].items():
                if each not in touched:
                    now = self.stored[table].get(each)
                    assert now is not None
                    assert _plain({**now, "order_index": 0}) == _plain({**row, "order_index": 0})

    def check_order(self, before: Model) -> None:
        """Steps that stood at one place, and still do, have the order they had."""
        for each, step in self.model.steps.items():
            now = [other for other in self.model.beside(step) if other in before.steps]
            if each in before.steps and not self.model._is_live(step):
                stood = before.beside(before.steps[each])
                assert [other for other in now if other in stood] == [other for other in stood if other in now]

    @precondition(lambda self: self.batches)
    @rule(operator=who, number=numbers)
    def undo_but_for_what_was_touched(self, operator: str, number: int) -> None:
        """What it takes back is read; that every event tells a change, and all that always holds, is checked."""
        self.act(operator)
        batch_id = self.pick(number, sorted(self.batches)[-8:])
        before, before_model, model = self.stored, self.model, deepcopy(self.model)
        with self.playing(operator, model) as caught:
            undone = self.wb.acting_as(operator).undo(batch_id, skip_touched=True)
            caught.append(None)
            self.read(model)
        if caught != [None]:
            assert caught[0] in (NotAllowed, Conflict)
            return
        made = self.batches[max(self.batches)]
        made.undoes, self.batches[batch_id].undone_by = batch_id, made.id
        self.check_order(before_model)
        for left in undone.left:
            assert left.table == "customer_steps"
            assert _unplaced(self.stored[left.table].get(left.id)) == _unplaced(before[left.table].get(left.id))

    def read(self, model: Model) -> None:
        """Take over what is stored."""
        stored = self.dump()
        for mine, name, like in (
            (model.steps, "customer_steps", NEW | dict.fromkeys(_TEXT)),
            (model.templates, "step_templates", dict.fromkeys(_TEMPLATE)),
        ):
            rows = _columns(stored[name], dict.fromkeys(stored[name], like))
            mine.clear()
            mine.update(rows)
        self.read_order(model)

    # what always holds

    @invariant()
    def everything_holds(self) -> None:
        self.stored_is_what_the_rules_say()
        self.order_is_dense()
        self.followers_stand_at_their_anchor()
        self.every_member_has_every_step()
        self.a_text_is_that_of_its_revision()
        self.progress_counts_rows()
        self.matrix_has_every_step_once()
        self.history_is_never_rewritten()
        self.archived_is_immutable()
        self.history_replays()

    def stored_is_what_the_rules_say(self) -> None:
        release = self.stored["releases"][1]
        assert (release["status"], release["archived_from"]) == (self.model.status, self.model.archived_from)
        assert {each: row["state"] for each, row in self.stored["release_customers"].items()} == self.model.members
        assert _columns(self.stored["customer_steps"], self.model.steps) == self.model.steps
        assert _columns(self.stored["step_templates"], self.model.templates) == self.model.templates

    def order_is_dense(self) -> None:
        for category, live in self.model.live.items():
            rows = [row for row in self.stored["step_templates"].values() if row["category"] == category]
            places = {row["id"]: row["order_index"] for row in rows if not row["is_retired"]}
            assert places == {each: place for place, each in enumerate(live)}
        wanted = {each: place for order in self.model.order.values() for place, each in enumerate(order)}
        assert {each: row["order_index"] for each, row in self.stored["customer_steps"].items()} == wanted

    def followers_stand_at_their_anchor(self) -> None:
        """Between a custom step and its anchor's step stand only others of that place; without one: at the end."""
        steps = self.stored["customer_steps"]
        for order in self.model.order.values():
            at = {steps[each]["template_id"]: place for place, each in enumerate(order)}
            for place, each in enumerate(order):
                anchor, side = steps[each]["anchor_template_id"], steps[each]["anchor_side"]
                if not steps[each]["is_custom"]:
                    continue
                if anchor is None or anchor not in at:
                    between = order[place + 1 :]
                    assert all(not self.model._is_live(self.model.steps[other]) for other in between)
                else:
                    between = order[place + 1 : at[anchor]] if side == "before" else order[at[anchor] + 1 : place]
                    assert (place < at[anchor]) == (side == "before")
                    assert all(steps[other]["anchor_template_id"] == anchor for other in between)

    def every_member_has_every_step(self) -> None:
        live = Counter(self.model.live["deploy"] + self.model.live["verify"])
        for customer in self.model.there():
            own = [step for step in self.model._of(customer) if self.model._is_live(step)]
            assert Counter(step["template_id"] for step in own) == live, f"customer {customer}"

    def a_text_is_that_of_its_revision(self) -> None:
        for each, step in self.model.steps.items():
            if self.model._is_live(step) and self.model._follows(step) and step["customer_id"] in self.model.there():
                template = self.model.templates[step["template_id"]]
                assert step["template_revision"] <= template["revision"], f"step {each} knows an undone text"

    def progress_counts_rows(self) -> None:
        rows = self.stored["customer_steps"].values()
        for by in (None, "cluster", "customer", "step", "category"):
            groups = self.wb.progress(1, by) if by else [self.wb.progress(1)]
            counts: Counter[str] = Counter()
            for group in groups:
                counts.update(group.counts)
            states = self.model.members
            assert +counts == Counter(row["status"] for row in rows if states[row["customer_id"]] == "active")
            held = sum(states[row["customer_id"]] == "held" for row in rows)
            assert sum(group.held for group in groups) == held

    def matrix_has_every_step_once(self) -> None:
        matrix = self.wb.matrix(1)
        there = self.model.there()
        wanted = {each: row for each, row in self.stored["customer_steps"].items() if row["customer_id"] in there}
        cells = list(matrix.cells())
        assert Counter(cell.id for cell in cells) == Counter(list(wanted))
        for cell in cells:
            row = wanted[cell.id]
            assert (cell.status, cell.version) == (row["status"], row["row_version"])
            assert matrix.customers[cell.column].id == row["customer_id"]
            assert matrix.rows[cell.row].category == row["category"]
        for column, customer in enumerate(matrix.customers):
            shown = [cell.id for cell in matrix.cells(column)]
            order = [each for category in CATEGORIES for each in self.model.order.get((customer.id, category), ())]
            assert shown == order

    def history_is_never_rewritten(self) -> None:
        for number, event in self.frozen.items():
            assert self.stored["events"][number] == event
        self.frozen = dict(self.stored["events"])
        assert self.wb.first_broken_event() is None

    def archived_is_immutable(self) -> None:
        tables = {
            name: self.stored[name] for name in ("releases", "step_templates", "release_customers", "customer_steps")
        }
        if self.model.status == "archived" and self.archived is not None:
            assert tables == self.archived
        self.archived = tables if self.model.status == "archived" else None

    def history_replays(self) -> None:
        replay = replayed(self.wb.history(release_id=1))
        names = ("status", "executed_by", "executed_content", "executed_sha256", "content", "is_overridden")
        stored = self.stored["customer_steps"]
        assert _columns(replay.steps, dict.fromkeys(stored, dict.fromkeys(names))) == _columns(
            stored, dict.fromkeys(stored, dict.fromkeys(names))
        )
        for each, step in replay.steps.items():
            at = step["executed_at"]
            assert (at and micros(datetime.fromisoformat(at))) == stored[each]["executed_at"]
        assert {place: order for place, order in replay.order.items() if order} == {
            place: order for place, order in self.model.order.items() if order
        }


def said(stored: Dump) -> dict[str, dict[Any, Row | None]]:
    """Give everything stored but the events, and what only grows."""
    return {
        name: {each: _plain(row) for each, row in rows.items()} for name, rows in stored.items() if name != "events"
    }


def _plain(row: Row | None) -> Row | None:
    return None if row is None else {name: value for name, value in row.items() if name not in SILENT}


_TEXT = ("name", "type", "category", "content", "customer_id", "template_id", "template_revision", "is_custom")
_TEMPLATE = ("name", "type", "category", "content", "required", "is_retired", "revision")


def _unplaced(row: Row | None) -> Row | None:
    return (
        None if row is None else {name: value for name, value in (_plain(row) or {}).items() if name != "order_index"}
    )


def _columns(rows: dict[Any, Row], like: dict[Any, Row]) -> dict[Any, Row]:
    """Give rows with just the columns the other ones have, flags as flags."""
    names = set().union(*like.values()) if like else set()
    return {
        each: {name: bool(row[name]) if name.startswith("is_") or name == "required" else row[name] for name in names}
        for each, row in rows.items()
    }


LONG = os.environ.get("RELORCH_MACHINE") == "long"


def test_the_workbook_keeps_its_rules_whatever_is_played(seed: Path, tmp_path: Path) -> None:
    machine = type("PlayedMachine", (Machine,), {"seed": seed, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=500 if LONG else 60,
            stateful_step_count=60 if LONG else 30,
            deadline=None,
            derandomize=not LONG,
            # a red run says which rules were played; making it shorter takes minutes, so that is for the long run
            phases=tuple(Phase) if LONG else (Phase.generate,),
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
