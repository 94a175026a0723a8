"""Reads the facts of a report from the tables and the record, as they are in one state of the workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from relorch.model.placeholders import Rendering
from relorch.model.progress import Progress, count
from relorch.model.status import HOLDS_TEXT, OPEN, STATUSES, Status, Verb
from relorch.model.values import MemberState, Release
from relorch.store import Connection, events, report, steps
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
    ReleaseReport,
    ReportedStep,
    ReportMatrix,
    ReportMember,
    Said,
    Setback,
    SignedStep,
    SignOff,
    Summary,
)

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
    return masked(
        ReleaseReport(
            head=head,
            summary=_summary(connection, head, members, every, clusters),
            clusters=clusters,
            burn_up=burn_up,
            matrix=_lines(matrix_of(connection, release_id, operator=head.made_by)),
            waiting=tuple(member for member in members if member.state != MemberState.ACTIVE),
            exceptions=_exceptions(connection, release_id, every),
            timeline=_timeline(connection, release_id),
            operators=_operators(connection, release_id),
            steps=every,
            masked=Masked(),
        ),
        _telling(connection, release_id),
    )


def sign_off_of(connection: Connection, head: Head, member: ReportMember, render: Render) -> SignOff:
    """Give the facts of one member; `render` gives what a step row with its context renders to now."""
    said = _said(report.step_events(connection, head.release_id, customer_id=member.customer_id))
    found = steps.of_release(connection, head.release_id, member.customer_id)
    signed = tuple(_signed(row, render, said.get(row["id"], ())) for row in found)
    return masked(
        SignOff(
            head=head,
            member=member,
            progress=_counted(step.status for step in signed),
            finished_at=_finished((step.status, step.executed_at) for step in signed),
            steps=signed,
            masked=Masked(),
        ),
        _telling(connection, head.release_id),
    )


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


def _exceptions(connection: Connection, release_id: int, every: Sequence[ReportedStep]) -> Exceptions:
    there = [step for step in every if step.member_state != MemberState.REMOVED]
    wanted = ("step.override", "step.add_custom", "step.fail", "step.revert")
    told = report.step_events(connection, release_id, actions=wanted)
    latest = {(row["step_id"], row["action"]): row for row in told}
    texts = report.overridden_texts(connection, release_id)
    return Exceptions(
        failed=tuple(step for step in there if step.status == Status.FAILED),
        skipped=tuple(step for step in there if step.status == Status.SKIPPED),
        reverted=tuple(step for step in there if step.status == Status.REVERTED),
        overridden=tuple(
            Override(step, *_who(latest, step, "step.override"), **texts[step.step_id])
            for step in there
            if step.step_id in texts
        ),
        custom=tuple(OwnStep(step, *_who(latest, step, "step.add_custom")) for step in there if step.is_custom),
        setbacks=_setbacks(there, told, _taken_back(connection)),
    )


def _who(
    latest: Mapping[tuple[int, str], RowDict], step: ReportedStep, action: str
) -> tuple[str | None, datetime | None]:
    row = latest.get((step.step_id, action))
    return (row["operator"], row["at"]) if row else (None, None)


_BAD: Mapping[str, Status] = {"step.fail": Status.FAILED, "step.revert": Status.REVERTED}


def _setbacks(
    there: Sequence[ReportedStep], told: Sequence[RowDict], taken_back: frozenset[int]
) -> tuple[Setback, ...]:
    """Give the failures and reverts that the status of their step does not show any more, by step and time."""
    of_step: dict[int, list[RowDict]] = {}
    for row in told:
        if row["action"] in _BAD:
            of_step.setdefault(row["step_id"], []).append(row)
    return tuple(
        Setback(step, row["action"], row["at"], row["operator"], row["note"], row["batch_id"] in taken_back)
        for step in there
        for row in _overcome(step, of_step.get(step.step_id, []))
    )


def _overcome(step: ReportedStep, told: Sequence[RowDict]) -> Sequence[RowDict]:
    """Leave out the last one where the step is still what it made of it."""
    return told[:-1] if told and _BAD[told[-1]["action"]] == step.status else told


def _taken_back(connection: Connection) -> frozenset[int]:
    """Give the batches that are undone now: an undo that was undone itself counts no more."""
    undone = events.undone(connection)
    now: dict[int, bool] = {}
    for batch, by in sorted(undone.items(), reverse=True):  # whoever undid a batch came after it
        now[batch] = not now.get(by, False)
    return frozenset(batch for batch, is_undone in now.items() if is_undone)


def _timeline(connection: Connection, release_id: int) -> tuple[Happened, ...]:
    taken_back = _taken_back(connection)
    names = [name for name in Happened.__dataclass_fields__ if name != "taken_back"]
    return tuple(
        Happened(**{name: row[name] for name in names}, taken_back=row["batch_id"] in taken_back)
        for row in report.batches(connection, release_id)
    )


def _operators(connection: Connection, release_id: int) -> tuple[OperatorCount, ...]:
    counts = groupby(report.action_counts(connection, release_id), key=lambda row: str(row["operator"]))
    return tuple(OperatorCount(who, {row["action"]: row["events"] for row in found}) for who, found in counts)


def _said(found: Sequence[RowDict]) -> dict[int, tuple[Said, ...]]:
    said: dict[int, tuple[Said, ...]] = {}
    for row in found:
        one = Said(row["at"], row["operator"], row["action"], row["note"])
        said[row["step_id"]] = (*said.get(row["step_id"], ()), one)
    return said


def _signed(row: RowDict, render: Render, history: tuple[Said, ...]) -> SignedStep:
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
        notes=row["notes"],
        skip_reason=row["skip_reason"],
        would_run=None,
        problems=(),
        history=history,
    )
    if not step.is_open or (step.status in HOLDS_TEXT and step.text is not None):
        return step
    rendering = render(row)
    would_run = None if rendering.text == step.text else rendering.text
    return replace(step, would_run=would_run, problems=tuple(map(str, rendering.problems)))
