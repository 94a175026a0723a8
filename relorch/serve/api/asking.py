"""Who asks, and that nothing was asked for that is not there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError

from relorch.workbook import Workbook


async def _book_of(request: Request) -> Workbook:
    """Give the workbook for the operator whom the guard let in; without a guard there is none."""
    workbook: Workbook = request.app.state.workbook
    return workbook.acting_as(request.scope["meta"]["operator"])


Book = Annotated[Workbook, Depends(_book_of)]


async def known_questions_only(request: Request) -> None:
    """Refuse a parameter that the endpoint does not know: a filter that is misspelled would filter nothing."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    given = [name for name, _ in request.query_params.multi_items()]
    wrong = [name for name in given if name not in known or given.count(name) > 1]
    if wrong:
        why = "holds a parameter that is not known here, or one of them twice"
        raise RequestValidationError([{"type": "parameter", "loc": ("query",), "msg": why}])
