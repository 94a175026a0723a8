"""Where in a bash or SQL text one stands: in plain code, or inside something that changes what a quote means.

A filter brings its own quotes, so it is only right in plain code. These readers know just enough of both
languages to tell. What they cannot follow for certain, or what databases read differently, is a *doubt*:
from there on they say "inside", which refuses rather than renders. The rules of bash are those of its manual
(QUOTING, Here Documents, ARITHMETIC EVALUATION), those of SQL the standard's literals, identifiers and
comments, with PostgreSQL's dollar quotes and MySQL's backslashes and `#`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

CODE = "code"

_SINGLE, _ANSI, _DOUBLE = "single quotes", "ANSI-C quotes", "double quotes"
_COMMENT, _HEREDOC, _BACKTICKS = "a comment", "a here-document", "backticks"
_ARITHMETIC, _EXPANSION, _SUBSCRIPT, _TEST = "arithmetic", "a parameter expansion", "a subscript", "a [[ … ]] test"
_OFFSET = "a parameter expansion with an offset or a subscript"
_EVALUATED = frozenset({_ARITHMETIC, _SUBSCRIPT, _OFFSET})
"""Where bash reckons with what it finds, also with what a command in there prints: `a[$(…)]` runs its subscript."""

_BEFORE_WORD = frozenset(" \t\n;&|()<>")
_HEREDOC_WORD = re.compile(r"(-?)[ \t]*((?:'[^'\n]*'|\"[^\"\\$`\n]*\"|\\[^\n]|[^\s;&|<>()'\"\\`$])+)")
_DOLLAR_TAG = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$")


@dataclass
class _Heredoc:
    """A here-document that was announced: the line that ends it, and how its lines are read."""

    end: str
    tabs: bool
    joins: bool
    depth: int


@dataclass
class BashReader:
    """Reads bash from left to right, chunk by chunk; `place` says what surrounds the next character."""

    stack: list[str] = field(default_factory=lambda: [CODE])
    last: str = "\n"
    escaped: bool = False
    doubt: str | None = None
    heredocs: list[_Heredoc] = field(default_factory=list)
    line: str = ""
    groups: int = 0

    @property
    def place(self) -> str:
        """`code`, or the name of what a person would say one is inside of."""
        if self.doubt is not None:
            return f"a text in which quotes cannot be followed for certain ({self.doubt})"
        if self.escaped:
            return "an escape (a backslash stands right before it)"
        if self.stack[-1] == CODE and self.last == "$":
            return "an expansion (a '$' stands right before it)"
        evaluated = next((place for place in self.stack if place in _EVALUATED), None)
        return self.stack[-1] if evaluated is None else evaluated

    def feed(self, text: str) -> None:
        """Read `text` further."""
        at = 0
        while at < len(text) and self.doubt is None:
            at += self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        """Read what begins at `at`; give how many characters that was."""
        top, char = self.stack[-1], text[at]
        if top == _HEREDOC:
            return self._in_heredoc(char)
        if self.escaped:
            return self._after_backslash(char)
        if top in (_SINGLE, _ANSI):
            return self._in_quotes(char)
        if top == _BACKTICKS:
            return self._in_backticks(char)
        if top == _COMMENT:
            return self._in_comment(char)
        if char == "\\":
            self.escaped = True
            return 1
        return self._expansion(text, at) or self._plain(text, at)

    def _took(self, last: str, size: int = 1) -> int:
        self.last = last
        return size

    def _push(self, name: str, last: str, size: int = 1) -> int:
        self.stack.append(name)
        return self._took(last, size)

    def _pop(self, last: str, size: int = 1) -> int:
        self.stack.pop()
        return self._took(last, size)

    def _doubts(self, why: str) -> int:
        self.doubt = why
        return 1

    def _after_backslash(self, char: str) -> int:
        self.escaped = False
        if char != "\n":
            return self._took("x")
        # a continued line is no character at all: it can put two halves of a word or of an expansion together
        apart = self.last != "$" if self.stack[-1] == _DOUBLE else self.last in " \t\n;&|"
        return 1 if apart else self._doubts("a line continued in the middle of a word")

    def _in_quotes(self, char: str) -> int:
        if char == "\\" and self.stack[-1] == _ANSI:
            self.escaped = True
            return 1
        return self._pop("x") if char == "'" else self._took(char)

    def _in_backticks(self, char: str) -> int:
        if char == "`":
            return self._pop("x")
        if char in "'\"#$()\\\n<":
            return self._doubts("backticks with more than plain words in them; write $( … )")
        return self._took(char)

    def _in_comment(self, char: str) -> int:
        if char == "\n":
            self.stack.pop()
            return 0  # the newline is read again as code
        return self._took(char)

    def _expansion(self, text: str, at: int) -> int:
        """Read an expansion, which begins alike in code, double quotes and arithmetic; 0: none begins here."""
        if text[at] == "`":
            if _BACKTICKS in self.stack:
                return self._doubts("backticks inside backticks")
            return self._push(_BACKTICKS, "`")
        if text[at] != "$":
            return 0
        if text.startswith("$$", at):
            return self._took("x", 2)
        if text.startswith("$'", at) and self.stack[-1] != _DOUBLE:
            return self._push(_ANSI, "'", 2)
        if text.startswith("$((", at):
            return self._begin_arithmetic(3)
        if text.startswith("$(", at):
            return self._push(CODE, "(", 2)
        if text.startswith("${", at):
            return self._push(_EXPANSION, "{", 2)
        return self._doubts("$[ … ]; write $(( … ))") if text.startswith("$[", at) else 0

    def _begin_arithmetic(self, size: int) -> int:
        if _ARITHMETIC in self.stack:
            return self._doubts("arithmetic inside arithmetic")
        self.groups = 0
        return self._push(_ARITHMETIC, "(", size)

    def _plain(self, text: str, at: int) -> int:
        top, char = self.stack[-1], text[at]
        if top == _DOUBLE:
            return self._pop("x") if char == '"' else self._took(char)
        if top == _ARITHMETIC:
            return self._in_arithmetic(text, at)
        if top in (_EXPANSION, _OFFSET):
            return self._in_expansion(text, at)
        if top == _SUBSCRIPT:
            return self._in_subscript(char)
        if char in "'\"":
            return self._push(_SINGLE if char == "'" else _DOUBLE, char)
        if top == _TEST:
            return self._in_test(text, at)
        return self._in_code(text, at)

    def _in_expansion(self, text: str, at: int) -> int:
        char = text[at]
        if char == "}":
            return self._pop("x")
        if char == "[" or (char == ":" and text[at + 1 : at + 2] not in tuple("-=+?")):
            self.stack[-1] = _OFFSET
        if char in "'\"":
            if _DOUBLE in self.stack:
                return self._doubts("quotes inside a quoted ${ … }")
            return self._push(_SINGLE if char == "'" else _DOUBLE, char)
        return self._took(char)

    def _in_subscript(self, char: str) -> int:
        if char == "]":
            return self._pop("x")
        if char.isalnum() or char in "_-*@+^!,.":
            return self._took(char)
        return self._doubts("'[' of a word, with more than a plain subscript in it")

    def _in_test(self, text: str, at: int) -> int:
        if text.startswith("]]", at):
            return self._pop("]", 2)
        if text[at] in "[#\n":
            return self._doubts("a [[ … ]] test with brackets or comments in it")
        return self._took(text[at])

    def _in_arithmetic(self, text: str, at: int) -> int:
        char = text[at]
        if char in "'\"":
            return self._doubts("quotes inside arithmetic")
        if char == "(":
            self.groups += 1
        elif char == ")" and self.groups:
            self.groups -= 1
        elif char == ")":
            if text.startswith("))", at):
                return self._pop(")", 2)
            return self._doubts("arithmetic that does not end in ))")
        return self._took(char)

    def _in_code(self, text: str, at: int) -> int:
        char, nested = text[at], len(self.stack) > 1
        begins = self.last in _BEFORE_WORD
        if char == "#" and self.last == ")":
            return self._doubts("a '#' right behind brackets")
        if char == "#" and begins:
            return self._push(_COMMENT, char)
        if begins and nested and text.startswith("case", at):
            return self._doubts("'case' inside brackets")
        if begins and text.startswith("[[", at):
            return self._push(_TEST, "[", 2)
        if char == "[" and self._begins_subscript(text[at + 1 : at + 2]):
            return self._push(_SUBSCRIPT, char)
        if text.startswith("((", at):
            return self._begin_arithmetic(2)
        if char == "(":
            return self._push(CODE, char)
        if char == ")" and nested:
            return self._pop(")")
        if text.startswith("<<", at):
            return self._took("<", 3) if text.startswith("<<<", at) else self._announced(text, at)
        if char == "\n" and self.heredocs:
            return self._begin_heredoc()
        return self._took(char)

    def _begins_subscript(self, following: str) -> bool:
        """Behind a word a '[' begins a subscript; at the beginning of one it may be that of an array's element."""
        behind_word = self.last.isalnum() or self.last == "_"
        return behind_word or (self.last in _BEFORE_WORD and not following.isspace())

    def _announced(self, text: str, at: int) -> int:
        found = _HEREDOC_WORD.match(text, at + 2)
        if found is None or found.end() == len(text) or text[found.end()] in "'\"\\`$":
            return self._doubts("a here-document whose end cannot be read")
        word = found.group(2)
        quoted = any(sign in word for sign in "'\"\\")
        end = re.sub(r"\\(.)|['\"]", r"\1", word)
        self.heredocs.append(_Heredoc(end, found.group(1) == "-", not quoted, len(self.stack)))
        return self._took("x", found.end() - at)

    def _begin_heredoc(self) -> int:
        if any(heredoc.depth != len(self.stack) for heredoc in self.heredocs):
            return self._doubts("a here-document announced outside of the brackets it begins in")
        self.line = ""
        return self._push(_HEREDOC, "\n")

    def _in_heredoc(self, char: str) -> int:
        heredoc = self.heredocs[0]
        if char != "\n":
            self.line += char
            return 1
        if heredoc.joins and self.line.endswith("\\"):
            return self._doubts("a continued line inside a here-document")
        if (self.line.lstrip("\t") if heredoc.tabs else self.line) == heredoc.end:
            self.heredocs.pop(0)
            if not self.heredocs:
                self.stack.pop()
        self.line = ""
        return self._took("\n")


@dataclass
class SqlReader:
    """Reads SQL from left to right, chunk by chunk; `place` says what surrounds the next character."""

    inside: str = CODE
    dollar: str | None = None
    last: str = "\n"
    doubt: str | None = None
    maybe_comment: bool = False
    slashes: int = 0

    @property
    def place(self) -> str:
        """`code`, or the name of what a person would say one is inside of."""
        if self.doubt is not None:
            return f"a text in which quotes cannot be followed for certain ({self.doubt})"
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
        char = text[at]
        if char == "\n":
            self.maybe_comment = False
        if char in "'\"`" and self.maybe_comment:
            self.doubt = "behind '#' or '--' it is a comment to some databases only"
        if char == "#" and text[at + 1 : at + 2] not in (">", "-"):
            self.maybe_comment = True
        for opening, name in _SQL_OPENINGS:
            if text.startswith(opening, at):
                self.inside, self.slashes = name, 0
                self.maybe_comment = name == _COMMENT and not text[at + 2 : at + 3].isspace()
                return len(opening)
        if found := _DOLLAR_TAG.match(text, at):
            self.dollar = found.group() if self.dollar is None else _left(self.dollar, found.group())
            return len(found.group())
        return 1

    def _inside(self, text: str, at: int) -> int:
        char, end = text[at], _SQL_ENDS[self.inside]
        if self.inside == _COMMENT and self.maybe_comment and char in "'\"`":
            self.doubt = "behind '#' or '--' it is a comment to some databases only"
        if self.inside == "a block comment" and text.startswith("/*", at):
            self.doubt = "a comment inside a comment ends differently from database to database"
        if char == end and self.slashes % 2:
            self.doubt = "a backslash before a quote means different things from database to database"
        self.slashes = self.slashes + 1 if char == "\\" else 0
        if not text.startswith(end, at):
            return 1
        if self.inside in _DOUBLING and text.startswith(end * 2, at):
            return 2
        self.inside = CODE
        if end == "\n":
            self.maybe_comment = False
        return len(end)


def _left(opened: str, tag: str) -> str | None:
    return None if tag == opened else opened


_SQL_OPENINGS = (
    ("'", _SINGLE),
    ('"', _DOUBLE),
    ("`", _BACKTICKS),
    ("--", _COMMENT),
    ("/*", "a block comment"),
)
_SQL_ENDS = {_SINGLE: "'", _DOUBLE: '"', _BACKTICKS: "`", _COMMENT: "\n", "a block comment": "*/"}
_DOUBLING = frozenset({_SINGLE, _DOUBLE, _BACKTICKS})
