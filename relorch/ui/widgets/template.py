"""The form of a step template: what is typed, and what was pressed, with the template it stands in.

A widget of our own and not marimo's fields and code editor: those keep the number of the element that stood there
before, so that what is typed while another template is being opened becomes the text of that one; and each key they
send goes its own way, so that what is stored may be older than what is on the screen. Here a button sends the whole
form as it is seen, with its token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import anywidget
import traitlets
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relorch.model.values import StepType
from relorch.ui.highlight import highlighted
from relorch.ui.widgets import module, style

_KEPT = 32
"""So many forms back what is typed is still known by its token."""


class _Values(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    type: Literal["bash", "sql", "text"]
    required: bool
    description: str
    content: str
    place: str


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    token: int = Field(ge=1)
    number: int = Field(ge=1)
    values: _Values


class _Typed(_Message):
    type: Literal["typed"]


class _Press(_Message):
    type: Literal["press"]
    what: Literal["save", "drop", "away"]


_MESSAGE: TypeAdapter[_Typed | _Press] = TypeAdapter(Annotated[_Typed | _Press, Field(discriminator="type")])

Handler = Callable[[Any, Mapping[str, Any]], object]


class TemplateForm(anywidget.AnyWidget):
    """The form of one step template after the other.

    `on_typed(about, values)` hears what is typed, `on_press(what, about, values)` what was pressed: "save", "drop" or
    "away"; `about` is what the form was shown with. `on_behind()` asks to show the form again, for what came was typed
    before it was drawn anew. A press in a form that has made way for another template's is not heard.
    """

    _esm = module("template")
    _css = style("template")
    form = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        on_typed: Handler,
        on_press: Callable[[str, Any, Mapping[str, Any]], object],
        on_behind: Callable[[], object],
    ) -> None:
        super().__init__()
        self._on_typed, self._on_press, self._on_behind = on_typed, on_press, on_behind
        self._token, self._heard = 0, 0
        self._pressed: tuple[int, Mapping[str, Any]] | None = None
        self._shown: dict[int, tuple[object, Any]] = {}
        self.on_msg(self._receive)

    def show(self, key: object, about: Any, form: Mapping[str, Any]) -> None:
        """Show a form; `key` says of which template it is."""
        self._token += 1
        self._shown[self._token] = (key, about)
        self._shown.pop(self._token - _KEPT, None)
        lines = _colours(form["values"])
        self.form = {**form, "key": str(key), "token": self._token, "heard": self._heard, "lines": lines}

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = _MESSAGE.validate_python(content)
        except ValidationError:
            return  # no form of ours says such a thing
        self._heard = message.number
        if message.token not in self._shown:
            return
        # what the form began with goes with what is typed in it, or somebody else's change would be overwritten unseen
        key, about = self._shown[message.token]
        values, same = message.values.model_dump(), key == self._shown[self._token][0]
        if isinstance(message, _Press):
            twice = self._pressed == (message.token, values) and message.token != self._token
            if same and not twice:  # a double click comes once more when the first has drawn the form anew
                self._pressed = (message.token, values)
                self._on_press(message.what, about, values)
            return
        if not same and self._pressed is not None and self._pressed[0] == message.token:
            return  # typed on in a form that was saved and left: its text is not begun a second time
        self._on_typed(about, values)
        if message.token == self._token:
            self.send({"type": "colours", "token": message.token, "lines": _colours(values)})
        elif same:
            self._on_behind()


def _colours(values: Mapping[str, Any]) -> list[list[list[str]]]:
    lines = highlighted(values["content"], StepType(values["type"]))
    return [[[str(kind), str(text)] for kind, text, _ in line] for line in lines]
