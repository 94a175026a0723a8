# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The releases: drafts, active and archived ones, and who takes part."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Releases · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, StorageError
    from relorch.ui import form, importing, membership, page, release_form, releases, saving, session, words
    from relorch.ui.drafts import Drafts
    from relorch.ui.feed import Feed
    from relorch.ui.reads import Reads
    from relorch.ui.widgets.customers import choose_customers
    from relorch.ui.widgets.pulse import Pulse
    from relorch.ui.widgets.releases import ReleaseList


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
    page.header("releases", "Releases")
    return


@app.cell
def states(params, workbook):
    """What is open, how much of what others changed was seen, what was typed, and what could not be read."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    get_view, set_view = mo.state(releases.first_view(workbook, params))
    get_again, set_again = mo.state(0)
    get_drawn, set_drawn = mo.state(None)
    drafts = Drafts()
    reads = Reads(lambda: set_again(lambda times: times + 1))
    return drafts, get_again, get_drawn, get_seen, get_view, reads, set_drawn, set_seen, set_view


@app.cell
def pulse(reads, set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision), reads=reads))
    return


@app.cell
def cards(set_view):
    """Draws the list of releases; pressing a card opens it."""
    cards = ReleaseList(lambda release_id: set_view(releases.View(release_id)))
    mo.ui.anywidget(cards)
    return (cards,)


@app.cell
def listing(cards, get_seen, get_view, reads, workbook):
    """Reads the list anew after every change."""
    get_seen()
    groups = reads(lambda: releases.groups(workbook))
    cards.show(groups, get_view().opened, missing=get_view().missing)
    empty = not any(group["cards"] for group in groups)
    return (empty,)


@app.cell
def opened(get_again, get_view, reads, workbook):
    """The open release as it was when it was opened; forms are drawn from it."""
    get_again()
    view = get_view()
    release = reads(lambda: releases.opened(workbook, view))
    return release, view


@app.cell
def heading(again, empty, get_drawn, get_seen, reads, release, view, workbook):
    """Reads what the open release is now; when somebody changed its status, it is opened anew only when asked to."""
    get_seen()
    now = reads(lambda: releases.opened(workbook, view))
    told = get_drawn() is view
    top = page.show(reads(lambda: releases.panel_top(workbook, view, now, first=empty, told=told)))
    other = releases.other_status(release, now)
    mo.vstack([top, page.show(other), again]) if other else top
    return


@app.cell
def anew(set_view, view):
    """Draws the button that opens a release anew."""
    again = mo.ui.button(label=words.OPEN_ANEW, on_click=lambda _: set_view(releases.View(view.opened)))
    return (again,)


@app.cell
def undo_form(view):
    """Draws the button that takes back what was stored last, where it can be."""
    mo.stop(view.undo is None)
    form.other_numbers()
    undo_last = mo.ui.run_button(label=words.IMPORT_UNDO)
    undo_last
    return (undo_last,)


@app.cell
def undo_store(set_view, undo_last, view, workbook):
    """Takes it back."""
    mo.stop(not undo_last.value)
    taken_back = importing.undone(workbook, view.undo)
    if taken_back.stored:
        set_view(releases.View(view.opened, tab=releases.FILES, said=taken_back.shown))
    saving.beside(taken_back)
    return


@app.cell
def tabs(release, view):
    """Draws what can be done with the open release, or how a new one is made."""
    mo.stop(release is None and (view.opened or view.missing))
    tabs = mo.ui.anywidget(releases.tabs(release, view))
    tabs
    return (tabs,)


@app.cell
def tab(tabs):
    """Which of them is open."""
    tab = tabs.value["picked"]
    return (tab,)


@app.cell
def new_form(drafts, set_view, tab):
    """Draws the form of a new release."""
    mo.stop(tab != releases.BY_HAND)
    begun_new = drafts.begin(("new", 0), release_form.printed)
    new = drafts.drawn(begun_new, release_form.form(begun_new.shown))
    create = mo.ui.run_button(label="Create draft", kind="success")
    undo_new = drafts.discard(begun_new, lambda: set_view(releases.View(0)))
    typed_new = lambda: new.value  # noqa: E731 - so that typing does not run the cells that store
    form.laid_out(new, create, *undo_new, note=begun_new.note)
    return begun_new, create, typed_new


@app.cell
def new_store(begun_new, create, drafts, set_view, typed_new, workbook):
    """Creates the draft."""
    mo.stop(not create.value)
    created = releases.create(workbook, typed_new())
    if created.stored:
        drafts.finish(begun_new)
        set_view(releases.View(created.result.id, said=created.shown))
    saving.beside(created)
    return


@app.cell
def join_form(reads, release, tab, workbook):
    """Draws the customers to choose from, to activate a draft or to add to an active release."""
    mo.stop(tab not in (releases.ACTIVATE, releases.ADD))
    joining = reads(lambda: membership.joining(workbook, release))
    mo.stop(not joining.offered, page.show(reads(lambda: membership.nobody(workbook, release))))
    joiners = choose_customers(joining.offered, label=joining.label, quick=joining.quick)
    joiners
    return joiners, joining


@app.cell
def join_live(get_seen, joiners, reads, release, workbook):
    """Keeps the customers to choose from up to date; what is chosen and typed stays."""
    get_seen()
    joiners.widget.offer(reads(lambda: membership.joining(workbook, release)).offered)
    return


@app.cell
def join_preview(get_seen, joiners, reads, release, workbook):
    """Reads what the chosen customers would get, and which steps would have no text for whom."""
    get_seen()
    shown = reads(lambda: membership.preview(workbook, release, joiners.value["chosen"]))
    page.show(membership.cannot_render(shown))
    return (shown,)


@app.cell
def join_button(joiners, joining, shown):
    """Draws the button of what is previewed, which is off until somebody is chosen."""
    join = joining.button(joiners.value["chosen"]) if shown else joining.button([])
    join
    return (join,)


@app.cell
def join_store(join, joiners, release, set_view, shown, workbook):
    """Activates the draft, or adds the customers, if that is still what the preview shows."""
    mo.stop(not join.value)
    joined = membership.join(workbook, release, joiners.value["chosen"], shown)
    if joined.stored:
        set_view(releases.View(release.id, said=joined.shown))
    saving.beside(joined)
    return


@app.cell
def members(get_seen, reads, release, tab, workbook):
    """Reads who takes part and how far each is."""
    get_seen()
    mo.stop(tab != releases.MEMBERS)
    page.show(reads(lambda: membership.members(workbook, release)))
    return


@app.cell
def change_form(drafts, reads, release, set_view, tab, workbook):
    """Draws the members to choose from, the reason and the verbs."""
    mo.stop(tab != releases.HOLD)
    offered = reads(lambda: membership.changeable(workbook, release))
    mo.stop(not offered, page.notice(words.NOBODY_TO_CHANGE))
    chosen = choose_customers(offered, label="Members of this release", quick=membership.held(offered))
    begun_reason = drafts.begin(("reason", release.id), lambda _: release_form.EMPTY_REASON)
    reason = drafts.drawn(begun_reason, release_form.reason_form(begun_reason.shown))
    verbs = mo.ui.dictionary({verb: mo.ui.run_button(label=verb.capitalize()) for verb in membership.VERBS})
    undo_reason = drafts.discard(begun_reason, lambda: set_view(releases.View(release.id, tab=releases.HOLD)))
    laid_out = form.laid_out(reason, *verbs.values(), *undo_reason, note=begun_reason.note)
    typed_reason = lambda: reason.value  # noqa: E731 - as above
    mo.vstack([chosen, laid_out])
    return begun_reason, chosen, typed_reason, verbs


@app.cell
def change_live(chosen, get_seen, reads, release, workbook):
    """Keeps the states of the members up to date; what is chosen and typed stays."""
    get_seen()
    chosen.widget.offer(reads(lambda: membership.changeable(workbook, release)))
    return


@app.cell
def change_store(begun_reason, chosen, drafts, release, set_view, typed_reason, verbs, workbook):
    """Holds, resumes or removes the chosen members."""
    verb = next((verb for verb, pressed in verbs.value.items() if pressed), None)
    mo.stop(verb is None)
    changed = membership.change_members(workbook, release, verb, chosen.value["chosen"], **typed_reason())
    if changed.stored:
        drafts.finish(begun_reason)
        set_view(releases.View(release.id, tab=releases.HOLD, said=changed.shown))
    saving.beside(changed)
    return


@app.cell
def edit_form(drafts, release, set_view, tab):
    """Draws the form of an edit, filled with what is stored, or with what was typed before."""
    mo.stop(tab != releases.EDIT)
    begun = drafts.begin(("edit", release.id), release_form.printed, release)
    edited = drafts.drawn(begun, release_form.form(begun.shown))
    save = mo.ui.run_button(label="Save", kind="success")
    undo = drafts.discard(begun, lambda: set_view(releases.View(release.id, tab=releases.EDIT)))
    typed = lambda: edited.value  # noqa: E731 - as above
    form.laid_out(edited, save, *undo, note=begun.note)
    return begun, save, typed


@app.cell
def edit_store(begun, drafts, save, set_view, typed, workbook):
    """Saves the edit, or asks first."""
    mo.stop(not save.value)
    asked = releases.save(workbook, begun.base, typed())
    if asked.stored:
        drafts.finish(begun)
        set_view(releases.View(begun.base.id, tab=releases.EDIT, said=asked.shown))
    anyway = asked.sure
    saving.beside(asked)
    return anyway, asked


@app.cell
def edit_sure(anyway, asked, begun, drafts, set_view, typed, workbook):
    """Saves the edit that was asked about."""
    mo.stop(anyway is None or not anyway.value)
    saved = releases.save(workbook, begun.base, typed(), asked=asked)
    if saved.stored:
        drafts.finish(begun)
        set_view(releases.View(begun.base.id, tab=releases.EDIT, said=saved.shown))
    saving.beside(saved)
    return


@app.cell
def clone_form(drafts, release, set_view, tab):
    """Draws the form of a clone."""
    mo.stop(tab != releases.CLONE)
    begun_copy = drafts.begin(("clone", release.id), lambda _: release_form.EMPTY_CLONE)
    copy = drafts.drawn(begun_copy, release_form.clone_form(begun_copy.shown))
    clone = mo.ui.run_button(label="Clone into a draft", kind="success")
    undo_copy = drafts.discard(begun_copy, lambda: set_view(releases.View(release.id, tab=releases.CLONE)))
    typed_copy = lambda: copy.value  # noqa: E731 - as above
    form.laid_out(copy, clone, *undo_copy, note=begun_copy.note)
    return begun_copy, clone, typed_copy


@app.cell
def clone_store(begun_copy, clone, drafts, release, set_view, typed_copy, workbook):
    """Clones the release."""
    mo.stop(not clone.value)
    cloned = releases.clone(workbook, release, typed_copy())
    if cloned.stored:
        drafts.finish(begun_copy)
        set_view(releases.View(cloned.result.id, said=cloned.shown))
    saving.beside(cloned)
    return


@app.cell
def last_form(release, tab):
    """Draws the one button of a tab that deletes, archives or reopens."""
    mo.stop(tab not in releases.LAST_WORD)
    last = mo.ui.run_button(label=releases.LAST_WORD[tab])
    get_closing, set_closing = mo.state(None)
    page.show(releases.last_word(tab, last))
    return get_closing, last, set_closing


@app.cell
def last_store(last, release, set_closing, set_view, tab, workbook):
    """Deletes, archives or reopens the release, or asks first."""
    mo.stop(not last.value)
    closed = releases.close(workbook, release, tab)
    set_closing(closed)
    if closed.stored:
        set_view(releases.after_closing(workbook, release, closed))
    return


@app.cell
def last_asked(get_closing):
    """Draws what became of it: why not, or the question with its button."""
    mo.stop(get_closing() is None)
    closing = saving.with_button(get_closing())
    for_good = closing.sure
    saving.beside(closing)
    return closing, for_good


@app.cell
def last_sure(closing, for_good, release, set_closing, set_view, tab, workbook):
    """Does what was asked about, or asks anew when that is not so any more."""
    mo.stop(for_good is None or not for_good.value)
    done = releases.close(workbook, release, tab, asked=closing)
    set_closing(done)
    if done.stored:
        set_view(releases.after_closing(workbook, release, done))
    return


@app.cell
def import_form(drafts, release, set_view, tab, workbook):
    """Draws where a file is chosen, or its text pasted, to be imported; and the files of what is there."""
    mo.stop(tab not in (releases.FROM_FILE, releases.FILES))
    target = importing.Target(release=release)
    above = page.show(importing.intro(target, importing.downloads(workbook, target)))
    mo.stop(target.is_read_only, above)
    get_step, set_step = mo.state(0)
    importer = importing.Importer(workbook, target, lambda: set_step(lambda times: times + 1))
    begun_file = drafts.begin(("import", target.id), importing.nothing)
    file = importing.file_form(drafts, begun_file, target)
    look = mo.ui.run_button(label=words.IMPORT_LOOK, kind="success")
    undo_file = drafts.discard(begun_file, lambda: set_view(releases.View(target.id, tab=tab)))
    typed_file = lambda: file.value  # noqa: E731 - as above
    mo.vstack([above, importing.laid_out(file, look, *undo_file, note=begun_file.note)])
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
    go, named = importing.controls(importer)
    typed_name = lambda: named.value if named is not None else ""  # noqa: E731 - as above
    page.show(importing.shown(importer, go, named))
    return go, typed_name


@app.cell
def import_store(begun_file, drafts, go, importer, set_view, tab, typed_file, typed_name):
    """Imports the file, if it would change what was shown, or asks first."""
    mo.stop(go is None or not go.value)
    imported = importer.go_on(typed_file(), typed_name())
    if imported is not None:
        drafts.finish(begun_file)
        set_view(releases.View(imported.release_id, tab=tab, said=imported.shown, undo=imported.undo))
    return


@app.cell
def drawn(set_drawn, view):
    """Has what was stored told at the top, once all forms are drawn anew: what is typed after that stays."""
    mo.stop(view.said is None)
    set_drawn(view)
    return


if __name__ == "__main__":
    app.run()
