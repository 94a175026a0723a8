"""Everything relorch refuses, as one tree.

RelorchError
├── NotFound            an id or name that is not there
├── InvalidValue        a value that cannot be stored
│   ├── AlreadyTaken    a name or namespace that another active one has
│   └── CannotImport    a file with errors; all of them are listed, nothing was changed
├── NotAllowed          the state of a release, member, cluster or customer forbids it
├── IllegalTransition   the status table has no such way
├── Conflict            somebody (perhaps oneself) was there before
├── CannotRender        the step's text cannot be made for this customer
├── QueryError          an analysis query that cannot run
└── StorageError        the database could not do it
    ├── CannotOpen      this file is not, or not yet, a workbook that can be opened
    └── Busy            another writer held the database for too long

A class exists where a caller would act differently; each message is a sentence that says what was
refused, why, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


class RelorchError(Exception):
    """The root of everything relorch raises on purpose."""


class NotFound(RelorchError):
    """There is no such thing: `kind` is its noun, `key` the id or name that was asked for."""

    def __init__(self, kind: str, key: object, field: str | None = None) -> None:
        self.kind, self.key, self.field = kind, key, field or f"{kind.replace(' ', '_')}_id"
        super().__init__(f"{self.field} {shown(key)}: there is no such {kind}.")


class InvalidValue(RelorchError):
    """A value that cannot be stored: `field` names it, `why` says what is wrong with `value`."""

    def __init__(self, field: str, value: object, why: str) -> None:
        self.field, self.value, self.why = field, value, why
        super().__init__(f"{field} {shown(value)}: {why}.")


class AlreadyTaken(InvalidValue):
    """A name or namespace that has to be unique and is in use."""


class CannotImport(InvalidValue):
    """A file that cannot be imported: `findings` are all that was found in it, its errors, repairs and warnings."""

    def __init__(self, file: str, findings: Iterable[object], errors: Iterable[object]) -> None:
        self.findings = tuple(findings)
        every = [str(error) for error in errors]
        more = f"; and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
        count = "an error" if len(every) == 1 else f"{len(every)} errors"
        super().__init__("file", file, f"has {count}, so nothing was imported: {'; '.join(every[:_NAMED])}{more}")


_NAMED = 50
"""How many errors of a file its message names; `findings` has all."""


class NotAllowed(RelorchError):
    """The state something is in forbids the action; the message names both and the way out."""


class IllegalTransition(RelorchError):
    """The status table has no way from the step's status by this verb."""

    def __init__(self, step_id: int, verb: str, status: str, allowed: Iterable[str]) -> None:
        self.step_id, self.verb, self.status = step_id, verb, status
        ways = ", ".join(allowed)
        super().__init__(f"Step {step_id} is {status}: it cannot be changed by '{verb}'. From {status} it can: {ways}.")


class Conflict(RelorchError):
    """Somebody changed it first: `status` is what the step is now, by `who` (None: nobody yet), at `when`.

    `step_id` and `status` are None where it is no step but a template, customer, cluster or release.
    """

    def __init__(
        self,
        message: str,
        *,
        step_id: int | None = None,
        status: str | None = None,
        who: str | None,
        when: datetime | None,
    ) -> None:
        self.step_id, self.status, self.who, self.when = step_id, status, who, when
        super().__init__(message)


class CannotRender(RelorchError):
    """The step's text cannot be made for its customer: `problems` names each placeholder and why."""

    def __init__(self, step_id: int, problems: Iterable[object]) -> None:
        self.step_id, self.problems = step_id, tuple(problems)
        listed = "; ".join(str(problem) for problem in self.problems)
        super().__init__(f"Step {step_id} cannot render: {listed}.")


class QueryError(RelorchError):
    """An analysis query that was refused or failed."""


class StorageError(RelorchError):
    """The database could not read or write; nothing of the action was stored."""


class CannotOpen(StorageError):
    """The file is missing, no workbook, or of another schema; it was not touched."""


class Busy(StorageError):
    """Another writer held the database until the time ran out; nothing was stored, try again."""


_IDS = 100
"""How many ids of a list its message names."""


def shown(value: object, limit: int = 60) -> str:
    """Give `value` as it stands in a message: quoted, escaped, and cut to `limit` characters; of ids each is named."""
    if isinstance(value, list | tuple) and all(type(each) is int and 0 <= each < 2**63 for each in value):
        more = f" and {len(value) - _IDS:,} more" if len(value) > _IDS else ""
        return f"{list(value[:_IDS])}{more}"
    length = len(value) if isinstance(value, str) else len(repr(value))
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({length} characters)"
