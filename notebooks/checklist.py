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

    from relorch.errors import CannotOpen, NotAllowed
    from relorch.ui import page, session


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
    except (CannotOpen, NotAllowed) as error:
        mo.stop(True, page.refusal(error))
    return (workbook,)


@app.cell
def top():
    """The bar and the title."""
    page.header("checklist", "Checklist")
    return


if __name__ == "__main__":
    app.run()
