"""The two lists of a release's step templates, put in order by drag, by button or by key.

It is a widget of our own and not wigglystuff's SortableList, whose items are bare strings: that one can neither
select a step nor mark it, its handles are buttons that do nothing by key (one dead tab stop a step), and it drops an
order on top of one that somebody else stored meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

import anywidget
import traitlets
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relorch.errors import Conflict, InvalidValue, RelorchError, StorageError
from relorch.model.text import visible
from relorch.model.values import StepTemplate
from relorch.ui import words
from relorch.ui.widgets import module, style
from relorch.workbook import Workbook

_Id = Annotated[int, Field(ge=1, lt=2**63)]
_BATCHES = 50
"""As many of the last orders of a page can be taken back from it."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    request: int = Field(default=0, ge=0)


class _Select(_Message):
    type: Literal["select"]
    id: _Id


class _New(_Message):
    type: Literal["new"]
    category: Literal["deploy", "verify"]


class _Order(_Message):
    type: Literal["order"]
    category: Literal["deploy", "verify"]
    before: list[_Id]
    ids: list[_Id]


class _Undo(_Message):
    type: Literal["undo"]
    batch: _Id


_MESSAGE: TypeAdapter[_Select | _New | _Order | _Undo] = TypeAdapter(
    Annotated[_Select | _New | _Order | _Undo, Field(discriminator="type")]
)

Standing = Mapping[int, tuple[int, int]]
"""How many steps of a template are (overridden, executed)."""


class OrderWidget(anywidget.AnyWidget):
    """The deploy and the verify list of one release. It stores orders; what is selected it only says.

    `on_select(template_id)` and `on_new(category)` hear what the operator wants to edit, `on_stored()` that an order
    was stored or taken back. `fixed`: the release is archived, nothing can be moved.
    """

    _esm = module("order")
    _css = style("order")
    lists = traitlets.Dict().tag(sync=True)
    fixed = traitlets.Bool().tag(sync=True)
    selected = traitlets.Int().tag(sync=True)
    release = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        workbook: Workbook,
        release_id: int,
        *,
        on_select: Callable[[int], None],
        on_new: Callable[[str], None],
        on_stored: Callable[[], None],
        selected: int = 0,
        fixed: bool = False,
    ) -> None:
        super().__init__(selected=selected, fixed=fixed, release=release_id)
        self._workbook, self._release_id = workbook, release_id
        self._on_select, self._on_new, self._on_stored = on_select, on_new, on_stored
        self._unsaved: frozenset[int] = frozenset()
        self._standing: Standing = {}
        self._batches: deque[int] = deque(maxlen=_BATCHES)
        self.on_msg(self._receive)

    def draw(self, templates: Collection[StepTemplate], unsaved: Collection[int], standing: Standing) -> None:
        """Show these templates, retired ones among them; `unsaved`: the ids that have text which is not stored."""
        self._unsaved, self._standing = frozenset(unsaved), standing
        self.lists = self._lists(templates)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = _MESSAGE.validate_python(content)
        except ValidationError:
            self._answer(0, words.NOT_UNDERSTOOD, refused=True)
            return
        if isinstance(message, _Select):
            self._on_select(message.id)
        elif isinstance(message, _New):
            self._on_new(message.category)
        else:
            self._do(message)

    def _do(self, message: _Order | _Undo) -> None:
        try:
            said, batch = self._reorder(message) if isinstance(message, _Order) else self._undo(message)
        except StorageError as error:
            self._answer(message.request, f"{words.NOT_SAVED} {error}", refused=True)
            return
        except RelorchError as error:
            why = words.ORDER_STALE if isinstance(message, _Order) and _is_stale(error) else str(error)
            self._answer(message.request, f"{words.REFUSED} {why}", refused=True)
            return
        if batch is not None:
            self._batches.append(batch)
        self._answer(message.request, said, batch=batch)
        self._on_stored()

    def _reorder(self, message: _Order) -> tuple[str, int | None]:
        """Store an order, if the one it was made from is still the stored one: nobody's order is dropped unseen."""
        self._workbook.templates.reorder(self._release_id, message.category, message.ids, expected=message.before)
        return words.ORDER_STORED[message.category], self._workbook.last_undoable

    def _undo(self, message: _Undo) -> tuple[str, int | None]:
        if message.batch not in self._batches:
            raise InvalidValue("batch", message.batch, "is not an order that was stored here")
        self._workbook.undo(message.batch)
        self._batches.remove(message.batch)
        return words.ORDER_UNDONE, None

    def _answer(self, request: int, said: str, *, refused: bool = False, batch: int | None = None) -> None:
        with suppress(RelorchError):  # the page keeps what it shows; what went wrong is said already
            self.lists = self._lists(self._workbook.templates.list(self._release_id, retired=True))
        self.send({"request": request, "message": said, "refused": refused, "batch": batch, "lists": self.lists})

    def _lists(self, templates: Collection[StepTemplate]) -> dict[str, list[Any]]:
        live = [template for template in templates if not template.is_retired]
        lists: dict[str, list[Any]] = {
            category: [self._item(template) for template in live if template.category == category]
            for category in ("deploy", "verify")
        }
        return lists | {"retired": [visible(template.name) for template in templates if template.is_retired]}

    def _item(self, template: StepTemplate) -> dict[str, Any]:
        overridden, executed = self._standing.get(template.id, (0, 0))
        return {
            "id": template.id,
            "name": visible(template.name),
            "type": template.type.value,
            "required": template.required,
            "overridden": overridden,
            "executed": executed,
            "unsaved": template.id in self._unsaved,
        }


def _is_stale(error: RelorchError) -> bool:
    return isinstance(error, Conflict) or (isinstance(error, InvalidValue) and error.field == "ordered_ids")
