"""Releases: draft, active, archived, and who takes part."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from relorch.errors import AlreadyTaken, Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.progress import Progress
from relorch.model.status import OPEN, Status
from relorch.model.values import Category, Member, MemberState, Release, ReleaseStatus, ReleaseType
from relorch.store import Connection, journal, releases, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, customers
from relorch.store.tables import releases as releases_table
from relorch.views.effect import Enrolment
from relorch.views.progress import progress_of
from relorch.workbook.core import Change, Noun, refuse_changed, refuse_stale
from relorch.workbook.joining import enrolment, refuse_other
from relorch.workbook.retexting import TextChange, edit_change, refuse_unconfirmed


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
        values = checked_release(
            name=name,
            type=type,
            version_number=version_number,
            release_date=release_date,
            description=description,
            metadata=metadata,
        )
        with self._core.change() as change:
            return Release(**create_release(change, values))

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

    def update(
        self,
        release_id: int,
        *,
        confirm: bool = False,
        expected_version: int | None = None,
        expected: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Release:
        """Change `name`, `type`, `version_number`, `release_date`, `description` or `metadata`; never the status.

        `expected_version` is the `row_version` that was on the screen: a stale one is a `Conflict`. So is a value of
        `expected` (field → what was on the screen) that is another by now; what else was changed does not matter.
        An edit that changes the text of open steps needs `confirm=True`; see `preview_update`.
        Raises `NotFound`, `InvalidValue`, `AlreadyTaken`, `NotAllowed` for an archived release or an edit that is
        not confirmed.
        """
        wanted = checked_release(**fields)
        with self._core.change() as change:
            before = require_release(change.connection, release_id)
            refuse_stale(change, "release", before, expected_version)
            refuse_changed(change.connection, change.operator, "release", before, expected)
            refuse_archived(before)
            old, new = rows.diff(before, before | wanted)
            if not new:
                return Release(**before)
            _refuse_taken(change.connection, new)
            if not text.flag("confirm", confirm):
                effect = edit_change(change.connection, before, new, _CONTEXT, release_id=release_id)
                refuse_unconfirmed(effect, f"release '{before['name']}'", confirm=False)
            row = rows.change(change.connection, releases_table, release_id, change.now, **new)
            change.record("release.update", release_id=release_id, before=old, after=new)
        return Release(**row)

    def preview_update(
        self, release_id: int, *, expected: Mapping[str, Any] | None = None, **fields: Any
    ) -> TextChange:
        """Give how many open steps would show another text after `update` with these fields; raises as it does."""
        wanted = checked_release(**fields)
        with self._core.look() as connection:
            before = require_release(connection, release_id)
            refuse_changed(connection, self._core.operator, "release", before, expected)
            refuse_archived(before)
            _, new = rows.diff(before, before | wanted)
            _refuse_taken(connection, new)
            return edit_change(connection, before, new, _CONTEXT, release_id=release_id)

    def clone(self, release_id: int, *, name: str, version_number: str | None = None) -> Release:
        """Create a draft with the live templates, type, description and metadata of a release.

        `name` and `version_number` are the new ones. Raises `NotFound`, `InvalidValue`, `AlreadyTaken`.
        """
        wanted = checked_release(name=name, version_number=version_number)
        with self._core.change() as change:
            source = require_release(change.connection, release_id)
            _refuse_taken(change.connection, wanted)
            values = {name: source[name] for name in ("type", "description", "metadata")} | wanted
            row = rows.add(change.connection, releases_table, change.now, **values)
            copied = releases.copy_templates(change.connection, release_id, row["id"], change.now)
            after = {**values, "cloned_from": release_id, "templates": copied}
            change.record("release.create", release_id=row["id"], after=after)
        return Release(**row)

    def delete(
        self, release_id: int, *, expected_version: int | None = None, expected: Mapping[int, int] | None = None
    ) -> None:
        """Delete a draft with its templates; its history stays.

        `expected_version`: the `row_version` that was on the screen; `expected`: that of each template, by id. Raises
        `NotFound`, `NotAllowed` for any other release, `Conflict` when it was changed after it was shown.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            _require_status(row, ReleaseStatus.DRAFT, "deleted")
            refuse_stale(change, "release", row, expected_version)
            _refuse_other_templates(change.connection, row, expected)
            releases.delete_draft(change.connection, release_id)
            change.record("release.delete", release_id=release_id, before={"name": row["name"], "type": row["type"]})

    def hold(self, release_id: int, customer_ids: Sequence[int], reason: str) -> tuple[Member, ...]:
        """Keep members from being worked on until `resume`; they are counted apart from then on.

        Raises `NotFound`, `InvalidValue` for an empty list or blank reason, `NotAllowed` naming those that are no
        active members, or when the release is not active.
        """
        return self._set_members(release_id, customer_ids, "hold", reason)

    def resume(self, release_id: int, customer_ids: Sequence[int]) -> tuple[Member, ...]:
        """Let held members be worked on again; raises as `hold` does."""
        return self._set_members(release_id, customer_ids, "resume", None)

    def remove(self, release_id: int, customer_ids: Sequence[int], reason: str) -> tuple[Member, ...]:
        """Take members out of a release: they count no more, their steps and history stay; raises as `hold` does."""
        return self._set_members(release_id, customer_ids, "remove", reason)

    def _set_members(
        self, release_id: int, customer_ids: Sequence[int], verb: str, reason: str | None
    ) -> tuple[Member, ...]:
        sources, target = _MEMBER_VERBS[verb]
        said = text.reason(reason, required=verb != "resume")
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            _require_status(row, ReleaseStatus.ACTIVE, "changed in who takes part")
            ids = _ids(customer_ids)
            known = releases.membership(change.connection, release_id)
            wrong = [each for each in ids if each not in known or known[each]["state"] not in sources]
            if wrong:
                who = _named(change.connection, wrong, known)
                raise NotAllowed(f"customer_ids {who}: cannot be {target} in release '{row['name']}'.")
            for each in ids:
                releases.set_member(change.connection, release_id, each, target.value, said, change.now)
                change.record(
                    f"release.{verb}",
                    release_id=release_id,
                    customer_id=each,
                    before={"state": known[each]["state"], "reason": known[each]["reason"]},
                    after={"state": target.value, "reason": said},
                    note=said,
                )
            now = releases.membership(change.connection, release_id)
        return tuple(_member(now[each]) for each in ids)

    def activate(
        self,
        release_id: int,
        *,
        customer_ids: Sequence[int] | None = None,
        all_active: bool = False,
        expected: Enrolment | None = None,
    ) -> Release:
        """Make a draft active: each chosen customer becomes a member and gets every live template as its own step.

        The choice is explicit: `customer_ids`, or `all_active=True`. All of it is one transaction and one event.
        `expected`: what `preview_activate` gave. Raises `NotAllowed` when the release is no draft, has no live
        template, or a customer is inactive; `InvalidValue` for an empty or missing choice; `NotFound` naming each
        unknown customer; `Conflict` when others than expected would join, or get other steps.
        """
        with self._core.change() as change:
            chosen, templates = _planned_activation(change.connection, release_id, customer_ids, all_active)
            refuse_other(change.connection, release_id, chosen, templates, expected)
            steps.enrol(change.connection, release_id, chosen, change.now)
            row = rows.change(change.connection, releases_table, release_id, change.now, status="active")
            change.record(
                "release.activate",
                release_id=release_id,
                before={"status": "draft"},
                after={"status": "active", "customer_ids": chosen, "templates": _as_given(templates)},
            )
        return Release(**row)

    def preview_activate(
        self, release_id: int, customer_ids: Sequence[int] | None = None, all_active: bool = False
    ) -> Enrolment:
        """Give who would join by `activate`, and which of their steps cannot render; raises as it does."""
        with self._core.look() as connection:
            chosen, templates = _planned_activation(connection, release_id, customer_ids, all_active)
            return enrolment(connection, release_id, chosen, templates)

    def add_customers(
        self, release_id: int, customer_ids: Sequence[int], *, expected: Enrolment | None = None
    ) -> tuple[int, ...]:
        """Add customers to an active release; each gets every live template as its own step.

        One that was removed becomes active again: it keeps its steps, gets what it missed, and its pending steps
        that are not overridden take the current text. Gives the ids that already were members and so were left
        as they are. `expected`: what `preview_add_customers` gave. Raises `NotAllowed` when the
        release is not active, all were members already, or one is inactive; `InvalidValue` for an empty list;
        `NotFound` naming each unknown customer; `Conflict` when others than expected would join, or get other steps.
        """
        with self._core.change() as change:
            new, back, already = _planned_addition(change.connection, release_id, customer_ids)
            templates = releases.live_templates(change.connection, release_id)
            refuse_other(change.connection, release_id, [*new, *back], templates, expected)
            known = releases.membership(change.connection, release_id)
            if new:
                _enrol(change, release_id, new)
            for each in back:
                _take_back(change, release_id, known[each])
        return already

    def preview_add_customers(self, release_id: int, customer_ids: Sequence[int]) -> Enrolment:
        """Give who would join by `add_customers`, and which of their steps cannot render; raises as it does."""
        with self._core.look() as connection:
            new, back, already = _planned_addition(connection, release_id, customer_ids)
            templates = releases.live_templates(connection, release_id)
            return enrolment(connection, release_id, [*new, *back], templates, already)

    def archive(self, release_id: int, *, expected: Progress | None = None) -> Release:
        """Archive a release: from now on it can only be read. What was left open is counted in the event.

        `expected`: what `preview_archive` gave. Raises `NotFound`, `NotAllowed` when it is archived already,
        `Conflict` when something else than expected would be left open by now.
        """
        with self._core.change() as change:
            row = require_release(change.connection, release_id)
            if row["status"] == ReleaseStatus.ARCHIVED:
                raise NotAllowed(f"Release '{row['name']}' is archived already.")
            left = progress_of(change.connection, release_id)
            if expected is not None and (left.open, left.held_open) != (expected.open, expected.held_open):
                message = (
                    f"Release '{row['name']}' was worked on meanwhile: archiving it would leave {left.open} open steps"
                )
                held = f" and {left.held_open} of customers on hold" if left.held_open else ""
                raise Conflict(f"{message}{held}; look at it again.", who=None, when=None)
            counted = {status: left.counts[status] for status in OPEN} | {"held": left.held_open}
            after = _status(change, release_id, "archived", archived_from=row["status"])
            change.record(
                "release.archive",
                release_id=release_id,
                before={"status": row["status"]},
                after={"status": "archived", "left_open": counted},
            )
        return Release(**after)

    def preview_archive(self, release_id: int) -> Progress:
        """Give what archiving the release would leave open: its progress; raises as `archive` does."""
        with self._core.look() as connection:
            row = require_release(connection, release_id)
            if row["status"] == ReleaseStatus.ARCHIVED:
                raise NotAllowed(f"Release '{row['name']}' is archived already.")
            return progress_of(connection, release_id)

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


def create_release(change: Change, values: RowDict) -> RowDict:
    """Add a draft of checked values in an open transaction; raises `AlreadyTaken`."""
    _refuse_taken(change.connection, values)
    row = rows.add(change.connection, releases_table, change.now, **values)
    change.record("release.create", release_id=row["id"], after=values)
    return row


def require_release(connection: Connection, release_id: int, field: str = "release_id") -> RowDict:
    """Give the row of a release; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, releases_table, text.number(field, release_id))
    if row is None:
        raise NotFound("release", release_id, field)
    return row


def _planned_activation(
    connection: Connection, release_id: int, customer_ids: Sequence[int] | None, all_active: bool
) -> tuple[list[int], list[RowDict]]:
    """Give who would become a member by an activation, and the templates they get; refuse what cannot be."""
    row = require_release(connection, release_id)
    _require_status(row, ReleaseStatus.DRAFT, "activated")
    chosen = _chosen(connection, customer_ids, all_active)
    templates = releases.live_templates(connection, release_id)
    if not templates:
        raise NotAllowed(f"Release '{row['name']}' has no step template; add one before activating it.")
    return chosen, templates


def _planned_addition(
    connection: Connection, release_id: int, customer_ids: Sequence[int]
) -> tuple[list[int], list[int], tuple[int, ...]]:
    """Give who is new, who comes back, and who is a member already; refuse what cannot be."""
    row = require_release(connection, release_id)
    _require_status(row, ReleaseStatus.ACTIVE, "given more customers")
    chosen = _chosen(connection, customer_ids, all_active=False)
    known = releases.membership(connection, release_id)
    back = [each for each in chosen if each in known and known[each]["state"] == MemberState.REMOVED]
    new = [each for each in chosen if each not in known]
    if not (new or back):
        raise NotAllowed(f"All chosen customers are members of release '{row['name']}' already.")
    return new, back, tuple(each for each in chosen if each in known and each not in back)


def _refuse_other_templates(connection: Connection, row: RowDict, expected: Mapping[int, int] | None) -> None:
    """Refuse with `Conflict` to delete a draft whose templates (id → `row_version`) are not those on the screen."""
    if expected is None:
        return
    if not isinstance(expected, Mapping):
        raise InvalidValue("expected", expected, "must give the row_version of each template that was on the screen")
    if {each["id"]: each["row_version"] for each in releases.live_templates(connection, row["id"])} != expected:
        message = f"The steps of release '{row['name']}' were changed after it was shown; look at them again."
        raise Conflict(message, who=None, when=None)


def refuse_archived(row: RowDict) -> None:
    """Refuse any change of an archived release with `NotAllowed`."""
    if row["status"] == ReleaseStatus.ARCHIVED:
        raise NotAllowed(f"Release '{row['name']}' is archived and can only be read; reopen it first.")


def _named(connection: Connection, customer_ids: Sequence[int], known: Mapping[int, RowDict]) -> str:
    """Give customers by id and name, each with how it takes part."""
    found = rows.by_ids(connection, customers, customer_ids)
    names = {each: f"{each} '{found[each]['name']}'" if each in found else str(each) for each in customer_ids}
    return ", ".join(
        f"{names[each]} ({known[each]['state'] if each in known else 'no member'})" for each in customer_ids
    )


def _enrol(change: Change, release_id: int, customer_ids: Sequence[int]) -> None:
    steps.enrol(change.connection, release_id, customer_ids, change.now)
    templates = releases.live_templates(change.connection, release_id)
    after = {"customer_ids": list(customer_ids), "templates": _as_given(templates)}
    change.record("release.add_customers", release_id=release_id, after=after)


def _take_back(change: Change, release_id: int, member: RowDict) -> None:
    """Make a removed member active again, with the steps and texts it missed."""
    connection, customer_id = change.connection, member["customer_id"]
    releases.set_member(connection, release_id, customer_id, "active", None, change.now)
    live = {row["id"]: row for row in releases.live_templates(connection, release_id)}
    had = {row["id"] for row in steps.list_steps(connection, release_id, customer_id)}
    updated = [
        _catch_up(change, row, live[row["template_id"]])
        for row in steps.list_steps(connection, release_id, customer_id)
        if row["template_id"] in live and row["status"] == Status.PENDING and not row["is_overridden"]
    ]
    steps.give_missing(connection, release_id, [customer_id], change.now)
    for category in Category:
        steps.rearrange(connection, release_id, category, [customer_id])
    made = [row for row in steps.list_steps(connection, release_id, customer_id) if row["id"] not in had]
    change.record(
        "release.add_customers",
        release_id=release_id,
        customer_id=customer_id,
        before={"state": member["state"], "reason": member["reason"]},
        after={
            "state": "active",
            "customer_ids": [customer_id],
            "templates": _as_given([live[row["template_id"]] for row in made]),
            "rows": [entry for entry in updated if entry is not None],
        },
    )


def _catch_up(change: Change, row: RowDict, template: RowDict) -> RowDict | None:
    """Give a pending step its template's current text; give the journal of that, None when it had it."""
    current = {name: template[name] for name in ("name", "type", "content")} | {
        "template_revision": template["revision"]
    }
    before, after = rows.diff({name: row[name] for name in current}, current)
    if not after:
        return None
    journal.set_columns(change.connection, customer_steps, [row["id"]], after, change.now)
    return journal.entry(customer_steps, [row | after], before=before, after=after)


def _refuse_taken(connection: Connection, values: RowDict) -> None:
    if "name" in values and releases.named(connection, values["name"]):
        raise AlreadyTaken("name", values["name"], "another release has this name")


def checked_release(**fields: Any) -> RowDict:
    """Give the fields of a release as they are stored; raises `InvalidValue` naming the wrong one."""
    for name in fields.keys() - _CHECKS.keys():
        raise InvalidValue(name, fields[name], f"a release has no such field to change; it has {', '.join(_CHECKS)}")
    return {name: _CHECKS[name](value) for name, value in fields.items()}


_CONTEXT = {"name": "release_name", "version_number": "release_version", "metadata": "release_metadata"}
_MEMBER_VERBS: Mapping[str, tuple[frozenset[MemberState], MemberState]] = {
    "hold": (frozenset({MemberState.ACTIVE}), MemberState.HELD),
    "resume": (frozenset({MemberState.HELD}), MemberState.ACTIVE),
    "remove": (frozenset({MemberState.ACTIVE, MemberState.HELD}), MemberState.REMOVED),
}


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
    if text.flag("all_active", all_active):
        if customer_ids is not None:
            raise InvalidValue("customer_ids", customer_ids, "give either the ids or all_active, not both")
        chosen = releases.active_customer_ids(connection)
        if not chosen:
            raise InvalidValue("all_active", True, "there is no active customer; create one first")
        return chosen
    chosen = _ids(customer_ids)
    _refuse_unknown_or_inactive(connection, chosen)
    return chosen


def _ids(customer_ids: Sequence[int] | None) -> list[int]:
    strange = isinstance(customer_ids, str | bytes | Mapping) or not isinstance(customer_ids, Iterable)
    if customer_ids is None or strange:
        raise InvalidValue("customer_ids", customer_ids, "choose customers by a list of ids, or all active ones")
    chosen = list(dict.fromkeys(text.number("customer_ids", customer_id) for customer_id in customer_ids))
    if not chosen:
        raise InvalidValue("customer_ids", chosen, "must name at least one customer")
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


_CHECKS: dict[str, Any] = {
    "name": _release_name,
    "type": lambda value: text.one_of("type", value, ReleaseType).value,
    "version_number": lambda value: text.optional_line("version_number", value, text.VERSION_LIMIT),
    "release_date": lambda value: None if value is None else text.moment("release_date", value),
    "description": lambda value: text.optional_block("description", value),
    "metadata": text.metadata,
}


def _as_given(templates: Sequence[RowDict]) -> list[RowDict]:
    """Give what the event of an activation keeps of each template: enough to tell every step's beginning."""
    names = ("id", "revision", "category", "order_index", "name", "type", "content")
    return [{name: template[name] for name in names} for template in templates]
