"""Taking a batch back: every row it touched gets its columns of before, unless somebody touched it since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from relorch.errors import Conflict, NotAllowed, NotFound
from relorch.model.status import Status
from relorch.model.values import MemberState, ReleaseStatus
from relorch.store import events, journal, rows, steps
from relorch.store import releases as releases_store
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, customers, releases, step_templates
from relorch.workbook.core import Change
from relorch.workbook.removals import folded, unfolded
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
    left: dict[Left, None] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)
    order: list[tuple[int, str]] = field(default_factory=list)
    closed: dict[int, dict[int, RowDict]] = field(default_factory=dict)

    def closed_to(self, release_id: int) -> dict[int, RowDict]:
        """Give the members of a release who cannot be worked on, by customer; read once."""
        if release_id not in self.closed:
            self.closed[release_id] = steps.closed_to(self.change.connection, release_id)
        return self.closed[release_id]


def undo_batch(change: Change, batch_id: int | None, *, skip_touched: bool) -> Undone:
    """Take a batch back in an open transaction; raises `NotFound`, `NotAllowed`, `Conflict`."""
    wanted = _last_of(change) if batch_id is None else batch_id
    found = events.batch(change.connection, wanted)
    if not found:
        raise NotFound("batch", wanted, "batch_id")
    _refuse_not_undoable(change, wanted, found)
    undo = _Undo(change, wanted, skip_touched, of_steps=all(event["step_id"] is not None for event in found))
    _refuse_handed_on(undo, found)
    for is_of_step, told in groupby(reversed(found), key=_is_of_step):
        if is_of_step:
            for part in _apart(told, lambda event: event["step_id"]):
                _take_back_steps(undo, part)
        else:
            for event in told:
                _take_back(undo, event)
    for release_id, category in dict.fromkeys(undo.order):
        steps.rearrange(change.connection, release_id, category)
    if not change.facts:
        raise _conflict(undo, list(undo.left))
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


def _is_of_step(event: RowDict) -> bool:
    """Whether an event holds the columns of one step, and lists no rows."""
    return event["step_id"] is not None and "rows" not in (event["after"] or {})


def _apart(found: Iterable[RowDict], key: Callable[[RowDict], int]) -> Iterator[list[RowDict]]:
    """Cut into runs in which each has a key of its own: there all at once does what one after the other does."""
    run: dict[int, RowDict] = {}
    for each in found:
        if key(each) in run:
            yield list(run.values())
            run = {}
        run[key(each)] = each
    if run:
        yield list(run.values())


def _take_back(undo: _Undo, event: RowDict) -> None:
    """Take an event that lists rows or an order back, and record that as an event of the same form."""
    before, after = event["before"] or {}, event["after"] or {}
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


def _take_back_steps(undo: _Undo, told: Sequence[RowDict]) -> None:
    """Take events of single steps back, each of another step, and record that as an event each."""
    change, again = undo.change, [event["step_id"] for event in told if _was_begun(event)]
    found = rows.by_ids(change.connection, customer_steps, [event["step_id"] for event in told])
    contexts = steps.with_context(change.connection, again)
    written: dict[tuple[str, ...], list[tuple[int, int, RowDict]]] = {}
    for event in told:
        row, back = found.get(event["step_id"]), journal.columns(customer_steps, event["before"])
        why = _why_not_back(undo, event, row, contexts)
        if row is None or why is not None:
            _leave(undo, customer_steps.name, event["step_id"], why or "it is gone")
            continue
        written.setdefault(tuple(back), []).append((row["id"], row["row_version"], back))
        change.record_step(UNDO, row, back, note=f"undo of {event['action']}", undoes=undo.batch_id)
        undo.steps.append(row["id"])
    for same_columns in written.values():
        steps.change_many(change.connection, same_columns, change.now)


def _was_begun(event: RowDict) -> bool:
    return bool(event["before"].get("status") == Status.IN_PROGRESS)


def _why_not_back(undo: _Undo, event: RowDict, row: RowDict | None, contexts: Mapping[int, RowDict]) -> str | None:
    """Give why a step cannot get the columns of before its event again, or None; `contexts`: what it renders with."""
    why = _touched(undo, customer_steps.name, row, event["row_digest"])
    if why is None and _was_begun(event) and _would_render_differently(contexts[event["step_id"]], event):
        return "it would be in progress with a text that is no longer its own"
    return why


def _would_render_differently(row: RowDict, event: RowDict) -> bool:
    """Whether the text that was frozen then is not what the step says now: its customer was moved, say."""
    now = row | journal.columns(customer_steps, event["before"])
    return bool(now["executed_sha256"] != rendering_of(now).sha256)


def _take_back_rows(undo: _Undo, event: RowDict, entries: Iterable[RowDict]) -> list[RowDict]:
    """Take back what happened to rows; give the entries of having done so."""
    swapped: list[RowDict] = []
    for (name, went, came), run in groupby(reversed(unfolded(entries)), key=_kind):
        if went:
            for part in _apart(run, lambda entry: _whose(entry["before"])):
                swapped += _put_back(undo, event, name, part)
        elif came:
            swapped += _take_out(undo, name, list(run))
        else:
            for entry in run:
                swapped += _set_back(undo, entry)
    return folded(swapped)


def _kind(entry: RowDict) -> tuple[str, bool, bool]:
    """Give the table of an entry, and whether its rows went or came."""
    return entry["table"], entry["after"] is None, entry["before"] is None


def _whose(row: RowDict) -> int:
    """Give the customer of a step; a template stands for itself."""
    return int(row["customer_id"] if "customer_id" in row else row["id"])


def _set_back(undo: _Undo, entry: RowDict) -> list[RowDict]:
    """Give changed rows their columns of before."""
    table, connection = journal.TABLES[entry["table"]], undo.change.connection
    fitting = _fitting(undo, table.name, [entry])
    if not fitting:
        return []
    back = journal.columns(table, entry["before"])
    away = {"order_index": _NOWHERE - fitting[0]["id"]} if back.get("is_retired") is False else {}
    journal.set_columns(connection, table, [row["id"] for row in fitting], entry["before"] | away, undo.change.now)
    for row in fitting:
        _note_step(undo, table.name, row["id"])
        _order_later(undo, row)
    old = {name: fitting[0][name] for name in (*back, *(["order_index"] if away else []))}
    return [journal.entry(table, [row | back for row in fitting], before=old, after=back)]


def _fitting(undo: _Undo, name: str, entries: Sequence[RowDict]) -> list[RowDict]:
    """Give the rows of entries that are as the batch left them; the others are left."""
    ids = [each for entry in entries for each in entry["ids"]]
    found = rows.by_ids(undo.change.connection, journal.TABLES[name], ids)
    return [row for entry in entries for row in _fitting_of(undo, entry, found)]


def _fitting_of(undo: _Undo, entry: RowDict, found: Mapping[int, RowDict]) -> list[RowDict]:
    for gone in (each for each in entry["ids"] if each not in found):
        _leave(undo, entry["table"], gone, "it is gone")
    told = zip(entry["ids"], entry["digests"], strict=True)
    return [found[each] for each, digest in told if each in found and _fits(undo, entry["table"], found[each], digest)]


def _fits(undo: _Undo, name: str, row: RowDict, digest: str) -> bool:
    why = _touched(undo, name, row, digest)
    if why is not None:
        _leave(undo, name, row["id"], why)
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


def _put_back(undo: _Undo, event: RowDict, name: str, entries: Sequence[RowDict]) -> list[RowDict]:
    """Insert removed rows again, each of another customer; give the entries of that."""
    table, wanted = journal.TABLES[name], _wanted_again(undo, event, name, entries)
    made = _inserted(undo, name, [(whole, place) for whole, place in wanted])
    for row in made:
        _order_later(undo, row)
        _note_step(undo, name, row["id"])
    places = [{} if place is None else {"order_index": place} for _, place in wanted]
    return [journal.entry(table, [row], before=None, after=place) for row, place in zip(made, places, strict=True)]


def _wanted_again(
    undo: _Undo, event: RowDict, name: str, entries: Sequence[RowDict]
) -> list[tuple[RowDict, int | None]]:
    """Give the removed rows that can come back, with the place each takes; None for a template."""
    connection, wholes = undo.change.connection, [entry["before"] for entry in entries]
    there = rows.by_ids(connection, journal.TABLES[name], [whole["id"] for whole in wholes])
    anchors = rows.by_ids(connection, step_templates, sorted({_anchor(whole) for whole in wholes} - {None}))
    wanted: list[tuple[RowDict, int | None]] = []
    for entry, whole in zip(entries, wholes, strict=True):
        is_step = name == customer_steps.name
        place = _place_again(undo, event, entry) if is_step else None
        why = "it is back already" if whole["id"] in there else None  # by another undo of the same deletion
        if why is None and is_step:
            why = _why_not_beside(undo, whole, place, anchors)
        if why is None:
            wanted.append((whole, place))
        else:
            _leave(undo, name, whole["id"], why)
    return wanted


def _anchor(whole: RowDict) -> Any:
    return whole.get("anchor_template_id")


def _inserted(undo: _Undo, name: str, wanted: Sequence[tuple[RowDict, int | None]]) -> list[RowDict]:
    """Insert removed rows; a template at a place nobody has, its order follows when all rows are back."""
    connection, table, now = undo.change.connection, journal.TABLES[name], undo.change.now
    steps.make_rooms(
        connection,
        [(row["release_id"], row["customer_id"], row["category"], place) for row, place in wanted if place is not None],
    )
    rows.add_many(
        connection, table, [journal.columns(table, whole) | _anew(whole, place, now) for whole, place in wanted]
    )
    made = rows.by_ids(connection, table, [whole["id"] for whole, _ in wanted])
    return [made[whole["id"]] for whole, _ in wanted]


def _anew(whole: RowDict, place: int | None, now: datetime) -> RowDict:
    """Give what a removed row does not get again as it was; its version goes beyond any it had."""
    at = _NOWHERE - whole["id"] if place is None else place
    return {"order_index": at, "updated_at": now, "row_version": whole["row_version"] + 1}


def _take_out(undo: _Undo, name: str, entries: Sequence[RowDict]) -> list[RowDict]:
    """Delete added rows, a template only when none of its customers' steps is left; give the entries of that."""
    table, connection = journal.TABLES[name], undo.change.connection
    gone: list[RowDict] = []
    for part in _apart(_fitting(undo, name, entries), _whose):
        if name == step_templates.name:
            _refuse_stood_at(undo, part)
            gone += [journal.removed(table, row) for row in part]
        else:
            gone += [journal.removed(table, row, beside=steps.beside(connection, row)) for row in part]
        journal.take_out(connection, table, [row["id"] for row in part])
        for row in part:
            _order_later(undo, row)
    return gone


def _refuse_stood_at(undo: _Undo, templates: Sequence[RowDict]) -> None:
    for row in templates:
        if steps.standing_at(undo.change.connection, row["id"]):
            why = "customers' steps of it, or beside it, were made or changed after that"
            _leave(undo, step_templates.name, row["id"], why)


def _touched(undo: _Undo, table: str, row: RowDict | None, digest: str | None) -> str | None:
    """Give why a row cannot be put back, or None when it is as the batch left it."""
    if row is None:
        return "it is gone"
    if journal.digest(journal.TABLES[table], row) != digest:
        return _RIGHT_NOW
    return _away(undo, row) if table == customer_steps.name else None


def _away(undo: _Undo, step: RowDict) -> str | None:
    """Give why nothing of a step can be put back for its customer, or None; a template's undo reaches everyone."""
    closed = undo.closed_to(step["release_id"]).get(step["customer_id"]) if undo.of_steps else None
    if closed is None:
        return None
    if closed["state"] != MemberState.ACTIVE:
        return f"its customer is {closed['state']} in the release"
    return "its customer is inactive"


def _why_not_beside(undo: _Undo, step: RowDict, place: int | None, anchors: Mapping[int, RowDict]) -> str | None:
    """Give why a deleted step cannot stand where it stood, or None; `anchors`: the templates that are there, by id."""
    anchor = anchors.get(_anchor(step))
    if _anchor(step) is not None and (anchor is None or anchor["is_retired"]):
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
    undo.left[left] = None
    if table == step_templates.name:
        # without its template nothing of the batch may be taken back: steps and template would say two things
        raise _conflict(undo, [left], way_out=f"To take batch {undo.batch_id} back, undo the later change first")
    if not undo.skip_touched:
        raise _conflict(undo, list(undo.left))


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
