"""Step templates: the steps of a release as every member gets them."""

from __future__ import annotations

from typing import Any

from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.placeholders import check_content
from relorch.model.values import Category, ReleaseStatus, StepTemplate, StepType
from relorch.store import Connection, releases, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import step_templates
from relorch.workbook.core import Change, Noun
from relorch.workbook.releases import refuse_archived, require_release

_PROPAGATED = ("name", "type", "content")
"""What an update carries on to the pending, not overridden steps."""


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
        values = _checked(
            name=name, category=category, type=type, content=content, description=description, required=required
        )
        check_content(values["content"], StepType(values["type"]))
        with self._core.change() as change:
            release = require_release(change.connection, release_id)
            refuse_archived(release)
            place = _make_room(change, release_id, values["category"], position)
            row = rows.add(
                change.connection, step_templates, change.now, release_id=release_id, order_index=place, **values
            )
            reached = 0
            if release["status"] == ReleaseStatus.ACTIVE:
                reached = steps.give_to_members(change.connection, release_id, row["id"], change.now)
            after = {**values, "order_index": place, "members": reached}
            change.record("template.add", release_id=release_id, template_id=row["id"], after=after)
        return StepTemplate(**row)

    def get(self, template_id: int) -> StepTemplate:
        """Give one template; raises `NotFound`."""
        with self._core.look() as connection:
            return StepTemplate(**require_template(connection, template_id))

    def list(self, release_id: int, *, retired: bool = False) -> list[StepTemplate]:
        """Give the live templates of a release: deploy, then verify, each in order; with `retired` those too, last."""
        with self._core.look() as connection:
            require_release(connection, release_id)
            load = releases.all_templates if retired else releases.live_templates
            return [StepTemplate(**row) for row in load(connection, release_id)]

    def update(self, template_id: int, **fields: Any) -> StepTemplate:
        """Change `name`, `type`, `content`, `description` or `required` of a template.

        In an active release the pending steps that are not overridden follow in name, type and content; all
        others stay as they are. `revision` grows with each change of the content.
        Raises `NotFound`, `InvalidValue`, `NotAllowed` when the template is retired or its release archived.
        """
        if "category" in fields:
            raise InvalidValue("category", fields["category"], "the category of a template never changes")
        wanted = _checked(**fields)
        with self._core.change() as change:
            before = require_template(change.connection, template_id)
            _refuse_fixed(change.connection, before)
            merged = before | wanted
            check_content(merged["content"], StepType(merged["type"]))
            old, new = rows.diff(before, merged)
            if not new:
                return StepTemplate(**before)
            if "content" in new:
                new["revision"], old["revision"] = before["revision"] + 1, before["revision"]
            row = rows.change(change.connection, step_templates, template_id, change.now, **new)
            reached = _propagate(change, row, new)
            change.record(
                "template.update",
                release_id=row["release_id"],
                template_id=template_id,
                before=old,
                after={**new, "steps": reached},
            )
        return StepTemplate(**row)


def require_template(connection: Connection, template_id: int, field: str = "template_id") -> RowDict:
    """Give the row of a template; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, step_templates, text.number(field, template_id))
    if row is None:
        raise NotFound("step template", template_id, field)
    return row


def _propagate(change: Change, row: RowDict, new: RowDict) -> int:
    """Carry a template's change on to the steps that follow it; give how many those are."""
    carried = {name: new[name] for name in _PROPAGATED if name in new}
    if "revision" in new:
        carried["template_revision"] = new["revision"]
    return steps.propagate(change.connection, row["id"], carried, change.now) if carried else 0


def _refuse_fixed(connection: Connection, template: RowDict) -> None:
    refuse_archived(require_release(connection, template["release_id"]))
    if template["is_retired"]:
        raise NotAllowed(f"Template '{template['name']}' is retired and cannot be changed any more.")


def _checked(**fields: Any) -> RowDict:
    unknown = fields.keys() - _CHECKS.keys()
    if unknown:
        name = sorted(unknown)[0]
        raise InvalidValue(name, fields[name], f"a template has no such field; it has {', '.join(_CHECKS)}")
    return {name: _CHECKS[name](value) for name, value in fields.items()}


_CHECKS: dict[str, Any] = {
    "name": lambda value: text.line("name", value),
    "category": lambda value: text.one_of("category", value, Category).value,
    "type": lambda value: text.one_of("type", value, StepType).value,
    "content": text.content,
    "description": lambda value: text.optional_block("description", value),
    "required": lambda value: text.flag("required", value),
}


def _make_room(change: Change, release_id: int, category: str, position: int | None) -> int:
    count = len(releases.live_templates(change.connection, release_id, category))
    if position is None or text.number("position", position, least=0) == count:
        return count
    if position > count:
        raise InvalidValue("position", position, f"must be from 0 to {count}, the steps {category} has")
    releases.make_room(change.connection, release_id, category, position, change.now)
    steps.shift_from(change.connection, release_id, category, position)
    return position
