"""Facts with the secrets in their texts masked, whatever the facts are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from relorch.model.masking import Masking


@dataclass(frozen=True)
class Masked:
    """How many different secrets were masked, and in how many places."""

    secrets: int = 0
    places: int = 0


class Maskable(Protocol):
    """Facts that say how much of them is masked."""

    @property
    def masked(self) -> Masked:
        """How much of them is masked."""


_Facts = TypeVar("_Facts", bound=Maskable)


def masked(facts: _Facts, beside: Iterable[str] = ()) -> _Facts:
    """Give facts with every secret in their texts masked and counted; digests stay those of the texts as stored.

    `beside`: texts that are not in the facts and may hold a secret that is.
    """
    masking = Masking()
    for text in (*_texts(facts), *beside):
        masking.search(text)
    if not masking.found:
        return facts
    counted = _Counted(masking)
    copy = cast(Any, _mapped(facts, counted))
    return cast(_Facts, replace(copy, masked=Masked(masking.masked, counted.places)))


@dataclass
class _Counted:
    """Masks texts, and counts the places."""

    masking: Masking
    places: int = 0
    known: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        if text not in self.known:
            self.known[text] = self.masking(text)
        shown, places = self.known[text]
        self.places += places
        return shown


def _texts(value: object) -> Iterator[str]:
    """Give every text in a value; one that a table of rows holds many times in a column comes once."""
    if type(value) is str:
        yield value
    elif isinstance(value, tuple) and value and hasattr(value[0], "_fields"):
        for name, column in zip(value[0]._fields, zip(*value, strict=True), strict=True):
            yield from (each for each in dict.fromkeys(column) if type(each) is str and not _is_digest(name))
    else:
        for part in _parts(value).values():
            yield from _texts(part)


def _mapped(value: object, change: Callable[[str], str]) -> object:
    """Give a value with every text changed; what holds none that changes stays the same object."""
    if type(value) is str:
        return change(value)
    parts = _parts(value)
    new = {key: _mapped(part, change) for key, part in parts.items()}
    changed = {key: part for key, part in new.items() if part is not parts[key]}
    if not changed:
        return value
    if isinstance(value, BaseModel):
        return value.model_copy(update=changed)
    if isinstance(value, Mapping):
        return {**value, **changed}
    if isinstance(value, tuple):
        return value._replace(**changed) if hasattr(value, "_replace") else tuple(new.values())
    return replace(cast(Any, value), **changed)


def _parts(value: object) -> Mapping[Any, Any]:
    """Give what a value is made of, by name or place, without its digests; nothing for what has no parts."""
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        return dict(enumerate(value)) if names is None else _without_digests(zip(names, value, strict=True))
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if is_dataclass(value):
        return _without_digests((each.name, getattr(value, each.name)) for each in fields(value))
    return value if isinstance(value, Mapping) else {}


def _without_digests(parts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: part for name, part in parts if not _is_digest(name)}


def _is_digest(name: str) -> bool:
    return name.endswith("sha256")
