"""The OpenAPI schema as it is served: every answer an endpoint can give, and how a program signs in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from relorch.serve.api.problems import MEDIA, Problem
from relorch.serve.api.wire import MOST

_ALWAYS = frozenset({400, 401, 403, 404, 408, 413, 415, 422, 500, 503})
_WHEN_CHANGING = frozenset({409})
_MEANS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in with that token.",
    403: "The request did not come from relorch's own pages, nor from a program with a bearer token and no cookie.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "The state it is in forbids it, or somebody was there before.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "A value cannot be taken.",
    500: "Something that was not foreseen; the server's log has it under the error id.",
    503: "The database could not do it, or there is too much at once; nothing was stored.",
}
_REF = {"$ref": "#/components/schemas/Problem"}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Give FastAPI's schema with every refusal, and the bearer token that every operation takes."""
    parts = schema.setdefault("components", {})
    models: dict[str, Any] = parts.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    models |= problem.pop("$defs", {}) | {"Problem": problem}
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which nobody is told
        models.pop(name, None)
    parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"bearer": []}]
    for method, operation in _operations(schema):
        own = {int(code) for code in operation["responses"] if int(code) >= 400}
        codes = _ALWAYS | own | (frozenset() if method == "get" else _WHEN_CHANGING)
        refusals = {str(code): _refusal(code) for code in sorted(codes)}
        operation["responses"] = operation["responses"] | refusals
    whole: dict[str, Any] = _whole(schema)
    return whole


def _whole(part: Any) -> Any:
    """Give the bounds of numbers as whole numbers again: as a float 2**63 - 1 would be one more.

    And say of a map whose keys have a form that it takes no others.
    """
    if isinstance(part, list):
        return [_whole(each) for each in part]
    if not isinstance(part, dict):
        return part
    bounds = {name: min(int(part[name]), MOST) for name in ("minimum", "maximum") if isinstance(part.get(name), float)}
    closed = {"additionalProperties": False} if "patternProperties" in part else {}
    return {name: _whole(each) for name, each in (part | bounds | closed).items()}


def _refusal(code: int) -> dict[str, Any]:
    said = {"description": _MEANS.get(code, HTTPStatus(code).phrase), "content": {MEDIA: {"schema": _REF}}}
    wanted = {401: "WWW-Authenticate"}.get(code)
    return said if wanted is None else said | {"headers": {wanted: {"schema": {"type": "string"}}}}


def names_in(schema: dict[str, Any]) -> frozenset[str]:
    """Give every name that the schema declares: of a parameter, or of a field of a body."""
    parameters = {each["name"] for _, operation in _operations(schema) for each in operation.get("parameters", ())}
    fields = {name for model in schema["components"]["schemas"].values() for name in model.get("properties", {})}
    return frozenset(parameters | fields)


def methods_at(schema: dict[str, Any], path: str) -> str:
    """Give the value of an Allow header: every method that some operation at this path takes."""
    fitting = (each for known, each in schema["paths"].items() if re.fullmatch(_ID.sub("[0-9]{1,40}", known), path))
    return ", ".join(sorted({method.upper() for operations in fitting for method in operations}))


_ID = re.compile(r"\{\w+\}")


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((method, each) for path in schema["paths"].values() for method, each in path.items())
