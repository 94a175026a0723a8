"""The tables for analysis, column by column, as the driver gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Integer, Select, Table, select
from sqlalchemy.sql.type_api import TypeEngine

from relorch.store.tables import (
    clusters,
    customer_steps,
    customers,
    events,
    release_customers,
    releases,
    step_templates,
)
from relorch.store.types import Flag, OneOf, UtcTime

ROWS = 10_000
"""How many rows are fetched at a time, so that only these few are ever Python objects."""

Kind = Literal["number", "text", "time", "flag"] | type[StrEnum]
"""What a column holds: time as whole microseconds since 1970-01-01 UTC, flag as 0 or 1, an enum as its text."""


@dataclass(frozen=True)
class Source:
    """Where a frame comes from: the columns by name, in order, and the query that gives them."""

    columns: Mapping[str, Kind]
    query: Select[Any]


def fetch_chunks(connection: Connection, source: Source) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a frame in order as the driver's own tuples, so many at a time."""
    result = connection.execute(source.query)
    try:
        while chunk := result.cursor.fetchmany(ROWS):
            yield chunk  # type: ignore[misc]
    finally:
        result.close()


def _source(**columns: ColumnElement[Any]) -> Source:
    kinds = {name: _kind(column.type) for name, column in columns.items()}
    return Source(MappingProxyType(kinds), select(*(column.label(name) for name, column in columns.items())))


def _kind(stored: TypeEngine[Any]) -> Kind:
    if isinstance(stored, OneOf):
        return stored.kinds
    if isinstance(stored, UtcTime):
        return "time"
    if isinstance(stored, Flag):
        return "flag"
    return "number" if isinstance(stored, Integer) else "text"


def _table(table: Table) -> Source:
    source = _source(**{column.name: column for column in table.columns})
    return Source(source.columns, source.query.order_by(*table.primary_key.columns))


def _step_facts() -> Source:
    steps, member, templates = customer_steps.c, release_customers.c, step_templates.c
    source = _source(
        step_id=steps.id,
        step_name=steps.name,
        category=steps.category,
        type=steps.type,
        status=steps.status,
        release_id=steps.release_id,
        release_name=releases.c.name,
        release_version=releases.c.version_number,
        release_status=releases.c.status,
        customer_id=steps.customer_id,
        customer_name=customers.c.name,
        namespace=customers.c.namespace,
        cluster_id=customers.c.cluster_id,
        cluster_name=clusters.c.name,
        member_state=member.state,
        template_id=steps.template_id,
        template_revision=steps.template_revision,
        current_revision=templates.revision,
        order_index=steps.order_index,
        is_custom=steps.is_custom,
        is_overridden=steps.is_overridden,
        executed_at=steps.executed_at,
        executed_by=steps.executed_by,
        notes=steps.notes,
        skip_reason=steps.skip_reason,
        created_at=steps.created_at,
        updated_at=steps.updated_at,
    )
    query = (
        source.query.select_from(customer_steps)
        .join(release_customers, (member.release_id == steps.release_id) & (member.customer_id == steps.customer_id))
        .join(releases, releases.c.id == steps.release_id)
        .join(customers, customers.c.id == steps.customer_id)
        .join(clusters, clusters.c.id == customers.c.cluster_id)
        .outerjoin(step_templates, templates.id == steps.template_id)
    )
    return Source(source.columns, query.order_by(steps.id))


_TABLES = (clusters, customers, releases, step_templates, release_customers, customer_steps, events)
SOURCES: Mapping[str, Source] = MappingProxyType(
    {table.name: _table(table) for table in _TABLES} | {"step_facts": _step_facts()}
)
"""Every frame there is by its name: the tables, and the steps with all that is known of them but their text."""
