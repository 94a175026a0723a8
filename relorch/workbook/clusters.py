"""Clusters: where customers live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.values import Cluster
from relorch.store import Connection, inventory, rows
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customers
from relorch.workbook.core import Change, Noun, refuse_changed, refuse_stale
from relorch.workbook.retexting import TextChange, edit_change, refuse_unconfirmed


class Clusters(Noun):
    """The verbs of clusters."""

    def create(
        self,
        *,
        name: str,
        kubeconfig_path: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Cluster:
        """Create an active cluster.

        `name`: one line of at most 200 characters, unique among active clusters; `kubeconfig_path`: opaque
        text that is never opened; `metadata`: a flat map of texts. Raises `InvalidValue`, `AlreadyTaken`.
        """
        values = checked_cluster(name=name, kubeconfig_path=kubeconfig_path, description=description, metadata=metadata)
        with self._core.change() as change:
            return Cluster(**create_cluster(change, values))

    def get(self, cluster_id: int) -> Cluster:
        """Give one cluster; raises `NotFound`."""
        with self._core.look() as connection:
            return Cluster(**require_cluster(connection, cluster_id))

    def list(self, *, inactive: bool = False) -> list[Cluster]:
        """Give the clusters by name; with `inactive` also those that are not in use any more."""
        with self._core.look() as connection:
            return [Cluster(**row) for row in inventory.list_clusters(connection, inactive=inactive)]

    def update(
        self,
        cluster_id: int,
        *,
        confirm: bool = False,
        expected_version: int | None = None,
        expected: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Cluster:
        """Change `name`, `kubeconfig_path`, `description` or `metadata` of a cluster.

        `expected_version` is the `row_version` that was on the screen: a stale one is a `Conflict`. So is a value of
        `expected` (field → what was on the screen) that is another by now; what else was changed does not matter.
        An edit that changes the text of open steps needs `confirm=True`; see `preview_update`.
        Raises `NotFound`, `InvalidValue`, `AlreadyTaken`, `NotAllowed` for an edit that is not confirmed.
        """
        wanted = checked_cluster(**fields)
        with self._core.change() as change:
            before = require_cluster(change.connection, cluster_id)
            refuse_stale(change, "cluster", before, expected_version)
            refuse_changed(change.connection, change.operator, "cluster", before, expected)
            _refuse_taken_by_other(change.connection, before, wanted)
            old, new = rows.diff(before, before | wanted)
            if not new:
                return Cluster(**before)
            if not text.flag("confirm", confirm):
                effect = edit_change(change.connection, before, new, _CONTEXT, cluster_id=cluster_id)
                refuse_unconfirmed(effect, f"cluster '{before['name']}'", confirm=False)
            return Cluster(**change_cluster(change, cluster_id, old, new))

    def preview_update(
        self, cluster_id: int, *, expected: Mapping[str, Any] | None = None, **fields: Any
    ) -> TextChange:
        """Give how many open steps would show another text after `update` with these fields; raises as it does."""
        wanted = checked_cluster(**fields)
        with self._core.look() as connection:
            before = require_cluster(connection, cluster_id)
            refuse_changed(connection, self._core.operator, "cluster", before, expected)
            _refuse_taken_by_other(connection, before, wanted)
            return edit_change(connection, before, wanted, _CONTEXT, cluster_id=cluster_id)

    def deactivate(self, cluster_id: int) -> Cluster:
        """Take a cluster out of use.

        Raises `NotFound`, and `NotAllowed` naming the active customers that still live on it.
        """
        with self._core.change() as change:
            return Cluster(**deactivate_cluster(change, require_cluster(change.connection, cluster_id)))

    def reactivate(self, cluster_id: int) -> Cluster:
        """Take a cluster into use again; raises `NotFound`, `NotAllowed` when it is active, `AlreadyTaken`."""
        with self._core.change() as change:
            return Cluster(**reactivate_cluster(change, require_cluster(change.connection, cluster_id)))


def create_cluster(change: Change, values: RowDict) -> RowDict:
    """Add an active cluster of checked values in an open transaction; raises `AlreadyTaken`."""
    _refuse_taken(change.connection, values["name"])
    row = rows.add(change.connection, clusters, change.now, **values)
    change.record("cluster.create", after={"id": row["id"], **values})
    return row


def change_cluster(change: Change, cluster_id: int, old: RowDict, new: RowDict) -> RowDict:
    """Give a cluster the columns `new`, which were `old`, in an open transaction."""
    row = rows.change(change.connection, clusters, cluster_id, change.now, **new)
    change.record("cluster.update", before={"id": cluster_id, **old}, after={"id": cluster_id, **new})
    return row


def deactivate_cluster(change: Change, row: RowDict) -> RowDict:
    """Take a cluster out of use in an open transaction; raises `NotAllowed`."""
    _refuse_customers(change.connection, row)
    changed = rows.change(change.connection, clusters, row["id"], change.now, is_active=False)
    change.record("cluster.deactivate", before=_flag(row["id"], True), after=_flag(row["id"], False))
    return changed


def reactivate_cluster(change: Change, row: RowDict) -> RowDict:
    """Take a cluster into use again in an open transaction; raises `NotAllowed`, `AlreadyTaken`."""
    if row["is_active"]:
        raise NotAllowed(f"Cluster '{row['name']}' is active already.")
    _refuse_taken(change.connection, row["name"])
    changed = rows.change(change.connection, clusters, row["id"], change.now, is_active=True)
    change.record("cluster.reactivate", before=_flag(row["id"], False), after=_flag(row["id"], True))
    return changed


def require_cluster(connection: Connection, cluster_id: int, field: str = "cluster_id") -> RowDict:
    """Give the row of a cluster; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, clusters, text.number(field, cluster_id))
    if row is None:
        raise NotFound("cluster", cluster_id, field)
    return row


_CONTEXT = {"name": "cluster_name", "kubeconfig_path": "kubeconfig_path", "metadata": "cluster_metadata"}


def checked_cluster(**values: object) -> RowDict:
    """Give the fields of a cluster as they are stored; raises `InvalidValue` naming the wrong one."""
    known = {
        "name": lambda value: text.line("name", value),
        "kubeconfig_path": lambda value: text.optional_line("kubeconfig_path", value, text.PATH_LIMIT),
        "description": lambda value: text.optional_block("description", value),
        "metadata": text.metadata,
    }
    for name in values.keys() - known.keys():
        raise InvalidValue(name, values[name], f"a cluster has no such field to change; it has {', '.join(known)}")
    return {name: known[name](value) for name, value in values.items()}


def _flag(cluster_id: int, active: bool) -> RowDict:
    return {"id": cluster_id, "is_active": active}


def _refuse_taken_by_other(connection: Connection, before: RowDict, wanted: RowDict) -> None:
    if before["is_active"] and wanted.get("name", before["name"]) != before["name"]:
        _refuse_taken(connection, wanted["name"])


def _refuse_taken(connection: Connection, name: str) -> None:
    if inventory.active_cluster_named(connection, name):
        raise AlreadyTaken("name", name, "another active cluster has this name")


def _refuse_customers(connection: Connection, row: RowDict) -> None:
    if not row["is_active"]:
        raise NotAllowed(f"Cluster '{row['name']}' is inactive already.")
    living = rows.where(connection, customers, "name", cluster_id=row["id"], is_active=True)
    if living:
        names = ", ".join(customer["namespace"] for customer in living[:10])
        more = f" and {len(living) - 10} more" if len(living) > 10 else ""
        raise NotAllowed(
            f"Cluster '{row['name']}' has active customers ({names}{more}); deactivate or move them first."
        )
