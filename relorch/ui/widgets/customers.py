"""The customers to choose from, grouped by cluster: many by checkbox, or one by picking it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anywidget
import marimo as mo
import traitlets

from relorch.model.text import visible
from relorch.ui.widgets import module, style

_NOTHING: Mapping[str, Sequence[int]] = {}


@dataclass(frozen=True)
class Offered:
    """One customer as the list shows it.

    `state` ("held", "inactive") stands beside the name; `off` says why the customer cannot be chosen.
    """

    id: int
    name: str
    namespace: str
    cluster_id: int
    cluster_name: str
    version: str | None = None
    state: str | None = None
    off: str | None = None


@dataclass(frozen=True)
class OfferedCluster:
    """A cluster that the list shows even without customers, with a word on its state beside it."""

    id: int
    name: str
    state: str | None = None


class CustomersWidget(anywidget.AnyWidget):
    """Customers by cluster, of which some can be chosen.

    `chosen` (ids of customers), `cluster` (id of the picked cluster, 0: none) and `filter` (what is typed) are
    kept up to date both ways. They come from the browser: whoever uses the ids looks them up first.
    """

    _esm = module("customers")
    _css = style("customers")
    label = traitlets.Unicode().tag(sync=True)
    many = traitlets.Bool(True).tag(sync=True)
    offered = traitlets.Dict().tag(sync=True)
    quick: traitlets.List[Any] = traitlets.List().tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    cluster = traitlets.Int().tag(sync=True)
    filter = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        offered: Sequence[Offered],
        *,
        label: str,
        many: bool = True,
        chosen: Sequence[int] = (),
        cluster: int = 0,
        clusters: Sequence[OfferedCluster] = (),
        quick: Mapping[str, Sequence[int]] = _NOTHING,
        filter: str = "",
    ) -> None:
        super().__init__(
            label=visible(label),
            many=many,
            offered=_offer(offered, clusters),
            quick=[{"label": visible(name), "ids": list(ids)} for name, ids in quick.items()],
            chosen=list(chosen),
            cluster=cluster,
            filter=filter,
        )

    def offer(self, offered: Sequence[Offered], clusters: Sequence[OfferedCluster] = ()) -> None:
        """Show another list; what is chosen, folded, scrolled and typed stays as it is.

        Who is not offered any more, or cannot be chosen now, is deselected, and the list says so.
        """
        self.offered = _offer(offered, clusters)


def choose_customers(
    offered: Sequence[Offered],
    *,
    label: str,
    many: bool = True,
    chosen: Sequence[int] = (),
    cluster: int = 0,
    clusters: Sequence[OfferedCluster] = (),
    quick: Mapping[str, Sequence[int]] = _NOTHING,
    filter: str = "",
) -> mo.ui.anywidget:
    """Give the widget for a page: its `.value["chosen"]` holds the ids, its `.widget.offer` shows another list.

    `label` says what the choice is for; `quick` names ids to choose by one button; `clusters` are shown even
    without customers. With `many=False` one customer or one cluster is picked (`.value["cluster"]`, 0: none).
    """
    widget = CustomersWidget(
        offered,
        label=label,
        many=many,
        chosen=chosen,
        cluster=cluster,
        clusters=clusters,
        quick=quick,
        filter=filter,
    )
    return mo.ui.anywidget(widget)


def _offer(offered: Sequence[Offered], clusters: Sequence[OfferedCluster]) -> dict[str, Any]:
    known = {cluster.id: cluster for cluster in clusters}
    for each in offered:
        known.setdefault(each.cluster_id, OfferedCluster(each.cluster_id, each.cluster_name))
    return {
        "clusters": [_shown(asdict(cluster)) for cluster in known.values()],
        "customers": [_shown(asdict(each)) for each in offered],
    }


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in values.items()}
