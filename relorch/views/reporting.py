"""Reads the facts of a report from the tables and the record, as they are in one state of the workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from relorch.model.placeholders import Rendering
from relorch.model.progress import Progress, count
from relorch.model.status import HOLDS_TEXT, OPEN, STATUSES, TRANSITIONS, Status, Verb
from relorch.model.values import MemberState, Release
from relorch.store import Connection, events, flow, report, steps
from relorch.store.rows import RowDict
from relorch.views.flow import BurnPoint
from relorch.views.masked import Masked, masked
from relorch.views.matrix import NO_STEP, Matrix, matrix_of
from relorch.views.progress import progress_by
from relorch.views.report import (
    SIGNS,
    Exceptions,
    Happened,
    Head,
    OperatorCount,
    Override,
    OwnStep,
    RanOwn,
    ReleaseReport,
    Renamed,
    ReportedStep,
    ReportMatrix,
    ReportMember,
    Said,
    Setback,
    SignedStep,
    SignOff,
    Summary,
    Waiting,
)
from relorch.views.tally import taken_back

_Undone = Set[tuple[int, int]]
"""What is undone, as (batch, step)."""
Render = Callable[[RowDict], Rendering]


def head_of(connection: Connection, release: Release, *, operator: str, now: datetime) -> Head:
    """Give what stands at the top of a report: the release, who asks, and the head of the chain of events."""
    last_id, last_sha256 = report.chain_head(connection)
    return Head(
        release_id=release.id,
        release_name=release.name,
        release_type=release.type.value,
        release_status=release.status.value,
        version_number=release.version_number,
        release_date=release.release_date,
        description=release.description,
        created_at=release.created_at,
        activated_at=report.first_times(connection, release.id).get("release.activate"),
        made_at=now,
        made_by=operator,
        last_event_id=last_id,
        last_event_sha256=last_sha256,
        first_broken_event=events.first_broken(connection),
    )


def members_of(connection: Connection, release_id: int) -> list[ReportMember]:
    """Give every member of a release, removed ones too, by cluster and name."""
    return [ReportMember(**row) for row in report.members(connection, release_id)]


def release_report_of(
    connection: Connection, head: Head, members: Sequence[ReportMember], burn_up: tuple[BurnPoint, ...]
) -> ReleaseReport:
    """Give the facts of a release with these members, removed ones among them."""
    release_id = head.release_id
    every = tuple(map(ReportedStep._make, report.every_step(connection, release_id)))
    clusters = tuple(progress_by(connection, release_id, "cluster"))
    undone = taken_back(flow.took_back(connection, release_id))
    return masked(
        ReleaseReport(
            head=head,
            summary=_summary(connection, head, members, every, clusters),
            renamed=_renamed(connection, head, members),
            clusters=clusters,
            burn_up=burn_up,
            matrix=_lines(matrix_of(connection, release_id, operator=head.made_by)),
            waiting=_waiting(members, every),
            exceptions=_exceptions(connection, release_id, every, undone),
            timeline=_timeline(connection, release_id, undone),
            operators=_operators(connection, release_id),
            steps=every,
            masked=Masked(),
        ),
        _telling(connection, release_id),
    )


def sign_off_of(connection: Connection, head: Head, member: ReportMember, render: Render) -> SignOff:
    """Give the facts of one member; `render` gives what a step row with its context renders to now."""
    told: dict[int, list[RowDict]] = {}
    for row in report.step_changes(connection, head.release_id, member.customer_id):
        told.setdefault(row["step_id"], []).append(row)
    undone = taken_back(flow.took_back(connection, head.release_id))
    found = steps.of_release(connection, head.release_id, member.customer_id)
    signed = tuple(_signed(row, render, told.get(row["id"], ()), undone) for row in found)
    return masked(
        SignOff(
            head=head,
            member=member,
            progress=_counted(step.status for step in signed),
            finished_at=_finished((step.status, step.executed_at) for step in signed),
            renamed=_renamed(connection, head, [member]),
            steps=signed,
            masked=Masked(),
        ),
        _telling(connection, head.release_id),
    )


_NAMED: Mapping[str, tuple[str, ...]] = {
    "release.update": ("name", "version_number"),
    "customer.update": ("name", "namespace", "cluster_id"),
    "cluster.update": ("name",),
}


def _renamed(connection: Connection, head: Head, members: Sequence[ReportMember]) -> tuple[Renamed, ...]:
    """Give what these members, their clusters and the release were called, or where they were, since they joined."""
    since = min((member.added_at for member in members), default=head.created_at)
    customers = {member.customer_id: member.customer_name for member in members}
    names = report.cluster_names(connection)
    found = report.renamings(connection, head.release_id, since)
    told = [row for row in found if row["customer_id"] is None or row["customer_id"] in customers]
    theirs = {member.cluster_id for member in members} | {(row["before"] or {}).get("cluster_id") for row in told}
    return tuple(
        Renamed(row["at"], row["operator"], about, label, what, was, became)
        for row in told
        if (about := row["action"].partition(".")[0]) != "cluster" or row["before"]["id"] in theirs
        for label in [customers.get(row["customer_id"]) or names.get(row["before"].get("id")) or head.release_name]
        for what, was, became in _changed_names(row, names)
    )


def _changed_names(row: RowDict, clusters: Mapping[int, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in _NAMED[row["action"]]:
        was, became = row["before"].get(name), row["after"].get(name)
        if name == "cluster_id":
            was, became = clusters.get(was), clusters.get(became)
        if was != became:
            yield name.removesuffix("_id").replace("_", " "), was, became


def _telling(connection: Connection, release_id: int) -> Iterator[str]:
    """Give what may tell which words of a note or a text are a secret: the steps' source texts, and the metadata."""
    yield from report.source_texts(connection, release_id)
    for metadata in report.every_metadata(connection, release_id):
        yield "\n".join(f'{name}="{line}"' for name, value in metadata.items() for line in value.split("\n"))


_EXECUTING = tuple(f"step.{verb}" for verb in (Verb.START, Verb.MARK_DONE, Verb.FAIL, Verb.SKIP))


def _summary(
    connection: Connection,
    head: Head,
    members: Sequence[ReportMember],
    every: Sequence[ReportedStep],
    clusters: Sequence[Progress],
) -> Summary:
    first = report.first_times(connection, head.release_id)
    states = [member.state for member in members]
    there = [step for step in every if step.member_state != MemberState.REMOVED]
    return Summary(
        progress=_sum(clusters),
        active=states.count(MemberState.ACTIVE),
        held=states.count(MemberState.HELD),
        removed=states.count(MemberState.REMOVED),
        started_at=min((first[action] for action in _EXECUTING if action in first), default=None),
        finished_at=_finished((step.status, step.executed_at) for step in there),
    )


def _finished(closed: Iterable[tuple[str, datetime | None]]) -> datetime | None:
    """Give when the last of the steps was closed, or None while one is open."""
    every = list(closed)
    if any(status in OPEN for status, _ in every):
        return None
    return max((at for _, at in every if at is not None), default=None)


def _sum(parts: Sequence[Progress]) -> Progress:
    counts = {status.value: sum(part.counts[status] for part in parts) for status in STATUSES}
    return count(counts, held=sum(part.held for part in parts), held_open=sum(part.held_open for part in parts))


def _counted(statuses: Iterable[str]) -> Progress:
    every = list(statuses)
    return count({status.value: every.count(status) for status in STATUSES})


def _lines(matrix: Matrix) -> ReportMatrix:
    letters = bytearray(b" " * (NO_STEP + 1))
    letters[: len(STATUSES)] = "".join(SIGNS[status] for status in STATUSES).encode()
    width = len(matrix.customers)
    lines = (matrix.statuses[column::width].translate(letters).decode() for column in range(width))
    return ReportMatrix(matrix.rows, matrix.customers, tuple(lines))


def _waiting(members: Sequence[ReportMember], every: Sequence[ReportedStep]) -> tuple[Waiting, ...]:
    found: dict[int, list[str]] = {each.customer_id: [] for each in members if each.state != MemberState.ACTIVE}
    for step in every:
        if step.customer_id in found:
            found[step.customer_id].append(step.status)
    return tuple(
        Waiting(each, _counted(found[each.customer_id])) for each in members if each.state != MemberState.ACTIVE
    )


def _exceptions(connection: Connection, release_id: int, every: Sequence[ReportedStep], undone: _Undone) -> Exceptions:
    there = [step for step in every if step.member_state != MemberState.REMOVED]
    wanted = ("step.override", "step.add_custom", "step.fail", "step.revert")
    told = report.step_events(connection, release_id, wanted)
    latest = {(row["step_id"], row["action"]): row for row in told if not _is_undone(row, undone)}
    texts = report.overridden_texts(connection, release_id)
    return Exceptions(
        failed=tuple(_with_reason(latest, step, "step.fail") for step in there if step.status == Status.FAILED),
        skipped=tuple(step for step in there if step.status == Status.SKIPPED),
        reverted=tuple(_with_reason(latest, step, "step.revert") for step in there if step.status == Status.REVERTED),
        overridden=tuple(
            Override(step, *_who(latest, step, "step.override"), **texts[step.step_id])
            for step in there
            if step.step_id in texts
        ),
        ran_own=_ran_own(there, report.step_changes(connection, release_id)),
        custom=tuple(OwnStep(step, *_who(latest, step, "step.add_custom")) for step in there if step.is_custom),
        setbacks=_setbacks(there, told, undone),
    )


def _is_undone(row: RowDict, undone: _Undone) -> bool:
    return (row["batch_id"], row["step_id"]) in undone


def _with_reason(latest: Mapping[tuple[int, str], RowDict], step: ReportedStep, action: str) -> ReportedStep:
    """Leave nothing in the notes that was said of something else; of a step that was imported nothing is known."""
    row = latest.get((step.step_id, action))
    return step._replace(notes=row["note"]) if row else step


def _ran_own(there: Sequence[ReportedStep], found: Sequence[RowDict]) -> tuple[RanOwn, ...]:
    """Give what ran of the texts that steps had of their own, but for those that the steps hold now."""
    own: set[int] = set()
    ran: dict[int, dict[str, RowDict]] = {}
    for row in found:
        step_id, after = row["step_id"], row["after"] or {}
        if "is_overridden" in after:
            (own.add if after["is_overridden"] else own.discard)(step_id)
        if step_id in own and row["action"] in _RUNS and after.get("executed_content") is not None:
            ran.setdefault(step_id, {}).setdefault(after["executed_sha256"], row)
    return tuple(
        RanOwn(step, row["operator"], row["at"], row["after"]["executed_content"], sha256)
        for step in there
        for sha256, row in ran.get(step.step_id, {}).items()
        if sha256 != step.executed_sha256
    )


_RUNS = frozenset(f"step.{verb.value}" for verb, rule in TRANSITIONS.items() if rule.freezes)


def _who(
    latest: Mapping[tuple[int, str], RowDict], step: ReportedStep, action: str
) -> tuple[str | None, datetime | None]:
    row = latest.get((step.step_id, action))
    return (row["operator"], row["at"]) if row else (None, None)


_BAD: Mapping[str, Status] = {"step.fail": Status.FAILED, "step.revert": Status.REVERTED}


def _setbacks(there: Sequence[ReportedStep], told: Sequence[RowDict], undone: _Undone) -> tuple[Setback, ...]:
    """Give the failures and reverts that the status of their step does not show any more, by step and time."""
    of_step: dict[int, list[RowDict]] = {}
    for row in told:
        if row["action"] in _BAD:
            of_step.setdefault(row["step_id"], []).append(row)
    return tuple(
        Setback(step, row["action"], row["at"], row["operator"], row["note"], _is_undone(row, undone))
        for step in there
        for row in _overcome(step, of_step.get(step.step_id, []), undone)
    )


def _overcome(step: ReportedStep, told: Sequence[RowDict], undone: _Undone) -> Sequence[RowDict]:
    """Leave out the last one that counts where the step is still what it made of it."""
    last = next((row for row in reversed(told) if not _is_undone(row, undone)), None)
    if last is None or _BAD[last["action"]] != step.status:
        return told
    return [row for row in told if row is not last]


def _undone_batches(connection: Connection) -> frozenset[int]:
    """Give the batches that are undone now: an undo that was undone itself counts no more."""
    undone = events.undone(connection)
    now: dict[int, bool] = {}
    for batch, by in sorted(undone.items(), reverse=True):  # whoever undid a batch came after it
        now[batch] = not now.get(by, False)
    return frozenset(batch for batch, is_undone in now.items() if is_undone)


def _timeline(connection: Connection, release_id: int, undone: _Undone) -> tuple[Happened, ...]:
    whole, in_part = _undone_batches(connection), Counter(batch_id for batch_id, _ in undone)
    names = [name for name in Happened.__dataclass_fields__ if name != "taken_back"]
    return tuple(
        Happened(**{name: row[name] for name in names}, taken_back=_undone_events(row, whole, in_part))
        for row in report.batches(connection, release_id)
    )


def _undone_events(batch: RowDict, whole: Set[int], in_part: Mapping[int, int]) -> int:
    """Count what was undone of a batch; an undo may have left single steps as they are, of the rest it takes all."""
    of_steps = in_part.get(batch["batch_id"], 0)
    if batch["batch_id"] not in whole:
        return of_steps
    return of_steps + batch["events"] - batch["of_steps"] if of_steps else int(batch["events"])


def _operators(connection: Connection, release_id: int) -> tuple[OperatorCount, ...]:
    counts = groupby(report.action_counts(connection, release_id), key=lambda row: str(row["operator"]))
    return tuple(OperatorCount(who, {row["action"]: row["events"] for row in found}) for who, found in counts)


def _history(told: Sequence[RowDict], shown_sha256: str | None, undone: _Undone) -> Iterator[Said]:
    """Give the events of a step with the texts that ran; each text once, and not the one that is shown anyhow."""
    text = sha256 = None
    shown = {shown_sha256}
    for row in told:
        after = row["after"] or {}
        text, sha256 = after.get("executed_content", text), after.get("executed_sha256", sha256)
        ran = (sha256, None if sha256 in shown else text) if row["action"] in _RUNS else (None, None)
        shown.add(ran[0])
        yield Said(row["at"], row["operator"], row["action"], row["note"], _is_undone(row, undone), *ran)


def _said_of_status(row: RowDict, told: Sequence[RowDict]) -> str | None:
    """Give the note that came with a step's status; the columns have the latest note of all, and that of an import."""
    if row["executed_at"] is None:
        return None
    verbs = {f"step.{verb.value}" for verb, rule in TRANSITIONS.items() if rule.target == row["status"]}
    for each in reversed(told):
        if each["action"] in verbs and each["at"] == row["executed_at"]:
            return None if row["status"] == Status.SKIPPED else each["note"]  # a reason to skip is told beside it
    return row["notes"]  # type: ignore[no-any-return]  # a column


def _signed(row: RowDict, render: Render, told: Sequence[RowDict], undone: _Undone) -> SignedStep:
    step = SignedStep(
        step_id=row["id"],
        category=row["category"],
        place=row["order_index"] + 1,
        name=row["name"],
        type=row["type"],
        status=row["status"],
        is_open=row["status"] in OPEN,
        is_custom=row["is_custom"],
        is_overridden=row["is_overridden"],
        text=row["executed_content"],
        text_sha256=row["executed_sha256"],
        executed_at=row["executed_at"],
        executed_by=row["executed_by"],
        notes=_said_of_status(row, told),
        skip_reason=row["skip_reason"],
        would_run=None,
        problems=(),
        history=tuple(_history(told, row["executed_sha256"], undone)),
    )
    if not step.is_open or (step.status in HOLDS_TEXT and step.text is not None):
        return step
    rendering = render(row)
    would_run = None if rendering.text == step.text else rendering.text
    return replace(step, would_run=would_run, problems=tuple(map(str, rendering.problems)))
