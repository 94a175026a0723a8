from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from relorch import open_workbook
from relorch.errors import AlreadyTaken, InvalidValue
from relorch.model.placeholders import check_content, render, scope
from relorch.model.status import STATUSES
from relorch.model.values import CustomerStep, Event, StepTemplate, StepType
from relorch.transfer.sample import Sample, SampleCustomer, SampleRelease, SampleStep, read_sample, sample_folder
from relorch.views.matrix import CUSTOM, MOVED_ON, OUT_OF_ORDER, OVERRIDDEN
from relorch.workbook import Workbook
from relorch.workbook.sample import HOTFIX, ONBOARDING, OPERATORS, RELEASE, nights_before, play_sample

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # a Monday
WITHOUT_BUCKET = {"le-verger-daulnette", "delmarsh-oyster"}
HELD, REMOVED = "kauriwood-timber", "saltpan-tours"
RETIRED = "Count the search hits"


@pytest.fixture(scope="module")
def sample() -> Sample:
    return read_sample()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbook]:
    with _open(tmp_path_factory.mktemp("sample")) as workbook:
        play_sample(workbook, now=NOW)
        yield workbook


def _open(folder: Path) -> Workbook:
    return open_workbook(f"sqlite:///{folder / 'sample.db'}", operator="nobody")


def _release_id(workbook: Workbook, name: str) -> int:
    return next(release.id for release in workbook.releases.list() if release.name == name)


def _steps(workbook: Workbook, name: str) -> dict[str, list]:
    release_id = _release_id(workbook, name)
    found = {customer.namespace: workbook.steps.list(release_id, customer.id) for customer in workbook.customers.list()}
    return {namespace: steps for namespace, steps in found.items() if steps}


def _rows(workbook: Workbook) -> list[dict]:
    steps = [_steps(workbook, name) for name in (HOTFIX, RELEASE)]
    return [step.model_dump() for found in steps for mine in found.values() for step in mine]


def _words(workbook: Workbook, name: str, status: str) -> list[tuple[int, str | None]]:
    """Which steps of a release came to `status`, and with which words."""
    events = workbook.history(release_id=_release_id(workbook, name))
    return [
        (event.step_id, event.note) for event in events if event.step_id and (event.after or {}).get("status") == status
    ]


def _events(workbook: Workbook, *actions: str) -> list[Event]:
    events = workbook.history(release_id=_release_id(workbook, RELEASE))
    return [event for event in events if event.action in actions]


def _template(workbook: Workbook, name: str) -> StepTemplate:
    templates = workbook.templates.list(_release_id(workbook, RELEASE), retired=True)
    return next(template for template in templates if template.name == name)


def _own(workbook: Workbook, mark: str) -> dict[tuple[str, str], CustomerStep]:
    """The steps of the active release with this mark, by namespace and name."""
    return {
        (namespace, step.name): step
        for namespace, steps in _steps(workbook, RELEASE).items()
        for step in steps
        if getattr(step, mark)
    }


def _rendered(sample: Sample, release: SampleRelease, step: SampleStep, customer: SampleCustomer):
    cluster = next(cluster for cluster in sample.clusters if cluster.name == customer.cluster)
    values = scope(
        customer_name=customer.name,
        namespace=customer.namespace,
        cluster_name=cluster.name,
        kubeconfig_path=cluster.kubeconfig_path,
        release_name=release.name,
        release_version=release.version_number,
        customer_metadata=customer.metadata,
        cluster_metadata=cluster.metadata,
        release_metadata=release.metadata,
    )
    return render(step.content.rstrip("\n"), StepType(step.type), values)


# the files


def test_the_inventory_is_60_customers_spread_unevenly_over_4_clusters(sample: Sample) -> None:
    assert Counter(customer.cluster for customer in sample.customers) == {
        "prod-eu-1": 24,
        "prod-eu-2": 9,
        "prod-us-1": 19,
        "prod-ap-1": 8,
    }
    assert {cluster.name for cluster in sample.clusters} == {customer.cluster for customer in sample.customers}


def test_names_are_as_unruly_as_in_real_life(sample: Sample) -> None:
    names = [customer.name for customer in sample.customers]
    assert len(set(names)) == 60
    assert all(any(sign in name for name in names) for sign in "'&,äüßłøé")


def test_the_releases_have_10_to_16_steps_of_every_kind(sample: Sample) -> None:
    assert {name: len(release.steps) for name, release in sample.releases.items()} == {
        HOTFIX: 10,
        ONBOARDING: 12,
        RELEASE: 14,
    }
    assert Counter(step.category for step in sample.releases[RELEASE].steps) == {"deploy": 9, "verify": 5}
    for release in sample.releases.values():
        assert {step.type for step in release.steps} == {"bash", "sql", "text"}
        assert len({step.name for step in release.steps}) == len(release.steps)


def test_every_host_and_address_is_an_example(sample: Sample) -> None:
    files = [path.read_text(encoding="utf-8") for path in sample_folder().rglob("*.*") if path.is_file()]
    hosts = [host for text in files for host in re.findall(r"(?:://|@)([a-z0-9][a-z0-9.-]+\.[a-z]+)", text)]
    assert len(hosts) > 60
    assert [host for host in hosts if not host.endswith(".example")] == []
    for customer in sample.customers:
        assert all(customer.metadata[key].endswith(".example") for key in ("app_host", "db_host", "contact"))


def test_only_the_backup_bucket_of_two_customers_is_missing(sample: Sample) -> None:
    cannot = {
        (release.name, step.name, customer.namespace)
        for release in sample.releases.values()
        for step in release.steps
        for customer in sample.customers
        if _rendered(sample, release, step, customer).problems
    }
    steps = {
        (RELEASE, "Back up the database"),
        (ONBOARDING, "Create the backup bucket"),
        (ONBOARDING, "First backup arrived"),
    }
    assert cannot == {(*step, namespace) for step in steps for namespace in WITHOUT_BUCKET}


def test_every_step_passes_the_check_made_on_save(sample: Sample) -> None:
    for release in sample.releases.values():
        for step in release.steps:
            check_content(step.content, StepType(step.type))


def test_every_incident_is_about_a_customer_and_a_step_there_are(sample: Sample) -> None:
    namespaces = {customer.namespace for customer in sample.customers}
    for story in sample.stories.values():
        steps = {step.name for step in sample.releases[story.release].steps}
        assert {namespace for namespace, _ in story.incidents} <= namespaces
        assert {step for _, step in story.incidents} | set(story.notes) <= steps
        assert {namespace for change in story.changes for namespace in change.customers} <= namespaces


@pytest.mark.parametrize("namespace", ["darcys-reef", "muehlwinkler", "torrecilla-foods"])
def test_bash_steps_are_bash_whatever_the_customer_is_called(sample: Sample, namespace: str) -> None:
    customer = next(customer for customer in sample.customers if customer.namespace == namespace)
    for release in sample.releases.values():
        for step in release.steps:
            if step.type == "bash":
                text = _rendered(sample, release, step, customer).text
                read = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
                assert (step.name, read.returncode, read.stderr) == (step.name, 0, "")


def test_go_templates_and_shell_variables_come_out_as_they_are(sample: Sample) -> None:
    release = sample.releases[RELEASE]
    rollout = next(step for step in release.steps if step.name == "Wait for the rollout")
    text = _rendered(sample, release, rollout, sample.customers[0]).text
    assert text is not None
    assert "-o go-template='{{ range .items }}" in text
    assert '"${WORKLOAD}"' in text
    assert "${{" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("clusters.yaml", "name: prod-eu-1", "nane: prod-eu-1", "clusters.yaml, entry 1"),
        ("clusters.yaml", 'window: "22:00-02:00 UTC"', "window: 22", "clusters.yaml, entry 1, metadata"),
        ("customers.csv", "prod-eu-1,kanaaloever,", "prod-eu-1,", "customers.csv, row 4"),
        ("releases/release-2026-11.yaml", "required: true", "required: yes please", "release-2026-11.yaml"),
        ("history.yaml", "[start, 0]", "[start, soon]", "history.yaml, entry 1, incidents, entry 3"),
        ("history.yaml", "- release:", "- [release:", "history.yaml"),
        ("changes.yaml", "verb: hold", "verb: holt", "changes.yaml, entry 1, changes, entry 7"),
        ("changes.yaml", "side: after", "side: over", "changes.yaml, entry 1, changes, entry 1"),
        ("changes.yaml", "night: 1", "night: one", "changes.yaml, entry 1, changes, entry 1"),
        ("changes.yaml", "type: bash\n", "type: 5\n", "changes.yaml, entry 1, changes, entry 1, new"),
        ("changes.yaml", "undone_after: 1", "undone_after: soon", "'undone_after'"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path: Path, file: str, old: str, new: str, named: str) -> None:
    folder = shutil.copytree(sample_folder(), tmp_path / "sample")
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidValue, match=re.escape(named)):
        read_sample(folder)


# the play


def test_one_release_is_archived_one_active_one_a_draft(played: Workbook) -> None:
    found = {release.name: (release.type.value, release.status.value) for release in played.releases.list()}
    assert found == {
        HOTFIX: ("hotfix", "archived"),
        RELEASE: ("release", "active"),
        ONBOARDING: ("onboarding", "draft"),
    }
    assert _steps(played, ONBOARDING) == {}
    assert len(played.templates.list(_release_id(played, ONBOARDING))) == 12


def test_the_archived_release_was_completed_by_all_60_with_a_few_skips(played: Workbook) -> None:
    progress = played.progress(_release_id(played, HOTFIX))
    assert (progress.total, progress.percentage) == (600, 100)
    assert 3 <= progress.counts["skipped"] <= 10
    assert len(_steps(played, HOTFIX)) == 60


def test_the_active_release_is_about_half_way_and_shows_every_status(played: Workbook) -> None:
    progress = played.progress(_release_id(played, RELEASE))
    retired, custom = 1, 4
    assert progress.total == 50 * 14 + retired + custom
    assert progress.held == 14
    assert 40 <= progress.percentage <= 60
    assert all(progress.counts[status] > 0 for status in STATUSES)


def test_the_small_cluster_is_complete_and_the_large_one_nearly(played: Workbook) -> None:
    clusters = played.progress(_release_id(played, RELEASE), by="cluster")
    percentages = {cluster.label: cluster.percentage for cluster in clusters}
    assert percentages["prod-eu-2"] == 100
    assert 70 <= percentages["prod-eu-1"] < 100
    assert percentages["prod-us-1"] < 20
    assert percentages["prod-ap-1"] < 20


def test_customers_with_a_change_freeze_are_left_out(played: Workbook) -> None:
    frozen = {customer.namespace for customer in played.customers.list() if "change_freeze" in customer.metadata}
    assert len(frozen) == 8
    assert frozen.isdisjoint(_steps(played, RELEASE))


def test_skips_failures_and_reverts_have_their_reasons(played: Workbook) -> None:
    for status, least, most in (("skipped", 5, 8), ("failed", 4, 6), ("reverted", 2, 3)):
        words = _words(played, RELEASE, status)
        assert least <= len(words) <= most
        assert all(reason for _, reason in words)


def test_two_failures_and_one_revert_are_still_open(played: Workbook) -> None:
    counts = played.progress(_release_id(played, RELEASE)).counts
    assert (counts["failed"], counts["reverted"]) == (2, 1)
    retried = {step_id for step_id, _ in _words(played, RELEASE, "failed")} & {
        step_id for step_id, _ in _words(played, RELEASE, "done")
    }
    assert len(retried) == 4


def test_what_is_in_progress_was_begun_by_ben_just_now(played: Workbook) -> None:
    events = played.history(release_id=_release_id(played, RELEASE))
    begun = {event.step_id: event for event in events if (event.after or {}).get("status") == "in_progress"}
    steps = [step for mine in _steps(played, RELEASE).values() for step in mine if step.status == "in_progress"]
    assert len(steps) == 4
    assert {begun[step.id].operator for step in steps} == {"ben"}
    assert all(timedelta(0) < NOW - begun[step.id].at < timedelta(hours=1) for step in steps)


def test_every_step_of_the_active_release_renders_except_the_announced_ones(played: Workbook) -> None:
    cannot = {
        (namespace, step.name)
        for namespace, steps in _steps(played, RELEASE).items()
        for step in steps
        if played.steps.render(step.id).problems
    }
    assert cannot == {(namespace, "Back up the database") for namespace in WITHOUT_BUCKET}


def test_steps_of_a_customer_were_done_in_order(played: Workbook) -> None:
    for steps in _steps(played, RELEASE).values():
        times = [step.executed_at for step in steps if step.status in ("done", "skipped")]
        assert times == sorted(times)
        closed = [step.status in ("done", "skipped") for step in steps]
        assert closed == sorted(closed, reverse=True)


def test_three_customers_have_texts_of_their_own_and_one_of_them_is_still_to_run(played: Workbook) -> None:
    own = _own(played, "is_overridden")
    assert {key: step.status.value for key, step in own.items()} == {
        ("bluehollow-freight", "Wait for the rollout"): "pending",
        ("aldermoor-finch", "Backfill the due date"): "done",
        ("norrebakke-energi", "Upgrade the app"): "done",
    }
    texts = {namespace: step.executed_content or step.content for (namespace, _), step in own.items()}
    assert "--timeout=25m" in texts["bluehollow-freight"]
    assert "statement_timeout = '45min'" in texts["aldermoor-finch"]
    assert "--set worker.replicas=6 \\\n  --wait --timeout 20m" in texts["norrebakke-energi"]
    assert all(re.search(r"^(#|--) \w+", text, re.MULTILINE) for text in texts.values())


def test_customers_have_custom_steps_and_one_of_them_is_still_to_run(played: Workbook) -> None:
    assert {key: step.status.value for key, step in _own(played, "is_custom").items()} == {
        ("oesternbrueck", "Restart the ERP bridge"): "done",
        ("traunfelder-kliniken", "Tell their on-call"): "done",
        ("kanaaloever", "Drain the legacy SFTP importer"): "done",
        ("bluehollow-freight", "Drain the legacy SFTP importer"): "pending",
    }
    order = {namespace: [step.name for step in steps] for namespace, steps in _steps(played, RELEASE).items()}
    assert order["traunfelder-kliniken"][-1] == "Tell their on-call"
    for namespace in ("kanaaloever", "bluehollow-freight"):
        at = order[namespace].index("Drain the legacy SFTP importer")
        assert order[namespace][at + 1] == "Pause the job queue"


def test_texts_made_for_one_customer_are_bash_and_render(played: Workbook) -> None:
    steps = [*_own(played, "is_custom").values(), *_own(played, "is_overridden").values()]
    followed = next(step for step in _steps(played, RELEASE)["rustmesa-survey"] if step.name == "Wait for the rollout")
    for step in [*steps, followed]:
        text = played.steps.render(step.id).text
        assert text is not None
        if step.type == "bash":
            read = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
            assert (step.name, read.returncode, read.stderr) == (step.name, 0, "")


def test_one_customer_is_held_and_one_removed_both_with_a_reason(played: Workbook) -> None:
    members = {member.customer_id: member for member in played.releases.members(_release_id(played, RELEASE))}
    apart = {
        customer.namespace: members[customer.id]
        for customer in played.customers.list()
        if customer.id in members and members[customer.id].state != "active"
    }
    assert {namespace: member.state.value for namespace, member in apart.items()} == {HELD: "held", REMOVED: "removed"}
    assert all(member.reason for member in apart.values())
    assert [step.status.value for step in _steps(played, RELEASE)[HELD]] == ["done"] + ["pending"] * 13


def test_the_template_added_by_mistake_is_retired_and_left_one_done_step(played: Workbook) -> None:
    assert _template(played, RETIRED).is_retired
    left = [
        (namespace, step.status.value)
        for namespace, steps in _steps(played, RELEASE).items()
        for step in steps
        if step.name == RETIRED
    ]
    assert left == [("pellworth-dental", "done")]
    made, gone = _events(played, "template.add")[-1], _events(played, "template.retire")[-1]
    assert timedelta(0) < gone.at - made.at < timedelta(hours=1)


def test_ben_took_five_ticks_back_a_minute_later(played: Workbook) -> None:
    undos = _events(played, "undo")
    steps = {event.step_id for event in undos}
    ticks = [event for event in _events(played, "step.mark_done") if event.step_id in steps]
    assert (len(undos), len(steps), len(ticks)) == (5, 5, 5)
    assert {event.operator for event in [*undos, *ticks]} == {"ben"}
    assert len({event.batch_id for event in undos}) == len({event.batch_id for event in ticks}) == 1
    assert undos[0].at - ticks[0].at == timedelta(minutes=1)
    now = [played.steps.get(step_id) for step_id in steps]
    assert {(step.name, step.status, step.executed_at) for step in now} == {("Backfill the due date", "pending", None)}


def test_one_template_has_moved_on_since_the_first_night(played: Workbook) -> None:
    changed = _template(played, "Wait for the rollout")
    assert changed.revision == 2
    behind = {
        namespace: step.status.value
        for namespace, steps in _steps(played, RELEASE).items()
        for step in steps
        if step.template_id == changed.id and step.template_revision == 1
    }
    assert behind.pop("bluehollow-freight") == "pending"  # overridden, so the update left it alone
    assert len(behind) == 8
    assert set(behind.values()) == {"done"}


def test_the_matrix_shows_rows_and_marks_of_every_kind(played: Workbook) -> None:
    matrix = played.matrix(_release_id(played, RELEASE))
    namespaces = [customer.namespace for customer in matrix.customers]
    assert HELD in namespaces
    assert REMOVED not in namespaces
    assert [row.name for row in matrix.rows if row.retired] == [RETIRED]
    custom = {row.name: at for at, row in enumerate(matrix.rows) if row.template_id is None}
    shared = custom["Drain the legacy SFTP importer"]
    assert len(custom) == 3
    assert {namespaces[cell.column] for cell in matrix.cells() if cell.row == shared} == {
        "kanaaloever",
        "bluehollow-freight",
    }
    marks = Counter(mark for cell in matrix.cells() for mark in (OVERRIDDEN, CUSTOM, MOVED_ON) if cell.flags & mark)
    assert marks == {OVERRIDDEN: 3, CUSTOM: 4, MOVED_ON: 9}
    assert [cell for cell in matrix.cells() if cell.flags & OUT_OF_ORDER] == []


def test_what_the_plan_replaces_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(sample_folder(), tmp_path / "sample")
    file = folder / "changes.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"for WORKLOAD in"', '"for LOAD in"'), encoding="utf-8")
    monkeypatch.setattr("relorch.workbook.sample.read_sample", lambda: read_sample(folder))
    with _open(tmp_path) as workbook, pytest.raises(InvalidValue, match="for LOAD in"):
        play_sample(workbook, now=NOW)


def test_history_goes_forward_and_ends_before_now(played: Workbook) -> None:
    times = [event.at for event in played.history()]
    assert times == sorted(times)
    assert NOW - timedelta(days=45) < times[0]
    assert times[-1] <= NOW


def test_rollouts_happen_on_weekday_nights_by_three_operators(played: Workbook) -> None:
    verbs = {f"step.{verb}" for verb in ("start", "mark_done", "fail", "skip", "revert")}
    at_night = [
        event
        for name in (HOTFIX, RELEASE)
        for event in played.history(release_id=_release_id(played, name))
        if event.action in verbs and event.at < NOW - timedelta(hours=1) and not 14 <= event.at.hour < 16
    ]
    begins = [event.at - timedelta(hours=22) for event in at_night]
    assert all(begin.hour < 4 and begin.weekday() < 4 for begin in begins)
    assert {event.operator for event in at_night} == set(OPERATORS)


def test_two_plays_give_equal_steps(played: Workbook, tmp_path: Path) -> None:
    with _open(tmp_path) as again:
        play_sample(again, now=NOW.astimezone(timezone(timedelta(hours=11))))
        assert _rows(again) == _rows(played)


def test_it_can_be_played_on_a_weekend_too(tmp_path: Path) -> None:
    saturday = datetime(2027, 1, 2, 0, 30, tzinfo=UTC)
    with _open(tmp_path) as workbook:
        play_sample(workbook, now=saturday)
        assert max(event.at for event in workbook.history()) <= saturday
        assert 40 <= workbook.progress(_release_id(workbook, RELEASE)).percentage <= 60


@pytest.mark.parametrize("hours", range(0, 24 * 8, 5))
def test_nights_are_the_last_ones_that_are_over_and_no_weekend(hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    nights = nights_before(now, count=4)
    assert nights == sorted(set(nights))
    assert all(night.hour == 22 and night.weekday() < 4 for night in nights)
    assert nights[-1] + timedelta(hours=5) <= now < nights[0] + timedelta(days=9)


def test_a_second_play_into_the_same_workbook_is_refused(played: Workbook) -> None:
    with pytest.raises(AlreadyTaken):
        play_sample(played, now=NOW)
