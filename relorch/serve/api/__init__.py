"""The HTTP API: one workbook verb an endpoint, in camelCase JSON; refusals as problems.

It has no rule and no user of its own: it belongs behind the guard, which says who asks.
"""

from relorch.serve.api.app import build_api

__all__ = ["build_api"]
