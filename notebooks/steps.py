# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The step templates of a release: their order, their text, and what a change would do."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Steps · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, NotFound, StorageError
    from relorch.ui import editor, editor_page, page, session
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
def counters():
    """What makes cells run anew: the form, what is typed in it, what is said below it, and what others stored."""
    get_form, set_form = mo.state(0)
    get_typed, set_typed = mo.state(0)
    get_said, set_said = mo.state(editor.Said())
    get_seen, set_seen = mo.state(0)
    return get_form, get_said, get_seen, get_typed, set_form, set_said, set_seen, set_typed


@app.cell
def release(params, workbook):
    """The release the page is about."""
    try:
        release = editor_page.wanted_release(workbook, params)
    except NotFound:
        mo.stop(True, editor_page.no_such_release(workbook))
    mo.stop(release is None, editor_page.no_release())
    return (release,)


@app.cell
def bench(params, release, set_form, set_said, set_typed, workbook):
    """What this session works at, at first the step the address asks for."""
    draws = editor.Draws(
        form=lambda: set_form(lambda count: count + 1), typed=lambda: set_typed(lambda count: count + 1), said=set_said
    )
    bench = editor.Editor(workbook, release, draws)
    is_there = bench.start(params.number("template") or 0 if params.text("template") else None)
    return bench, is_there


@app.cell
def pulse(bench, set_seen, workbook):
    """Hears what others store."""

    def follow(changes):
        if changes.releases & {bench.release.id, None} or changes.customers:
            bench.refresh()
        set_seen(changes.revision)

    mo.ui.anywidget(Pulse(workbook, follow))
    return


@app.cell
def top(bench, workbook):
    """The top of the page: which release, and the way to the others."""
    editor_page.top(bench, workbook.releases.list())
    return


@app.cell
def notes(bench, get_seen, is_there):
    """What has to be known before anything else."""
    get_seen()
    editor_page.notes(bench, is_there)
    return


@app.cell
def lists(bench):
    """The deploy and the verify list."""
    mo.ui.anywidget(bench.lists)
    return


@app.cell
def form(bench):
    """The form of a step template; what is typed and pressed in it comes with the step it is about."""
    mo.ui.anywidget(bench.form)
    return


@app.cell
def shown(bench, get_form):
    """Shows the selected step in the form."""
    get_form()
    editor_page.show_form(bench)
    return


@app.cell
def typed(bench, get_form, get_typed):
    """Reads what is typed in the form that is shown."""
    get_form()
    get_typed()
    typed = bench.typed()
    return (typed,)


@app.cell
def theirs(bench, get_seen, typed):
    """Says that somebody else changed the step meanwhile, and lets the operator choose."""
    get_seen()
    take, mine = editor_page.choice_buttons()
    editor_page.choice_markup(bench, typed, take, mine)
    return mine, take


@app.cell
def took_theirs(bench, take, typed):
    """Goes over to what somebody else stored."""
    mo.stop(not take.value)
    bench.drop(typed.key)
    return


@app.cell
def kept_mine(bench, mine, typed):
    """Goes on with what is typed here."""
    mo.stop(not mine.value)
    bench.keep_mine(typed.key)
    return


@app.cell
def answer(get_said):
    """Draws what became of a button, or what a change would do, with what can be done next."""
    said = get_said()
    confirm, cancel, undo, reopen = editor_page.answer_buttons(said)
    editor_page.answer_markup(said, confirm, cancel, undo, reopen)
    return cancel, confirm, reopen, said, undo


@app.cell
def stale(said, typed):
    """Says that the form was changed after the preview."""
    editor_page.stale_markup(said, typed)
    return


@app.cell
def confirmed(bench, confirm, said, typed):
    """Makes the change that was previewed."""
    mo.stop(not confirm.value or said.plan is None)
    bench.carry_out(said.plan, typed)
    return


@app.cell
def cancelled(cancel, set_said):
    """Leaves it."""
    mo.stop(not cancel.value)
    set_said(editor.Said())
    return


@app.cell
def undone(bench, said, undo):
    """Takes back what was stored."""
    mo.stop(not undo.value or said.undo is None)
    bench.undo(said.undo)
    return


@app.cell
def reopened(bench, reopen, said):
    """Reopens what failed or was reverted, with the new text."""
    mo.stop(not reopen.value or not said.reopen)
    bench.reopen(said.reopen)
    return


@app.cell
def warnings(bench, get_seen, typed):
    """What there is to warn of in what is typed."""
    get_seen()
    editor_page.warnings(bench, typed)
    return


@app.cell
def customer(params, release, workbook):
    """Draws the choice of the customer to preview for."""
    customer, customer_is_there = editor_page.customer_choice(workbook, release.id, params)
    editor_page.customer_markup(customer, customer_is_there)
    return (customer,)


@app.cell
def preview(bench, customer, get_seen, typed):
    """The text as it is typed, rendered for the chosen customer."""
    get_seen()
    editor_page.note_customer(customer.value)
    editor_page.preview(bench, typed, customer.value)
    return


@app.cell
def offers(bench, workbook):
    """The placeholders a step may use."""
    editor_page.offers_markup(workbook, bench.release.id)
    return


if __name__ == "__main__":
    app.run()
