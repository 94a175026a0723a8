"""Customer steps and members: reading them with all that their rules need, and writing many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from relorch.model.ordering import anchor_of, arranged
from relorch.model.status import OPEN, Verb
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
from relorch.store.types import UtcTime

_CATEGORY_FIRST = (customer_steps.c.category, customer_steps.c.order_index, customer_steps.c.id)
"""'deploy' sorts before 'verify', as it should."""

_CONTEXT = {
    "release_name": releases.c.name,
    "release_status": releases.c.status,
    "release_version": releases.c.version_number,
    "release_metadata": releases.c.metadata,
    "release_updated_at": releases.c.updated_at,
    "member_state": release_customers.c.state,
    "member_reason": release_customers.c.reason,
    "customer_name": customers.c.name,
    "customer_active": customers.c.is_active,
    "namespace": customers.c.namespace,
    "customer_metadata": customers.c.metadata,
    "customer_updated_at": customers.c.updated_at,
    "cluster_id": clusters.c.id,
    "cluster_name": clusters.c.name,
    "kubeconfig_path": clusters.c.kubeconfig_path,
    "cluster_metadata": clusters.c.metadata,
    "cluster_updated_at": clusters.c.updated_at,
    "template_required": step_templates.c.required,
    "template_retired": step_templates.c.is_retired,
    "template_current_revision": step_templates.c.revision,
}
_SAID = {name: column for name, column in _CONTEXT.items() if not name.startswith(("template_", "member_"))}
"""What placeholders stand for."""

STEP_COLUMNS = tuple(column.name for column in customer_steps.c)


def with_context(connection: Connection, step_ids: Sequence[int], *, lock: bool = False) -> dict[int, RowDict]:
    """Give each step with its release, member, customer, cluster and template, by id; unknown ids are missing.

    `lock` keeps other writers from the steps until the transaction ends (SQLite's writer is alone anyway).
    """
    query = _joined()
    if lock:
        query = query.with_for_update(of=customer_steps)
    return {
        row["id"]: row
        for part in rows.chunks(step_ids)
        for row in rows.fetch(connection, query.where(customer_steps.c.id.in_(part)))
    }


def of_release(connection: Connection, release_id: int, customer_id: int | None = None) -> list[RowDict]:
    """Give the steps of a release with their context: of one customer in its order, or of all by customer."""
    query = _joined().where(customer_steps.c.release_id == release_id)
    if customer_id is not None:
        query = query.where(customer_steps.c.customer_id == customer_id)
    return rows.fetch(connection, query.order_by(customer_steps.c.customer_id, *_CATEGORY_FIRST))


def open_with_context(
    connection: Connection,
    *,
    release_id: int | None = None,
    customer_id: int | None = None,
    cluster_id: int | None = None,
) -> list[RowDict]:
    """Give the open steps with placeholders, of active releases and members that are not removed, with their context.

    `release_id`, `customer_id`, `cluster_id`: only those of this one.
    """
    query = _open(_joined(), release_id, customer_id, cluster_id).where(customer_steps.c.content.contains("${{"))
    return rows.fetch(connection, query)


def open_texts(
    connection: Connection,
    words: Sequence[str],
    *,
    release_id: int | None = None,
    customer_id: int | None = None,
    cluster_id: int | None = None,
) -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    """Give each text (type, content) that holds one of `words`, once, with the open steps that have it.

    Of the steps that `open_with_context` gives, each as (release_id, customer_id, status).
    """
    steps = customer_steps
    query = _open(_joined(), release_id, customer_id, cluster_id).with_only_columns(
        steps.c.type, steps.c.content, steps.c.release_id, steps.c.customer_id, steps.c.status
    )
    query = query.where(
        steps.c.content.contains("${{"), or_(*(steps.c.content.contains(word, autoescape=True) for word in words))
    )
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    # a text comes once for each step that has it: they are not all held at once
    with connection.execute(query.execution_options(yield_per=rows.CHUNK)) as result:
        for type_, content, release, customer, status in result:
            found.setdefault((type_, content), []).append((release, customer, status))
    return found


def open_contexts(
    connection: Connection,
    *,
    release_id: int | None = None,
    customer_id: int | None = None,
    cluster_id: int | None = None,
) -> dict[tuple[int, int], RowDict]:
    """Give what placeholders stand for, by release and customer, for the members that `open_texts` may give."""
    member = release_customers
    query = (
        select(member.c.release_id, member.c.customer_id, *(column.label(name) for name, column in _SAID.items()))
        .join(releases, releases.c.id == member.c.release_id)
        .join(customers, customers.c.id == member.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(*_working(member.c, release_id, customer_id, cluster_id))
    )
    return {(row["release_id"], row["customer_id"]): row for row in rows.fetch(connection, query)}


def _open(query: Select[Any], *whose: int | None) -> Select[Any]:
    is_open = customer_steps.c.status.in_([status.value for status in OPEN])
    return query.where(is_open, *_working(customer_steps.c, *whose))


def _working(
    columns: Any, release_id: int | None, customer_id: int | None, cluster_id: int | None
) -> list[ColumnElement[bool]]:
    """Whether a release is active and a member not removed, of a release, customer or cluster."""
    wanted = {columns.release_id: release_id, columns.customer_id: customer_id, customers.c.cluster_id: cluster_id}
    only = [column == value for column, value in wanted.items() if value is not None]
    return [releases.c.status == "active", release_customers.c.state != "removed", *only]


def list_steps(connection: Connection, release_id: int, customer_id: int) -> list[RowDict]:
    """Give the steps of one member in order: deploy, then verify."""
    query = select(customer_steps).where(
        customer_steps.c.release_id == release_id, customer_steps.c.customer_id == customer_id
    )
    return rows.fetch(connection, query.order_by(*_CATEGORY_FIRST))


def plain_steps(connection: Connection, release_id: int, customer_ids: Sequence[int]) -> list[RowDict]:
    """Give the steps of some customers in a release, by customer, each customer's in order."""
    query = select(customer_steps).where(customer_steps.c.release_id == release_id)
    order = (customer_steps.c.customer_id, *_CATEGORY_FIRST)
    return [
        row
        for part in rows.chunks(sorted(customer_ids))
        for row in rows.fetch(connection, query.where(customer_steps.c.customer_id.in_(part)).order_by(*order))
    ]


def change_many(connection: Connection, changes: Sequence[tuple[int, int, Mapping[str, Any]]], now: datetime) -> int:
    """Set columns of many steps, each only at its version; give how many rows that changed.

    A change is (step id, version, column → value); all must set the same columns.
    """
    if not changes:
        return 0
    columns = changes[0][2].keys()
    query = (
        update(customer_steps)
        .where(customer_steps.c.id == bindparam("at_id"), customer_steps.c.row_version == bindparam("at_version"))
        .values(
            {name: bindparam(f"to_{name}") for name in columns}
            | {"updated_at": now, "row_version": customer_steps.c.row_version + 1}
        )
    )
    values = [
        {"at_id": step_id, "at_version": version} | {f"to_{name}": value for name, value in wanted.items()}
        for step_id, version, wanted in changes
    ]
    return connection.execute(query, values).rowcount


def enrol(connection: Connection, release_id: int, customer_ids: Sequence[int], now: datetime) -> None:
    """Make these customers members of the release and give each every live template as a step, in one statement."""
    rows.add_many(
        connection,
        release_customers,
        [
            {
                "release_id": release_id,
                "customer_id": customer_id,
                "state": "active",
                "added_at": now,
                "updated_at": now,
            }
            for customer_id in customer_ids
        ],
    )
    for part in rows.chunks(customer_ids):
        connection.execute(_steps_from_templates(release_id, part, now))


def of_template(connection: Connection, template_id: int) -> list[RowDict]:
    """Give the steps of a template with their context, by cluster and customer."""
    query = _joined().where(customer_steps.c.template_id == template_id)
    return rows.fetch(connection, query.order_by(clusters.c.name, customers.c.name, customers.c.id))


def across(connection: Connection, template_id: int) -> list[RowDict]:
    """Give the steps of a template of all members that are not removed, by cluster and customer."""
    steps, member = customer_steps, release_customers
    query = (
        select(steps)
        .join(member, (member.c.release_id == steps.c.release_id) & (member.c.customer_id == steps.c.customer_id))
        .join(customers, customers.c.id == steps.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(steps.c.template_id == template_id, member.c.state != "removed")
        .order_by(clusters.c.name, clusters.c.id, customers.c.name, customers.c.id)
    )
    return rows.fetch(connection, query)


def claimed(connection: Connection, step_ids: Sequence[int], operator: str) -> dict[int, str]:
    """Give those of the steps that somebody else than `operator` has in progress, and who."""
    steps = customer_steps
    theirs = (steps.c.status == "in_progress") & (steps.c.executed_by != operator)
    query = select(steps.c.id, steps.c.executed_by).where(theirs)
    return {
        row["id"]: row["executed_by"]
        for part in rows.chunks(step_ids)
        for row in rows.fetch(connection, query.where(steps.c.id.in_(part)))
    }


def counts_by_template(connection: Connection, release_id: int) -> list[RowDict]:
    """Count the steps of members that are not removed, as rows of template_id, status, is_overridden, steps."""
    steps, member = customer_steps, release_customers
    query = (
        select(steps.c.template_id, steps.c.status, steps.c.is_overridden, func.count().label("steps"))
        .join(member, (member.c.release_id == steps.c.release_id) & (member.c.customer_id == steps.c.customer_id))
        .where(steps.c.release_id == release_id, steps.c.template_id.is_not(None), member.c.state != "removed")
        .group_by(steps.c.template_id, steps.c.status, steps.c.is_overridden)
    )
    return rows.fetch(connection, query)


def give_to_members(connection: Connection, release_id: int, template_id: int, now: datetime) -> None:
    """Make a template's step for every member that is not removed."""
    connection.execute(_steps_from_templates(release_id, None, now, template_id=template_id))


def give_missing(connection: Connection, release_id: int, customer_ids: Sequence[int], now: datetime) -> None:
    """Give members the steps of the live templates they have no step of."""
    for part in rows.chunks(customer_ids):
        connection.execute(_steps_from_templates(release_id, part, now, missing=True))


def lacking(connection: Connection, release_id: int) -> list[int]:
    """Give the live templates that a member who is not removed has no step of; in a draft nobody is a member."""
    steps, templates, member = customer_steps, step_templates, release_customers
    has = (steps.c.release_id == member.c.release_id) & (steps.c.customer_id == member.c.customer_id)
    query = (
        select(templates.c.id)
        .distinct()
        .join(member, member.c.release_id == templates.c.release_id)
        .where(templates.c.release_id == release_id, templates.c.is_retired.is_(False), member.c.state != "removed")
        .where(~select(steps.c.id).where(has, steps.c.template_id == templates.c.id).exists())
    )
    return [row["id"] for row in rows.fetch(connection, query.order_by(templates.c.id))]


def stranded(connection: Connection, release_id: int) -> list[int]:
    """Give the steps that stand beside a template that is not live."""
    query = (
        select(customer_steps.c.id)
        .join(step_templates, step_templates.c.id == customer_steps.c.anchor_template_id)
        .where(customer_steps.c.release_id == release_id, step_templates.c.is_retired.is_(True))
    )
    return [row["id"] for row in rows.fetch(connection, query.order_by(customer_steps.c.id))]


def standing_at(connection: Connection, template_id: int) -> list[RowDict]:
    """Give the steps that are anchored at a template, and those that come from it."""
    steps = customer_steps
    query = select(steps).where((steps.c.anchor_template_id == template_id) | (steps.c.template_id == template_id))
    return rows.fetch(connection, query.order_by(steps.c.id))


def closed_to(connection: Connection, release_id: int) -> dict[int, RowDict]:
    """Give state and is_active of the members of a release who cannot be worked on, by customer."""
    member = release_customers
    query = (
        select(member.c.customer_id, member.c.state, customers.c.is_active)
        .join(customers, customers.c.id == member.c.customer_id)
        .where(member.c.release_id == release_id, (member.c.state != "active") | customers.c.is_active.is_(False))
    )
    return {row["customer_id"]: row for row in rows.fetch(connection, query)}


def member_contexts(connection: Connection, release_id: int) -> list[RowDict]:
    """Give what placeholders stand for, for each member that is not removed, by cluster and name."""
    names = {name: column for name, column in _CONTEXT.items() if not name.startswith("template_")}
    query = (
        select(release_customers.c.customer_id, *(column.label(name) for name, column in names.items()))
        .join(releases, releases.c.id == release_customers.c.release_id)
        .join(customers, customers.c.id == release_customers.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(release_customers.c.release_id == release_id, release_customers.c.state != "removed")
        .order_by(clusters.c.name, customers.c.name, customers.c.id)
    )
    return rows.fetch(connection, query)


def joining_contexts(connection: Connection, release_id: int, customer_ids: Sequence[int]) -> list[RowDict]:
    """Give what placeholders will stand for, for customers who may not be members yet, by cluster and name."""
    query = (
        select(customers.c.id.label("customer_id"), *(column.label(name) for name, column in _SAID.items()))
        .select_from(customers)
        .join(releases, releases.c.id == release_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
    )
    found = [
        row
        for part in rows.chunks(customer_ids)
        for row in rows.fetch(connection, query.where(customers.c.id.in_(part)))
    ]
    return sorted(
        found, key=lambda row: (row["cluster_name"], row["cluster_id"], row["customer_name"], row["customer_id"])
    )


def once_executed(connection: Connection, step_ids: Sequence[int]) -> set[int]:
    """Give those of the steps that have left pending at some time, whatever they are now."""
    verbs = [f"step.{verb.value}" for verb in Verb]
    left = select(events.c.step_id).distinct().where(events.c.action.in_(verbs))
    return {
        row["step_id"]
        for part in rows.chunks(step_ids)
        for row in rows.fetch(connection, left.where(events.c.step_id.in_(part)))
    }


def siblings(connection: Connection, step: Mapping[str, Any]) -> list[RowDict]:
    """Give id, place and age of the steps that no live template places and that stand where `step` does, in order."""
    own, templates = customer_steps, step_templates
    query = (
        select(own.c.id, own.c.order_index, own.c.created_at)
        .outerjoin(templates, templates.c.id == own.c.template_id)
        .where(*(own.c[name] == step[name] for name in ("release_id", "customer_id", "category")))
        .where(*(own.c[name].is_not_distinct_from(step[name]) for name in ("anchor_template_id", "anchor_side")))
        .where(own.c.template_id.is_(None) | templates.c.is_retired)
        .order_by(own.c.order_index)
    )
    return rows.fetch(connection, query)


def beside(connection: Connection, step: Mapping[str, Any]) -> list[int] | None:
    """Give the ids of a custom step and those it stands among, in order; None for one that a template places."""
    return None if step["template_id"] is not None else [row["id"] for row in siblings(connection, step)]


def make_room(connection: Connection, release_id: int, customer_id: int, category: str, place: int) -> None:
    """Move one customer's steps of a category from `place` on one down."""
    steps = customer_steps
    mine = (steps.c.release_id == release_id) & (steps.c.customer_id == customer_id) & (steps.c.category == category)
    connection.execute(
        update(steps).where(mine, steps.c.order_index >= place).values(order_index=steps.c.order_index + 1)
    )


def make_rooms(connection: Connection, places: Sequence[tuple[int, int, str, int]]) -> None:
    """Make room for a step at each place, given as (release, customer, category, place): one a customer."""
    steps, names = customer_steps, ("release_id", "customer_id", "category", "order_index")
    same = [steps.c[name] == bindparam(f"at_{name}") for name in names[:3]]
    beyond = steps.c.order_index >= bindparam("at_order_index")
    moved = update(steps).where(*same, beyond).values(order_index=steps.c.order_index + 1)
    if places:
        connection.execute(moved, [{f"at_{name}": at for name, at in zip(names, each, strict=True)} for each in places])


def rearrange(
    connection: Connection, release_id: int, category: str, customer_ids: Sequence[int] | None = None
) -> None:
    """Bring every customer's steps of a category into the order of the live templates, dense from 0.

    A step's place is no part of what it says: neither its version nor its time of change moves with it.
    Where a customer has just the live templates' steps, one statement does it for all.
    """
    steps, templates = customer_steps, step_templates
    live = [
        row["id"]
        for row in rows.fetch(
            connection,
            select(templates.c.id)
            .where(
                templates.c.release_id == release_id,
                templates.c.category == category,
                templates.c.is_retired.is_(False),
            )
            .order_by(templates.c.order_index),
        )
    ]
    mine = (steps.c.release_id == release_id) & (steps.c.category == category)
    if customer_ids is not None:
        mine &= steps.c.customer_id.in_(list(customer_ids))
    special = _with_followers(connection, release_id, customer_ids)
    place = select(templates.c.order_index).where(templates.c.id == steps.c.template_id).scalar_subquery()
    plain = mine if not special else mine & steps.c.customer_id.not_in(special)
    connection.execute(update(steps).where(plain).values(order_index=place))
    if special:
        _rearrange_one_by_one(connection, mine & steps.c.customer_id.in_(special), live)


def _with_followers(connection: Connection, release_id: int, customer_ids: Sequence[int] | None) -> list[int]:
    """Give the customers whose steps are not just one of each live template.

    They have custom steps, steps of a retired template, or were removed before a template was added.
    """
    steps, member = customer_steps, release_customers
    own = select(steps.c.customer_id).distinct().where(_follows(release_id))
    gone = select(member.c.customer_id).where(member.c.release_id == release_id, member.c.state == "removed")
    found = {row["customer_id"] for query in (own, gone) for row in rows.fetch(connection, query)}
    return sorted(found if customer_ids is None else found.intersection(customer_ids))


def _follows(release_id: int) -> ColumnElement[bool]:
    """Whether a step of this release is placed by no live template: it is custom, or of a retired one.

    There are few: they are found by their template, not among all steps of the release, which `+ 0` keeps from being
    looked through.
    """
    steps, templates = customer_steps, step_templates
    retired = select(templates.c.id).where(templates.c.release_id == release_id, templates.c.is_retired.is_(True))
    return (steps.c.release_id + 0 == release_id) & (steps.c.template_id.is_(None) | steps.c.template_id.in_(retired))


def _rearrange_one_by_one(connection: Connection, mine: ColumnElement[bool], live: Sequence[int]) -> None:
    steps = customer_steps
    query = select(
        steps.c.id,
        steps.c.customer_id,
        steps.c.template_id,
        steps.c.anchor_template_id,
        steps.c.anchor_side,
        steps.c.order_index,
    ).where(mine)
    found = rows.fetch(connection, query.order_by(steps.c.customer_id, steps.c.order_index, steps.c.id))
    moves: list[dict[str, int]] = []
    placed = set(live)
    for _, group in groupby(found, key=lambda row: row["customer_id"]):
        own = list(group)
        at = {row["id"]: row["order_index"] for row in own}
        order = arranged(
            live,
            {row["template_id"]: row["id"] for row in own if row["template_id"] in placed},
            [
                (row["id"], anchor_of(row["anchor_template_id"], row["anchor_side"]))
                for row in own
                if row["template_id"] not in placed
            ],
        )
        moves += [{"at_id": step, "to": place} for place, step in enumerate(order) if at[step] != place]
    if moves:
        moved = update(steps).where(steps.c.id == bindparam("at_id")).values(order_index=bindparam("to"))
        connection.execute(moved, moves)


def followers(connection: Connection, release_id: int) -> list[RowDict]:
    """Give the steps of a release that no live template places, in their customers' order."""
    steps = customer_steps
    query = (
        select(
            steps.c.id,
            steps.c.customer_id,
            steps.c.template_id,
            steps.c.category,
            steps.c.name,
            steps.c.type,
            steps.c.order_index,
            steps.c.anchor_template_id,
            steps.c.anchor_side,
        )
        .join(
            release_customers,
            (release_customers.c.release_id == steps.c.release_id)
            & (release_customers.c.customer_id == steps.c.customer_id),
        )
        .where(_follows(release_id), release_customers.c.state != "removed")
        .order_by(steps.c.customer_id, steps.c.category, steps.c.order_index, steps.c.id)
    )
    return rows.fetch(connection, query)


def matrix_cells(
    connection: Connection, release_id: int, cluster_id: int | None, customer_ids: Sequence[int] | None, operator: str
) -> list[tuple[Any, ...]]:
    """Give the cells of a release as (customer_id, template_id, order_index, id, row_version, status, flags).

    In each customer's order, deploy before verify, the customers in the order of their ids. `flags` has
    1 overridden, 2 custom, 4 noted, 8 template moved on, 32 in progress by another than `operator`.
    Raw tuples of the driver: this is the heart's hot path.
    """
    steps = customer_steps
    flags = (
        steps.c.is_overridden.cast(Integer)
        + 2 * steps.c.is_custom.cast(Integer)
        + 4 * func.coalesce(steps.c.notes.is_not(None), 0).cast(Integer)
        + 8 * func.coalesce(step_templates.c.revision != steps.c.template_revision, 0).cast(Integer)
        + 32 * func.coalesce((steps.c.status == "in_progress") & (steps.c.executed_by != operator), 0).cast(Integer)
    )
    query = (
        select(
            steps.c.customer_id,
            steps.c.template_id,
            steps.c.order_index,
            steps.c.id,
            steps.c.row_version,
            steps.c.status,
            flags,
        )
        .outerjoin(step_templates, step_templates.c.id == steps.c.template_id)
        .where(steps.c.release_id == release_id)
        .order_by(steps.c.customer_id, steps.c.category, steps.c.order_index, steps.c.id)
    )
    if customer_ids is not None:
        query = query.where(steps.c.customer_id.in_(list(customer_ids)))
    if cluster_id is not None:
        query = query.join(customers, customers.c.id == steps.c.customer_id).where(customers.c.cluster_id == cluster_id)
    return rows.driver_rows(connection, query)


def members(
    connection: Connection, release_id: int, cluster_id: int | None = None, customer_ids: Sequence[int] | None = None
) -> list[RowDict]:
    """Give the members of a release that are not removed, by cluster and name, with customer and cluster.

    `cluster_id`, `customer_ids`: only those of this cluster, only these.
    """
    query = (
        select(
            release_customers,
            customers.c.name,
            customers.c.namespace,
            customers.c.is_active,
            clusters.c.id.label("cluster_id"),
            clusters.c.name.label("cluster_name"),
        )
        .join(customers, customers.c.id == release_customers.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .where(release_customers.c.release_id == release_id, release_customers.c.state != "removed")
        .order_by(clusters.c.name, clusters.c.id, customers.c.name, customers.c.id)
    )
    if customer_ids is not None:
        query = query.where(release_customers.c.customer_id.in_(list(customer_ids)))
    return rows.fetch(connection, query if cluster_id is None else query.where(clusters.c.id == cluster_id))


def _joined() -> Select[Any]:
    steps = customer_steps
    return (
        select(steps, *(column.label(name) for name, column in _CONTEXT.items()))
        .join(releases, releases.c.id == steps.c.release_id)
        .join(
            release_customers,
            (release_customers.c.release_id == steps.c.release_id)
            & (release_customers.c.customer_id == steps.c.customer_id),
        )
        .join(customers, customers.c.id == steps.c.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .outerjoin(step_templates, step_templates.c.id == steps.c.template_id)
    )


def _steps_from_templates(
    release_id: int,
    customer_ids: Sequence[int] | None,
    now: datetime,
    *,
    template_id: int | None = None,
    missing: bool = False,
) -> Any:
    moment = literal(now, UtcTime())
    templates, member = step_templates, release_customers
    source = (
        select(
            member.c.release_id,
            member.c.customer_id,
            templates.c.id,
            templates.c.revision,
            templates.c.name,
            templates.c.category,
            templates.c.type,
            templates.c.content,
            templates.c.order_index,
            moment.label("created_at"),
            moment.label("updated_at"),
        )
        .join(templates, templates.c.release_id == member.c.release_id)
        .where(member.c.release_id == release_id, member.c.state != "removed", templates.c.is_retired.is_(False))
        .order_by(member.c.customer_id, templates.c.category, templates.c.order_index)
    )
    if customer_ids is not None:
        source = source.where(member.c.customer_id.in_(customer_ids))
    if template_id is not None:
        source = source.where(templates.c.id == template_id)
    if missing:
        steps = customer_steps
        has = (steps.c.release_id == member.c.release_id) & (steps.c.customer_id == member.c.customer_id)
        source = source.where(~select(steps.c.id).where(has, steps.c.template_id == templates.c.id).exists())
    columns = (
        "release_id",
        "customer_id",
        "template_id",
        "template_revision",
        "name",
        "category",
        "type",
        "content",
        "order_index",
        "created_at",
        "updated_at",
    )
    return insert(customer_steps).from_select(columns, source, include_defaults=False)
