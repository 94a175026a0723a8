"""schemathesis plays the API's own schema against it: every operation, right and wrong values, all of its checks."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from relorch import Workbook
from tests.api.conftest import HOST, behind_the_guard

SIGNED_IN = {"host": HOST, "Authorization": "Bearer t-ana"}
RULES = ("urn:relorch:invalid-value", "urn:relorch:cannot-import")  # that no JSON Schema could say


class Later:
    """An app whose workbook comes when the tests run; its schema is wanted before."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


later = Later(behind_the_guard(None))  # type: ignore[arg-type]
schema = schemathesis.openapi.from_asgi("/api/openapi.json", later, headers=SIGNED_IN)


@pytest.fixture(scope="module", autouse=True)
def _served(filled: Workbook) -> None:
    later.app = behind_the_guard(filled)


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_every_operation_does_what_its_schema_says(case: Any) -> None:
    response = case.call(headers=SIGNED_IN)
    refused_by_a_rule = response.status_code == 422 and response.json()["type"] in RULES
    case.validate_response(response, excluded_checks=[positive_data_acceptance] if refused_by_a_rule else [])
