"""A release file into the workbook: as a new draft, or into the templates of a release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from relorch.errors import InvalidValue, shown
from relorch.model import text
from relorch.model.lint import hints_of, hints_of_release
from relorch.model.values import Category, ReleaseStatus, ReleaseType
from relorch.store import inventory, releases, steps
from relorch.store.rows import RowDict
from relorch.transfer.findings import Findings
from relorch.transfer.release_file import (
    RELEASE_FIELDS,
    STEP_FIELDS,
    Form,
    ReleaseText,
    Said,
    fitted_name,
    joined_description,
    unused,
)
from relorch.views.effect import Effect, StepNote, unrendered
from relorch.workbook.core import Core
from relorch.workbook.importing import Import, carried_out
from relorch.workbook.imports import Imported, Reached
from relorch.workbook.releases import checked_release, create_release, refuse_archived, require_release
from relorch.workbook.rendering import rendering_of
from relorch.workbook.templates import add_template, change_template, checked_template, columns_of_update

_NEEDED = frozenset({"category", "name", "type", "content"})
_UPDATED = ("type", "content", "description", "required")
"""What a file brings to a template that is there; by category and name it is found."""


def import_release(
    core: Core,
    content: str,
    *,
    form: str,
    name: str | None,
    into: int | None,
    file_name: str,
    dry_run: bool,
    expected: Imported | None = None,
) -> Imported:
    """Make a draft of a release file, or bring a release up to it; see `Imports.release`."""
    kind = text.one_of("form", form, Form)
    if name is not None and into is not None:
        raise InvalidValue("name", name, "is for a new draft; leave it out to import into a release")
    findings = Findings()
    read = _read(content, kind, file_name, findings)
    if not read.steps and not findings.error_count:
        findings.error(None, "There is no step in the file.")

    def work(done: Import) -> None:
        if into is None:
            _as_draft(done, read, name, file_name)
        else:
            _into(done, read, into)

    flag = text.flag("dry_run", dry_run)
    return carried_out(core, file_name or f"{kind} file", findings, work, dry_run=flag, expected=expected)


def _read(content: str, kind: Form, file_name: str, findings: Findings) -> ReleaseText:
    # neither YAML nor Markdown is there for those who never import a file
    if kind is Form.YAML:
        from relorch.transfer.release_yaml import read_yaml

        return read_yaml(content, findings)
    from relorch.transfer.release_markdown import read_markdown

    return read_markdown(content, file_name, findings)


@dataclass
class _Step:
    """A step of the file: what it says, and the template that it is or becomes."""

    said: Said
    values: RowDict
    row: RowDict | None = None


def _as_draft(done: Import, read: ReleaseText, name: str | None, file_name: str) -> None:
    values = done.fields(read.release, checked_release, *(each for each in RELEASE_FIELDS if each != "name"))
    values = {"type": ReleaseType.RELEASE.value, **values, **_named(done, read.release, name, file_name)}
    wanted = _checked(done, read.steps)
    if "name" not in values:
        return
    with done.noting(None if name is not None else read.release.at("name")):
        release = create_release(done.change, values)
        done.release_id = release["id"]
        done.plan("create release", release["name"], f"{values['type']}, a draft")
        for step in wanted:
            step.row = add_template(done.change, release, _whole(step.values), None)
            done.plan("add step", step.row["name"], f"{step.row['category']}, {step.row['type']}")
        _warn(done, release, wanted)
        for hint in hints_of_release(step.values["category"] for step in wanted):
            done.findings.warning(None, hint.message)


def _named(done: Import, said: Said, name: str | None, file_name: str) -> RowDict:
    """Give the new draft's name, in a map, and a description for what of it did not fit; nothing if it has none."""
    if name is not None:
        return done.fields(Said({"name": name}), checked_release, "name")
    own = said.values.get("name") or PurePath(file_name).stem
    if not own:
        done.findings.error(None, "The file names no release; say how it is to be called.")
        return {}
    line = said.at("name")
    fitted, rest = fitted_name(done.findings, line, "The release", own)
    found = done.fields(Said({"name": fitted}, line), checked_release, "name")
    if found and releases.named(done.change.connection, found["name"]):
        taken = found["name"]
        found["name"] = unused(
            taken, lambda each: releases.named(done.change.connection, each) is not None, text.NAME_LIMIT
        )
        message = f"Another release is called {shown(taken)}; this one became {shown(found['name'])}."
        done.findings.repair(line, message)
    if rest:
        found["description"] = joined_description(done.findings, line, rest, said.values.get("description"))
    return found


def _checked(done: Import, said: Sequence[Said]) -> list[_Step]:
    """Give the steps that can be stored; what is wrong with the others is noted."""
    found = []
    for each in said:
        values = done.fields(each, checked_template, *(name for name in STEP_FIELDS if name != "name"))
        name, rest = fitted_name(done.findings, each.at("name"), "The step", each.values.get("name", ""))
        if "name" in each.values:
            values |= done.fields(Said({"name": name}, each.at("name")), checked_template, "name")
        if rest:
            values["description"] = joined_description(done.findings, each.at("name"), rest, values.get("description"))
        if values.keys() >= _NEEDED:
            found.append(_Step(each, values))
    return found


def _whole(values: RowDict) -> RowDict:
    return {"description": None, "required": False, **values}


def _into(done: Import, read: ReleaseText, release_id: int) -> None:
    connection = done.change.connection
    release = require_release(connection, release_id, "into")
    refuse_archived(release)
    done.release_id = release_id
    wanted = _checked(done, read.steps)
    live = releases.live_templates(connection, release_id)
    _match(wanted, live)
    _warn_of_order(done, wanted, live)
    members = steps.member_contexts(connection, release_id) if release["status"] == ReleaseStatus.ACTIVE else []
    for category in Category:
        order = [row["id"] for row in live if row["category"] == category]
        own = [step for step in wanted if step.values["category"] == category]
        for at, step in enumerate(own):
            if step.row is not None:
                _update(done, step, step.row)
                continue
            place = _place(order, own, at)
            step.row = add_template(done.change, release, _whole(step.values), place)
            order.insert(place, step.row["id"])
            _tell_added(done, step, members)
    _warn(done, release, wanted)


def _match(wanted: Sequence[_Step], live: Sequence[RowDict]) -> None:
    """Find the template of each step by category and name; of several with one name, the first is the first."""
    there: dict[tuple[str, str], list[RowDict]] = defaultdict(list)
    for row in live:
        there[row["category"], row["name"]].append(row)
    for step in wanted:
        same = there[step.values["category"], step.values["name"]]
        step.row = same.pop(0) if same else None


def _place(order: Sequence[int], own: Sequence[_Step], at: int) -> int:
    """Give where a new step belongs: behind the one before it in the file, else before the next that is there."""
    if at and (before := own[at - 1].row) is not None:
        return order.index(before["id"]) + 1
    following = next((step.row["id"] for step in own[at:] if step.row is not None), None)
    return len(order) if following is None else order.index(following)


def _update(done: Import, step: _Step, before: RowDict) -> None:
    said = {name: step.values[name] for name in _UPDATED if name in step.values}
    new, found = columns_of_update(done.change.connection, before, said)
    if not new:
        return
    step.row, effect = change_template(done.change, before, new, found)
    fields = ", ".join(name for name in new if name != "revision")
    done.plan("update step", before["name"], f"{fields}{_reach(effect)}", old={name: before[name] for name in new})
    if found:
        followed = {note.step_id for note in effect.updates}
        done.reached.append(Reached(before["name"], effect))
        done.following += sum(_is_other(row, step.row) for row in found if row["id"] in followed)
    _warn_unrendered(done, step, effect.cannot_render)


def _is_other(row: RowDict, template: RowDict) -> bool:
    return (row["type"], row["content"]) != (template["type"], template["content"])


def _reach(effect: Effect) -> str:
    counts = {
        "follow": len(effect.updates),
        "overridden": len(effect.overridden),
        "executed": len(effect.executed),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"; customers' steps: {told}" if told else ""


def _tell_added(done: Import, step: _Step, members: Sequence[RowDict]) -> None:
    reached = f"; for {len(members)} customers" if members else ""
    done.plan("add step", step.values["name"], f"{step.values['category']}, {step.values['type']}{reached}")
    _warn_unrendered(done, step, unrendered((row | step.values for row in members), rendering_of))


def _warn_unrendered(done: Import, step: _Step, notes: Sequence[StepNote]) -> None:
    if notes:
        first = notes[0]
        line, name = step.said.at("content"), shown(step.values["name"])
        message = (
            f"Step {name} cannot render for {len(notes)} customers, such as {shown(first.customer_name)}: {first.why}."
        )
        done.findings.warning(line, message)


def _warn_of_order(done: Import, wanted: Sequence[_Step], live: Sequence[RowDict]) -> None:
    places = {row["id"]: at for at, row in enumerate(live)}
    for category in Category:
        found = [places[step.row["id"]] for step in wanted if step.row and step.row["category"] == category]
        if found != sorted(found):
            done.findings.warning(
                None, f"The {category} steps stand in another order in the file; the release keeps its own."
            )


def _warn(done: Import, release: RowDict, wanted: Sequence[_Step]) -> None:
    """Warn of what is odd about the steps of the file, above all of what cannot render."""
    connection = done.change.connection
    live = releases.live_templates(connection, release["id"])
    keys = inventory.metadata_keys(connection) | set(release["metadata"])
    lines = {step.row["id"]: step.said.at("content") for step in wanted if step.row is not None}
    for row in live:
        if row["id"] in lines:
            others = [each["name"] for each in live if each["category"] == row["category"] and each["id"] != row["id"]]
            hints = hints_of(name=row["name"], type=row["type"], content=row["content"], others=others, keys=keys)
            for hint in hints:
                done.findings.warning(lines[row["id"]], f"Step {shown(row['name'])}: {hint.message}")
