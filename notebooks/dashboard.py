# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The dashboard: how far each active release is, what failed, what is next, what happened lately."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Dashboard · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, StorageError
    from relorch.ui import dashboard, page, session
    from relorch.ui.feed import Feed
    from relorch.ui.widgets.pulse import Pulse
    from relorch.ui.widgets.versions import VersionsWidget


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
    page.header("dashboard", "Dashboard")
    return


@app.cell
def state(workbook):
    """How much of what anybody changed is on the page."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    return get_seen, set_seen


@app.cell
def pulse(set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision)))
    return


@app.cell
def board(get_seen, workbook):
    """Reads and draws the releases and what happened lately."""
    get_seen()
    dashboard.shown(workbook)
    return


@app.cell
def versions(workbook):
    """Draws which version each customer is on."""
    versions = VersionsWidget(dashboard.versions(workbook), linked=session.is_served())
    page.show(dashboard.versions_card(versions))
    return (versions,)


@app.cell
def versions_now(get_seen, versions, workbook):
    """Keeps the versions up to date; what is folded and typed stays."""
    get_seen()
    versions.show(dashboard.versions(workbook))
    return


if __name__ == "__main__":
    app.run()
