"""Who takes part in a release, on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from relorch.cli.naming import cluster_id, customer_ids, release_id
from relorch.cli.options import (
    CustomerOptions,
    DryRun,
    Json,
    NeededCustomers,
    NeededRelease,
    ReleaseWord,
    command,
)
from relorch.cli.output import complain, say_json, say_table
from relorch.cli.releases import print_release
from relorch.cli.wire import wire
from relorch.model.values import MemberState
from relorch.views.effect import Enrolment
from relorch.workbook import Workbook

_LISTED = 20
_NAMED = 3
AllOf = Annotated[bool, typer.Option("--all", help="All active customers.")]
Clusters = Annotated[
    list[str] | None,
    typer.Option("--cluster", metavar="CLUSTER", help="All active customers of a cluster: its id or name. Repeatable."),
]
Why = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of members."""
    command(app, "members")(members)
    command(app, "activate")(activate)
    command(app, "add-customers")(add_customers)
    command(app, "hold")(hold)
    command(app, "resume")(resume)
    command(app, "remove")(remove)


def members(workbook: Workbook, release: NeededRelease, as_json: Json = False) -> None:
    """List who takes part in a release, each with its state and progress; removed ones too."""
    number = release_id(workbook, release)
    customers = {each.id: each for each in workbook.customers.list(inactive=True)}
    clusters = {each.id: each.name for each in workbook.clusters.list(inactive=True)}
    found = workbook.releases.members(number)
    if as_json:
        say_json([{**wire(each), "customer": wire(customers[each.customer_id])} for each in found])
        return
    shares = {each.key: each.percentage for each in workbook.progress(number, by="customer")}
    rows = []
    for each in found:
        customer, share = customers[each.customer_id], shares.get(each.customer_id)
        shown = "" if share is None or each.state is not MemberState.ACTIVE else f"{share} %"
        cluster = clusters[customer.cluster_id]
        rows.append((customer.id, cluster, customer.namespace, customer.name, each.state.value, shown, each.reason))
    say_table(("id", "cluster", "namespace", "customer", "state", "progress", "reason"), sorted(rows, key=_by_place))


def _by_place(row: Sequence[object]) -> tuple[str, str]:
    return str(row[1]), str(row[3])


def activate(
    workbook: Workbook,
    release: ReleaseWord,
    customer: CustomerOptions = None,
    cluster: Clusters = None,
    everyone: AllOf = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Activate a draft for the customers you choose: --customer, --cluster or --all. There is no undo for it."""
    number = release_id(workbook, release)
    chosen = None if everyone else _chosen(workbook, customer, cluster)
    if everyone and (customer or cluster):
        raise typer.BadParameter("stands alone, without --customer and --cluster.", param_hint="--all")
    plan = workbook.releases.preview_activate(number, chosen, everyone)
    _warn(plan)
    if dry_run:
        _print_plan(workbook, plan, as_json)
        return
    # activated is who was looked at: somebody created in between stays out
    looked_at = [each.id for each in plan.customers]
    print_release(workbook.releases.activate(number, customer_ids=looked_at, expected=plan), as_json)
    complain(f"{len(plan.customers)} customers take part, with {plan.steps} steps.")


def add_customers(
    workbook: Workbook,
    release: ReleaseWord,
    customer: CustomerOptions = None,
    cluster: Clusters = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add customers to an active release; each gets all its steps. A removed one comes back with those it had."""
    number, chosen = release_id(workbook, release), _chosen(workbook, customer, cluster)
    plan = workbook.releases.preview_add_customers(number, chosen)
    _warn(plan)
    if not dry_run:
        workbook.releases.add_customers(number, chosen, expected=plan)
    _print_plan(workbook, plan, as_json)


def hold(
    workbook: Workbook, release: ReleaseWord, customer: NeededCustomers, reason: Why, as_json: Json = False
) -> None:
    """Keep customers of a release from being worked on, until 'resume'."""
    _set(workbook, "hold", release, customer, reason, as_json)


def resume(workbook: Workbook, release: ReleaseWord, customer: NeededCustomers, as_json: Json = False) -> None:
    """Let customers that were on hold be worked on again."""
    _set(workbook, "resume", release, customer, None, as_json)


def remove(
    workbook: Workbook, release: ReleaseWord, customer: NeededCustomers, reason: Why, as_json: Json = False
) -> None:
    """Take customers out of a release: they count no more, their steps and history stay."""
    _set(workbook, "remove", release, customer, reason, as_json)


def _set(
    workbook: Workbook, verb: str, release: str, customers: Sequence[str], reason: str | None, as_json: bool
) -> None:
    number, chosen = release_id(workbook, release), customer_ids(workbook, customers)
    if verb == "resume":
        changed = workbook.releases.resume(number, chosen)
    else:
        act = workbook.releases.hold if verb == "hold" else workbook.releases.remove
        changed = act(number, chosen, reason or "")
    if as_json:
        say_json(wire(changed))
        return
    names = {each.id: each.name for each in workbook.customers.list(inactive=True)}
    rows = ((each.customer_id, names[each.customer_id], each.state.value, each.reason) for each in changed)
    say_table(("id", "customer", "state", "reason"), rows)


def _chosen(workbook: Workbook, customers: Sequence[str] | None, clusters: Sequence[str] | None) -> list[int]:
    chosen = customer_ids(workbook, customers or ())
    for cluster in clusters or ():
        chosen += [each.id for each in workbook.customers.list(cluster_id=cluster_id(workbook, cluster))]
    if not chosen and clusters:
        raise typer.BadParameter("no active customer lives there.", param_hint="--cluster")
    if not chosen:
        raise typer.BadParameter("say whom: --customer, or --cluster.", param_hint="--customer")
    return list(dict.fromkeys(chosen))


def _warn(plan: Enrolment) -> None:
    for note in plan.cannot_render[:_LISTED]:
        target = f"{note.cluster_name}/{note.namespace}"
        complain(f"'{note.name}' cannot render for {note.customer_name} ({target}): {note.why}")
    if len(plan.cannot_render) > _LISTED:
        complain(f"… and {len(plan.cannot_render) - _LISTED} more steps cannot render.")


def _print_plan(workbook: Workbook, plan: Enrolment, as_json: bool) -> None:
    if as_json:
        say_json(wire(plan))
        return
    say_table(("id", "namespace", "customer"), ((each.id, each.namespace, each.name) for each in plan.customers))
    complain(f"{len(plan.customers)} customers, {plan.steps} steps{_already(workbook, plan.already)}.")


def _already(workbook: Workbook, customer_ids: Sequence[int]) -> str:
    if not customer_ids:
        return ""
    named = ", ".join(f"'{workbook.customers.get(each).name}'" for each in customer_ids[:_NAMED])
    more = f" and {len(customer_ids) - _NAMED} more" if len(customer_ids) > _NAMED else ""
    return f"; {named}{more} took part already"
