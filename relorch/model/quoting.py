"""Where in a bash or SQL text one stands: in plain code, or inside something that changes what a quote means.

A filter brings its own quotes, so it is only right in plain code. These readers know just enough of
both languages to tell; where they are in doubt they say "inside", which refuses rather than renders.
The rules of bash are those of its manual (QUOTING, Here Documents, ARITHMETIC EVALUATION), those of
SQL the standard's literals, identifiers and comments, with PostgreSQL's dollar quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

CODE = "code"

_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|\\?([^\s;&|<>()'\"]+))")
_DOLLAR_TAG = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$")
_BEFORE_WORD = frozenset(" \t\n;&|()<>")


@dataclass
class BashReader:
    """Reads bash from left to right; `place` says what surrounds the next character."""

    stack: list[str] = field(default_factory=lambda: [CODE])
    last: str = "\n"
    escaped: bool = False
    pending: list[tuple[str, bool]] = field(default_factory=list)
    heredoc_line: str = ""

    @property
    def place(self) -> str:
        """`code`, or the name of what a person would say one is inside of."""
        if self.escaped:
            return "an escape (a backslash stands right before it)"
        if self.stack[-1] == CODE and self.last == "$":
            return "an expansion (a '$' stands right before it)"
        return self.stack[-1]

    def feed(self, text: str) -> None:
        """Read `text` further."""
        at = 0
        while at < len(text):
            at += self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        """Read what begins at `at`; give how many characters that was."""
        top = self.stack[-1]
        if top == "a here-document":
            return self._in_heredoc(text, at)
        if self.escaped:
            return self._took(text[at], escaped=False)
        if top in _SIMPLE:
            return self._until(text, at, _SIMPLE[top], escapes=top in _ESCAPING)
        if text[at] == "\\":
            return self._took("\\", escaped=True)
        return self._in_dollar(text, at) or self._in_code(text, at)

    def _took(self, char: str, *, escaped: bool = False, size: int = 1) -> int:
        self.last, self.escaped = char, escaped
        return size

    def _until(self, text: str, at: int, end: str, *, escapes: bool) -> int:
        char = text[at]
        if escapes and char == "\\":
            return self._took(char, escaped=True)
        if char == end:
            self.stack.pop()
            if char == "\n":
                return 0  # a newline ends the comment and is read again as code
        return self._took(char)

    def _in_dollar(self, text: str, at: int) -> int:
        """Read an expansion, which begins alike in code, in double quotes and in arithmetic; 0: none begins here."""
        top, plain = self.stack[-1], self.stack[-1] != "double quotes"
        for opening, name in _OPENINGS:
            if text.startswith(opening, at) and not (opening == "$'" and not plain):
                self.stack.append(name)
                return self._took(opening[-1], size=len(opening))
        if text[at] == "`":
            if "backticks" in self.stack:
                while self.stack.pop() != "backticks":
                    pass
            else:
                self.stack.append("backticks")
            return self._took("`")
        if text[at] == '"' and top == "double quotes":
            self.stack.pop()
            return self._took('"')
        return 0

    def _in_code(self, text: str, at: int) -> int:
        char, top = text[at], self.stack[-1]
        if top == "double quotes":
            return self._took(char)
        if top == "arithmetic":
            return self._in_arithmetic(text, at)
        if char == "'":
            self.stack.append("single quotes")
        elif char == '"':
            self.stack.append("double quotes")
        elif top == "a parameter expansion":
            if char == "}":
                self.stack.pop()
        elif char == "#" and self.last in _BEFORE_WORD:
            self.stack.append("a comment")
        elif text.startswith("((", at) and self.last in _BEFORE_WORD:
            self.stack.append("arithmetic")
            return self._took("(", size=2)
        elif char == "(":
            self.stack.append(CODE)
        elif char == ")" and len(self.stack) > 1 and top == CODE:
            self.stack.pop()
        elif text.startswith("<<<", at):
            return self._took("<", size=3)
        elif found := _HEREDOC.match(text, at):
            word = next(part for part in found.groups()[1:] if part is not None)
            self.pending.append((word, found.group(1) == "-"))
            return self._took("<", size=len(found.group()))
        elif text.startswith("<<", at):
            self.pending.append(("\n", False))  # an end that cannot be read here: refuse filters from the next line on
            return self._took("<", size=2)
        elif char == "\n" and self.pending:
            self.stack.append("a here-document")
            self.heredoc_line = ""
        return self._took(char)

    def _in_arithmetic(self, text: str, at: int) -> int:
        if text.startswith("))", at):
            self.stack.pop()
            return self._took(")", size=2)
        if text[at] == "(":
            self.stack.append("a group in arithmetic")
        return self._took(text[at])

    def _in_heredoc(self, text: str, at: int) -> int:
        char = text[at]
        if char != "\n":
            self.heredoc_line += char
            return self._took(char)
        word, tabs = self.pending[0]
        if (self.heredoc_line.lstrip("\t") if tabs else self.heredoc_line) == word:
            self.pending.pop(0)
            if not self.pending:
                self.stack.pop()
        self.heredoc_line = ""
        return self._took(char)


_SIMPLE = {
    "single quotes": "'",
    "ANSI-C quotes": "'",
    "a comment": "\n",
    "a group in arithmetic": ")",
    "old arithmetic": "]",
}
_ESCAPING = frozenset({"ANSI-C quotes"})
_OPENINGS = (
    ("$((", "arithmetic"),
    ("$(", CODE),
    ("${", "a parameter expansion"),
    ("$[", "old arithmetic"),
    ("$'", "ANSI-C quotes"),
)


@dataclass
class SqlReader:
    """Reads SQL from left to right; `place` says what surrounds the next character."""

    inside: str = CODE
    dollar: str | None = None
    last: str = "\n"

    @property
    def place(self) -> str:
        """`code`, or the name of what a person would say one is inside of."""
        if self.inside == CODE and self.dollar is not None:
            return "dollar quotes"
        if self.inside == CODE and self.last in "'\"`\\":
            return "a literal (a quote stands right before it)"
        return self.inside

    def feed(self, text: str) -> None:
        """Read `text` further."""
        at = 0
        while at < len(text):
            size = self._in_code(text, at) if self.inside == CODE else self._inside(text, at)
            self.last = text[at + size - 1]
            at += size

    def _in_code(self, text: str, at: int) -> int:
        for opening, name in _SQL_OPENINGS:
            if text.startswith(opening, at):
                self.inside = name
                return len(opening)
        if found := _DOLLAR_TAG.match(text, at):
            if self.dollar is None:
                self.dollar = found.group()
            elif found.group() == self.dollar:
                self.dollar = None
            return len(found.group())
        return 1

    def _inside(self, text: str, at: int) -> int:
        end = _SQL_ENDS[self.inside]
        if not text.startswith(end, at):
            return 1
        if self.inside in _DOUBLING and text.startswith(end * 2, at):
            return 2
        self.inside = CODE
        return len(end)


_SQL_OPENINGS = (
    ("'", "single quotes"),
    ('"', "double quotes"),
    ("`", "backticks"),
    ("--", "a comment"),
    ("/*", "a block comment"),
)
_SQL_ENDS = {
    "single quotes": "'",
    "double quotes": '"',
    "backticks": "`",
    "a comment": "\n",
    "a block comment": "*/",
}
_DOUBLING = frozenset({"single quotes", "double quotes", "backticks"})
