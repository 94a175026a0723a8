"""The words of the reports on paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from relorch.model.actions import ACTION
from relorch.model.status import STATUSES, Status
from relorch.views.masked import Masked
from relorch.views.report import Head, SignedStep

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

TEXT_IS: Mapping[str, str] = {
    Status.DONE: "The text that ran",
    Status.IN_PROGRESS: "The text that was begun; nobody has said yet how it went",
    Status.FAILED: "The text that ran and failed",
    Status.REVERTED: "The text that ran before it was reverted",
    Status.SKIPPED: "The text that was begun before the step was skipped; it does not count as run",
}
NO_TEXT: Mapping[str, str] = {
    Status.SKIPPED: "Skipped: nothing ran.",
    Status.FAILED: "No text was recorded for this failure.",
    Status.DONE: "No text was recorded.",
}
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
        return "No secret was found in what this report shows, so nothing is masked."
    verb = "was" if said.secrets == 1 else "were"
    return (
        f"{counted(said.secrets, 'secret')} {verb} masked, in {counted(said.places, 'place')}; the same secret has the "
        "same number everywhere. A sha256 is that of the text as it was stored, with the secret in it."
    )


def source(step: SignedStep) -> str:
    """Say where a step comes from, where that is not the template."""
    if step.is_custom:
        return "custom step of this customer"
    return "text of this customer, not the template's" if step.is_overridden else ""
