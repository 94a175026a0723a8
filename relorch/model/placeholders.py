"""`${{ … }}` in step content: a strict little language that renders one customer's exact text.

`${{ name(.name)* [| filter] }}`; `$${{` writes a literal `${{`. Nothing is ever replaced by an empty
string: an unknown name, a missing key or an unsafe value makes the step *unable to render*, and says why.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

from relorch.errors import InvalidValue
from relorch.model.quoting import CODE, BashReader, SqlReader
from relorch.model.values import StepType

FILTERS = ("sh", "path", "sql", "ident", "raw")
NAMES = (
    "customer.name",
    "namespace",
    "cluster.name",
    "cluster.kubeconfig_path",
    "release.name",
    "release.version",
)
"""The names that every release knows; beside them `vars.KEY` for the keys of metadata."""

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_OPEN = re.compile(r"\$?\$\{\{")
_INSIDE = re.compile(rf"[ \t]*({_NAME}(?:\.{_NAME})*)[ \t]*(?:\|[ \t]*([A-Za-z]+)[ \t]*)?")
_BARE_BASH = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@%+,=-]*")
_BARE_SQL = re.compile(r"[A-Za-z0-9_.:/@-]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ALLOWED_FILTERS: Mapping[StepType, frozenset[str]] = {
    StepType.BASH: frozenset({"sh", "path", "raw"}),
    StepType.SQL: frozenset({"sql", "ident", "raw"}),
    StepType.TEXT: frozenset(FILTERS),
}

_SHORT = 2_048
"""Characters of a text of which many are remembered; of longer ones only as many as a large release has."""
_Rest = ParamSpec("_Rest")
_Found = TypeVar("_Found")


def _remembered(
    work: Callable[Concatenate[str, _Rest], _Found],
) -> Callable[Concatenate[str, _Rest], _Found]:
    """Remember what was found in the last texts: whole texts are kept for it, so a few megabytes and no more."""
    short, long = lru_cache(maxsize=4096)(work), lru_cache(maxsize=256)(work)

    @wraps(work)
    def found(content: str, /, *args: _Rest.args, **said: _Rest.kwargs) -> _Found:
        return (short if len(content) <= _SHORT else long)(content, *args, **said)  # type: ignore[arg-type]

    return found


@dataclass(frozen=True, slots=True)
class Scope:
    """What the placeholders of one customer in one release stand for."""

    names: Mapping[str, str | None]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a placeholder cannot be rendered; `placeholder` is as it is written in the content."""

    placeholder: str
    why: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.placeholder}: {self.why}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """One customer's text of a step.

    `text` and its `sha256` (hex, of the UTF-8 bytes) are None when there are `problems`;
    `raw` are the (start, end) ranges in `text` that a `raw` filter put in unquoted.
    """

    text: str | None
    sha256: str | None
    problems: tuple[Problem, ...] = ()
    raw: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `${{ … }}`: its source text, and its name and filter, or why it is malformed."""

    source: str
    name: str = ""
    filter: str | None = None
    malformed: str | None = None


class _Refused(Exception):
    """A value that may not go where it stands."""


def scope(
    *,
    customer_name: str,
    namespace: str,
    cluster_name: str,
    kubeconfig_path: str | None,
    release_name: str,
    release_version: str | None,
    customer_metadata: Mapping[str, str],
    cluster_metadata: Mapping[str, str],
    release_metadata: Mapping[str, str],
) -> Scope:
    """Give the scope of one customer; a key of its metadata wins over the cluster's, that over the release's."""
    names = (customer_name, namespace, cluster_name, kubeconfig_path, release_name, release_version)
    variables = {**release_metadata, **cluster_metadata, **customer_metadata}
    return Scope(dict(zip(NAMES, names, strict=True)), variables)


def render(content: str, step_type: StepType, values: Scope) -> Rendering:
    """Give the text of `content` for the customer whose values these are; its problems instead where it has any."""
    text: list[str] = []
    problems: list[Problem] = []
    raw: list[tuple[int, int]] = []
    spots = _spots_of(content, step_type, values)
    length = 0
    for part in parse(content):
        piece = part if isinstance(part, str) else ""
        if isinstance(part, Placeholder):
            try:
                piece = _value(part, step_type, values, next(spots))
            except _Refused as refused:
                problems.append(Problem(part.source, str(refused)))
            if part.filter == "raw":
                raw.append((length, length + len(piece)))
        text.append(piece)
        length += len(piece)
    if problems:
        return Rendering(None, None, tuple(problems))
    whole = "".join(text)
    return Rendering(whole, sha256(whole), (), tuple(raw))


@dataclass(frozen=True, slots=True)
class Offered:
    """A placeholder that a text can use: `example` is what it stands for somewhere (None: nowhere yet).

    `missing` counts the customers for whom it stands for nothing.
    """

    name: str
    example: str | None
    missing: int


def offered(scopes: Sequence[Scope], keys: Iterable[str]) -> list[Offered]:
    """Give the names that all know, then `vars.KEY` of the keys by name, as these customers' values have them."""
    names = [*NAMES, *(f"vars.{key}" for key in sorted(keys))]
    values = {name: [_known(name, each) for each in scopes] for name in names}
    return [
        Offered(name, next((value for value in found if value is not None), None), found.count(None))
        for name, found in values.items()
    ]


def check_content(content: str, step_type: StepType) -> None:
    """Refuse on save what can never render right: a filter inside quotes, which would bring a second pair.

    Raises `InvalidValue` naming the placeholder.
    """
    for part, spot in zip(names_in(content), _spots(content, step_type), strict=True):
        if part.filter not in (None, "raw") and part.malformed is None and spot.place != CODE:
            raise InvalidValue("content", part.source, _inside(part, spot.place))


def names_in(content: str) -> tuple[Placeholder, ...]:
    """Give the placeholders of `content` in order, malformed ones among them."""
    return tuple(part for part in parse(content) if isinstance(part, Placeholder))


def sha256(text: str) -> str:
    """Give the hex digest of the UTF-8 bytes of `text`: what tells whether two people saw the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


@_remembered
def parse(content: str) -> tuple[str | Placeholder, ...]:
    """Split `content` into literal texts and placeholders."""
    return tuple(_parts(content))


def _parts(content: str) -> Iterator[str | Placeholder]:
    at = 0
    while found := _OPEN.search(content, at):
        if found.start() > at:
            yield content[at : found.start()]
        if found.group() == "$${{":
            yield "${{"
            at = found.end()
            continue
        placeholder = _placeholder(content, found.start())
        yield placeholder
        at = found.start() + len(placeholder.source)
    if at < len(content):
        yield content[at:]


def _placeholder(content: str, start: int) -> Placeholder:
    end = content.find("}}", start)
    stop = content.find("\n", start)
    if end < 0 or 0 <= stop < end:
        source = content[start : stop if stop >= 0 else len(content)]
        return Placeholder(source, malformed="it is not closed by '}}' on its line")
    source = content[start : end + 2]
    inside = _INSIDE.fullmatch(source[3:-2])
    if inside is None:
        why = "it must read ${{ name }} or ${{ name | filter }}; write $${{ for a literal ${{"
        return Placeholder(source, malformed=why)
    return Placeholder(source, inside.group(1), inside.group(2))


@dataclass(frozen=True, slots=True)
class _Spot:
    """What surrounds a placeholder: see the readers' `place`; `plain`: outside quotes; `last`: the sign before it."""

    place: str
    plain: bool
    last: str


def _spots_of(content: str, step_type: StepType, values: Scope) -> Iterator[_Spot]:
    """Give the spot of each placeholder; what a `raw` value brings is read like text of the content's own."""
    raw = {part.name for part in names_in(content) if part.filter == "raw"}
    if not raw:
        return iter(_spots(content, step_type))
    known = {name: value for name in raw if (value := _known(name, values)) is not None}
    return iter(_read(content, step_type, known))


@_remembered
def _spots(content: str, step_type: StepType) -> tuple[_Spot, ...]:
    return _read(content, step_type, {})


def _read(content: str, step_type: StepType, raw: Mapping[str, str]) -> tuple[_Spot, ...]:
    """Read `content` from left to right; a value that is not raw is one word, whatever it is."""
    if step_type is StepType.TEXT:
        return tuple(_Spot(CODE, True, " ") for _ in names_in(content))
    reader = BashReader() if step_type is StepType.BASH else SqlReader()
    spots = []
    for part in parse(content):
        if isinstance(part, str):
            reader.feed(part)
            continue
        plain = reader.inside == CODE if isinstance(reader, SqlReader) else True
        spots.append(_Spot(reader.place, plain, reader.last))
        reader.feed(raw.get(part.name, "x") if part.filter == "raw" else _WORD.get(part.filter or "", "x"))
    return tuple(spots)


_WORD = {"sql": "'x'", "ident": '"x"'}
"""What a filter's value looks like to what comes behind it."""


def _value(part: Placeholder, step_type: StepType, values: Scope, spot: _Spot) -> str:
    """Give what stands for `part`; raises `_Refused` saying why it may not."""
    if part.malformed is not None:
        raise _Refused(part.malformed)
    value = _look_up(part.name, values)
    if part.filter is None:
        return _bare(value, step_type, spot)
    if wrong := misuse_of(part, step_type):
        raise _Refused(wrong)
    if part.filter != "raw" and spot.place != CODE:
        raise _Refused(_inside(part, spot.place))
    if not value and part.filter not in ("sh", "sql"):
        raise _Refused("its value is empty, which needs the filter 'sh' or 'sql'")
    return _FILTER[part.filter](value)


def misuse_of(part: Placeholder, step_type: StepType) -> str | None:
    """Give why the filter of a placeholder can never be right in a step of this type, or None."""
    if part.filter is None:
        return None
    if part.filter not in FILTERS:
        return f"there is no filter '{part.filter}'; there are {', '.join(FILTERS)}"
    if part.filter not in _ALLOWED_FILTERS[step_type]:
        known = ", ".join(name for name in FILTERS if name in _ALLOWED_FILTERS[step_type])
        return f"the filter '{part.filter}' is not for {step_type} steps; there are {known}"
    return None


def _known(name: str, values: Scope) -> str | None:
    return values.variables.get(name.removeprefix("vars.")) if name.startswith("vars.") else values.names.get(name)


def _look_up(name: str, values: Scope) -> str:
    if name.startswith("vars."):
        key = name.removeprefix("vars.")
        if key not in values.variables:
            raise _Refused(f"neither customer, cluster nor release has metadata '{key}'")
        return values.variables[key]
    if name not in values.names:
        raise _Refused(f"there is no such name; there are {', '.join(NAMES)} and vars.KEY")
    value = values.names[name]
    if value is None:
        owner, _, field = name.partition(".")
        raise _Refused(f"the {owner} has no {field}")
    return value


def _bare(value: str, step_type: StepType, spot: _Spot) -> str:
    if step_type is StepType.TEXT:
        return value
    if not value:
        raise _Refused("its value is empty, which needs the filter 'sh' or 'sql'")
    if step_type is StepType.BASH:
        if not _BARE_BASH.fullmatch(value):
            raise _Refused("its value is not safe as it is in a shell; add the filter '| sh' (or '| path')")
        return value
    return _bare_sql(value, spot)


def _bare_sql(value: str, spot: _Spot) -> str:
    if not _BARE_SQL.fullmatch(value) or "--" in value:
        raise _Refused("its value is not safe as it is in SQL; add the filter '| sql' (or '| ident')")
    if spot.last in "-*/" and value[0] in "-/":
        raise _Refused("together with the sign before it, its value would begin or end a comment")
    if spot.plain and not _NUMBER.fullmatch(value):
        raise _Refused("outside quotes its value must be a number; add '| sql' (or '| ident'), or quotes")
    return value


def _inside(part: Placeholder, place: str) -> str:
    return f"the filter '{part.filter}' brings its own quotes, so it cannot stand inside {place}"


def _sh(value: str) -> str:
    if value.startswith("-"):
        raise _Refused("its value begins with '-', which a command would take for an option")
    return _one_word(value)


def _one_word(value: str) -> str:
    """Quote for bash, on one line whatever the value holds.

    A shell that stumbles over a line of a pasted text drops that line and runs the next one: a value must not
    have a next one. And a tab would ask an interactive shell to complete.
    """
    if "\n" not in value and "\t" not in value:
        return shlex.quote(value)
    return "$'" + value.translate(_ANSI_C) + "'"


_ANSI_C = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t"})


def _path(value: str) -> str:
    if value.startswith("~/"):
        rest = value[2:]
        return "~/" + (_one_word(rest) if rest else "")
    return _sh(value)


def _sql(value: str) -> str:
    if "\\" in value:
        raise _Refused("its value holds a backslash, which databases read differently")
    return "'" + value.replace("'", "''") + "'"


def _ident(value: str) -> str:
    if "\\" in value:
        raise _Refused("its value holds a backslash, which databases read differently")
    return '"' + value.replace('"', '""') + '"'


_FILTER: Mapping[str, Callable[[str], str]] = {
    "sh": _sh,
    "path": _path,
    "sql": _sql,
    "ident": _ident,
    "raw": str,
}
