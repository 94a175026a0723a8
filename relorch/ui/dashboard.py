"""The dashboard's facts as markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import marimo as mo

from relorch.errors import StorageError
from relorch.model.progress import Progress
from relorch.model.values import Release
from relorch.ui import words
from relorch.ui.meters import meter
from relorch.ui.page import Markup, element, html, joined, link, refusal, show
from relorch.ui.widgets.versions import VersionsWidget, versions_by_cluster
from relorch.views.overview import Activity, HeldMember, NamedStep, Overview, ReleaseOverview
from relorch.workbook import Workbook

_MOST = 6
"""How many steps or customers of one kind a release shows here."""


def shown(workbook: Workbook) -> mo.Html:
    """Give the board as it is now, or why it cannot be read."""
    try:
        return show(board(workbook.overview(), workbook.now()))
    except StorageError as error:
        return refusal(error)


def board(overview: Overview, now: datetime) -> Markup:
    """Give the facts of the dashboard: releases on the left, what happened lately on the right."""
    return html(
        '<div class="ro-page ro-board"><main>{guide}{active}{others}</main><aside>{recent}</aside></div>',
        guide="" if overview.active or overview.archived else first_run(overview),
        active=joined(_release(each, now) for each in overview.active) or _nothing_active(overview),
        others=_others("Drafts", overview.drafts) + _others("Archived", overview.archived),
        recent=_recent(overview.recent, now),
    )


def first_run(overview: Overview) -> Markup:
    """Give the guide to the first release: three steps, each with the way to where it is done, ticked when it is."""
    ready = [draft for draft in overview.drafts if draft.id in overview.with_steps]
    begun = [*ready, *overview.drafts]
    ways = (
        link("inventory", words.FIRST_RUN[0][1]),
        link("steps", words.FIRST_RUN_STEPS, release=begun[0].id) if begun else link("releases", words.FIRST_RUN[1][1]),
        link("releases", words.FIRST_RUN[2][1], release=begun[0].id if begun else None),
    )
    ticked = (overview.customers > 0, bool(ready), False)
    texts = [text for text, _ in words.FIRST_RUN]
    begun_at_all = overview.customers or overview.drafts
    return html(
        '<section class="ro-card ro-first"><h2>{title}</h2><ol>{steps}</ol><p class="ro-by">{sample}</p></section>',
        title=words.FIRST_RUN_GOES_ON if begun_at_all else words.FIRST_RUN_TITLE,
        steps=joined(
            _guided(text, way, done, current=at == ticked.index(False))
            for at, (text, way, done) in enumerate(zip(texts, ways, ticked, strict=True))
        ),
        sample="" if begun_at_all else words.FIRST_RUN_SAMPLE,
    )


def _guided(text: str, way: Markup, done: bool, *, current: bool) -> Markup:
    return html(
        '<li class="{kind}"{current}><span>{text}</span>{tick}<span class="ro-way">{way}</span></li>',
        kind="ro-ticked" if done else "ro-current" if current else "ro-later",
        current=Markup(' aria-current="step"') if current else "",
        text=text,
        tick=html('<b class="ro-tick">✓ done</b>') if done else "",
        way=way,
    )


def versions(workbook: Workbook) -> list[dict[str, Any]]:
    """Give which version each customer is on, as the widget takes it."""
    return versions_by_cluster(workbook.customers.list(), workbook.clusters.list(inactive=True), workbook.versions())


def versions_card(widget: VersionsWidget) -> Markup:
    """Give the versions of the customers as a part of the page; the widget hides it where there are no customers."""
    return html(
        '<div class="ro-page"><section class="ro-card ro-version-card" aria-label="{title}"><h2>{title}</h2>{widget}'
        "</section></div>",
        title=words.VERSIONS_TITLE,
        widget=element(mo.ui.anywidget(widget)),
    )


def _release(each: ReleaseOverview, now: datetime) -> Markup:
    release = each.release
    return html(
        '<article class="ro-card" aria-label="{name}"><header><h2>{heading}</h2><span class="ro-chip">{kind}</span>'
        '<span class="ro-chip">{version}</span>{alarm}<span class="ro-go ro-onward">{ways}</span></header>{progress}'
        "{failed}{held}{reverted}{next}{running}{clusters}</article>",
        name=release.name,
        heading=link("matrix", release.name, release=release.id),
        kind=release.type.value,
        version=release.version_number or "no version",
        alarm=_alarm(each),
        ways=_ways(release),
        progress=_meters("", [("All", each.progress), ("Deploy", each.deploy), ("Verify", each.verify)]),
        failed=_steps("Failed", each.failed, release, now, status="failed"),
        held=_held(each.held, release, now),
        reverted=_steps("Reverted", each.reverted, release, now, status="reverted"),
        next=_steps("Next", each.next_steps, release, now, page="checklist"),
        running=_steps("In progress", each.in_progress, release, now, status="in_progress"),
        clusters=html("<h3>Clusters</h3>{meters}", meters=_clusters(each.clusters)),
    )


def _ways(release: Release) -> Markup:
    pages = (("matrix", "Matrix"), ("checklist", "Checklist"), ("releases", "Release"), ("steps", "Steps"))
    return joined((link(page, name, release=release.id) for page, name in pages), " ")


def _alarm(each: ReleaseOverview) -> Markup:
    """Give what went wrong or stands still in a few words, so that nobody has to scroll to learn of it."""
    said = [(len(each.failed), "failed", "failed"), (len(each.held), "on hold", "held")]
    return joined(
        html('<b class="ro-alarm ro-{kind}">{count} {word}</b>', count=f"{count:,}", word=word, kind=kind)
        for count, word, kind in said
        if count
    )


def _clusters(clusters: Sequence[Progress]) -> Markup:
    return _meters("ro-clusters", [(str(cluster.label), cluster) for cluster in clusters])


def _meters(kind: str, lines: Sequence[tuple[str, Progress | None]]) -> Markup:
    rows = joined(meter(label, progress) for label, progress in lines if progress is not None)
    return html('<div class="ro-progress {kind}">{rows}</div>', kind=kind, rows=rows)


def _steps(
    title: str,
    steps: Sequence[NamedStep],
    release: Release,
    now: datetime,
    *,
    page: str = "matrix",
    status: str | None = None,
) -> Markup:
    """Give steps under a heading; the matrix shows those that do not fit."""
    if not steps:
        return Markup()
    return html(
        '<h3>{title}</h3><ul class="ro-list">{rows}</ul>{more}',
        title=title,
        rows=joined(_step(step, release, now, page) for step in steps[:_MOST]),
        more=_more(len(steps) - _MOST, link("matrix", words.IN_THE_MATRIX, release=release.id, status=status)),
    )


def _more(count: int, way: Markup) -> Markup:
    if count <= 0:
        return Markup()
    return html('<p class="ro-more">and {more}: {way}</p>', more=words.more(count), way=way)


def _held(held: Sequence[HeldMember], release: Release, now: datetime) -> Markup:
    if not held:
        return Markup()
    rows = joined(
        html(
            '<li><span>{customer} <span class="ro-where">{cluster}/{namespace}</span></span>'
            '<span class="ro-by">{age}</span><span class="ro-note">{reason}</span></li>',
            customer=link("checklist", each.customer_name, release=release.id, customer=each.customer_id),
            cluster=each.cluster_name,
            namespace=each.namespace,
            age=words.age(each.since, now),
            reason=each.reason or "",
        )
        for each in held[:_MOST]
    )
    way = link("releases", words.WITH_THE_RELEASE, release=release.id)
    return html('<h3>On hold</h3><ul class="ro-list">{rows}</ul>{more}', rows=rows, more=_more(len(held) - _MOST, way))


def _step(step: NamedStep, release: Release, now: datetime, page: str) -> Markup:
    when = f"{step.executed_by}, {words.age(step.executed_at, now)}" if step.executed_at else ""
    note = html('<span class="ro-note">{note}</span>', note=step.notes) if step.notes else ""
    customer = step.customer_id if page == "checklist" else None
    return html(
        '<li><span>{go} <span class="ro-where">{cluster}/{namespace}</span> {customer} '
        '<span class="ro-word {status}">{word}</span></span><span class="ro-by">{when}</span>{note}</li>',
        go=link(page, step.name, release=release.id, customer=customer, step=step.id),
        cluster=step.cluster_name,
        namespace=step.namespace,
        customer=step.customer_name,
        status=step.status,
        word=step.status.replace("_", " "),
        when=when,
        note=note,
    )


def _others(title: str, releases: Sequence[Release]) -> Markup:
    if not releases:
        return Markup()
    rows = joined(
        html(
            '<li><span>{go} <span class="ro-chip">{kind}</span></span><span class="ro-by">{version}</span></li>',
            go=link("matrix" if title == "Archived" else "releases", release.name, release=release.id),
            kind=release.type.value,
            version=release.version_number or "",
        )
        for release in releases
    )
    return html(
        '<section class="ro-card"><h2>{title}</h2><ul class="ro-list">{rows}</ul></section>', title=title, rows=rows
    )


def _nothing_active(overview: Overview) -> Markup:
    if not overview.archived:
        return Markup()  # the guide says what to do
    return html('<section class="ro-card"><h2>No active release</h2><p>{text}</p></section>', text=words.ALL_QUIET)


def _recent(recent: Sequence[Activity], now: datetime) -> Markup:
    if not recent:
        return Markup()
    rows = joined(_activity(each, now) for each in recent)
    return html('<section class="ro-card"><h2>Lately</h2><ul class="ro-list">{rows}</ul></section>', rows=rows)


def _activity(each: Activity, now: datetime) -> Markup:
    what = each.step_name or each.customer_name or each.release_name or ""
    more = f" and {words.steps(each.events - 1)} more" if each.events > 1 else ""
    where = " · ".join(name for name in (each.customer_name, each.release_name) if name and name != what)
    return html(
        '<li><span><b>{operator}</b> {action} {what}{more}</span><time datetime="{at}">{age}</time>'
        '<span class="ro-note">{where}</span></li>',
        operator=each.operator,
        action=words.action(each.action),
        what=html("<b>{what}</b>", what=what) if what else "",
        more=more,
        at=each.at.isoformat(),
        age=words.age(each.at, now),
        where=where,
    )
