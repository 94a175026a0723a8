"""What a release file says, whatever its form: of the release, and of each step in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from relorch.errors import shown
from relorch.model import text
from relorch.transfer.findings import Findings


class Form(StrEnum):
    """What a release file is written in."""

    YAML = "yaml"
    MARKDOWN = "markdown"


RELEASE_FIELDS = ("name", "type", "version_number", "release_date", "description", "metadata")
STEP_FIELDS = ("category", "name", "type", "required", "description", "content")


@dataclass(frozen=True)
class Said:
    """What a file says of one thing: `values` by field; what it does not speak of is missing there.

    `line` is where it begins, `lines` where each field stands; two that say the same are equal wherever they stand.
    """

    values: Mapping[str, Any]
    line: int = field(default=1, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def at(self, name: str) -> int:
        """Give the line where a field stands, or where the whole begins."""
        return self.lines.get(name, self.line)


@dataclass(frozen=True)
class ReleaseText:
    """A release as a file tells it: itself, and its steps in order."""

    release: Said
    steps: tuple[Said, ...]


def fitted_name(findings: Findings, line: int | None, what: str, name: str) -> tuple[str, str | None]:
    """Give a name as one that can be stored, and what of it did not fit; both are listed as repairs.

    `what` is its noun in the finding. Control characters become blanks; the rest of one that is too long belongs
    into a description.
    """
    clean = _CONTROL.sub(" ", name).strip()
    if clean != name.strip():
        findings.repair(line, f"{what} {shown(name)}: line breaks and control characters became blanks.")
    if len(clean) <= text.NAME_LIMIT:
        return clean, None
    kept = clean[: text.NAME_LIMIT].rstrip()
    findings.repair(
        line,
        f"{what} {shown(clean)}: is longer than {text.NAME_LIMIT} characters; "
        "it was cut, and the rest went into the description.",
    )
    return kept, clean[len(kept) :].strip()


def unused(name: str, taken: Callable[[str], bool], limit: int) -> str:
    """Give the first of the numbered names that is not taken."""
    return next(each for each in numbered(name, limit) if not taken(each))


def numbered(name: str, limit: int) -> Iterator[str]:
    """Give a name, then with ` (2)`, ` (3)` … behind it without end, each within `limit` characters."""
    yield name
    for number in count(2):
        suffix = f" ({number})"
        yield name[: limit - len(suffix)].rstrip() + suffix


def joined_description(findings: Findings, line: int | None, rest: str | None, description: str | None) -> str | None:
    """Give a description with the rest of a name before it; an error is listed when that is too long for one."""
    joined = "\n\n".join(part for part in (rest and f"… {rest}", description) if part)
    if len(joined) > text.TEXT_LIMIT:
        findings.error(
            line,
            f"The name and the description are together longer than {text.NAME_LIMIT} and {text.TEXT_LIMIT:,} "
            "characters; make the name shorter.",
        )
        return None
    return joined or None


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
