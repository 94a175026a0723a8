"""Progress as a bar and in numbers."""

from __future__ import annotations

from relorch.model.progress import Progress
from relorch.model.status import Status
from relorch.ui import words
from relorch.ui.page import Markup, html, joined

SHARES = (Status.DONE, Status.SKIPPED, Status.IN_PROGRESS, Status.FAILED, Status.REVERTED)
"""The statuses in the order of their shares in every bar; what is pending is the rest."""


def meter(label: str, progress: Progress) -> Markup:
    """Give one line of progress: what it is of, the bar, and the numbers."""
    held = f" · {words.steps(progress.held)} on hold" if progress.held else ""
    return html(
        '<span>{label}</span>{bar}<span class="ro-num"><b>{percent}</b> · {closed:,} of {total:,} closed{held}</span>',
        label=label,
        bar=bar(label, progress),
        percent=percent(progress),
        closed=progress.closed,
        total=progress.total,
        held=held,
    )


def bar(label: str, progress: Progress) -> Markup:
    """Give progress as a meter; `label` says whose it is."""
    parts = joined(
        html(
            '<i class="{status}" style="width:{share}%"></i>',
            status=status.value,
            share=f"{100 * progress.counts[status] / max(progress.total, 1):.3f}",
        )
        for status in SHARES
        if progress.counts[status]
    )
    said = counted(progress)
    return html(
        '<div class="ro-meter" role="img" aria-label="{label}: {said}" title="{said}">{parts}</div>',
        label=label,
        said=said,
        parts=parts,
    )


def counted(progress: Progress) -> str:
    """Give how many steps there are of each status."""
    counts = (f"{count:,} {status.replace('_', ' ')}" for status, count in progress.counts.items() if count)
    return ", ".join(counts) or "no steps"


def percent(progress: Progress) -> str:
    """Give how much is closed, for people."""
    return "–" if progress.percentage is None else f"{progress.percentage} %"
