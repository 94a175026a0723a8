"""One thread at a time reads source text into a tree, where Python itself does not see to that."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


def parse_one_at_a_time() -> None:
    """Let the threads of this process take turns in `ast.parse`, for its whole life.

    marimo reads its notebooks anew for each visit and session, in several threads. Before Python 3.13 some releases
    count the depth of a tree in one place for all threads (CPython issue 106905): where the collector lets another
    thread in, one of the two fails with a SystemError, and a visitor gets an error in the place of a page.
    """
    if sys.version_info < (3, 13) and not hasattr(ast.parse, "__wrapped__"):
        ast.parse = _in_turns(ast.parse)


def _in_turns(parse: Callable[Given, Made]) -> Callable[Given, Made]:
    turn = threading.RLock()

    @wraps(parse)
    def parsed(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with turn:
            return parse(*args, **kwargs)

    return parsed
