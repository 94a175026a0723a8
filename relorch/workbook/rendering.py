"""What a step's content renders to, from its row with all that its placeholders stand for."""

from __future__ import annotations

from relorch.model.placeholders import Rendering, Scope, render, scope
from relorch.model.values import StepType
from relorch.store.rows import RowDict


def rendering_of(row: RowDict) -> Rendering:
    """Give what a step row with its context renders to now."""
    return render(row["content"], StepType(row["type"]), scope_of(row))


def scope_of(row: RowDict) -> Scope:
    """Give what the placeholders of a step row with its context stand for."""
    return scope(
        customer_name=row["customer_name"],
        namespace=row["namespace"],
        cluster_name=row["cluster_name"],
        kubeconfig_path=row["kubeconfig_path"],
        release_name=row["release_name"],
        release_version=row["release_version"],
        customer_metadata=row["customer_metadata"],
        cluster_metadata=row["cluster_metadata"],
        release_metadata=row["release_metadata"],
    )
