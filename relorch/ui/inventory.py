"""The inventory page: clusters and customers on the left, what is picked of them on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import marimo as mo

from relorch.errors import NotFound
from relorch.model.text import visible
from relorch.model.values import Cluster, Customer
from relorch.ui import metadata, words
from relorch.ui.answer import Answer, attempt
from relorch.ui.form import Fields, form
from relorch.ui.page import Markup, element, html, joined, link
from relorch.ui.saving import Pressed, save_edit
from relorch.ui.session import Params
from relorch.ui.widgets.customers import CustomersWidget, Offered, OfferedCluster, choose_customers
from relorch.ui.widgets.tabs import TabStrip
from relorch.workbook import Workbook

RELEASES, HISTORY, EDIT = "Releases", "History", "Edit"
NEW_CUSTOMER, DEACTIVATE, REACTIVATE = "New customer", "Deactivate", "Reactivate"

Kind = Literal["nothing", "new", "import", "cluster", "customer"]
Picked = Cluster | Customer


@dataclass(frozen=True)
class View:
    """What the page shows: what is picked, its tab, and what was stored last.

    `new` is the form of a new cluster, `import` that of a file.
    """

    kind: Kind
    id: int = 0
    tab: str | None = None
    said: mo.Html | None = None


def first_view(workbook: Workbook, params: Params) -> View:
    """Give what the address asks for; else a new cluster where there is none at all, else nothing."""
    kinds: tuple[Kind, ...] = ("customer", "cluster")
    for kind in kinds:
        if params.text(kind) is not None:
            return View(kind, params.number(kind) or 0)
    return View("nothing" if workbook.clusters.list(inactive=True) else "new")


def opened(workbook: Workbook, view: View) -> Picked | None:
    """Give the cluster or customer that is picked; None when there is no such one, or nothing is."""
    try:
        if view.kind == "cluster" and view.id:
            return workbook.clusters.get(view.id)
        return workbook.customers.get(view.id) if view.kind == "customer" and view.id else None
    except NotFound:
        return None


def is_inactive(workbook: Workbook, view: View) -> bool:
    """Whether what is picked is out of use, so that it would be missing from the list of those in use."""
    picked = opened(workbook, view)
    return picked is not None and not picked.is_active


def write_address(view: View, typed: str) -> None:
    """Write what is picked and what is searched for into the address, so that it can be sent to a colleague."""
    query = mo.query_params()
    wanted = {"cluster": "", "customer": "", "q": typed}
    if view.id:
        wanted[view.kind] = str(view.id)
    for name, value in wanted.items():
        if value and query.get(name) != value:
            query.set(name, value)
        elif not value and name in query:
            query.remove(name)


class Tree:
    """The clusters and customers on the left; `on_pick` hears what a person picks, not what `show` marks."""

    def __init__(self, view: View, typed: str, on_pick: Callable[[View], object]) -> None:
        cluster, chosen = _marks(view)
        self.element = choose_customers(
            [], label=words.CLUSTERS_AND_CUSTOMERS, many=False, cluster=cluster, chosen=chosen, filter=typed
        )
        self._widget: CustomersWidget = self.element.widget
        self._on_pick = on_pick
        self._marking = False
        self._widget.observe(self._picked, ["cluster", "chosen"])

    def show(self, workbook: Workbook, view: View, *, inactive: bool) -> None:
        """List what is stored now, and mark what is picked."""
        self._widget.offer(*_offered(workbook, inactive=inactive))
        self._marking = True
        self._widget.cluster, self._widget.chosen = _marks(view)
        self._marking = False

    def _picked(self, _change: object) -> None:
        if self._marking:
            return
        if self._widget.cluster:
            self._on_pick(View("cluster", self._widget.cluster))
        elif self._widget.chosen:
            self._on_pick(View("customer", self._widget.chosen[0]))


def _marks(view: View) -> tuple[int, list[int]]:
    return view.id if view.kind == "cluster" else 0, [view.id] if view.kind == "customer" and view.id else []


def _offered(workbook: Workbook, *, inactive: bool) -> tuple[list[Offered], list[OfferedCluster]]:
    names = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    versions = workbook.versions()
    customers = [
        Offered(
            id=each.id,
            name=each.name,
            namespace=each.namespace,
            cluster_id=each.cluster_id,
            cluster_name=names[each.cluster_id],
            version=_version(versions.get(each.id)),
            state=_state(each),
        )
        for each in workbook.customers.list(inactive=inactive)
    ]
    clusters = [OfferedCluster(each.id, each.name, _state(each)) for each in workbook.clusters.list(inactive=inactive)]
    return customers, clusters


def _version(version: Any) -> str | None:
    return None if version is None else version.version_number or version.release_name


def _state(each: Picked) -> str | None:
    return None if each.is_active else words.INACTIVE


def left(tree: Tree, inactive: mo.ui.checkbox, *buttons: mo.ui.button) -> Markup:
    """Give the left side: what there is, with the switch and the buttons above it."""
    return html(
        '<div class="ro-page ro-inventory-list"><div class="ro-buttons"><div class="ro-buttons">{buttons}</div>'
        "{inactive}</div>{tree}</div>",
        buttons=joined(map(element, buttons)),
        inactive=element(inactive),
        tree=element(tree.element),
    )


# ---- the panel ------------------------------------------------------------------------------------------------


def tabs(picked: Picked, view: View) -> TabStrip:
    """Give what can be looked at and done with what is picked; each tab's content is drawn by a cell of its own."""
    last = DEACTIVATE if picked.is_active else REACTIVATE
    names = [EDIT, last]
    if isinstance(picked, Customer):
        names = [RELEASES, HISTORY, *names]
    elif picked.is_active:
        names = [NEW_CUSTOMER, *names]
    return TabStrip(names, view.tab)


def panel_top(workbook: Workbook, view: View, picked: Picked | None, *, told: bool) -> Markup:
    """Give the top of the panel: what was stored last, when that is to be told, and what is picked as it is now."""
    said = element(view.said) if told and view.said is not None else ""
    return html('<div class="ro-page ro-panel">{said}{top}</div>', said=said, top=_top(workbook, view, picked))


def _top(workbook: Workbook, view: View, picked: Picked | None) -> Markup:
    if isinstance(picked, Cluster):
        return _cluster_top(workbook, picked)
    if isinstance(picked, Customer):
        return _customer_top(workbook, picked)
    if view.kind == "new":
        return _new_top(first=not workbook.clusters.list(inactive=True))
    if view.kind == "import":
        return html('<header class="ro-head"><h2>{title}</h2></header>', title=words.IMPORT_INVENTORY)
    if view.kind == "nothing":
        return html('<p class="ro-notice">{text}</p>', text=words.PICK_ONE)
    return html('<p class="ro-refusal" role="alert">{text}</p>', text=words.NO_SUCH[view.kind])


def _new_top(*, first: bool) -> Markup:
    hint = words.FIRST_CLUSTER if first else words.NEW_CLUSTER_HINT
    return html(
        '<header class="ro-head"><h2>{title}</h2><p class="ro-hint">{hint}</p></header>',
        title=words.NEW_CLUSTER,
        hint=hint,
    )


def _cluster_top(workbook: Workbook, cluster: Cluster) -> Markup:
    customers = workbook.customers.list(cluster_id=cluster.id, inactive=True)
    active = sum(each.is_active for each in customers)
    hint = html('<p class="ro-hint">{text}</p>', text=words.FIRST_CUSTOMER) if not customers else ""
    return _head(
        cluster,
        html('<span class="ro-chip">{text}</span>', text=words.CLUSTER),
        html("<p>{text}</p>", text=words.customers_on(active, len(customers) - active)),
        {"kubeconfig": cluster.kubeconfig_path or words.NO_KUBECONFIG},
        hint,
    )


def _customer_top(workbook: Workbook, customer: Customer) -> Markup:
    cluster = workbook.clusters.get(customer.cluster_id)
    version = workbook.versions().get(customer.id)
    where = html(
        '<p class="ro-target"><b>{cluster}</b>/<b>{namespace}</b></p>',
        cluster=cluster.name,
        namespace=customer.namespace,
    )
    chip = words.NO_VERSION if version is None else words.on_version(str(_version(version)), version.completed_at)
    return _head(customer, html('<span class="ro-chip">{chip}</span>', chip=chip), where, {}, "")


def _head(picked: Picked, chip: Markup, line: Markup, facts: Mapping[str, str], hint: object) -> Markup:
    description = html('<p class="ro-description">{text}</p>', text=picked.description) if picked.description else ""
    return html(
        '<header class="ro-head"><h2>{name}</h2><p class="ro-chips">{chip} {state}</p>{line}{description}{facts}{hint}'
        "</header>",
        name=picked.name,
        chip=chip,
        state="" if picked.is_active else html('<span class="ro-chip ro-off">{text}</span>', text=words.INACTIVE),
        line=line,
        description=description,
        facts=_facts(facts, picked.metadata),
        hint=hint,
    )


def _facts(facts: Mapping[str, str], more: Mapping[str, str]) -> Markup:
    rows = [html("<code><b>{key}</b> {value}</code>", key=key, value=value) for key, value in facts.items()]
    rows += [html("<code>{key} = {value}</code>", key=key, value=value) for key, value in more.items()]
    return html('<p class="ro-facts">{rows}</p>', rows=joined(rows)) if rows else Markup()


# ---- forms ----------------------------------------------------------------------------------------------------

_EMPTY: dict[str, Any] = {"name": "", "namespace": "", "kubeconfig_path": "", "description": "", "metadata": ""}


def cluster_form(shown: Mapping[str, Any]) -> Fields:
    """Give the form of a cluster, filled with these texts; see `printed`."""
    return form(
        {
            "name": mo.ui.text(label="Name", value=shown["name"], placeholder="eu-1", full_width=True, debounce=False),
            "kubeconfig_path": mo.ui.text(
                label="Kubeconfig path",
                value=shown["kubeconfig_path"],
                placeholder="~/.kube/eu-1",
                full_width=True,
                debounce=False,
            ),
            **_common(shown),
        }
    )


def customer_form(workbook: Workbook, shown: Mapping[str, Any]) -> Fields:
    """Give the form of a customer, filled with these texts; one who is there may also be moved to another cluster."""
    fields: dict[str, Any] = {
        "name": mo.ui.text(label="Name", value=shown["name"], placeholder="Acme Ltd.", full_width=True, debounce=False),
        "namespace": mo.ui.text(
            label="Namespace", value=shown["namespace"], placeholder="acme-prod", full_width=True, debounce=False
        ),
    }
    if "cluster_id" in shown:
        fields["cluster_id"] = _cluster_field(workbook, shown["cluster_id"])
    return form(fields | _common(shown))


def _common(shown: Mapping[str, Any]) -> dict[str, Any]:
    area = mo.ui.text_area
    return {
        "description": area(label="Description", value=shown["description"], rows=2, full_width=True, debounce=False),
        "metadata": area(
            label="Metadata (key = value, one a line)",
            value=shown["metadata"],
            placeholder="db_host = db1.example",
            rows=4,
            full_width=True,
            debounce=False,
        ),
    }


def _cluster_field(workbook: Workbook, cluster_id: int) -> mo.ui.dropdown:
    options: dict[str, int] = {}
    here = ""
    for cluster in workbook.clusters.list(inactive=True):
        if not cluster.is_active and cluster.id != cluster_id:
            continue
        label = visible(cluster.name) if cluster.is_active else f"{visible(cluster.name)} ({words.INACTIVE})"
        label = f"{label} #{cluster.id}" if label in options else label
        options[label] = cluster.id
        here = label if cluster.id == cluster_id else here
    return mo.ui.dropdown(options, label="Cluster", value=here, allow_select_none=False)


def printed(picked: Picked | None) -> dict[str, Any]:
    """Give the fields of a cluster or customer as they stand in its form; those of an empty one for None."""
    if picked is None:
        return dict(_EMPTY)
    shown = {
        "name": picked.name,
        "description": picked.description or "",
        "metadata": metadata.printed(picked.metadata),
    }
    if isinstance(picked, Cluster):
        return shown | {"kubeconfig_path": picked.kubeconfig_path or ""}
    return shown | {"namespace": picked.namespace, "cluster_id": picked.cluster_id}


def _fields(typed: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was typed as fields of the workbook, but only what differs from what the form was filled with.

    What nobody touched is left alone, so that it cannot take back what somebody else has stored meanwhile.
    """
    changed = {name: value for name, value in typed.items() if value != shown.get(name)}
    return changed | ({"metadata": metadata.read(changed["metadata"])} if "metadata" in changed else {})


def edit_form(workbook: Workbook, picked: Picked, shown: Mapping[str, Any]) -> Fields:
    """Give the form of an edit of what is picked, filled with these texts."""
    return customer_form(workbook, shown) if isinstance(picked, Customer) else cluster_form(shown)


# ---- what the buttons do ----------------------------------------------------------------------------------------


def create_cluster(workbook: Workbook, typed: Mapping[str, Any]) -> Answer[Cluster]:
    """Create a cluster from what was typed."""
    return attempt(
        lambda: workbook.clusters.create(**_fields(typed, {})),
        lambda cluster: words.created_cluster(cluster.name),
    )


def create_customer(workbook: Workbook, cluster: Cluster, typed: Mapping[str, Any]) -> Answer[Customer]:
    """Create a customer on a cluster from what was typed."""
    return attempt(
        lambda: workbook.customers.create(cluster_id=cluster.id, **_fields(typed, {})),
        lambda customer: html(
            "{text} {way}",
            text=words.created_customer(customer.name, f"{cluster.name}/{customer.namespace}"),
            way=link("inventory", words.OPEN_IT, customer=customer.id),
        ),
    )


def save(workbook: Workbook, picked: Picked, typed: Mapping[str, Any], *, asked: Pressed | None = None) -> Pressed:
    """Save an edit of `picked`, what the form was filled with, or ask first; `asked`: what is answered with yes."""
    verbs = workbook.customers if isinstance(picked, Customer) else workbook.clusters
    return save_edit(verbs, picked, typed, lambda: _fields(typed, printed(picked)), asked=asked)


def last_word(picked: Picked, tab: str, button: mo.ui.run_button) -> Markup:
    """Give the tab that takes something out of use or into it again, with what that means."""
    return html(
        '<div class="ro-page ro-form"><p>{text}</p>{button}</div>',
        text=words.in_use(tab == REACTIVATE, customer=isinstance(picked, Customer)),
        button=element(button),
    )


def put_in_use(workbook: Workbook, picked: Picked, tab: str) -> Answer[Picked]:
    """Deactivate what is picked, or reactivate it."""
    noun: Any = workbook.customers if isinstance(picked, Customer) else workbook.clusters
    verb = noun.reactivate if tab == REACTIVATE else noun.deactivate
    return attempt(partial(verb, picked.id), lambda stored: words.put_in_use(stored.name, stored.is_active))
