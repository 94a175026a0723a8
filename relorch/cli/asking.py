"""Asking first: what somebody may not have meant."""

from __future__ import annotations

import sys

import typer

from relorch.cli.output import complain, plain
from relorch.errors import NotAllowed


def agree(question: str, *, yes: bool) -> None:
    """Go on when `yes` was said before, or by somebody at the terminal; leave with 1 when they say no.

    Raises `NotAllowed` where nobody can be asked.
    """
    if yes:
        return
    if not somebody_is_there():
        raise NotAllowed(f"{question} Nobody can be asked without a terminal; say --yes to go on. Nothing was changed.")
    if not typer.confirm(plain(f"{question} Go on?"), err=True):
        complain("nothing was changed.")
        raise typer.Exit(1)


def somebody_is_there() -> bool:
    """Whether there is a terminal with somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()
