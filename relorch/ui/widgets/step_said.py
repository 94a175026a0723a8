"""What the step widget's page may say, checked as any stranger's words, and done by one verb of the workbook each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from relorch.errors import NotFound
from relorch.model.status import Verb
from relorch.ui import words
from relorch.workbook import Workbook
from relorch.workbook.steps import Outcome

Text = Annotated[str, Field(max_length=1_000_000)]
"""Any text: the workbook says which ones it stores, and why not."""


class Said(BaseModel):
    """What every message about a step has: the number of the request and the step's id."""

    model_config = ConfigDict(extra="forbid", strict=True)
    request: int = Field(ge=0)
    id: int = Field(ge=1, lt=2**63)


class Open(Said):
    """Show this step."""

    type: Literal["open"]


class Next(Said):
    """Which step comes after this one?"""

    type: Literal["next"]


class Look(BaseModel):
    """Was anything changed? With what is on the screen, if a step is; `typed`: steps for which text waits."""

    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["look"]
    request: int = 0
    id: int | None = None
    version: int | None = None
    sha256: str | None = None
    typed: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(default=[], max_length=50)


class Check(Said):
    """How does this text differ, and what does it render to? `of`: what is being written."""

    type: Literal["check"]
    of: Literal["override", "custom", "add"]
    kind: str
    content: Text
    name: Text = ""
    category: str = ""
    share: bool = False


class DoVerb(Said):
    """A verb of the status table, with what was on the screen."""

    type: Literal["verb"]
    verb: str
    version: int
    sha256: str | None = None
    note: Text | None = None
    reason: Text | None = None
    take_template: bool = False


class Override(Said):
    """A text of the customer's own."""

    type: Literal["override"]
    version: int
    content: Text


class Reset(Said):
    """The template's text again."""

    type: Literal["reset"]
    version: int


class Update(Said):
    """Another name, type or content of a custom step."""

    type: Literal["update"]
    version: int
    name: Text
    kind: str
    content: Text


class Delete(Said):
    """Away with a custom step."""

    type: Literal["delete"]
    version: int


class Add(Said):
    """A custom step beside the one on the screen, or at the end; `share`: for every customer."""

    type: Literal["add"]
    name: Text
    kind: str
    category: str
    content: Text
    place: Literal["after", "before", "end"]
    share: bool


class Undo(Said):
    """Take back what was stored just now."""

    type: Literal["undo"]
    batch: int = Field(ge=1, lt=2**63)


Writes = DoVerb | Override | Reset | Update | Delete | Add | Undo
SAID: TypeAdapter[Open | Next | Look | Check | Writes] = TypeAdapter(
    Annotated[Open | Next | Look | Check | Writes, Field(discriminator="type")]
)


@dataclass(frozen=True)
class Done:
    """What became of a write: what to say, its batch (None: nothing to take back), and the step it made, if any."""

    message: str
    batch_id: int | None = None
    added: int | None = None


def do(workbook: Workbook, said: Writes) -> Done:
    """Do what was asked for; raises what the workbook's verb raises."""
    if isinstance(said, DoVerb):
        _status(workbook, said)
        return Done(words.DID[Verb(said.verb)], workbook.last_undoable)
    if isinstance(said, Undo):
        workbook.undo(said.batch)
        return Done(words.UNDONE)
    if isinstance(said, Add):
        return _add(workbook, said)
    return _edit(workbook, said)


def _edit(workbook: Workbook, said: Override | Reset | Update | Delete) -> Done:
    steps, step_id, version = workbook.steps, said.id, said.version
    if isinstance(said, Override):
        steps.override(step_id, said.content, expected_version=version)
    elif isinstance(said, Reset):
        steps.reset(step_id, expected_version=version)
    elif isinstance(said, Update):
        steps.update(step_id, name=said.name, type=said.kind, content=said.content, expected_version=version)
    else:
        steps.delete(step_id, expected_version=version)
    return Done(words.EDITED[said.type], workbook.last_undoable)


def _add(workbook: Workbook, said: Add) -> Done:
    beside = workbook.steps.get(said.id)
    made = workbook.steps.add_custom(
        beside.release_id,
        beside.customer_id,
        name=said.name,
        category=said.category,
        type=said.kind,
        content=said.content,
        after_id=said.id if said.place == "after" else None,
        before_id=said.id if said.place == "before" else None,
        add_to_template=said.share,
    )
    return Done(words.ADDED_SHARED if said.share else words.ADDED, workbook.last_undoable, made.id)


def _status(workbook: Workbook, said: DoVerb) -> Outcome:
    """Do the verb with what was on the screen."""
    verbs, version = workbook.steps, said.version
    reason, note, digest = said.reason, said.note, said.sha256
    match said.verb:
        case Verb.START:
            return verbs.start(said.id, notes=note, expected_version=version, text_sha256=digest)
        case Verb.MARK_DONE:
            return verbs.mark_done(said.id, notes=note, expected_version=version, text_sha256=digest)
        case Verb.FAIL:
            return verbs.fail(said.id, reason=reason or "", expected_version=version, text_sha256=digest)
        case Verb.SKIP:
            return verbs.skip(said.id, reason=reason or "", expected_version=version)
        case Verb.REVERT:
            return verbs.revert(said.id, reason=reason, expected_version=version)
        case Verb.REOPEN:
            taken = said.take_template
            return verbs.reopen(said.id, reason=reason, take_template=taken, expected_version=version)
    raise NotFound("verb", said.verb, "verb")


def request_of(content: Any) -> int:
    """Give the request's number where there is one, so that the page knows what was not understood."""
    request = content.get("request") if isinstance(content, dict) else None
    return request if isinstance(request, int) and not isinstance(request, bool) else 0
