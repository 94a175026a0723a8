"""The step beside the matrix, and the card of the checklist: one step, its text and its verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import anywidget
import traitlets
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relorch.errors import NotFound, RelorchError, StorageError
from relorch.model.status import Status, Verb
from relorch.model.text import visible
from relorch.model.values import CustomerStep, Event
from relorch.ui import words
from relorch.ui.highlight import highlighted, invisible
from relorch.ui.widgets import module, style
from relorch.workbook import Changes, Workbook
from relorch.workbook.steps import Choice, Outcome, StepDetail

OnChange = Callable[[Sequence[int]], None]
OnLook = Callable[[Changes], None]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    request: int = Field(ge=0)
    id: int = Field(ge=1, lt=2**63)


class _Open(_Message):
    type: Literal["open"]


class _Look(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["look"]
    request: int = 0
    id: int | None = None
    version: int | None = None
    sha256: str | None = None


class _Verb(_Message):
    type: Literal["verb"]
    verb: str
    version: int
    sha256: str | None = None
    note: str | None = None
    reason: str | None = None


_MESSAGE: TypeAdapter[_Open | _Verb | _Look] = TypeAdapter(
    Annotated[_Open | _Verb | _Look, Field(discriminator="type")]
)


class StepWidget(anywidget.AnyWidget):
    """One step from close by.

    What the browser sends is checked as any stranger's words, and again by the workbook. Every verb carries
    the id, version and text digest that were on the screen. `on_change` hears the customer ids whose steps
    a verb has changed, `on_look` what others changed since the page last looked.
    """

    _esm = module("step")
    _css = style("step")
    channel = traitlets.Unicode().tag(sync=True)
    operator = traitlets.Unicode().tag(sync=True)
    opened = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        workbook: Workbook,
        *,
        channel: str,
        opened: int = 0,
        on_change: OnChange | None = None,
        on_look: OnLook | None = None,
    ) -> None:
        super().__init__(channel=channel, operator=workbook.operator, opened=opened)
        self._workbook = workbook
        self._on_change = on_change
        self._on_look = on_look
        self._seen = workbook.revision()
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = _MESSAGE.validate_python(content)
        except ValidationError:
            self.send({"type": "not_saved", "request": _number(content), "message": words.NOT_UNDERSTOOD})
            return
        if isinstance(message, _Open):
            self._open(message)
        elif isinstance(message, _Look):
            self._look(message)
        else:
            self._do(message)

    def _look(self, message: _Look) -> None:
        """Tell the page what others changed since it last asked."""
        try:
            changes = self._workbook.changes_since(self._seen)
            self._seen = changes.revision
            if changes.any and self._on_look is not None:
                self._on_look(changes)
            if changes.any and message.id is not None:
                step = self._step(message.id)
                if (step["row_version"], step["sha256"]) != (message.version, message.sha256):
                    self.send({"type": "changed", "step": step})
        except (NotFound, StorageError):
            return  # the page asks again in two seconds, and every verb is checked anyway

    def _open(self, message: _Open) -> None:
        try:
            step = self._step(message.id)
        except RelorchError as error:
            self._refuse(message, "open", error)
            return
        self.send({"type": "detail", "request": message.request, "step": step})
        self._tell_customer(step["customer"]["id"])

    def _do(self, message: _Verb) -> None:
        try:
            outcome = _apply(self._workbook, message)
        except RelorchError as error:
            self._refuse(message, message.verb, error)
            return
        answer = {"type": "stored", "verb": message.verb, "message": words.DID[Verb(message.verb)]}
        self.send(answer | {"request": message.request, "step": self._step(message.id)})
        self._tell(outcome.steps)

    def _refuse(self, message: _Message, verb: str, error: RelorchError) -> None:
        """Say why not, and show the step as it is now: whoever was first is on the screen then."""
        if isinstance(error, StorageError):
            self.send({"type": "not_saved", "request": message.request, "message": str(error)})
            return
        answer = {"type": "refused", "verb": verb, "error": type(error).__name__, "message": str(error)}
        try:
            step: dict[str, Any] | None = self._step(message.id)
        except (NotFound, StorageError):
            step = None
        self.send(answer | {"request": message.request, "id": message.id, "step": step})
        if step is not None:
            self._tell_customer(step["customer"]["id"])

    def _step(self, step_id: int) -> dict[str, Any]:
        return step_message(self._workbook.steps.detail(step_id), self._workbook.operator, self._workbook.now())

    def _tell(self, changed: Sequence[CustomerStep]) -> None:
        if self._on_change is not None:
            self._on_change([step.customer_id for step in changed])

    def _tell_customer(self, customer_id: int) -> None:
        if self._on_change is not None:
            self._on_change([customer_id])


def step_message(detail: StepDetail, operator: str, now: datetime) -> dict[str, Any]:
    """Give all that the widget shows of a step, times and names ready for people."""
    step = detail.step
    return {
        "id": step.id,
        "row_version": step.row_version,
        "name": visible(step.name),
        "category": step.category.value,
        "type": step.type.value,
        "status": step.status.value,
        "place": _place(detail),
        "customer": {
            "id": detail.customer.id,
            "name": visible(detail.customer.name),
            "namespace": detail.customer.namespace,
        },
        "cluster": {"id": detail.cluster.id, "name": visible(detail.cluster.name)},
        "release": {
            "id": detail.release.id,
            "name": visible(detail.release.name),
            "version": detail.release.version_number,
            "status": detail.release.status.value,
        },
        "source": _source(detail),
        "member_state": detail.member_state.value,
        **_text(detail),
        "verbs": [_choice(choice) for choice in detail.choices],
        "claim": _claim(step, operator, now),
        "executed_at": words.moment(step.executed_at) if step.executed_at else None,
        "executed_by": step.executed_by,
        "notes": step.notes,
        "skip_reason": step.skip_reason,
        "history": [_event(event, now) for event in detail.history],
    }


def _place(detail: StepDetail) -> str:
    place = f"{detail.step.category.value.capitalize()} {detail.place} of {detail.places}"
    return f"{place} · its template is retired" if detail.template and detail.template.is_retired else place


def _text(detail: StepDetail) -> dict[str, Any]:
    shown = detail.text if detail.text is not None else detail.step.content
    raw = () if detail.frozen else detail.rendering.raw
    return {
        "text": detail.text,
        "sha256": detail.text_sha256,
        "frozen": detail.frozen,
        "differs": detail.frozen and detail.rendering.sha256 != detail.text_sha256,
        "lines": highlighted(shown, detail.step.type, raw),
        "invisible": invisible(shown),
        "problems": [{"placeholder": problem.placeholder, "why": problem.why} for problem in detail.rendering.problems],
        "source_text": detail.step.content,
    }


def _source(detail: StepDetail) -> dict[str, Any]:
    step, template = detail.step, detail.template
    kind = "custom" if step.is_custom else "overridden" if step.is_overridden else "template"
    current = template.revision if template else None
    return {
        "kind": kind,
        "required": bool(template and template.required and not template.is_retired),
        "moved_on": current is not None and current != step.template_revision,
        "revision": step.template_revision,
        "template_revision": current,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "verb": choice.verb.value,
        "label": words.VERB_LABEL[choice.verb],
        "key": words.VERB_KEY[choice.verb],
        "reason": choice.reason,
        "allowed": choice.refused is None,
        "why": choice.refused,
    }


def _claim(step: CustomerStep, operator: str, now: datetime) -> dict[str, Any] | None:
    if step.status is not Status.IN_PROGRESS or step.executed_at is None:
        return None
    return {
        "by": step.executed_by,
        "at": words.moment(step.executed_at),
        "age": words.duration(step.executed_at, now),
        "mine": step.executed_by == operator,
    }


def _event(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "at": words.moment(event.at),
        "age": words.duration(event.at, now),
        "operator": event.operator,
        "action": event.action.rpartition(".")[2],
        "note": event.note,
    }


def _apply(workbook: Workbook, message: _Verb) -> Outcome:
    """Do the verb with what was on the screen."""
    verbs, version = workbook.steps, message.version
    reason, note, digest = message.reason, message.note, message.sha256
    match message.verb:
        case Verb.START:
            return verbs.start(message.id, notes=note, expected_version=version, text_sha256=digest)
        case Verb.MARK_DONE:
            return verbs.mark_done(message.id, notes=note, expected_version=version, text_sha256=digest)
        case Verb.FAIL:
            return verbs.fail(message.id, reason=reason or "", expected_version=version, text_sha256=digest)
        case Verb.SKIP:
            return verbs.skip(message.id, reason=reason or "", expected_version=version)
        case Verb.REVERT:
            return verbs.revert(message.id, reason=reason, expected_version=version)
        case Verb.REOPEN:
            return verbs.reopen(message.id, reason=reason, expected_version=version)
    raise NotFound("verb", message.verb, "verb")


def _number(content: object) -> int:
    """Give the request's number where there is one, so that the page knows what was not understood."""
    request = content.get("request") if isinstance(content, dict) else None
    return request if isinstance(request, int) and not isinstance(request, bool) else 0
