"""The words of the reports on paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from relorch.model.actions import ACTION
from relorch.model.progress import Progress
from relorch.model.status import STATUSES, Status
from relorch.views.masked import Masked
from relorch.views.report import Head, Renamed, SignedStep

SIGN: Mapping[str, str] = {
    Status.PENDING: "·",
    Status.IN_PROGRESS: "▸",
    Status.DONE: "✓",
    Status.SKIPPED: "–",
    Status.FAILED: "✗",
    Status.REVERTED: "↶",
}
"""How each status stands in a cell: none of these is drawn as a coloured picture anywhere."""


def status(name: str) -> str:
    """Give a status for people."""
    return name.replace("_", " ")


LEGEND = tuple((SIGN[each], status(each.value), each.value) for each in STATUSES)

_TEXT_IS: Mapping[str, str] = {
    Status.DONE: "The text that ran",
    Status.IN_PROGRESS: "The text that was begun; nobody has said yet how it went",
    Status.FAILED: "The text that ran and failed",
    Status.REVERTED: "The text that ran before it was reverted",
}
_BEFORE_SKIPPED: Mapping[str, str] = {
    "step.mark_done": "The text that ran; the step was skipped after that",
    "step.fail": "The text that ran and failed before the step was skipped",
}
_NO_TEXT: Mapping[str, str] = {
    Status.SKIPPED: "Skipped: nothing ran.",
    Status.FAILED: "No text was recorded for this failure.",
    Status.DONE: "No text was recorded.",
}


def text_is(step: SignedStep) -> str:
    """Say what became of the text that is shown with a step; of a skipped one only its history tells."""
    ran = _ran(step, step.text_sha256)
    begun = "The text that was begun before the step was skipped; it does not count as run"
    return _TEXT_IS.get(step.status) or next((said for verb, said in _BEFORE_SKIPPED.items() if verb in ran), begun)


def no_text(step: SignedStep) -> str:
    """Say why no text is shown with a step."""
    if step.status == Status.SKIPPED and _ran(step):
        return "Skipped in the end; what ran before that is in the history below."
    return _NO_TEXT.get(step.status, "")


def _ran(step: SignedStep, sha256: str | None = None) -> set[str]:
    """Give what was said of a text that ran, or of any."""
    told = (said for said in step.history if not said.taken_back and said.text_sha256 is not None)
    return {said.action for said in told if sha256 in (None, said.text_sha256)} & _BEFORE_SKIPPED.keys()


NOT_RUN = "Not run. What the step renders to now; that may still change:"
CANNOT_RENDER = "Not run, and it cannot be: the step has no text now."


def action(name: str) -> str:
    """Give an event's action for people."""
    return ACTION.get(name, name.replace(".", " ").replace("_", " "))


def moment(at: datetime) -> str:
    """Give a time to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(first: datetime, last: datetime) -> str:
    """Give when something began and ended, to the minute, in UTC."""
    start, end = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at in (first, last))
    if start == end:
        return f"{start} UTC"
    return f"{start} – {end[11:] if start[:10] == end[:10] else end} UTC"


def counted(count: int, noun: str) -> str:
    """Give a count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def renamed(each: Renamed) -> str:
    """Say what something was called, or where it was."""
    of = {"release": "The release's", "customer": "The customer's", "cluster": "The cluster's"}[each.about]
    return f"{of} {each.what} was {each.was or 'none'} until then, and became {each.became or 'none'}"


def undone(events: int, of: int) -> str:
    """Say how many of so many events were undone since, or nothing."""
    if not events:
        return ""
    return "undone since" if events >= of else f"{events:,} of {of:,} undone since"


def happened(progress: Progress) -> str:
    """Say what became of the steps of a member that is not worked on."""
    told = [f"{progress.counts[each.value]:,} {status(each.value)}" for each in STATUSES if progress.counts[each.value]]
    return ", ".join(told) or "no steps"


def chain(head: Head) -> str:
    """Say whether the record holds."""
    if head.first_broken_event is None:
        return f"The chain holds: each of the {head.last_event_id:,} events fits the one before it."
    return (
        f"THE CHAIN IS BROKEN at event {head.first_broken_event}: somebody changed the record past relorch. "
        "What this report says of that time is not to be trusted."
    )


def masked(said: Masked) -> str:
    """Say how much is masked, and what the digests are of."""
    if not said.secrets:
        return f"Nothing in this report looks like a secret, so nothing is masked. {_NOT_ALL}"
    verb, looks = ("was", "looks") if said.secrets == 1 else ("were", "look")
    return (
        f"{counted(said.secrets, 'text')} that {looks} like a secret {verb} masked, in "
        f"{counted(said.places, 'place')}; the same one has the same number everywhere. {_NOT_ALL} "
        "A sha256 is that of the text as it was stored, with the secret in it."
    )


_NOT_ALL = "A secret that does not look like one is not found: read before you pass this on."


def source(step: SignedStep) -> str:
    """Say where a step comes from, where that is not the template."""
    if step.is_custom:
        return "custom step of this customer"
    return "text of this customer, not the template's" if step.is_overridden else ""
