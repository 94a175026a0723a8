# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""How one release goes: its pace, its clusters and customers, its steps; told from the events."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Progress · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, StorageError
    from relorch.ui import pace, page, progress, session
    from relorch.ui.feed import Feed
    from relorch.ui.widgets.pulse import Pulse


@app.cell
def params():
    """Which release, cluster and customer the address asks for; a test replaces it."""
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
def release(params, workbook):
    """The release the page is about, with the top of the page; without one, why there is nothing to show."""
    release, top = progress.opened(workbook, params)
    mo.stop(release is None, top)
    top
    return (release,)


@app.cell
def states(params, release, workbook):
    """How much of what others changed was seen, what is picked and where it was picked, and what could not be read."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    get_again, set_again = mo.state(0)
    get_cluster, set_cluster = mo.state(0)
    get_charted, set_charted = mo.state(0)
    get_listed, set_listed = mo.state(0)
    get_names, set_names = mo.state(0)
    picks = progress.Picks(
        release,
        progress.Chosen.asked(params),
        progress.Heard(cluster=set_cluster, charted=set_charted, listed=set_listed, names=set_names),
    )
    reads = progress.Paced(lambda: set_again(lambda times: times + 1))
    return get_again, get_charted, get_cluster, get_listed, get_names, get_seen, picks, reads, set_seen


@app.cell
def pulse(reads, set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: reads.heard(lambda: set_seen(changes.revision)), reads=reads))
    return


@app.cell
def facts(get_again, get_seen, picks, reads, release, workbook):
    """Reads how the release goes, anew after every change."""
    get_again()
    get_seen()
    facts = reads.timed(lambda: progress.read(workbook, release))
    picks.follow(facts)
    return (facts,)


@app.cell
def missing(facts, get_charted, get_listed, params):
    """Says what the address asks for and is not in the release, until something else is picked."""
    mo.stop(get_charted() or get_listed())
    progress.missing(params, facts)
    return


@app.cell
def figures(facts):
    """Draws how it stands, in a line of figures and a sentence."""
    progress.standing(facts)
    return


@app.cell
def burn_up(facts):
    """Draws total and closed over time."""
    progress.burn_up(facts)
    return


@app.cell
def clusters(facts, get_listed, picks):
    """Draws the clusters; a click picks one."""
    get_listed()
    progress.by_cluster(facts, picks)
    return


@app.cell
def cluster_list(get_charted, get_names, picks):
    """Draws the clusters as a list: anew only when one was picked in the chart, or there are others."""
    get_charted(), get_names()
    picks.cluster_list()
    return


@app.cell
def customers(facts, get_cluster, get_listed, picks):
    """Draws the customers of the picked cluster; a click picks one."""
    get_cluster(), get_listed()
    progress.by_customer(facts, picks)
    return


@app.cell
def customer_list(get_charted, get_cluster, get_names, picks):
    """Draws these customers as a list."""
    get_charted(), get_cluster(), get_names()
    picks.customer_list()
    return


@app.cell
def its_steps(facts, get_charted, get_cluster, get_listed, picks, reads, workbook):
    """Reads the steps of the picked customer."""
    get_charted(), get_cluster(), get_listed()
    reads(lambda: progress.steps_of_customer(workbook, facts, picks.chosen))
    return


@app.cell
def address(get_charted, get_cluster, get_listed, picks):
    """Writes what is picked into the address."""
    get_charted(), get_cluster(), get_listed()
    progress.write_address(picks.chosen)
    return


@app.cell
def heat(facts):
    """Draws the matrix in small."""
    progress.heat_strip(facts)
    return


@app.cell
def times(facts):
    """Draws the time per step."""
    pace.times(facts.flow)
    return


@app.cell
def candidates(facts):
    """Draws what asks for automation."""
    pace.candidates(facts.flow)
    return


@app.cell
def lead_times(facts):
    """Draws the time per customer."""
    pace.lead_times(facts.flow)
    return


@app.cell
def day(release, workbook):
    """Makes the choice of a day; the versions are drawn with it."""
    release  # without one there is nothing to choose for
    day = progress.day_choice(workbook.now())
    return (day,)


@app.cell
def versions(day, facts, reads, workbook):
    """Reads which version each customer was on at the end of that day."""
    facts  # drawn anew with them
    reads(lambda: progress.versions_on(workbook, day))
    return


if __name__ == "__main__":
    app.run()
