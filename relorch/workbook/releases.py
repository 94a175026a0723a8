"""Releases: draft, active, archived, and who takes part."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.status import OPEN
from relorch.model.values import Member, Release, ReleaseStatus, ReleaseType
from relorch.store import Connection, releases, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import customers
from relorch.store.tables import releases as releases_table
from relorch.views.progress import progress_of
from relorch.workbook.core import Change, Noun


class Releases(Noun):
    """The verbs of releases."""

    def create(
        self,
        *,
        name: str,
        type: str,
        version_number: str | None = None,
        release_date: datetime | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Release:
        """Create a draft.

        `name`: one line, unique, not digits only (digits are an id); `type`: onboarding, release or hotfix;
        `version_number`: at most 100 characters; `release_date`: an aware time. Raises `InvalidValue`,
        `AlreadyTaken`.
        """
        values = {
            "name": _release_name(name),
            "type": text.one_of("type", type, ReleaseType).value,
            "version_number": text.optional_line("version_number", version_number, text.VERSION_LIMIT),
            "release_date": None if release_date is None else text.moment("release_date", release_date),
            "description": text.optional_block("description", description),
            "metadata": text.metadata(metadata),
        }
        with self._core.change() as change:
            if releases.named(change.connection, str(values["name"])):
                raise AlreadyTaken("name", values["name"], "another release has this name")
            row = rows.add(change.connection, releases_table, change.now, **values)
            change.record("release.create", release_id=row["id"], after=values)
        return Release(**row)

    def get(self, release_id: int) -> Release:
        """Give one release; raises `NotFound`."""
        with self._core.look() as connection:
            return Release(**require_release(connection, release_id))

    def list(self) -> list[Release]:
        """Give all releases, the newest first."""
        with self._core.look() as connection:
            return [Release(**row) for row in releases.newest_first(connection)]

    def members(self, release_id: int) -> builtins.list[Member]:
        """Give who takes part in a release, removed ones too, by customer id; raises `NotFound`."""
        with self._core.look() as connection:
            require_release(connection, release_id)
            return [_member(row) for row in releases.membership(connection, release_id).values()]

    def activate(
        self, release_id: int, *, customer_ids: Sequence[int] | None = None, all_active: bool = False
    ) -> Release:
        """Make a draft active: each chosen customer becomes a member and gets every live template as its own step.

        The choice is explicit: `customer_ids`, or `all_active=True`. All of it is one transaction and one event.
        Raises `NotAllowed` when the release is no draft, has no live template, or a customer is inactive;
        `InvalidValue` for an empty or missing choice; `NotFound` naming each unknown customer.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            _require_status(row, ReleaseStatus.DRAFT, "activated")
            chosen = _chosen(change.connection, customer_ids, all_active)
            templates = releases.live_templates(change.connection, release_id)
            if not templates:
                raise NotAllowed(f"Release '{row['name']}' has no step template; add one before activating it.")
            steps.enrol(change.connection, release_id, chosen, change.now)
            row = rows.change(change.connection, releases_table, release_id, change.now, status="active")
            change.record(
                "release.activate",
                release_id=release_id,
                before={"status": "draft"},
                after={"status": "active", "customer_ids": chosen, "templates": _as_given(templates)},
            )
        return Release(**row)

    def add_customers(self, release_id: int, customer_ids: Sequence[int]) -> tuple[int, ...]:
        """Add customers to an active release; each gets every live template as its own step.

        Gives the ids that already were members and so were left as they are. Raises `NotAllowed` when the
        release is not active, all were members already, or one is inactive; `InvalidValue` for an empty list;
        `NotFound` naming each unknown customer.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            _require_status(row, ReleaseStatus.ACTIVE, "given more customers")
            chosen = _chosen(change.connection, customer_ids, all_active=False)
            known = releases.membership(change.connection, release_id)
            new = [customer_id for customer_id in chosen if customer_id not in known]
            if not new:
                raise NotAllowed(f"All chosen customers are members of release '{row['name']}' already.")
            steps.enrol(change.connection, release_id, new, change.now)
            templates = releases.live_templates(change.connection, release_id)
            change.record(
                "release.add_customers",
                release_id=release_id,
                after={"customer_ids": new, "templates": _as_given(templates)},
            )
        return tuple(customer_id for customer_id in chosen if customer_id in known)

    def archive(self, release_id: int) -> Release:
        """Archive a release: from now on it can only be read. What was left open is counted in the event.

        Raises `NotFound`, `NotAllowed` when it is archived already.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            if row["status"] == ReleaseStatus.ARCHIVED:
                raise NotAllowed(f"Release '{row['name']}' is archived already.")
            left = progress_of(change.connection, release_id)
            after = _status(change, release_id, "archived", archived_from=row["status"])
            change.record(
                "release.archive",
                release_id=release_id,
                before={"status": row["status"]},
                after={"status": "archived", "left_open": {status: left.counts[status] for status in OPEN}},
            )
        return Release(**after)

    def reopen(self, release_id: int) -> Release:
        """Take a release out of the archive, back to the status it was archived from.

        Raises `NotFound`, `NotAllowed` when it is not archived.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            _require_status(row, ReleaseStatus.ARCHIVED, "reopened")
            after = _status(change, release_id, row["archived_from"], archived_from=None)
            change.record(
                "release.reopen",
                release_id=release_id,
                before={"status": "archived"},
                after={"status": row["archived_from"]},
            )
        return Release(**after)


def require_release(connection: Connection, release_id: int, field: str = "release_id") -> RowDict:
    """Give the row of a release; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, releases_table, text.number(field, release_id))
    if row is None:
        raise NotFound("release", release_id, field)
    return row


def refuse_archived(row: RowDict) -> None:
    """Refuse any change of an archived release with `NotAllowed`."""
    if row["status"] == ReleaseStatus.ARCHIVED:
        raise NotAllowed(f"Release '{row['name']}' is archived and can only be read; reopen it first.")


def _member(row: RowDict) -> Member:
    return Member(**{name: row[name] for name in Member.model_fields})


def _status(change: Change, release_id: int, status: str, *, archived_from: str | None) -> RowDict:
    return rows.change(
        change.connection, releases_table, release_id, change.now, status=status, archived_from=archived_from
    )


def _require_status(row: RowDict, status: ReleaseStatus, done: str) -> None:
    if row["status"] != status:
        raise NotAllowed(f"Release '{row['name']}' is {row['status']}; only a release that is {status} can be {done}.")


def _release_name(value: object) -> str:
    name = text.line("name", value)
    if name.isdigit():
        raise InvalidValue("name", value, "must not be digits only, which would be taken for an id")
    return name


def _chosen(connection: Connection, customer_ids: Sequence[int] | None, all_active: bool) -> list[int]:
    """Give the ids of the explicit choice in order, each once; refuse unknown and inactive ones by name."""
    if all_active:
        if customer_ids is not None:
            raise InvalidValue("customer_ids", customer_ids, "give either the ids or all_active, not both")
        chosen = releases.active_customer_ids(connection)
        if not chosen:
            raise InvalidValue("all_active", True, "there is no active customer; create one first")
        return chosen
    if customer_ids is None or isinstance(customer_ids, str | bytes) or not isinstance(customer_ids, Iterable):
        raise InvalidValue("customer_ids", customer_ids, "choose customers by a list of ids, or say all_active=True")
    chosen = list(dict.fromkeys(text.number("customer_ids", customer_id) for customer_id in customer_ids))
    if not chosen:
        raise InvalidValue("customer_ids", chosen, "must name at least one customer")
    _refuse_unknown_or_inactive(connection, chosen)
    return chosen


def _refuse_unknown_or_inactive(connection: Connection, chosen: Sequence[int]) -> None:
    found = rows.by_ids(connection, customers, chosen)
    unknown = [customer_id for customer_id in chosen if customer_id not in found]
    if unknown:
        raise NotFound("customer", unknown[0] if len(unknown) == 1 else unknown, "customer_ids")
    inactive = [found[customer_id] for customer_id in chosen if not found[customer_id]["is_active"]]
    if inactive:
        names = ", ".join(f"{row['id']} ('{row['name']}')" for row in inactive)
        raise NotAllowed(f"customer_ids {names}: inactive; reactivate or leave out.")


def _as_given(templates: Sequence[RowDict]) -> list[RowDict]:
    """Give what the event of an activation keeps of each template: enough to tell every step's beginning."""
    names = ("id", "revision", "category", "order_index", "name", "type", "content")
    return [{name: template[name] for name in names} for template in templates]
