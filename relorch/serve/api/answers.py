"""The nouns as they go out: a row of the domain in camelCase, and what use cases say beside it.

Keys inside `metadata`, `counts`, and the `before` and `after` of an event are data and stay as they are stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from relorch.model import values
from relorch.model.values import Category, MemberState, StepType
from relorch.serve.api.problems import Problem, problem_of
from relorch.serve.api.wire import VERBS, Wire
from relorch.workbook.steps import Outcome

_ROW = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True, extra="ignore")


class Cluster(values.Cluster):
    """A cluster."""

    model_config = _ROW


class Customer(values.Customer):
    """A customer: one namespace on one cluster."""

    model_config = _ROW


class Release(values.Release):
    """A release."""

    model_config = _ROW


class Template(values.StepTemplate):
    """A step as every member of the release gets it."""

    model_config = _ROW


class Step(values.CustomerStep):
    """A step of one customer in one release."""

    model_config = _ROW


class Member(values.Member):
    """A customer taking part in a release."""

    model_config = _ROW


class Event(values.Event):
    """One recorded fact; `before` and `after` hold the columns that changed, by their names in the database."""

    model_config = _ROW


class Success(Wire):
    """It is done."""

    success: Literal[True] = True


class TextChange(Wire):
    """How many open steps would show another text."""

    pending: int
    in_progress: int


class StepNote(Wire):
    """One customer's step that a change is about; `diff` to its own text, `why` it cannot render."""

    step_id: int | None
    customer_id: int
    customer_name: str
    namespace: str
    cluster_name: str
    status: str
    diff: str | None
    why: str | None
    name: str
    category: str
    template_id: int | None


class Effect(Wire):
    """What a change of a template reaches, what it leaves, and for whom it cannot render."""

    updates: tuple[StepNote, ...]
    overridden: tuple[StepNote, ...]
    executed: tuple[StepNote, ...]
    cannot_render: tuple[StepNote, ...]


class ChangedTemplate(Template):
    """A template as it is now, and what its change did; `reopenable` are failed and reverted steps of it."""

    batch_id: int | None
    effect: Effect
    reopenable: tuple[int, ...]


class Enrolment(Wire):
    """Who would join a release, how many steps they would get, and which of these cannot render."""

    customers: tuple[Customer, ...]
    steps: int
    cannot_render: tuple[StepNote, ...]
    already: tuple[int, ...]


class Progress(Wire):
    """Steps per status; `held` are those of held members, counted apart."""

    key: str | int | None
    label: str | None
    total: int
    counts: dict[str, int]
    percentage: int | None
    held: int
    held_open: int


class Standing(Wire):
    """How far a customer is in one release."""

    release: Release
    state: MemberState
    progress: Progress
    completed_at: datetime | None


class CurrentVersion(Wire):
    """The release that a customer completed last."""

    customer_id: int
    release_id: int
    release_name: str
    version_number: str | None
    completed_at: datetime


class RenderProblem(Wire):
    """Why a placeholder cannot be rendered."""

    placeholder: str
    why: str


class Rendering(Wire):
    """One customer's text; without one, `problems` say why. `raw` are ranges that a `raw` filter put in."""

    text: str | None
    sha256: str | None
    problems: tuple[RenderProblem, ...]
    raw: tuple[tuple[int, int], ...]


class Choice(Wire):
    """A verb that leads away from the step's status, and why it would be refused."""

    verb: Annotated[str, BeforeValidator(VERBS.__getitem__)]
    reason: str
    refused: str | None


class Detail(Wire):
    """A step from close by; `text` is what is shown and copied, `textSha256` goes back with the verb."""

    step: Step
    customer: Customer
    cluster: Cluster
    release: Release
    template: Template | None
    member_state: MemberState
    rendering: Rendering
    text: str | None
    text_sha256: str | None
    frozen: bool
    place: int
    places: int
    choices: tuple[Choice, ...]
    history: tuple[Event, ...]


class Refusal(Wire):
    """One step of a list that was left as it is, and why."""

    step_id: int
    problem: Problem


class Result(Wire):
    """What a verb did: the steps as they are now, those it refused, and its batch (null: nothing was changed)."""

    batch_id: int | None
    steps: tuple[Step, ...]
    refused: tuple[Refusal, ...] = ()


def result_of(outcome: Outcome) -> Result:
    """Give an outcome with each refusal as a problem of its own."""
    refused = [Refusal(step_id=each.step_id, problem=problem_of(each.error)) for each in outcome.refused]
    return Result(
        batch_id=outcome.batch_id,
        steps=tuple(Step.model_validate(step) for step in outcome.steps),
        refused=tuple(refused),
    )


class NextStep(Wire):
    """The next step to work at; without one why not, as a word and as a sentence: `allDone`, or what is in the way."""

    step: Step | None
    why: Literal["allDone", "notActive", "noMember", "removed", "held", "inactive", "claimed", "other"] | None = None
    message: str | None = None


class Left(Wire):
    """A row that an undo left as it is, and why."""

    table: str
    id: int
    why: str


class Undone(Wire):
    """The undo's own batch, the batch it took back, and what it left."""

    batch_id: int | None
    undone: int
    step_ids: tuple[int, ...]
    left: tuple[Left, ...]


class Changes(Wire):
    """What was changed since a revision: steps of `customers`; of `releases` more (null: the inventory)."""

    revision: int
    customers: tuple[int, ...]
    releases: tuple[int | None, ...]


class Activity(Wire):
    """One batch with the names people know."""

    at: datetime
    operator: str
    action: str
    note: str | None
    events: int
    release_id: int | None
    release_name: str | None
    customer_name: str | None
    step_id: int | None
    step_name: str | None


class Health(Wire):
    """The workbook can be read; `revision` grows with every change."""

    status: Literal["ok"] = "ok"
    operator: str
    revision: int


class Hint(Wire):
    """One thing that is odd about a template, or about the release as a whole."""

    code: str
    message: str
    template_id: int | None


class Placeholder(Wire):
    """A placeholder that a text can use, with what it stands for somewhere; `missing` have no value for it."""

    name: str
    example: str | None
    missing: int


class MatrixRow(Wire):
    """One row of the matrix; `templateId` null: custom steps."""

    template_id: int | None
    category: Category
    name: str
    type: StepType
    required: bool
    key: str
    retired: bool


class MatrixCustomer(Wire):
    """One column of the matrix."""

    id: int
    name: str
    namespace: str
    cluster_id: int
    cluster_name: str
    state: MemberState


class Matrix(Wire):
    """Steps × customers. The cell of row r and column c is at r · customers + c of each list; null: no such step.

    `flags` adds up: 1 overridden, 2 custom, 4 noted, 8 its template moved on, 16 out of order, 32 claimed by another.
    """

    release_id: int
    rows: tuple[MatrixRow, ...]
    customers: tuple[MatrixCustomer, ...]
    ids: tuple[int | None, ...]
    versions: tuple[int | None, ...]
    statuses: tuple[str | None, ...]
    flags: tuple[int | None, ...]
