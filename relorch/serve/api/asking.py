"""Who asks, and that nothing was asked for that is not there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from relorch.serve.api.problems import NamedTwice
from relorch.workbook import Workbook


async def _book_of(request: Request) -> Workbook:
    """Give the workbook for the operator whom the guard let in; without a guard there is none."""
    workbook: Workbook = request.app.state.workbook
    return workbook.acting_as(request.scope["meta"]["operator"])


Book = Annotated[Workbook, Depends(_book_of)]


async def known_questions_only(request: Request) -> None:
    """Refuse a parameter that the endpoint does not know, and a body where it takes none.

    A filter that is misspelled would filter nothing, and a `dryRun` that nobody reads would be no dry run.
    """
    asked = request.scope["route"].dependant
    known = {field.alias for field in asked.query_params}
    given = [name for name, _ in request.query_params.multi_items()]
    wrong = [name for name in given if name not in known or given.count(name) > 1]
    if wrong:
        why = "holds a parameter that is not known here, or one of them twice"
        raise RequestValidationError([{"type": "parameter", "loc": ("query",), "msg": why}])
    if not asked.body_params and (await request.body()).strip() not in (b"", b"{}"):
        raise RequestValidationError([{"type": "body", "loc": ("body",), "msg": "has to be empty here"}])


async def _turn() -> AsyncIterator[None]:
    yield


IN_TURN = [Depends(_turn, scope="function", max_concurrency=2)]
"""For endpoints that read much: so many work at once, so that those who tick steps are answered meanwhile.

A turn ends when the answer is made; who takes it slowly keeps nobody waiting.
"""


class _Strict(Request):
    """A request whose body is JSON in UTF-8 that can be read in one way only."""

    async def json(self) -> Any:
        """Give the body; raises `NamedTwice`, or what the decoder raises."""
        return json.loads((await self.body()).decode("utf-8-sig"), object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NamedTwice
    return found


class StrictRoute(APIRoute):
    """An endpoint that is asked by strict requests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give FastAPI's handler, for such a request."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            return await handler(_Strict(request.scope, request.receive))

        return handled
