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
    from relorch.ui import customer_record, form, importing, inventory, page, saving, session, words
    from relorch.ui.drafts import Drafts
    from relorch.ui.feed import Feed
    from relorch.ui.reads import Reads
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
    """What is picked, how much of what others changed was seen, what was typed, and what could not be read."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    first = inventory.first_view(workbook, params)
    get_view, set_view = mo.state(first)
    get_again, set_again = mo.state(0)
    get_drawn, set_drawn = mo.state(None)
    drafts = Drafts()
    reads = Reads(lambda: set_again(lambda times: times + 1))
    return drafts, first, get_again, get_drawn, get_seen, get_view, reads, set_drawn, set_seen, set_view


@app.cell
def pulse(reads, set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision), reads=reads))
    return


@app.cell
def clusters_and_customers(first, params, set_view, workbook):
    """Draws the clusters and customers; picking one opens it."""
    tree = inventory.Tree(first, params.text("q") or "", set_view)
    listed = tree.element
    inactive = mo.ui.checkbox(label="Show inactive", value=inventory.is_inactive(workbook, first))
    new_cluster = mo.ui.button(label="New cluster", on_click=lambda _: set_view(inventory.View("new")))
    import_file = mo.ui.button(label=words.IMPORT_OPEN, on_click=lambda _: set_view(inventory.View("import")))
    page.show(inventory.left(tree, inactive, new_cluster, import_file))
    return inactive, listed, tree


@app.cell
def listing(get_seen, get_view, inactive, reads, tree, workbook):
    """Reads the list anew after every change, and marks what is picked."""
    get_seen()
    reads(lambda: tree.show(workbook, get_view(), inactive=inactive.value))
    return


@app.cell
def address(get_view, listed):
    """Writes what is picked and searched for into the address."""
    inventory.write_address(get_view(), listed.value["filter"])
    return


@app.cell
def opened(get_again, get_view, reads, workbook):
    """What is picked, as it was when it was picked; forms are drawn from it."""
    get_again()
    view = get_view()
    picked = reads(lambda: inventory.opened(workbook, view))
    return picked, view


@app.cell
def heading(get_drawn, get_seen, reads, view, workbook):
    """Reads what is picked as it is now."""
    get_seen()
    told = get_drawn() is view
    page.show(reads(lambda: inventory.panel_top(workbook, view, inventory.opened(workbook, view), told=told)))
    return


@app.cell
def tabs(picked, view):
    """Draws what can be looked at and done."""
    mo.stop(picked is None)
    tabs = mo.ui.anywidget(inventory.tabs(picked, view))
    tabs
    return (tabs,)


@app.cell
def tab(tabs):
    """Which of them is open."""
    tab = tabs.value["picked"]
    return (tab,)


@app.cell
def record(get_seen, picked, reads, tab, workbook):
    """Reads the customer's releases or its history."""
    get_seen()
    mo.stop(tab not in customer_record.TABS)
    page.show(reads(lambda: customer_record.TABS[tab](workbook, picked)))
    return


@app.cell
def cluster_form(drafts, set_view, view):
    """Draws the form of a new cluster."""
    mo.stop(view.kind != "new")
    begun_cluster = drafts.begin(("cluster", 0), inventory.printed)
    cluster = drafts.drawn(begun_cluster, inventory.cluster_form(begun_cluster.shown))
    create = mo.ui.run_button(label="Create cluster", kind="success")
    undo_cluster = drafts.discard(begun_cluster, lambda: set_view(inventory.View("new")))
    typed_cluster = lambda: cluster.value  # noqa: E731 - so that typing does not run the cells that store
    form.laid_out(cluster, create, *undo_cluster, note=begun_cluster.note)
    return begun_cluster, create, typed_cluster


@app.cell
def cluster_store(begun_cluster, create, drafts, set_view, typed_cluster, workbook):
    """Creates the cluster."""
    mo.stop(not create.value)
    created = inventory.create_cluster(workbook, typed_cluster())
    if created.stored:
        drafts.finish(begun_cluster)
        set_view(inventory.View("cluster", created.result.id, said=created.shown))
    saving.beside(created)
    return


@app.cell
def customer_form(drafts, set_view, tab, view, workbook):
    """Draws the form of a new customer on the picked cluster."""
    mo.stop(view.kind != "cluster" or tab != inventory.NEW_CUSTOMER)
    begun_customer = drafts.begin(("customer", view.id), inventory.printed)
    customer = drafts.drawn(begun_customer, inventory.customer_form(workbook, begun_customer.shown))
    add = mo.ui.run_button(label="Create customer", kind="success")
    here = inventory.View("cluster", view.id, tab=inventory.NEW_CUSTOMER)
    undo_customer = drafts.discard(begun_customer, lambda: set_view(here))
    typed_customer = lambda: customer.value  # noqa: E731 - as above
    form.laid_out(customer, add, *undo_customer, note=begun_customer.note)
    return add, begun_customer, typed_customer


@app.cell
def customer_store(add, begun_customer, drafts, picked, set_view, typed_customer, workbook):
    """Creates the customer; the form is there for the next one."""
    mo.stop(not add.value)
    added = inventory.create_customer(workbook, picked, typed_customer())
    if added.stored:
        drafts.finish(begun_customer)
        set_view(inventory.View("cluster", picked.id, tab=inventory.NEW_CUSTOMER, said=added.shown))
    saving.beside(added)
    return


@app.cell
def edit_form(drafts, picked, reads, set_view, tab, view, workbook):
    """Draws the form of an edit, filled with what is stored, or with what was typed before."""
    mo.stop(tab != inventory.EDIT)
    begun = drafts.begin((f"edit {view.kind}", view.id), inventory.printed, picked)
    edited = drafts.drawn(begun, reads(lambda: inventory.edit_form(workbook, picked, begun.shown)))
    save = mo.ui.run_button(label="Save", kind="success")
    undo = drafts.discard(begun, lambda: set_view(inventory.View(view.kind, view.id, tab=inventory.EDIT)))
    typed = lambda: edited.value  # noqa: E731 - as above
    form.laid_out(edited, save, *undo, note=begun.note)
    return begun, save, typed


@app.cell
def edit_store(begun, drafts, save, set_view, typed, view, workbook):
    """Saves the edit, or asks first."""
    mo.stop(not save.value)
    asked = inventory.save(workbook, begun.base, typed())
    if asked.stored:
        drafts.finish(begun)
        set_view(inventory.View(view.kind, view.id, tab=inventory.EDIT, said=asked.shown))
    sure = asked.sure
    saving.beside(asked)
    return asked, sure


@app.cell
def edit_sure(asked, begun, drafts, set_view, sure, typed, view, workbook):
    """Saves the edit that was asked about."""
    mo.stop(sure is None or not sure.value)
    saved = inventory.save(workbook, begun.base, typed(), asked=asked)
    if saved.stored:
        drafts.finish(begun)
        set_view(inventory.View(view.kind, view.id, tab=inventory.EDIT, said=saved.shown))
    saving.beside(saved)
    return


@app.cell
def last_form(picked, tab):
    """Draws the one button that takes out of use, or into it again."""
    mo.stop(tab not in (inventory.DEACTIVATE, inventory.REACTIVATE))
    last = mo.ui.run_button(label=tab)
    page.show(inventory.last_word(picked, tab, last))
    return (last,)


@app.cell
def last_store(last, picked, set_view, tab, view, workbook):
    """Deactivates or reactivates."""
    mo.stop(not last.value)
    put = inventory.put_in_use(workbook, picked, tab)
    if put.stored:
        set_view(inventory.View(view.kind, view.id, said=put.shown))
    saving.beside(put)
    return


@app.cell
def import_form(drafts, set_view, view, workbook):
    """Draws where a file is chosen, or its text pasted, to be imported."""
    mo.stop(view.kind != "import")
    get_step, set_step = mo.state(0)
    target = importing.Target(is_inventory=True)
    importer = importing.Importer(workbook, target, lambda: set_step(lambda times: times + 1))
    begun_file = drafts.begin(("import", 0), importing.nothing)
    file = importing.file_form(drafts, begun_file, target)
    look = mo.ui.run_button(label=words.IMPORT_LOOK, kind="success")
    close = mo.ui.button(label=words.IMPORT_CANCEL, on_click=lambda _: set_view(inventory.View("nothing")))
    undo_file = drafts.discard(begun_file, lambda: set_view(inventory.View("import")))
    typed_file = lambda: file.value  # noqa: E731 - as above
    above = page.show(importing.intro(target, importing.downloads(workbook, target)))
    mo.vstack([above, importing.laid_out(file, look, close, *undo_file, note=begun_file.note)])
    return begun_file, get_step, importer, look, typed_file


@app.cell
def import_preview(importer, look, typed_file):
    """Finds out what the file would change."""
    mo.stop(not look.value)
    with mo.status.spinner(title=words.IMPORT_READING, remove_on_exit=True):
        importer.preview(typed_file())
    return


@app.cell
def import_shown(get_step, importer):
    """Draws what the file would change, or what is wrong with it, with the button that imports it."""
    mo.stop(not get_step())
    go, _ = importing.controls(importer)
    page.show(importing.shown(importer, go, None))
    return (go,)


@app.cell
def import_store(begun_file, drafts, go, importer, set_view, typed_file):
    """Imports the file, if it would change what was shown, or asks first."""
    mo.stop(go is None or not go.value)
    imported = importer.go_on(typed_file())
    if imported is not None:
        drafts.finish(begun_file)
        set_view(inventory.View("nothing", said=imported.shown))
    return


@app.cell
def drawn(set_drawn, view):
    """Has what was stored told at the top, once all forms are drawn anew: what is typed after that stays."""
    mo.stop(view.said is None)
    set_drawn(view)
    return


if __name__ == "__main__":
    app.run()
