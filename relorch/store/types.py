"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

WholeNumber = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite's strict tables know them as INTEGER only."""


def to_microseconds(moment: datetime) -> int:
    """Give the whole microseconds since 1970-01-01 UTC of an aware `moment`, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Give the aware UTC time of `value` microseconds since 1970-01-01."""
    return _EPOCH + value * _MICROSECOND


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
    """A small JSON document as text with sorted keys, so that equal values are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Value → text."""
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text → value."""
        return None if value is None else json.loads(value)


def dump_json(value: Any) -> str:
    """Give the one text of a JSON value: sorted keys, no blanks, characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
