"""Customers: one namespace on one cluster each."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from relorch.errors import AlreadyTaken, InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.values import Customer
from relorch.store import Connection, inventory, rows
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customers
from relorch.views.standing import Standing, standing_of
from relorch.workbook.clusters import require_cluster
from relorch.workbook.core import Change, Noun, refuse_changed, refuse_stale
from relorch.workbook.retexting import TextChange, edit_change, refuse_unconfirmed


class Customers(Noun):
    """The verbs of customers."""

    def create(
        self,
        *,
        cluster_id: int,
        namespace: str,
        name: str,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Customer:
        """Create an active customer on an active cluster.

        `namespace`: an RFC 1123 label, unique per cluster among active customers; `name`: one line of at most
        200 characters; `metadata`: a flat map of texts. Raises `InvalidValue`, `AlreadyTaken`, `NotFound` for
        an unknown cluster, `NotAllowed` for an inactive one.
        """
        values: RowDict = {
            "namespace": text.namespace(namespace),
            "name": text.line("name", name),
            "description": text.optional_block("description", description),
            "metadata": text.metadata(metadata),
        }
        with self._core.change() as change:
            cluster = require_cluster(change.connection, cluster_id)
            return Customer(**create_customer(change, cluster, values))

    def get(self, customer_id: int) -> Customer:
        """Give one customer; raises `NotFound`."""
        with self._core.look() as connection:
            return Customer(**require_customer(connection, customer_id))

    def list(self, *, cluster_id: int | None = None, inactive: bool = False) -> list[Customer]:
        """Give the customers by cluster and name, of one cluster or all; with `inactive` also those not in use.

        Raises `NotFound` for an unknown cluster.
        """
        with self._core.look() as connection:
            if cluster_id is not None:
                require_cluster(connection, cluster_id)
            found = inventory.list_customers(connection, cluster_id=cluster_id, inactive=inactive)
        return [Customer(**row) for row in found]

    def standing(self, customer_id: int) -> builtins.list[Standing]:
        """Give how far the customer is in each of its releases, the newest release first; raises `NotFound`."""
        with self._core.look() as connection:
            require_customer(connection, customer_id)
            return standing_of(connection, customer_id)

    def update(
        self,
        customer_id: int,
        *,
        confirm: bool = False,
        expected_version: int | None = None,
        expected: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Customer:
        """Change `name`, `namespace`, `description`, `metadata` or `cluster_id` of a customer.

        `expected_version` is the `row_version` that was on the screen: a stale one is a `Conflict`. So is a value of
        `expected` (field → what was on the screen) that is another by now; what else was changed does not matter.
        An edit that changes the text of open steps needs `confirm=True`; see `preview_update`. A customer with
        open work cannot move to another cluster. Raises `NotFound`, `InvalidValue`, `AlreadyTaken`, `NotAllowed`.
        """
        wanted = checked_customer(**fields)
        with self._core.change() as change:
            before = require_customer(change.connection, customer_id)
            refuse_stale(change, "customer", before, expected_version)
            refuse_changed(change.connection, change.operator, "customer", before, expected)
            old, new = rows.diff(before, before | wanted)
            if not new:
                return Customer(**before)
            _refuse_misplaced(change.connection, before, new)
            if not text.flag("confirm", confirm):
                effect = edit_change(change.connection, before, new, _CONTEXT, customer_id=customer_id)
                refuse_unconfirmed(effect, f"customer '{before['name']}'", confirm=False)
            return Customer(**change_customer(change, customer_id, old, new))

    def preview_update(
        self, customer_id: int, *, expected: Mapping[str, Any] | None = None, **fields: Any
    ) -> TextChange:
        """Give how many open steps would show another text after `update` with these fields; raises as it does."""
        wanted = checked_customer(**fields)
        with self._core.look() as connection:
            before = require_customer(connection, customer_id)
            refuse_changed(connection, self._core.operator, "customer", before, expected)
            _, new = rows.diff(before, before | wanted)
            _refuse_misplaced(connection, before, new)
            return edit_change(connection, before, new, _CONTEXT, customer_id=customer_id)

    def deactivate(self, customer_id: int) -> Customer:
        """Take a customer out of use.

        Raises `NotFound`, and `NotAllowed` naming the active releases in which it has open work.
        """
        with self._core.change() as change:
            return Customer(**deactivate_customer(change, require_customer(change.connection, customer_id)))

    def reactivate(self, customer_id: int) -> Customer:
        """Take a customer into use again.

        Raises `NotFound`, `NotAllowed` when it is active already or its cluster is not, `AlreadyTaken` when its
        namespace is in use, `InvalidValue` when it is none, as an import may have brought it in.
        """
        with self._core.change() as change:
            return Customer(**reactivate_customer(change, require_customer(change.connection, customer_id)))


def create_customer(change: Change, cluster: RowDict, values: RowDict, *, is_active: bool = True) -> RowDict:
    """Add a customer of checked values to a cluster in an open transaction; raises `NotAllowed`, `AlreadyTaken`.

    An inactive one may share its namespace with others.
    """
    said = new_customer(change.connection, cluster, values, is_active=is_active)
    row = rows.add(change.connection, customers, change.now, **said)
    change.record("customer.create", customer_id=row["id"], after=said)
    return row


def new_customer(connection: Connection, cluster: RowDict, values: RowDict, *, is_active: bool = True) -> RowDict:
    """Give the columns of a customer that can be added to a cluster; raises as `create_customer` does."""
    _refuse_inactive(cluster)
    if is_active:
        _refuse_taken(connection, cluster, values["namespace"])
    return {"cluster_id": cluster["id"], **values, **({} if is_active else _flag(False))}


def add_customers(change: Change, new: Sequence[RowDict]) -> None:
    """Add customers as `new_customer` gave them, all in one statement; no two of them may be in each other's way."""
    ids = rows.add_all(change.connection, customers, change.now, [_flag(True) | said for said in new])
    for customer_id, said in zip(ids, new, strict=True):
        change.record("customer.create", customer_id=customer_id, after=said)


def change_customer(change: Change, customer_id: int, old: RowDict, new: RowDict) -> RowDict:
    """Give a customer the columns `new`, which were `old`, in an open transaction."""
    row = rows.change(change.connection, customers, customer_id, change.now, **new)
    change.record("customer.update", customer_id=customer_id, before=old, after=new)
    return row


def deactivate_customer(change: Change, row: RowDict) -> RowDict:
    """Take a customer out of use in an open transaction; raises `NotAllowed`."""
    _refuse_open_work(change.connection, row)
    changed = rows.change(change.connection, customers, row["id"], change.now, is_active=False)
    change.record("customer.deactivate", customer_id=row["id"], before=_flag(True), after=_flag(False))
    return changed


def reactivate_customer(change: Change, row: RowDict) -> RowDict:
    """Take a customer into use again in an open transaction; raises `NotAllowed`, `AlreadyTaken`.

    Raises `InvalidValue` for a namespace that is none: an import brings such a customer in, inactive.
    """
    cluster = rows.by_ids(change.connection, clusters, [row["cluster_id"]])[row["cluster_id"]]
    _refuse_inactive(cluster)
    if row["is_active"]:
        raise NotAllowed(f"Customer '{row['name']}' is active already.")
    text.namespace(row["namespace"])
    _refuse_taken(change.connection, cluster, row["namespace"])
    changed = rows.change(change.connection, customers, row["id"], change.now, is_active=True)
    change.record("customer.reactivate", customer_id=row["id"], before=_flag(False), after=_flag(True))
    return changed


def require_customer(connection: Connection, customer_id: int, field: str = "customer_id") -> RowDict:
    """Give the row of a customer; raises `NotFound` or `InvalidValue` naming `field`."""
    row = rows.by_id(connection, customers, text.number(field, customer_id))
    if row is None:
        raise NotFound("customer", customer_id, field)
    return row


def checked_customer(**fields: Any) -> RowDict:
    """Give the fields of a customer as they are stored; raises `InvalidValue` naming the wrong one."""
    for name in fields.keys() - _CHECKS.keys():
        raise InvalidValue(name, fields[name], f"a customer has no such field to change; it has {', '.join(_CHECKS)}")
    return {name: _CHECKS[name](value) for name, value in fields.items()}


_CHECKS: dict[str, Any] = {
    "namespace": text.namespace,
    "name": lambda value: text.line("name", value),
    "description": lambda value: text.optional_block("description", value),
    "metadata": text.metadata,
    "cluster_id": lambda value: text.number("cluster_id", value),
}
_CONTEXT = {"name": "customer_name", "namespace": "namespace", "metadata": "customer_metadata"}


def _refuse_misplaced(connection: Connection, before: RowDict, new: RowDict) -> None:
    """Refuse a move that may not be, and a namespace that is taken where the customer will be."""
    cluster = require_cluster(connection, (before | new)["cluster_id"])
    if "cluster_id" in new:
        _refuse_inactive(cluster)
        where = inventory.open_releases_of(connection, [before["id"]])
        if where:
            names = ", ".join(f"'{release['name']}'" for release in where)
            raise NotAllowed(f"Customer '{before['name']}' has open work in {names}; finish it before moving it.")
        # what was started holds the text of the old cluster, and would come back with its release or its member
        running = inventory.running_releases_of(connection, before["id"])
        if running:
            names = ", ".join(f"'{release['name']}'" for release in running)
            raise NotAllowed(
                f"Customer '{before['name']}' has a step in progress in {names}, though nobody can work there now; "
                "take it back into that release and finish the step before moving it."
            )
    if new.keys() & {"cluster_id", "namespace"} and before["is_active"]:
        _refuse_taken(connection, cluster, (before | new)["namespace"])


def _flag(active: bool) -> RowDict:
    return {"is_active": active}


def _refuse_inactive(cluster: RowDict) -> None:
    if not cluster["is_active"]:
        raise NotAllowed(
            f"cluster_id {cluster['id']}: cluster '{cluster['name']}' is inactive; reactivate it or choose another."
        )


def _refuse_taken(connection: Connection, cluster: RowDict, namespace: str) -> None:
    taken = inventory.active_customer_in(connection, cluster["id"], namespace)
    if taken:
        why = f"customer '{taken['name']}' has this namespace on cluster '{cluster['name']}'"
        raise AlreadyTaken("namespace", namespace, why)


def _refuse_open_work(connection: Connection, row: RowDict) -> None:
    if not row["is_active"]:
        raise NotAllowed(f"Customer '{row['name']}' is inactive already.")
    where = inventory.open_releases_of(connection, [row["id"]])
    if where:
        names = ", ".join(f"'{release['name']}'" for release in where)
        raise NotAllowed(f"Customer '{row['name']}' has open work in {names}; finish it or remove the customer there.")
