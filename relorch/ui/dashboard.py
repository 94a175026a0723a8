"""The dashboard's facts as markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from relorch.model.progress import Progress
from relorch.model.status import Status
from relorch.model.values import Release
from relorch.ui import words
from relorch.ui.page import Markup, html, joined, link
from relorch.views.overview import Activity, NamedStep, Overview, ReleaseOverview

_BAR_ORDER = (Status.DONE, Status.SKIPPED, Status.IN_PROGRESS, Status.FAILED, Status.REVERTED)


def board(overview: Overview, now: datetime) -> Markup:
    """Give the whole dashboard: releases on the left, what happened lately on the right."""
    if not (overview.active or overview.drafts or overview.archived):
        return first_run(overview)
    return html(
        '<div class="ro-page ro-board"><main>{active}{others}</main><aside>{recent}</aside></div>',
        active=joined(_release(each, now) for each in overview.active) or _nothing_active(),
        others=_others("Drafts", overview.drafts) + _others("Archived", overview.archived),
        recent=_recent(overview.recent, now),
    )


def first_run(overview: Overview) -> Markup:
    """Give the guide for an empty workbook."""
    done = "✓ " if overview.customers else ""
    first, *rest = words.FIRST_RUN
    return html(
        '<div class="ro-page"><section class="ro-card ro-first"><h2>{title}</h2><ol>{steps}</ol><p>{sample}</p>'
        "</section></div>",
        title=words.FIRST_RUN_TITLE,
        steps=joined(html("<li>{text}</li>", text=text) for text in (done + first, *rest)),
        sample=words.FIRST_RUN_SAMPLE,
    )


def _release(each: ReleaseOverview, now: datetime) -> Markup:
    release = each.release
    return html(
        '<article class="ro-card" aria-label="{name}"><header><h2>{heading}</h2><span class="ro-chip">{kind}</span>'
        '<span class="ro-chip">{version}</span><span class="ro-go">{go}</span></header>{progress}'
        "{failed}{reverted}{next}{running}{clusters}</article>",
        name=release.name,
        heading=link("matrix", release.name, release=release.id),
        kind=release.type.value,
        version=release.version_number or "no version",
        go=link("matrix", "Open the matrix →", release=release.id),
        progress=_meters("", [("All", each.progress), ("Deploy", each.deploy), ("Verify", each.verify)]),
        failed=_steps("Failed", each.failed, release, now),
        reverted=_steps("Reverted", each.reverted, release, now),
        next=_steps("Next", each.next_steps, release, now),
        running=_steps("In progress", each.in_progress, release, now),
        clusters=html("<h3>Clusters</h3>{meters}", meters=_clusters(each.clusters)),
    )


def _clusters(clusters: Sequence[Progress]) -> Markup:
    return _meters("ro-clusters", [(str(cluster.label), cluster) for cluster in clusters])


def _meters(kind: str, lines: Sequence[tuple[str, Progress | None]]) -> Markup:
    rows = joined(_meter(label, progress) for label, progress in lines if progress is not None)
    return html('<div class="ro-progress {kind}">{rows}</div>', kind=kind, rows=rows)


def _meter(label: str, progress: Progress) -> Markup:
    percentage = "–" if progress.percentage is None else f"{progress.percentage} %"
    held = f" · {words.steps(progress.held)} on hold" if progress.held else ""
    parts = joined(
        html(
            '<i class="{status}" style="width:{share}%"></i>',
            status=status.value,
            share=f"{100 * progress.counts[status] / max(progress.total, 1):.3f}",
        )
        for status in _BAR_ORDER
        if progress.counts[status]
    )
    said = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in progress.counts.items() if count)
    return html(
        '<span>{label}</span><div class="ro-meter" role="img" aria-label="{label}: {said}" title="{said}">{parts}</div>'
        '<span class="ro-num"><b>{percentage}</b> · {closed:,} of {total:,} closed{held}</span>',
        label=label,
        said=said or "no steps",
        parts=parts,
        percentage=percentage,
        closed=progress.closed,
        total=progress.total,
        held=held,
    )


def _steps(title: str, steps: Sequence[NamedStep], release: Release, now: datetime) -> Markup:
    if not steps:
        return Markup()
    return html(
        '<h3>{title}</h3><ul class="ro-list">{rows}</ul>',
        title=title,
        rows=joined(_step(step, release, now) for step in steps),
    )


def _step(step: NamedStep, release: Release, now: datetime) -> Markup:
    when = f"{step.executed_by}, {words.age(step.executed_at, now)}" if step.executed_at else ""
    note = html('<span class="ro-note">{note}</span>', note=step.notes) if step.notes else ""
    return html(
        '<li><span>{go} <span class="ro-where">{cluster}/{namespace}</span> {customer} '
        '<span class="ro-word {status}">{word}</span></span><span class="ro-by">{when}</span>{note}</li>',
        go=link("matrix", step.name, release=release.id, step=step.id),
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
            go=link("matrix", release.name, release=release.id) if title == "Archived" else release.name,
            kind=release.type.value,
            version=release.version_number or "",
        )
        for release in releases
    )
    return html(
        '<section class="ro-card"><h2>{title}</h2><ul class="ro-list">{rows}</ul></section>', title=title, rows=rows
    )


def _nothing_active() -> Markup:
    return html('<section class="ro-card"><h2>No active release</h2><p>{text}</p></section>', text=words.ALL_QUIET)


def _recent(recent: Sequence[Activity], now: datetime) -> Markup:
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
