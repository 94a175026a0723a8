"""Every refusal as `application/problem+json`: what was refused and why, never the value that was sent.

A message of the workbook may show a value, so only what is safe is taken from an error: field and reason, or the
sentence of an error that speaks of stored things.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from relorch.errors import (
    AlreadyTaken,
    Busy,
    CannotImport,
    CannotRender,
    Conflict,
    IllegalTransition,
    InvalidValue,
    NotAllowed,
    NotFound,
    RelorchError,
    StorageError,
)
from relorch.model.status import Status, verbs_from
from relorch.serve.api.redacted import without_words
from relorch.serve.api.wire import VERBS, Wire
from relorch.transfer.findings import Kind

MEDIA = "application/problem+json"

_log = logging.getLogger("relorch.api")


class Wrong(Wire):
    """One field of the request that cannot be taken: `field` as it is on the wire, and why."""

    field: str
    why: str


class Found(Wire):
    """One thing that an import found in a file: an error, a repair or a warning; `line` from 1, null: the whole."""

    kind: str
    line: int | None
    message: str


class FoundWrong(Found):
    """The same in a refusal, where nothing of the file is repeated; a dry run gives the whole sentence."""

    message: Annotated[str, BeforeValidator(without_words)]


class Problem(Wire):
    """Why a request was refused; what is not about this kind of problem is left out."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Wrong, ...] = Field((), description="What is wrong with the request, field by field.")
    step_id: int | None = Field(None, description="The step that a conflict or an illegal change is about.")
    step_status: str | None = Field(None, description="What that step is now.")
    who: str | None = Field(None, description="Who was there before.")
    when: datetime | None = Field(None, description="When that was.")
    allowed: tuple[str, ...] = Field((), description="What can be done with the step as it is now.")
    findings: tuple[FoundWrong, ...] = Field((), description="Every error of a file, by line; a dry run tells more.")
    error_id: str | None = Field(None, description="Where to look in the server's log.")

    @model_serializer(mode="wrap")
    def _without_what_says_nothing(self, every: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # a type for what comes back would stand in the schema in place of the fields
        return {name: value for name, value in every(self).items() if value not in (None, (), [])}

    def on_the_wire(self) -> dict[str, Any]:
        """Give it as JSON values, without what says nothing."""
        return self.model_dump(mode="json", by_alias=True)


class NamedTwice(HTTPException):
    """The body names a field twice in one object; which of the two was meant nobody can know."""

    def __init__(self) -> None:
        super().__init__(422)


def problem_of(error: RelorchError) -> Problem:
    """Give what a client is told of an error of the workbook."""
    return next(make(error) for kind, make in _KINDS.items() if isinstance(error, kind))


def plain(status: int, detail: str, kind: str | None = None, **members: Any) -> Problem:
    """Give a problem of an HTTP status; `kind` makes it one that a program can tell from others."""
    type_ = "about:blank" if kind is None else f"urn:relorch:{kind}"
    return Problem(type=type_, title=HTTPStatus(status).phrase, status=status, detail=detail, **members)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Give the response that carries a problem."""
    return JSONResponse(problem.on_the_wire(), problem.status, headers, media_type=MEDIA)


def wire_name(field: str) -> str:
    """Give a field as it is called on the wire; of `metadata KEY` only that it is the metadata."""
    return to_camel(field.partition(" ")[0])


def _not_found(error: NotFound) -> Problem:
    return plain(404, f"{wire_name(error.field)}: there is no such {error.kind}.", "not-found")


def _invalid(error: InvalidValue) -> Problem:
    wrong = Wrong(field=wire_name(error.field), why=_why_of(error))
    return plain(422, f"{wrong.field}: {wrong.why}.", "invalid-value", errors=(wrong,))


def _taken(error: AlreadyTaken) -> Problem:
    wrong = Wrong(field=wire_name(error.field), why=_why_of(error))
    return plain(409, f"{wrong.field}: {wrong.why}.", "already-taken", errors=(wrong,))


def _not_imported(error: CannotImport) -> Problem:
    found = (FoundWrong.model_validate(each) for each in error.findings)
    findings = tuple(each for each in found if each.kind == Kind.ERROR)
    return plain(422, "text: the file has errors, so nothing was imported.", "cannot-import", findings=findings)


def _why_of(error: InvalidValue) -> str:
    """Give why a value cannot be taken, without the ids it names, or only that, when it would repeat a text."""
    why = error.why
    for part in _parts(error.value):
        said = str(part)
        if len(said) > 2 and said in why:
            if not isinstance(part, int):
                return "cannot be taken"
            why = re.sub(rf"\b{said}\b", "…", why)
    return why


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from (part for pair in value.items() for each in pair for part in _parts(each))
    elif isinstance(value, list | tuple):
        yield from (part for each in value for part in _parts(each))
    else:
        yield value


def _not_allowed(error: NotAllowed) -> Problem:
    """Tell it without the ids that were sent; the names beside them are stored ones."""
    said = str(error)
    if found := _IDS.match(said):
        said = f"{wire_name(found[1])} {_SENT.sub('…', said[found.end() :])}"
    return plain(409, said, "not-allowed")


_IDS = re.compile(r"([a-z]+_ids?) (?=[0-9])")
_SENT = re.compile(r"(?:^|(?<=, ))[0-9]+(?=:| ['\"(])")


def _conflict(error: Conflict) -> Problem:
    said = {"step_id": error.step_id, "step_status": error.status, "who": error.who, "when": error.when}
    return plain(409, str(error), "conflict", **said)


def _illegal(error: IllegalTransition) -> Problem:
    said = {"step_id": error.step_id, "step_status": error.status, "allowed": _ways_from(error.status)}
    return plain(409, str(error), "illegal-transition", **said)


def _ways_from(status: str) -> tuple[str, ...]:
    return tuple(VERBS[verb] for verb in verbs_from(Status(status)))


def _unrendered(error: CannotRender) -> Problem:
    problems = tuple(Wrong(field="content", why=str(problem)) for problem in error.problems)
    return plain(409, str(error), "cannot-render", step_id=error.step_id, errors=problems)


def _busy(error: Busy) -> Problem:
    return plain(503, "Another writer holds the database; nothing was stored. Try again.", "busy")


def _storage(error: StorageError) -> Problem:
    number = _logged(error)
    return plain(503, "The database could not do it; nothing was stored.", "storage", error_id=number)


def _refused(error: RelorchError) -> Problem:
    return plain(422, "This was refused.", "refused", error_id=_logged(error))


_KINDS: Mapping[type[RelorchError], Callable[[Any], Problem]] = {
    NotFound: _not_found,
    AlreadyTaken: _taken,
    CannotImport: _not_imported,
    InvalidValue: _invalid,
    NotAllowed: _not_allowed,
    IllegalTransition: _illegal,
    Conflict: _conflict,
    CannotRender: _unrendered,
    Busy: _busy,
    StorageError: _storage,
    RelorchError: _refused,
}
"""The narrower kinds come first."""


def install(app: FastAPI, known: frozenset[str], methods_at: Callable[[str], str]) -> None:
    """Let `app` answer every error with a problem.

    `known`: the names that an answer may hold; `methods_at`: the value of the Allow header for a path.
    """

    def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RelorchError)  # noqa: S101
        problem = problem_of(error)
        return answer(problem, {"retry-after": "1"} if problem.status == 503 else None)

    def malformed(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return answer(_malformed(error, known))

    def by_status(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        problem = plain(error.status_code, _SENTENCES.get(error.status_code, "This was refused."))
        return answer(problem, {"allow": methods_at(request.url.path)} if problem.status == 405 else error.headers)

    def named_twice(request: Request, error: Exception) -> JSONResponse:
        wrong = Wrong(field="body", why="names a field twice in one object")
        return answer(plain(422, f"{wrong.field}: {wrong.why}.", "invalid-request", errors=(wrong,)))

    def unforeseen(request: Request, error: Exception) -> JSONResponse:
        said = "Something went wrong that was not foreseen; the log of the server has it under this id."
        return answer(plain(500, said, "unforeseen", error_id=_logged(error)))

    app.add_exception_handler(RelorchError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(NamedTwice, named_twice)
    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(Exception, unforeseen)


def _malformed(error: RequestValidationError, known: frozenset[str]) -> Problem:
    """Say which fields are wrong; a name that nobody declared is the client's own text and is left out."""
    every = error.errors()
    real = [one for one in every if one["type"] != "none_required"]  # beside it is what the field has to be
    found = [(_place(one, known), _why(one)) for one in (real or every)[:_MOST]]
    errors = tuple(Wrong(field=field, why=why) for field, why in dict.fromkeys(found))
    detail = "; ".join(f"{wrong.field}: {wrong.why}" for wrong in errors[:5])
    return plain(422, f"{detail}.", "invalid-request", errors=errors)


_MOST = 50


def _place(one: Mapping[str, Any], known: frozenset[str]) -> str:
    location: tuple[str | int, ...] = one["loc"]
    if one["type"] == "json_invalid":  # its number is no index but how far the reader came
        return str(location[0])
    inside = [str(part) for part in location[1:] if isinstance(part, int) or part in known]
    return ".".join(inside) or str(location[0])


def _why(one: Mapping[str, Any]) -> str:
    """Give pydantic's words, unless they repeat the input."""
    words = {
        "json_invalid": "is not JSON",
        "extra_forbidden": "holds a field that is not known here",
        "datetime_from_date_parsing": "is not a time",
        "datetime_parsing": "is not a time",
        "string_unicode": "holds a character that is no Unicode",
    }
    message = str(one["msg"])
    return words.get(one["type"]) or message[:1].lower() + message[1:]


def _logged(error: Exception) -> str:
    number = secrets.token_hex(6)
    _log.error("request failed, error id %s", number, exc_info=error)
    return number


_SENTENCES = {
    400: "The body is not JSON in UTF-8 that can be read.",
    404: "There is no such endpoint.",
    405: "This endpoint does not take that method; the Allow header names those it takes.",
}
