"""The API put together: its routes, its refusals, its limits, and the schema that says all of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

import relorch
from relorch.serve.api import files, inventory, reads, releases, steps, templates, verbs
from relorch.serve.api.asking import known_questions_only
from relorch.serve.api.body import BodyGate
from relorch.serve.api.problems import install
from relorch.serve.api.schema import described, methods_at, names_in
from relorch.workbook import Workbook

ROUTERS = (reads.router, inventory.router, releases.router, templates.router, steps.router, verbs.router, files.router)


class _Api(FastAPI):
    """FastAPI with the schema as it is told: every answer of every operation is in it."""

    def openapi(self) -> dict[str, Any]:
        """Give the schema, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def build_api(workbook: Workbook) -> ASGIApp:
    """Give the API of one workbook for `build_app(…, api=…)`; each request acts as the operator the guard found."""
    app = _Api(
        title="relorch",
        version=relorch.__version__,
        openapi_url=None,  # an endpoint of its own, which takes no unknown parameter either
        docs_url=None,  # its page would load scripts from another server
        redoc_url=None,
        redirect_slashes=False,
        # what operators do leaves this machine for nobody, whatever the environment asks FastAPI to send
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.workbook = workbook
    for router in ROUTERS:
        app.include_router(router, prefix="/api", dependencies=[Depends(known_questions_only)])
    schema = app.openapi()
    install(app, names_in(schema), partial(methods_at, schema))
    return BodyGate(app)
