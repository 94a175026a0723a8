"""What every use case stands on: one transaction, one moment, one operator, one batch of events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from relorch.errors import Conflict, InvalidValue
from relorch.model import text
from relorch.store import Connection, Store, events, journal, rows
from relorch.store.rows import RowDict

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


@dataclass
class Change:
    """One use case that writes: what it records is stored with it, or not at all."""

    connection: Connection
    now: datetime
    operator: str
    facts: list[dict[str, Any]] = field(default_factory=list)
    batch_id: int | None = None

    def record(
        self,
        action: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        note: str | None = None,
        row_digest: str | None = None,
        undoes: int | None = None,
        **ids: int | None,
    ) -> None:
        """Note a fact: `ids` are those of release_id, customer_id, template_id and step_id that it is about."""
        said = {"before": before, "after": after, "note": note, "row_digest": row_digest, "undoes": undoes}
        self.facts.append({"action": action, **said, **ids})

    def record_step(
        self,
        action: str,
        row: RowDict,
        new: Mapping[str, Any],
        *,
        note: str | None = None,
        undoes: int | None = None,
    ) -> None:
        """Note a change of one step: `row` as it was, `new` the columns it got; with the digest of what it is now."""
        before, after = rows.diff(row, {**row, **new})
        self.record(
            action,
            release_id=row["release_id"],
            customer_id=row["customer_id"],
            template_id=row["template_id"],
            step_id=row["id"],
            before=before,
            after=after,
            note=note,
            row_digest=journal.step_digest({**row, **new}),
            undoes=undoes,
        )


@dataclass(frozen=True)
class Batch:
    """What one verb stored: the batch of its events, and what they did."""

    id: int
    actions: frozenset[str]


class Latest(threading.local):
    """What the last verb of a thread stored; each thread sees its own."""

    batch: Batch | None = None


@dataclass(frozen=True)
class Core:
    """An open store, the operator who acts, and the clock that says when."""

    store: Store
    operator: str
    clock: Clock = utc_now
    latest: Latest = field(default_factory=Latest, compare=False)

    def now(self) -> datetime:
        """Give the moment of the clock in UTC; raises `InvalidValue` for one without a zone."""
        return text.moment("now", self.clock())

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Give a connection that reads one consistent state."""
        with self.store.reading() as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Change]:
        """Give one write: all of it and its events are stored on leaving, nothing after an exception."""
        self.latest.batch = None
        with self.store.writing() as connection:
            change = Change(connection, self.now(), self.operator)
            yield change
            if change.facts:
                change.batch_id = events.append(connection, change.facts, at=change.now, operator=self.operator)
        if change.batch_id is not None:
            self.latest.batch = Batch(change.batch_id, frozenset(fact["action"] for fact in change.facts))


def refuse_stale(
    change: Change, noun: str, row: RowDict, expected_version: int | None, *, field: str = "expected_version"
) -> None:
    """Refuse with `Conflict` to change a row that is no longer the one on the screen; None: none was expected."""
    if expected_version is None or text.number(field, expected_version) == row["row_version"]:
        return
    raise _overtaken(change.connection, change.operator, noun, row, "look again before you change it")


def refuse_changed(
    connection: Connection, operator: str, noun: str, row: RowDict, expected: Mapping[str, Any] | None
) -> None:
    """Refuse with `Conflict` to change fields whose values are no longer those on the screen; None: any will do."""
    if expected is None:
        return
    if not isinstance(expected, Mapping) or not expected.keys() <= row.keys():
        raise InvalidValue("expected", expected, f"must give the values that fields of the {noun} had on the screen")
    others = [name.replace("_", " ") for name, value in expected.items() if row[name] != value]
    if others:
        what = f"its {' and '.join(others)} {'is' if len(others) == 1 else 'are'} not what was shown"
        raise _overtaken(connection, operator, noun, row, what)


def _overtaken(connection: Connection, operator: str, noun: str, row: RowDict, so: str) -> Conflict:
    """Say who changed a row that is no step, and when."""
    latest = events.latest_edit(connection, noun.rpartition(" ")[2], row["id"])
    who, when = (latest["operator"], latest["at"]) if latest else (None, row["updated_at"])
    by = "" if who is None else " by you" if who == operator else f" by {who}"
    message = f"{noun.capitalize()} '{row['name']}' was changed{by} at {when:%Y-%m-%d %H:%M:%S} UTC, after it was shown"
    return Conflict(f"{message}; {so}.", who=who, when=when)


class Noun:
    """One noun of the workbook: the verbs of `relorch.workbook` are its methods."""

    def __init__(self, core: Core) -> None:
        self._core = core
