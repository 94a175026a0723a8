"""A customer's own steps and texts: where a custom step goes, and when a step may be edited."""

from __future__ import annotations

from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.ordering import Side
from relorch.model.status import Status
from relorch.model.values import CustomerStep, MemberState, ReleaseStatus
from relorch.store import Connection, events, journal, releases, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, customers, step_templates
from relorch.workbook.core import Change
from relorch.workbook.releases import require_release
from relorch.workbook.templates import add_template
from relorch.workbook.transitions import overtaken, refuse_closed_doors, require_step, step_value, words_of


def editable(change: Change, step_id: int, expected_version: int | None, verb: str) -> RowDict:
    """Give the row of a step whose text may be changed now, or raise why it may not."""
    number = text.number("step_id", step_id)
    if expected_version is not None:
        text.number("expected_version", expected_version)
    row = require_step(steps.with_context(change.connection, [number], lock=True), number)
    refuse_closed_doors(row)
    if expected_version is not None and expected_version != row["row_version"]:
        raise overtaken(change, row, events.latest_touch(change.connection, row), already=False)
    if row["status"] != Status.PENDING:
        raise NotAllowed(
            f"Step {number} '{row['name']}' is {words_of(row['status'])}: to {verb} it, reopen it first. "
            "What ran is what is recorded."
        )
    return row


def edited(change: Change, action: str, row: RowDict, new: RowDict) -> CustomerStep:
    """Give a step new columns and record it; nothing is recorded when nothing changes."""
    new = {name: value for name, value in new.items() if row[name] != value}
    if not new:
        return step_value(row)
    steps.change_many(change.connection, [(row["id"], row["row_version"], new)], change.now)
    change.record_step(action, row, new)
    return step_value(row | new | {"row_version": row["row_version"] + 1, "updated_at": change.now})


def refuse_from_template(row: RowDict) -> None:
    """Refuse with `NotAllowed` to edit a step that comes from a template."""
    if not row["is_custom"]:
        raise NotAllowed(f"Step {row['id']} '{row['name']}' comes from a template; override it or skip it instead.")


def workable(connection: Connection, release_id: int, customer_id: int) -> RowDict:
    """Give the row of an active release in which this customer is an active member, or raise why not."""
    release = require_release(connection, release_id)
    if release["status"] != ReleaseStatus.ACTIVE:
        raise NotAllowed(f"Release '{release['name']}' is {release['status']}; only an active one takes custom steps.")
    member = releases.membership(connection, release_id).get(text.number("customer_id", customer_id))
    if member is None:
        raise NotFound("member of the release", customer_id, "customer_id")
    if member["state"] != MemberState.ACTIVE:
        raise NotAllowed(f"customer_id {customer_id}: the customer is {member['state']} in '{release['name']}'.")
    customer = rows.by_ids(connection, customers, [customer_id])[customer_id]
    if not customer["is_active"]:
        raise NotAllowed(f"Customer '{customer['name']}' is inactive; reactivate it first.")
    return release


def neighbour_of(
    connection: Connection,
    release_id: int,
    customer_id: int,
    category: str,
    after_id: int | None,
    before_id: int | None,
) -> tuple[RowDict | None, Side]:
    """Give the step that a new one goes beside (None: none, so at the end), and on which side of it.

    Raises `NotFound`, `InvalidValue` for a step of another customer, release or category, or for both neighbours.
    """
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


def insert_custom(
    change: Change, release_id: int, customer_id: int, values: RowDict, neighbour: RowDict | None, side: Side
) -> RowDict:
    """Insert a custom step beside its neighbour and bring the customer's steps in order."""
    connection, category = change.connection, values["category"]
    anchor = _NOWHERE
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


def shared_step(
    change: Change, release: RowDict, customer_id: int, values: RowDict, neighbour: RowDict | None, side: Side
) -> CustomerStep:
    """Make a template right beside the neighbour, and give that customer's step of it."""
    connection, release_id, category = change.connection, release["id"], values["category"]
    anchor = _NOWHERE if neighbour is None else _anchor_beside(connection, neighbour, side)
    live = [row["id"] for row in releases.live_templates(connection, release_id, category)]
    position = None
    if anchor["anchor_template_id"] is not None:
        position = live.index(anchor["anchor_template_id"]) + (anchor["anchor_side"] == Side.AFTER)
    own = [row for row in steps.list_steps(connection, release_id, customer_id) if row["category"] == category]
    there = [row for row in own if row["template_id"] not in live and all(row[name] == anchor[name] for name in anchor)]
    at = _place_among(there, neighbour, side)
    if anchor["anchor_side"] == Side.AFTER:
        moved, new_side = there[at:], Side.AFTER
    else:
        moved, new_side = there[:at], Side.BEFORE
    template = add_template(change, release, values, position, lambda new: _stand_by(change, moved, new, new_side))
    (row,) = rows.where(connection, customer_steps, template_id=template["id"], customer_id=customer_id)
    return step_value(row)


def _place_among(there: list[RowDict], neighbour: RowDict | None, side: Side) -> int:
    """Give how many of the steps at an anchor come before a new one beside the neighbour."""
    ids = [row["id"] for row in there]
    if neighbour is None:
        return 0  # what stands at the end of all stays there
    if neighbour["id"] in ids:
        return ids.index(neighbour["id"]) + (side is Side.AFTER)
    return 0 if side is Side.AFTER else len(ids)


def _stand_by(change: Change, moved: list[RowDict], template_id: int, side: Side) -> list[RowDict]:
    """Let steps that stood at the old anchor stand beside the new template; give the journal of that."""
    if not moved:
        return []
    new: RowDict = {"anchor_template_id": template_id, "anchor_side": side.value}
    journal.set_columns(change.connection, customer_steps, [row["id"] for row in moved], new, change.now)
    before = {name: moved[0][name] for name in new}
    return [journal.entry(customer_steps, [row | new for row in moved], before=before, after=new)]


_NOWHERE: RowDict = {"anchor_template_id": None, "anchor_side": None}
