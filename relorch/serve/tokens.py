"""The secrets by which programs sign in: one from the environment, or a file of `name token` lines.

A token stands for its operator. Whoever can guess or read one can change everything in that name, so a short one and
a file that others can read are refused.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from relorch.errors import InvalidValue
from relorch.model import text

ENVIRONMENT = "RELORCH_TOKEN"
LEAST_BITS = 128
FILE_LIMIT = 64 * 1024

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_ALPHABETS = (("0-9", 10), ("0-9a-f", 16), ("0-9A-F", 16), ("0-9a-z", 36), ("0-9A-Z", 36), ("0-9A-Za-z", 62))
_HOW = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
_HIDDEN = "(not shown)"


def operators_by_token(environment: Mapping[str, str], operator: str, file: Path | None = None) -> dict[str, str]:
    """Give token → operator: of RELORCH_TOKEN, which stands for `operator`, and of every line of `file`.

    Raises `InvalidValue` for a token that could be guessed, a line that is no name and token, a token that stands
    twice, and a file that others than its owner can read; no message shows a token.
    """
    known: dict[str, str] = {}
    if ENVIRONMENT in environment:
        known[_strong(ENVIRONMENT, environment[ENVIRONMENT])] = operator
    for number, name, token in _lines(file) if file is not None else ():
        if token in known:
            raise InvalidValue("tokens", str(file), f"line {number} repeats a token; each operator needs their own")
        known[token] = name
    return known


def _lines(file: Path) -> list[tuple[int, str, str]]:
    """Give number, name and token of each line that is neither blank nor a comment."""
    lines = enumerate(_read(file).splitlines(), 1)
    return [(number, *_entry(file, number, line)) for number, line in lines if line.strip() and line.strip()[0] != "#"]


def _entry(file: Path, number: int, line: str) -> tuple[str, str]:
    parts = line.strip().rsplit(None, 1)
    if len(parts) != 2:
        raise InvalidValue("tokens", str(file), f"line {number} is not a name, a blank and a token")
    try:
        return text.line("name", parts[0], text.OPERATOR_LIMIT), _strong("token", parts[1])
    except InvalidValue as error:
        raise InvalidValue("tokens", str(file), f"line {number}: the {error.field} {error.why}") from None


def _read(file: Path) -> str:
    """Read a file that only its owner can read; whether it is so is asked of the open file itself."""
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            _refuse_readable_by_others(file, os.fstat(opened.fileno()))
            found = opened.read(FILE_LIMIT + 1)
    except OSError as error:
        raise InvalidValue("tokens", str(file), f"it cannot be read: {error.strerror}") from error
    if len(found) > FILE_LIMIT:
        raise InvalidValue("tokens", str(file), f"it is longer than {FILE_LIMIT // 1024} KB")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise InvalidValue("tokens", str(file), "it is no text in UTF-8") from None


def _refuse_readable_by_others(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise InvalidValue("tokens", str(file), "it is no file")
    if found.st_mode & 0o177 or found.st_uid not in (0, os.geteuid()):
        raise InvalidValue("tokens", str(file), "it has to be yours alone; set its mode to 0600 (chmod 600)")


def _strong(field: str, token: str) -> str:
    """Give a token that nobody guesses: at least 128 bits if each of its characters was drawn by chance."""
    if not _TOKEN.fullmatch(token):
        raise InvalidValue(field, _HIDDEN, f"may hold only letters, digits and -._~+/=; {_HOW}")
    size = next((size for signs, size in _ALPHABETS if re.fullmatch(f"[{signs}]+", token)), 64)
    if len(token) * math.log2(size) < LEAST_BITS or len(set(token)) < 8:
        raise InvalidValue(field, _HIDDEN, f"can be guessed: it has less than {LEAST_BITS} bits; {_HOW}")
    return token
