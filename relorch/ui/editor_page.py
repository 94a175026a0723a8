"""The steps page's markup: the form of a template, its buttons, what is said below, and the preview beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import marimo as mo

from relorch.errors import NotFound, RelorchError
from relorch.model.text import visible
from relorch.model.values import Customer, Release, ReleaseStatus, StepType
from relorch.ui import desk, words
from relorch.ui.answer import attempt
from relorch.ui.editor import AFTER, BEFORE, END, NEW, Editor, Plan, Said, Typed, stored_values
from relorch.ui.effects import effect_markup
from relorch.ui.form import other_numbers
from relorch.ui.page import Markup, element, header, html, joined, link, notice, show
from relorch.ui.rendered import preview_markup, warnings_markup
from relorch.ui.session import Params
from relorch.ui.widgets.offers import OffersWidget
from relorch.workbook import Workbook


def wanted_release(workbook: Workbook, params: Params) -> Release | None:
    """Give the release that was asked for, else the newest draft, else the newest active one, else the newest.

    None when there is none at all. Raises `NotFound` when the one asked for is not there.
    """
    if params.text("release") is not None:
        return desk.wanted_release(workbook, params)
    releases = workbook.releases.list()
    for status in (ReleaseStatus.DRAFT, ReleaseStatus.ACTIVE):
        for release in releases:
            if release.status is status:
                return release
    return next(iter(releases), None)


def no_release() -> mo.Html:
    """Give the page of a workbook without a release."""
    said = html("{text} {link}", text=words.STEPS_NONE, link=link("releases", words.TO_RELEASES))
    return mo.vstack([header("steps", "Steps"), notice(said)])


def no_such_release(workbook: Workbook) -> mo.Html:
    """Give the page of a release that is not there, with the way to the others."""
    beside = desk.other_releases(workbook.releases.list(), None)
    return mo.vstack([header("steps", "Steps", beside=beside), notice(words.NO_SUCH_RELEASE)])


def top(editor: Editor, releases: Sequence[Release]) -> mo.Html:
    """Give the top of the page: which release, and the way to its matrix and to other releases."""
    beside = html(
        "{matrix} {others}",
        matrix=Markup() if editor.release.status is ReleaseStatus.DRAFT else _to_matrix(editor.release),
        others=desk.other_releases(releases, editor.release),
    )
    return header("steps", desk.title_of(editor.release), beside=beside)


def notes(editor: Editor, is_there: bool) -> mo.Html:
    """Give what has to be known first: that nothing can be changed, or that the step asked for is not there."""
    lines = [words.STEPS_ARCHIVED if editor.live() else words.STEPS_EMPTY_ARCHIVED] if editor.is_fixed else []
    lines += [] if is_there else [words.STEPS_NO_SUCH]
    return show(joined(html('<p class="ro-page ro-notice ro-top" role="note">{text}</p>', text=line) for line in lines))


def _to_matrix(release: Release) -> Markup:
    return link("matrix", "Matrix", release=release.id)


def show_form(editor: Editor) -> None:
    """Show the selected template in the form, with what was typed for it before."""
    first = editor.typed()
    gone = _gone(editor, first)
    title, chip = _title(editor, first)
    save = words.PREVIEW_CHANGE if editor.previews else (words.ADD_STEP if first.key == NEW else words.SAVE)
    away = "" if first.key == NEW else (words.RETIRE if editor.previews else words.DELETE)
    key = first.key if first.key != NEW else editor.category
    shown = {
        "title": title,
        "chip": chip,
        "gone": gone,
        "values": {**first.values, "description": first.values["description"] or "", "place": _place(editor, first)},
        "stored": _stored(first),
        "places": _places(editor, first),
        "fixed": editor.is_fixed,
        "labels": {"save": save, "drop": words.DISCARD, "away": away},
    }
    editor.form.show(key, first, shown)


def _places(editor: Editor, first: Typed) -> list[dict[str, str]]:
    if first.key != NEW:
        return []
    beside = None if editor.beside is None else editor.stored(editor.beside)
    if beside is None:
        return [{"value": END, "label": words.AT_THE_END}]
    return [
        {"value": END, "label": words.AT_THE_END},
        {"value": BEFORE, "label": words.before_step(visible(beside.name))},
        {"value": AFTER, "label": words.behind_step(visible(beside.name))},
    ]


def _place(editor: Editor, first: Typed) -> str:
    place = str(first.values.get("place", END))
    return place if any(each["value"] == place for each in _places(editor, first)) else END


def _stored(first: Typed) -> dict[str, Any]:
    stored = stored_values(first.base)
    return {**stored, "description": stored["description"] or ""}


def choice_buttons() -> tuple[Any, Any]:
    """Give the buttons of whoever was overtaken: take what is stored, or go on with what is typed."""
    return mo.ui.run_button(label=words.TAKE_THEIRS), mo.ui.run_button(label=words.KEEP_MINE)


def choice_markup(editor: Editor, typed: Typed, take: Any, mine: Any) -> mo.Html:
    """Say that somebody else changed the step that is being typed at; nothing where nobody did."""
    if not editor.overtaken(typed):
        return show(Markup())
    said = html('<p class="ro-refusal" role="alert">{text}</p>', text=editor.who_changed(typed.key))
    return mo.vstack([show(said), _row(mine, take)])


def answer_buttons(said: Said) -> tuple[Any, Any, Any, Any]:
    """Give the buttons below the form: make the change, leave it, undo, and reopen with the new text."""
    other_numbers()  # other numbers than the buttons before: a press meant for one of those makes no other change
    plan = said.plan
    kind: Literal["danger", "success"] = "danger" if plan is not None and plan.what == "delete" else "success"
    return (
        mo.ui.run_button(label=plan.label if plan is not None else words.SAVE, kind=kind),
        mo.ui.run_button(label=words.LEAVE_IT),
        mo.ui.run_button(label=words.UNDO),
        mo.ui.run_button(label=words.reopen_label(len(said.reopen))),
    )


def answer_markup(said: Said, confirm: Any, cancel: Any, undo: Any, reopen: Any) -> mo.Html:
    """Give what became of a button or what a change would do, with the buttons that go with it."""
    if said.plan is not None:
        title = words.PLAN_TITLE_DRAFT if said.plan.in_draft else words.PLAN_TITLE[said.plan.what]
        return mo.vstack([show(_plan_markup(said.plan, title)), _row(confirm, cancel)])
    offered = ([undo] if said.undo is not None else []) + ([reopen] if said.reopen else [])
    parts = ([said.shown] if said.shown is not None else []) + ([_row(*offered)] if offered else [])
    return mo.vstack(parts) if parts else show(Markup())


def stale_markup(said: Said, typed: Typed) -> mo.Html:
    """Say that the form was changed after the preview; nothing where it was not."""
    if said.plan is None or said.plan.what == "delete" or said.plan.is_of(typed):
        return show(Markup())
    return show(html('<p class="ro-page ro-refusal" role="alert">{text}</p>', text=words.STEPS_CHANGED_SINCE))


def _plan_markup(plan: Plan, title: str) -> Markup:
    effect = Markup() if plan.in_draft else effect_markup(plan.what, plan.effect)
    changed = html('<p class="ro-refusal" role="alert">{text}</p>', text=words.PLAN_CHANGED) if plan.is_changed else ""
    return html(
        '<section class="ro-page ro-plan"><h3>{title}</h3>{changed}{effect}</section>',
        title=title,
        changed=changed,
        effect=effect,
    )


def warnings(editor: Editor, typed: Typed) -> mo.Html:
    """Give what there is to warn of in what is typed."""
    values = typed.values
    found = attempt(
        lambda: editor.workbook.templates.lint(
            editor.release.id,
            None if editor.stored(typed.key) is None else typed.key,
            name=values["name"],
            category=editor.category if typed.base is None else typed.base.category.value,
            type=values["type"],
            content=values["content"],
        ),
        lambda _: "",
    )
    if found.result is None:
        return found.shown
    return show(
        html(
            '<section class="ro-page ro-side"><h3>{title}</h3>{found}</section>',
            title=words.STEPS_WARNINGS,
            found=warnings_markup(hint.message for hint in [*found.result, *editor.of_release]),
        )
    )


def customer_choice(workbook: Workbook, release_id: int, params: Params) -> tuple[Any, bool]:
    """Give the choice of the customer to preview for, and whether the one that the address asks for is there.

    Without such a one it is the first member, else the first active customer.
    """
    customers = preview_customers(workbook, release_id)
    asked = params.number("customer")
    first = next((label for label, number in customers.items() if number == asked), next(iter(customers), None))
    choice = mo.ui.dropdown(customers, value=first, label="Preview for", searchable=True, full_width=True)
    return choice, params.text("customer") is None or asked in customers.values()


def customer_markup(customer: Any, is_there: bool) -> mo.Html:
    """Give the choice of the customer, and say when the one that was asked for is not there."""
    said = Markup() if is_there else html('<p class="ro-refusal" role="alert">{text}</p>', text=words.NO_SUCH_CUSTOMER)
    return show(html('<div class="ro-page ro-side">{said}{choice}</div>', said=said, choice=element(customer)))


def preview_customers(workbook: Workbook, release_id: int) -> dict[str, int]:
    """Give the customers a text can be previewed for, label -> id: members first, then all other active ones."""
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list()}
    members = {each.customer_id for each in workbook.releases.members(release_id) if each.state != "removed"}
    customers = sorted(
        workbook.customers.list(),
        key=lambda each: (each.id not in members, clusters.get(each.cluster_id, ""), each.name, each.id),
    )
    return {_label(each, clusters): each.id for each in customers}


def preview(editor: Editor, typed: Typed, customer_id: int | None) -> mo.Html:
    """Give the text as it is typed, rendered for a customer, or why it cannot be."""
    if customer_id is None:
        return notice(words.STEPS_NO_CUSTOMER)
    content, kind = str(typed.values["content"]), StepType(typed.values["type"])
    if not content.strip():
        return _beside(html('<p class="ro-none">{text}</p>', text=words.STEPS_NO_TEXT))
    try:
        rendering = editor.workbook.templates.preview_render(
            editor.release.id, customer_id, type=kind.value, content=content
        )
    except RelorchError as error:
        return _beside(html('<p class="ro-refusal" role="alert">{text}</p>', text=str(error)))
    said = words.STEPS_PREVIEW_OF_TYPED if typed.is_unsaved else words.STEPS_PREVIEW_OF_STORED
    return _beside(preview_markup(rendering, kind, content, said))


def note_customer(customer_id: int | None) -> None:
    """Write the chosen customer into the address, so that it can be sent to a colleague."""
    query = mo.query_params()
    if customer_id is not None and query.get("customer") != str(customer_id):
        query.set("customer", str(customer_id))


def offers_markup(workbook: Workbook, release_id: int) -> mo.Html:
    """Give the placeholders that a step of the release may use."""
    found = workbook.templates.placeholders(release_id)
    widget = mo.ui.anywidget(OffersWidget((each.name, each.example) for each in found))
    return show(
        html(
            '<section class="ro-page ro-side"><h3>{title}</h3>{widget}</section>',
            title=words.PLACEHOLDERS,
            widget=element(widget),
        )
    )


def _beside(markup: Markup) -> mo.Html:
    return show(html('<section class="ro-page ro-side" aria-label="Preview">{markup}</section>', markup=markup))


def _label(customer: Customer, clusters: Mapping[int, str]) -> str:
    return visible(f"{customer.name} · {clusters.get(customer.cluster_id, '?')}/{customer.namespace}")


def _title(editor: Editor, first: Typed) -> tuple[str, str]:
    if first.key == NEW:
        return words.NEW_STEP[editor.category], ""
    template = editor.stored(first.key) or first.base
    if template is None:
        raise NotFound("step template", first.key)
    ids = [each.id for each in editor.live(template.category)]
    number = ids.index(template.id) + 1 if template.id in ids else ""
    return f"{template.category.value.capitalize()} step {number}", f"revision {template.revision}"


def _gone(editor: Editor, first: Typed) -> str:
    return "" if first.key == NEW or editor.stored(first.key) is not None else words.STEPS_GONE


def _row(*elements: Any) -> mo.Html:
    return mo.hstack(elements, justify="start", gap=0.5, wrap=True)
