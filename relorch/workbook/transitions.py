"""The status verbs at work: who may change what from where, who was there before, and which text is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from relorch.model.placeholders import Rendering
from relorch.model.status import HOLDS_TEXT, TRANSITIONS, Status, Transition, Verb, verbs_from
from relorch.model.values import CustomerStep, MemberState, ReleaseStatus
from relorch.store import Connection, events, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import events as recorded
from relorch.store.tables import step_templates
from relorch.workbook.core import Change
from relorch.workbook.rendering import rendering_of


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


@dataclass
class Request:
    """One call of a verb, checked.

    `problems` is what planning refuses; `touches` (who overtook a step, by its id) and `templates` (by id) are what
    it read for all steps at once.
    """

    transition: Transition
    reason: str | None
    notes: str | None
    versions: Mapping[int, int]
    digests: Mapping[int, str | None]
    take_template: bool = False
    problems: list[Refusal] = field(default_factory=list)
    touches: Mapping[int, RowDict] = field(default_factory=dict)
    templates: Mapping[int, RowDict] = field(default_factory=dict)


Plan = list[tuple[RowDict, RowDict]]
"""Each step that may be changed, as it is, with the columns it gets."""


def plan_all(change: Change, request: Request, ids: Sequence[int], alone: bool, *, lock: bool = False) -> Plan:
    """Give what the verb changes and note in the request what it refuses; nothing is written.

    `alone`: a refusal is raised. `lock` keeps other writers from the steps, for those who write the plan next.
    """
    found = steps.with_context(change.connection, ids, lock=lock)
    late = [row for row in found.values() if _is_overtaken(request, row)]
    request.touches = events.latest_touches(change.connection, late) if late else {}
    if request.take_template:
        wanted = {row["template_id"] for row in found.values()} - {None}
        request.templates = rows.by_ids(change.connection, step_templates, sorted(wanted))
    plan: Plan = []
    for step_id in ids:
        try:
            row = require_step(found, step_id)
            plan.append((row, _new_columns(change, request, row)))
        except StorageError:
            raise
        except RelorchError as error:
            if alone:
                raise
            request.problems.append(Refusal(step_id, error))
    return plan


def planned_rows(plan: Plan, now: datetime) -> list[RowDict]:
    """Give the rows of a plan as they are once it is written."""
    return [row | new | {"row_version": row["row_version"] + 1, "updated_at": now} for row, new in plan]


def apply_all(change: Change, request: Request, ids: Sequence[int], alone: bool) -> list[RowDict]:
    """Change every step that may be changed, and give their rows as they are now."""
    plan = plan_all(change, request, ids, alone, lock=True)
    written = steps.change_many(
        change.connection, [(row["id"], row["row_version"], new) for row, new in plan], change.now
    )
    if written != len(plan):
        raise StorageError(f"{len(plan) - written} steps changed while they were being written; try again.")
    for row, new in plan:
        said = request.reason if request.reason is not None else request.notes
        change.record_step(f"step.{request.transition.verb}", row, new, note=said)
    return planned_rows(plan, change.now)


def _new_columns(change: Change, request: Request, row: RowDict) -> RowDict:
    """Give the columns one step gets by the verb, or raise why it may not have it."""
    rule = request.transition
    refuse_closed_doors(row)
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
        columns |= template_text(row, request.templates)
    if rule.freezes:
        columns |= _frozen(change, request, row)
    return columns | _words(request)


def template_text(row: RowDict, templates: Mapping[int, RowDict]) -> RowDict:
    """Give the columns that a step gets from its live template as it is now, one of `templates` by id."""
    if row["template_id"] is None or row["template_retired"]:
        why = "its template is retired" if row["template_id"] else "it is a custom step"
        raise NotAllowed(f"Step {row['id']} '{row['name']}' cannot take a template's text: {why}.")
    template = templates[row["template_id"]]
    taken = {name: template[name] for name in ("name", "type", "content")}
    return taken | {"template_revision": template["revision"], "is_overridden": False}


def _words(request: Request) -> RowDict:
    """Give the columns that mirror what was said with the verb; nothing said leaves them as they are."""
    if request.transition.verb is Verb.SKIP:
        return {"skip_reason": request.reason}
    said = request.reason if request.reason is not None else request.notes
    return {} if said is None else {"notes": said}


def _frozen(change: Change, request: Request, row: RowDict) -> RowDict:
    """Give the text that is recorded: what was frozen already, else what renders now."""
    rendering = rendering_of(row)
    shown, digest, frozen = shown_text(row, rendering)
    wanted = request.digests.get(row["id"])
    if wanted is not None and wanted != digest:
        raise _another_text(change, row)
    if frozen:
        return {}
    if rendering.problems and request.transition.renders:
        raise CannotRender(row["id"], rendering.problems)
    return {"executed_content": shown, "executed_sha256": digest}


def shown_text(row: RowDict, rendering: Rendering) -> tuple[str | None, str | None, bool]:
    """Give the text an operator sees and copies, its digest, and whether it is the frozen one."""
    if Status(row["status"]) in HOLDS_TEXT and row["executed_content"] is not None:
        return row["executed_content"], row["executed_sha256"], True
    return rendering.text, rendering.sha256, False


def refuse_closed_doors(row: RowDict) -> None:
    """Refuse with `NotAllowed` to change a step whose release or member cannot be worked on."""
    why = _closed_door(row)
    if why is not None:
        raise NotAllowed(f"Step {row['id']} '{row['name']}': {why}")


def _closed_door(row: RowDict) -> str | None:
    """Give why nothing of this step can be changed now, or None."""
    if row["release_status"] != ReleaseStatus.ACTIVE:
        return f"release '{row['release_name']}' is {row['release_status']} and can only be read; reopen it first."
    if row["member_state"] != MemberState.ACTIVE:
        return f"customer '{row['customer_name']}' is {row['member_state']} in this release; resume or add it first."
    if not row["customer_active"]:
        return f"customer '{row['customer_name']}' is inactive; reactivate it first."
    return None


def _is_overtaken(request: Request, row: RowDict) -> bool:
    expected = request.versions.get(row["id"])
    return row["status"] == request.transition.target or (expected is not None and expected != row["row_version"])


def _refuse_overtaken(change: Change, request: Request, row: RowDict) -> None:
    if _is_overtaken(request, row):
        already = row["status"] == request.transition.target
        raise overtaken(change, row, request.touches.get(row["id"]), already=already)


def overtaken(change: Change, row: RowDict, latest: RowDict | None, *, already: bool) -> Conflict:
    """Say who was there before, and when: as the newest event that touched the step has it."""
    who = latest["operator"] if latest else row["executed_by"]
    when = latest["at"] if latest else row["executed_at"]
    by = _by(who, when, change.operator)
    state = words_of(row["status"])
    subject = f"Step {row['id']} '{row['name']}' of {row['customer_name']}"
    if already:
        message = f"{subject} is already {state}{by}; nothing was changed."
    else:
        message = f"{subject} was changed{by} after it was shown and is {state} now; look again before you act."
    return Conflict(message, step_id=row["id"], status=row["status"], who=who, when=when)


def _another_text(change: Change, row: RowDict) -> Conflict:
    """Say what changed the text since the step was made, or that the digest never was that of its text."""
    latest = _retexted(change.connection, row)
    return _text_changed(change, row, latest) if latest else _strange_digest(row)


def _retexted(connection: Connection, row: RowDict) -> RowDict | None:
    """Give the newest event that changed a step's text after the step was made, or None."""
    latest = events.latest_retext(connection, row)
    if latest is None or latest["action"] == "step.import" or latest["id"] <= _made_by(connection, row):
        return None
    return latest


def _made_by(connection: Connection, row: RowDict) -> int:
    """Give the id of the last event of the batch that made a step; 0 where its making is not in the record."""
    then = rows.where(connection, recorded, "id", release_id=row["release_id"], at=row["created_at"])
    return max((event["id"] for event in then if event["batch_id"] == then[0]["batch_id"]), default=0)


def _strange_digest(row: RowDict) -> Conflict:
    message = (
        f"The digest that was given is not that of the text of step {row['id']} '{row['name']}' of "
        f"{row['customer_name']}, which is as it was made; it may be that of another step. "
        "Look at this one before you act."
    )
    return Conflict(message, step_id=row["id"], status=row["status"], who=None, when=None)


def _text_changed(change: Change, row: RowDict, latest: RowDict) -> Conflict:
    """Say which part of all that makes up a text was changed last, by whom and when."""
    who, when = latest["operator"], latest["at"]
    parts = {
        "step": "the step's own text",
        "customer": f"customer '{row['customer_name']}'",
        "cluster": f"cluster '{row['cluster_name']}'",
        "release": f"release '{row['release_name']}'",
    }
    message = (
        f"The text of step {row['id']} '{row['name']}' of {row['customer_name']} is no longer the one that was shown: "
        f"{parts[latest['noun']]} was changed{_by(who, when, change.operator)}. Read the new text before you run it."
    )
    return Conflict(message, step_id=row["id"], status=row["status"], who=who, when=when)


def _by(who: str | None, when: datetime | None, operator: str) -> str:
    name = "" if who is None else " by you" if who == operator else f" by {who}"
    return name + ("" if when is None else f" at {_clock_time(when)}")


def _clock_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def words_of(status: str) -> str:
    """Give a status in words."""
    return status.replace("_", " ")


def _is_required(row: RowDict) -> bool:
    return bool(row["template_required"]) and not row["template_retired"]


def choice_of(row: RowDict, verb: Verb, rendering: Rendering) -> Choice:
    """Say whether the verb would be refused now, without trying it."""
    rule = TRANSITIONS[verb]
    refused = _closed_door(row)
    if refused is None and verb is Verb.SKIP and _is_required(row):
        refused = "This step is required and cannot be skipped."
    if refused is None and rule.renders and rendering.problems and not shown_text(row, rendering)[2]:
        refused = "Its text cannot render; it can be failed or skipped."
    return Choice(verb, rule.reason, refused)


def step_ids_of(step_ids: int | Sequence[int]) -> tuple[list[int], bool]:
    """Give the ids, each once, and whether it was a single one; raises `InvalidValue` for anything else."""
    if isinstance(step_ids, int):
        return [text.number("step_id", step_ids)], True
    if isinstance(step_ids, str | bytes | Mapping) or not isinstance(step_ids, Iterable):
        raise InvalidValue("step_ids", step_ids, "must be an id or a list of ids")
    ids = ids_of("step_id", step_ids)
    if not ids:
        raise InvalidValue("step_ids", ids, "must name at least one step")
    return ids, False


def ids_of(field_name: str, ids: Iterable[int]) -> list[int]:
    """Give a list of ids, each once; raises `InvalidValue` naming the field for anything else."""
    if isinstance(ids, str | bytes | Mapping) or not isinstance(ids, Iterable):
        raise InvalidValue(field_name, ids, "must be a list of ids")
    return list(dict.fromkeys(text.number(field_name, each) for each in ids))


def per_id(field_name: str, ids: Sequence[int], alone: bool, value: Any, kind: type) -> Mapping[int, Any]:
    """Give what was passed for each id: one value for one id, a dict for a list."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        given = dict(value)
    elif alone:
        given = {ids[0]: value}
    else:
        raise InvalidValue(field_name, value, "must be a dict of step id to value when a list of steps is given")
    known = set(ids)
    for step_id in given:
        if text.number(field_name, step_id) not in known:
            raise InvalidValue(field_name, given, f"names step {step_id}, which is not among the steps")
    for wanted in given.values():
        if wanted is not None and (not isinstance(wanted, kind) or isinstance(wanted, bool)):
            raise InvalidValue(field_name, wanted, f"must be a {'number' if kind is int else 'text'}")
    return given


def require_step(found: Mapping[int, RowDict], step_id: int) -> RowDict:
    """Give the row of a step among those found; raises `NotFound`."""
    row = found.get(step_id)
    if row is None:
        raise NotFound("step", step_id)
    return row


def step_value(row: RowDict) -> CustomerStep:
    """Give a step row as the value it is outside."""
    return CustomerStep(**{name: row[name] for name in steps.STEP_COLUMNS})
