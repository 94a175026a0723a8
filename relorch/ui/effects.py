"""What a change of a step template does, or would do, as markup: four groups of customers, long ones folded."""

from __future__ import annotations

from collections.abc import Sequence

from relorch.ui import words
from relorch.ui.page import Markup, html, joined
from relorch.views.effect import Effect, StepNote

OPEN_UP_TO = 8
"""A group of at most so many customers is unfolded."""
ROWS_UP_TO = 300
DIFF_LINES_UP_TO = 200


def effect_markup(what: str, effect: Effect) -> Markup:
    """Give what a change does; `what`: update, add or delete, which decides the words."""
    changed, overridden, executed = words.EFFECT_TITLE[what]
    groups = [
        _group(effect.cannot_render, words.EFFECT_CANNOT_RENDER, "cannot"),
        _group(effect.updates, changed, "updates"),
        _group(effect.overridden, overridden, "overridden"),
        _group(effect.executed, executed, "executed"),
    ]
    none = "" if effect.updates else html('<p class="ro-none">{text}</p>', text=words.EFFECT_NONE)
    return html('<div class="ro-effect">{none}{groups}</div>', none=none, groups=joined(groups))


def _group(notes: Sequence[StepNote], said: str, kind: str) -> Markup:
    if not notes:
        return Markup()
    return html(
        '<details class="{kind}"{open}><summary><b>{count}</b> {said}</summary><ul class="ro-list">{rows}</ul>{more}'
        "</details>",
        kind=kind,
        open=Markup(" open") if len(notes) <= OPEN_UP_TO else "",
        count=words.steps(len(notes)),
        said=said,
        rows=joined(_row(note) for note in notes[:ROWS_UP_TO]),
        more=_more(len(notes) - ROWS_UP_TO),
    )


def _row(note: StepNote) -> Markup:
    return html(
        '<li><span>{name} <span class="ro-where">{cluster}/{namespace}</span></span>'
        '<span class="ro-word {status}">{word}</span>{why}{diff}</li>',
        name=note.customer_name,
        cluster=note.cluster_name,
        namespace=note.namespace,
        status=note.status,
        word=note.status.replace("_", " "),
        why=html('<span class="ro-note">{why}</span>', why=note.why) if note.why else "",
        diff=diff_markup(note.diff) if note.diff else "",
    )


def diff_markup(diff: str) -> Markup:
    """Give a unified diff with its lines marked by sign and colour."""
    lines = diff.split("\n")
    shown = joined((_diff_line(line) for line in lines[:DIFF_LINES_UP_TO]), "\n")
    return html('<pre class="ro-diff" tabindex="0" aria-label="{label}">{shown}</pre>{more}', label=words.DIFF_LABEL,
                shown=shown, more=_more(len(lines) - DIFF_LINES_UP_TO))  # fmt: skip


def _diff_line(line: str) -> Markup:
    kind = {"+": "ins", "-": "del"}.get(line[:1], "span")
    return html("<{kind}>{line}</{kind}>", kind=Markup(kind), line=line)


def _more(count: int) -> Markup:
    return html('<p class="ro-none">{text}</p>', text=words.and_more(count)) if count > 0 else Markup()
