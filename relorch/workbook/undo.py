"""Taking a batch back: every row it touched gets its columns of before, unless somebody touched it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from relorch.errors import Conflict, NotAllowed, NotFound
from relorch.model.status import Status
from relorch.model.values import MemberState, ReleaseStatus
from relorch.store import events, journal, rows, steps
from relorch.store import releases as releases_store
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, customers, releases, step_templates
from relorch.workbook.core import Change
from relorch.workbook.rendering import rendering_of

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
    undo = _Undo(change, wanted, skip_touched, of_steps=all(event["step_id"] is not None for event in found))
    _refuse_handed_on(undo, found)
    for event in reversed(found):
        _take_back(undo, event)
    for release_id, category in dict.fromkeys(undo.order):
        steps.rearrange(change.connection, release_id, category)
    if not change.facts:
        raise _conflict(undo, undo.left)
    _refuse_forgotten(undo, found)
    return Undone(None, wanted, tuple(dict.fromkeys(undo.steps)), tuple(undo.left))


def _last_of(change: Change) -> int:
    taken_back = _in_force(events.undone(change.connection))
    for batch_id in events.batches_of(change.connection, change.operator, UNDOABLE):
        if batch_id not in taken_back and _release_is_open(change, events.batch(change.connection, batch_id)):
            return batch_id
    raise NotAllowed(f"There is nothing left that {change.operator} could undo.")


def _in_force(undone: Mapping[int, int]) -> set[int]:
    """Give the batches that are undone now: an undo that was undone itself counts no more."""
    in_force: dict[int, bool] = {}
    for batch, by in sorted(undone.items(), reverse=True):  # whoever undid a batch came after it
        in_force[batch] = not in_force.get(by, False)
    return {batch for batch, undone_now in in_force.items() if undone_now}


def _is_undone(batch: int, undone: Mapping[int, int]) -> bool:
    """Follow who undid whom to the last; an odd number of links means that the batch is undone now."""
    links = 0
    while (by := undone.get(batch)) is not None:
        batch, links = by, links + 1
    return links % 2 == 1


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
    order = after.get("order")
    stood = [] if order is None else _live_ids(undo, event, order["category"])
    swapped: RowDict = {"rows": _take_back_rows(undo, event, after.get("rows", []))}
    if order is not None:
        swapped["order"] = {**_take_back_order(undo, event, order), "before": stood}
    if not swapped["rows"] and (order is None or swapped["order"]["after"] == stood):
        return  # all of it was left as it is: that is no event
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
    if back.get("status") == Status.IN_PROGRESS and _would_render_differently(undo, row, back):
        _leave(undo, customer_steps.name, row["id"], "it would be in progress with a text that is no longer its own")
        return
    steps.change_many(undo.change.connection, [(row["id"], row["row_version"], back)], undo.change.now)
    undo.change.record_step(UNDO, row, back, note=f"undo of {event['action']}", undoes=undo.batch_id)
    undo.steps.append(row["id"])


def _would_render_differently(undo: _Undo, row: RowDict, back: RowDict) -> bool:
    """Whether the text that was frozen then is not what the step says now: its customer was moved, say."""
    now = steps.with_context(undo.change.connection, [row["id"]])[row["id"]] | back
    return bool(now["executed_sha256"] != rendering_of(now).sha256)


def _take_back_rows(undo: _Undo, event: RowDict, entries: Iterable[RowDict]) -> list[RowDict]:
    return [swapped for entry in reversed(list(entries)) for swapped in _take_back_entry(undo, event, entry)]


def _take_back_entry(undo: _Undo, event: RowDict, entry: RowDict) -> list[RowDict]:
    """Take back what happened to rows of one table; give the entries of having done so."""
    table, connection = journal.TABLES[entry["table"]], undo.change.connection
    if entry["after"] is None:
        place = _place_again(undo, event, entry) if table is customer_steps else None
        why = _why_not_again(undo, table.name, entry["before"], place)
        if why is not None:
            _leave(undo, table.name, entry["before"]["id"], why)
            return []
        row = _put_back(undo, table.name, entry["before"], place)
        _order_later(undo, row)
        _note_step(undo, table.name, row["id"])
        return [journal.entry(table, [row], before=None, after={} if place is None else {"order_index": place})]
    found = rows.by_ids(connection, table, entry["ids"])
    for gone in (each for each in entry["ids"] if each not in found):
        _leave(undo, table.name, gone, "it is gone")
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
    old = {name: fitting[0][name] for name in (*back, *(["order_index"] if away else []))}
    return [journal.entry(table, [row | back for row in fitting], before=old, after=back)]


def _fits(undo: _Undo, entry: RowDict, row: RowDict) -> bool:
    digest = entry["digests"][entry["ids"].index(row["id"])]
    why = _touched(undo, entry["table"], row, digest)
    if why is not None:
        _leave(undo, entry["table"], row["id"], why)
    return why is None


def _place_again(undo: _Undo, event: RowDict, entry: RowDict) -> int | None:
    """Give the place a deleted step takes again: between the same steps; None when those are not there as they were.

    Steps made after the deletion do not count. One that a live template places goes to its template anyhow.
    """
    whole, beside = entry["before"], entry.get("beside")
    if beside is None:
        return int(whole["order_index"])
    now = steps.siblings(undo.change.connection, whole)
    old = [row["id"] for row in now if row["id"] in beside or row["created_at"] <= event["at"]]
    if old != [each for each in beside if each != whole["id"]]:
        return None
    places = {row["id"]: int(row["order_index"]) for row in now}
    before = beside[: beside.index(whole["id"])]
    if before:
        return places[before[-1]] + 1
    return min(places.values(), default=int(whole["order_index"]))


def _put_back(undo: _Undo, name: str, whole: RowDict, place: int | None) -> RowDict:
    """Insert a removed row again; a template at a place nobody has, its order follows when all rows are back."""
    connection, table = undo.change.connection, journal.TABLES[name]
    if place is None:
        return journal.put_back(connection, table, whole | {"order_index": _NOWHERE - whole["id"]}, undo.change.now)
    steps.make_room(connection, whole["release_id"], whole["customer_id"], whole["category"], place)
    return journal.put_back(connection, table, whole | {"order_index": place}, undo.change.now)


def _take_out(undo: _Undo, name: str, row: RowDict) -> RowDict | None:
    """Delete an added row; a template only when none of its customers' steps is left."""
    table, connection = journal.TABLES[name], undo.change.connection
    if name == step_templates.name and steps.standing_at(connection, row["id"]):
        _leave(undo, name, row["id"], "customers' steps of it, or beside it, were made or changed after that")
        return None
    gone = journal.removed(table, row, beside=steps.beside(connection, row) if name == customer_steps.name else None)
    journal.take_out(connection, table, [row["id"]])
    _order_later(undo, row)
    return gone


def _touched(undo: _Undo, table: str, row: RowDict | None, digest: str | None) -> str | None:
    """Give why a row cannot be put back, or None when it is as the batch left it."""
    if row is None:
        return "it is gone"
    if journal.digest(journal.TABLES[table], row) != digest:
        return _RIGHT_NOW
    return _away(undo, row) if table == customer_steps.name else None


def _away(undo: _Undo, step: RowDict) -> str | None:
    """Give why nothing of a step can be put back for its customer, or None; a template's undo reaches everyone."""
    connection, customer_id = undo.change.connection, step["customer_id"]
    state = releases_store.membership(connection, step["release_id"])[customer_id]["state"]
    if undo.of_steps and state != MemberState.ACTIVE:
        return f"its customer is {state} in the release"
    if undo.of_steps and not rows.by_ids(connection, customers, [customer_id])[customer_id]["is_active"]:
        return "its customer is inactive"
    return None


def _why_not_again(undo: _Undo, name: str, row: RowDict, place: int | None) -> str | None:
    """Give why a row that was deleted cannot come back, or None."""
    if rows.by_id(undo.change.connection, journal.TABLES[name], row["id"]) is not None:
        return "it is back already"  # by another undo of the same deletion
    return _why_not_beside(undo, row, place) if name == customer_steps.name else None


def _why_not_beside(undo: _Undo, step: RowDict, place: int | None) -> str | None:
    beside = step["anchor_template_id"]
    anchor = rows.by_id(undo.change.connection, step_templates, beside) if beside is not None else None
    if beside is not None and (anchor is None or anchor["is_retired"]):
        return "the step it stood beside is gone"
    if place is None:
        return "the custom steps around it are others now"
    return _away(undo, step)


def _refuse_handed_on(undo: _Undo, found: Sequence[RowDict]) -> None:
    """Refuse to undo a template's text that steps took since: of customers added later, or by reset and reopen."""
    entries = [entry for event in found for entry in (event["after"] or {}).get("rows", ())]
    reached = {each for entry in entries if entry["table"] == customer_steps.name for each in entry["ids"]}
    since = events.retexted_since(undo.change.connection, found[0]["release_id"], found[-1]["id"])
    for entry in entries:
        if entry["table"] != step_templates.name or not (entry["before"] and entry["after"]):
            continue
        said = {name: entry["after"][name] for name in events.TEXT if name in entry["after"]}
        for row in steps.of_template(undo.change.connection, entry["ids"][0]) if said else ():
            there = row["member_state"] != MemberState.REMOVED  # the removed catch up when they are added again
            follows = there and row["status"] == Status.PENDING and not row["is_overridden"]
            took = row["created_at"] > found[0]["at"] or row["id"] in since
            if follows and took and row["id"] not in reached and all(row[name] == said[name] for name in said):
                left = Left(customer_steps.name, row["id"], "it took the template's text after that")
                raise _conflict(undo, [left], way_out="Give the template its old text by an update instead")


def _refuse_forgotten(undo: _Undo, found: Sequence[RowDict]) -> None:
    """Refuse what would leave a live template that some member has no step of, with or without `skip_touched`."""
    for release_id in {event["release_id"] for event in found}:
        lacking = steps.lacking(undo.change.connection, release_id)
        if lacking:
            raise _conflict(undo, [Left(step_templates.name, lacking[0], "members would be left without a step of it")])
        stranded = steps.stranded(undo.change.connection, release_id)
        if stranded:
            raise _conflict(
                undo, [Left(customer_steps.name, stranded[0], "it was put beside that template after that")]
            )


def _leave(undo: _Undo, table: str, row_id: int, why: str) -> None:
    left = Left(table, row_id, why)
    if left not in undo.left:
        undo.left.append(left)
    if table == step_templates.name:
        # without its template nothing of the batch may be taken back: steps and template would say two things
        raise _conflict(undo, [left], way_out=f"To take batch {undo.batch_id} back, undo the later change first")
    if not undo.skip_touched:
        raise _conflict(undo, undo.left)


def _conflict(undo: _Undo, left: Sequence[Left], way_out: str | None = None) -> Conflict:
    """Say which row keeps the batch from being taken back, and who had it last."""
    skip = "" if undo.skip_touched else ", or skip what was touched"
    way_out = way_out or f"To take batch {undo.batch_id} back, undo the later change first{skip}"
    if not left:
        message = f"There is nothing left of batch {undo.batch_id} to take back: all of it was changed since."
        return Conflict(message, who=None, when=None)
    first = left[0]
    noun = {customer_steps.name: "Step", step_templates.name: "Template"}.get(first.table, "Row")
    is_step, connection = first.table == customer_steps.name, undo.change.connection
    row = rows.by_id(connection, journal.TABLES[first.table], first.id) if first.table in journal.TABLES else None
    latest_of = events.latest_touch if is_step else events.latest_template_touch
    latest = latest_of(connection, row) if row else None
    subject = f"{noun} {first.id}{_named(undo, first, row)}"
    message = f"{subject} cannot be put back: {first.why}; nothing was changed. {way_out}."
    return Conflict(
        message,
        step_id=first.id if is_step else None,
        status=row["status"] if row and is_step else None,
        who=latest["operator"] if latest else None,
        when=latest["at"] if latest else None,
    )


def _named(undo: _Undo, left: Left, row: RowDict | None) -> str:
    """Give what the row is called, for a step also whose it is; nothing for one that is gone."""
    if row is None or "name" not in row:
        return ""
    if left.table != customer_steps.name:
        return f" '{row['name']}'"
    customer = rows.by_id(undo.change.connection, customers, row["customer_id"])
    return f" '{row['name']}'" + (f" of {customer['name']}" if customer else "")


def _take_back_order(undo: _Undo, event: RowDict, order: RowDict) -> RowDict:
    """Put the templates of a category back in the order of before, if it is still that of after."""
    connection, release_id, category = undo.change.connection, event["release_id"], order["category"]
    now = _live_ids(undo, event, category)
    there = set(now)
    if [each for each in order["after"] if each in there] != [each for each in now if each in order["after"]]:
        raise _conflict(
            undo, [Left(step_templates.name, event["template_id"] or now[0], "the order was changed after that")]
        )
    stays = any(each in there and each not in order["before"] for each in order["after"])
    wanted = now if stays else _merged([each for each in order["before"] if each in there], now)
    releases_store.set_order(connection, wanted, undo.change.now)
    undo.order.append((release_id, category))
    return {"category": category, "after": wanted}


def _live_ids(undo: _Undo, event: RowDict, category: str) -> list[int]:
    live = releases_store.live_templates(undo.change.connection, event["release_id"], category)
    return [row["id"] for row in sorted(live, key=lambda row: row["order_index"])]


def _merged(wanted: list[int], now: Sequence[int]) -> list[int]:
    """Put what came later where it stands now: right behind the one before it, or first."""
    known = set(wanted)
    for place, each in enumerate(now):
        if each not in known:
            at = 0 if place == 0 else wanted.index(now[place - 1]) + 1
            wanted.insert(at, each)
            known.add(each)
    return wanted


def _order_later(undo: _Undo, row: RowDict) -> None:
    undo.order.append((row["release_id"], row["category"]))


def _note_step(undo: _Undo, table: str, row_id: int) -> None:
    if table == customer_steps.name:
        undo.steps.append(row_id)


_NOWHERE = -1_000_000
"""Below every place a live template can have."""
