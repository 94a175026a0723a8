"""The command line: data on stdout, words on stderr, and an exit code that says who has to act.

0 done; 1 refused by a rule; 2 wrong usage, or a database that cannot be opened; 3 storage failed.
"""

from __future__ import annotations

import sys

from relorch.cli.app import app
from relorch.cli.output import complain
from relorch.errors import CannotOpen, RelorchError, StorageError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        app()
    except RelorchError as error:
        complain(str(error))
        sys.exit(exit_code(error))


def exit_code(error: RelorchError) -> int:
    """Give the exit code that an error stands for."""
    if isinstance(error, CannotOpen):
        return 2
    return 3 if isinstance(error, StorageError) else 1
