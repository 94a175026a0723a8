"""The walk through what is open in a release: customer by customer, each deploy then verify.

Customers come by cluster and name, as everywhere. What another operator has in progress, members that are
not active and inactive customers are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from relorch.model.status import OPEN, Status
from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customer_steps, customers, release_customers


@dataclass(frozen=True)
class Walk:
    """Which steps are walked through: of one customer, of one template, or all (both None), and by whom."""

    release_id: int
    operator: str
    customer_id: int | None = None
    template_id: int | None = None


def next_step(connection: Connection, walk: Walk, behind: RowDict | None = None) -> RowDict | None:
    """Give the first open step of the walk, or None; `behind` is a step to go on behind, and then round once."""
    ahead = _customers(connection, walk, behind)
    if behind is None:
        return _steps(connection, walk, ahead[0])[0] if ahead else None
    own = _steps(connection, walk, behind["customer_id"])
    later = [row for row in own if _place(row) > _place(behind)]
    earlier = [row for row in own if _place(row) < _place(behind)]
    if later:
        return later[0]
    at = ahead.index(behind["customer_id"]) if behind["customer_id"] in ahead else len(ahead)
    others = ahead[at + 1 :] + ahead[:at]
    if others:
        return _steps(connection, walk, others[0])[0]
    itself = [row for row in own if row["id"] == behind["id"]]
    return next(iter(earlier + itself), None)


def first_steps(connection: Connection, walk: Walk, customers_at_most: int) -> list[RowDict]:
    """Give the first open step of each of the first customers that have one."""
    ahead = _customers(connection, walk, None)[:customers_at_most]
    return [_steps(connection, walk, customer_id)[0] for customer_id in ahead]


def _customers(connection: Connection, walk: Walk, behind: RowDict | None) -> list[int]:
    """Give the customers that the walk has a step of, in order, and that of `behind` for its place among them."""
    member = release_customers
    waits = select(customer_steps.c.id).where(customer_steps.c.customer_id == member.c.customer_id, _waiting(walk))
    wanted: ColumnElement[bool] = and_(member.c.state == "active", customers.c.is_active.is_(True), waits.exists())
    if walk.customer_id is not None:
        wanted &= member.c.customer_id == walk.customer_id
    if behind is not None:
        wanted = or_(member.c.customer_id == behind["customer_id"], wanted)
    query = (
        select(member.c.customer_id)
        .join(customers, customers.c.id == member.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(member.c.release_id == walk.release_id, wanted)
        .order_by(clusters.c.name, clusters.c.id, customers.c.name, customers.c.id)
    )
    return [row["customer_id"] for row in rows.fetch(connection, query)]


def _steps(connection: Connection, walk: Walk, customer_id: int) -> list[RowDict]:
    """Give one customer's steps of the walk, in order."""
    steps, member = customer_steps, release_customers
    query = (
        select(steps)
        .join(member, (member.c.release_id == steps.c.release_id) & (member.c.customer_id == steps.c.customer_id))
        .join(customers, customers.c.id == steps.c.customer_id)
        .where(steps.c.customer_id == customer_id, _waiting(walk))
        .where(member.c.state == "active", customers.c.is_active.is_(True))
        .order_by(steps.c.category, steps.c.order_index, steps.c.id)
    )
    if walk.customer_id is not None:
        query = query.where(steps.c.customer_id == walk.customer_id)
    return rows.fetch(connection, query)


def _waiting(walk: Walk) -> ColumnElement[bool]:
    steps = customer_steps
    theirs = (steps.c.status == Status.IN_PROGRESS.value) & (steps.c.executed_by != walk.operator)
    found = (steps.c.release_id == walk.release_id) & steps.c.status.in_([status.value for status in OPEN]) & ~theirs
    return found if walk.template_id is None else found & (steps.c.template_id == walk.template_id)


def _place(row: RowDict) -> tuple[Any, ...]:
    return row["category"], row["order_index"], row["id"]
