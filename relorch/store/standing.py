"""How far customers are in all the releases they take part in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer, Select, func, select

from relorch.model.status import OPEN
from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, release_customers, releases
from relorch.store.types import UtcTime


def completed(connection: Connection) -> list[RowDict]:
    """Give every completed release of every member who is not removed, the one completed last coming last.

    Rows of release_id, release_name, version_number, customer_id, completed_at: the time when the newest of the
    steps was closed. A row that a reopen opened has no such time, and an undo gives it back the one it had.
    """
    counted = _counted().where(release_customers.c.state != "removed").subquery()
    query = (
        select(
            counted.c.release_id,
            counted.c.customer_id,
            counted.c.latest.label("completed_at"),
            releases.c.name.label("release_name"),
            releases.c.version_number,
        )
        .join(releases, releases.c.id == counted.c.release_id)
        .where(counted.c.open == 0)
        .order_by(counted.c.latest, releases.c.created_at, releases.c.id)
    )
    return rows.fetch(connection, query)


def memberships(connection: Connection, customer_id: int) -> list[RowDict]:
    """Give the releases of a customer with `state`, the newest release first."""
    query = (
        select(releases, release_customers.c.state)
        .join(release_customers, release_customers.c.release_id == releases.c.id)
        .where(release_customers.c.customer_id == customer_id)
        .order_by(releases.c.created_at.desc(), releases.c.id.desc())
    )
    return rows.fetch(connection, query)


def status_counts(connection: Connection, customer_id: int) -> list[RowDict]:
    """Count a customer's steps, as rows of release_id, status, steps, latest (when one was last executed)."""
    steps = customer_steps
    query = (
        select(
            steps.c.release_id,
            steps.c.status,
            func.count().label("steps"),
            func.max(steps.c.executed_at, type_=UtcTime()).label("latest"),
        )
        .where(steps.c.customer_id == customer_id)
        .group_by(steps.c.release_id, steps.c.status)
    )
    return rows.fetch(connection, query)


def _counted() -> Select[Any]:
    """Give each member's count of open steps and the newest time of its steps."""
    steps, member = customer_steps, release_customers
    is_open = steps.c.status.in_([status.value for status in OPEN])
    return (
        select(
            steps.c.release_id,
            steps.c.customer_id,
            func.sum(is_open.cast(Integer)).label("open"),
            func.max(steps.c.executed_at, type_=UtcTime()).label("latest"),
        )
        .join(member, (member.c.release_id == steps.c.release_id) & (member.c.customer_id == steps.c.customer_id))
        .group_by(steps.c.release_id, steps.c.customer_id)
    )
