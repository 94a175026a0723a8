"""Runbooks in Markdown as the steps of a release, and back; CommonMark by markdown-it-py.

How a runbook is read:
- A heading names the step below it. Fenced blocks of `bash`, `sh`, `shell` and `console` are bash steps, of `sql`
  SQL steps, of `text` or without a language text steps, wherever they stand, in lists and quotes too. Anything else,
  blocks in other languages among it, is a text step, character by character as it stands there. Several under one
  heading are `Heading`, `Heading (2)` … as they follow each other; those before any heading are named after the file.
- Steps are deploy steps, except below a heading that reads Verify (or Verification) up to the next of its level.
  Deploy (or Deployment) is such a section too; within a section the words are names of steps like any other.
- YAML front matter is skipped. `<!-- relorch: {"required": true, "description": "…"} -->` says of the block that
  follows what Markdown has no place for.

What is exported is read back exactly: a text step that would not be, because it holds headings, say, is fenced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from relorch.errors import shown
from relorch.model.text import NAME_LIMIT
from relorch.transfer.findings import Findings
from relorch.transfer.limits import STEPS, within_limit
from relorch.transfer.release_file import ReleaseText, Said, fitted_name
from relorch.transfer.release_yaml import dumped

_TYPES: Mapping[str, str] = {
    "bash": "bash",
    "sh": "bash",
    "shell": "bash",
    "console": "bash",
    "sql": "sql",
    "text": "text",
    "": "text",
}
"""The type of a block's step by the language of the block."""

_SECTIONS: Mapping[str, str] = {
    "deploy": "deploy",
    "deployment": "deploy",
    "verify": "verify",
    "verification": "verify",
}

# inline text is parsed in headings only: nothing else asks for it, and it is where Markdown gets slow; what one step
# defines as a link is text of that step, and no other's business
_BLOCKS = MarkdownIt("commonmark").disable(["inline", "text_join", "reference"])
_INLINE = MarkdownIt("commonmark")

_LONG_HEADING = 4_000
"""From how many characters on a heading is no name with signs in it, and front matter no front matter."""

_SIGNS = re.compile(r"[\\`*_\[\]<>&!\n]")
_COMMENT = re.compile(r"\s*<!--\s*relorch:(.*?)-->\s*", re.DOTALL)
_FRONT = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"(?m)^[ \t]*[$#>] ")


def read_markdown(text: str, file_name: str, findings: Findings) -> ReleaseText:
    """Give what a runbook says; what it does not read as it may be meant is noted in `findings`, with its line.

    `file_name` gives its stem to what stands before the first heading.
    """
    if not within_limit(text, findings):
        return ReleaseText(Said({}), ())
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return ReleaseText(Said({}), _Reading(PurePath(file_name).stem, findings).steps(_without_front_matter(source)))


def markdown_of(release: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> str:
    """Give a release's steps, deploy before verify, as a runbook; its name and version stand in front matter."""
    front = {name: str(release[name]) for name in ("name", "type", "version_number") if release.get(name)}
    parts = [f"---\n{dumped(front)}---\n"]
    category = None
    for step in steps:
        if step["category"] != category:
            category = str(step["category"])
            parts.append(f"# {category.capitalize()}\n")
        parts.append(f"## {_heading_of(step['name'])}\n")
        parts += [_comment_of(step)] if step["required"] or step["description"] else []
        parts.append(_block_of(step["type"], step["content"]))
    return "\n".join(parts)


@dataclass(frozen=True)
class _Piece:
    """A heading, a comment to relorch, or a block of text; lines count from 0, `end` is the first after it."""

    kind: str  # "heading", "comment", or the language of a block; "prose" for what is none
    text: str
    start: int
    end: int
    level: int = 0
    is_open: bool = False  # a block that nothing closes


def _parsed(source: str) -> Iterator[_Piece]:
    """Give headings, blocks, comments to relorch, and what stands between them, in order."""
    lines = source.split("\n")
    at = 0
    for piece in _marked(source):
        yield from _prose(lines, at, piece.start)
        yield piece
        at = max(at, piece.end)
    yield from _prose(lines, at, len(lines))


def _marked(source: str) -> Iterator[_Piece]:
    tokens = _BLOCKS.parse(source)
    for at, token in enumerate(tokens):
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open" and token.level == 0:
            yield _Piece("heading", _heading(tokens[at + 1].content), start, end, int(token.tag[1]))
        elif token.type == "fence" and _language(token) in _TYPES:
            yield _Piece(_language(token), token.content, start, end, is_open=_is_open(token, end - start))
        elif token.type == "html_block" and token.level == 0 and (found := _COMMENT.fullmatch(token.content)):
            yield _Piece("comment", found[1], start, end)


def _is_open(token: Token, lines: int) -> bool:
    """Whether a block of so many lines has no line that closes it."""
    inside = token.content.count("\n") + (token.content[-1:] not in ("", "\n"))
    return lines < inside + 2


def _language(token: Token) -> str:
    words = token.info.split()
    return words[0].lower() if words else ""


def _heading(source: str) -> str:
    """Give the words of a heading, without the signs around them."""
    if len(source) > _LONG_HEADING or not _SIGNS.search(source):
        return source.strip()
    (inline,) = _INLINE.parseInline(source)
    return "".join(_words(inline.children or ())).strip()


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "image":
            yield from _words(token.children or ())
        else:
            yield token.content


def _prose(lines: Sequence[str], start: int, end: int) -> Iterator[_Piece]:
    while start < end and not lines[start].strip(" \t"):
        start += 1
    while start < end and not lines[end - 1].strip(" \t"):
        end -= 1
    if not all(map(_is_rule, lines[start:end])):
        yield _Piece("prose", "\n".join(lines[start:end]), start, end)


def _is_rule(line: str) -> bool:
    """Whether a line is blank or a rule across the page, which by itself is no text."""
    signs = "".join(line.split())
    return not signs or (len(signs) >= 3 and set(signs) in ({"-"}, {"*"}, {"_"}))


def _without_front_matter(source: str) -> str:
    """Give the source with blank lines in place of front matter: a map between `---` at the very beginning."""
    found = _FRONT.match(source)
    if found is None or len(found[1]) > _LONG_HEADING or not _is_map(found[1]):
        return source
    return "\n" * found[0].count("\n") + source[found.end() :]


def _is_map(text: str) -> bool:
    try:
        events = [type(event) for event in yaml.parse(text, Loader=yaml.SafeLoader)]
    except (yaml.YAMLError, RecursionError):
        return False
    return yaml.MappingStartEvent in events[:3] or not any(issubclass(event, yaml.NodeEvent) for event in events)


class _Reading:
    """One runbook being read: where it is, and what came before it under the heading."""

    def __init__(self, file: str, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._heading: _Piece | None = None
        self._section = 0  # the level of the section's heading; 0: there is none
        self._category = "deploy"
        self._blocks = 0
        self._comment: dict[str, Any] = {}
        self._comment_line = 0
        self._found: list[Said] = []

    def steps(self, source: str) -> tuple[Said, ...]:
        """Give the steps of a source whose front matter is gone."""
        for count, piece in enumerate(_parsed(source)):
            if piece.kind == "heading":
                self._under(piece)
            elif piece.kind == "comment":
                self._comment, self._comment_line = self._read_comment(piece), piece.start + 1
            elif piece.text.strip():
                self._step(piece)
            else:
                self._findings.warning(piece.start + 1, "The block is empty, so it makes no step.")
            if len(self._found) > STEPS or count > 10 * STEPS:
                self._findings.error(piece.start + 1, f"There are more than {STEPS:,} steps.")
                break
        self._leave(None)
        return tuple(self._found)

    def _under(self, heading: _Piece) -> None:
        self._leave(heading)
        if heading.level <= self._section:
            self._section, self._category = 0, "deploy"
        section = _SECTIONS.get(heading.text.rstrip(" :").casefold())
        if section is not None and not self._section:
            self._section, self._category = heading.level, section
        self._heading, self._blocks, self._comment = heading, 0, {}

    def _leave(self, following: _Piece | None) -> None:
        """Note a heading that names nothing: with no block of its own and nothing below it."""
        heading = self._heading
        if heading is None or self._blocks or heading.level == self._section:
            return
        if following is None or following.level <= heading.level:
            said = f"The heading {shown(heading.text)} has nothing below it, so it makes no step."
            self._findings.warning(heading.start + 1, said)

    def _step(self, block: _Piece) -> None:
        self._blocks += 1
        line = block.start + 1
        if self._blocks == 1 and not self._section and any(step.values["category"] == "verify" for step in self._found):
            said = "What follows the verify steps without being one of them became deploy steps, which come before."
            self._findings.warning(line, said)
        heading = self._heading if self._heading is not None and self._heading.text else None
        name_line = line if heading is None else heading.start + 1
        name, rest = self._name(heading.text if heading else self._file, name_line)
        values = {
            "category": self._category,
            "name": name,
            "type": _TYPES.get(block.kind, "text"),
            "content": block.text.removesuffix("\n") if block.kind != "prose" else block.text,
            **({"description": rest} if rest else {}),
            **self._comment,
        }
        said_at = dict.fromkeys(self._comment, self._comment_line)
        lines = {"name": name_line, "content": line, "description": name_line, **said_at}
        self._found.append(Said({**values, "content": values["content"].rstrip("\n")}, line, lines))
        self._comment = {}
        self._look_at(block)

    def _name(self, heading: str, line: int) -> tuple[str, str | None]:
        """Give the name of the block that follows, and what of the heading did not fit into it."""
        if self._blocks == 1:
            return fitted_name(self._findings, line, "The heading", heading)
        name, _ = fitted_name(Findings(), line, "The heading", heading)
        number = f" ({self._blocks})"
        return name[: NAME_LIMIT - len(number)].rstrip() + number, None

    def _look_at(self, block: _Piece) -> None:
        line = block.start + 1
        if block.is_open:
            said = f"The block is never closed, so all up to line {block.end} is in it; close it if that is not meant."
            self._findings.warning(line, said)
        if block.kind == "":
            said = "The block names no language, so it became a text step; write ```bash or ```sql if it is to run."
            self._findings.warning(line, said)
        elif block.kind == "console" and _PROMPT.search(block.text):
            self._findings.warning(line, "The block shows prompts, which stay as they are: take them out to run it.")

    def _read_comment(self, piece: _Piece) -> dict[str, Any]:
        line = piece.start + 1
        try:
            said = json.loads(piece.text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self._findings.error(line, "The comment to relorch is no JSON object.")
            return {}
        for key in said.keys() - {"required", "description"}:
            self._findings.error(
                line, f"The key {shown(key)} is unknown; a comment to relorch has required, description."
            )
        return {key: value for key, value in said.items() if key in ("required", "description")}


def _heading_of(name: str) -> str:
    return name if _reads_as(name, name) else re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", name)


def _reads_as(source: str, name: str) -> bool:
    pieces = list(_marked(f"## {source}\n"))
    return [(piece.kind, piece.level, piece.text) for piece in pieces] == [("heading", 2, name)]


def _comment_of(step: Mapping[str, Any]) -> str:
    said = {"required": step["required"]} if step["required"] else {}
    said |= {"description": step["description"]} if step["description"] else {}
    # nothing in it may end the comment
    return f"<!-- relorch: {json.dumps(said, ensure_ascii=False).replace('>', chr(92) + 'u003e')} -->\n"


def _block_of(type: str, content: str) -> str:
    if type == "text" and _stays_prose(content):
        return f"{content}\n"
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{type}\n{content}\n{marks}\n"


def _stays_prose(content: str) -> bool:
    """Whether a text reads back as it is, and leaves the heading that follows it alone."""
    pieces = [(piece.kind, piece.text) for piece in _parsed(f"## x\n\n{content}\n\n## y\n")]
    return pieces == [("heading", "x"), ("prose", content), ("heading", "y")]
