"""An inventory file into the workbook: clusters by name, customers by cluster and namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from relorch.errors import InvalidValue, shown
from relorch.model import text
from relorch.store import inventory, rows, steps
from relorch.store.rows import RowDict
from relorch.transfer.findings import Findings
from relorch.transfer.inventory import Inventory, read_inventory
from relorch.transfer.release_file import Said, fitted_name, joined_description, numbered
from relorch.workbook.clusters import (
    change_cluster,
    checked_cluster,
    create_cluster,
    deactivate_cluster,
    reactivate_cluster,
)
from relorch.workbook.core import Core
from relorch.workbook.customers import (
    add_customers,
    change_customer,
    checked_customer,
    deactivate_customer,
    new_customer,
    reactivate_customer,
)
from relorch.workbook.importing import Import, carried_out, told
from relorch.workbook.imports import Imported

_RETEXTING = frozenset({"name", "kubeconfig_path", "metadata"})
"""The fields that placeholders stand for."""


def import_inventory(
    core: Core, content: str, *, dry_run: bool, confirm: bool, expected: Imported | None = None
) -> Imported:
    """Bring clusters and customers up to a CSV file; see `Imports.inventory`."""
    text.flag("confirm", confirm)
    findings = Findings()
    read = read_inventory(content, findings)
    return carried_out(
        core,
        "inventory",
        findings,
        lambda done: _InventoryImport(done).take(read),
        dry_run=text.flag("dry_run", dry_run),
        confirm=confirm,
        expected=expected,
    )


@dataclass
class _Wanted:
    """A customer of the file as it is going to be; `active` None: the file does not say."""

    said: Said
    cluster: str
    namespace: str
    active: bool | None
    values: RowDict
    found: RowDict | None = None

    @property
    def goes(self) -> bool:
        """Whether it is there and is to be inactive."""
        return self.found is not None and self.active is False


class _InventoryImport:
    """One inventory on its way in."""

    def __init__(self, done: Import) -> None:
        self._done = done
        self._findings = done.findings
        connection = done.change.connection
        # of several with one name the active one counts, else the newest
        known = inventory.list_clusters(connection, inactive=True)
        known.sort(key=lambda row: (row["is_active"], row["id"]))
        self._clusters: dict[str, RowDict | None] = {row["name"]: row for row in known}
        self._customers: dict[tuple[int, str], list[RowDict]] = defaultdict(list)
        self._new: dict[tuple[int, str], RowDict] = {}
        for row in inventory.list_customers(connection, cluster_id=None, inactive=True):
            self._customers[row["cluster_id"], row["namespace"]].append(row)

    def take(self, read: Inventory) -> None:
        """Bring in all of it; a cluster goes out of use only when its customers are through."""
        for said in read.clusters:
            self._take_cluster(said)
        wanted = [each for each in map(self._wanted, read.customers) if each is not None]
        self._tell_apart(wanted)
        self._match(wanted)
        for each in sorted(wanted, key=lambda each: not each.goes):  # who goes makes room for who comes
            with self._done.noting(each.said.line):
                self._take_customer(each)
        self._add_new()
        for said in read.clusters:
            if said.values.get("active") is False:
                self._close_cluster(said)

    def _take_cluster(self, said: Said) -> None:
        before = self._findings.error_count
        name, rest = fitted_name(self._findings, said.line, "The cluster", said.values["name"])
        values = self._done.fields(said, checked_cluster, "kubeconfig_path", "description")
        values |= self._done.fields(Said({"name": name}, said.line), checked_cluster, "name")
        if rest:
            values["description"] = joined_description(self._findings, said.line, rest, values.get("description"))
        existing = self._clusters.get(name)
        metadata = self._metadata(said, existing, checked_cluster)
        self._clusters[said.values["name"]] = None
        if self._findings.error_count > before:
            return
        with self._done.noting(said.line):
            self._clusters[said.values["name"]] = self._stored_cluster(said, existing, values | metadata)

    def _stored_cluster(self, said: Said, existing: RowDict | None, values: RowDict) -> RowDict:
        change = self._done.change
        if existing is None:
            row = create_cluster(change, {"kubeconfig_path": None, "description": None, **values})
            self._done.plan("create cluster", row["name"])
            return row
        if not existing["is_active"] and said.values.get("active"):
            existing = reactivate_cluster(change, existing)
            self._done.plan("reactivate cluster", existing["name"])
        elif not existing["is_active"] and said.values.get("active") is None:
            self._findings.warning(said.line, f"Cluster {shown(existing['name'])} is inactive and stays so.")
        old, new = rows.diff(existing, existing | values)
        if not new:
            return existing
        if new.keys() & _RETEXTING:
            self._done.watch(steps.open_with_context(change.connection, cluster_id=existing["id"]))
        self._done.plan("update cluster", existing["name"], told(old, new), old=old)
        return change_cluster(change, existing["id"], old, new)

    def _close_cluster(self, said: Said) -> None:
        row = self._clusters[said.values["name"]]
        if row is not None and row["is_active"]:
            with self._done.noting(said.at("active")):
                deactivate_cluster(self._done.change, row)
                self._done.plan("deactivate cluster", row["name"])

    def _wanted(self, said: Said) -> _Wanted | None:
        """Give a customer with its fields checked, or None when it cannot be one."""
        before = self._findings.error_count
        values = self._done.fields(said, checked_customer, "description")
        rest = self._fit(said, "name", values) or ""
        beyond = self._fit(said, "namespace", values) or ""
        if rest or beyond:
            left = "\n\n".join(part for part in (rest, beyond) if part)
            values["description"] = joined_description(self._findings, said.line, left, values.get("description"))
        # what can be wrong with metadata is wrong whatever the customer has already
        self._metadata(said, None, checked_customer)
        if self._findings.error_count > before or not values.keys() >= {"name", "namespace"}:
            return None
        namespace, active = values.pop("namespace"), said.values.get("active")
        if active is not False and not _is_namespace(namespace):
            active = False
            message = f"Namespace {shown(namespace)} is no RFC 1123 label; its customer is imported inactive."
            self._findings.repair(said.line, message)
        return _Wanted(said, said.values["cluster"], namespace, active, values)

    def _fit(self, said: Said, name: str, values: RowDict) -> str | None:
        """Put a name, or a namespace as it can at least be stored, into `values`; give what did not fit."""
        given = said.values[name]
        if given is None:
            return None  # that it is missing was noted when the file was read
        rest = None
        if name == "name":
            given, rest = fitted_name(self._findings, said.line, "The customer", given)
        elif len(given.strip(" ")) > text.NAMESPACE_LIMIT:
            given, rest = given.strip(" ")[: text.NAMESPACE_LIMIT], given.strip(" ")
            message = f"Namespace {shown(rest)}: is cut to {text.NAMESPACE_LIMIT} characters; the description has all."
            self._findings.repair(said.line, message)
        with self._done.noting(said.line):
            values[name] = text.line(name, given)
        return rest

    def _tell_apart(self, wanted: list[_Wanted]) -> None:
        """Give a namespace that an active customer before it has a number, which no namespace has: it is inactive."""
        taken = {(each.cluster, each.namespace) for each in wanted}
        first: dict[tuple[str, str], int] = {}
        others: dict[tuple[str, str], Iterator[str]] = {}  # each goes on where it was: there may be 100,000 of them
        for each in wanted:
            place = (each.cluster, each.namespace)
            if each.active is False:
                continue
            if place not in first:
                first[place] = each.said.line
                continue
            cluster, old = place
            names = others.setdefault(place, numbered(old, text.NAMESPACE_LIMIT))
            each.namespace = next(name for name in names if (cluster, name) not in taken)
            each.active = False
            taken.add((each.cluster, each.namespace))
            said = (
                f"Namespace {shown(old)} on cluster {shown(cluster)} stands in line {first[place]} already; "
                f"its customer is imported as {shown(each.namespace)}, inactive."
            )
            self._findings.repair(each.said.line, said)

    def _match(self, wanted: list[_Wanted]) -> None:
        """Find who is there already: those of the same name first, as a namespace may go from one customer to another.

        Of several the active for those who are to be active, and the inactive for the others.
        """
        for same_name, only_inactive in product((True, False), (False, True)):
            for each in wanted:
                cluster = self._clusters[each.cluster]
                if cluster is None or each.found is not None or (each.active is False) is not only_inactive:
                    continue
                there = self._customers[cluster["id"], each.namespace]
                fitting = [row for row in there if row["name"] == each.values["name"] or not same_name]
                if fitting:
                    each.found = min(fitting, key=lambda row: (row["is_active"] is only_inactive, row["id"]))
                    there.remove(each.found)

    def _take_customer(self, wanted: _Wanted) -> None:
        cluster = self._clusters[wanted.cluster]
        if cluster is None:
            return  # what is wrong with the cluster was noted
        values = wanted.values | self._metadata(wanted.said, wanted.found, checked_customer)
        if wanted.found is None:
            self._create_customer(wanted, cluster, {"description": None, **values, "namespace": wanted.namespace})
            return
        self._update_customer(wanted, wanted.found, values, f"{wanted.found['name']} ({wanted.namespace})")

    def _create_customer(self, wanted: _Wanted, cluster: RowDict, values: RowDict) -> None:
        place, is_active = (cluster["id"], wanted.namespace), wanted.active is not False
        if place in self._new:  # two names of the file may be cut to one: the rule has to see the first of them
            self._add_new()
        self._new[place] = new_customer(self._done.change.connection, cluster, values, is_active=is_active)
        detail = f"on {cluster['name']}" + ("" if is_active else ", inactive")
        self._done.inactive_count += not is_active
        self._done.plan("create customer", f"{values['name']} ({values['namespace']})", detail)

    def _add_new(self) -> None:
        add_customers(self._done.change, list(self._new.values()))
        self._new.clear()

    def _update_customer(self, wanted: _Wanted, row: RowDict, values: RowDict, what: str) -> None:
        change = self._done.change
        old, new = rows.diff(row, row | values)
        if new:
            if new.keys() & _RETEXTING:
                self._done.watch(steps.open_with_context(change.connection, customer_id=row["id"]))
            row = change_customer(change, row["id"], old, new)
            self._done.plan("update customer", what, told(old, new), old=old)
        if wanted.active is False and row["is_active"]:
            deactivate_customer(change, row)
            self._done.plan("deactivate customer", what)
        elif wanted.active and not row["is_active"]:
            reactivate_customer(change, row)
            self._done.plan("reactivate customer", what)
        elif wanted.active is None and not row["is_active"]:
            self._findings.warning(wanted.said.line, f"Customer {shown(row['name'])} is inactive and stays so.")

    def _metadata(self, said: Said, existing: RowDict | None, check: Any) -> RowDict:
        """Give the metadata that something will have: keys of the file as they stand there, the others as they are."""
        there: Mapping[str, str] = existing["metadata"] if existing else {}
        merged = {**there, **said.values["metadata"]}
        wanted = {key: value for key, value in merged.items() if value is not None}
        return self._done.fields(Said({"metadata": wanted}, said.line), check, "metadata")


def _is_namespace(name: str) -> bool:
    try:
        text.namespace(name)
    except InvalidValue:
        return False
    return True
