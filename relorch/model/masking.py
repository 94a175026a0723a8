"""Secrets in texts that leave the workbook: each is replaced by a number, and they are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relorch.model.secret_text import spans_in

_KEY = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PRIVATE_KEY = re.compile(
    rf"-----BEGIN {_KEY}(?:(?:(?!-----BEGIN ).)*?-----END {_KEY}|(?:\s*\n[^\S\n]*[A-Za-z0-9+/=]{{16,}}(?=\s|$))+)"
    r"|PuTTY-User-Key-File-\d.*?Private-MAC:[^\n]*",
    re.DOTALL,
)
_TELLING = 8
"""A secret of at least so many characters is masked wherever it stands, a shorter one only where it was found."""

Span = tuple[int, int]


class Masking:
    """The secrets of one report: first every text is searched, then each can be given masked.

    A secret that was found in one text is masked in all. It has the same number everywhere, so that a change of it
    still shows; the numbers count from the first that was masked.
    """

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._spans: dict[str, list[Span]] = {}
        self._numbers: dict[str, int] = {}
        self._anywhere: re.Pattern[str] | None = None

    @property
    def found(self) -> bool:
        """Whether any of the texts that were searched holds a secret."""
        return bool(self._found)

    @property
    def masked(self) -> int:
        """How many different secrets were masked so far."""
        return len(self._numbers)

    def search(self, text: str) -> None:
        """Find the secrets of a text; a text that was searched before costs nothing."""
        if text not in self._spans:
            self._spans[text] = spans = list(_spans(text))
            self._found |= {text[start:end] for start, end in spans}
            self._anywhere = None

    def __call__(self, text: str) -> tuple[str, int]:
        """Give a text with its secrets masked, and in how many places that was."""
        known = [found.span() for found in self._everywhere().finditer(text)]
        spans = _joined([*self._spans.get(text, ()), *known])
        parts, at = [], 0
        for start, end in spans:
            number = self._numbers.setdefault(text[start:end], len(self._numbers) + 1)
            parts += [text[at:start], f"<masked {number}>"]
            at = end
        return "".join((*parts, text[at:])), len(spans)

    def _everywhere(self) -> re.Pattern[str]:
        if self._anywhere is None:
            telling = sorted((secret for secret in self._found if len(secret) >= _TELLING), key=lambda s: (-len(s), s))
            self._anywhere = re.compile("|".join(map(re.escape, telling)) or r"(?!)")
        return self._anywhere


def _spans(text: str) -> Iterator[Span]:
    """Give where the secrets of a text stand, from the first to the last; none overlaps another."""
    keys = [found.span() for found in _PRIVATE_KEY.finditer(text)]
    found, start = list(keys), 0
    for line in text.split("\n"):
        found += [(start + left, start + right) for left, right in spans_in(line)]
        start += len(line) + 1
    yield from _joined(found)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined
