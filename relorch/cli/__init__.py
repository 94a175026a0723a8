"""The command line: data on stdout, words on stderr, and an exit code that says who has to act.

0 done; 1 refused by a rule; 2 wrong usage, or a database that cannot be opened; 3 storage failed.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from relorch.cli.app import app
from relorch.cli.naming import Ambiguous
from relorch.cli.output import complain
from relorch.errors import CannotOpen, RelorchError, StorageError

__all__ = ["app", "main"]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line (None: that of the process) and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding has not is escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        app(None if words is None else list(words), prog_name="relorch")
    except RelorchError as error:
        complain(str(error))
        sys.exit(exit_code(error))
    except OSError as error:  # of the output: files that are written say so themselves
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be printed would fail once more
        complain(
            f"the output cannot be written ({error.strerror}); what the command has stored is in 'relorch history'."
        )
        sys.exit(3)


def exit_code(error: RelorchError) -> int:
    """Give the exit code that an error stands for."""
    if isinstance(error, CannotOpen | Ambiguous):
        return 2
    return 3 if isinstance(error, StorageError) else 1
