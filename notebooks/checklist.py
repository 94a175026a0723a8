# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The checklist: one customer's steps as cards, or one step across all customers."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Checklist · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, NotFound, StorageError
    from relorch.ui import checklist, page, session


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
def top(params, workbook):
    """The bar and the title."""
    page.header("checklist", checklist.title(workbook, params))
    return


@app.cell
def place(params, workbook):
    """Which customer, or which step, the page is about; what is not there is said to be missing."""
    try:
        place = checklist.wanted_place(workbook, params)
    except (NotAllowed, NotFound) as error:
        mo.stop(True, checklist.nothing_to_show(workbook, error))
    return (place,)


@app.cell
def steps_as_cards(params, place, workbook):
    """The cards and the open one beside them."""
    mo.stop(place is None, checklist.nothing_to_show(workbook))
    checklist.checklist(workbook, place, auto=checklist.goes_on(params))
    return


if __name__ == "__main__":
    app.run()
