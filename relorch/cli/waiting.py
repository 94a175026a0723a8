"""What a terminal shows while something takes its time; a file or pipe gets none of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Each = TypeVar("_Each")


@contextmanager
def waiting(for_what: str) -> Iterator[None]:
    """Show on stderr that something is being done, for as long as it takes."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # only who waits at a terminal loads it

    with Console(stderr=True).status(for_what):
        yield


def counted(each: Iterable[_Each], what: str, total: int | None = None) -> Iterator[_Each]:
    """Give the same things one by one, with a bar on stderr that counts them."""
    if not sys.stderr.isatty():
        yield from each
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(each, what, total=total, console=Console(stderr=True), transient=True)
