"""The report page: what it is about, the report as it will be printed, and its files."""

from __future__ import annotations

from typing import Any

import marimo as mo

from relorch.errors import NotAllowed
from relorch.model.text import visible
from relorch.model.values import Release
from relorch.reports import FORMATS, MEDIA_TYPES, Report, file_name, printed
from relorch.ui import words
from relorch.ui.desk import wanted_release
from relorch.ui.page import Markup, element, escape, html, joined, link, notice, show
from relorch.ui.session import Params
from relorch.views.report import SignOff
from relorch.workbook import Workbook

PREVIEWED_CELLS = 30_000
"""A larger matrix is in the files only: a preview is looked at, not read."""


def release_choice(workbook: Workbook, params: Params) -> Any:
    """Give the choice of the release, None in an empty workbook; raises `NotFound` for one that is not there."""
    first = wanted_release(workbook, params)
    if first is None:
        return None
    options = {_release_label(each): each.id for each in workbook.releases.list()}
    return mo.ui.dropdown(
        options, value=_release_label(first), label=words.REPORT_RELEASE, searchable=True, allow_select_none=False
    )


def _release_label(release: Release) -> str:
    return visible(f"{release.name} · {release.status.value}")  # names are unique


def customer_choice(workbook: Workbook, release_id: int, params: Params) -> Any:
    """Give the choice of the whole release or one of its members, removed ones too."""
    options = customer_options(workbook, release_id)
    asked = params.number("customer")
    first = next((label for label, number in options.items() if number == asked and asked), words.REPORT_WHOLE)
    return mo.ui.dropdown(options, value=first, label=words.REPORT_CUSTOMER, searchable=True, allow_select_none=False)


def customer_options(workbook: Workbook, release_id: int) -> dict[str, int]:
    """Give what a report can be about: label → customer id, by cluster and name, 0 for the whole release."""
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    members = {member.customer_id: member.state for member in workbook.releases.members(release_id)}
    customers = [each for each in workbook.customers.list(inactive=True) if each.id in members]
    ordered = sorted(customers, key=lambda each: (clusters[each.cluster_id], each.name, each.id))
    labels = {visible(f"{clusters[each.cluster_id]}/{each.namespace} · {each.name}"): each.id for each in ordered}
    return {words.REPORT_WHOLE: 0, **labels}


def missing_customer(workbook: Workbook, release_id: int, params: Params) -> mo.Html | None:
    """Say so when the customer that the address asks for is none of this release."""
    asked = params.text("customer")
    known = {member.customer_id for member in workbook.releases.members(release_id)}
    if asked is None or params.number("customer") in known or params.number("release") not in (None, release_id):
        return None
    return show(html('<p class="ro-refusal" role="alert">{text}</p>', text=words.REPORT_NO_MEMBER))


def write_address(release_id: int, customer_id: int) -> None:
    """Write what the report is about into the address, so that it can be sent to a colleague."""
    query = mo.query_params()
    if query.get("release") != str(release_id):
        query.set("release", str(release_id))
    if customer_id and query.get("customer") != str(customer_id):
        query.set("customer", str(customer_id))
    elif not customer_id and "customer" in query:
        query.remove("customer")


def made(workbook: Workbook, release_id: int, customer_id: int) -> Report | NotAllowed:
    """Give the facts, or why there are none: the release has no members, or the customer is none."""
    try:
        return workbook.report(release_id, customer_id) if customer_id else workbook.report(release_id)
    except NotAllowed as error:
        return error


def no_release() -> mo.Html:
    """Say that an empty workbook has nothing to report, and the way on."""
    return notice(html("{said} {way}", said=words.REPORT_NONE, way=link("releases", words.TO_RELEASES)))


def no_report(error: NotAllowed, release_id: int) -> mo.Html:
    """Say why there is no report, and the way on."""
    way = link("releases", words.REPORT_TO_RELEASE, release=release_id)
    return notice(html('<span role="status">{said}</span> {way}', said=str(error), way=way))


def downloads(report: Report) -> mo.Html:
    """Give the report's files, each made when it is asked for: they are of what the preview shows."""
    buttons = joined(element(_download(report, form)) for form in FORMATS)
    return show(html('<div class="ro-page ro-buttons">{buttons}</div>', buttons=buttons))


def _download(report: Report, form: str) -> Any:
    return mo.download(
        data=lambda: "".join(printed(report, form)).encode(),
        filename=file_name(report, form),
        mimetype=MEDIA_TYPES[form],
        label=words.REPORT_FILE[form],
    )


def said_of(report: Report, seen: int) -> Markup:
    """Say of when the report is, whether something changed since, and whether its secrets are masked."""
    head, masked = report.head, report.masked
    parts = [words.report_made(head.made_at, head.last_event_id)]
    if masked.secrets:
        parts.append(words.report_masked(masked.secrets, masked.places))
    since = html('<b class="ro-since">{text}</b>', text=words.REPORT_CHANGED) if seen > head.last_event_id else ""
    return html('<p class="ro-page ro-hint" role="status">{text} {since}</p>', text=" ".join(parts), since=since)


def preview(report: Report) -> mo.Html:
    """Give the report as its file looks, in a frame of its own: nothing of it runs, and its style stays its own."""
    frame = html(
        '<div class="ro-page ro-paper"><iframe sandbox="" title="{title}" srcdoc="{document}"></iframe></div>',
        title=words.REPORT_PREVIEW,
        document=escape(previewed(report)),
    )
    return show(frame)


def previewed(report: Report) -> str:
    """Give the file that the preview shows, without the matrix where that is too large to look at."""
    from relorch.reports.html import as_html

    if isinstance(report, SignOff):
        return as_html(report)
    return as_html(report, matrix=len(report.matrix.rows) * len(report.matrix.customers) <= PREVIEWED_CELLS)
