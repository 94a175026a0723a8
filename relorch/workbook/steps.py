"""Customer steps: the verbs of the status table, and what a step looks like from close by."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from relorch.errors import (
    CannotRender,
    Conflict,
    IllegalTransition,
    InvalidValue,
    NotAllowed,
    NotFound,
    RelorchError,
    StorageError,
)
from relorch.model import text
from relorch.model.ordering import Side
from relorch.model.placeholders import Rendering, check_content
from relorch.model.status import HOLDS_TEXT, TRANSITIONS, Status, Transition, Verb, verbs_from
from relorch.model.values import (
    Cluster,
    Customer,
    CustomerStep,
    Event,
    MemberState,
    Release,
    ReleaseStatus,
    StepTemplate,
    StepType,
)
from relorch.store import Connection, events, journal, rows, steps
from relorch.store import releases as releases_store
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customer_steps, customers, releases, step_templates
from relorch.workbook.core import Change, Noun
from relorch.workbook.releases import require_release
from relorch.workbook.rendering import rendering_of
from relorch.workbook.templates import add_template, checked_template

Versions = int | Mapping[int, int] | None
Digests = str | Mapping[int, str | None] | None


@dataclass(frozen=True)
class Refusal:
    """One step of a list that was left as it is, and the error that says why."""

    step_id: int
    error: RelorchError


@dataclass(frozen=True)
class Outcome:
    """What a status verb did: `steps` as they are now, `refused` of a list, and the batch (None: nothing)."""

    batch_id: int | None
    steps: tuple[CustomerStep, ...]
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A verb that leads away from a step's status, and why it would be refused (None: it would not)."""

    verb: Verb
    reason: str
    refused: str | None


@dataclass(frozen=True)
class StepDetail:
    """A step from close by: all that an operator needs to act on it.

    `text` and `text_sha256` are what is shown and copied: the frozen text while the step is in progress or
    done, else what renders now (None when it cannot). `rendering` is always what renders now.
    `place` and `places` are its position (from 1) among its customer's steps of the category.
    """

    step: CustomerStep
    customer: Customer
    cluster: Cluster
    release: Release
    template: StepTemplate | None
    member_state: MemberState
    rendering: Rendering
    text: str | None
    text_sha256: str | None
    frozen: bool
    place: int
    places: int
    choices: tuple[Choice, ...]
    history: tuple[Event, ...]


@dataclass
class _Request:
    """One call of a verb, checked."""

    transition: Transition
    reason: str | None
    notes: str | None
    versions: Mapping[int, int]
    digests: Mapping[int, str | None]
    take_template: bool = False
    problems: builtins.list[Refusal] = field(default_factory=list)


class Steps(Noun):
    """The verbs of customer steps.

    Each status verb takes one id or a list. With one id a refusal raises its error; with a list the legal
    ones are applied in one transaction and the refused are listed in the `Outcome`.
    `expected_version` is the `row_version` that was on the screen, for a list a dict id → version;
    `text_sha256` the digest of the text that was shown or copied, for a list a dict id → digest.

    All raise `NotFound`, `NotAllowed` (release not active, member held or removed), `IllegalTransition`
    naming the current status, and `Conflict` when the version is stale, the step is in the target status
    already, or its text is no longer the one that was shown.
    """

    def list(self, release_id: int, customer_id: int) -> list[CustomerStep]:
        """Give the steps of one member in order, deploy then verify; empty for a customer that is no member.

        Raises `NotFound` for an unknown release.
        """
        with self._core.look() as connection:
            require_release(connection, release_id)
            found = steps.list_steps(connection, release_id, text.number("customer_id", customer_id))
        return [CustomerStep(**row) for row in found]

    def get(self, step_id: int) -> CustomerStep:
        """Give one step; raises `NotFound`."""
        with self._core.look() as connection:
            return _value(_require(steps.with_context(connection, [text.number("step_id", step_id)]), step_id))

    def render(self, step_id: int) -> Rendering:
        """Give what the step's content renders to for its customer now: `.text .sha256 .problems`.

        Raises `NotFound`; a text that cannot render is no error here, its problems say why.
        """
        with self._core.look() as connection:
            return rendering_of(_require(steps.with_context(connection, [text.number("step_id", step_id)]), step_id))

    def detail(self, step_id: int) -> StepDetail:
        """Give the step with its target, template, text, possible verbs and history; raises `NotFound`."""
        with self._core.look() as connection:
            row = _require(steps.with_context(connection, [text.number("step_id", step_id)]), step_id)
            siblings = steps.list_steps(connection, row["release_id"], row["customer_id"])
            history = events.select_history(connection, step_id=step_id)
            template = row["template_id"] and rows.by_id(connection, step_templates, row["template_id"])
            customer = rows.by_ids(connection, customers, [row["customer_id"]])[row["customer_id"]]
            cluster = rows.by_ids(connection, clusters, [row["cluster_id"]])[row["cluster_id"]]
            release = rows.by_ids(connection, releases, [row["release_id"]])[row["release_id"]]
        places = [sibling["id"] for sibling in siblings if sibling["category"] == row["category"]]
        rendering = rendering_of(row)
        shown, digest, frozen = _shown(row, rendering)
        return StepDetail(
            step=_value(row),
            customer=Customer(**customer),
            cluster=Cluster(**cluster),
            release=Release(**release),
            template=StepTemplate(**template) if template else None,
            member_state=MemberState(row["member_state"]),
            rendering=rendering,
            text=shown,
            text_sha256=digest,
            frozen=frozen,
            place=places.index(step_id) + 1,
            places=len(places),
            choices=tuple(_choice(row, verb, rendering) for verb in verbs_from(Status(row["status"]))),
            history=tuple(Event(**event) for event in history),
        )

    def start(
        self,
        step_ids: int | Sequence[int],
        *,
        notes: str | None = None,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Claim steps: their rendered text is frozen from here on. Raises `CannotRender` when it does not render."""
        return self._apply(Verb.START, step_ids, None, notes, expected_version, text_sha256)

    def mark_done(
        self,
        step_ids: int | Sequence[int],
        *,
        notes: str | None = None,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Tick steps off, with the text that ran: the one `start` froze, else what renders now.

        Raises `CannotRender` when it does not render.
        """
        return self._apply(Verb.MARK_DONE, step_ids, None, notes, expected_version, text_sha256)

    def fail(
        self,
        step_ids: int | Sequence[int],
        *,
        reason: str,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Record that steps went wrong and why; raises `InvalidValue` for a blank reason."""
        return self._apply(Verb.FAIL, step_ids, reason, None, expected_version, text_sha256)

    def skip(self, step_ids: int | Sequence[int], *, reason: str, expected_version: Versions = None) -> Outcome:
        """Leave steps out and say why.

        Raises `InvalidValue` for a blank reason, `NotAllowed` while the live template is required.
        """
        return self._apply(Verb.SKIP, step_ids, reason, None, expected_version, None)

    def revert(
        self, step_ids: int | Sequence[int], *, reason: str | None = None, expected_version: Versions = None
    ) -> Outcome:
        """Record that what steps did was taken back."""
        return self._apply(Verb.REVERT, step_ids, reason, None, expected_version, None)

    def reopen(
        self,
        step_ids: int | Sequence[int],
        *,
        reason: str | None = None,
        take_template: bool = False,
        expected_version: Versions = None,
    ) -> Outcome:
        """Make steps pending again: what was executed is cleared from the row and stays in the history.

        `take_template` also takes the current text of the live template; a step without one is refused with
        `NotAllowed`.
        """
        taken = text.flag("take_template", take_template)
        return self._apply(Verb.REOPEN, step_ids, reason, None, expected_version, None, take_template=taken)

    def override(self, step_id: int, content: str, *, expected_version: int | None = None) -> CustomerStep:
        """Give a pending step a text of its own; templates do not reach it any more until `reset`.

        `content`: at most 64 KB. Raises `NotFound`, `InvalidValue`, `Conflict` for a stale version, `NotAllowed`
        when the step is not pending, is a custom step, or its release or member cannot be worked on.
        """
        wanted = text.content(content)
        with self._core.change() as change:
            row = _editable(change, step_id, expected_version, "override")
            if row["is_custom"]:
                raise NotAllowed(f"Step {step_id} '{row['name']}' is a custom step; edit it instead.")
            check_content(wanted, StepType(row["type"]))
            return _edited(change, "step.override", row, {"content": wanted, "is_overridden": True})

    def reset(self, step_id: int, *, expected_version: int | None = None) -> CustomerStep:
        """Take name, type and content of a pending step back from its template.

        Raises as `override` does, and `NotAllowed` for a custom step or one whose template is retired.
        """
        with self._core.change() as change:
            row = _editable(change, step_id, expected_version, "reset")
            return _edited(change, "step.reset", row, _template_text(change, row))

    def add_custom(
        self,
        release_id: int,
        customer_id: int,
        *,
        name: str,
        category: str,
        type: str,
        content: str,
        after_id: int | None = None,
        before_id: int | None = None,
        add_to_template: bool = False,
    ) -> CustomerStep:
        """Add a step for one customer of an active release, right after or before one of its steps, or at the end.

        With `add_to_template` it becomes a template there, and a step of every member that is not removed; the
        answer is that customer's. Raises `NotFound`, `InvalidValue` when the neighbour is not a step of that
        customer, release and category, `NotAllowed` when release or member cannot be worked on.
        """
        values = checked_template(name=name, category=category, type=type, content=content)
        shared = text.flag("add_to_template", add_to_template)
        with self._core.change() as change:
            release = _workable(change.connection, release_id, customer_id)
            neighbour, side = _neighbour(
                change.connection, release_id, customer_id, values["category"], after_id, before_id
            )
            if shared:
                return _shared_step(change, release, customer_id, values, neighbour, side)
            row = _insert_custom(change, release_id, customer_id, values, neighbour, side)
            change.record(
                "step.add_custom",
                release_id=release_id,
                customer_id=customer_id,
                step_id=row["id"],
                after={**values, "rows": [journal.entry(customer_steps, [row], before=None, after={})]},
            )
            return _value(row)

    def update(self, step_id: int, *, expected_version: int | None = None, **fields: Any) -> CustomerStep:
        """Change `name`, `type` or `content` of a pending custom step.

        Raises as `override` does, and `NotAllowed` for a step that comes from a template.
        """
        wanted = checked_template(**fields)
        if wanted.keys() & {"category", "description", "required"}:
            raise InvalidValue("fields", sorted(wanted), "of a custom step name, type and content can be changed")
        with self._core.change() as change:
            row = _editable(change, step_id, expected_version, "change")
            _refuse_from_template(row)
            merged = row | wanted
            check_content(merged["content"], StepType(merged["type"]))
            return _edited(change, "step.update_custom", row, wanted)

    def delete(self, step_id: int, *, expected_version: int | None = None) -> None:
        """Delete a pending custom step; raises as `update` does. Its history stays."""
        with self._core.change() as change:
            row = _editable(change, step_id, expected_version, "delete")
            _refuse_from_template(row)
            whole = {name: row[name] for name in steps.STEP_COLUMNS}
            journal.take_out(change.connection, customer_steps, [step_id])
            steps.rearrange(change.connection, row["release_id"], row["category"], [row["customer_id"]])
            change.record(
                "step.delete_custom",
                release_id=row["release_id"],
                customer_id=row["customer_id"],
                step_id=step_id,
                before={"name": row["name"], "content": row["content"]},
                after={"rows": [journal.removed(customer_steps, whole)]},
            )

    def _apply(
        self,
        verb: Verb,
        step_ids: int | Sequence[int],
        reason: str | None,
        notes: str | None,
        expected_version: Versions,
        text_sha256: Digests,
        *,
        take_template: bool = False,
    ) -> Outcome:
        ids, alone = _ids(step_ids)
        rule = TRANSITIONS[verb]
        request = _Request(
            rule,
            text.reason(reason, required=rule.reason == "required"),
            text.reason(notes, required=False, field="notes"),
            _per_id("expected_version", ids, alone, expected_version, int),
            _per_id("text_sha256", ids, alone, text_sha256, str),
            take_template,
        )
        with self._core.change() as change:
            applied = _apply_all(change, request, ids, alone)
        return Outcome(change.batch_id, tuple(_value(row) for row in applied), tuple(request.problems))


def _apply_all(change: Change, request: _Request, ids: Sequence[int], alone: bool) -> builtins.list[RowDict]:
    """Change every step that may be changed, and give their rows as they are now."""
    found = steps.with_context(change.connection, ids, lock=True)
    changes: builtins.list[tuple[RowDict, RowDict]] = []
    for step_id in ids:
        try:
            row = _require(found, step_id)
            changes.append((row, _new_columns(change, request, row)))
        except StorageError:
            raise
        except RelorchError as error:
            if alone:
                raise
            request.problems.append(Refusal(step_id, error))
    written = steps.change_many(
        change.connection, [(row["id"], row["row_version"], new) for row, new in changes], change.now
    )
    if written != len(changes):
        raise StorageError(f"{len(changes) - written} steps changed while they were being written; try again.")
    for row, new in changes:
        said = request.reason if request.reason is not None else request.notes
        change.record_step(f"step.{request.transition.verb}", row, new, note=said)
    return [row | new | {"row_version": row["row_version"] + 1, "updated_at": change.now} for row, new in changes]


def _new_columns(change: Change, request: _Request, row: RowDict) -> RowDict:
    """Give the columns one step gets by the verb, or raise why it may not have it."""
    rule = request.transition
    _refuse_closed_doors(row)
    _refuse_overtaken(change, request, row)
    if Status(row["status"]) not in rule.sources:
        raise IllegalTransition(row["id"], rule.verb, row["status"], verbs_from(Status(row["status"])))
    if rule.verb is Verb.SKIP and _is_required(row):
        raise NotAllowed(f"Step {row['id']} '{row['name']}' is required and cannot be skipped.")
    columns = {
        "status": rule.target.value,
        "executed_at": change.now,
        "executed_by": change.operator,
        "executed_content": row["executed_content"],
        "executed_sha256": row["executed_sha256"],
        "notes": row["notes"],
        "skip_reason": row["skip_reason"],
    }
    if rule.verb is Verb.REOPEN:
        columns |= dict.fromkeys(("executed_at", "executed_by", "executed_content", "executed_sha256"))
    if request.take_template:
        columns |= _template_text(change, row)
    if rule.freezes:
        columns |= _frozen(change, request, row)
    return columns | _words(request)


def _template_text(change: Change, row: RowDict) -> RowDict:
    """Give the columns that a step gets from its live template as it is now."""
    if row["template_id"] is None or row["template_retired"]:
        why = "its template is retired" if row["template_id"] else "it is a custom step"
        raise NotAllowed(f"Step {row['id']} '{row['name']}' cannot take a template's text: {why}.")
    template = rows.by_ids(change.connection, step_templates, [row["template_id"]])[row["template_id"]]
    taken = {name: template[name] for name in ("name", "type", "content")}
    return taken | {"template_revision": template["revision"], "is_overridden": False}


def _editable(change: Change, step_id: int, expected_version: int | None, verb: str) -> RowDict:
    """Give the row of a step whose text may be changed now, or raise why it may not."""
    number = text.number("step_id", step_id)
    if expected_version is not None:
        text.number("expected_version", expected_version)
    row = _require(steps.with_context(change.connection, [number], lock=True), number)
    _refuse_closed_doors(row)
    if expected_version is not None and expected_version != row["row_version"]:
        raise _overtaken(change, row, already=False)
    if row["status"] != Status.PENDING:
        raise NotAllowed(
            f"Step {number} '{row['name']}' is {_words_of(row['status'])}: to {verb} it, reopen it first. "
            "What ran is what is recorded."
        )
    return row


def _edited(change: Change, action: str, row: RowDict, new: RowDict) -> CustomerStep:
    """Give a step new columns and record it; nothing is recorded when nothing changes."""
    new = {name: value for name, value in new.items() if row[name] != value}
    if not new:
        return _value(row)
    steps.change_many(change.connection, [(row["id"], row["row_version"], new)], change.now)
    change.record_step(action, row, new)
    return _value(row | new | {"row_version": row["row_version"] + 1, "updated_at": change.now})


def _refuse_from_template(row: RowDict) -> None:
    if not row["is_custom"]:
        raise NotAllowed(f"Step {row['id']} '{row['name']}' comes from a template; override it or skip it instead.")


def _workable(connection: Connection, release_id: int, customer_id: int) -> RowDict:
    """Give the row of an active release in which this customer is an active member, or raise why not."""
    release = require_release(connection, release_id)
    if release["status"] != ReleaseStatus.ACTIVE:
        raise NotAllowed(f"Release '{release['name']}' is {release['status']}; only an active one takes custom steps.")
    member = releases_store.membership(connection, release_id).get(text.number("customer_id", customer_id))
    if member is None:
        raise NotFound("member of the release", customer_id, "customer_id")
    if member["state"] != MemberState.ACTIVE:
        raise NotAllowed(f"customer_id {customer_id}: the customer is {member['state']} in '{release['name']}'.")
    return release


def _neighbour(
    connection: Connection,
    release_id: int,
    customer_id: int,
    category: str,
    after_id: int | None,
    before_id: int | None,
) -> tuple[RowDict | None, Side]:
    if after_id is not None and before_id is not None:
        raise InvalidValue("before_id", before_id, "give either after_id or before_id")
    side, field_name = (Side.BEFORE, "before_id") if before_id is not None else (Side.AFTER, "after_id")
    wanted = before_id if before_id is not None else after_id
    if wanted is None:
        return None, side
    found = rows.by_id(connection, customer_steps, text.number(field_name, wanted))
    if found is None:
        raise NotFound("step", wanted, field_name)
    if (found["release_id"], found["customer_id"], found["category"]) != (release_id, customer_id, category):
        raise InvalidValue(field_name, wanted, f"is not one of this customer's {category} steps in this release")
    return found, side


def _insert_custom(
    change: Change, release_id: int, customer_id: int, values: RowDict, neighbour: RowDict | None, side: Side
) -> RowDict:
    """Insert a custom step beside its neighbour and bring the customer's steps in order."""
    connection, category = change.connection, values["category"]
    anchor: RowDict = {"anchor_template_id": None, "anchor_side": None}
    place = len(
        rows.where(connection, customer_steps, release_id=release_id, customer_id=customer_id, category=category)
    )
    if neighbour is not None:
        anchor = _anchor_beside(connection, neighbour, side)
        place = neighbour["order_index"] + (side is Side.AFTER)
        steps.make_room(connection, release_id, customer_id, category, place)
    row = rows.add(
        connection,
        customer_steps,
        change.now,
        release_id=release_id,
        customer_id=customer_id,
        order_index=place,
        is_custom=True,
        **values,
        **anchor,
    )
    steps.rearrange(connection, release_id, category, [customer_id])
    return rows.by_ids(connection, customer_steps, [row["id"]])[row["id"]]


def _anchor_beside(connection: Connection, neighbour: RowDict, side: Side) -> RowDict:
    """Give the anchor of a step beside this one: it itself, or what it stands at, when no live template places it."""
    if neighbour["template_id"] is not None:
        template = rows.by_ids(connection, step_templates, [neighbour["template_id"]])[neighbour["template_id"]]
        if not template["is_retired"]:
            return {"anchor_template_id": template["id"], "anchor_side": side.value}
    return {name: neighbour[name] for name in ("anchor_template_id", "anchor_side")}


def _shared_step(
    change: Change, release: RowDict, customer_id: int, values: RowDict, neighbour: RowDict | None, side: Side
) -> CustomerStep:
    """Make a template beside the neighbour's, and give that customer's step of it."""
    position = None
    if neighbour is not None:
        anchor = _anchor_beside(change.connection, neighbour, side)
        live = [
            row["id"] for row in releases_store.live_templates(change.connection, release["id"], values["category"])
        ]
        if anchor["anchor_template_id"] is not None:
            position = live.index(anchor["anchor_template_id"]) + (anchor["anchor_side"] == Side.AFTER)
    template = add_template(change, release, values, position)
    (row,) = rows.where(change.connection, customer_steps, template_id=template["id"], customer_id=customer_id)
    return _value(row)


def _words(request: _Request) -> RowDict:
    """Give the columns that mirror what was said with the verb; nothing said leaves them as they are."""
    if request.transition.verb is Verb.SKIP:
        return {"skip_reason": request.reason}
    said = request.reason if request.reason is not None else request.notes
    return {} if said is None else {"notes": said}


def _frozen(change: Change, request: _Request, row: RowDict) -> RowDict:
    """Give the text that is recorded: what was frozen already, else what renders now."""
    rendering = rendering_of(row)
    shown, digest, frozen = _shown(row, rendering)
    wanted = request.digests.get(row["id"])
    if wanted is not None and wanted != digest:
        raise _text_changed(change, row)
    if frozen:
        return {}
    if rendering.problems and request.transition.renders:
        raise CannotRender(row["id"], rendering.problems)
    return {"executed_content": shown, "executed_sha256": digest}


def _shown(row: RowDict, rendering: Rendering) -> tuple[str | None, str | None, bool]:
    """Give the text an operator sees and copies, its digest, and whether it is the frozen one."""
    if Status(row["status"]) in HOLDS_TEXT and row["executed_content"] is not None:
        return row["executed_content"], row["executed_sha256"], True
    return rendering.text, rendering.sha256, False


def _refuse_closed_doors(row: RowDict) -> None:
    why = _closed_door(row)
    if why is not None:
        raise NotAllowed(f"Step {row['id']} '{row['name']}': {why}")


def _closed_door(row: RowDict) -> str | None:
    """Give why nothing of this step can be changed now, or None."""
    if row["release_status"] != ReleaseStatus.ACTIVE:
        return f"release '{row['release_name']}' is {row['release_status']} and can only be read; reopen it first."
    if row["member_state"] != MemberState.ACTIVE:
        return f"customer '{row['customer_name']}' is {row['member_state']} in this release; resume or add it first."
    return None


def _refuse_overtaken(change: Change, request: _Request, row: RowDict) -> None:
    already = row["status"] == request.transition.target
    expected = request.versions.get(row["id"])
    if already or (expected is not None and expected != row["row_version"]):
        raise _overtaken(change, row, already=already)


def _overtaken(change: Change, row: RowDict, *, already: bool) -> Conflict:
    """Say who was there before, and when."""
    latest = events.latest_touch(change.connection, row["id"], _followed_template(row))
    who = latest["operator"] if latest else row["executed_by"]
    when = latest["at"] if latest else row["executed_at"]
    by = _by(who, when, change.operator)
    state = _words_of(row["status"])
    subject = f"Step {row['id']} '{row['name']}' of {row['customer_name']}"
    if already:
        message = f"{subject} is already {state}{by}; nothing was changed."
    else:
        message = f"{subject} was changed{by} after it was shown and is {state} now; look again before you act."
    return Conflict(message, step_id=row["id"], status=row["status"], who=who, when=when)


def _followed_template(row: RowDict) -> int | None:
    """Give the template whose changes reach the step, or None when none do."""
    follows = row["status"] == Status.PENDING and not row["is_overridden"]
    return row["template_id"] if follows else None


def _text_changed(change: Change, row: RowDict) -> Conflict:
    """Say which of all that makes up a text was changed last."""
    parts = {
        "the step's own text": row["updated_at"],
        f"customer '{row['customer_name']}'": row["customer_updated_at"],
        f"cluster '{row['cluster_name']}'": row["cluster_updated_at"],
        f"release '{row['release_name']}'": row["release_updated_at"],
    }
    what = max(parts, key=lambda name: parts[name])
    message = (
        f"The text of step {row['id']} '{row['name']}' of {row['customer_name']} is no longer the one that was shown: "
        f"{what} was changed at {_clock_time(parts[what])}. Read the new text before you run it."
    )
    latest = events.latest_touch(change.connection, row["id"], _followed_template(row))
    who, when = (latest["operator"], latest["at"]) if latest else (None, parts[what])
    return Conflict(message, step_id=row["id"], status=row["status"], who=who, when=when)


def _by(who: str | None, when: datetime | None, operator: str) -> str:
    name = "" if who is None else " by you" if who == operator else f" by {who}"
    return name + ("" if when is None else f" at {_clock_time(when)}")


def _clock_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _words_of(status: str) -> str:
    return status.replace("_", " ")


def _is_required(row: RowDict) -> bool:
    return bool(row["template_required"]) and not row["template_retired"]


def _choice(row: RowDict, verb: Verb, rendering: Rendering) -> Choice:
    """Say whether the verb would be refused now, without trying it."""
    rule = TRANSITIONS[verb]
    refused = _closed_door(row)
    if refused is None and verb is Verb.SKIP and _is_required(row):
        refused = "This step is required and cannot be skipped."
    if refused is None and rule.renders and rendering.problems and not _shown(row, rendering)[2]:
        refused = "Its text cannot render; it can be failed or skipped."
    return Choice(verb, rule.reason, refused)


def _ids(step_ids: int | Sequence[int]) -> tuple[builtins.list[int], bool]:
    """Give the ids, each once, and whether it was a single one."""
    if isinstance(step_ids, int):
        return [text.number("step_id", step_ids)], True
    if isinstance(step_ids, str | bytes):
        raise InvalidValue("step_ids", step_ids, "must be an id or a list of ids")
    try:
        ids = list(dict.fromkeys(text.number("step_id", step_id) for step_id in step_ids))
    except TypeError:
        raise InvalidValue("step_ids", step_ids, "must be an id or a list of ids") from None
    if not ids:
        raise InvalidValue("step_ids", ids, "must name at least one step")
    return ids, False


def _per_id(field_name: str, ids: Sequence[int], alone: bool, value: Any, kind: type) -> Mapping[int, Any]:
    """Give what was passed for each id: one value for one id, a dict for a list."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        given = dict(value)
    elif alone:
        given = {ids[0]: value}
    else:
        raise InvalidValue(field_name, value, "must be a dict of step id to value when a list of steps is given")
    for step_id in given:
        text.number(field_name, step_id)
    for wanted in given.values():
        if wanted is not None and (not isinstance(wanted, kind) or isinstance(wanted, bool)):
            raise InvalidValue(field_name, wanted, f"must be a {'number' if kind is int else 'text'}")
    return given


def _require(found: Mapping[int, RowDict], step_id: int) -> RowDict:
    row = found.get(step_id)
    if row is None:
        raise NotFound("step", step_id)
    return row


def _value(row: RowDict) -> CustomerStep:
    return CustomerStep(**{name: row[name] for name in steps.STEP_COLUMNS})
