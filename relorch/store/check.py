"""Whether a workbook is whole: what SQLite says, what the record says, and whether its guards are there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from relorch.model.placeholders import sha256
from relorch.store import events
from relorch.store.tables import APPEND_ONLY, metadata

_MOST = 100


@dataclass(frozen=True)
class Check:
    """What is wrong with a workbook; nothing where everything is empty and no event is broken.

    `integrity`: sentences of SQLite; `foreign_keys`: rows that point at nothing; `missing`: tables, indexes and
    triggers that are not as relorch made them; `first_broken_event`: from this event on the record was changed;
    `texts`: steps whose recorded text is not the one that its digest was made of.
    """

    integrity: tuple[str, ...]
    foreign_keys: tuple[str, ...]
    missing: tuple[str, ...]
    first_broken_event: int | None
    texts: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        found = self.integrity or self.foreign_keys or self.missing or self.texts
        return not found and self.first_broken_event is None


def check(connection: Connection) -> Check:
    """Look at everything; at most 100 of each kind are told."""
    missing = missing_parts(connection)
    whole = not any(part.startswith("table ") for part in missing)
    said = [row[0] for row in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})")]
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST)
    return Check(
        () if said == ["ok"] else tuple(said),
        tuple(f"{table} row {row}: its {parent} is not there" for table, row, parent, _ in dangling),
        missing,
        events.first_broken(connection) if whole else None,
        _wrong_texts(connection) if whole else (),
    )


def missing_parts(connection: Connection) -> tuple[str, ...]:
    """Give tables, indexes and triggers that the schema has and the file has not, or not as relorch made them."""
    query = "SELECT type || ' ' || name, sql FROM sqlite_master"
    found: dict[str, str | None] = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    wanted = [f"table {name}" for name in metadata.tables]
    wanted += [f"index {index.name}" for table in metadata.tables.values() for index in table.indexes]
    guards = {f"trigger {made.split()[2]}": made for made in APPEND_ONLY}
    gone = [name for name in sorted(wanted) if name not in found]
    return (*gone, *(name for name, made in guards.items() if found.get(name) != made))


def _wrong_texts(connection: Connection) -> tuple[int, ...]:
    query = "SELECT id, executed_content, executed_sha256 FROM customer_steps WHERE executed_sha256 IS NOT NULL"
    result = connection.exec_driver_sql(query)
    return tuple(step for step, text, digest in result if text is None or sha256(text) != digest)[:_MOST]
