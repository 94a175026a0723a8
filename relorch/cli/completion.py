"""What the shell completes: the names in the workbook that the command line names so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import typer

from relorch.cli.output import plain
from relorch.errors import RelorchError
from relorch.workbook import Workbook, open_workbook


def release_names(context: typer.Context, incomplete: str) -> list[str]:
    """Give the names of releases that begin as what was typed, the newest first."""
    return _completed(context, incomplete, lambda wb: (release.name for release in wb.releases.list()))


def cluster_names(context: typer.Context, incomplete: str) -> list[str]:
    """Give the names of clusters that begin as what was typed."""
    return _completed(context, incomplete, lambda wb: (cluster.name for cluster in wb.clusters.list()))


def customer_names(context: typer.Context, incomplete: str) -> list[str]:
    """Give the targets of customers, `cluster/namespace`, that begin as what was typed; so do bare namespaces."""
    return _completed(context, incomplete, _targets)


def _targets(wb: Workbook) -> Iterable[str]:
    clusters = {cluster.id: cluster.name for cluster in wb.clusters.list(inactive=True)}
    customers = wb.customers.list()
    yield from (customer.namespace for customer in customers)
    yield from (f"{clusters[customer.cluster_id]}/{customer.namespace}" for customer in customers)


def _completed(context: typer.Context, incomplete: str, names: Callable[[Workbook], Iterable[str]]) -> list[str]:
    """Give the names that go on from what was typed; a workbook that cannot be opened completes nothing."""
    url = _typed(context, "db")
    with suppress(RelorchError), open_workbook(url, create=False) as wb:
        found = [name for name in names(wb) if name.startswith(incomplete) and plain(name) == name]
        return list(dict.fromkeys(found))
    return []


def _typed(context: Any, name: str) -> str | None:
    while context is not None:
        if isinstance(value := context.params.get(name), str):
            return value
        context = context.parent
    return None
