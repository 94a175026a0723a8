"""What a customer went through: its releases, and what was recorded about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relorch.model.values import Customer, Event, ReleaseStatus
from relorch.ui import metadata, words
from relorch.ui.inventory import HISTORY, RELEASES
from relorch.ui.meters import bar, percent
from relorch.ui.page import Markup, html, joined, link
from relorch.views.standing import Standing
from relorch.workbook import Workbook

NEWEST = 50
"""How many events the history shows."""

_WORDS_ONLY = ("name", "namespace", "description", "metadata", "cluster_id")


def releases(workbook: Workbook, customer: Customer) -> Markup:
    """Give the releases of a customer, the newest first, with how far each is and the ways to it."""
    standings = workbook.customers.standing(customer.id)
    if not standings:
        return html('<div class="ro-page"><p class="ro-hint">{text}</p></div>', text=words.NO_RELEASES_OF_CUSTOMER)
    heads = joined(html("<th scope=col>{text}</th>", text=text) for text in words.STANDING_COLUMNS)
    return html(
        '<div class="ro-page ro-standing"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>',
        heads=heads,
        rows=joined(_standing(each, customer) for each in standings),
    )


def _standing(standing: Standing, customer: Customer) -> Markup:
    release, progress = standing.release, standing.progress
    return html(
        '<tr><td>{name} <span class="ro-by">{version}</span></td><td class="ro-state-{state}">{word}</td>'
        '<td><div class="ro-far">{bar}<span>{percent}</span></div></td><td>{completed}</td><td>{ways}</td></tr>',
        name=link("releases", release.name, release=release.id),
        version=release.version_number or "",
        state=standing.state.value,
        word=words.standing(standing.state, archived=release.status is ReleaseStatus.ARCHIVED),
        bar=bar(words.PROGRESS, progress),
        percent=percent(progress),
        completed=words.moment(standing.completed_at) if standing.completed_at else "–",
        ways=_ways(release.id, customer),
    )


def _ways(release_id: int, customer: Customer) -> Markup:
    matrix = link("matrix", "Matrix", release=release_id, cluster=customer.cluster_id, q=customer.namespace)
    return joined((matrix, link("checklist", "Checklist", release=release_id, customer=customer.id)), " ")


def history(workbook: Workbook, customer: Customer) -> Markup:
    """Give what was recorded about a customer lately, the newest first."""
    events = workbook.history(customer_id=customer.id, newest=NEWEST)
    names = _Names(workbook, customer)
    rows = joined(_event(event, names) for event in reversed(events))
    hint = html('<p class="ro-hint">{text}</p>', text=words.newest_only(NEWEST)) if len(events) == NEWEST else ""
    return html('<div class="ro-page ro-history"><ul class="ro-list">{rows}</ul>{hint}</div>', rows=rows, hint=hint)


TABS = {RELEASES: releases, HISTORY: history}
"""What the tabs of a customer read."""


class _Names:
    """The names that events only know by id; each release is read once, when it is first asked for."""

    def __init__(self, workbook: Workbook, customer: Customer) -> None:
        self._workbook = workbook
        self._customer = customer
        self._releases = {each.release.id: each.release.name for each in workbook.customers.standing(customer.id)}
        self._steps: dict[int, dict[int, str]] = {}
        self.clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}

    def release(self, event: Event) -> str:
        return "" if event.release_id is None else self._releases.get(event.release_id, "")

    def step(self, event: Event) -> str:
        """Give the name of an event's step; a deleted one is named by its event, if that knows it."""
        if event.step_id is None or event.release_id is None:
            return ""
        if event.release_id not in self._steps:
            steps = self._workbook.steps.list(event.release_id, self._customer.id)
            self._steps[event.release_id] = {step.id: step.name for step in steps}
        told = {**(event.before or {}), **(event.after or {})}.get("name", "")
        return self._steps[event.release_id].get(event.step_id) or str(told)


def _event(event: Event, names: _Names) -> Markup:
    step = names.step(event)
    what = link("matrix", step, release=event.release_id, step=event.step_id) if step else ""
    release = names.release(event)
    where = html(" in {release}", release=release) if release else ""
    notes = [*_changes(event, names), event.note or ""]
    return html(
        '<li><span><b>{operator}</b> {action} {what}{where}</span><time datetime="{iso}">{at}</time>{notes}</li>',
        operator=event.operator,
        action=words.action(event.action),
        what=what,
        where=where,
        iso=event.at.isoformat(),
        at=words.moment(event.at),
        notes=joined(html('<span class="ro-note">{note}</span>', note=note) for note in notes if note),
    )


def _changes(event: Event, names: _Names) -> list[str]:
    """Give what an edit of the customer itself changed, field by field."""
    if event.action != "customer.update":
        return []
    before, after = event.before or {}, event.after or {}
    changed = [name for name in _WORDS_ONLY if name in after]
    return [
        words.changed(name, _told(name, before.get(name), names), _told(name, after[name], names)) for name in changed
    ]


def _told(name: str, value: Any, names: _Names) -> str:
    if name == "cluster_id":
        return names.clusters.get(value, str(value))
    return metadata.printed(value).replace("\n", "; ") if isinstance(value, Mapping) else str(value or "")
