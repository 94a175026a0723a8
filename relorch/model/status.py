"""The status machine: one table that every verb, page and command goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Status(StrEnum):
    """What a customer step is; the order is the code its cell carries in the matrix."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    REVERTED = "reverted"


class Verb(StrEnum):
    """What an operator does to a customer step."""

    START = "start"
    MARK_DONE = "mark_done"
    FAIL = "fail"
    SKIP = "skip"
    REVERT = "revert"
    REOPEN = "reopen"


ReasonRule = Literal["required", "optional", "none"]


@dataclass(frozen=True)
class Transition:
    """One row of the table: from which statuses the verb leads where, and what it needs.

    `renders`: the step's text must render; `freezes`: the text that ran becomes part of the record.
    """

    verb: Verb
    sources: frozenset[Status]
    target: Status
    reason: ReasonRule
    renders: bool = False
    freezes: bool = False


_PENDING, _IN_PROGRESS, _DONE = Status.PENDING, Status.IN_PROGRESS, Status.DONE
_SKIPPED, _FAILED, _REVERTED = Status.SKIPPED, Status.FAILED, Status.REVERTED

TRANSITIONS: Mapping[Verb, Transition] = MappingProxyType(
    {
        row.verb: row
        for row in (
            Transition(
                Verb.START, frozenset({_PENDING, _FAILED, _REVERTED}), _IN_PROGRESS, "none", renders=True, freezes=True
            ),
            Transition(
                Verb.MARK_DONE,
                frozenset({_PENDING, _IN_PROGRESS, _FAILED, _REVERTED}),
                _DONE,
                "none",
                renders=True,
                freezes=True,
            ),
            Transition(Verb.FAIL, frozenset({_PENDING, _IN_PROGRESS, _DONE}), _FAILED, "required", freezes=True),
            Transition(Verb.SKIP, frozenset({_PENDING, _IN_PROGRESS, _FAILED, _REVERTED}), _SKIPPED, "required"),
            Transition(Verb.REVERT, frozenset({_DONE, _FAILED}), _REVERTED, "optional"),
            Transition(
                Verb.REOPEN, frozenset({_IN_PROGRESS, _DONE, _SKIPPED, _FAILED, _REVERTED}), _PENDING, "optional"
            ),
        )
    }
)

STATUSES: tuple[Status, ...] = tuple(Status)
CODE: Mapping[str, int] = MappingProxyType({status.value: code for code, status in enumerate(STATUSES)})

OPEN: frozenset[Status] = frozenset({_PENDING, _IN_PROGRESS, _FAILED, _REVERTED})
"""A step in one of these still wants somebody's hand."""

CLOSED: frozenset[Status] = frozenset(STATUSES) - OPEN

HOLDS_TEXT: frozenset[Status] = frozenset({_IN_PROGRESS, _DONE})
"""In these the text that counts is the one that was frozen, not what would render now."""


def verbs_from(status: Status) -> tuple[Verb, ...]:
    """Give the verbs that lead away from `status`, in the order of the table."""
    return tuple(verb for verb, row in TRANSITIONS.items() if status in row.sources)
