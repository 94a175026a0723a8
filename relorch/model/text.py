"""What a text may hold, and how it is brought into the one form in which it is stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from relorch.errors import InvalidValue

NAME_LIMIT = 200
NAMESPACE_LIMIT = 63
VERSION_LIMIT = 100
TEXT_LIMIT = 4_000
PATH_LIMIT = 4_000
CONTENT_LIMIT = 64 * 1024
OPERATOR_LIMIT = 200

_FORBIDDEN_BLOCK = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOOKS_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_METADATA_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

_Enum = TypeVar("_Enum", bound=StrEnum)


def line(field: str, value: object, limit: int = NAME_LIMIT) -> str:
    """Give a one-line text without blanks at its ends.

    Raises `InvalidValue` when `value` is no text, blank, longer than `limit` characters, or holds a
    control character or a lone surrogate.
    """
    text = _within(field, _string(field, value).strip(" "), limit, _FORBIDDEN_LINE).strip()
    if _is_blank(text):
        raise InvalidValue(field, value, "must not be blank")
    return text


def _is_blank(text: str) -> bool:
    return all(char.isspace() or invisible(char) for char in text)


def invisible(char: str) -> bool:
    """Whether a character draws nothing, or changes how those around it are drawn, so that a reader is misled."""
    if char in " \n\t" or "!" <= char <= "~":
        return False
    return unicodedata.category(char) in _INVISIBLE or char in _LOOKS_EMPTY


def visible(text: str) -> str:
    """Give a name for the screen: what would be invisible, or would turn it around, stands there as ⟨U+202E⟩.

    The joiners of emoji and of some scripts stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"⟨U+{ord(char):04X}⟩" if invisible(char) and char not in _JOINERS else char for char in text)


_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def optional_line(field: str, value: object, limit: int = NAME_LIMIT) -> str | None:
    """Give a one-line text, or None for None and blank."""
    return None if value is None or value == "" or set(str(value)) == {" "} else line(field, value, limit)


def block(field: str, value: object, limit: int = TEXT_LIMIT) -> str:
    """Give a text of several lines: LF only, no newline at the end; it may be empty.

    Raises `InvalidValue` like `line`; LF and TAB are allowed here.
    """
    text = _string(field, value).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return _within(field, text, limit, _FORBIDDEN_BLOCK)


def optional_block(field: str, value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Give a text of several lines, or None for None and for nothing but blanks."""
    if value is None:
        return None
    text = block(field, value, limit)
    return None if _is_blank(text) else text


def reason(value: object, *, required: bool, field: str = "reason") -> str | None:
    """Give the reason of a verb; raises `InvalidValue` when a required one is blank."""
    text = optional_block(field, value)
    if required and text is None:
        raise InvalidValue(field, value, "must say why, in a few words")
    return text


def content(value: object) -> str:
    """Give a step's content: at most 64 KB of UTF-8, and not blank."""
    text = block("content", value, CONTENT_LIMIT)
    if _is_blank(text):
        raise InvalidValue("content", value, "must not be blank")
    if len(text.encode()) > CONTENT_LIMIT:
        raise InvalidValue("content", value, f"is longer than {CONTENT_LIMIT // 1024} KB")
    return text


def namespace(value: object) -> str:
    """Give a Kubernetes namespace: an RFC 1123 label of 1 to 63 lower-case letters, digits and hyphens."""
    text = _string("namespace", value)
    if not _NAMESPACE.fullmatch(text):
        why = "must be an RFC 1123 label: 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit"
        raise InvalidValue("namespace", value, why)
    return text


def metadata(value: object) -> dict[str, str]:
    """Give a flat map of texts, sorted by key; it feeds `${{ vars.KEY }}`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidValue("metadata", value, "must be a map of keys to texts")
    return {_metadata_key(key): _metadata_value(key, value[key]) for key in sorted(value, key=str)}


def one_of(field: str, value: object, kinds: type[_Enum]) -> _Enum:
    """Give `value` as a member of the enum `kinds`; raises `InvalidValue` listing the known ones."""
    try:
        return kinds(_string(field, value))
    except ValueError:
        raise InvalidValue(field, value, f"must be one of {', '.join(kinds)}") from None


def moment(field: str, value: object) -> datetime:
    """Give a time in UTC; raises `InvalidValue` for one that knows no zone, or that UTC cannot hold."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValue(field, value, "must be a time that knows its zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(field, value, "is too far away from today for a time in UTC") from None


def flag(field: str, value: object) -> bool:
    """Give a yes or no; nothing else passes for one."""
    if not isinstance(value, bool):
        raise InvalidValue(field, value, "must be true or false")
    return value


def number(field: str, value: object, *, least: int = 1) -> int:
    """Give a whole number from `least` to 2**63 - 1, such as an id."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise InvalidValue(field, value, f"must be a whole number from {least}")
    return value


def _metadata_key(key: object) -> str:
    if not isinstance(key, str) or not _METADATA_KEY.fullmatch(key) or len(key) > NAME_LIMIT:
        why = "a key must begin with a letter or '_' and hold only letters, digits, '_' and '-'"
        raise InvalidValue("metadata", key, why)
    return key


def _metadata_value(key: str, value: Any) -> str:
    return block(f"metadata {key}", value)


def _string(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(field, value, "must be a text")
    return value


def _within(field: str, text: str, limit: int, forbidden: re.Pattern[str]) -> str:
    if len(text) > limit:
        raise InvalidValue(field, text, f"is longer than {limit:,} characters")
    if found := forbidden.search(text):
        raise InvalidValue(field, text, f"holds the character U+{ord(found.group()):04X}, which is not allowed here")
    return text
