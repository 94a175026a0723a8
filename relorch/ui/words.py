"""The sentences of the pages that Python writes; the widgets keep theirs at the top of their modules."""

from __future__ import annotations

from datetime import datetime

from relorch.model.status import Verb

VERB_LABEL = {
    Verb.START: "Start",
    Verb.MARK_DONE: "Mark done",
    Verb.FAIL: "Fail",
    Verb.SKIP: "Skip",
    Verb.REVERT: "Revert",
    Verb.REOPEN: "Reopen",
}
VERB_KEY = {
    Verb.START: "b",
    Verb.MARK_DONE: "d",
    Verb.FAIL: "f",
    Verb.SKIP: "s",
    Verb.REVERT: "r",
    Verb.REOPEN: "o",
}
DID = {
    Verb.START: "Started",
    Verb.MARK_DONE: "Done",
    Verb.FAIL: "Recorded as failed",
    Verb.SKIP: "Skipped",
    Verb.REVERT: "Recorded as reverted",
    Verb.REOPEN: "Reopened",
}
ACTION = {
    "step.start": "started",
    "step.mark_done": "marked done",
    "step.fail": "recorded as failed",
    "step.skip": "skipped",
    "step.revert": "recorded as reverted",
    "step.reopen": "reopened",
    "step.override": "overrode the text of",
    "step.reset": "took the template's text for",
    "step.add_custom": "added the custom step",
    "step.update_custom": "changed the custom step",
    "step.delete_custom": "deleted the custom step",
    "template.add": "added the step template",
    "template.update": "changed the step template",
    "template.move": "moved the step template",
    "template.reorder": "put the step templates in another order",
    "template.retire": "retired the step template",
    "template.delete": "deleted the step template",
    "undo": "undid",
    "release.create": "created the release",
    "release.update": "changed the release",
    "release.delete": "deleted the draft",
    "release.activate": "activated the release",
    "release.hold": "put on hold",
    "release.resume": "resumed",
    "release.remove": "removed from the release",
    "release.add_customers": "added customers to the release",
    "release.archive": "archived the release",
    "release.reopen": "reopened the release",
    "customer.create": "created the customer",
    "customer.update": "changed the customer",
    "customer.deactivate": "deactivated the customer",
    "customer.reactivate": "reactivated the customer",
    "cluster.create": "created the cluster",
    "cluster.update": "changed the cluster",
    "cluster.deactivate": "deactivated the cluster",
    "cluster.reactivate": "reactivated the cluster",
}

NOT_GUARDED = (
    "Not guarded: this page runs alone, and anything on this machine can reach it. "
    "Start 'relorch serve' for the guarded workbook with all its pages."
)
NOT_UNDERSTOOD = "The page sent something that was not understood; nothing was stored. Reload the page."
STORED = "Stored."
REFUSED = "Refused."
NOT_SAVED = "Not saved."
NO_RELEASE = "There is no release yet."
NO_SUCH_RELEASE = "There is no such release. It may have been deleted, or the link is wrong."
DRAFT_HAS_NO_MATRIX = "This release is a draft: it has no customers yet. Activate it to give them its steps."
FIRST_RUN_TITLE = "An empty workbook. Three steps to the first release:"
FIRST_RUN = (
    "Write down your clusters and the customers on them.",
    "Create a release and the steps that every customer gets.",
    "Activate it for the customers you choose; the matrix opens.",
)
FIRST_RUN_SAMPLE = (
    "For now this is done from Python: README's 'From Python' shows each call. "
    "To look around first, stop the server and start it with 'relorch serve --sample'."
)
ALL_QUIET = "Nothing failed, and no release is waiting."


def moment(at: datetime) -> str:
    """Give a time for people, to the minute, with its zone."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def duration(since: datetime, now: datetime) -> str:
    """Give how long it has been, in one unit: '12 min'."""
    seconds = int((now - since).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "less than a minute"


def age(at: datetime, now: datetime) -> str:
    """Give how long ago a time was: '12 min ago'."""
    return f"{duration(at, now)} ago"


def action(name: str) -> str:
    """Give an event's action in the words of the screen."""
    return ACTION.get(name, name.replace(".", " ").replace("_", " "))


def steps(count: int) -> str:
    """Give a count of steps with its noun."""
    return f"{count:,} step" if count == 1 else f"{count:,} steps"
