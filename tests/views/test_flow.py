"""How a release went: each figure against a second computation, and against what the workbook said at the time.

`RELORCH_MACHINE=long` plays 60 × 200 verbs instead of 5 × 70.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

import pytest

from relorch import Workbook
from relorch.errors import InvalidValue, NotFound
from relorch.views.flow import BurnPoint, Flow, Forecast, StepFlow
from relorch.views.standing import Version
from tests.conftest import Build
from tests.views import independent
from tests.views.playing import Player
from tests.workbook.test_spec_database import MADE, RAN, Make, spec  # noqa: F401 a fixture


def at(minutes: float) -> datetime:
    return datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(minutes=minutes)


def figures(step: StepFlow) -> dict[str, int]:
    return {"mark_done": step.done, "skip": step.skips, "fail": step.failures, "revert": step.reverts} | {
        "reopen": step.reopens,
        "override": step.overrides,
    }


def figures_of(**given: int) -> dict[str, int]:
    return dict.fromkeys(("mark_done", "skip", "fail", "revert", "reopen", "override"), 0) | given


def check_against_independent(wb: Workbook, release_id: int) -> Flow:
    flow, history = wb.flow(release_id), wb.history(release_id=release_id)
    assert [(p.at, p.total, p.done, p.skipped) for p in flow.burn_up] == independent.burn_up(history)
    assert {each.customer_id: (each.since, each.completed_at) for each in flow.lead_times} == independent.lead_times(
        history
    )
    counted = independent.step_counts(history)
    assert len({step.template_id or (step.name, step.category) for step in flow.steps}) == len(flow.steps)
    for step in flow.steps:
        count = counted.pop(step.template_id or (step.name, step.category), independent.StepCount())
        assert figures(step) == {verb: count.verbs[verb] for verb in figures(step)}, step
        assert step.seconds == tuple(sorted(count.seconds)), step
        assert (step.median, step.p90) == (pytest.approx(count.quantile(0.5)), pytest.approx(count.quantile(0.9)))
    assert [name for name, count in counted.items() if count.verbs.keys() & figures_of()] == []
    return flow


def check_against_now(wb: Workbook, release_id: int) -> None:
    flow, progress = wb.flow(release_id), wb.progress(release_id)
    last = flow.burn_up[-1] if flow.burn_up else BurnPoint(wb.now(), 0, 0, 0)
    assert (last.total, last.done, last.skipped) == (
        progress.total,
        progress.counts["done"],
        progress.counts["skipped"],
    )
    assert (flow.forecast.closed, flow.forecast.open) == (progress.closed, progress.open)
    members = [member.customer_id for member in wb.releases.members(release_id) if member.state != "removed"]
    assert sorted(each.customer_id for each in flow.lead_times) == members
    for each in flow.lead_times:
        (standing,) = [s for s in wb.customers.standing(each.customer_id) if s.release.id == release_id]
        assert each.completed_at == standing.completed_at
    assert wb.versions(at=at(1_000_000)) == wb.versions()


# a release with everything in it


class Story:
    """A release of four steps and three customers that goes wrong in every way; minutes after its activation."""

    def __init__(self, wb: Workbook) -> None:
        self.wb, wb = wb, wb.at(at(-60))
        eu, us = wb.clusters.create(name="eu"), wb.clusters.create(name="us")
        self.acme = wb.customers.create(cluster_id=us.id, namespace="acme", name="Acme").id
        self.bolt = wb.customers.create(cluster_id=us.id, namespace="bolt", name="Bolt").id
        self.corp = wb.customers.create(cluster_id=eu.id, namespace="corp", name="Corp").id
        self.release = wb.releases.create(name="spring", type="release", version_number="4.2").id
        self.backup = self.template(-59, "Back up", "deploy")
        self.migrate = self.template(-58, "Migrate", "deploy")
        self.look = self.template(-57, "Look", "verify")
        wb.at(at(0)).releases.activate(self.release, customer_ids=[self.acme, self.bolt])

    def by(self, operator: str, minutes: float) -> Workbook:
        return self.wb.acting_as(operator).at(at(minutes))

    def template(self, minutes: float, name: str, category: str) -> int:
        fields = {"name": name, "category": category, "type": "bash", "content": "true"}
        return self.by("zoe", minutes).templates.add(self.release, **fields).id

    def step(self, customer_id: int, template_id: int) -> int:
        every = self.wb.steps.list(self.release, customer_id)
        return next(step.id for step in every if step.template_id == template_id)

    def play(self) -> None:
        self.times()
        self.trouble()
        self.members()
        self.own_steps()
        self.templates()

    def times(self) -> None:
        """Back up: 5 minutes from its start, 4 from the operator's last verb; Migrate: 61 minutes tell nothing."""
        self.by("ana", 5).steps.start(self.step(self.acme, self.backup))
        self.by("ana", 10).steps.mark_done(self.step(self.acme, self.backup))
        self.by("ana", 14).steps.mark_done(self.step(self.bolt, self.backup))
        self.by("ana", 75).steps.mark_done(self.step(self.acme, self.migrate))

    def trouble(self) -> None:
        """Ben's are undone, but for what was undone again; a failed step that is done at last took 20 minutes."""
        migrate, look = self.step(self.bolt, self.migrate), self.step(self.acme, self.look)
        self.by("ben", 80).steps.start(migrate)
        self.by("ben", 90).steps.fail(migrate, reason="no space")
        self.by("ben", 100).steps.mark_done(migrate)
        gone = self.by("ben", 101).steps.revert(migrate).batch_id
        self.by("ben", 102).undo(gone)
        self.by("ben", 103).undo(self.by("ben", 103).steps.skip(look, reason="not here").batch_id)
        kept = self.by("ben", 104).steps.skip(look, reason="not here after all").batch_id
        self.by("ben", 105).undo(self.by("ben", 105).undo(kept).batch_id)
        self.by("ben", 106).steps.reopen(look)
        self.by("ben", 107).steps.skip(look, reason="really not")
        both = [self.step(self.bolt, self.look), look]
        self.by("ben", 108).steps.reopen(look)
        self.by("ben", 109).steps.override(look, "echo mine")
        partly = self.by("ben", 110).steps.mark_done(both).batch_id
        self.by("ben", 111).steps.fail(look, reason="wrong after all")
        self.by("ben", 112).undo(partly, skip_touched=True)

    def members(self) -> None:
        self.by("zoe", 120).releases.add_customers(self.release, [self.corp])
        self.by("zoe", 121).releases.hold(self.release, [self.bolt], "wait")
        self.by("zoe", 122).steps.mark_done(self.step(self.corp, self.backup))
        self.by("zoe", 123).releases.remove(self.release, [self.corp], "left")
        self.late = self.template(124, "Look again", "verify")
        self.by("zoe", 125).releases.add_customers(self.release, [self.corp])
        self.by("zoe", 126).releases.resume(self.release, [self.bolt])
        self.by("zoe", 127).steps.mark_done([step.id for step in self.wb.steps.list(self.release, self.bolt)][2:])

    def own_steps(self) -> None:
        def add(minutes: float, name: str, **where: int) -> int:
            fields = {"name": name, "category": "deploy", "type": "text", "content": "look"}
            wb = self.by("ana", minutes)
            return wb.steps.add_custom(self.release, self.acme, **fields, **where).id

        kept, gone = add(130, "Pause", after_id=self.step(self.acme, self.backup)), add(131, "Pause")
        self.by("ana", 133).steps.mark_done([kept, gone])
        self.by("ana", 134).steps.reopen(gone)
        self.by("ana", 135).steps.delete(gone)
        self.by("ana", 136).undo()
        self.by("ana", 137).steps.update(gone, name="Resume")

    def templates(self) -> None:
        self.by("zoe", 140).steps.start(self.step(self.corp, self.look))
        self.by("zoe", 141).templates.delete(self.look)
        self.by("zoe", 142).releases.archive(self.release)
        self.by("zoe", 150).releases.reopen(self.release)


@pytest.fixture
def story(wb: Workbook) -> Story:
    told = Story(wb)
    told.play()
    return told


def test_a_release_with_everything_in_it_is_told_alike_twice(story: Story) -> None:
    check_against_independent(story.wb, story.release)
    check_against_now(story.wb, story.release)
    assert story.wb.versions(at=at(1_000)) == story.wb.versions()


def test_burn_up_has_a_point_where_the_numbers_changed(story: Story) -> None:
    points = {(each.at - at(0)).total_seconds() / 60: each for each in story.wb.flow(story.release).burn_up}
    told = {minute: (each.total, each.done, each.skipped) for minute, each in points.items()}
    assert [told[minute] for minute in (0, 10, 14, 75)] == [(6, 0, 0), (6, 1, 0), (6, 2, 0), (6, 3, 0)]
    assert [minute for minute in told if 75 < minute < 103] == [100, 101, 102]
    assert [told[minute] for minute in (120, 121, 122, 123)] == [(9, 4, 0), (6, 2, 0), (6, 3, 0), (3, 2, 0)]
    assert [told[minute] for minute in (124, 125, 126)] == [(4, 2, 0), (8, 3, 0), (12, 5, 0)]
    assert max(told) == 141
    assert points[141].closed == points[141].done + points[141].skipped == 10


def test_times_are_measured_from_the_start_or_from_what_the_operator_did_before(story: Story) -> None:
    steps = {each.name: each for each in story.wb.flow(story.release).steps}
    assert steps["Back up"].seconds == (60.0, 240.0, 300.0)
    assert (steps["Back up"].median, steps["Back up"].p90) == (240.0, pytest.approx(288.0))
    assert (steps["Migrate"].done, steps["Migrate"].seconds) == (2, (1200.0,))
    assert (steps["Migrate"].median, steps["Migrate"].p90) == (1200.0, 1200.0)


def test_what_an_undo_took_back_is_not_counted(story: Story) -> None:
    steps = {each.name: each for each in story.wb.flow(story.release).steps}
    assert figures(steps["Migrate"]) == figures_of(mark_done=2, fail=1)
    assert figures(steps["Look"]) == figures_of(mark_done=2, skip=2, fail=1, reopen=2, override=1)
    assert figures(steps["Pause"]) == figures_of(mark_done=1)
    assert figures(steps["Resume"]) == figures_of(mark_done=1, reopen=1)


def test_steps_come_as_in_the_matrix(story: Story) -> None:
    told = [(each.template_id, each.name) for each in story.wb.flow(story.release).steps]
    assert told == [(row.template_id, row.name) for row in story.wb.matrix(story.release).rows]
    assert [name for _, name in told] == ["Back up", "Pause", "Migrate", "Resume", "Look", "Look again"]


def test_a_member_is_there_since_it_got_its_steps(story: Story) -> None:
    told = [(each.cluster_name, each.customer_name, each.since) for each in story.wb.flow(story.release).lead_times]
    assert told == [("eu", "Corp", at(120)), ("us", "Acme", at(0)), ("us", "Bolt", at(0))]
    done = [(each.completed_at, each.seconds) for each in story.wb.flow(story.release).lead_times]
    assert done == [(None, None), (None, None), (at(127), 7_620.0)]


@pytest.mark.parametrize("back", ["reopen", "undo"])
def test_a_step_that_is_gone_has_no_part_in_when_its_customer_was_done(wb: Workbook, build: Build, back: str) -> None:
    release = build.active()
    (step,) = build.steps_of(release)
    wb.at(at(10)).steps.mark_done(step.id)
    fields = {"name": "own", "category": "deploy", "type": "text", "content": "look"}
    own = wb.steps.add_custom(release.id, step.customer_id, **fields).id
    wb.at(at(20)).steps.mark_done(own)
    assert wb.flow(release.id).lead_times[0].completed_at == at(20)
    wb.at(at(30)).undo() if back == "undo" else wb.at(at(30)).steps.reopen(own)
    wb.at(at(40)).steps.delete(own)
    assert wb.flow(release.id).lead_times[0].completed_at == at(10)
    check_against_now(wb, release.id)


def test_the_version_of_a_customer_follows_the_events(story: Story) -> None:
    wb, versions = story.wb, story.wb.versions
    story.by("zoe", 200).releases.update(story.release, name="summer", version_number="4.3")
    assert (versions(at=at(126)), versions(at=at(-100))) == ({}, {})
    assert {each: row.version_number for each, row in versions(at=at(127)).items()} == {story.bolt: "4.2"}
    assert {each: row.release_name for each, row in versions(at=at(200)).items()} == {story.bolt: "summer"}
    assert versions(at=at(200)) == versions()
    story.by("zoe", 201).releases.remove(story.release, [story.bolt], "left")
    assert wb.versions(at=at(201)) == {}


def test_the_version_is_that_of_the_release_completed_last(wb: Workbook, build: Build) -> None:
    customer = build.customer().id
    first, second = build.release(), build.release()
    steps = {}
    for release in (first, second):
        build.template(release)
        wb.at(at(0)).releases.activate(release.id, customer_ids=[customer])
        steps[release.id] = wb.steps.list(release.id, customer)[0].id
    wb.at(at(10)).steps.mark_done(steps[second.id])
    wb.at(at(20)).steps.mark_done(steps[first.id])
    told = [wb.versions(at=at(minute))[customer].release_id for minute in (10, 19, 20)]
    assert told == [second.id, second.id, first.id]
    assert wb.versions(at=at(20)) == wb.versions()
    wb.undo()
    wb.at(at(10)).steps.mark_done(steps[first.id])
    assert wb.versions(at=at(30)) == wb.versions() == {customer: wb.versions(at=at(10))[customer]}
    assert wb.versions()[customer].release_id == second.id  # of two at once the newer one


# the edges


def test_a_draft_has_its_steps_and_nothing_else(wb: Workbook, build: Build) -> None:
    release = build.release()
    template = build.template(release, name="Migrate")
    flow = wb.at(at(0)).flow(release.id)
    none = {"seconds": (), "median": None, "p90": None} | dict.fromkeys(
        ("done", "skips", "failures", "reverts", "reopens", "overrides"), 0
    )
    assert flow == Flow(
        release.id,
        (),
        (),
        (StepFlow(template.id, "Migrate", "deploy", **none),),
        Forecast(at(0), 0, 0, None, None),
    )


def test_an_unknown_release_and_a_time_without_a_zone_are_refused(wb: Workbook) -> None:
    with pytest.raises(NotFound):
        wb.flow(7)
    with pytest.raises(InvalidValue):
        wb.versions(at=datetime(2026, 3, 2))


def test_the_rest_is_done_at_the_pace_so_far(wb: Workbook, build: Build) -> None:
    release = build.release()
    for _ in range(6):
        build.template(release)
    wb.at(at(0)).releases.activate(release.id, customer_ids=[build.customer().id])
    steps = [step.id for step in build.steps_of(release)]
    assert wb.at(at(0)).flow(release.id).forecast == Forecast(at(0), 0, 6, None, None)
    assert wb.at(at(60)).flow(release.id).forecast == Forecast(at(60), 0, 6, 0.0, None)
    wb.at(at(60)).steps.mark_done(steps[:2])
    assert wb.at(at(60)).flow(release.id).forecast == Forecast(at(60), 2, 4, 2.0, at(180))
    assert wb.at(at(120)).flow(release.id).forecast == Forecast(at(120), 2, 4, 1.0, at(360))
    assert wb.at(at(0) + timedelta(days=2_000_000)).flow(release.id).forecast.done_at is None
    wb.at(at(120)).steps.mark_done(steps[2:])
    assert wb.at(at(120)).flow(release.id).forecast == Forecast(at(120), 6, 0, 3.0, None)


@pytest.mark.parametrize(("seconds", "told"), [(3_600, (3_600.0,)), (3_601, ())])
def test_after_an_hour_of_nothing_a_tick_tells_no_time(
    wb: Workbook, build: Build, seconds: int, told: tuple[float, ...]
) -> None:
    release = build.active(customers=2)
    first, second = build.steps_of(release)
    wb.acting_as("ben").at(at(0)).steps.mark_done(first.id)
    wb.acting_as("ben").at(at(0) + timedelta(seconds=seconds)).steps.mark_done(second.id)
    assert wb.flow(release.id).steps[0].seconds == told


def test_steps_that_are_ticked_together_tell_no_time_of_one(wb: Workbook, build: Build) -> None:
    release = build.active(customers=4)
    first, begun, *together = [step.id for step in build.steps_of(release)]
    wb.at(at(0)).steps.mark_done(first)
    wb.acting_as("ben").at(at(10)).steps.start(begun)
    wb.at(at(30)).steps.mark_done([begun, *together])
    assert wb.flow(release.id).steps[0].seconds == (1200.0,)


@pytest.mark.parametrize(
    ("verbs", "seconds"),
    [
        (["start", "fail"], (600.0,)),
        (["start", "reopen"], (300.0,)),
        (["start", "fail", "revert"], (300.0,)),
        (["start", "mark_done", "revert"], (300.0, 300.0)),
    ],
)
def test_a_start_counts_until_the_step_was_closed_reverted_or_opened_again(
    wb: Workbook, build: Build, verbs: list[str], seconds: tuple[float, ...]
) -> None:
    step = build.step()
    for place, verb in enumerate(verbs, 3 - len(verbs)):
        getattr(wb.at(at(5 * place)).steps, verb)(step.id, **({"reason": "no space"} if verb == "fail" else {}))
    wb.at(at(15)).steps.mark_done(step.id)
    assert wb.flow(step.release_id).steps[0].seconds == seconds


def test_what_ran_is_told_though_its_template_was_taken_back(wb: Workbook, build: Build) -> None:
    release = build.active()
    late = build.template(release, name="Late", category="verify")
    batch = wb.last_batch
    step = next(step for step in build.steps_of(release) if step.template_id == late.id)
    wb.steps.mark_done(step.id)
    wb.steps.reopen(step.id)
    wb.undo(batch)
    told = wb.flow(release.id).steps[-1]
    assert (told.template_id, told.name, told.category) == (late.id, "Late", "verify")
    assert figures(told) == figures_of(mark_done=1, reopen=1)
    check_against_now(wb, release.id)


def test_a_clock_that_was_set_back_tells_no_time(wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.at(at(10)).steps.start(step.id)
    wb.at(at(5)).steps.mark_done(step.id)
    flow = wb.flow(step.release_id)
    assert (flow.steps[0].done, flow.steps[0].seconds, flow.lead_times[0].completed_at) == (1, (), at(5))


def test_what_another_application_left_counts_from_when_it_was_taken_over(
    wb: Workbook,
    spec: Make,  # noqa: F811 the fixture above
) -> None:
    step = {"template_id": None, "is_custom": 1, "name": "own"}
    ran = {"executed_at": RAN, "executed_by": "kim"}
    path = spec(
        releases=[{"version_number": "1.0"}],
        customers=[{}, {"namespace": "beta", "name": "Beta"}],
        customer_steps=[
            {"status": "done", **ran},
            {**step, "order_index": 1, "status": "skipped", "skip_reason": "no", **ran, "executed_at": RAN + 9},
            {"customer_id": 2},
        ],
    )
    hour = timedelta(hours=1)
    made, ended = datetime.fromtimestamp(MADE, UTC), datetime.fromtimestamp(RAN + 9, UTC)
    wb.at(made + hour).imports.spec_database(path)
    flow = wb.at(made + 2 * hour).flow(1)
    assert flow.burn_up == (BurnPoint(made + hour, 3, 1, 1),)
    assert [(each.since, each.completed_at) for each in flow.lead_times] == [(made, ended), (made, None)]
    assert flow.forecast == Forecast(made + 2 * hour, 2, 1, 1.0, made + 3 * hour)
    own = wb.steps.list(1, 1)[1]
    wb.at(made + 3 * hour).steps.reopen(own.id)
    wb.at(made + 3 * hour).steps.update(own.id, name="own again")
    assert [(each.name, each.reopens) for each in wb.flow(1).steps] == [("Migrate", 0), ("own again", 1)]
    check_against_now(wb, 1)
    assert wb.versions(at=made + hour) == {1: Version(1, "2026.11", "1.0", ended)}


# whatever is played

LONG = os.environ.get("RELORCH_MACHINE") == "long"
MOVES = 200 if LONG else 70


@pytest.mark.parametrize("seed", range(40 if LONG else 3))
def test_one_release_is_told_alike_twice_whatever_is_played(wb: Workbook, seed: int) -> None:
    player = Player(wb, random.Random(seed), count=1, backwards=seed % 3 == 2)
    player.begin()
    for _ in range(MOVES):
        player.move()
        check_against_now(wb, 1)
    check_against_independent(wb, 1)


@pytest.mark.parametrize("seed", range(20 if LONG else 2))
def test_versions_at_a_moment_are_what_they_were_then(wb: Workbook, seed: int) -> None:
    player = Player(wb, random.Random(100 + seed), count=2)
    player.begin()
    said = {}
    for _ in range(MOVES):
        player.move()
        said[player.now] = wb.versions()
    assert {moment: wb.versions(at=moment) for moment in said} == said
    assert any(said.values())
    for release_id in (1, 2):
        check_against_now(wb, release_id)


def test_what_a_retired_template_leaves_skipped_is_no_operators_skip(wb: Workbook, build: Build) -> None:
    release = build.active(customers=2, steps=2)
    first = wb.templates.list(release.id)[0]
    one, other = wb.steps.across(first.id)
    wb.steps.skip(one.id, reason="not there")
    wb.steps.start(other.id)
    wb.templates.delete(first.id)
    assert [step.status.value for step in wb.steps.across(first.id)] == ["skipped", "skipped"]
    assert {step.template_id: step.skips for step in wb.flow(release.id).steps}[first.id] == 1
