"""Values as the JSON that programs read: names of fields in camelCase, times in UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from relorch.errors import RelorchError
from relorch.workbook.steps import Outcome, Refusal


def wire(value: object) -> Any:
    """Give a value of the workbook as plain JSON; keys of maps, such as metadata, stay as they are."""
    if isinstance(value, BaseModel):
        return {camel(name): wire(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Refusal):
        return {"stepId": value.step_id, **refusal(value.error)}
    if is_dataclass(value) and not isinstance(value, type):
        return {camel(each.name): wire(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {camel(name): wire(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): wire(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [wire(each) for each in value]
    return _single(value)


def _single(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def refusal(error: RelorchError) -> dict[str, str]:
    """Give why something was refused: the error's class and its sentence."""
    return {"error": type(error).__name__, "message": str(error)}


def outcome(done: Outcome) -> dict[str, Any]:
    """Give what a verb did: its batch, the steps as they are now, and those it refused."""
    return {"batchId": done.batch_id, "steps": wire(done.steps), "refused": wire(done.refused)}


def camel(name: str) -> str:
    """Give a field's name in camelCase."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)
