"""What is odd about a step template: hints for whoever writes it. Nothing here keeps it from being saved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from relorch.errors import InvalidValue
from relorch.model.placeholders import NAMES, Placeholder, check_content, misuse_of, names_in
from relorch.model.secret_text import secrets_in
from relorch.model.values import Category, StepType

Code = Literal[
    "blank content",
    "duplicate name",
    "malformed placeholder",
    "unknown placeholder",
    "missing key",
    "secret",
    "no verify step",
]


@dataclass(frozen=True)
class Hint:
    """One thing that is odd: `message` is a sentence; `template_id` None: a draft, or the release as a whole."""

    code: Code
    message: str
    template_id: int | None = None


def hints_of(
    *,
    name: str,
    type: str,
    content: str,
    others: Collection[str],
    keys: Collection[str],
    template_id: int | None = None,
) -> tuple[Hint, ...]:
    """Give what is odd about one template.

    `others`: the names of the other live templates of its category; `keys`: the metadata keys that some customer,
    some cluster or the release has.
    """
    hints = [
        *_of_name(name, others),
        *_of_content(content),
        *_of_placeholders(content, type, keys),
        *_of_secrets(content),
    ]
    return tuple(Hint(code, message, template_id) for code, message in hints)


def hints_of_release(categories: Iterable[str]) -> tuple[Hint, ...]:
    """Give what is odd about a release whose live templates are of these categories."""
    if Category.VERIFY in set(categories):
        return ()
    return (Hint("no verify step", "The release has no verify step: nobody will look whether it worked."),)


_Hints = Iterator[tuple[Code, str]]


def _of_name(name: str, others: Collection[str]) -> _Hints:
    if name.strip().casefold() in {other.casefold() for other in others}:
        yield (
            "duplicate name",
            f"Another step of this category is called '{name.strip()}' too; they look alike in the matrix.",
        )


def _of_content(content: str) -> _Hints:
    if not content.strip():
        yield "blank content", "There is no content yet: nothing to copy and run."


def _of_placeholders(content: str, type: str, keys: Collection[str]) -> _Hints:
    step_type = StepType(type) if type in set(StepType) else StepType.TEXT
    for part in dict.fromkeys(names_in(content)):
        yield from _of_placeholder(part, step_type, keys)
    try:
        check_content(content, step_type)
    except InvalidValue as error:
        yield "malformed placeholder", f"{error.value}: {error.why}."


def _of_placeholder(part: Placeholder, step_type: StepType, keys: Collection[str]) -> _Hints:
    wrong = part.malformed or misuse_of(part, step_type)
    if wrong is not None:
        yield "malformed placeholder", f"{part.source}: {wrong}."
    elif part.name.startswith("vars."):
        key = part.name.removeprefix("vars.")
        if key not in keys:
            yield "missing key", f"{part.source}: no customer, no cluster and not the release has metadata '{key}'."
    elif part.name not in NAMES:
        yield "unknown placeholder", f"{part.source}: there is no such name; there are {', '.join(NAMES)} and vars.KEY."


def _of_secrets(content: str) -> _Hints:
    for number, kind in secrets_in(content):
        yield (
            "secret",
            f"Line {number} looks like it holds a secret ({kind}). Step texts are stored, shown and copied "
            "as they are: let the command take it from the environment or a vault.",
        )
