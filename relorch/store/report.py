"""What a report is made of: the steps of a release with the names people know, and what its events tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from relorch.store import events as record
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
from relorch.store.types import UtcTime, from_microseconds

_BY_NAME = (clusters.c.name, clusters.c.id, customers.c.name, customers.c.id)
_NAMES = (
    customers.c.id.label("customer_id"),
    customers.c.name.label("customer_name"),
    customers.c.namespace,
    clusters.c.id.label("cluster_id"),
    clusters.c.name.label("cluster_name"),
)


def chain_head(connection: Connection) -> tuple[int, str]:
    """Give id and sha256 of the newest event; before the first one 0 and what the chain begins with."""
    row = rows.fetch_one(connection, select(events.c.id, events.c.sha256).order_by(events.c.id.desc()))
    return (row["id"], row["sha256"]) if row else (0, record.GENESIS)


def members(connection: Connection, release_id: int) -> list[RowDict]:
    """Give every member of a release, removed ones too, by cluster and name; `since` is when its state changed."""
    member = release_customers
    query = (
        select(*_NAMES, member.c.state, member.c.reason, member.c.added_at, member.c.updated_at.label("since"))
        .join(customers, customers.c.id == member.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(member.c.release_id == release_id)
        .order_by(*_BY_NAME)
    )
    return rows.fetch(connection, query)


def every_step(connection: Connection, release_id: int) -> list[tuple[Any, ...]]:
    """Give all steps of a release, those of removed members too, by cluster, customer and order, without their texts.

    There may be 200,000 of them: they come as the driver gives them, and only what has to be is turned into Python's
    types.

    The columns are those of `relorch.views.report.ReportedStep`, in its order.
    """
    steps, member = customer_steps.c, release_customers.c
    query = (
        select(
            steps.id,
            steps.template_id,
            steps.category,
            steps.order_index + 1,
            steps.name,
            steps.type,
            steps.status,
            *_NAMES,
            member.state,
            steps.is_custom,
            steps.is_overridden,
            steps.executed_at,
            steps.executed_by,
            steps.executed_sha256,
            steps.notes,
            steps.skip_reason,
        )
        .select_from(customer_steps)
        .join(release_customers, (member.release_id == steps.release_id) & (member.customer_id == steps.customer_id))
        .join(customers, customers.c.id == steps.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(steps.release_id == release_id)
        .order_by(*_BY_NAME, steps.category, steps.order_index, steps.id)
    )
    return [
        (
            *known,
            bool(custom),
            bool(overridden),
            None if at is None else from_microseconds(at),
            who,
            sha256,
            note,
            reason,
        )
        for (*known, custom, overridden, at, who, sha256, note, reason) in rows.driver_rows(connection, query)
    ]


def overridden_texts(connection: Connection, release_id: int) -> dict[int, RowDict]:
    """Give the own text of each overridden step and that of its template as it is now, by the step's id.

    `moved_on`: the template's content was changed since the step got its own.
    """
    steps, templates = customer_steps.c, step_templates.c
    query = (
        select(
            steps.id,
            steps.content.label("own_text"),
            templates.content.label("template_text"),
            (steps.template_revision != templates.revision).label("moved_on"),
        )
        .select_from(customer_steps)
        .join(step_templates, templates.id == steps.template_id)
        .where(steps.release_id == release_id, steps.is_overridden)
    )
    return {row.pop("id"): row for row in rows.fetch(connection, query)}


def source_texts(connection: Connection, release_id: int) -> list[str]:
    """Give the contents of a release's templates, and of the steps that have one of their own; each once."""
    steps, templates = customer_steps.c, step_templates.c
    own = select(steps.content).where(steps.release_id == release_id, or_(steps.is_overridden, steps.is_custom))
    query = select(templates.content).where(templates.release_id == release_id).union(own)
    return [row["content"] for row in rows.fetch(connection, select(query.subquery()).order_by("content"))]


def every_metadata(connection: Connection, release_id: int) -> list[dict[str, str]]:
    """Give the metadata of a release, of its members, and of their clusters."""
    member = release_customers.c
    of_members = select(member.customer_id).where(member.release_id == release_id)
    on_clusters = select(customers.c.cluster_id).where(customers.c.id.in_(of_members))
    queries = (
        select(releases.c.metadata).where(releases.c.id == release_id),
        select(clusters.c.metadata).where(clusters.c.id.in_(on_clusters)).order_by(clusters.c.id),
        select(customers.c.metadata).where(customers.c.id.in_(of_members)).order_by(customers.c.id),
    )
    return [row["metadata"] for query in queries for row in rows.fetch(connection, query)]


_OF_A_STEP = ("id", "batch_id", "step_id", "at", "operator", "action", "note")


def step_events(connection: Connection, release_id: int, actions: Iterable[str]) -> list[RowDict]:
    """Give the events of some actions about single steps of a release, oldest first."""
    query = select(*(events.c[name] for name in _OF_A_STEP)).where(
        events.c.release_id == release_id, events.c.step_id.is_not(None), events.c.action.in_(sorted(actions))
    )
    return rows.fetch(connection, query.order_by(events.c.id))


def step_changes(connection: Connection, release_id: int, customer_id: int | None = None) -> list[RowDict]:
    """Give the events about single steps with what they were changed to, oldest first.

    Of one customer, or, without one, of the steps that were ever given a text of their own.
    """
    query = select(*(events.c[name] for name in (*_OF_A_STEP, "after"))).where(
        events.c.release_id == release_id, events.c.step_id.is_not(None)
    )
    if customer_id is None:
        own = select(events.c.step_id).where(events.c.release_id == release_id, events.c.action == "step.override")
        query = query.where(events.c.step_id.in_(own))
    else:
        query = query.where(events.c.customer_id == customer_id)
    return rows.fetch(connection, query.order_by(events.c.id))


def renamings(connection: Connection, release_id: int, since: datetime) -> list[RowDict]:
    """Give the events after a moment that changed a release, one of its members or any cluster, oldest first."""
    of_members = select(release_customers.c.customer_id).where(release_customers.c.release_id == release_id)
    query = select(*(events.c[name] for name in ("at", "operator", "action", "customer_id", "before", "after"))).where(
        events.c.at > since,
        or_(
            (events.c.action == "release.update") & (events.c.release_id == release_id),
            (events.c.action == "customer.update") & events.c.customer_id.in_(of_members),
            events.c.action == "cluster.update",
        ),
    )
    return rows.fetch(connection, query.order_by(events.c.id))


def cluster_names(connection: Connection) -> dict[int, str]:
    """Give the names of all clusters by their ids."""
    return {row["id"]: row["name"] for row in rows.fetch(connection, select(clusters.c.id, clusters.c.name))}


def first_times(connection: Connection, release_id: int) -> dict[str, datetime]:
    """Give when each action was done first in a release."""
    query = (
        select(events.c.action, func.min(events.c.at, type_=UtcTime()).label("at"))
        .where(events.c.release_id == release_id)
        .group_by(events.c.action)
    )
    return {row["action"]: row["at"] for row in rows.fetch(connection, query)}


def action_counts(connection: Connection, release_id: int) -> list[RowDict]:
    """Count the events of a release, as rows of operator, action, events, by name."""
    query = (
        select(events.c.operator, events.c.action, func.count().label("events"))
        .where(events.c.release_id == release_id)
        .group_by(events.c.operator, events.c.action)
        .order_by(events.c.operator, events.c.action)
    )
    return rows.fetch(connection, query)


def batches(connection: Connection, release_id: int) -> list[RowDict]:
    """Give the batches of a release, oldest first: what the first event did, and of how many customers and steps.

    `step_name` and `customer_name` are None where the batch is about several, or none; `of_steps` are the events that
    are about a single step.
    """
    name = func.coalesce(customer_steps.c.name, step_templates.c.name)
    told = (
        select(
            events.c.batch_id,
            func.min(events.c.id).label("first"),
            func.count().label("events"),
            func.count(events.c.step_id).label("of_steps"),
            func.count(events.c.customer_id.distinct()).label("customers"),
            func.min(events.c.customer_id).label("customer_id"),
            func.count(name.distinct()).label("names"),
            func.min(name).label("name"),
        )
        .outerjoin(customer_steps, customer_steps.c.id == events.c.step_id)
        .outerjoin(step_templates, step_templates.c.id == events.c.template_id)
        .where(events.c.release_id == release_id)
        .group_by(events.c.batch_id)
        .subquery()
    )
    first = ("batch_id", "at", "operator", "action", "note", "undoes")
    query = (
        select(*(events.c[each] for each in first), told, customers.c.name.label("customer_name"))
        .join(told, told.c.first == events.c.id)
        .outerjoin(customers, (customers.c.id == told.c.customer_id) & (told.c.customers == 1))
        .order_by(events.c.id)
    )
    found = rows.fetch(connection, query)
    gone = _names_of_deleted(connection, release_id)
    return [row | {"step_name": row["name"] if row["names"] == 1 else gone.get(row["first"])} for row in found]


def _names_of_deleted(connection: Connection, release_id: int) -> dict[int, str]:
    """Give the names of steps and templates that were deleted, by the event that did."""
    deleting = ("step.delete_custom", "template.delete")
    query = select(events.c.id, events.c.before).where(events.c.release_id == release_id, events.c.action.in_(deleting))
    return {
        row["id"]: row["before"]["name"] for row in rows.fetch(connection, query) if "name" in (row["before"] or {})
    }
