"""Clusters and customers on the command line; they are made and changed by `relorch import inventory`."""

from __future__ import annotations

from typing import Annotated

import typer

from relorch.cli.completion import cluster_names, customer_names
from relorch.cli.naming import cluster_id, customer_id
from relorch.cli.options import ClusterOption, Json, command
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.wire import wire
from relorch.model.values import Cluster, Customer
from relorch.workbook import Workbook

Inactive = Annotated[bool, typer.Option("--inactive", help="Those that are not in use, too.")]
CustomerOf = Annotated[
    str | None,
    typer.Option("--customer", "-c", metavar="CUSTOMER", help="This customer.", autocompletion=customer_names),
]
ClusterOf = Annotated[
    str | None, typer.Option("--cluster", metavar="CLUSTER", help="This cluster.", autocompletion=cluster_names)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of the inventory."""
    command(app, "customers")(customers)
    command(app, "clusters")(clusters)
    command(app, "deactivate")(deactivate)
    command(app, "reactivate")(reactivate)


def customers(
    workbook: Workbook, cluster: ClusterOption = None, inactive: Inactive = False, as_json: Json = False
) -> None:
    """List the customers by cluster and name, each with the version it is on."""
    number = None if cluster is None else cluster_id(workbook, cluster)
    found = workbook.customers.list(cluster_id=number, inactive=inactive)
    versions = workbook.versions()
    if as_json:
        say_json([{**wire(each), "version": wire(versions.get(each.id))} for each in found])
        return
    names = {each.id: each.name for each in workbook.clusters.list(inactive=True)}
    rows = []
    for each in found:
        version = versions.get(each.id)
        on = None if version is None else version.version_number or version.release_name
        rows.append((each.id, names[each.cluster_id], each.namespace, each.name, on, _use(each)))
    say_table(("id", "cluster", "namespace", "customer", "version", "state"), rows)
    if not found:
        complain("there is no customer here; 'relorch import inventory FILE' brings them.")


def clusters(workbook: Workbook, inactive: Inactive = False, as_json: Json = False) -> None:
    """List the clusters by name, each with how many active customers live there."""
    found = workbook.clusters.list(inactive=inactive)
    living = [each.cluster_id for each in workbook.customers.list()]
    if as_json:
        say_json([{**wire(each), "customers": living.count(each.id)} for each in found])
        return
    rows = ((each.id, each.name, each.kubeconfig_path, living.count(each.id), _use(each)) for each in found)
    say_table(("id", "cluster", "kubeconfig", "customers", "state"), rows)
    if not found:
        complain("there is no cluster here; 'relorch import inventory FILE' brings them.")


def deactivate(
    workbook: Workbook, customer: CustomerOf = None, cluster: ClusterOf = None, as_json: Json = False
) -> None:
    """Take a customer or a cluster out of use; refused while there is open work, or a customer on it."""
    _set_use(workbook, "deactivate", customer, cluster, as_json)


def reactivate(
    workbook: Workbook, customer: CustomerOf = None, cluster: ClusterOf = None, as_json: Json = False
) -> None:
    """Take a customer or a cluster into use again."""
    _set_use(workbook, "reactivate", customer, cluster, as_json)


def _set_use(workbook: Workbook, verb: str, customer: str | None, cluster: str | None, as_json: bool) -> None:
    if (customer is None) == (cluster is None):
        raise typer.BadParameter("say either --customer or --cluster.", param_hint="--customer")
    changed: Customer | Cluster
    if customer is not None:
        number = customer_id(workbook, customer)
        of_customer = workbook.customers
        changed = of_customer.deactivate(number) if verb == "deactivate" else of_customer.reactivate(number)
    else:
        number = cluster_id(workbook, cluster or "")
        of_cluster = workbook.clusters
        changed = of_cluster.deactivate(number) if verb == "deactivate" else of_cluster.reactivate(number)
    if as_json:
        say_json(wire(changed))
    else:
        say_table(("id", "name", "state"), [(changed.id, changed.name, _use(changed) or "active")])


def _use(thing: Customer | Cluster) -> str | None:
    return None if thing.is_active else "inactive"
