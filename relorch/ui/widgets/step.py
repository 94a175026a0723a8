"""The step beside the matrix, and the card of the checklist: one step, its text, its verbs and its edits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import anywidget
import traitlets
from pydantic import ValidationError

from relorch.errors import InvalidValue, NotAllowed, NotFound, RelorchError, StorageError
from relorch.model import text
from relorch.model.values import MemberState, StepType
from relorch.ui import words
from relorch.ui.diff import diff_lines
from relorch.ui.feed import Feed
from relorch.ui.widgets import module, style
from relorch.ui.widgets.step_said import SAID, Check, Delete, Done, Look, Next, Open, Said, Undo, Writes, do, request_of
from relorch.ui.widgets.step_shown import digest_of, rendering_message, step_message
from relorch.workbook import Changes, Workbook

OnChange = Callable[[Sequence[int]], None]
OnLook = Callable[[Changes], None]
OnNext = Callable[[int], int | None]

_BATCHES = 50
"""As many of the last writes of a page can be taken back from it."""


class StepWidget(anywidget.AnyWidget):
    """One step from close by.

    What the browser sends is checked as any stranger's words, and again by the workbook. Every verb carries
    the id, version and text digest that were on the screen. `on_change` hears the customer ids whose steps
    a verb has changed, `on_look` what anybody changed since the page last looked; `on_next` gives the id of the
    step that comes after one (None: there is none), where no list on the same `channel` does.

    `opened`: the id of the step to show (0: none); `address`: the page's address names the step that is open;
    `empty`: the sentence while none is; `seen`: the revision the page shows already (None: the newest).
    """

    _esm = module("step")
    _css = style("step")
    channel = traitlets.Unicode().tag(sync=True)
    operator = traitlets.Unicode().tag(sync=True)
    opened = traitlets.Int().tag(sync=True)
    walks = traitlets.Bool().tag(sync=True)
    address = traitlets.Bool().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        workbook: Workbook,
        *,
        channel: str = "",
        opened: int = 0,
        on_change: OnChange | None = None,
        on_look: OnLook | None = None,
        on_next: OnNext | None = None,
        address: bool = False,
        empty: str = words.EMPTY_STEP,
        seen: int | None = None,
    ) -> None:
        super().__init__(
            channel=channel,
            operator=workbook.operator,
            opened=opened,
            walks=on_next is not None,
            address=address,
            empty=empty,
        )
        self._workbook = workbook
        self._on_change = on_change
        self._on_look = on_look
        self._on_next = on_next
        self._feed = Feed.of(workbook)
        self._seen = self._feed.newest() if seen is None else seen
        self._shown: dict[int, str] = {}  # by step id, the digest of what the page has of it
        self._drawn: tuple[int, int] | None = None  # whose steps the page has drawn, as of which event
        self._unchecked = False  # something was changed while the page had no step to compare
        self._batches: deque[int] = deque(maxlen=_BATCHES)
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            said = SAID.validate_python(content)
        except ValidationError:
            self.send({"type": "not_saved", "request": request_of(content), "message": words.NOT_UNDERSTOOD})
            return
        if isinstance(said, Look):
            self._look(said)
        elif isinstance(said, Open):
            self._answer(said, "open", lambda: self._open(said))
        elif isinstance(said, Next):
            self._answer(said, "next", lambda: self._next(said))
        elif isinstance(said, Check):
            self._check(said)
        else:
            self._do(said)

    def _answer(self, said: Said, verb: str, work: Callable[[], None]) -> None:
        try:
            work()
        except RelorchError as error:
            self._refuse(said, verb, error)

    def _look(self, look: Look) -> None:
        """Tell the page what anybody changed since it last asked; what could not be told now is told next time."""
        with suppress(StorageError):
            changes = self._feed.since(self._seen)
            if changes.any and self._on_look is not None:
                self._on_look(changes)
            self._unchecked = self._unchecked or changes.any
            if changes.any:
                self._tell_gone(look.typed)
            if self._unchecked and look.id is not None:
                self._compare(look.id, look)
                self._unchecked = False
            self._seen = changes.revision
        why = self._feed.trouble()
        self.trouble = words.not_up_to_date(why) if why else ""
        self.send({"type": "looked"})

    def _tell_gone(self, step_ids: Sequence[int]) -> None:
        """Say which of these steps are no more: what was typed for them has no place now."""
        for step_id in step_ids:
            try:
                self._workbook.steps.get(step_id)
            except NotFound:
                self.send({"type": "gone", "id": step_id})

    def _compare(self, step_id: int, look: Look) -> None:
        """Send the step again when anything that the page shows of it is not what it was sent last."""
        before = self._shown.get(step_id)
        try:
            step = self._step(step_id)
        except NotFound:
            self.send({"type": "gone", "id": step_id})
            return
        lost = (step["row_version"], step["sha256"]) != (look.version, look.sha256)
        if lost or before != self._shown[step_id]:
            self.send({"type": "changed", "step": step})

    def _open(self, said: Open) -> None:
        step = self._step(said.id)
        self.send({"type": "detail", "request": said.request, "step": step})
        self._tell(step["customer"]["id"], always=False)

    def _next(self, said: Next) -> None:
        following = self._on_next(said.id) if self._on_next is not None else None
        self.send({"type": "next", "request": said.request, "id": following})

    def _check(self, said: Check) -> None:
        """Give the difference and the rendering of a text that is being written, or why it cannot be stored."""
        answer: dict[str, Any] = {"type": "checked", "request": said.request, "id": said.id}
        try:
            self.send(answer | self._written(said))
        except RelorchError as error:
            self.send(answer | {"refused": str(error)})

    def _written(self, said: Check) -> dict[str, Any]:
        detail = self._workbook.steps.detail(said.id)
        release_id, customer_id = detail.release.id, detail.customer.id
        beside = detail.template.content if said.of == "override" and detail.template else detail.step.content
        content = said.content.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        shown: dict[str, Any] = {"diff": None if said.of == "add" else diff_lines(beside, content)}
        if said.of == "add":
            shown["reach"] = self._reach(said, release_id)
        try:
            rendering = self._workbook.templates.preview_render(
                release_id, customer_id, type=said.kind, content=said.content
            )
        except InvalidValue as error:
            return shown | {"refused": str(error)}
        return shown | {"preview": rendering_message(rendering, content, text.one_of("type", said.kind, StepType))}

    def _reach(self, said: Check, release_id: int) -> dict[str, int]:
        """Give how many customers a step for all of them would reach, and for how many it would not render."""
        members = self._workbook.releases.members(release_id)
        reach = {"customers": sum(member.state is not MemberState.REMOVED for member in members), "cannot_render": 0}
        if said.share:
            with suppress(InvalidValue):
                effect = self._workbook.templates.preview_add(
                    release_id, name=said.name or "-", category=said.category, type=said.kind, content=said.content
                )
                reach["cannot_render"] = len(effect.cannot_render)
        return reach

    def _do(self, said: Writes) -> None:
        try:
            if isinstance(said, Undo) and said.batch not in self._batches:
                raise NotAllowed(words.NOT_FROM_HERE)
            whose = self._workbook.steps.get(said.id).customer_id if isinstance(said, Delete) else None
            done = do(self._workbook, said)
        except RelorchError as error:
            self._refuse(said, said.verb if said.type == "verb" else said.type, error)
            return
        if isinstance(said, Undo):
            self._batches.remove(said.batch)
        if done.batch_id is not None:
            self._batches.append(done.batch_id)
        self._stored(said, done, whose)

    def _stored(self, said: Writes, done: Done, whose: int | None) -> None:
        """Say what was stored. From here on it is: whatever cannot be read now is read later. `whose` is gone."""
        step = None
        with suppress(NotFound, StorageError):
            step = self._step(said.id)
        answer = {"type": "stored", "verb": said.verb if said.type == "verb" else said.type, "message": done.message}
        at = words.moment(self._workbook.now())
        stored = {"request": said.request, "id": said.id, "at": at, "step": step, "gone": whose is not None}
        self.send(answer | stored | {"batch": done.batch_id, "added": done.added})
        touched = step["customer"]["id"] if step is not None else whose
        if touched is not None:
            self._tell(touched)

    def _refuse(self, said: Said, verb: str, error: RelorchError) -> None:
        """Say why not, and show the step as it is now: whoever was first is on the screen then."""
        if isinstance(error, StorageError):
            self.send({"type": "not_saved", "request": said.request, "message": str(error)})
            return
        answer = {"type": "refused", "verb": verb, "error": type(error).__name__, "message": str(error)}
        step: dict[str, Any] | None = None
        with suppress(NotFound, StorageError):
            step = self._step(said.id)
        self._unchecked = self._unchecked or step is None  # the next look says whether it is gone
        self.send(answer | {"request": said.request, "id": said.id, "step": step})
        if step is not None:
            self._tell(step["customer"]["id"])

    def _step(self, step_id: int) -> dict[str, Any]:
        """Give the step for the page, and remember what it is sent."""
        step = step_message(self._workbook.steps.detail(step_id), self._workbook.operator, self._workbook.now())
        self._shown[step_id] = digest_of(step)
        return step

    def _tell(self, customer_id: int, *, always: bool = True) -> None:
        """Let the page draw what was changed, or not `always`: what was changed since it did so for this customer.

        What it cannot read now comes with the next look.
        """
        if self._on_change is None:
            return
        with suppress(StorageError):
            drawn = customer_id, self._workbook.revision()
            if always or drawn != self._drawn:
                self._on_change([customer_id])
                self._drawn = drawn


__all__ = ["StepWidget", "step_message"]
