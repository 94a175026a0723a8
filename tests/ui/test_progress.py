"""The progress page: what it says of a release is what the flow, the progress and the matrix say, nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from relorch import Workbook
from relorch.ui import progress, words
from relorch.ui.heat import heat_of
from relorch.views.flow import BurnPoint, Flow, Forecast
from tests.conftest import Build
from tests.notebooks.test_pages import run

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def flow(*closed: int, total: int = 100, at: timedelta = timedelta(days=2), per_hour: float | None = None) -> Flow:
    """A release of which so many steps were closed hour by hour."""
    points = tuple(BurnPoint(START + HOUR * hour, total, done, 0) for hour, done in enumerate(closed))
    now = START + at
    left = total - closed[-1] if closed else 0
    done_at = now + timedelta(hours=left / per_hour) if per_hour and left else None
    return Flow(1, points, (), (), Forecast(now, closed[-1] if closed else 0, left, per_hour, done_at))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (Flow(1, (), (), (), Forecast(START, 0, 0, None, None)), "There is no step to close."),
        (flow(0), "100 steps open. Nothing is closed yet, so there is no pace to reckon with."),
        (flow(0, 40, 100, 100), "Everything is closed, the last at 2026-11-02 10:00 UTC."),
        (
            flow(0, 76, per_hour=0.5),
            "24 steps open. At the pace so far, about 12 steps a day, the rest is done in about 2 days, "
            "around 6 November 2026.",
        ),
        (
            flow(0, 76, per_hour=12),
            "24 steps open. At the pace so far, about 12 steps an hour, the rest is done in about 2 hours.",
        ),
        (
            flow(0, 90, per_hour=10),
            "10 steps open. At the pace so far, about 10 steps an hour, the rest is done in about an hour.",
        ),
        (
            flow(0, 1, per_hour=0.04),
            "99 steps open. At the pace so far, less than a step a day, the rest is done in about 15 weeks, "
            "around 15 February 2027.",
        ),
        (
            flow(0, 1, per_hour=0.001),
            "99 steps open. At the pace so far, less than a step a day, the rest is done in more than a year.",
        ),
        (
            flow(0, 200, total=200_000, per_hour=1234.5),
            "199,800 steps open. At the pace so far, about 1,200 steps an hour, the rest is done in about 7 days, "
            "around 11 November 2026.",
        ),
    ],
)
def test_when_the_rest_is_done_is_said_as_roughly_as_it_is_known(of: Flow, said: str) -> None:
    assert words.standing_of(of, archived=False) == said


def test_an_archived_release_has_no_outlook() -> None:
    assert words.standing_of(flow(0, 40, per_hour=1), archived=True) == "Archived: 60 steps left open."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5_399, "90 min"), (5_400, "1.5 h"), (259_200, "3.0 d")],
)
def test_a_time_is_told_in_one_unit(seconds: float, said: str) -> None:
    assert words.lasted(seconds) == said


def tables_of(shown: str) -> dict[str, list[list[str]]]:
    """The tables of a page: their rows by name, head first, as text."""
    found = {}
    for name, table in re.findall(r'<table aria-label="(.*?)">(.*?)</table>', shown, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
        found[unescape(name)] = [[unescape(re.sub("<.*?>", "", cell)) for cell in row] for row in cells]
    return found


@pytest.fixture
def worked(wb: Workbook, build: Build) -> Any:
    """Two clusters, three customers, three steps; done, skipped, failed, reverted, reopened, overridden and undone."""
    release = build.release()
    for name in ("Back up", "Migrate", "Look"):
        build.template(release, name=name)
    eu, us = wb.clusters.create(name="eu-1"), wb.clusters.create(name="us <b>1</b>")
    ids = [build.customer(cluster, name=name).id for cluster, name in ((eu, "Acme"), (eu, "Bolt"), (us, "<i>Zinc</i>"))]
    clock = {"now": START}

    def later(minutes: int) -> Workbook:
        clock["now"] += timedelta(minutes=minutes)
        return wb.at(clock["now"])

    wb.at(START).releases.activate(release.id, customer_ids=ids)
    acme, bolt, zinc = ([step.id for step in wb.steps.list(release.id, customer)] for customer in ids)
    for step in acme:
        later(10).steps.start(step)
        later(7).steps.mark_done(step)
    later(5).steps.skip(bolt[0], reason="not theirs")
    later(5).steps.fail(bolt[1], reason="disk")
    later(1).steps.revert(bolt[1])
    later(1).steps.reopen(bolt[1])
    later(1).steps.override(bolt[1], "echo other")
    later(1).steps.fail(zinc[2], reason="by mistake")
    later(1).undo()
    later(1).steps.start(bolt[2])
    later(40).steps.mark_done(bolt[2])
    later(60 * 30).steps.mark_done(zinc[0])
    later(1).steps.fail(zinc[1], reason="disk <full>")
    return release


def test_every_figure_of_the_page_is_what_the_workbook_says(wb: Workbook, worked: Any) -> None:
    shown, defined = run("progress", wb.at(START + timedelta(days=3)), release=str(worked.id))
    told, tables = wb.flow(worked.id), tables_of(shown)
    whole = wb.progress(worked.id)

    tiles = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown))
    complete = [member for member in told.lead_times if member.completed_at]
    assert tiles["closed"] == f"{whole.percentage} %"
    assert tiles["steps closed"] == f"{told.burn_up[-1].closed} of {told.burn_up[-1].total}" == "6 of 9"
    assert tiles["customers complete"] == f"{len(complete)} of {len(told.lead_times)}" == "1 of 3"
    assert {name: int(tiles[name.replace("_", " ")]) for name in whole.counts} == whole.counts
    assert words.standing_of(wb.at(START + timedelta(days=3)).flow(worked.id), archived=False) in unescape(shown)

    newest, *_, oldest = tables[words.BURN_UP][1:]
    last = told.burn_up[-1]
    assert newest[1:5] == [str(each) for each in (last.total, last.closed, last.done, last.skipped)]
    assert sum(int(row[5]) for row in tables[words.BURN_UP][1:]) == last.closed
    assert oldest[0].startswith("2026-11-02")

    clusters = wb.progress(worked.id, by="cluster")
    assert tables[words.BY_CLUSTER][1:] == [
        [
            each.label,
            f"{each.percentage} %",
            *(str(number) for number in (each.total, *each.counts.values(), each.held)),
        ]
        for each in clusters
    ]
    steps = wb.progress(worked.id, by="step")
    assert [row[1:] for row in tables[words.HEAT][1:]] == [
        [f"{each.percentage} %", *(str(number) for number in each.counts.values())] for each in steps
    ]
    assert tables[words.STEP_TIMES][1:] == [
        [
            f"{at}. {step.name}",
            str(len(step.seconds)),
            "–" if step.median is None else words.lasted(step.median),
            "–" if step.p90 is None else words.lasted(step.p90),
        ]
        for at, step in enumerate(told.steps, 1)
    ]
    kinds = ("done", "skips", "failures", "reverts", "reopens", "overrides")
    assert {row[0]: [int(cell) for cell in row[1:7]] for row in tables[words.CANDIDATES][1:]} == {
        f"{at}. {step.name}": [getattr(step, kind) for kind in kinds]
        for at, step in enumerate(told.steps, 1)
        if any(getattr(step, kind) for kind in kinds[1:])
    }
    assert {row[0]: row[1:] for row in tables[words.LEAD_TIMES][1:]} == {
        each.customer_name: [
            each.cluster_name,
            "–" if each.seconds is None else words.lasted(each.seconds),
            words.moment(each.since),
            "–" if each.completed_at is None else words.moment(each.completed_at),
        ]
        for each in told.lead_times
    }
    versions = wb.versions()
    assert {row[0]: row[3] for row in tables[words.VERSIONS_EACH][1:]} == {
        customer.name: versions[customer.id].release_name if customer.id in versions else "–"
        for customer in wb.customers.list()
    }
    assert defined["facts"].flow.burn_up == told.burn_up


def test_a_picked_cluster_shows_its_customers_and_a_picked_customer_its_steps(wb: Workbook, worked: Any) -> None:
    zinc = next(customer for customer in wb.customers.list() if "Zinc" in customer.name)
    shown, _ = run("progress", wb, release=str(worked.id), customer=str(zinc.id))
    tables = tables_of(shown)
    assert [row[0] for row in tables[words.BY_CUSTOMER][1:]] == ["<i>Zinc</i>"]
    assert [row[:3] for row in tables[words.ITS_STEPS][1:]] == [
        [step.name, step.category, step.status] for step in wb.steps.list(worked.id, zinc.id)
    ]
    assert tables[words.ITS_STEPS][2][5] == "disk <full>"
    assert "<i>Zinc" not in shown
    assert "us <b>" not in shown


def test_what_is_not_in_the_release_is_not_picked(wb: Workbook, worked: Any) -> None:
    shown, _ = run("progress", wb, release=str(worked.id), cluster="4711", customer="4711")
    assert words.BY_CUSTOMER_PICK in shown
    assert words.ITS_STEPS_PICK in shown


def test_what_the_address_asks_for_in_vain_is_said_above_the_charts(wb: Workbook, worked: Any) -> None:
    eu, us = (cluster.id for cluster in wb.clusters.list())
    zinc = next(customer.id for customer in wb.customers.list() if "Zinc" in customer.name)
    stranger = wb.customers.create(cluster_id=eu, namespace="stranger", name="Stranger")
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({}, None),
        ({"cluster": us}, None),
        ({"customer": zinc}, None),
        ({"cluster": us, "customer": zinc}, None),
        ({"cluster": 4711}, "cluster"),
        ({"cluster": "eu-1"}, "cluster"),
        ({"cluster": 4711, "customer": zinc}, "cluster"),
        ({"customer": 4711}, "customer"),
        ({"customer": stranger.id}, "customer"),
        ({"cluster": eu, "customer": zinc}, "customer"),
    ]
    for asked, wrong in cases:
        shown, _ = run("progress", wb, release=str(worked.id), **{name: str(value) for name, value in asked.items()})
        said = [kind for kind, sentence in words.PROGRESS_MISSING.items() if sentence in shown]
        assert said == ([wrong] if wrong else []), asked
        above = shown.find(words.PROGRESS_MISSING[wrong]) if wrong else 0
        assert above < shown.index(words.PROGRESS_STANDING)


def test_an_only_cluster_is_not_the_one_that_was_asked_for(wb: Workbook, build: Build) -> None:
    release = build.active(customers=1, steps=1)
    shown, _ = run("progress", wb, release=str(release.id), cluster="4711")
    assert words.PROGRESS_MISSING["cluster"] in shown


def test_an_only_cluster_needs_no_picking(wb: Workbook, build: Build) -> None:
    release = build.active(customers=1, steps=1)
    shown, _ = run("progress", wb, release=str(release.id))
    assert len(tables_of(shown)[words.BY_CUSTOMER]) == 2
    assert words.STEP_TIMES_EMPTY in shown
    assert words.CANDIDATES_EMPTY in shown
    assert "Nothing is closed yet" in shown


def test_without_an_active_release_there_is_nothing_but_the_way_to_one(wb: Workbook, build: Build) -> None:
    assert words.VERSIONS_DAY not in run("progress", wb)[0]
    shown, _ = run("progress", wb, release=build.release().name)
    assert words.PROGRESS_OF_A_DRAFT in shown
    assert words.VERSIONS_DAY not in shown


def test_a_release_that_every_customer_left_says_so(wb: Workbook, build: Build) -> None:
    release = build.active(customers=1, steps=1)
    wb.releases.remove(release.id, [wb.customers.list()[0].id], reason="left")
    shown, _ = run("progress", wb, release=str(release.id))
    assert shown.count(words.RELEASE_WITHOUT_CUSTOMERS) == 3
    assert "There is no step to close." in shown


def test_the_small_matrix_counts_every_step_once_and_mixes_no_clusters(wb: Workbook, build: Build) -> None:
    release = build.release()
    for _ in range(60):
        build.template(release)
    clusters = [build.cluster() for _ in range(3)]
    ids = [build.customer(clusters[at % 3]).id for at in range(100)]
    wb.releases.activate(release.id, customer_ids=ids)
    wb.steps.mark_done([step.id for step in wb.steps.list(release.id, ids[0])][:30])
    matrix = wb.matrix(release.id)
    heat = heat_of(matrix)
    assert not heat.each
    assert len(heat.cells) <= 60 * (len(heat.bands)) <= 2_500 + 3 * 60
    assert sum(cell.counts.total() for cell in heat.cells) == 6_000
    assert sum(cell.counts["done"] for cell in heat.cells) == 30  # type: ignore[index]
    assert [name for band in heat.bands for name in band.names] == [customer.name for customer in matrix.customers]
    for band in heat.bands:
        assert {customer.cluster_name for customer in matrix.customers[band.first : band.end]} == {band.cluster_name}


def test_customers_of_one_name_are_told_apart(wb: Workbook, build: Build) -> None:
    release = build.release()
    build.template(release)
    first, second = (build.customer(name="Twin", namespace=f"twin-{at}") for at in (1, 2))
    wb.releases.activate(release.id, customer_ids=[first.id, second.id])
    names = [name for _, _, name in progress.read(wb, release).roster]
    assert names == [f"Twin · twin-1 #{first.id}", f"Twin · twin-2 #{second.id}"]


def test_the_burn_up_is_thinned_and_keeps_its_ends() -> None:
    points = flow(*range(5_000), total=5_000).burn_up
    thin = progress._thinned(points)
    assert len(thin) <= progress.POINTS + 2
    assert (thin[0], thin[-1]) == (points[0], points[-1])
    assert [each.at for each in thin] == sorted(each.at for each in thin)


@pytest.mark.parametrize(("archived", "drawn_on"), [(False, 5.0), (True, 0.0)])
def test_a_standstill_is_drawn_on_to_now(
    wb: Workbook, build: Build, monkeypatch: pytest.MonkeyPatch, archived: bool, drawn_on: float
) -> None:
    release = build.active(customers=2)
    wb.steps.mark_done(build.steps_of(release)[0].id)
    last = wb.flow(release.id).burn_up[-1].at
    if archived:
        release = wb.releases.archive(release.id)
    drawn: list[Any] = []
    monkeypatch.setattr(progress.charts, "burn_up", lambda rows, **said: drawn.append((rows, said)))
    monkeypatch.setattr(progress.charts, "element", lambda *words, **said: None)
    monkeypatch.setattr(progress, "section", lambda *words, **said: None)
    later = last + timedelta(hours=5)
    progress.burn_up(progress.read(wb.at(later), wb.releases.get(release.id)))
    ((rows, said),) = drawn
    assert (rows[-1]["at"] - progress.charts.epoch(last)) / 3_600_000 == drawn_on
    assert said == {"times": "%-d %b %H:%M:%S" if archived else "%-d %b %H:%M"}


def test_what_takes_long_to_read_is_not_read_at_every_change(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 100.0}
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock["now"])
    drawn: list[float] = []
    reads = progress.Paced(lambda: None)

    def slow() -> str:
        clock["now"] += 2
        return "read"

    assert reads.timed(slow) == "read"
    reads.heard(lambda: drawn.append(clock["now"]))
    assert (drawn, reads.recover()) == ([], False)
    clock["now"] += 2 * progress.PATIENCE
    assert reads.recover()
    reads.heard(lambda: drawn.append(clock["now"]))
    assert drawn == [clock["now"]]
    assert not reads.recover()
