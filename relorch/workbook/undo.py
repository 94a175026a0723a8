"""Taking a batch back: every row it touched gets its columns of before, unless somebody touched it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from relorch.errors import Conflict, NotAllowed, NotFound
from relorch.model.values import MemberState, ReleaseStatus
from relorch.store import events, journal, rows, steps
from relorch.store import releases as releases_store
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, releases, step_templates
from relorch.workbook.core import Change

UNDO = "undo"
UNDOABLE = frozenset(
    {
        "step.start",
        "step.mark_done",
        "step.fail",
        "step.skip",
        "step.revert",
        "step.reopen",
        "step.override",
        "step.reset",
        "step.add_custom",
        "step.update_custom",
        "step.delete_custom",
        "template.add",
        "template.update",
        "template.move",
        "template.reorder",
        "template.retire",
        "template.delete",
    }
)
"""What can be taken back; all else has its own reverse verb."""

_RIGHT_NOW = "somebody changed it after that"


@dataclass(frozen=True)
class Left:
    """A row that an undo left as it is, and why."""

    table: str
    id: int
    why: str


@dataclass(frozen=True)
class Undone:
    """What an undo did: its own batch (which can be undone), the batch it took back, and what it left."""

    batch_id: int | None
    undone: int
    step_ids: tuple[int, ...]
    left: tuple[Left, ...] = ()


@dataclass
class _Undo:
    """One undo on its way."""

    change: Change
    batch_id: int
    skip_touched: bool
    of_steps: bool
    left: list[Left] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    order: list[tuple[int, str]] = field(default_factory=list)


def undo_batch(change: Change, batch_id: int | None, *, skip_touched: bool) -> Undone:
    """Take a batch back in an open transaction; raises `NotFound`, `NotAllowed`, `Conflict`."""
    wanted = _last_of(change) if batch_id is None else batch_id
    found = events.batch(change.connection, wanted)
    if not found:
        raise NotFound("batch", wanted, "batch_id")
    _refuse_not_undoable(change, wanted, found)
    _refuse_forgotten(change, found)
    undo = _Undo(change, wanted, skip_touched, of_steps=all(event["step_id"] is not None for event in found))
    for event in reversed(found):
        _take_back(undo, event)
    for release_id, category in dict.fromkeys(undo.order):
        steps.rearrange(change.connection, release_id, category)
    if not change.facts:
        raise _conflict(undo.left)
    return Undone(None, wanted, tuple(dict.fromkeys(undo.steps)), tuple(undo.left))


def _last_of(change: Change) -> int:
    taken_back = _in_force(events.undone(change.connection))
    for batch_id in events.batches_of(change.connection, change.operator, UNDOABLE):
        if batch_id not in taken_back and _release_is_open(change, events.batch(change.connection, batch_id)):
            return batch_id
    raise NotAllowed(f"There is nothing left that {change.operator} could undo.")


def _in_force(undone: Mapping[int, int]) -> set[int]:
    """Give the batches that are undone now: an undo that was undone itself counts no more."""
    return {batch for batch, by in undone.items() if not _is_undone(by, undone)}


def _is_undone(batch: int, undone: Mapping[int, int]) -> bool:
    by = undone.get(batch)
    return by is not None and not _is_undone(by, undone)


def _refuse_not_undoable(change: Change, batch_id: int, found: Sequence[RowDict]) -> None:
    actions = {event["action"] for event in found}
    strange = actions - UNDOABLE - {UNDO}
    if strange:
        names = ", ".join(sorted(strange))
        raise NotAllowed(f"Batch {batch_id} ({names}) cannot be undone; use the verb that reverses it.")
    by = events.undone(change.connection)
    if _is_undone(batch_id, by):
        who = events.batch(change.connection, by[batch_id])[0]
        raise NotAllowed(f"Batch {batch_id} was undone already by {who['operator']} at {who['at']:%Y-%m-%d %H:%M} UTC.")
    if not _release_is_open(change, found):
        raise NotAllowed(f"Batch {batch_id} is of a release that is archived or deleted; nothing there can be undone.")


def _refuse_forgotten(change: Change, found: Sequence[RowDict]) -> None:
    """Refuse to bring a template or its text back when customers joined since: they would have none of it."""
    whole = [event for event in found if event["step_id"] is None and (event["after"] or {}).get("rows")]
    if whole and events.enrolled_since(change.connection, whole[0]["release_id"], found[-1]["id"]):
        message = (
            f"Batch {found[0]['batch_id']} cannot be undone: customers joined the release after it and have the "
            "steps of now; change the template instead. Nothing was changed."
        )
        raise Conflict(message, step_id=0, status="", who=None, when=None)


def _release_is_open(change: Change, found: Sequence[RowDict]) -> bool:
    ids = {event["release_id"] for event in found}
    known = rows.by_ids(change.connection, releases, sorted(ids))
    return all(each in known and known[each]["status"] != ReleaseStatus.ARCHIVED for each in ids)


def _take_back(undo: _Undo, event: RowDict) -> None:
    """Take one event back, and record that as an event of the same form."""
    before, after = event["before"] or {}, event["after"] or {}
    if event["step_id"] is not None and "rows" not in after:
        _take_back_step(undo, event)
        return
    entries = _take_back_rows(undo, event, after.get("rows", []))
    order = after.get("order")
    swapped: RowDict = {"rows": entries}
    if order is not None:
        swapped["order"] = _take_back_order(undo, event, order)
    undo.change.record(
        UNDO,
        release_id=event["release_id"],
        customer_id=event["customer_id"],
        template_id=event["template_id"],
        step_id=event["step_id"],
        before={name: value for name, value in after.items() if name not in ("rows", "order")},
        after={**before, **swapped},
        note=f"undo of {event['action']}",
        undoes=undo.batch_id,
    )


def _take_back_step(undo: _Undo, event: RowDict) -> None:
    row = rows.by_id(undo.change.connection, customer_steps, event["step_id"])
    why = _touched(undo, customer_steps.name, row, event["row_digest"])
    if row is None or why is not None:
        _leave(undo, customer_steps.name, event["step_id"], why or "it is gone")
        return
    back = journal.columns(customer_steps, event["before"])
    steps.change_many(undo.change.connection, [(row["id"], row["row_version"], back)], undo.change.now)
    undo.change.record_step(UNDO, row, back, note=f"undo of {event['action']}", undoes=undo.batch_id)
    undo.steps.append(row["id"])


def _take_back_rows(undo: _Undo, event: RowDict, entries: Iterable[RowDict]) -> list[RowDict]:
    return [swapped for entry in reversed(list(entries)) for swapped in _take_back_entry(undo, event, entry)]


def _take_back_entry(undo: _Undo, event: RowDict, entry: RowDict) -> list[RowDict]:
    """Take back what happened to rows of one table; give the entries of having done so."""
    table, connection = journal.TABLES[entry["table"]], undo.change.connection
    if entry["after"] is None:
        row = _put_back(undo, table.name, entry["before"])
        _order_later(undo, row)
        _note_step(undo, table.name, row["id"])
        return [journal.entry(table, [row], before=None, after={})]
    found = rows.by_ids(connection, table, entry["ids"])
    fitting = [row for row in map(found.get, entry["ids"]) if row is not None and _fits(undo, entry, row)]
    if not fitting:
        return []
    if entry["before"] is None:
        return [gone for gone in (_take_out(undo, table.name, row) for row in fitting) if gone is not None]
    back = journal.columns(table, entry["before"])
    away = {"order_index": _NOWHERE - fitting[0]["id"]} if back.get("is_retired") is False else {}
    journal.set_columns(connection, table, [row["id"] for row in fitting], entry["before"] | away, undo.change.now)
    for row in fitting:
        _note_step(undo, table.name, row["id"])
        _order_later(undo, row)
    old = {name: fitting[0][name] for name in back}
    return [journal.entry(table, [row | back for row in fitting], before=old, after=back)]


def _fits(undo: _Undo, entry: RowDict, row: RowDict) -> bool:
    digest = entry["digests"][entry["ids"].index(row["id"])]
    why = _touched(undo, entry["table"], row, digest)
    if why is not None:
        _leave(undo, entry["table"], row["id"], why)
    return why is None


def _put_back(undo: _Undo, name: str, whole: RowDict) -> RowDict:
    """Insert a removed row again; a template at a place nobody has, its order follows when all rows are back."""
    connection, table = undo.change.connection, journal.TABLES[name]
    if name == step_templates.name:
        return journal.put_back(connection, table, whole | {"order_index": _NOWHERE - whole["id"]}, undo.change.now)
    at = (whole["release_id"], whole["customer_id"], whole["category"], whole["order_index"])
    steps.make_room(connection, *at)
    return journal.put_back(connection, table, whole, undo.change.now)


def _take_out(undo: _Undo, name: str, row: RowDict) -> RowDict | None:
    """Delete an added row; a template only when none of its customers' steps is left."""
    table, connection = journal.TABLES[name], undo.change.connection
    if name == step_templates.name and steps.standing_at(connection, row["id"]):
        _leave(undo, name, row["id"], "customers' steps of it, or beside it, were made or changed after that")
        return None
    journal.take_out(connection, table, [row["id"]])
    _order_later(undo, row)
    return journal.removed(table, row)


def _touched(undo: _Undo, table: str, row: RowDict | None, digest: str | None) -> str | None:
    """Give why a row cannot be put back, or None when it is as the batch left it."""
    if row is None:
        return "it is gone"
    if journal.digest(journal.TABLES[table], row) != digest:
        return _RIGHT_NOW
    if table == customer_steps.name:
        state = releases_store.membership(undo.change.connection, row["release_id"])[row["customer_id"]]["state"]
        if undo.of_steps and state != MemberState.ACTIVE:
            return f"its customer is {state} in the release"
    return None


def _leave(undo: _Undo, table: str, row_id: int, why: str) -> None:
    undo.left.append(Left(table, row_id, why))
    if not undo.skip_touched:
        raise _conflict(undo.left)


def _conflict(left: Sequence[Left]) -> Conflict:
    first = left[0] if left else Left("rows", 0, "everything it did was changed since")
    noun = {"customer_steps": "Step", "step_templates": "Template"}.get(first.table, "Row")
    message = f"{noun} {first.id} cannot be put back: {first.why}; nothing was changed."
    return Conflict(message, step_id=first.id, status="", who=None, when=None)


def _take_back_order(undo: _Undo, event: RowDict, order: RowDict) -> RowDict:
    """Put the templates of a category back in the order of before, if it is still that of after."""
    connection, release_id, category = undo.change.connection, event["release_id"], order["category"]
    live = releases_store.live_templates(connection, release_id, category)
    now = [row["id"] for row in sorted(live, key=lambda row: row["order_index"])]
    there = set(now)
    if [each for each in order["after"] if each in there] != [each for each in now if each in order["after"]]:
        raise _conflict([Left(step_templates.name, event["template_id"] or now[0], "the order was changed after that")])
    stays = any(each in there and each not in order["before"] for each in order["after"])
    wanted = now if stays else [each for each in order["before"] if each in there]
    wanted += [each for each in now if each not in wanted]
    releases_store.set_order(connection, wanted, undo.change.now)
    undo.order.append((release_id, category))
    return {"category": category, "before": order["after"], "after": wanted}


def _order_later(undo: _Undo, row: RowDict) -> None:
    undo.order.append((row["release_id"], row["category"]))


def _note_step(undo: _Undo, table: str, row_id: int) -> None:
    if table == customer_steps.name:
        undo.steps.append(row_id)


_NOWHERE = -1_000_000
"""Below every place a live template can have."""
