"""What travels: camelCase JSON with strict types, ids that fit the database, and no field that nobody knows."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from starlette.convertors import Convertor, register_url_convertor

from relorch.model import text
from relorch.model.status import Verb
from relorch.model.values import Category, ReleaseType, StepType

MOST = 2**63 - 1  # what SQLite stores
LIST_LIMIT = 10_000  # ids in one request


class _IdInAddress(Convertor[str]):
    """Digits of an address; anything else is no address, so that `/steps/start` is not a step.

    They stay text here: Python refuses to read a number of thousands of digits.
    """

    regex = "[0-9]{1,40}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return str(value)


register_url_convertor("id", _IdInAddress())


class Wire(BaseModel):
    """What goes out; made from a value of the domain by its attributes."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, from_attributes=True, extra="ignore", frozen=True
    )


class Body(BaseModel):
    """What comes in: nothing is guessed, and a field that is not declared is an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Edit(Body):
    """The fields of an edit that were sent; those left out stay as they are."""

    beside: ClassVar[frozenset[str]] = frozenset({"confirm", "expected_version"})

    def fields(self) -> dict[str, Any]:
        """Give what shall be changed, by the names of the domain."""
        return {name: getattr(self, name) for name in self.model_fields_set - self.beside}


def _digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,19}", value):
        raise PydanticCustomError("number", "must be a whole number in digits")
    return value


def _yes_or_no(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise PydanticCustomError("flag", "must be true or false")
    return value


def _whole_number(value: object) -> object:
    """Take 3.0 for 3, as JSON Schema does; below where two whole numbers are the same float."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _written_moment(value: object) -> object:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError("moment", "must be a time with its zone, such as 2026-11-23T20:00:00Z")
    return value


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Written = BeforeValidator(_digits)
ReleaseId = Annotated[int, Path(alias="releaseId", ge=1, le=MOST), Written]
CustomerId = Annotated[int, Path(alias="customerId", ge=1, le=MOST), Written]
ClusterId = Annotated[int, Path(alias="clusterId", ge=1, le=MOST), Written]
TemplateId = Annotated[int, Path(alias="templateId", ge=1, le=MOST), Written]
StepId = Annotated[int, Path(alias="stepId", ge=1, le=MOST), Written]


AskedId = Annotated[int, Field(ge=1, le=MOST), Written]
AskedFlag = Annotated[bool, BeforeValidator(_yes_or_no)]

Whole = BeforeValidator(_whole_number)
Id = Annotated[int, Field(ge=1, le=MOST), Whole]
Version = Annotated[int, Field(ge=1, le=MOST, description="The `rowVersion` that was on the screen."), Whole]
Position = Annotated[int, Field(ge=0, le=MOST), Whole]
Ids = Annotated[list[Id], Field(min_length=1, max_length=LIST_LIMIT)]
Key = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$")]
"""An id as the key of a JSON object."""
Name = Annotated[str, Field(min_length=1, max_length=text.NAME_LIMIT)]
Line = Annotated[str, Field(max_length=text.TEXT_LIMIT)]
VersionNumber = Annotated[str, Field(max_length=text.VERSION_LIMIT)]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=text.NAMESPACE_LIMIT)]
Text = Annotated[str, Field(max_length=text.TEXT_LIMIT)]
Reason = Annotated[str, Field(min_length=1, max_length=text.TEXT_LIMIT)]
Content = Annotated[
    str,
    Field(min_length=1, max_length=text.CONTENT_LIMIT, description=f"At most {text.CONTENT_LIMIT:,} bytes in UTF-8."),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Metadata = dict[
    Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=text.NAME_LIMIT)],
    Text,
]
Moment = Annotated[datetime, BeforeValidator(_written_moment), Field(strict=False)]

# in JSON an enum is its text
KindOfRelease = Annotated[ReleaseType, Field(strict=False)]
KindOfStep = Annotated[StepType, Field(strict=False)]
Part = Annotated[Category, Field(strict=False)]

VERBS = {
    Verb.START: "start",
    Verb.MARK_DONE: "done",
    Verb.FAIL: "fail",
    Verb.SKIP: "skip",
    Verb.REVERT: "revert",
    Verb.REOPEN: "reopen",
}
"""The verbs of the status table as they stand in an address."""

Absent = SkipJsonSchema[None]
"""The default of a field that may be left out but is never null."""
