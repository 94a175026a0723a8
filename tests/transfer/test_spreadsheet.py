from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relorch.transfer.spreadsheet import plain, safe


@given(st.text() | st.text("'=+-@\t\r\x00＝ a", max_size=6))
def test_every_text_comes_back(cell: str) -> None:
    assert plain(safe(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\x00", "＝1", "＠a", " =1", "\u200b=1", "'=1"]
)
def test_what_a_spreadsheet_would_run_is_marked(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a", "a=1", "O'Rourke", "1", "é", "a-b"])
def test_all_else_stays(cell: str) -> None:
    assert (safe(cell), plain(cell)) == (cell, cell)


def test_an_apostrophe_that_nobody_put_there_stays() -> None:
    assert plain("'tis") == "'tis"
