"""The releases page: its list and panel as markup, what is typed as fields, and what its buttons do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import marimo as mo

from relorch.errors import NotFound
from relorch.model.progress import Progress
from relorch.model.text import visible
from relorch.model.values import Release, ReleaseStatus
from relorch.ui import words
from relorch.ui.answer import Answer, attempt
from relorch.ui.desk import wanted_release
from relorch.ui.meters import counted, meter, percent
from relorch.ui.page import Markup, element, html, joined, link
from relorch.ui.release_form import fields_of, printed
from relorch.ui.saving import Pressed, ask, save_edit
from relorch.ui.session import Params
from relorch.ui.widgets.tabs import TabStrip
from relorch.workbook import Workbook

ACTIVATE, MEMBERS, HOLD, ADD = "Activate", "Members", "Hold or remove", "Add customers"
EDIT, CLONE, DELETE, ARCHIVE, REOPEN = "Edit", "Clone", "Delete", "Archive", "Reopen"
BY_HAND, FROM_FILE, FILES = "By hand", "From a file", "Files"
TABS = {
    ReleaseStatus.DRAFT: (ACTIVATE, EDIT, CLONE, FILES, DELETE),
    ReleaseStatus.ACTIVE: (MEMBERS, HOLD, ADD, EDIT, CLONE, FILES, ARCHIVE),
    ReleaseStatus.ARCHIVED: (MEMBERS, CLONE, FILES, REOPEN),
}
"""What can be done with a release, by its status; the first one is open at first."""

NEW_TABS = (BY_HAND, FROM_FILE)
"""How a new release is made."""


@dataclass(frozen=True)
class View:
    """What the page shows: the open release (0: the form of a new one), its tab, and what was stored last.

    `missing`: the address asks for a release that is not there. `undo`: the batch that was stored last, where it can
    be taken back.
    """

    opened: int
    tab: str | None = None
    said: mo.Html | None = None
    missing: bool = False
    undo: int | None = None


def first_view(workbook: Workbook, params: Params) -> View:
    """Give what the address asks for, else the newest active release, else the newest, else a new one."""
    try:
        release = wanted_release(workbook, params)
    except NotFound:
        return View(0, missing=True)
    return View(release.id if release else 0)


def opened(workbook: Workbook, view: View) -> Release | None:
    """Give the release that is open; None when that is the form of a new one, or it was deleted meanwhile."""
    try:
        return workbook.releases.get(view.opened) if view.opened else None
    except NotFound:
        return None


def tabs(release: Release | None, view: View) -> TabStrip:
    """Give what can be done with a release as tabs, of a new one (None) how it is made.

    Each one's content is drawn by a cell of its own.
    """
    names = NEW_TABS if release is None else TABS[release.status]
    return TabStrip(names, view.tab)


def groups(workbook: Workbook) -> list[dict[str, Any]]:
    """Give all releases as the list's cards, by status, the newest first."""
    every = workbook.releases.list()
    return [
        {
            "status": status,
            "label": label,
            "cards": [card for each in every if each.status == status for card in _card(workbook, each)],
        }
        for status, label in words.RELEASES_BY_STATUS.items()
    ]


def _card(workbook: Workbook, release: Release) -> Iterable[dict[str, Any]]:
    try:
        meters, left = _standing(workbook, release)
    except NotFound:  # deleted since the list was read
        return
    yield {
        "id": release.id,
        "name": visible(release.name),
        "type": release.type.value,
        "version": visible(release.version_number or ""),
        "date": _day(release.release_date),
        "meters": meters,
        "left": left,
    }


def _standing(workbook: Workbook, release: Release) -> tuple[list[dict[str, Any]], str]:
    if release.status is ReleaseStatus.DRAFT:
        return [], words.steps(len(workbook.templates.list(release.id)))
    if release.status is ReleaseStatus.ARCHIVED:
        return [], words.left_open(workbook.progress(release.id).open)
    return [_meter_values(each) for each in workbook.progress(release.id, by="category")], ""


def _meter_values(progress: Progress) -> dict[str, Any]:
    return {
        "label": str(progress.label).capitalize(),
        "counts": progress.counts,
        "total": max(progress.total, 1),
        "said": counted(progress),
        "percentage": percent(progress),
    }


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


def panel_top(workbook: Workbook, view: View, release: Release | None, *, first: bool, told: bool) -> Markup:
    """Give the top of the panel: what was stored last, and which release is open.

    `first`: there is no release at all yet. `told`: what was stored is to be told.
    """
    said = element(view.said) if told and view.said is not None else ""
    return html(
        '<div class="ro-page ro-panel">{said}{top}</div>',
        said=said,
        top=_new(view, first=first) if release is None else heading(workbook, release),
    )


def other_status(release: Release | None, now: Release | None) -> Markup:
    """Say that somebody has changed the status since the release was opened; empty when nobody did."""
    if release is None or (now is not None and now.status is release.status):
        return Markup()
    text = words.is_now(release.name, now.status.value if now else None)
    return html('<p class="ro-page ro-warned" role="status">{text}</p>', text=text)


def _new(view: View, *, first: bool) -> Markup:
    if view.missing or view.opened:
        text = words.NO_SUCH_RELEASE_HERE if view.missing else words.GONE
        return html('<p class="ro-notice" role="alert">{text}</p>', text=text)
    hint = html('<p class="ro-hint">{text}</p>', text=words.FIRST_RELEASE) if first else ""
    return html('<header class="ro-head"><h2>{title}</h2>{hint}</header>', title=words.NEW_RELEASE, hint=hint)


def heading(workbook: Workbook, release: Release) -> Markup:
    """Give the top of the open release: what it is, how far it is, and the way to its other pages."""
    chips = (release.type.value, release.version_number or "no version", release.status.value)
    return html(
        '<header class="ro-head"><h2>{name}</h2><p class="ro-chips">{chips}{date}</p>{description}{facts}'
        '<p class="ro-release-ways">{ways}</p>{progress}</header>',
        name=release.name,
        chips=joined(html('<span class="ro-chip">{chip}</span> ', chip=chip) for chip in chips),
        date=html('<span class="ro-by">{day}</span>', day=_day(release.release_date)) if release.release_date else "",
        description=html('<p class="ro-description">{text}</p>', text=release.description)
        if release.description
        else "",
        facts=_metadata(release.metadata),
        ways=_ways(release),
        progress=_progress(workbook, release),
    )


def _metadata(metadata: Mapping[str, str]) -> Markup:
    if not metadata:
        return Markup()
    rows = joined(html("<code>{key} = {value}</code>", key=key, value=value) for key, value in metadata.items())
    return html(
        '<details><summary>{title}</summary><p class="ro-facts">{rows}</p></details>',
        title=words.metadata(len(metadata)),
        rows=rows,
    )


def _ways(release: Release) -> Markup:
    if release.status is ReleaseStatus.DRAFT:
        return link("steps", words.WRITE_STEPS, release=release.id)
    pages = (("matrix", "Open the matrix"), ("checklist", "Checklist"), ("steps", "Steps"))
    return joined((link(name, text, release=release.id) for name, text in pages), " ")


def _progress(workbook: Workbook, release: Release) -> Markup:
    if release.status is ReleaseStatus.DRAFT:
        count = len(workbook.templates.list(release.id))
        return html("<p>{text}</p>", text=words.draft_has(count))
    lines = [("All", workbook.progress(release.id))]
    lines += [(str(each.label).capitalize(), each) for each in workbook.progress(release.id, by="category")]
    left = (
        html("<p>{text}</p>", text=words.left_open(lines[0][1].open))
        if release.status is ReleaseStatus.ARCHIVED
        else ""
    )
    rows = joined(meter(label, progress) for label, progress in lines)
    return html('{left}<div class="ro-progress">{rows}</div>', left=left, rows=rows)


def create(workbook: Workbook, typed: Mapping[str, str]) -> Answer[Release]:
    """Create a draft from what was typed."""
    return attempt(
        lambda: workbook.releases.create(**fields_of(typed)),
        lambda release: html(
            "{text} {way}",
            text=words.created_draft(release.name),
            way=link("steps", words.WRITE_STEPS, release=release.id),
        ),
    )


def clone(workbook: Workbook, release: Release, typed: Mapping[str, str]) -> Answer[Release]:
    """Clone a release under what was typed."""
    return attempt(
        lambda: workbook.releases.clone(release.id, **fields_of(typed)),
        lambda made: words.cloned(made.name, release.name, len(workbook.templates.list(made.id))),
    )


def save(workbook: Workbook, release: Release, typed: Mapping[str, str], *, asked: Pressed | None = None) -> Pressed:
    """Save an edit of `release`, what the form was filled with, or ask first; `asked`: what is answered with yes."""
    return save_edit(workbook.releases, release, typed, lambda: fields_of(typed, printed(release)), asked=asked)


LAST_WORD = {DELETE: "Delete this draft …", ARCHIVE: "Archive …", REOPEN: "Reopen"}
"""The tabs that hold one button, with its label."""


def last_word(tab: str, button: mo.ui.run_button) -> Markup:
    """Give a tab that holds one button, with what the button is going to do."""
    return html(
        '<div class="ro-page ro-form"><p>{text}</p>{button}</div>', text=words.CLOSING[tab], button=element(button)
    )


def after_closing(workbook: Workbook, release: Release, closed: Pressed) -> View:
    """Give what is shown after a release was archived, reopened or deleted."""
    view = View(release.id)
    if opened(workbook, view) is None:
        view = first_view(workbook, Params({}))
    return replace(view, said=closed.shown)


def close(workbook: Workbook, release: Release, tab: str, *, asked: Pressed | None = None) -> Pressed:
    """Delete, archive or reopen a release; what cannot be taken back, or leaves work open, asks first.

    `asked` is the question that is answered with yes: when it would be another one by now, that one is asked.
    """
    if tab == DELETE:
        return _delete(workbook, release, asked)
    if tab == ARCHIVE:
        return _archive(workbook, release, asked)
    return Pressed(
        attempt(lambda: workbook.releases.reopen(release.id), lambda stored: words.reopened(stored.name, stored.status))
    )


def _delete(workbook: Workbook, release: Release, asked: Pressed | None) -> Pressed:
    now = attempt(lambda: (workbook.releases.get(release.id), workbook.templates.list(release.id)), str)
    if now.result is None:
        return Pressed(now)
    draft, steps = now.result
    seen = (draft.row_version, {each.id: each.row_version for each in steps})
    if asked is None or asked.seen != seen:
        return _asked(words.delete_question(draft.name, len(steps)), words.DELETE_FOR_GOOD, seen, asked)
    delete = partial(workbook.releases.delete, release.id, expected_version=seen[0], expected=seen[1])
    return Pressed(attempt(delete, lambda _: words.deleted(draft.name)))


def _archive(workbook: Workbook, release: Release, asked: Pressed | None) -> Pressed:
    left = attempt(lambda: workbook.releases.preview_archive(release.id), str)
    if left.result is None:
        return Pressed(left)
    seen = (left.result.open, left.result.held_open, counted(left.result))
    if any(seen[:2]) and (asked is None or asked.seen != seen):
        question = words.archive_question(counted(left.result), left.result.open, left.result.held_open)
        return _asked(question, words.ARCHIVE_ALL_THE_SAME, seen, asked)
    store = partial(workbook.releases.archive, release.id, expected=left.result)
    return Pressed(attempt(store, lambda stored: words.archived(stored.name)))


def _asked(question: str, yes: str, seen: object, before: Pressed | None) -> Pressed:
    """Ask; where that was asked `before` about something else, say so."""
    return ask(question if before is None else f"{words.ASKED_ANEW} {question}", yes, seen=seen)
