"""A step's text in the page of the editor: rendered for one customer, or why it cannot be, and its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import escape

from relorch.model.placeholders import Rendering
from relorch.model.values import StepType
from relorch.ui import words
from relorch.ui.highlight import Piece, highlighted, invisible
from relorch.ui.page import Markup, html, joined


def preview_markup(rendering: Rendering, step_type: StepType, source: str, said: str) -> Markup:
    """Give a rendering for the screen; `source` is shown instead where there is none, `said` what text this is."""
    if rendering.text is None:
        return html(
            '<p class="ro-said">{what}</p><ul class="ro-problems" role="alert">{problems}</ul>{code}',
            what=words.STEPS_SOURCE,
            problems=joined(
                html("<li><code>{placeholder}</code> {why}</li>", placeholder=problem.placeholder, why=problem.why)
                for problem in rendering.problems
            ),
            code=code_markup(source, step_type),
        )
    hidden = invisible(rendering.text)
    return html(
        '<p class="ro-said">{said}</p>{hidden}{raw}{code}',
        said=said,
        hidden=_alert(words.invisible_in_text(hidden)) if hidden else "",
        raw=_alert(words.raw_in_text(len(rendering.raw))) if rendering.raw else "",
        code=code_markup(rendering.text, step_type, rendering.raw),
    )


def code_markup(text: str, step_type: StepType, raw: Sequence[tuple[int, int]] = ()) -> Markup:
    """Give a text with line numbers and colours, everything invisible made visible."""
    lines = joined(_line(line) for line in highlighted(text, step_type, raw))
    return html(
        '<pre class="ro-code" tabindex="0" aria-label="{label}">{lines}</pre>', label=words.STEPS_TEXT, lines=lines
    )


def warnings_markup(warnings: Iterable[str]) -> Markup:
    """Give what there is to warn of in the text as it is typed."""
    rows = joined(html("<li>{text}</li>", text=text) for text in warnings)
    if not rows:
        return html('<p class="ro-none">{text}</p>', text=words.STEPS_NO_WARNING)
    return html('<ul class="ro-warnings" aria-label="{label}">{rows}</ul>', label=words.STEPS_WARNINGS, rows=rows)


def _line(pieces: Sequence[Piece]) -> Markup:
    # pieces are escaped here and not by `html`: there are ten thousands of them in a text of 64 KB
    return Markup("<span>") + Markup("").join(_piece(*piece) for piece in pieces) + Markup("\n</span>")


def _piece(kind: str, text: str, mark: str | dict[str, str] | None) -> Markup:
    if isinstance(mark, dict):
        code = f"{mark['invisible']} {mark['name']}"
        return html('<b class="ro-hidden" role="img" aria-label="{code}" title="{code}"></b>', code=code)
    shown = escape(text)
    if mark is None and not kind:
        return shown
    return Markup('<i class="{}"{}>{}</i>').format(kind, Markup(' data-mark="raw"' if mark else ""), shown)


def _alert(text: str) -> Markup:
    return html('<p class="ro-refusal" role="alert">{text}</p>', text=text)
