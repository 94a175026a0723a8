"""What every page has in common: the look, the bar at the top, and how a refusal is shown.

HTML is only ever made by `html`, which escapes whatever is put into it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import marimo as mo
from markupsafe import Markup, escape

from relorch.errors import RelorchError
from relorch.model.text import visible
from relorch.ui import session, words

PAGES = ("dashboard", "inventory", "releases", "steps", "matrix", "checklist", "progress", "analysis", "report")
"""The pages in the order of the bar."""

_THEME = Path(__file__).with_name("theme.css")
_PAGE = Path(__file__).with_name("page.css")
_CONTROLS = Path(__file__).with_name("controls.css")


def html(template: str, /, **values: object) -> Markup:
    """Give `template` with its `{name}`s filled in, every value escaped unless it is Markup itself.

    What is invisible in a text is made visible: a name must not pass for another.
    """
    shown = {name: visible(value) if type(value) is str else value for name, value in values.items()}
    return Markup(template).format(**shown)  # noqa: S704 - the template is ours, the values are escaped


def joined(parts: Any, between: str = "") -> Markup:
    """Give many pieces as one, each escaped unless it is Markup itself."""
    return Markup(between).join(parts)  # noqa: S704 - as above


def show(markup: Markup) -> mo.Html:
    """Give finished markup as something a cell can show."""
    return mo.Html(str(markup))


def element(ui: mo.Html) -> Markup:
    """Give a marimo element as markup, to place it inside of some."""
    return Markup(ui.text)  # noqa: S704 - marimo's own element, its arguments are escaped by marimo


def link(page: str, text: object, /, **params: object) -> Markup:
    """Give a link to a page with its parameters; where pages run alone, the text only."""
    if not session.is_served():
        return html("<span>{text}</span>", text=text)
    query = urlencode({name: value for name, value in params.items() if value is not None})
    return html('<a href="/{page}{query}">{text}</a>', page=page, query=f"?{query}" if query else "", text=text)


def header(current: str, title: object, *, beside: object = "") -> mo.Html:
    """Give the top of a page: the bar with all pages, its title, and what stands beside the title."""
    operator = session.guarded_operator()
    bar = html(
        '<nav class="ro-bar" aria-label="Pages"><b class="ro-brand">relorch</b>{links}'
        '<span class="ro-who">{who}</span></nav>',
        links=joined(_tab(page, current) for page in PAGES),
        who=html("acting as <b>{operator}</b>", operator=operator) if operator else "",
    )
    alone = html('<p class="ro-alone" role="note">{text}</p>', text=words.NOT_GUARDED) if operator is None else ""
    top = html(
        '<style>{style}</style><div class="ro-page">{bar}{alone}'
        '<div class="ro-title"><h1>{title}</h1>{beside}</div></div>',
        style=_style(),
        bar=bar,
        alone=alone,
        title=title,
        beside=beside,
    )
    return show(top)


def refusal(error: RelorchError | str) -> mo.Html:
    """Give what the workbook refused, in its own words."""
    return show(html('<div class="ro-page"><p class="ro-refusal" role="alert">{text}</p></div>', text=str(error)))


def not_opened(error: RelorchError) -> mo.Html:
    """Give why the workbook cannot be read now, with a way to try again."""
    return show(
        html(
            '<style>{style}</style><div class="ro-page"><p class="ro-refusal" role="alert">{text}</p>'
            '<p><a href="" target="_self">{again}</a></p></div>',
            style=_style(),
            text=str(error),
            again=words.TRY_AGAIN,
        )
    )


def notice(text: object) -> mo.Html:
    """Give a plain sentence instead of a page's content."""
    return show(html('<div class="ro-page"><p class="ro-notice">{text}</p></div>', text=text))


def _tab(page: str, current: str) -> Markup:
    name = page.capitalize()
    if page == current:
        return html('<b aria-current="page">{name}</b>', name=name)
    return link(page, name)


def controls_style() -> str:
    """Give the style sheet of marimo's own controls for the head of a page; see controls.css."""
    return f'<style title="marimo-relorch">{_CONTROLS.read_text(encoding="utf-8")}</style>'


def _style() -> Markup:
    return Markup(_THEME.read_text(encoding="utf-8") + _PAGE.read_text(encoding="utf-8"))  # noqa: S704 - our own files


__all__ = ["Markup", "element", "escape", "header", "html", "joined", "link", "notice", "refusal", "show"]
