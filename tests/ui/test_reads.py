"""A cell that cannot read says so, and is drawn again when the database answers again."""

from __future__ import annotations

import pytest
from marimo._runtime.control_flow import MarimoStopError

from relorch import Workbook
from relorch.errors import Busy
from relorch.ui import reads
from relorch.ui.reads import Reads
from relorch.ui.widgets.pulse import Pulse
from relorch.workbook import Changes


def busy() -> str:
    raise Busy("another program holds the database.")


def stopped(read: Reads, by: object = busy) -> str:
    """Give what a cell shows in place of its content."""
    with pytest.raises(MarimoStopError) as stop:
        read(by)  # type: ignore[arg-type]
    return str(stop.value.output.text)


def test_what_is_read_comes_back_and_recovering_from_nothing_does_nothing() -> None:
    drawn: list[int] = []
    read = Reads(lambda: drawn.append(1))
    assert (read(lambda: "text"), read.recover(), drawn) == ("text", False, [])


def test_a_failed_read_is_said_in_place_and_the_next_cell_does_not_wait_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Reads(lambda: None)
    assert "another program holds the database." in stopped(read)
    assert "another program holds the database." in stopped(read, lambda: "would be there by now")
    monkeypatch.setattr(reads, "PAUSE_SECONDS", -1.0)
    assert read(lambda: "is there") == "is there"


def test_the_pulse_has_it_drawn_again_once_the_database_answers(wb: Workbook) -> None:
    drawn: list[str] = []
    read = Reads(lambda: drawn.append("cells"))
    heard: list[Changes] = []
    pulse = Pulse(wb, heard.append, reads=read)
    stopped(read)
    pulse._look(None, None, None)
    pulse._look(None, None, None)
    assert (drawn, len(heard)) == (["cells"], 1)
