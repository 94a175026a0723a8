"""Who is looking at a page, and which workbook it shows.

Under `relorch serve` the process has one workbook and the guard says who the operator is. Alone, under
`marimo run notebooks/X.py`, a page opens its own workbook for whoever runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import marimo as mo

from relorch.errors import NotAllowed, NotFound
from relorch.workbook import Workbook, open_workbook


@dataclass
class _Process:
    """What all sessions of the process share; nothing of one operator is in here."""

    served: Workbook | None = None
    alone: dict[str, Workbook] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_process = _Process()


@dataclass(frozen=True)
class Params:
    """A page's parameters: from the address, else from the command line behind `--`."""

    values: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """Give a parameter as it was written, or None."""
        return self.values.get(name) or None

    def number(self, name: str) -> int | None:
        """Give a parameter that is an id, or None when it is missing or no id."""
        value = self.values.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None

    def id(self, name: str) -> int:
        """Give a parameter that is an id, or 0 when it is missing; raises `NotFound` for what cannot be one."""
        asked, number = self.text(name), self.number(name)
        if asked is not None and not number:
            raise NotFound(name, asked, name)
        return number or 0


def serve_pages_with(workbook: Workbook) -> None:
    """Make `workbook` the one that every page of this process shows, to whom the guard lets in."""
    _process.served = workbook


def is_served() -> bool:
    """Whether this process serves a workbook and all its pages; a cell that a widget's message re-runs asks it too."""
    return _process.served is not None


def read_params() -> Params:
    """Give the parameters of the page that is being run."""
    said = {name: _last(value) for name, value in mo.cli_args().to_dict().items()}
    asked = {name: _last(value) for name, value in mo.query_params().to_dict().items()}
    # which file is opened is for who started the page to say, not for a link
    return Params(said | {name: value for name, value in asked.items() if name != "db"})


def open_page(params: Params) -> Workbook:
    """Give the workbook of the page, acting as the operator whose page it is.

    Raises `StorageError` when it cannot be read now: another program holds it, or the file is gone; `CannotOpen` when
    the page runs alone and its database cannot be opened (it creates none); `NotAllowed` when the process serves a
    workbook and nobody is signed in.
    """
    operator = guarded_operator()
    if _process.served is not None:
        if operator is None:
            raise NotAllowed("This page was asked for past the guard; open the address that 'relorch serve' printed.")
        return _readable(_process.served.acting_as(operator))
    url = params.text("db")
    with _process.lock:
        if (url or "") not in _process.alone:
            _process.alone[url or ""] = open_workbook(url, create=False)
        return _readable(_process.alone[url or ""])


def _readable(workbook: Workbook) -> Workbook:
    workbook.revision()
    return workbook


def guarded_operator() -> str | None:
    """Give the operator the guard let in, or None when the page runs alone.

    The guard has tied this session to that operator, so it holds for everything the session sends.
    """
    request = mo.app_meta().request
    operator = request.meta.get("operator") if request is not None else None
    return operator if isinstance(operator, str) else None


def _last(value: Any) -> str:
    """A parameter given twice counts as its last one."""
    return str(value[-1] if isinstance(value, list) and value else value)
