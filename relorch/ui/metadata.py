"""Metadata as it stands in a form: `key = value`, one a line; a value's further lines are indented by two blanks."""

from __future__ import annotations

from collections.abc import Mapping

from relorch.errors import InvalidValue

_GOES_ON = "  "


def printed(metadata: Mapping[str, str]) -> str:
    """Give a map as the lines of a form; `read` gives the same map again."""
    lines = (f"{key} = {value}" for key, value in metadata.items())
    return "\n".join(line.replace("\n", f"\n{_GOES_ON}") for line in lines)


def read(typed: str) -> dict[str, str]:
    """Give the map that was typed; what its keys and values may hold, the workbook checks.

    Raises `InvalidValue` for a line that is not `key = value`, and for a key that stands there twice.
    """
    found: dict[str, str] = {}
    key = ""
    for line in typed.replace("\r\n", "\n").split("\n"):
        if key and line.startswith(_GOES_ON):
            found[key] += "\n" + line.removeprefix(_GOES_ON)
        elif line.strip():
            key, value = _pair(line)
            if key in found:
                raise InvalidValue("metadata", key, "stands there twice; keep one of the lines")
            found[key] = value
    return found


def _pair(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals:
        raise InvalidValue("metadata", line, "each line must be key = value")
    return key.strip(), value.removeprefix(" ")
