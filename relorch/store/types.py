"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator


class Damaged(Exception):
    """A stored value that relorch never wrote: the file was damaged, or changed by another program."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

WholeNumber = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite's strict tables know them as INTEGER only."""


def to_microseconds(moment: datetime) -> int:
    """Give the whole microseconds since 1970-01-01 UTC of an aware `moment`, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Give the aware UTC time of `value` microseconds since 1970-01-01."""
    try:
        return _EPOCH + value * _MICROSECOND
    except OverflowError:
        raise Damaged(f"{value} is no time") from None


class UtcTime(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970-01-01 UTC: exact, ordered, without a zone to misread."""

    impl = WholeNumber
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware time → microseconds."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds → aware time in UTC."""
        return None if value is None else from_microseconds(value)


class Flag(TypeDecorator[bool]):
    """A yes or no as 1 or 0."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        """Truth → number."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        """Number → truth."""
        return None if value is None else bool(value)


class JsonText(TypeDecorator[Any]):
    """A small JSON object as text with sorted keys, so that equal values are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Value → text."""
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text → value."""
        return None if value is None else _object(value)


class TextMap(JsonText):
    """A flat map of texts, such as metadata."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text → map."""
        found = super().process_result_value(value, dialect)
        if found is not None and not all(isinstance(text, str) for text in found.values()):
            raise Damaged(f"{value!r} is no map of texts")
        return found


class OneOf(TypeDecorator[str]):
    """One of the texts of an enum."""

    impl = Text
    cache_ok = True

    def __init__(self, kinds: type[StrEnum]) -> None:
        super().__init__()
        self.kinds = kinds
        self._known = frozenset(kind.value for kind in kinds)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Member → text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Text → the same text, when it is one of them."""
        if value is not None and value not in self._known:
            raise Damaged(f"{value!r} is none of {', '.join(sorted(self._known))}")
        return value


def _object(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise Damaged(f"{text[:40]!r} is no JSON") from None
    if not isinstance(found, dict):
        raise Damaged(f"{text[:40]!r} is no JSON object")
    return found


def dump_json(value: Any) -> str:
    """Give the one text of a JSON value: sorted keys, no blanks, characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
