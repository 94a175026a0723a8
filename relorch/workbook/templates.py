"""Step templates: the steps of a release as every member gets them."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import PrivateAttr

from relorch.errors import Conflict, InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.lint import Hint, hints_of, hints_of_release
from relorch.model.ordering import Anchor, heir
from relorch.model.placeholders import Offered, Rendering, check_content, offered
from relorch.model.status import OPEN, Status
from relorch.model.values import Category, MemberState, ReleaseStatus, StepTemplate, StepType
from relorch.store import Connection, inventory, journal, releases, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import customer_steps, step_templates
from relorch.views.effect import Effect, effect_of_update, note, unrendered
from relorch.workbook.core import Change, Noun, refuse_stale
from relorch.workbook.customers import require_customer
from relorch.workbook.releases import refuse_archived, require_release
from relorch.workbook.removals import folded
from relorch.workbook.rendering import rendering_of, scope_of

_PROPAGATED = ("name", "type", "content")
"""What an update carries on to the pending, not overridden steps."""

RETIRED = "template retired"
"""The reason of the steps that a retired template leaves behind open."""


class ChangedTemplate(StepTemplate):
    """A template as it is now, and what its change did.

    `batch_id`: None when nothing changed; `reopenable`: failed and reverted steps, which
    `steps.reopen(…, take_template=True, expected_version=changed.versions)` gives the new text.
    """

    batch_id: int | None = None
    effect: Effect = Effect()
    reopenable: tuple[int, ...] = ()
    _versions: dict[int, int] = PrivateAttr(default_factory=dict)

    @property
    def versions(self) -> Mapping[int, int]:
        """The `row_version` that each of `reopenable` had at this change, by its id."""
        return self._versions

    @classmethod
    def offering(cls, reopenable: Sequence[RowDict], **values: Any) -> ChangedTemplate:
        """Give it with the rows of the steps it offers to reopen."""
        versions = {step["id"]: step["row_version"] for step in reopenable}
        changed = cls(**values, reopenable=tuple(versions))
        changed._versions.update(versions)
        return changed


@dataclass(frozen=True)
class TemplateStanding:
    """How the steps of one template stand, of members that are not removed.

    `pending` follow the template, `overridden` are pending with a text of their own, `executed` left pending.
    """

    pending: int = 0
    overridden: int = 0
    executed: int = 0

    def with_(self, row: RowDict) -> TemplateStanding:
        """Give it with a row of counts added."""
        own = "overridden" if row["is_overridden"] else "pending"
        name = own if row["status"] == Status.PENDING else "executed"
        return replace(self, **{name: getattr(self, name) + row["steps"]})


class Templates(Noun):
    """The verbs of step templates."""

    def add(
        self,
        release_id: int,
        *,
        name: str,
        category: str,
        type: str,
        content: str,
        position: int | None = None,
        description: str | None = None,
        required: bool = False,
    ) -> StepTemplate:
        """Add a step to a release; in an active release every member that is not removed gets it at once.

        `category`: deploy or verify; `type`: bash, sql or text; `content`: at most 64 KB; `position`: its place
        among the steps of its category, from 0 (None: at the end); `required`: it cannot be skipped.
        Raises `NotFound`, `InvalidValue`, `NotAllowed` when the release is archived.
        """
        values = checked_template(
            name=name, category=category, type=type, content=content, description=description, required=required
        )
        with self._core.change() as change:
            release = require_release(change.connection, release_id)
            refuse_archived(release)
            row = add_template(change, release, values, position)
        return StepTemplate(**row)

    def preview_add(
        self,
        release_id: int,
        *,
        name: str,
        category: str,
        type: str,
        content: str,
        position: int | None = None,
        description: str | None = None,
        required: bool = False,
    ) -> Effect:
        """Give who would get the step, and for whom it cannot render; arguments and errors as of `add`."""
        values = checked_template(
            name=name, category=category, type=type, content=content, description=description, required=required
        )
        with self._core.look() as connection:
            release = require_release(connection, release_id)
            refuse_archived(release)
            _place_of(_live_ids(connection, release_id, values["category"]), position, values["category"])
            members = steps.member_contexts(connection, release_id) if release["status"] == "active" else []
        made = [row | values for row in members]
        return Effect(updates=tuple(note(row) for row in made), cannot_render=unrendered(made, rendering_of))

    def get(self, template_id: int) -> StepTemplate:
        """Give one template; raises `NotFound`."""
        with self._core.look() as connection:
            return StepTemplate(**require_template(connection, template_id))

    def list(self, release_id: int, *, retired: bool = False) -> list[StepTemplate]:
        """Give the live templates of a release: deploy, then verify, each in order; with `retired` those too, last.

        Raises `NotFound`.
        """
        with self._core.look() as connection:
            require_release(connection, release_id)
            load = releases.all_templates if retired else releases.live_templates
            return [StepTemplate(**row) for row in load(connection, release_id)]

    def update(self, template_id: int, *, expected_version: int | None = None, **fields: Any) -> ChangedTemplate:
        """Change `name`, `type`, `content`, `description` or `required` of a template.

        In an active release the pending steps that are not overridden follow in name, type and content; the
        answer's `effect` lists them and all others. `revision` grows with each change of the content.
        `expected_version`: the `row_version` that was on the screen.
        Raises `NotFound`, `InvalidValue`, `NotAllowed` when the template is retired or its release archived,
        `Conflict` for a stale version.
        """
        with self._core.change() as change:
            refuse_stale(change, _NOUN, require_template(change.connection, template_id), expected_version)
            before, new, found = _planned_update(change.connection, template_id, fields)
            if not new:
                return ChangedTemplate(**before)
            row, effect = change_template(change, before, new, found)
        reopenable = [step for step in found if _is_reopenable(step)]
        return ChangedTemplate.offering(reopenable, **row, batch_id=change.batch_id, effect=effect)

    def preview_update(self, template_id: int, **fields: Any) -> Effect:
        """Give exactly what `update` with these fields would do; arguments and errors as there."""
        with self._core.look() as connection:
            before, new, found = _planned_update(connection, template_id, fields)
        return _effect_of_update(found, before, new) if new else Effect()

    def move(self, template_id: int, position: int) -> StepTemplate:
        """Move a template to a place among the live ones of its category, from 0.

        Raises `NotFound`, `InvalidValue` for a place that is none, `NotAllowed` for a retired template and in an
        archived release.
        """
        with self._core.change() as change:
            row = require_template(change.connection, template_id)
            ids = _live_ids(change.connection, row["release_id"], row["category"])
            _refuse_fixed(change.connection, row)
            if text.number("position", position, least=0) >= len(ids):
                raise InvalidValue("position", position, f"must be from 0 to {len(ids) - 1}")
            ids.remove(template_id)
            ids.insert(position, template_id)
            _put_in_order(change, "template.move", row["release_id"], row["category"], ids, template_id=template_id)
            return StepTemplate(**require_template(change.connection, template_id))

    def reorder(
        self,
        release_id: int,
        category: str,
        ordered_ids: Sequence[int],
        *,
        expected: Sequence[int] | None = None,
    ) -> builtins.list[StepTemplate]:
        """Bring the live templates of a category into a new order, and every customer's steps with them.

        `ordered_ids`: exactly the live ids of that release and category; `expected`: the order that it was made
        from. Custom steps stay right beside their anchors. Raises `NotFound`, `InvalidValue` naming ids that are
        missing, doubled or not of that list, `NotAllowed` when the release is archived, `Conflict` when another
        order than `expected` is stored by now.
        """
        kind = text.one_of("category", category, Category)
        with self._core.change() as change:
            refuse_archived(require_release(change.connection, release_id))
            live = _live_ids(change.connection, release_id, kind)
            if expected is not None and list(expected) != live:
                raise Conflict("The list of steps was changed meanwhile; look at it again.", who=None, when=None)
            ids = _exactly(live, ordered_ids)
            _put_in_order(change, "template.reorder", release_id, kind, ids)
            return [StepTemplate(**row) for row in releases.live_templates(change.connection, release_id, kind)]

    def delete(self, template_id: int, *, expected_version: int | None = None) -> Effect:
        """Take a template out of its release.

        In a draft it is deleted. In an active release it retires: steps that never left pending go, other
        open ones are skipped ("template retired"), overridden and executed ones stay visible. Gives what became
        of the steps. Raises `NotFound`, `NotAllowed` when it is retired already or its release archived,
        `Conflict` when `expected_version` is stale.
        """
        with self._core.change() as change:
            row = require_template(change.connection, template_id)
            refuse_stale(change, _NOUN, row, expected_version)
            _refuse_fixed(change.connection, row)
            release = require_release(change.connection, row["release_id"])
            if release["status"] == ReleaseStatus.DRAFT:
                _delete(change, row)
                return Effect()
            return _retire(change, row)

    def preview_delete(self, template_id: int) -> Effect:
        """Give what `delete` would do: `updates` go or are skipped, the others stay; raises as it does."""
        with self._core.look() as connection:
            row = require_template(connection, template_id)
            _refuse_fixed(connection, row)
            return _effect_of_retiring(connection, row)[0]

    def standing(self, release_id: int) -> dict[int, TemplateStanding]:
        """Give how the steps of each template stand, retired ones too, by template id; raises `NotFound`."""
        with self._core.look() as connection:
            require_release(connection, release_id)
            found = {row["id"]: TemplateStanding() for row in releases.all_templates(connection, release_id)}
            for row in steps.counts_by_template(connection, release_id):
                found[row["template_id"]] = found[row["template_id"]].with_(row)
        return found

    def preview_render(self, release_id: int, customer_id: int, *, type: str, content: str) -> Rendering:
        """Give what a text that is not stored yet renders to for any customer, a member or not.

        Raises `NotFound`, and `InvalidValue` for a content that could not be stored.
        """
        wanted = checked_template(type=type, content=content)
        with self._core.look() as connection:
            require_release(connection, release_id)
            require_customer(connection, customer_id)
            (context,) = steps.joining_contexts(connection, release_id, [customer_id])
        return rendering_of(context | wanted)

    def placeholders(self, release_id: int) -> builtins.list[Offered]:
        """Give every placeholder that a text of the release can use, each with an example; raises `NotFound`.

        First the names that all know, then `vars.KEY` for every key of metadata by name. Examples and the count of
        those who have no value are of the release's members, in a draft of all active customers.
        """
        with self._core.look() as connection:
            release = require_release(connection, release_id)
            contexts = _audience(connection, release)
            keys = inventory.metadata_keys(connection) | set(release["metadata"])
        return offered([scope_of(row) for row in contexts], keys)

    def lint(self, release_id: int, template_id: int | None = None, **draft: Any) -> builtins.list[Hint]:
        """Give what is odd: of the whole release, of one template, or of a draft with these fields.

        `draft`: any of name, category, type and content as they are being typed, however wrong; with
        `template_id` they stand in for those of that template. Raises `NotFound`; `InvalidValue` for a field
        that a template has not, or a template of another release.
        """
        for name in draft.keys() - _CHECKS.keys():
            raise InvalidValue(name, draft[name], f"a template has no such field; it has {', '.join(_CHECKS)}")
        with self._core.look() as connection:
            release = require_release(connection, release_id)
            live = releases.live_templates(connection, release_id)
            keys = inventory.metadata_keys(connection) | set(release["metadata"])
            if template_id is not None:
                row = require_template(connection, template_id)
                if row["release_id"] != release_id:
                    raise InvalidValue("template_id", template_id, "is not a template of this release")
                return _hints(row | draft, live, keys)
        if draft:
            return _hints(_EMPTY | draft, live, keys)
        every = [hint for row in live for hint in _hints(row, live, keys)]
        return [*every, *hints_of_release(row["category"] for row in live)]


_NOUN = "template"
_EMPTY: RowDict = {
    "id": None,
    "name": "",
    "category": Category.DEPLOY.value,
    "type": StepType.TEXT.value,
    "content": "",
}


def _hints(row: RowDict, live: Sequence[RowDict], keys: Collection[str]) -> builtins.list[Hint]:
    others = [each["name"] for each in live if each["category"] == row["category"] and each["id"] != row["id"]]
    said = {name: str(row[name]) for name in ("name", "type", "content")}
    return list(hints_of(**said, others=others, keys=keys, template_id=row["id"]))


def _audience(connection: Connection, release: RowDict) -> builtins.list[RowDict]:
    """Give what placeholders stand for, for those who have or will have the release's steps."""
    members = steps.member_contexts(connection, release["id"])
    if members or release["status"] != ReleaseStatus.DRAFT:
        return members
    return steps.joining_contexts(connection, release["id"], releases.active_customer_ids(connection))


def require_template(connection: Connection, template_id: int, field: str = "template_id") -> RowDict:
    """Give the row of a template; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, step_templates, text.number(field, template_id))
    if row is None:
        raise NotFound("step template", template_id, field)
    return row


def checked_template(**fields: Any) -> RowDict:
    """Give the fields of a template or custom step as they are stored; raises `InvalidValue` naming the wrong one."""
    unknown = fields.keys() - _CHECKS.keys()
    if unknown:
        name = sorted(unknown)[0]
        raise InvalidValue(name, fields[name], f"a template has no such field; it has {', '.join(_CHECKS)}")
    values = {name: _CHECKS[name](value) for name, value in fields.items()}
    if {"content", "type"} <= values.keys():
        check_content(values["content"], StepType(values["type"]))
    return values


def change_template(change: Change, before: RowDict, new: RowDict, found: Sequence[RowDict]) -> tuple[RowDict, Effect]:
    """Give a template, and the steps that follow it, the columns `new` in an open transaction.

    `before` and `found`: the template and its steps as they are. Gives the template's row and what became of them.
    """
    effect = _effect_of_update(found, before, new)
    row = rows.change(change.connection, step_templates, before["id"], change.now, **new)
    old = {name: before[name] for name in new}
    entries = [journal.entry(step_templates, [row], before=old, after=new)]
    entries += _propagate(change, found, effect, row)
    change.record(
        "template.update",
        release_id=row["release_id"],
        template_id=row["id"],
        before=old,
        after={**new, "rows": entries},
    )
    return row, effect


Reanchor = Callable[[int], builtins.list[RowDict]]


def add_template(
    change: Change, release: RowDict, values: RowDict, position: int | None, reanchor: Reanchor | None = None
) -> RowDict:
    """Add a template in an open transaction, give it to all members that are not removed, and record it.

    `reanchor`: gets the new template's id, moves steps to stand beside it, and gives the journal of that.
    """
    release_id, category = release["id"], values["category"]
    before = _live_ids(change.connection, release_id, category)
    place = _place_of(before, position, category)
    if place < len(before):
        releases.make_room(change.connection, release_id, category, place, change.now)
    row = rows.add(change.connection, step_templates, change.now, release_id=release_id, order_index=place, **values)
    entries = [journal.entry(step_templates, [row], before=None, after={})]
    if release["status"] == ReleaseStatus.ACTIVE:
        steps.give_to_members(change.connection, release_id, row["id"], change.now)
        moved = [] if reanchor is None else reanchor(row["id"])
        steps.rearrange(change.connection, release_id, category)
        made = rows.where(change.connection, customer_steps, "id", template_id=row["id"])
        entries += [journal.entry(customer_steps, made, before=None, after={}), *moved]
    order = {"category": category, "before": before, "after": [*before[:place], row["id"], *before[place:]]}
    after = {**values, "order_index": place, "order": order, "rows": entries}
    change.record("template.add", release_id=release_id, template_id=row["id"], after=after)
    return row


def _place_of(live: Sequence[int], position: int | None, category: str) -> int:
    place = len(live) if position is None else text.number("position", position, least=0)
    if place > len(live):
        raise InvalidValue("position", position, f"must be from 0 to {len(live)}, the steps {category} has")
    return place


def _planned_update(
    connection: Connection, template_id: int, fields: RowDict
) -> tuple[RowDict, RowDict, builtins.list[RowDict]]:
    """Give a template's row, the columns it would get, and its steps; refuse what cannot be."""
    if "category" in fields:
        raise InvalidValue("category", fields["category"], "the category of a template never changes")
    wanted = checked_template(**fields)
    before = require_template(connection, template_id)
    _refuse_fixed(connection, before)
    merged = before | wanted
    check_content(merged["content"], StepType(merged["type"]))
    return before, *columns_of_update(connection, before, wanted)


def columns_of_update(
    connection: Connection, before: RowDict, wanted: RowDict
) -> tuple[RowDict, builtins.list[RowDict]]:
    """Give the columns in which a template would change, its revision among them, and its steps."""
    new = {name: value for name, value in wanted.items() if before[name] != value}
    found = steps.of_template(connection, before["id"]) if new else []
    if "content" in new:
        # an undo may have taken the template's own back: a revision never names two texts
        new["revision"] = max(before["revision"], *(step["template_revision"] for step in found), 0) + 1
    return new, found


def _effect_of_update(found: Sequence[RowDict], before: RowDict, new: RowDict) -> Effect:
    reaches = bool(new.keys() & set(_PROPAGATED))
    return effect_of_update(found, {name: (before | new)[name] for name in _PROPAGATED}, rendering_of, reaches=reaches)


def _is_reopenable(step: RowDict) -> bool:
    return step["status"] in (Status.FAILED, Status.REVERTED) and step["member_state"] == MemberState.ACTIVE


def _propagate(change: Change, found: Sequence[RowDict], effect: Effect, row: RowDict) -> builtins.list[RowDict]:
    """Give the steps that follow a template its name, type and content whole; give the journal of that.

    Whole, because a step that was reopened may still have those of an older revision.
    """
    carried = {name: row[name] for name in _PROPAGATED} | {"template_revision": row["revision"]}
    reached = {update.step_id for update in effect.updates}
    if not reached:
        return []
    journal.set_columns(
        change.connection, customer_steps, [step["id"] for step in found if step["id"] in reached], carried, change.now
    )
    groups: dict[tuple[Any, ...], builtins.list[RowDict]] = {}
    for step in found:
        if step["id"] in reached:
            groups.setdefault(tuple(step[name] for name in carried), []).append(step | carried)
    return [
        journal.entry(customer_steps, group, before=dict(zip(carried, old, strict=True)), after=carried)
        for old, group in groups.items()
    ]


def _live_ids(connection: Connection, release_id: int, category: str) -> builtins.list[int]:
    return [row["id"] for row in releases.live_templates(connection, release_id, category)]


def _exactly(live: Sequence[int], ordered_ids: Sequence[int]) -> builtins.list[int]:
    if isinstance(ordered_ids, str | bytes | Mapping) or not isinstance(ordered_ids, Iterable):
        raise InvalidValue("ordered_ids", ordered_ids, "must be a list of template ids")
    ids = [text.number("ordered_ids", template_id) for template_id in ordered_ids]
    named, known = Counter(ids), set(live)
    for why, wrong in (
        ("named twice", sorted(each for each, times in named.items() if times > 1)),
        ("not live templates of this release and category", [each for each in ids if each not in known]),
        ("missing", [each for each in live if each not in named]),
    ):
        if wrong:
            raise InvalidValue("ordered_ids", wrong, f"{why}; name each live template of the category once")
    return ids


def _put_in_order(
    change: Change, action: str, release_id: int, category: str, ids: Sequence[int], template_id: int | None = None
) -> None:
    before = _live_ids(change.connection, release_id, category)
    if before == list(ids):
        return
    put_templates(change, release_id, category, ids)
    order = {"category": str(category), "before": before, "after": list(ids)}
    change.record(action, release_id=release_id, template_id=template_id, after={"order": order})


def put_templates(change: Change, release_id: int, category: str, ids: Sequence[int]) -> None:
    """Put the live templates of a category in this order, and every customer's steps with them."""
    releases.set_order(change.connection, ids, change.now)
    steps.rearrange(change.connection, release_id, category)


def _refuse_fixed(connection: Connection, template: RowDict) -> None:
    refuse_archived(require_release(connection, template["release_id"]))
    if template["is_retired"]:
        raise NotAllowed(f"Template '{template['name']}' is retired and cannot be changed any more.")


def _delete(change: Change, row: RowDict) -> None:
    before = _live_ids(change.connection, row["release_id"], row["category"])
    after = [each for each in before if each != row["id"]]
    journal.take_out(change.connection, step_templates, [row["id"]])
    releases.set_order(change.connection, after, change.now)
    change.record(
        "template.delete",
        release_id=row["release_id"],
        template_id=row["id"],
        before={"name": row["name"]},
        after={
            "order": {"category": row["category"], "before": before, "after": after},
            "rows": [journal.removed(step_templates, row)],
        },
    )


def _effect_of_retiring(
    connection: Connection, row: RowDict
) -> tuple[Effect, builtins.list[RowDict], builtins.list[RowDict]]:
    """Give the effect, the steps that go, and those that are skipped."""
    found = steps.of_template(connection, row["id"])
    recorded = steps.once_executed(connection, [step["id"] for step in found])
    go = [step for step in found if _never_left_pending(step, recorded)]
    gone = {step["id"] for step in go}
    skipped = [step for step in found if step["status"] in OPEN and step["id"] not in gone]
    touched = gone | {step["id"] for step in skipped}
    effect = Effect(
        updates=tuple(note(step) for step in found if step["id"] in touched and not step["is_overridden"]),
        overridden=tuple(note(step) for step in found if step["is_overridden"]),
        executed=tuple(note(step) for step in found if step["id"] not in touched and not step["is_overridden"]),
    )
    return effect, go, skipped


def _never_left_pending(step: RowDict, recorded: set[int]) -> bool:
    return step["status"] == Status.PENDING and not step["is_overridden"] and step["id"] not in recorded


def _retire(change: Change, row: RowDict) -> Effect:
    connection, release_id, category = change.connection, row["release_id"], row["category"]
    effect, go, skipped = _effect_of_retiring(connection, row)
    before = _live_ids(connection, release_id, category)
    anchor = heir(before, row["id"])
    whole = rows.by_ids(connection, customer_steps, [step["id"] for step in go])
    entries = [journal.removed(customer_steps, whole[step["id"]]) for step in go]
    journal.take_out(connection, customer_steps, list(whole))
    retired = rows.change(connection, step_templates, row["id"], change.now, is_retired=True)
    entries.append(journal.entry(step_templates, [retired], before={"is_retired": False}, after={"is_retired": True}))
    after = [each for each in before if each != row["id"]]
    releases.set_order(connection, after, change.now)
    entries += _hand_over(change, row["id"], anchor)
    steps.rearrange(connection, release_id, category)
    change.record(
        "template.retire",
        release_id=release_id,
        template_id=row["id"],
        after={"order": {"category": category, "before": before, "after": after}, "rows": folded(entries)},
    )
    _skip(change, skipped)
    return effect


def _hand_over(change: Change, template_id: int, anchor: Anchor) -> builtins.list[RowDict]:
    """Give the steps that stood at a template, and those of it that stay, its heir as their anchor."""
    new: RowDict = {
        "anchor_template_id": anchor.template_id,
        "anchor_side": None if anchor.template_id is None else anchor.side.value,
    }
    groups: dict[tuple[Any, ...], builtins.list[RowDict]] = {}
    for step in steps.standing_at(change.connection, template_id):
        if all(step[name] == value for name, value in new.items()):
            continue
        groups.setdefault((step["anchor_template_id"], step["anchor_side"]), []).append(step | new)
    for group in groups.values():
        journal.set_columns(change.connection, customer_steps, [step["id"] for step in group], new, change.now)
    return [
        journal.entry(customer_steps, group, before=dict(zip(new, old, strict=True)), after=new)
        for old, group in groups.items()
    ]


def _skip(change: Change, skipped: Sequence[RowDict]) -> None:
    """Skip what a retired template leaves open, one event a step."""
    found = rows.by_ids(change.connection, customer_steps, [step["id"] for step in skipped])
    new: RowDict = {
        "status": Status.SKIPPED.value,
        "skip_reason": RETIRED,
        "executed_at": change.now,
        "executed_by": change.operator,
    }
    steps.change_many(change.connection, [(row["id"], row["row_version"], new) for row in found.values()], change.now)
    for row in found.values():
        change.record_step("step.skip", row, new, note=RETIRED)


_CHECKS: dict[str, Any] = {
    "name": lambda value: text.line("name", value),
    "category": lambda value: text.one_of("category", value, Category).value,
    "type": lambda value: text.one_of("type", value, StepType).value,
    "content": text.content,
    "description": lambda value: text.optional_block("description", value),
    "required": lambda value: text.flag("required", value),
}
