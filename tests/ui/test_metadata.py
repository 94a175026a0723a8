"""Metadata through a form and back."""

from __future__ import annotations

import pytest

from relorch.errors import InvalidValue
from relorch.ui import metadata


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"db_host": "db1", "empty": ""},
        {"url": "https://x.example/?a=b", "blank": "  two before, one behind "},
        {"motd": "first\n  second\n\n  last", "next": "x"},
        {"key": "one\nnot = a key"},
    ],
)
def test_what_is_printed_reads_as_the_same_map(stored: dict[str, str]) -> None:
    assert metadata.read(metadata.printed(stored)) == stored


def test_blank_lines_and_windows_line_ends_are_taken() -> None:
    assert metadata.read("a = 1\r\n\r\nb=2\n") == {"a": "1", "b": "2"}


@pytest.mark.parametrize(("typed", "why"), [("just words", "key = value"), ("a = 1\na = 2", "twice")])
def test_what_is_no_map_is_refused_with_the_line(typed: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        metadata.read(typed)
