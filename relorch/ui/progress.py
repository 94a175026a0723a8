"""How a release stands: what the page reads of it at once, and the parts that follow a picked cluster and customer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import marimo as mo

from relorch.errors import NotFound
from relorch.model.progress import Progress
from relorch.model.status import STATUSES, Status
from relorch.model.text import visible
from relorch.model.values import Release, ReleaseStatus
from relorch.ui import charts, words
from relorch.ui.desk import other_releases, title_of, wanted_release
from relorch.ui.figures import Figure, empty, section, table, tiles
from relorch.ui.heat import Heat, HeatCell, heat_of
from relorch.ui.meters import SHARES, percent
from relorch.ui.page import Markup, element, header, html, link, notice, show
from relorch.ui.reads import Read, Reads
from relorch.ui.session import Params
from relorch.views.flow import BurnPoint, Flow
from relorch.views.matrix import Matrix, MatrixCustomer
from relorch.workbook import Workbook

BARS = 30
"""As many customers of a cluster stand in the chart; the table has more."""
POINTS = 400
"""The burn-up is drawn with about so many points."""
_GLYPHS = {"failed": "✕", "reverted": "↺"}


@dataclass(frozen=True)
class Facts:
    """All that the page shows of a release, read at one go."""

    release: Release
    flow: Flow
    whole: Progress
    clusters: tuple[Progress, ...]
    customers: Mapping[int, Progress]
    matrix: Matrix

    @property
    def cluster_of(self) -> dict[int, int]:
        """On which cluster each member is, by customer id."""
        return {customer.id: customer.cluster_id for customer in self.matrix.customers}

    @property
    def roster(self) -> tuple[tuple[int, int, str], ...]:
        """Who can be picked: cluster id, customer id and a name that nobody else has."""
        return tuple(_told_apart(self.matrix.customers))

    def of_cluster(self, cluster_id: int) -> list[Progress]:
        """Give the customers of a cluster, the furthest behind first."""
        there = [self.customers[customer] for customer, on in self.cluster_of.items() if on == cluster_id]
        return sorted(there, key=lambda each: (each.percentage is None, each.percentage, str(each.label)))


def _told_apart(customers: Sequence[MatrixCustomer]) -> Iterator[tuple[int, int, str]]:
    """Give each customer by its name; where another has the same, with its namespace and id."""
    named = Counter(visible(customer.name) for customer in customers)
    for customer in customers:
        name = visible(customer.name)
        own = name if named[name] == 1 else f"{name} · {customer.namespace} #{customer.id}"
        yield customer.cluster_id, customer.id, own


def read(workbook: Workbook, release: Release) -> Facts:
    """Read all that the page shows of a release."""
    return Facts(
        workbook.releases.get(release.id),
        workbook.flow(release.id),
        workbook.progress(release.id),
        tuple(workbook.progress(release.id, by="cluster")),
        {int(each.key or 0): each for each in workbook.progress(release.id, by="customer")},
        workbook.matrix(release.id),
    )


Element = TypeVar("Element")

PATIENCE = 9
"""So many times as long as a read took is waited before what changed meanwhile is read."""


@dataclass
class Paced(Reads):
    """The reads of a page that take long in a large workbook: they are not repeated at every change there."""

    took: float = 0.0
    read_at: float = 0.0
    behind: bool = False

    def timed(self, read: Callable[[], Read]) -> Read:
        """Give what is read, and remember how long that takes."""
        began = time.monotonic()
        found = self(read)
        self.read_at = time.monotonic()
        self.took = self.read_at - began
        return found

    def heard(self, draw: Callable[[], object]) -> None:
        """Have drawn what changed: now, or when enough time has gone by."""
        self.behind = time.monotonic() - self.read_at < PATIENCE * self.took
        if not self.behind:
            draw()

    def recover(self) -> bool:
        """Have drawn again what failed, and what was put off; the pulse asks every other second."""
        due = self.behind and time.monotonic() - self.read_at >= PATIENCE * self.took
        return super().recover() or due


@dataclass
class Chosen:
    """What is picked, in a chart or in a list, whichever came last."""

    cluster: int | None = None
    customer: int | None = None

    @classmethod
    def asked(cls, params: Params) -> Chosen:
        """Give what the address asks for."""
        return cls(params.number("cluster"), params.number("customer"))

    def fit(self, facts: Facts) -> Chosen:
        """Give what of it is in the release: a customer brings its cluster along, an only cluster is picked."""
        on, known = facts.cluster_of, [int(each.key or 0) for each in facts.clusters]
        customer = self.customer if self.customer in on else None
        if customer is not None and self.cluster in (None, on[customer]):
            return Chosen(on[customer], customer)
        only = known[0] if len(known) == 1 else None
        return Chosen(self.cluster if self.cluster in known else only, None)


@dataclass(frozen=True)
class Heard:
    """Who hears of what: cells are drawn anew by them; each takes what makes a new count of the old one."""

    cluster: _Count
    charted: _Count
    listed: _Count
    names: _Count


@dataclass
class Picks:
    """What is picked in the charts and the lists: each of them follows the other, and none is drawn anew by itself.

    `elements` are those that are drawn now: marimo hears of no element that nobody holds.
    """

    release: Release
    chosen: Chosen
    heard: Heard
    clusters: tuple[tuple[int, str], ...] = ()
    roster: tuple[tuple[int, int, str], ...] = ()
    elements: dict[str, Any] = field(default_factory=dict)

    def follow(self, facts: Facts) -> None:
        """Take over what can be picked now; what was picked and is gone is picked no longer."""
        clusters, roster = clusters_in(facts), facts.roster
        self.chosen = self.chosen.fit(facts)
        if (clusters, roster) != (self.clusters, self.roster):
            self.clusters, self.roster = clusters, roster
            self.heard.names(_next)

    def cluster_charted(self, cluster: int | None) -> None:
        """Pick a cluster in the chart."""
        self._pick(Chosen(cluster), self.heard.charted)

    def customer_charted(self, customer: int | None) -> None:
        """Pick a customer in the chart."""
        self._pick(Chosen(self.chosen.cluster, customer), self.heard.charted)

    def cluster_list(self) -> mo.ui.dropdown:
        """Give the clusters as a list, for who does not click into charts."""
        options = {name: key for key, name in self.clusters}
        pick = lambda cluster: self._pick(Chosen(cluster), self.heard.listed)  # noqa: E731 - it is bound to this list
        return self.hold(words.PICK_CLUSTER, _list(words.PICK_CLUSTER, options, self.chosen.cluster, pick))

    def customer_list(self) -> mo.ui.dropdown:
        """Give the customers of the picked cluster as a list."""
        options = {name: customer for cluster, customer, name in self.roster if cluster == self.chosen.cluster}
        pick = lambda one: self._pick(Chosen(self.chosen.cluster, one), self.heard.listed)  # noqa: E731 - as above
        return self.hold(words.PICK_CUSTOMER, _list(words.PICK_CUSTOMER, options, self.chosen.customer, pick))

    def hold(self, place: str, drawn: Element) -> Element:
        """Hold what is drawn in a place of the page, until something else is."""
        self.elements[place] = drawn
        return drawn

    def _pick(self, chosen: Chosen, where: _Count) -> None:
        other = chosen.cluster != self.chosen.cluster
        if chosen == self.chosen:
            return
        self.chosen = chosen
        where(_next)
        if other:
            self.heard.cluster(_next)


_Count = Callable[[Callable[[int], int]], object]


def _next(count: int) -> int:
    return count + 1


def _list(label: str, options: Mapping[str, int], picked: int | None, on_pick: Any) -> mo.ui.dropdown:
    value = next((name for name, key in options.items() if key == picked), None)
    return mo.ui.dropdown(dict(options), value=value, label=label, on_change=on_pick, allow_select_none=True)


def clusters_in(facts: Facts) -> tuple[tuple[int, str], ...]:
    """Give the clusters of the release, by id and name."""
    return tuple((int(each.key or 0), visible(str(each.label))) for each in facts.clusters)


def write_address(chosen: Chosen) -> None:
    """Write what is picked into the address, so that it can be sent to a colleague."""
    query = mo.query_params()
    for name, value in (("cluster", chosen.cluster), ("customer", chosen.customer)):
        if value is None and name in query:
            query.remove(name)
        elif value is not None and query.get(name) != str(value):
            query.set(name, str(value))


def opened(workbook: Workbook, params: Params) -> tuple[Release | None, mo.Html]:
    """Give the release the page is about, None when there is nothing to show of it, and the top of the page."""
    releases = workbook.releases.list()
    try:
        release = wanted_release(workbook, params)
    except NotFound:
        top = header("progress", "Progress", beside=other_releases(releases, None))
        return None, mo.vstack([top, notice(words.NO_SUCH_RELEASE)])
    top = header("progress", html("Progress: {of}", of=title_of(release)), beside=other_releases(releases, release))
    if release is None or release.status is ReleaseStatus.DRAFT or _was_never_active(release):
        return None, mo.vstack([top, _nothing_yet(release)])
    return release, top


def _was_never_active(release: Release) -> bool:
    return release.archived_from is ReleaseStatus.DRAFT


def _nothing_yet(release: Release | None) -> mo.Html:
    said = words.PROGRESS_NOTHING if release is None else words.PROGRESS_OF_A_DRAFT
    way = link("releases", words.TO_RELEASES, release=release.id if release else None)
    return notice(html("{said} {way}", said=said, way=way))


def missing(params: Params, facts: Facts) -> mo.Html | None:
    """Say so when the cluster or customer that the address asks for is none of this release."""
    found = Chosen.asked(params).fit(facts)
    for name, picked in (("cluster", found.cluster), ("customer", found.customer)):
        if params.text(name) is not None and (picked is None or params.number(name) != picked):
            return show(
                html('<p class="ro-page ro-refusal" role="alert">{text}</p>', text=words.PROGRESS_MISSING[name])
            )
    return None


def standing(facts: Facts) -> mo.Html:
    """Give the line of figures, and the sentence that says when the rest will be done."""
    whole, members = facts.whole, facts.flow.lead_times
    complete = sum(member.completed_at is not None for member in members)
    figures = [
        ("closed", percent(whole)),
        ("steps closed", f"{whole.closed:,} of {whole.total:,}"),
        ("customers complete", f"{complete:,} of {len(members):,}"),
        *((status.value.replace("_", " "), f"{whole.counts[status]:,}") for status in STATUSES),
        *([("on hold", words.steps(whole.held))] if whole.held else []),
    ]
    said = words.standing_of(facts.flow, archived=facts.release.status is ReleaseStatus.ARCHIVED)
    return show(
        html(
            '<section class="ro-page ro-standing-now" aria-label="{name}">{tiles}'
            '<p class="ro-outlook">{said}</p></section>',
            name=words.PROGRESS_STANDING,
            tiles=tiles(figures),
            said=said,
        )
    )


def burn_up(facts: Facts) -> mo.Html:
    """Give total and closed over time, and beside it each day's (or hour's) end."""
    points = facts.flow.burn_up
    if not points:
        return empty(words.BURN_UP, words.BURN_UP_EMPTY)
    rows = [
        {"at": charts.epoch(each.at), "when": words.moment(each.at), "total": each.total}
        | {"done": each.done, "skipped": each.skipped}
        for each in _until_now(facts, _thinned(points))
    ]
    hourly = points[-1].at - points[0].at < timedelta(days=2)
    ends = _ends(points, hourly=hourly)
    before = [None, *ends[:-1]]
    figures = [
        (
            f"{each.at:%Y-%m-%d %H}:00" if hourly else f"{each.at:%Y-%m-%d}",
            each.total,
            each.closed,
            each.done,
            each.skipped,
            each.closed - (last.closed if last else 0),
        )
        for each, last in zip(ends, before, strict=True)
    ]
    heads = ("hour (UTC)" if hourly else "day (UTC)", "total", "closed", "done", "skipped", "closed in it")
    chart = charts.element(charts.burn_up(rows, times=_times(rows)), words.BURN_UP_SAID, height=260)
    figure = table(words.BURN_UP, heads, figures[::-1])
    return section(words.BURN_UP, words.BURN_UP_SAID, chart=chart, height=330, table=figure)


def _thinned(points: Sequence[BurnPoint]) -> list[BurnPoint]:
    """Give fewer points of the same course: the last one of each stretch, and always the first and the last."""
    stretch = -(-len(points) // POINTS)
    return list({id(each): each for each in (points[0], *points[stretch - 1 :: stretch], points[-1])}.values())


def _until_now(facts: Facts, points: Sequence[BurnPoint]) -> list[BurnPoint]:
    """Draw the last point on to now while the work goes on: a standstill is to be seen."""
    now, last = facts.flow.forecast.at, points[-1]
    works_on = facts.release.status is ReleaseStatus.ACTIVE and facts.flow.forecast.open and now > last.at
    return [*points, replace(last, at=now)] if works_on else list(points)


def _times(rows: Sequence[dict[str, Any]]) -> str:
    """Give how finely a time is written below a chart, so that no two ticks read the same."""
    minutes = (rows[-1]["at"] - rows[0]["at"]) / 60_000
    return "%-d %b" if minutes >= 9 * 24 * 60 else "%-d %b %H:%M" if minutes >= 10 else "%-d %b %H:%M:%S"


def _ends(points: Sequence[BurnPoint], *, hourly: bool) -> list[BurnPoint]:
    """Give the last point of each hour or day."""
    cut = {"minute": 0, "second": 0, "microsecond": 0} | ({} if hourly else {"hour": 0})
    return list({each.at.astimezone(UTC).replace(**cut): each for each in points}.values())  # type: ignore[arg-type]


def _status_rows(progress: Iterable[tuple[str, Progress]], picks: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "status": status.value.replace("_", " "),
            "place": at,
            "count": each.counts[status],
            "share": each.counts[status] / each.total,
            picks: each.key,
        }
        for label, each in progress
        for at, status in enumerate((*SHARES, Status.PENDING))
        if each.counts[status]
    ]


def _counts(label: object, each: Progress) -> tuple[object, ...]:
    return (label, Figure(percent(each)), each.total, *(each.counts[status] for status in STATUSES), each.held)


_COUNTED = ("closed", "steps", *(status.value.replace("_", " ") for status in STATUSES), "on hold")


def by_cluster(facts: Facts, picks: Picks) -> mo.Html:
    """Give the statuses of each cluster; a click on a bar picks the cluster."""
    if not facts.clusters:
        return empty(words.BY_CLUSTER, words.RELEASE_WITHOUT_CUSTOMERS)
    named = [(visible(str(each.label)), each) for each in facts.clusters]
    labels = [label for label, _ in named]
    height = charts.BAR * len(labels)
    chart = charts.element(
        charts.statuses(_status_rows(named, "cluster"), "cluster", picks.chosen.cluster, labels=labels),
        words.BY_CLUSTER_SAID,
        height=height,
        on_pick=lambda picked: picks.cluster_charted(next(iter(picked.get("cluster", [])), None)),
    )
    picks.hold(words.BY_CLUSTER, chart)
    figure = table(words.BY_CLUSTER, ("cluster", *_COUNTED), [_counts(*each) for each in named])
    return section(words.BY_CLUSTER, words.BY_CLUSTER_SAID, chart=chart, height=height + 90, table=figure, many=True)


def by_customer(facts: Facts, picks: Picks) -> mo.Html:
    """Give the statuses of each customer of the picked cluster, the furthest behind first."""
    if picks.chosen.cluster is None:
        return empty(words.BY_CUSTOMER, words.BY_CUSTOMER_PICK)
    name_of = {customer: name for _, customer, name in facts.roster}
    there = [(name_of[int(each.key or 0)], each) for each in facts.of_cluster(picks.chosen.cluster)]
    counted = [(label, each) for label, each in there if each.total]
    drawn = counted[:BARS]
    said = words.by_customer(
        dict(clusters_in(facts))[picks.chosen.cluster], len(there), len(drawn), all_drawn=drawn == counted
    )
    figure = table(words.BY_CUSTOMER, ("customer", *_COUNTED), [_counts(*each) for each in there])
    if not drawn:
        return section(words.BY_CUSTOMER, said, table=figure)
    labels, height = [label for label, _ in drawn], charts.BAR * len(drawn)
    chart = charts.element(
        charts.statuses(_status_rows(drawn, "customer"), "customer", picks.chosen.customer, labels=labels),
        said,
        height=height,
        on_pick=lambda picked: picks.customer_charted(next(iter(picked.get("customer", [])), None)),
    )
    picks.hold(words.BY_CUSTOMER, chart)
    return section(words.BY_CUSTOMER, said, chart=chart, height=height + 90, table=figure, many=True)


def steps_of_customer(workbook: Workbook, facts: Facts, chosen: Chosen) -> mo.Html:
    """Give the steps of the picked customer, each with the way to it."""
    if chosen.customer is None:
        return empty(words.ITS_STEPS, words.ITS_STEPS_PICK)
    name = {customer: name for _, customer, name in facts.roster}[chosen.customer]
    rows = [
        (
            link("checklist", step.name, release=facts.release.id, customer=chosen.customer, step=step.id),
            step.category.value,
            _status_word(step.status.value),
            step.executed_by,
            words.moment(step.executed_at) if step.executed_at else None,
            step.skip_reason if step.status == "skipped" else step.notes,
        )
        for step in workbook.steps.list(facts.release.id, chosen.customer)
    ]
    heads = ("step", "category", "status", "by", "at", "note")
    return section(words.ITS_STEPS, words.steps_of(name, len(rows)), table=table(words.ITS_STEPS, heads, rows))


def _status_word(status: str) -> Markup:
    return html('<span class="ro-word {status}">{word}</span>', status=status, word=status.replace("_", " "))


def heat_strip(facts: Facts) -> mo.Html:
    """Give the matrix in small, and the figures of each step beside it."""
    heat = heat_of(facts.matrix)
    if not heat.cells:
        return empty(words.HEAT, words.RELEASE_WITHOUT_CUSTOMERS)
    rows = [_cell(heat, cell) for cell in heat.cells]
    marks = [row | {"glyph": _GLYPHS[row["worst"]]} for row in rows if row["worst"] in _GLYPHS]
    said = words.heat(len(heat.rows), len(facts.matrix.customers), max(len(band.names) for band in heat.bands))
    height = max(60, min(len(heat.rows) * 18, 640))
    firsts = {band.cluster_name: at for at, band in reversed(list(enumerate(heat.bands)))}
    chart = charts.heat(
        rows,
        marks,
        across={at: visible(name) for name, at in firsts.items()},
        bands=len(heat.bands),
        down=[visible(row) for row in heat.rows],
        each=heat.each,
    )
    figures = [(name, *_row_figures(heat, at)) for at, name in enumerate(heat.rows)]
    heads = ("step", "closed", *(status.value.replace("_", " ") for status in STATUSES))
    shown = charts.element(chart, said, height=height)
    figure = table(words.HEAT, heads, figures)
    return section(words.HEAT, said, chart=shown, height=height + 90, table=figure, many=True)


def _cell(heat: Heat, cell: HeatCell) -> dict[str, Any]:
    counted = (f"{count:,} {status.value.replace('_', ' ')}" for status, count in sorted(cell.counts.items()))
    return {
        "down": visible(heat.rows[cell.row]),
        "across": cell.band,
        "place": visible(heat.bands[cell.band].label),
        "status": cell.worst.value.replace("_", " "),
        "worst": cell.worst.value,
        "share": cell.share,
        "said": ", ".join(counted),
    }


def _row_figures(heat: Heat, row: int) -> tuple[object, ...]:
    counts: Counter[Status] = sum((cell.counts for cell in heat.cells if cell.row == row), Counter())
    closed = counts[Status.DONE] + counts[Status.SKIPPED]
    return (Figure(f"{100 * closed // max(counts.total(), 1)} %"), *(counts[status] for status in STATUSES))


def day_choice(now: datetime) -> mo.ui.date:
    """Give the choice of the day for which versions are told."""
    return mo.ui.date(label=words.VERSIONS_DAY, value=now.date(), stop=now.date())


def versions_on(workbook: Workbook, choice: mo.ui.date) -> mo.Html:
    """Give which version every active customer was on at the end of the chosen day in UTC (today: now)."""
    now, day = workbook.now(), choice.value
    at = now if day is None else min(now, datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))
    versions = workbook.versions(at=at)
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    rows = []
    counts: Counter[str] = Counter()
    for customer in workbook.customers.list():
        version = versions.get(customer.id)
        name = (version.version_number or version.release_name) if version else words.NO_VERSION
        counts[name] += 1
        done = words.moment(version.completed_at) if version else None
        rows.append(
            (customer.name, clusters[customer.cluster_id], name, version.release_name if version else None, done)
        )
    said = words.versions_at(words.moment(at), len(rows))
    totals = table(words.VERSIONS_COUNTED, ("version", "customers"), counts.most_common())
    whole = table(words.VERSIONS_EACH, ("customer", "cluster", "version", "release", "complete"), rows)
    both = html('{choice}<div class="ro-two">{totals}{whole}</div>', choice=element(choice), totals=totals, whole=whole)
    return section(words.VERSIONS_THEN, said, table=both)
