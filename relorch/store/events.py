"""The record: events are only ever added, each chained to the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, func, select, type_coerce
from sqlalchemy.types import NullType

from relorch.store import rows
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, events, step_templates
from relorch.store.types import dump_json, to_microseconds

GENESIS = "0" * 64
_NAMED = select(events.c.id, events.c.operator, events.c.at, events.c.action)
_LISTS_ROWS = type_coerce(events.c.after, Text).contains('"rows"')
_OF_STEP = _NAMED.add_columns(events.c.step_id)
_TOLD = _OF_STEP.add_columns(events.c.after)
TEXT = ("name", "type", "content")
"""The columns a step takes from its template."""
_PUBLIC = (
    "id",
    "batch_id",
    "at",
    "operator",
    "action",
    "release_id",
    "customer_id",
    "template_id",
    "step_id",
    "before",
    "after",
    "note",
)
_CHAINED = (*_PUBLIC, "row_digest", "undoes")


def append(connection: Connection, facts: Sequence[RowDict], *, at: datetime, operator: str) -> int:
    """Store the facts of one action as one batch, and give the batch's id: that of its first event.

    A fact has `action` and whichever of release_id, customer_id, template_id, step_id, before, after, note and
    row_digest (that of the step's row as the fact left it), undoes (a batch) apply.
    """
    last_id, last_sha = _head(connection)
    batch_id = last_id + 1
    stored = []
    for number, fact in enumerate(facts, batch_id):
        row = {name: fact.get(name) for name in _CHAINED} | {
            "id": number,
            "batch_id": batch_id,
            "at": at,
            "operator": operator,
            "before": _plain(fact.get("before")),
            "after": _plain(fact.get("after")),
        }
        last_sha = chained(last_sha, _as_stored(row))
        stored.append(row | {"sha256": last_sha})
    rows.add_many(connection, events, stored)
    return batch_id


def chained(previous: str, fields: Sequence[int | str | None]) -> str:
    """Give the sha256 (hex) of an event, bound to that of the event before it.

    `fields` are the event's columns as the file holds them, from id to undoes.
    """
    return hashlib.sha256(f"{previous}{dump_json(fields)}".encode()).hexdigest()


def first_broken(connection: Connection) -> int | None:
    """Give the id of the first event whose chain does not hold, or None when all do."""
    previous = GENESIS
    for number, (*fields, stored) in enumerate(_every(connection), 1):
        if fields[0] != number or stored != chained(previous, fields):
            return int(fields[0])
        previous = stored
    return None


def _plain(values: RowDict | None) -> RowDict | None:
    """Give changed columns as JSON can hold them: times become ISO 8601 texts."""
    return None if values is None else rows.plain(values)


def _as_stored(row: RowDict) -> list[int | str | None]:
    """Give an event's columns as the file is going to hold them."""
    texts = {name: None if row[name] is None else dump_json(row[name]) for name in ("before", "after")}
    return [*(({**row, **texts, "at": to_microseconds(row["at"])})[name] for name in _CHAINED)]


def latest_touch(connection: Connection, step: Mapping[str, Any]) -> RowDict | None:
    """Give operator, time and action of the newest event that changed a step: its own, or one that lists its row."""
    return latest_touches(connection, [step]).get(step["id"])


def latest_touches(connection: Connection, steps: Sequence[Mapping[str, Any]]) -> dict[int, RowDict]:
    """Give for each step, by its id, what `latest_touch` gives; one that no event changed is missing."""
    newest = select(func.max(events.c.id)).group_by(events.c.step_id)
    touched = {
        row["step_id"]: row
        for part in rows.chunks(step["id"] for step in steps)
        for row in rows.fetch(connection, _OF_STEP.where(events.c.id.in_(newest.where(events.c.step_id.in_(part)))))
    }
    wanted = {step["id"] for step in steps}
    for release_id in {step["release_id"] for step in steps}:
        for event in rows.fetch(connection, _TOLD.where(events.c.release_id == release_id, _LISTS_ROWS)):
            for listed in wanted & _listed(event):
                if listed not in touched or touched[listed]["id"] < event["id"]:
                    touched[listed] = event
    return touched


def _listed(event: RowDict) -> set[int]:
    return {step_id for entry in _entries(event, customer_steps.name) for step_id in entry["ids"]}


def latest_template_touch(connection: Connection, template: Mapping[str, Any]) -> RowDict | None:
    """Give operator, time and action of the newest event that changed a template's row."""
    query = _TOLD.where(events.c.release_id == template["release_id"], _LISTS_ROWS).order_by(events.c.id.desc())
    for row in rows.fetch(connection, query):
        if any(template["id"] in entry["ids"] for entry in _entries(row, step_templates.name)):
            return row
    return None


def latest_retext(connection: Connection, step: Mapping[str, Any]) -> RowDict | None:
    """Give the newest event that may have changed what a step (a row with context) renders to, or None.

    Besides who, when and action: `noun` is what it changed: step, customer, cluster or release.
    """
    about = (
        (events.c.step_id == step["id"])
        | ((events.c.action == "customer.update") & (events.c.customer_id == step["customer_id"]))
        | ((events.c.action == "release.update") & (events.c.release_id == step["release_id"]))
        | (events.c.action == "cluster.update")
        | ((events.c.release_id == step["release_id"]) & _LISTS_ROWS)
    )
    for row in rows.fetch(connection, _TOLD.where(about).order_by(events.c.id.desc())):
        noun = _retexts(row, step)
        if noun is not None:
            return row | {"noun": noun}
    return None


_RETEXTING = {
    "customer.update": {"name", "namespace", "metadata", "cluster_id"},
    "release.update": {"name", "version_number", "metadata"},
    "cluster.update": {"name", "kubeconfig_path", "metadata"},
}


def _retexts(event: RowDict, step: Mapping[str, Any]) -> str | None:
    """Give what an event changed, if that is part of the step's text."""
    after = event["after"] or {}
    if event["action"] in _RETEXTING:
        ours = event["action"] != "cluster.update" or after.get("id") == step["cluster_id"]
        return event["action"].partition(".")[0] if ours and after.keys() & _RETEXTING[event["action"]] else None
    said = after if event["step_id"] == step["id"] else {}
    listed = [entry["after"] or {} for entry in _entries(event, customer_steps.name) if step["id"] in entry["ids"]]
    return "step" if any({"content", "type"} & set(each) for each in (said, *listed)) else None


def retexted_since(connection: Connection, release_id: int, event_id: int) -> set[int]:
    """Give the ids of the steps of a release that got a name, type or content by an event after this one."""
    query = _TOLD.where(events.c.release_id == release_id, events.c.id > event_id)
    found: set[int] = set()
    for row in rows.fetch(connection, query):
        if row["step_id"] is not None and (row["after"] or {}).keys() & set(TEXT):
            found.add(row["step_id"])
        for entry in _entries(row, customer_steps.name):
            if (entry["after"] or {}).keys() & set(TEXT):
                found |= set(entry["ids"])
    return found


def _entries(event: RowDict, table: str) -> list[RowDict]:
    return [entry for entry in (event["after"] or {}).get("rows", ()) if entry["table"] == table]


def latest_edit(connection: Connection, noun: str, row_id: int) -> RowDict | None:
    """Give operator, time and action of the newest event about a template, customer, cluster or release itself."""
    query = select(events.c.id, events.c.operator, events.c.at, events.c.action, events.c.after)
    query = query.where(events.c.action.like(f"{noun}.%")).order_by(events.c.id.desc())
    if noun != "cluster":
        return rows.fetch_one(connection, query.where(events.c[f"{noun}_id"] == row_id))
    # an event of a cluster has its id among what it changed
    found = rows.fetch(connection, query)
    return next((row for row in found if (row["after"] or {}).get("id") == row_id), None)


def select_history(
    connection: Connection,
    *,
    release_id: int | None = None,
    customer_id: int | None = None,
    step_id: int | None = None,
    batch_id: int | None = None,
    newest: int | None = None,
) -> list[RowDict]:
    """Give the events that match every argument given, oldest first; `newest` keeps only so many of the last ones."""
    wanted = {"release_id": release_id, "customer_id": customer_id, "step_id": step_id, "batch_id": batch_id}
    query = select(*(events.c[name] for name in _PUBLIC))
    query = query.where(*(events.c[name] == value for name, value in wanted.items() if value is not None))
    return rows.fetch(connection, query.order_by(events.c.id.desc()).limit(newest))[::-1]


def batch(connection: Connection, batch_id: int) -> list[RowDict]:
    """Give the events of a batch whole, oldest first."""
    query = select(*(events.c[name] for name in _CHAINED)).where(events.c.batch_id == batch_id)
    return rows.fetch(connection, query.order_by(events.c.id))


def undone(connection: Connection) -> dict[int, int]:
    """Give which batch undid which: undone batch → the newest batch that undid it."""
    query = select(events.c.batch_id, events.c.undoes).where(events.c.undoes.is_not(None)).order_by(events.c.id)
    return {row["undoes"]: row["batch_id"] for row in rows.fetch(connection, query)}


def batches_of(connection: Connection, operator: str, actions: Iterable[str]) -> Iterator[int]:
    """Give the ids of the batches of an operator that begin with one of the actions, the newest first."""
    query = select(events.c.batch_id).where(
        events.c.operator == operator, events.c.id == events.c.batch_id, events.c.action.in_(sorted(actions))
    )
    for row in rows.fetch(connection, query.order_by(events.c.id.desc())):
        yield row["batch_id"]


def touched_since(connection: Connection, event_id: int) -> list[RowDict]:
    """Give release, customer and step of the events after one, each combination once."""
    query = select(events.c.release_id, events.c.customer_id, events.c.step_id).distinct()
    return rows.fetch(connection, query.where(events.c.id > event_id))


def newest_id(connection: Connection) -> int:
    """Give the id of the newest event, 0 before the first: it changes with every change of the workbook."""
    return int(connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one())


def _head(connection: Connection) -> tuple[int, str]:
    row = rows.fetch_one(connection, select(events.c.id, events.c.sha256).order_by(events.c.id.desc()))
    return (row["id"], row["sha256"]) if row else (0, GENESIS)


def _every(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Give all events as the file holds them, whatever that is."""
    at, size = 0, 10_000
    columns = [type_coerce(events.c[name], NullType()) for name in (*_CHAINED, "sha256")]
    query = select(*columns).order_by(events.c.id).limit(size)
    while part := rows.driver_rows(connection, query.where(events.c.id > at)):
        yield from part
        at = part[-1][0]
