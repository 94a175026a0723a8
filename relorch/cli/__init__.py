"""The command line: data on stdout, words on stderr, and an exit code that says who has to act.

0 done; 1 refused by a rule; 2 wrong usage, or a database that cannot be opened; 3 storage failed.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from relorch.cli.app import app
from relorch.cli.naming import WrongWord
from relorch.cli.output import complain
from relorch.errors import CannotOpen, RelorchError, StorageError

__all__ = ["app", "main"]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line (None: that of the process) and leave with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed before: nobody reads it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 it stays open
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding has not is escaped
            stream.reconfigure(errors="backslashreplace")
    output = sys.stdout
    try:
        with _cleaning_up():
            app(None if words is None else list(words), prog_name="relorch")
    except SystemExit as left:
        if sys.stdout is not output and left.code == 1:  # what Typer makes of a reader that went away
            sys.stdout = output
            _leave_unwritten("its reader is gone")
        raise
    except RelorchError as error:
        complain(str(error))
        sys.exit(exit_code(error))
    except OSError as error:
        if error.filename is not None:  # a file that nobody further down has looked after
            complain(f"{os.fsdecode(error.filename)}: it cannot be used ({error.strerror}); {_STORED}")
            sys.exit(3)
        _leave_unwritten(error.strerror or str(error))


_STORED = "what the command has stored is in 'relorch history'."


def _leave_unwritten(why: str) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be printed would fail once more
    complain(f"the output cannot be written ({why}); {_STORED}")
    sys.exit(3)


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """Let SIGTERM, and a terminal that was closed, end the process as Ctrl+C does: nothing half made stays behind."""
    ending = (signal.SIGTERM, signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():  # only there signals can be taken
        yield
        return
    before = {number: signal.getsignal(number) for number in ending}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(number, _leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second one would break off the cleaning up
    sys.exit(128 + number)


def exit_code(error: RelorchError) -> int:
    """Give the exit code that an error stands for."""
    if isinstance(error, CannotOpen | WrongWord):
        return 2
    return 3 if isinstance(error, StorageError) else 1
