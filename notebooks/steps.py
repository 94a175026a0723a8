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
    """What makes cells draw anew: the form, its text, what is said below it, and what others stored."""
    get_form, set_form = mo.state(0)
    get_text, set_text = mo.state(0)
    get_said, set_said = mo.state(editor.Said())
    get_seen, set_seen = mo.state(0)
    return get_form, get_said, get_seen, get_text, set_form, set_said, set_seen, set_text


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
def bench(params, release, set_form, set_said, set_text, workbook):
    """What this session works at, at first the step the address asks for."""
    draws = editor.Draws(
        form=lambda: set_form(lambda count: count + 1), text=lambda: set_text(lambda count: count + 1), said=set_said
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
def form(bench, get_form):
    """Draws the fields of the selected step."""
    get_form()
    first = bench.typed()
    fields = editor_page.fields_of(bench, first)
    editor_page.form_markup(bench, first, fields)
    return fields, first


@app.cell
def content(bench, first, get_text):
    """Draws the code editor with the text of the selected step."""
    get_text()
    content = editor_page.text_editor(bench, first)
    editor_page.named(content)
    return (content,)


@app.cell
def typed(bench, content, fields, first):
    """Reads what is typed, and keeps it."""
    typed = bench.keep(first, fields.value | content.value)
    return (typed,)


@app.cell
def buttons(bench, first, get_form):
    """Draws the buttons of the form."""
    get_form()
    save, drop, away = editor_page.buttons(bench, first)
    editor_page.buttons_markup(bench, first, save, drop, away)
    return away, drop, save


@app.cell
def saved(bench, save, typed):
    """Stores what is typed, or shows what that would do."""
    mo.stop(not save.value)
    bench.save(typed)
    return


@app.cell
def dropped(bench, drop, typed):
    """Goes back to what is stored."""
    mo.stop(not drop.value)
    bench.drop(typed.key)
    return


@app.cell
def asked_away(away, bench, typed):
    """Asks before a step is deleted or retired."""
    mo.stop(not away.value)
    bench.ask_away(typed)
    return


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
