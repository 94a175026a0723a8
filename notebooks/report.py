# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The report: of a release, or the sheet that one customer's release is signed off with."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Report · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, NotFound, StorageError
    from relorch.ui import page, report, session, words
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
    page.header("report", "Report")
    return


@app.cell
def states(workbook):
    """How much of what others changed was seen, how often a report was asked for anew, and what was not read."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    get_again, set_again = mo.state(0)
    reads = Reads(lambda: set_again(lambda times: times + 1))
    return get_again, get_seen, reads, set_again, set_seen


@app.cell
def pulse(reads, set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision), reads=reads))
    return


@app.cell
def release_choice(params, reads, workbook):
    """Draws the choice of the release; one that is not there is said to be missing."""
    try:
        release = reads(lambda: report.release_choice(workbook, params))
    except NotFound:
        mo.stop(True, page.notice(words.NO_SUCH_RELEASE))
    mo.stop(release is None, report.no_release())
    return (release,)


@app.cell
def choices(params, reads, release, workbook):
    """Draws the choice of the whole release or one customer beside it."""
    customer = reads(lambda: report.customer_choice(workbook, release.value, params))
    missing = reads(lambda: report.missing_customer(workbook, release.value, params))
    mo.vstack([mo.hstack([release, customer], justify="start", gap=2, wrap=True), *([missing] if missing else [])])
    return (customer,)


@app.cell
def address(customer, release):
    """Writes what the report is about into the address."""
    report.write_address(release.value, customer.value)
    return


@app.cell
def made(customer, get_again, reads, release, workbook):
    """Makes the report once; what others change meanwhile does not make it anew."""
    get_again()
    facts = reads(lambda: report.made(workbook, release.value, customer.value))
    mo.stop(isinstance(facts, NotAllowed), report.no_report(facts, release.value))
    return (facts,)


@app.cell
def files(facts):
    """Draws the ways to the report's files."""
    report.downloads(facts)
    return


@app.cell
def standing(facts, get_seen, set_again):
    """Says of when the report is, and offers to make it anew."""
    again = mo.ui.button(label=words.REPORT_AGAIN, on_click=lambda _: set_again(lambda times: times + 1))
    mo.hstack([page.show(report.said_of(facts, get_seen())), again], justify="start", gap=1)
    return


@app.cell
def preview(facts):
    """Shows the report as its file looks."""
    report.preview(facts)
    return


if __name__ == "__main__":
    app.run()
