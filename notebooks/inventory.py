# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The inventory: clusters, and the customers on them."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Inventory · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, StorageError
    from relorch.ui import customer_record, inventory, page, saving, session
    from relorch.ui.feed import Feed
    from relorch.ui.widgets.pulse import Pulse


@app.cell
def params():
    """What the address asks for; a test replaces it."""
    params = session.read_params()
    return (params,)


@app.cell
def workbook(params):
    """The workbook this page shows; a test replaces it."""
    try:
        workbook = session.open_page(params)
    except (NotAllowed, StorageError) as error:
        mo.stop(True, page.not_opened(error))
    return (workbook,)


@app.cell
def top():
    """The bar and the title."""
    page.header("inventory", "Inventory")
    return


@app.cell
def states(params, workbook):
    """What is picked, and how much of what others changed was seen."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    first = inventory.first_view(workbook, params)
    get_view, set_view = mo.state(first)
    return first, get_seen, get_view, set_seen, set_view


@app.cell
def pulse(set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision)))
    return


@app.cell
def clusters_and_customers(first, params, set_view, workbook):
    """Draws the clusters and customers; picking one opens it."""
    tree = inventory.Tree(first, params.text("q") or "", set_view)
    listed = tree.element
    inactive = mo.ui.checkbox(label="Show inactive", value=inventory.is_inactive(workbook, first))
    new_cluster = mo.ui.button(label="New cluster", on_click=lambda _: set_view(inventory.View("new")))
    page.show(inventory.left(tree, inactive, new_cluster))
    return inactive, listed, tree


@app.cell
def listing(get_seen, get_view, inactive, tree, workbook):
    """Reads the list anew after every change, and marks what is picked."""
    get_seen()
    tree.show(workbook, get_view(), inactive=inactive.value)
    return


@app.cell
def address(get_view, listed):
    """Writes what is picked and searched for into the address."""
    inventory.write_address(get_view(), listed.value["filter"])
    return


@app.cell
def opened(get_view, workbook):
    """What is picked, as it was when it was picked; forms are drawn from it."""
    view = get_view()
    picked = inventory.opened(workbook, view)
    return picked, view


@app.cell
def heading(get_seen, view, workbook):
    """Reads what is picked as it is now."""
    get_seen()
    page.show(inventory.panel_top(workbook, view, inventory.opened(workbook, view)))
    return


@app.cell
def tab(picked, view):
    """Draws what can be looked at and done."""
    mo.stop(picked is None)
    tab = inventory.tabs(picked, view)
    tab
    return (tab,)


@app.cell
def record(get_seen, picked, tab, workbook):
    """Reads the customer's releases or its history."""
    get_seen()
    mo.stop(tab.value not in customer_record.TABS)
    page.show(customer_record.TABS[tab.value](workbook, picked))
    return


@app.cell
def cluster_form(view):
    """Draws the form of a new cluster."""
    mo.stop(view.kind != "new")
    cluster = inventory.cluster_form()
    create = mo.ui.run_button(label="Create cluster", kind="success")
    inventory.laid_out(cluster, [create])
    return cluster, create


@app.cell
def cluster_store(cluster, create, set_view, workbook):
    """Creates the cluster."""
    mo.stop(not create.value)
    created = inventory.create_cluster(workbook, cluster.value)
    if created.stored:
        set_view(inventory.View("cluster", created.result.id, said=created.shown))
    saving.beside(created)
    return


@app.cell
def customer_form(tab, view, workbook):
    """Draws the form of a new customer on the picked cluster."""
    mo.stop(view.kind != "cluster" or tab.value != inventory.NEW_CUSTOMER)
    customer = inventory.customer_form(workbook)
    add = mo.ui.run_button(label="Create customer", kind="success")
    inventory.laid_out(customer, [add])
    return add, customer


@app.cell
def customer_store(add, customer, picked, set_view, workbook):
    """Creates the customer; the form is there for the next one."""
    mo.stop(not add.value)
    added = inventory.create_customer(workbook, picked, customer.value)
    if added.stored:
        set_view(inventory.View("cluster", picked.id, tab=inventory.NEW_CUSTOMER, said=added.shown))
    saving.beside(added)
    return


@app.cell
def edit_form(picked, tab, workbook):
    """Draws the form of an edit, filled with what is stored."""
    mo.stop(tab.value != inventory.EDIT)
    edited = inventory.edit_form(workbook, picked)
    save = mo.ui.run_button(label="Save", kind="success")
    inventory.laid_out(edited, [save])
    typed = lambda: edited.value  # noqa: E731 - so that typing does not run the cells that store
    return edited, save, typed


@app.cell
def edit_store(picked, save, set_view, typed, view, workbook):
    """Saves the edit, or asks first."""
    mo.stop(not save.value)
    asked = inventory.save(workbook, picked, typed())
    if asked.stored:
        set_view(inventory.View(view.kind, view.id, tab=inventory.EDIT, said=asked.shown))
    sure = asked.sure
    saving.beside(asked)
    return asked, sure


@app.cell
def edit_sure(asked, picked, set_view, sure, typed, view, workbook):
    """Saves the edit that was asked about."""
    mo.stop(sure is None or not sure.value)
    saved = inventory.save(workbook, picked, typed(), asked=asked)
    if saved.stored:
        set_view(inventory.View(view.kind, view.id, tab=inventory.EDIT, said=saved.shown))
    saving.beside(saved)
    return


@app.cell
def last_form(picked, tab):
    """Draws the one button that takes out of use, or into it again."""
    mo.stop(tab.value not in (inventory.DEACTIVATE, inventory.REACTIVATE))
    last = mo.ui.run_button(label=tab.value)
    page.show(inventory.last_word(picked, tab.value, last))
    return (last,)


@app.cell
def last_store(last, picked, set_view, tab, view, workbook):
    """Deactivates or reactivates."""
    mo.stop(not last.value)
    put = inventory.put_in_use(workbook, picked, tab.value)
    if put.stored:
        set_view(inventory.View(view.kind, view.id, said=put.shown))
    saving.beside(put)
    return


if __name__ == "__main__":
    app.run()
