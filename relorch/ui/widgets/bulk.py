"""One verb for many selected steps: what the page may send, what would become of it, what was refused and why."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from relorch.errors import CannotRender, Conflict, IllegalTransition, NotAllowed, RelorchError
from relorch.model.status import TRANSITIONS, Verb
from relorch.model.text import visible
from relorch.ui import words
from relorch.workbook import Workbook
from relorch.workbook.steps import Outcome, Refusal

LISTED = 100
"""As many of the refused are listed one by one; the reasons are counted over all of them."""
REMEMBERED = 50
"""As many answers are kept for a message that comes twice, and as many batches that can be taken back."""
PREVIEWED = 5
"""As many previews are kept: the page confirms its last one, the others are still on their way."""

AT_MOST = 5_000
"""As many steps can be changed at once; the page says so before it asks."""

_Id = Annotated[int, Field(ge=1, lt=2**63)]
_Verb = Annotated[Verb, BeforeValidator(lambda value: Verb(value) if isinstance(value, str) else value)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    request: int = Field(ge=0, lt=2**53)


class _Selected(_Message):
    verb: _Verb
    ids: list[_Id] = Field(min_length=1)
    versions: list[Annotated[int, Field(ge=0, lt=2**63)]]


class Preview(_Selected):
    """What would become of these steps? `include` also those that somebody else has in progress."""

    type: Literal["preview"]
    include: bool


class Do(_Selected):
    """Do the verb; the same `request` is done once, however often it comes."""

    type: Literal["do"]
    reason: str | None
    note: str | None


class Undo(_Message):
    """Take back a batch that this page stored; `skip_touched` leaves what was changed since."""

    type: Literal["undo"]
    batch: _Id
    skip_touched: bool


MESSAGE: TypeAdapter[Preview | Do | Undo] = TypeAdapter(Annotated[Preview | Do | Undo, Field(discriminator="type")])


_What = TypeVar("_What")


class Kept(Generic[_What]):
    """The last things of a page by their number, `most` of them; older ones are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, _What] = OrderedDict()

    def of(self, number: int) -> _What | None:
        """Give what is kept under a number, or None."""
        return self._kept.get(number)

    def keep(self, number: int, what: _What) -> _What:
        """Keep something under a number, and give it."""
        self._kept[number] = what
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return what


@dataclass(frozen=True)
class Seen:
    """A preview that was shown: by step id the digest of the text that would be recorded, and what was refused."""

    verb: Verb
    digests: Mapping[int, str | None]
    refused: Mapping[int, Refusal]

    def covers(self, message: Do) -> bool:
        """Whether what the page wants done is what this preview was of, or less."""
        return message.verb is self.verb and set(message.ids) <= self.digests.keys() | self.refused.keys()


def previewed(workbook: Workbook, message: Preview) -> tuple[dict[str, Any], Seen]:
    """Give the answer to a preview: how many would be changed, which are refused, which are somebody else's.

    Beside it what `apply` takes when it is confirmed. Raises what the preview of the verb raises, and `NotAllowed`
    for more than `AT_MOST` steps.
    """
    _refuse_too_many(message.ids)
    theirs = workbook.steps.claims(message.ids)
    shown = zip(message.ids, message.versions, strict=True)
    wanted = {step_id: version for step_id, version in shown if message.include or step_id not in theirs}
    outcome = Outcome(None, ())
    if wanted:
        outcome = workbook.steps.preview(message.verb, list(wanted), expected_version=wanted)
    answer = {
        "type": "previewed",
        "request": message.request,
        "will": len(outcome.steps),
        "refused": refusals(outcome.refused, message.verb, workbook.operator),
        "claimed": _by_operator(theirs),
    }
    digests = {step.id: step.executed_sha256 for step in outcome.steps}
    return answer, Seen(message.verb, digests, {each.step_id: each for each in outcome.refused})


def apply(workbook: Workbook, message: Do, seen: Seen | None = None) -> Outcome:
    """Do the verb in one batch, for the steps that the preview named and with the texts it stood on.

    What it refused stays refused. `seen`: the preview that is confirmed; without it, or for steps that were not in it,
    raises `NotAllowed`, else as `previewed` does.
    """
    _refuse_too_many(message.ids)
    if seen is None or not seen.covers(message):
        raise NotAllowed(words.PREVIEW_GONE)
    versions = dict(zip(message.ids, message.versions, strict=True))
    refused = tuple(seen.refused[step_id] for step_id in versions if step_id in seen.refused)
    wanted = {step_id: version for step_id, version in versions.items() if step_id not in seen.refused}
    if not wanted:
        return Outcome(None, (), refused)
    done = _done(workbook, message, wanted, {step_id: seen.digests[step_id] for step_id in wanted})
    return Outcome(done.batch_id, done.steps, refused + done.refused)


def _done(workbook: Workbook, message: Do, versions: dict[int, int], digests: dict[int, str | None]) -> Outcome:
    verbs, ids, reason, note = workbook.steps, list(versions), message.reason, message.note
    match message.verb:
        case Verb.START:
            return verbs.start(ids, notes=note, expected_version=versions, text_sha256=digests)
        case Verb.MARK_DONE:
            return verbs.mark_done(ids, notes=note, expected_version=versions, text_sha256=digests)
        case Verb.FAIL:
            return verbs.fail(ids, reason=reason or "", expected_version=versions, text_sha256=digests)
        case Verb.SKIP:
            return verbs.skip(ids, reason=reason or "", expected_version=versions)
        case Verb.REVERT:
            return verbs.revert(ids, reason=reason, expected_version=versions)
        case Verb.REOPEN:
            return verbs.reopen(ids, reason=reason, expected_version=versions)


def _refuse_too_many(ids: Sequence[int]) -> None:
    if len(ids) > AT_MOST:
        raise NotAllowed(words.select_at_most(AT_MOST, len(ids)))


def refusals(refused: Sequence[Refusal], verb: Verb, operator: str) -> dict[str, Any]:
    """Give what was refused for the page: how many, the reasons with their counts, and some steps one by one."""
    reasons: dict[str, list[int]] = {}
    for each in refused:
        reasons.setdefault(_because(each.error, verb, operator), []).append(each.step_id)
    ordered = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    return {
        "count": len(refused),
        "reasons": [[why, len(ids), ids[:LISTED]] for why, ids in ordered[:LISTED]],
        "steps": [[each.step_id, visible(str(each.error))] for each in refused[:LISTED]],
    }


def _by_operator(theirs: dict[int, str]) -> list[list[Any]]:
    found: dict[str, list[int]] = {}
    for step_id, who in theirs.items():
        found.setdefault(who, []).append(step_id)
    return [[visible(who), ids] for who, ids in sorted(found.items())]


def _because(error: RelorchError, verb: Verb, operator: str) -> str:
    """Give in a few words why one step was refused, the same for all that were for that reason."""
    if isinstance(error, Conflict) and error.status:
        who = "you" if error.who == operator else error.who and visible(error.who)
        already = error.status == TRANSITIONS[verb].target
        return words.already(error.status, who) if already else words.changed_since(error.status, who)
    if isinstance(error, CannotRender):
        named = dict.fromkeys(getattr(problem, "placeholder", str(problem)) for problem in error.problems)
        return words.no_value_for(visible(", ".join(named)))
    if isinstance(error, IllegalTransition):
        return words.in_status(error.status)
    return visible(words.without_step(str(error)))
