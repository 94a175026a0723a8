"""Which version each customer is on: a list by cluster, folded, with a search; 2,000 customers are one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import anywidget
import traitlets

from relorch.model.text import visible
from relorch.model.values import Cluster, Customer
from relorch.ui import words
from relorch.ui.widgets import module, style
from relorch.views.standing import Version


class VersionsWidget(anywidget.AnyWidget):
    """Draws what `versions_by_cluster` gives; what is folded and typed stays when it gets another one."""

    _esm = module("versions")
    _css = style("versions")
    clusters: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    linked = traitlets.Bool(True).tag(sync=True)

    def __init__(self, clusters: Sequence[dict[str, Any]], *, linked: bool) -> None:
        super().__init__(clusters=list(clusters), linked=linked)

    def show(self, clusters: Sequence[dict[str, Any]]) -> None:
        """Show another list; nothing is sent when it is the same."""
        self.clusters = list(clusters)


def versions_by_cluster(
    customers: Sequence[Customer], clusters: Sequence[Cluster], versions: Mapping[int, Version]
) -> list[dict[str, Any]]:
    """Give the customers by cluster as the widget takes them, with how many of a cluster are on which version.

    `customers` are by cluster. A customer is [id, name, namespace, version, when].
    """
    names = {cluster.id: cluster.name for cluster in clusters}
    found = []
    for cluster_id, group in groupby(customers, key=lambda customer: customer.cluster_id):
        rows = [_row(customer, versions.get(customer.id)) for customer in group]
        counted = Counter(row[3] for row in rows)
        found.append(
            {
                "id": cluster_id,
                "name": visible(names[cluster_id]),
                "counts": [list(each) for each in sorted(counted.items(), key=_most_first)],
                "customers": rows,
            }
        )
    return found


def _row(customer: Customer, version: Version | None) -> list[Any]:
    who = [customer.id, visible(customer.name), customer.namespace]
    if version is None:
        return [*who, words.NO_VERSION, ""]
    return [*who, visible(version.version_number or version.release_name), f"{version.completed_at:%Y-%m-%d}"]


def _most_first(counted: tuple[str, int]) -> tuple[bool, int, str]:
    return counted[0] == words.NO_VERSION, -counted[1], counted[0]
