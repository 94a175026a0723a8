"""What is read of the record to tell how a release went: narrow rows in the order they were stored, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Text, case, null, select, type_coerce
from sqlalchemy.types import NullType

from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customers, events, releases, step_templates
from relorch.store.types import JsonText

_PAGE = 10_000
_TELLING = (
    "release.create",
    "release.update",
    "release.import",
    "release.activate",
    "release.add_customers",
    "template.add",
    "template.retire",
    "step.import",
    "step.add_custom",
    "step.update_custom",
    "step.delete_custom",
    "undo",
)
"""Of these `after` is read; of the others the columns say enough, and a status verb's `after` holds the whole text."""


class Told(NamedTuple):
    """One event of a release; `at` in whole microseconds since 1970-01-01 UTC, `after` only where it is needed."""

    id: int
    batch_id: int
    at: int
    operator: str
    action: str
    customer_id: int | None
    template_id: int | None
    step_id: int | None
    undoes: int | None
    after: RowDict | None


class Took(NamedTuple):
    """One event of an undo that put a step back: the batch it is in, and the batch it took back."""

    batch_id: int
    undoes: int
    step_id: int


def told(connection: Connection, release_id: int, until: int | None = None) -> Iterator[Told]:
    """Give the events of a release in order, up to the one with the id `until`."""
    names = ("id", "batch_id", "at", "operator", "action", "customer_id", "template_id", "step_id", "undoes")
    # null() and the driver's own numbers: nothing of a quarter of a million rows is turned into Python's types here
    after = case((events.c.action.in_(_TELLING), type_coerce(events.c.after, Text)), else_=null())
    query = select(*(type_coerce(events.c[name], NullType()) for name in names), after)
    query = query.where(events.c.release_id == release_id).order_by(events.c.id).limit(_PAGE)
    if until is not None:
        query = query.where(events.c.id <= until)
    parse, at = JsonText(), 0
    while page := rows.driver_rows(connection, query.where(events.c.id > at)):
        for row in page:
            said = None if row[-1] is None else parse.process_result_value(row[-1], connection.dialect)
            yield Told._make((*row[:-1], said))
        at = page[-1][0]


def took_back(connection: Connection, release_id: int, until: int | None = None) -> list[Took]:
    """Give what undo put back of single steps in a release, the newest first."""
    query = select(events.c.batch_id, events.c.undoes, events.c.step_id).where(
        events.c.release_id == release_id, events.c.undoes.is_not(None), events.c.step_id.is_not(None)
    )
    if until is not None:
        query = query.where(events.c.id <= until)
    return [Took(**row) for row in rows.fetch(connection, query.order_by(events.c.id.desc()))]


def last_until(connection: Connection, moment: datetime) -> int:
    """Give the id of the last event that was stored at `moment` or before, 0 when there is none."""
    query = select(events.c.id).where(events.c.at <= moment).order_by(events.c.id.desc())
    found = rows.fetch_one(connection, query)
    return 0 if found is None else int(found["id"])


def release_ids(connection: Connection) -> list[int]:
    """Give the ids of all releases; one that was deleted was a draft and has no members."""
    return [row["id"] for row in rows.fetch(connection, select(releases.c.id).order_by(releases.c.id))]


def templates_of(connection: Connection, release_id: int) -> list[RowDict]:
    """Give id, name, category and is_retired of a release's templates: deploy, then verify, the live ones in order."""
    table = step_templates
    query = select(table.c.id, table.c.name, table.c.category, table.c.is_retired)
    order = (table.c.category, table.c.is_retired, table.c.order_index, table.c.id)
    return rows.fetch(connection, query.where(table.c.release_id == release_id).order_by(*order))


def named_customers(connection: Connection, customer_ids: Sequence[int]) -> list[RowDict]:
    """Give customer_id, customer_name, cluster_id and cluster_name of these customers, by cluster and name."""
    query = select(
        customers.c.id.label("customer_id"),
        customers.c.name.label("customer_name"),
        clusters.c.id.label("cluster_id"),
        clusters.c.name.label("cluster_name"),
    ).join(clusters, clusters.c.id == customers.c.cluster_id)
    found = [
        row
        for part in rows.chunks(customer_ids)
        for row in rows.fetch(connection, query.where(customers.c.id.in_(part)))
    ]
    return sorted(
        found, key=lambda row: (row["cluster_name"], row["cluster_id"], row["customer_name"], row["customer_id"])
    )
