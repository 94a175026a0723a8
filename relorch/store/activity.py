"""What happened lately and what went wrong, with the names people know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import (
    clusters,
    customer_steps,
    customers,
    events,
    release_customers,
    releases,
    step_templates,
)


def recent_batches(connection: Connection, newest: int, **about: int | None) -> list[RowDict]:
    """Give the first event of each of the last batches, the newest first, with names and the count of its events.

    `about`: release_id or customer_id; only their events are looked at and counted then.
    """
    wanted = [events.c[name] == value for name, value in about.items() if value is not None]
    batches = (
        select(events.c.batch_id, func.min(events.c.id).label("first"), func.count().label("events"))
        .where(*wanted)
        .group_by(events.c.batch_id)
        .order_by(events.c.batch_id.desc())
        .limit(newest)
        .subquery()
    )
    query = (
        select(
            events.c.id,
            events.c.at,
            events.c.operator,
            events.c.action,
            events.c.note,
            events.c.release_id,
            events.c.step_id,
            batches.c.events,
            releases.c.name.label("release_name"),
            customers.c.name.label("customer_name"),
            func.coalesce(customer_steps.c.name, step_templates.c.name).label("step_name"),
        )
        .join(batches, batches.c.first == events.c.id)
        .outerjoin(releases, releases.c.id == events.c.release_id)
        .outerjoin(customers, customers.c.id == events.c.customer_id)
        .outerjoin(customer_steps, customer_steps.c.id == events.c.step_id)
        .outerjoin(step_templates, step_templates.c.id == events.c.template_id)
        .order_by(events.c.id.desc())
    )
    return rows.fetch(connection, query)


def _named_steps(release_id: int) -> Select[Any]:
    steps, member = customer_steps, release_customers
    return (
        select(
            steps.c.id,
            steps.c.name,
            steps.c.category,
            steps.c.status,
            steps.c.notes,
            steps.c.skip_reason,
            steps.c.executed_at,
            steps.c.executed_by,
            customers.c.id.label("customer_id"),
            customers.c.name.label("customer_name"),
            customers.c.namespace,
            clusters.c.name.label("cluster_name"),
            member.c.state.label("member_state"),
        )
        .join(member, (member.c.release_id == steps.c.release_id) & (member.c.customer_id == steps.c.customer_id))
        .join(customers, customers.c.id == steps.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(steps.c.release_id == release_id, member.c.state != "removed")
        .order_by(clusters.c.name, customers.c.name, customers.c.id, steps.c.category, steps.c.order_index)
    )


def open_steps(connection: Connection, release_id: int, statuses: tuple[str, ...]) -> list[RowDict]:
    """Give the steps of active members in any of these statuses, by cluster, customer and order."""
    query = _named_steps(release_id).where(customer_steps.c.status.in_(statuses), release_customers.c.state == "active")
    return rows.fetch(connection, query)


def named_steps(connection: Connection, release_id: int, step_ids: Sequence[int]) -> list[RowDict]:
    """Give some steps of a release, by cluster, customer and order."""
    return rows.fetch(connection, _named_steps(release_id).where(customer_steps.c.id.in_(list(step_ids))))


def held_members(connection: Connection, release_id: int) -> list[RowDict]:
    """Give the members on hold with why and since when, by cluster and customer."""
    member = release_customers
    query = (
        select(
            customers.c.id.label("customer_id"),
            customers.c.name.label("customer_name"),
            customers.c.namespace,
            clusters.c.name.label("cluster_name"),
            member.c.reason,
            member.c.updated_at.label("since"),
        )
        .join(customers, customers.c.id == member.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(member.c.release_id == release_id, member.c.state == "held")
        .order_by(clusters.c.name, customers.c.name, customers.c.id)
    )
    return rows.fetch(connection, query)
