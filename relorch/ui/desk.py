"""The matrix and the step beside it, as one thing to work at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import marimo as mo

from relorch.errors import InvalidValue, NotFound
from relorch.model.values import Release, ReleaseStatus
from relorch.ui import words
from relorch.ui.feed import Feed
from relorch.ui.page import Markup, element, html, joined, link, notice, show
from relorch.ui.session import Params
from relorch.ui.widgets.matrix import MatrixWidget
from relorch.ui.widgets.step import StepWidget
from relorch.workbook import Workbook


def desk(workbook: Workbook, release: Release, selected: int | None = 0) -> mo.Html:
    """Give the matrix of a release with the step panel; `selected` is the step that is open at first.

    0: none; None: the one that was asked for is not there. What the panel stores, the matrix shows from then on.
    """
    channel = f"release-{release.id}"
    seen = Feed.of(workbook).newest()
    matrix = MatrixWidget(workbook, release, channel=channel, selected=selected or 0)
    step = StepWidget(
        workbook,
        channel=channel,
        opened=selected or 0,
        on_change=matrix.refresh,
        on_look=matrix.follow,
        seen=seen,
        empty=words.NO_SUCH_STEP if selected is None else "",
    )
    return show(
        html(
            '<div class="ro-desk"><div>{matrix}</div><aside>{step}</aside></div>',
            matrix=element(mo.ui.anywidget(matrix)),
            step=element(mo.ui.anywidget(step)),
        )
    )


def wanted_release(workbook: Workbook, params: Params) -> Release | None:
    """Give the release the page is about: the one that was asked for, by itself or by one of its steps.

    Else the newest active, else the newest; None when there is none at all. Raises `NotFound` for one that is
    not there.
    """
    releases = workbook.releases.list()
    asked, step = params.text("release"), params.number("step")
    if asked is None and step:
        with suppress(NotFound):  # the step that is not there is told beside the matrix
            return workbook.releases.get(workbook.steps.get(step).release_id)
    if asked is not None:
        for release in releases:
            if asked in (str(release.id), release.name):
                return release
        raise NotFound("release", asked, "release")
    active = [release for release in releases if release.status is ReleaseStatus.ACTIVE]
    return next(iter(active or releases), None)


def wanted_step(workbook: Workbook, release: Release, params: Params) -> int | None:
    """Give the id of the step that was asked for, 0 when none was, and None when it is not one of this release."""
    if params.text("step") is None:
        return 0
    try:
        step = workbook.steps.get(params.number("step") or 0)
    except (InvalidValue, NotFound):
        return None
    return step.id if step.release_id == release.id else None


def nothing_yet(release: Release | None) -> mo.Html:
    """Give why there is no matrix, and the way on: `release` is a draft, or None."""
    said = words.NO_MATRIX_YET if release is None else words.DRAFT_HAS_NO_MATRIX
    way = link("releases", words.TO_RELEASES, release=release.id if release else None)
    return notice(html("{said} {way}", said=said, way=way))


def other_releases(releases: Sequence[Release], current: Release | None) -> Markup:
    """Give the way to the matrices of the other releases."""
    others = [release for release in releases if current is None or release.id != current.id]
    if not others:
        return Markup()
    rows = joined(
        html(
            '<li><a href="?release={id}">{name}</a><span class="ro-chip">{status}</span></li>',
            id=release.id,
            name=release.name,
            status=release.status.value,
        )
        for release in others
    )
    return html('<details class="ro-others"><summary>other releases</summary><ul>{rows}</ul></details>', rows=rows)


def title_of(release: Release | None) -> Markup:
    """Give the page's title: which release, which version, in which status."""
    if release is None:
        return html("{text}", text=words.NO_RELEASE)
    return html(
        '{name} <span class="ro-chip">{version}</span> <span class="ro-chip">{status}</span>',
        name=release.name,
        version=release.version_number or "no version",
        status=release.status.value,
    )
