"""The checklist page: the cards and the open one beside them."""

from __future__ import annotations

from typing import cast

import marimo as mo

from relorch.errors import NotFound, RelorchError
from relorch.model.values import Release, ReleaseStatus
from relorch.ui import words
from relorch.ui.cards import Place, Walk, place_of
from relorch.ui.desk import wanted_release
from relorch.ui.feed import Feed
from relorch.ui.page import Markup, element, html, joined, link, show
from relorch.ui.session import Params
from relorch.ui.widgets.checklist import ChecklistWidget
from relorch.ui.widgets.step import StepWidget
from relorch.workbook import Workbook


def wanted_place(workbook: Workbook, params: Params) -> Place | None:
    """Give what the address asks for: a release, and one customer or one step of it; None in an empty workbook.

    Raises `NotFound` for what is not there, `NotAllowed` for a draft and for a customer that is no member.
    """
    release = _wanted_release(workbook, params)
    if release is None:
        return None
    walk = params.text("walk")
    if walk not in ("customer", "step"):
        walk = "step" if params.id("template") else "customer"
    return place_of(
        workbook,
        release.id,
        walk=cast(Walk, walk),
        customer_id=params.id("customer"),
        template_id=params.id("template"),
        step_id=params.id("step"),
    )


def _wanted_release(workbook: Workbook, params: Params) -> Release | None:
    """Give the release the address names, be it by one of its step templates only; else as `wanted_release` does."""
    template = params.id("template")
    if params.text("release") is None and template and not params.id("step"):
        return workbook.releases.get(workbook.templates.get(template).release_id)
    return wanted_release(workbook, params)


def title(workbook: Workbook, params: Params) -> Markup:
    """Give the page's title: of which release, where there is one."""
    try:
        release = _wanted_release(workbook, params)
    except NotFound:
        release = None
    return html("Checklist · {name}", name=release.name) if release else html("Checklist")


def goes_on(params: Params) -> bool:
    """Whether the checklist goes on by itself once a step is closed; the address may say that it does not."""
    return params.text("auto") != "0"


def checklist(workbook: Workbook, place: Place, *, auto: bool = True) -> mo.Html:
    """Give the cards of a place with the step panel; what anybody stores, the cards show from then on."""
    seen = Feed.of(workbook).newest()
    channel = f"checklist-{place.release.id}"
    cards = ChecklistWidget(workbook, place, channel=channel, auto=auto)
    step = StepWidget(
        workbook,
        channel=channel,
        opened=cards.current,
        on_change=cards.refresh,
        on_look=cards.follow,
        empty=words.CHECKLIST_EMPTY,
        seen=seen,
    )
    return show(
        html(
            '<div class="ro-tick-off"><div>{cards}</div><aside>{step}</aside></div>',
            cards=element(mo.ui.anywidget(cards)),
            step=element(mo.ui.anywidget(step)),
        )
    )


def nothing_to_show(workbook: Workbook, error: RelorchError | None = None) -> mo.Html:
    """Say why there is no checklist, and the way on."""
    releases = [each for each in workbook.releases.list() if each.status is not ReleaseStatus.DRAFT]
    if error is None:
        text = words.CHECKLIST_ON_AN_EMPTY_WORKBOOK
        ways = [link("inventory", "Inventory"), link("releases", "Releases")]
    else:
        text = _why(error)
        ways = [link("releases", "All releases"), *(_way(each) for each in releases[:5])]
    return show(
        html(
            '<div class="ro-page"><section class="ro-card" aria-label="No checklist"><p role="status">{text}</p>'
            '<ul class="ro-ways">{ways}</ul></section></div>',
            text=text,
            ways=joined(html("<li>{way}</li>", way=way) for way in ways),
        )
    )


def _why(error: RelorchError) -> str:
    if not isinstance(error, NotFound):
        return str(error)
    return words.NO_SUCH_RELEASE if error.kind == "release" else words.no_such(error.kind)


def _way(release: Release) -> Markup:
    return html("{checklist}", checklist=link("checklist", f"Checklist of {release.name}", release=release.id))
