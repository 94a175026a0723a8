"""Release files in YAML: git-friendly, in a stable order, texts as literal blocks.

Read from the parser's events, not by a loader: no tag makes an object, an alias multiplies nothing, a key that
stands twice is seen, and every value knows its line. A key that is missing says nothing; one with an empty value
says that there is nothing. Comments are not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from relorch.errors import shown
from relorch.transfer.findings import Findings
from relorch.transfer.limits import STEPS, within_limit
from relorch.transfer.release_file import RELEASE_FIELDS, STEP_FIELDS, ReleaseText, Said

_DEEPEST = 20
"""How deep maps and lists may stand in each other; a release file needs four."""

_NOT_LITERAL = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What no literal block holds as it is: line breaks that are none to us, and what YAML wants escaped."""


def read_yaml(text: str, findings: Findings) -> ReleaseText:
    """Give what a release file says; everything wrong with it is noted in `findings`, with its line."""
    root = _tree(text.removeprefix("\ufeff"), findings) if within_limit(text, findings) else None
    if root is None:
        return ReleaseText(Said({}), ())
    if not isinstance(root, _Map):
        findings.stop(root.line, f"A release file is a map with the keys {', '.join((*RELEASE_FIELDS, 'steps'))}.")
        return ReleaseText(Said({}), ())
    top = _entries(root, (*RELEASE_FIELDS, "steps"), "a release", findings)
    release = _said(root, {key: node for key, node in top.items() if key != "steps"}, _RELEASE, findings)
    return ReleaseText(release, _steps(root, top.get("steps"), findings))


def yaml_of(release: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> str:
    """Give a release and its steps, in their order, as a release file; fields that are None are left empty."""
    head: dict[str, Any] = {name: release[name] for name in RELEASE_FIELDS if release.get(name)}
    if "type" in head:
        head["type"] = str(head["type"])
    if "release_date" in head:
        head["release_date"] = head["release_date"].isoformat()
    if "metadata" in head:
        head["metadata"] = dict(sorted(head["metadata"].items()))
    if not steps:
        return dumped({**head, "steps": []})
    return dumped(head) + "steps:\n" + "\n".join(_indented(dumped([_step_of(step)])) for step in steps)


def dumped(value: Any) -> str:
    """Give a value as YAML that a person can read and git can compare."""
    return yaml.dump(value, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=float("inf"))


def _step_of(step: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: step[name] for name in STEP_FIELDS}
    kinds = {name: str(said[name]) for name in ("category", "type")}
    return {**said, **kinds, "description": said["description"] or "", "content": _Literal(said["content"])}


def _indented(block: str) -> str:
    return re.sub(r"(?m)^(?=[^\n])", "  ", block)


class _Literal(str):
    """A text that is a literal block even when it has one line."""


class _Writer(yaml.SafeDumper):
    """Writes what PyYAML reads back exactly as literal blocks, trailing blanks and tabs in them too."""

    def analyze_scalar(self, scalar: str) -> Any:
        """Allow a literal block wherever nothing in it needs an escape."""
        analysis = super().analyze_scalar(scalar)
        analysis.allow_block = _NOT_LITERAL.search(scalar) is None
        return analysis


def _represented(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    text = str(value)
    if _NOT_LITERAL.search(text):
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    if isinstance(value, _Literal) or "\n" in text:
        return writer.represent_scalar("tag:yaml.org,2002:str", f"{text}\n", style="|")
    return writer.represent_scalar("tag:yaml.org,2002:str", text)


_Writer.add_representer(str, _represented)
_Writer.add_representer(_Literal, _represented)


@dataclass
class _Scalar:
    """A text; `tag` is what YAML would make of it."""

    text: str
    tag: str
    line: int


@dataclass
class _Map:
    """A map, its entries in order."""

    line: int
    entries: list[_Node] = field(default_factory=list)  # key, value, key, value …


@dataclass
class _List:
    """A list."""

    line: int
    entries: list[_Node] = field(default_factory=list)


_Node = _Scalar | _Map | _List


def _tree(text: str, findings: Findings) -> _Node | None:
    """Give the one document of a text, or None when there is none; what cannot be read is noted."""
    try:
        return _built(yaml.parse(text, Loader=yaml.SafeLoader), findings)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        findings.stop(line, f"The character U+{int(error.character):04X} cannot stand in YAML.")
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        findings.stop(None if mark is None else mark.line + 1, f"This is no YAML: {error.problem or error.context}.")
    return None


def _built(events: Iterator[Any], findings: Findings) -> _Node | None:
    open_: list[_Map | _List] = []
    root: _Node | None = None
    documents = 0
    for event in events:
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            findings.stop(event.start_mark.line + 1, "A release file holds one document; there is another one here.")
            return None
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
        node = _node(event, findings)
        if node is None:
            continue
        if open_:
            open_[-1].entries.append(node)
        else:
            root = node
        if not isinstance(node, _Scalar):
            open_.append(node)
        if len(open_) > _DEEPEST:
            findings.stop(node.line, f"Maps and lists stand more than {_DEEPEST} deep in each other here.")
            return None
    if root is None:
        findings.stop(None, "There is nothing in the file.")
    return root


def _node(event: Any, findings: Findings) -> _Node | None:
    if not isinstance(event, _NODES):
        return None
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        findings.error(line, f"'*{event.anchor}' stands for a text elsewhere; write it out here.")
        return _Scalar("", _NULL, line)
    if event.anchor is not None:
        findings.error(line, f"'&{event.anchor}' is an anchor, which a release file has no use for; take it out.")
    if event.tag is not None and event.tag != "!":
        findings.error(line, f"The tag {shown(event.tag)} is not read; take it out.")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, line)
    return _Map(line) if isinstance(event, yaml.MappingStartEvent) else _List(line)


def _scalar(event: Any, line: int) -> _Scalar:
    tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    block = event.style in ("|", ">")
    return _Scalar(event.value.rstrip("\n") if block else event.value, tag, line)


_NODES: tuple[Any, ...] = (yaml.AliasEvent, yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)
_RESOLVER: Any = yaml.resolver.Resolver()
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_STR = "tag:yaml.org,2002:str"


def _entries(node: _Map, known: Sequence[str] | None, what: str, findings: Findings) -> dict[str, _Node]:
    """Give a map's values by key; keys that are none, stand twice or are not `known` are errors."""
    found: dict[str, _Node] = {}
    first: dict[str, int] = {}
    for key, value in zip(node.entries[::2], node.entries[1::2], strict=True):
        if not isinstance(key, _Scalar):
            findings.error(key.line, f"A key of {what} has to be a word.")
        elif key.text in first:
            findings.error(key.line, f"The key {shown(key.text)} stands in line {first[key.text]} already.")
        elif known is not None and key.text not in known:
            findings.error(key.line, f"The key {shown(key.text)} is unknown; {what} has {', '.join(known)}.")
        else:
            first[key.text] = key.line
            found[key.text] = value
    return found


_Reader = Callable[[str, "_Node", Findings], Any]
_UNREADABLE = object()


def _said(node: _Node, entries: Mapping[str, _Node], readers: Mapping[str, _Reader], findings: Findings) -> Said:
    values = {key: readers[key](key, value, findings) for key, value in entries.items()}
    lines = {key: value.line for key, value in entries.items()}
    return Said({key: value for key, value in values.items() if value is not _UNREADABLE}, node.line, lines)


def _steps(root: _Map, node: _Node | None, findings: Findings) -> tuple[Said, ...]:
    if not isinstance(node, _List):
        findings.error(node.line if node else root.line, "A release file needs 'steps', a list.")
        return ()
    if len(node.entries) > STEPS:
        findings.error(node.line, f"There are more than {STEPS:,} steps.")
        return ()
    return tuple(step for step in (_step(entry, findings) for entry in node.entries) if step is not None)


def _step(node: _Node, findings: Findings) -> Said | None:
    if not isinstance(node, _Map):
        findings.error(node.line, f"A step is a map with the keys {', '.join(STEP_FIELDS)}.")
        return None
    entries = _entries(node, STEP_FIELDS, "a step", findings)
    for name in ("category", "name", "type", "content"):
        if name not in entries:
            findings.error(node.line, f"The step has no '{name}'.")
    return _said(node, entries, _STEP, findings)


def _text(key: str, node: _Node, findings: Findings) -> Any:
    if not isinstance(node, _Scalar) or node.tag == _NULL:
        findings.error(node.line, f"'{key}' has to be a text.")
        return _UNREADABLE
    if node.tag != _STR:
        kind = node.tag.rpartition(":")[2]
        findings.repair(node.line, f"'{key}': {shown(node.text)} reads as {kind} in YAML; it was taken as a text.")
    return node.text


def _optional_text(key: str, node: _Node, findings: Findings) -> Any:
    return None if isinstance(node, _Scalar) and node.tag == _NULL else _text(key, node, findings)


def _flag(key: str, node: _Node, findings: Findings) -> Any:
    if isinstance(node, _Scalar) and node.tag == _BOOL:
        return node.text.lower() in ("true", "yes", "on")
    findings.error(node.line, f"'{key}' has to be true or false.")
    return _UNREADABLE


def _moment(key: str, node: _Node, findings: Findings) -> Any:
    if isinstance(node, _Scalar) and node.tag == _NULL:
        return None
    try:
        if isinstance(node, _Scalar):
            moment = datetime.fromisoformat(node.text)
            return moment.replace(tzinfo=UTC) if len(node.text) == len("2026-11-23") else moment
    except ValueError:
        pass
    findings.error(node.line, f"'{key}' has to be a day or a time with its zone, such as 2026-11-23T22:00:00+00:00.")
    return _UNREADABLE


def _metadata(key: str, node: _Node, findings: Findings) -> Any:
    if isinstance(node, _Scalar) and node.tag == _NULL:
        return {}
    if not isinstance(node, _Map):
        findings.error(node.line, f"'{key}' has to be a map of keys to texts.")
        return _UNREADABLE
    return dict(_flat("", node, findings))


def _flat(prefix: str, node: _Map, findings: Findings) -> Iterator[tuple[str, str]]:
    for key, value in _entries(node, None, "metadata", findings).items():
        name = f"{prefix}{key}"
        if isinstance(value, _Map):
            findings.repair(value.line, f"metadata {shown(name)}: is a map; its keys were joined with '_'.")
            yield from _flat(f"{name}_", value, findings)
        elif isinstance(value, _List):
            findings.repair(value.line, f"metadata {shown(name)}: is a list; it was written as JSON.")
            yield name, json.dumps(_plain(value), ensure_ascii=False)
        elif value.tag == _STR:
            yield name, value.text
        else:
            findings.repair(value.line, f"metadata {shown(name)}: is no text in YAML; it was taken as it is written.")
            yield name, "null" if value.tag == _NULL else value.text


def _plain(node: _Node) -> Any:
    """Give a node as JSON holds it."""
    if isinstance(node, _List):
        return [_plain(entry) for entry in node.entries]
    if isinstance(node, _Map):
        return {_key(key): _plain(value) for key, value in zip(node.entries[::2], node.entries[1::2], strict=True)}
    return None if node.tag == _NULL else node.text


def _key(node: _Node) -> str:
    return node.text if isinstance(node, _Scalar) else json.dumps(_plain(node), ensure_ascii=False)


_RELEASE: Mapping[str, _Reader] = {
    "name": _text,
    "type": _text,
    "version_number": _optional_text,
    "release_date": _moment,
    "description": _optional_text,
    "metadata": _metadata,
}
_STEP: Mapping[str, _Reader] = {
    "category": _text,
    "name": _text,
    "type": _text,
    "required": _flag,
    "description": _optional_text,
    "content": _text,
}
