"""The facts of a release, and of one customer in it, for the record: what `relorch.reports` puts on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from relorch.model.progress import Progress
from relorch.model.status import Status
from relorch.views.flow import BurnPoint
from relorch.views.masked import Masked
from relorch.views.matrix import MatrixCustomer, MatrixRow

SIGNS: Mapping[Status, str] = {
    Status.PENDING: ".",
    Status.IN_PROGRESS: ">",
    Status.DONE: "D",
    Status.SKIPPED: "S",
    Status.FAILED: "F",
    Status.REVERTED: "R",
}
"""The letter of each status in a line of the matrix; a blank: no such step."""


@dataclass(frozen=True)
class Head:
    """What a report is of, who made it when, and from which state of the record.

    `last_event_sha256` is the head of the chain of events; `first_broken_event` None: the chain holds.
    """

    release_id: int
    release_name: str
    release_type: str
    release_status: str
    version_number: str | None
    release_date: datetime | None
    description: str | None
    created_at: datetime
    activated_at: datetime | None
    made_at: datetime
    made_by: str
    last_event_id: int
    last_event_sha256: str
    first_broken_event: int | None


@dataclass(frozen=True)
class ReportMember:
    """A customer taking part in the release; `reason` and `since` tell of its state."""

    customer_id: int
    customer_name: str
    namespace: str
    cluster_id: int
    cluster_name: str
    state: str
    reason: str | None
    added_at: datetime
    since: datetime


@dataclass(frozen=True)
class Waiting:
    """A member that is not worked on, and what became of its steps until then."""

    member: ReportMember
    progress: Progress


@dataclass(frozen=True)
class Summary:
    """How far the release is; `finished_at` is None while a step of a member, be it on hold, is open."""

    progress: Progress
    active: int
    held: int
    removed: int
    started_at: datetime | None
    finished_at: datetime | None


class ReportedStep(NamedTuple):
    """One customer step without its text; `place` is its position (from 1) among its customer's of the category."""

    step_id: int
    template_id: int | None
    category: str
    place: int
    name: str
    type: str
    status: str
    customer_id: int
    customer_name: str
    namespace: str
    cluster_id: int
    cluster_name: str
    member_state: str
    is_custom: bool
    is_overridden: bool
    executed_at: datetime | None
    executed_by: str | None
    executed_sha256: str | None
    notes: str | None
    skip_reason: str | None


@dataclass(frozen=True)
class ReportMatrix:
    """Steps × customers of the members who are not removed: for each customer a line of `SIGNS`, a letter per row."""

    rows: tuple[MatrixRow, ...]
    customers: tuple[MatrixCustomer, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Override:
    """A step with a text of its own: who gave it that when, and both texts; the template's is that of now."""

    step: ReportedStep
    by: str | None
    at: datetime | None
    template_text: str
    own_text: str
    moved_on: bool


@dataclass(frozen=True)
class RanOwn:
    """A text of a step's own that was begun or run, by whom when, and is not the one recorded with the step now."""

    step: ReportedStep
    by: str
    at: datetime
    text: str
    text_sha256: str


@dataclass(frozen=True)
class OwnStep:
    """A custom step: who added it when."""

    step: ReportedStep
    by: str | None
    at: datetime | None


@dataclass(frozen=True)
class Setback:
    """A failure or a revert that is in the record of a step which is something else by now."""

    step: ReportedStep
    action: str
    at: datetime
    by: str
    note: str | None
    taken_back: bool


@dataclass(frozen=True)
class Exceptions:
    """What did not go as the templates say, of members who are not removed, by cluster, customer and order.

    `notes` of the failed and the reverted are the reasons for just that.
    """

    failed: tuple[ReportedStep, ...]
    skipped: tuple[ReportedStep, ...]
    reverted: tuple[ReportedStep, ...]
    overridden: tuple[Override, ...]
    ran_own: tuple[RanOwn, ...]
    custom: tuple[OwnStep, ...]
    setbacks: tuple[Setback, ...]


@dataclass(frozen=True)
class Happened:
    """One batch: what its first event did, of how many `events` and `customers`.

    `taken_back`: how many of the events were undone since.
    `step_name` and `customer_name` are None where it is about several, or none; `undoes` is the batch it took back.
    """

    batch_id: int
    at: datetime
    operator: str
    action: str
    note: str | None
    events: int
    customers: int
    customer_name: str | None
    step_name: str | None
    undoes: int | None
    taken_back: int


@dataclass(frozen=True)
class Renamed:
    """What had another name or place before `at`; the report calls everything as it is called now.

    `about` is "release", "customer" or "cluster", `what` is "name", "version number", "namespace" or "cluster".
    """

    at: datetime
    by: str
    about: str
    label: str
    what: str
    was: str | None
    became: str | None


@dataclass(frozen=True)
class OperatorCount:
    """Who did what how often: events counted by action, in the order of their names."""

    operator: str
    actions: Mapping[str, int]


@dataclass(frozen=True)
class ReleaseReport:
    """The facts of a release as a whole, its secrets masked; `steps` are all, those of removed members too."""

    head: Head
    summary: Summary
    renamed: tuple[Renamed, ...]
    clusters: tuple[Progress, ...]
    burn_up: tuple[BurnPoint, ...]
    matrix: ReportMatrix
    waiting: tuple[Waiting, ...]
    exceptions: Exceptions
    timeline: tuple[Happened, ...]
    operators: tuple[OperatorCount, ...]
    steps: tuple[ReportedStep, ...]
    masked: Masked


@dataclass(frozen=True)
class Said:
    """One event of a step.

    `text_sha256` is the digest of the text that was begun or run by it; `text` is that text, once, where it is not the
    one shown with the step.
    """

    at: datetime
    operator: str
    action: str
    note: str | None
    taken_back: bool
    text_sha256: str | None
    text: str | None


@dataclass(frozen=True)
class SignedStep:
    """A step as one signs for it.

    `text` is exactly what ran (or, by its status, was begun), `text_sha256` its digest as it was stored: where a
    secret is masked, that of the text with the secret. `would_run` is what an open step without such a text renders
    to now, and `problems` why it cannot; neither ran. `notes` is what was said when the step got its status.
    """

    step_id: int
    category: str
    place: int
    name: str
    type: str
    status: str
    is_open: bool
    is_custom: bool
    is_overridden: bool
    text: str | None
    text_sha256: str | None
    executed_at: datetime | None
    executed_by: str | None
    notes: str | None
    skip_reason: str | None
    would_run: str | None
    problems: tuple[str, ...]
    history: tuple[Said, ...]


@dataclass(frozen=True)
class SignOff:
    """The facts of one customer in a release, its secrets masked; `finished_at` is None while a step is open."""

    head: Head
    member: ReportMember
    progress: Progress
    finished_at: datetime | None
    renamed: tuple[Renamed, ...]
    steps: tuple[SignedStep, ...]
    masked: Masked
