"""The checklist: one customer's steps as cards, or one step's customers; the open card stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anywidget
import traitlets
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relorch.errors import RelorchError
from relorch.ui import words
from relorch.ui.cards import Place, cards_of, coming, patched, picks, place_of
from relorch.ui.widgets import module, style
from relorch.workbook import Changes, Workbook

_Id = Annotated[int, Field(ge=0, lt=2**63)]


class _Go(BaseModel):
    """Show another place: 0 stands for "whatever fits best"."""

    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["go"]
    request: int = Field(ge=0)
    walk: Literal["customer", "step"]
    release: _Id
    customer: _Id
    template: _Id
    step: _Id


class _Next(BaseModel):
    """Ask what is next after a step; `go` when the operator wants to go there."""

    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["next"]
    request: int = Field(ge=0)
    after: _Id
    go: bool


_MESSAGE: TypeAdapter[_Go | _Next] = TypeAdapter(Annotated[_Go | _Next, Field(discriminator="type")])


class ChecklistWidget(anywidget.AnyWidget):
    """The cards of one place (a customer's steps, or a step's customers) and the way to the others.

    It only shows and selects: verbs go through the step beside it. What the browser sends is looked up; what is
    not there ends in a sentence.
    """

    _esm = module("checklist")
    _css = style("checklist")
    channel = traitlets.Unicode().tag(sync=True)
    auto = traitlets.Bool(default_value=True).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    picks = traitlets.Dict().tag(sync=True)

    def __init__(self, workbook: Workbook, place: Place, *, channel: str, auto: bool = True) -> None:
        shown = cards_of(workbook, place)
        super().__init__(
            channel=channel, auto=auto, view=shown.message() | {"request": 0}, picks=picks(workbook, place.release)
        )
        self._workbook = workbook
        self._shown = shown
        self.on_msg(self._receive)

    @property
    def current(self) -> int:
        """The id of the step that is open at first; 0 for none."""
        return self._shown.current

    def refresh(self, customer_ids: Sequence[int]) -> None:
        """Draw the cards of these customers anew, as they are stored now."""
        found = patched(self._workbook, self._shown, customer_ids)
        if found is None:
            self._reload()
            return
        self._shown, cards = found
        if cards:
            self.send({"type": "patch", "cards": cards})

    def follow(self, changes: Changes) -> None:
        """Draw what anybody changed; everything when more than steps was changed."""
        if changes.releases & {self._shown.place.release.id, None}:
            self._reload()
        elif changes.customers:
            self.refresh(sorted(changes.customers))

    def _reload(self) -> None:
        """Read the same place anew; what is gone ends in a sentence."""
        place = self._shown.place
        try:
            anew = place_of(
                self._workbook,
                place.release.id,
                walk=place.walk,
                customer_id=place.member.customer_id if place.member else 0,
                template_id=place.template.id if place.template else 0,
            )
            self.picks = picks(self._workbook, anew.release)
            self._show(anew, request=0)
        except RelorchError as error:
            self.send({"type": "gone", "message": str(error)})

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = _MESSAGE.validate_python(content)
        except ValidationError:
            self.send({"type": "gone", "message": words.NOT_UNDERSTOOD})
            return
        try:
            if isinstance(message, _Go):
                self._go(message)
            else:
                self._next(message)
        except RelorchError as error:
            self.send({"type": "gone", "message": str(error)})

    def _go(self, message: _Go) -> None:
        place = place_of(
            self._workbook,
            message.release,
            walk=message.walk,
            customer_id=message.customer,
            template_id=message.template,
            step_id=message.step,
        )
        if place.release.id != self._shown.place.release.id:
            self.picks = picks(self._workbook, place.release)
        self._show(place, message.request)

    def _show(self, place: Place, request: int) -> None:
        self._shown = cards_of(self._workbook, place)
        self.view = self._shown.message() | {"request": request}

    def _next(self, message: _Next) -> None:
        answer = coming(self._workbook, self._shown, message.after)
        self.send({"type": "next", "request": message.request, "go": message.go, "after": message.after} | answer)
