"""What the rules of releases and templates have to ask the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    null,
    select,
    update,
)

from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import (
    clusters,
    customer_steps,
    customers,
    release_customers,
    releases,
    step_templates,
)


def named(connection: Connection, name: str) -> RowDict | None:
    """Give the release of this name, or None."""
    return rows.fetch_one(connection, select(releases).where(releases.c.name == name))


def newest_first(connection: Connection) -> list[RowDict]:
    """Give all releases, the newest first."""
    return rows.fetch(connection, select(releases).order_by(releases.c.created_at.desc(), releases.c.id.desc()))


def live_templates(connection: Connection, release_id: int, category: str | None = None) -> list[RowDict]:
    """Give the templates of a release that are not retired: deploy, then verify, each in order."""
    query = select(step_templates).where(
        step_templates.c.release_id == release_id, step_templates.c.is_retired.is_(False)
    )
    if category is not None:
        query = query.where(step_templates.c.category == category)
    return rows.fetch(
        connection, query.order_by(step_templates.c.category, step_templates.c.order_index, step_templates.c.id)
    )


def with_templates(connection: Connection, release_ids: Sequence[int]) -> set[int]:
    """Give those of the releases that have a live template."""
    table = step_templates
    query = select(table.c.release_id).distinct().where(table.c.is_retired.is_(False))
    return {
        row["release_id"]
        for part in rows.chunks(release_ids)
        for row in rows.fetch(connection, query.where(table.c.release_id.in_(part)))
    }


def all_templates(connection: Connection, release_id: int) -> list[RowDict]:
    """Give every template of a release, the retired ones last."""
    query = select(step_templates).where(step_templates.c.release_id == release_id)
    return rows.fetch(
        connection,
        query.order_by(
            step_templates.c.is_retired, step_templates.c.category, step_templates.c.order_index, step_templates.c.id
        ),
    )


def make_room(connection: Connection, release_id: int, category: str, position: int, now: datetime) -> None:
    """Move the live templates from `position` on one down, by way of negative places.

    In one step the unique index would see two templates in one place half-way.
    """
    table = step_templates
    live = and_(table.c.release_id == release_id, table.c.category == category, table.c.is_retired.is_(False))
    connection.execute(
        update(table).where(live, table.c.order_index >= position).values(order_index=-table.c.order_index - 2)
    )
    connection.execute(
        update(table)
        .where(live, table.c.order_index < 0)
        .values(order_index=-table.c.order_index - 1, updated_at=now, row_version=table.c.row_version + 1)
    )


def set_order(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Give live templates the places 0, 1, 2 … in this order, by way of negative places.

    In one step the unique index would see two templates in one place half-way.
    """
    table = step_templates
    at = {template_id: place for place, template_id in enumerate(ids)}
    found = rows.by_ids(connection, table, ids)
    moved = [template_id for template_id in ids if found[template_id]["order_index"] != at[template_id]]
    if not moved:
        return
    away = update(table).where(table.c.id == bindparam("at_id")).values(order_index=bindparam("to"))
    connection.execute(away, [{"at_id": each, "to": -1 - at[each]} for each in moved])
    home = update(table).where(table.c.id.in_(moved))
    connection.execute(
        home.values(order_index=-1 - table.c.order_index, updated_at=now, row_version=table.c.row_version + 1)
    )


def copy_templates(connection: Connection, source_id: int, release_id: int, now: datetime) -> int:
    """Copy the live templates of a release into another; give how many they were."""
    names = ("name", "category", "type", "content", "order_index", "description", "required")
    times = {"created_at": now, "updated_at": now}
    live = live_templates(connection, source_id)
    copies = [{name: row[name] for name in names} | {"release_id": release_id} | times for row in live]
    rows.add_many(connection, step_templates, copies)
    return len(copies)


def delete_draft(connection: Connection, release_id: int) -> None:
    """Delete a release that has no members, with its templates."""
    connection.execute(delete(step_templates).where(step_templates.c.release_id == release_id))
    connection.execute(delete(releases).where(releases.c.id == release_id))


def set_member(
    connection: Connection, release_id: int, customer_id: int, state: str, reason: str | None, now: datetime
) -> None:
    """Set a member's state and why."""
    member = release_customers
    connection.execute(
        update(member)
        .where(member.c.release_id == release_id, member.c.customer_id == customer_id)
        .values(state=state, reason=reason, updated_at=now, row_version=member.c.row_version + 1)
    )


def membership(connection: Connection, release_id: int) -> dict[int, RowDict]:
    """Give every member of a release, removed ones too, by customer id."""
    return {
        row["customer_id"]: row
        for row in rows.where(connection, release_customers, "customer_id", release_id=release_id)
    }


def active_customer_ids(connection: Connection) -> list[int]:
    """Give the ids of all active customers."""
    return [row["id"] for row in rows.fetch(connection, select(customers.c.id).where(customers.c.is_active.is_(True)))]


def status_counts(connection: Connection, release_id: int, by: str | None = None) -> list[RowDict]:
    """Count the steps of members that are not removed, as rows of key, label, held, status, steps.

    `by`: None (key and label None), `cluster`, `customer`, `step` (the template; None: custom steps) or `category`.
    """
    steps, member = customer_steps, release_customers
    # counting in the steps alone first makes the joins small
    part = steps.c.template_id if by == "step" else steps.c.category
    counted = (
        select(steps.c.customer_id, part.label("part"), steps.c.status, func.count().label("steps"))
        .where(steps.c.release_id == release_id)
        .group_by(steps.c.customer_id, part, steps.c.status)
        .subquery()
    )
    key, label, order = _group(by, counted.c.part)
    held = (member.c.state == "held").cast(Integer)
    query = (
        select(
            key.label("key"),
            label.label("label"),
            held.label("held"),
            counted.c.status,
            func.sum(counted.c.steps).label("steps"),
        )
        .select_from(counted)
        .join(member, and_(member.c.release_id == release_id, member.c.customer_id == counted.c.customer_id))
        .where(member.c.state != "removed")
        .group_by(*(column for column in (key, label, *order) if by is not None), held, counted.c.status)
        .order_by(*order)
    )
    if by in ("cluster", "customer"):
        query = query.join(customers, customers.c.id == counted.c.customer_id)
        query = query.join(clusters, clusters.c.id == customers.c.cluster_id)
    if by == "step":
        query = query.outerjoin(step_templates, step_templates.c.id == counted.c.part)
    return rows.fetch(connection, query)


_Group = tuple[ColumnElement[Any], ColumnElement[Any], Sequence[ColumnElement[Any]]]
GROUPINGS = ("cluster", "customer", "step", "category")


def _group(by: str | None, part: ColumnElement[Any]) -> _Group:
    """Give key, label and order of a grouping; `part` is the category, or the template of `step`."""
    templates = step_templates
    custom_last = case((templates.c.id.is_(None), 1), else_=0)
    groups: dict[str | None, _Group] = {
        None: (null(), null(), ()),
        "cluster": (clusters.c.id, clusters.c.name, (clusters.c.name, clusters.c.id)),
        "customer": (customers.c.id, customers.c.name, (clusters.c.name, customers.c.name, customers.c.id)),
        "step": (
            templates.c.id,
            func.coalesce(templates.c.name, literal("custom steps")),
            (custom_last, templates.c.category, templates.c.order_index, templates.c.id),
        ),
        "category": (part, part, (part,)),
    }
    return groups[by]
