"""What the rules of clusters and customers have to ask the tables."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, literal_column, select

from relorch.model.status import OPEN, Status
from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customer_steps, customers, release_customers, releases

# made once: an import asks it for each of its rows
_ACTIVE_IN = (
    select(customers)
    .where(
        customers.c.cluster_id == bindparam("cluster"),
        customers.c.namespace == bindparam("name"),
        customers.c.is_active == literal_column("1"),  # as its index says it, which IS TRUE would not use
    )
    .limit(1)
)


def active_cluster_named(connection: Connection, name: str) -> RowDict | None:
    """Give the active cluster of this name, or None."""
    return rows.fetch_one(connection, select(clusters).where(clusters.c.name == name, clusters.c.is_active.is_(True)))


def active_customer_in(connection: Connection, cluster_id: int, namespace: str) -> RowDict | None:
    """Give the active customer that has this namespace on this cluster, or None."""
    row = connection.execute(_ACTIVE_IN, {"cluster": cluster_id, "name": namespace}).mappings().first()
    return dict(row) if row else None


def list_clusters(connection: Connection, *, inactive: bool) -> list[RowDict]:
    """Give the clusters by name; the inactive among them when asked for."""
    query = select(clusters).order_by(clusters.c.name, clusters.c.id)
    return rows.fetch(connection, query if inactive else query.where(clusters.c.is_active.is_(True)))


def list_customers(connection: Connection, *, cluster_id: int | None, inactive: bool) -> list[RowDict]:
    """Give the customers by cluster name and name, of one cluster or of all; the inactive among them when asked for."""
    query = select(customers).join(clusters).order_by(clusters.c.name, customers.c.name, customers.c.id)
    if cluster_id is not None:
        query = query.where(customers.c.cluster_id == cluster_id)
    return rows.fetch(connection, query if inactive else query.where(customers.c.is_active.is_(True)))


def metadata_keys(connection: Connection) -> set[str]:
    """Give every key of metadata that an active cluster or customer has."""
    found = (
        rows.fetch(connection, select(table.c.metadata).where(table.c.is_active.is_(True)))
        for table in (clusters, customers)
    )
    return {key for part in found for row in part for key in row["metadata"]}


def running_releases_of(connection: Connection, customer_id: int) -> list[RowDict]:
    """Give the names of the releases, whatever became of them, in which a customer has a step in progress."""
    query = (
        select(releases.c.name)
        .distinct()
        .join(customer_steps, customer_steps.c.release_id == releases.c.id)
        .where(customer_steps.c.customer_id == customer_id, customer_steps.c.status == Status.IN_PROGRESS.value)
    )
    return rows.fetch(connection, query.order_by(releases.c.name))


def open_releases_of(connection: Connection, customer_ids: Sequence[int]) -> list[RowDict]:
    """Give `customer_id` and release `name` wherever one of these customers has open work in an active release."""
    query = (
        select(customer_steps.c.customer_id, releases.c.name)
        .distinct()
        .join(releases, releases.c.id == customer_steps.c.release_id)
        .join(
            release_customers,
            (release_customers.c.release_id == customer_steps.c.release_id)
            & (release_customers.c.customer_id == customer_steps.c.customer_id),
        )
        .where(
            releases.c.status == "active",
            release_customers.c.state != "removed",
            customer_steps.c.status.in_([status.value for status in OPEN]),
        )
        .order_by(releases.c.name)
    )
    return [
        row
        for part in rows.chunks(customer_ids)
        for row in rows.fetch(connection, query.where(customer_steps.c.customer_id.in_(part)))
    ]
