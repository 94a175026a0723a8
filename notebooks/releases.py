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
    from relorch.ui import form, membership, page, release_form, releases, saving, session, words
    from relorch.ui.feed import Feed
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
    """What is open, and how much of what others changed was seen."""
    get_seen, set_seen = mo.state(Feed.of(workbook).newest())
    get_view, set_view = mo.state(releases.first_view(workbook, params))
    return get_seen, get_view, set_seen, set_view


@app.cell
def pulse(get_seen, set_seen, workbook):
    """Hears what anybody changed."""
    mo.ui.anywidget(Pulse(workbook, lambda changes: set_seen(changes.revision)))
    return


@app.cell
def cards(set_view):
    """Draws the list of releases; pressing a card opens it."""
    cards = ReleaseList(lambda release_id: set_view(releases.View(release_id)))
    mo.ui.anywidget(cards)
    return (cards,)


@app.cell
def listing(cards, get_seen, get_view, workbook):
    """Reads the list anew after every change."""
    get_seen()
    groups = releases.groups(workbook)
    cards.show(groups, get_view().opened, missing=get_view().missing)
    empty = not any(group["cards"] for group in groups)
    return (empty,)


@app.cell
def opened(get_view, workbook):
    """The open release as it was when it was opened; forms are drawn from it."""
    view = get_view()
    release = releases.opened(workbook, view)
    return release, view


@app.cell
def heading(again, empty, get_seen, release, view, workbook):
    """Reads what the open release is now; when somebody changed its status, it is opened anew only when asked to."""
    get_seen()
    now = releases.opened(workbook, view)
    top = page.show(releases.panel_top(workbook, view, now, first=empty))
    other = releases.other_status(release, now)
    mo.vstack([top, page.show(other), again]) if other else top
    return


@app.cell
def anew(set_view, view):
    """Draws the button that opens a release anew."""
    again = mo.ui.button(label=words.OPEN_ANEW, on_click=lambda _: set_view(releases.View(view.opened)))
    return (again,)


@app.cell
def tab(release, view):
    """Draws what can be done with the open release."""
    mo.stop(release is None)
    tab = releases.tabs(release, view)
    tab
    return (tab,)


@app.cell
def new_form(view):
    """Draws the form of a new release."""
    mo.stop(view.opened or view.missing)
    new = release_form.form(release_form.NOTHING)
    create = mo.ui.run_button(label="Create draft", kind="success")
    page.show(release_form.laid_out(new, create))
    return create, new


@app.cell
def new_store(create, new, set_view, workbook):
    """Creates the draft."""
    mo.stop(not create.value)
    created = releases.create(workbook, new.value)
    if created.stored:
        set_view(releases.View(created.result.id, said=created.shown))
    saving.beside(created)
    return


@app.cell
def join_form(release, tab, workbook):
    """Draws the customers to choose from, to activate a draft or to add to an active release."""
    mo.stop(tab.value not in (releases.ACTIVATE, releases.ADD))
    joining = membership.joining(workbook, release)
    mo.stop(not joining.offered, page.show(membership.nobody(workbook, release)))
    joiners = choose_customers(joining.offered, label=joining.label, quick=joining.quick)
    joiners
    return joiners, joining


@app.cell
def join_live(get_seen, joiners, release, workbook):
    """Keeps the customers to choose from up to date; what is chosen and typed stays."""
    get_seen()
    joiners.widget.offer(membership.joining(workbook, release).offered)
    return


@app.cell
def join_preview(get_seen, joiners, release, workbook):
    """Reads what the chosen customers would get, and which steps would have no text for whom."""
    get_seen()
    shown = membership.preview(workbook, release, joiners.value["chosen"])
    page.show(membership.cannot_render(shown))
    return (shown,)


@app.cell
def join_button(joiners, joining):
    """Draws the button, which is off until somebody is chosen."""
    join = joining.button(joiners.value["chosen"])
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
def members(get_seen, release, tab, workbook):
    """Reads who takes part and how far each is."""
    get_seen()
    mo.stop(tab.value != releases.MEMBERS)
    page.show(membership.members(workbook, release))
    return


@app.cell
def change_form(release, tab, workbook):
    """Draws the members to choose from, the reason and the verbs."""
    mo.stop(tab.value != releases.HOLD)
    offered = membership.changeable(workbook, release)
    mo.stop(not offered, page.notice(words.NOBODY_TO_CHANGE))
    chosen = choose_customers(offered, label="Members of this release", quick=membership.held(offered))
    reason = form.form(
        {"reason": mo.ui.text(label="Reason", placeholder="change freeze until Monday", full_width=True)}
    )
    verbs = mo.ui.dictionary({verb: mo.ui.run_button(label=verb.capitalize()) for verb in membership.VERBS})
    mo.vstack([chosen, page.show(release_form.laid_out(reason, *verbs.values()))])
    return chosen, reason, verbs


@app.cell
def change_live(chosen, get_seen, release, workbook):
    """Keeps the states of the members up to date; what is chosen and typed stays."""
    get_seen()
    chosen.widget.offer(membership.changeable(workbook, release))
    return


@app.cell
def change_store(chosen, reason, release, set_view, verbs, view, workbook):
    """Holds, resumes or removes the chosen members."""
    verb = next((verb for verb, pressed in verbs.value.items() if pressed), None)
    mo.stop(verb is None)
    changed = membership.change_members(workbook, release, verb, chosen.value["chosen"], **reason.value)
    if changed.stored:
        set_view(releases.View(release.id, tab=releases.HOLD, said=changed.shown))
    saving.beside(changed)
    return


@app.cell
def edit_form(release, tab):
    """Draws the form of an edit, filled with what is stored."""
    mo.stop(tab.value != releases.EDIT)
    edited = release_form.form(release_form.printed(release))
    save = mo.ui.run_button(label="Save", kind="success")
    page.show(release_form.laid_out(edited, save))
    typed = lambda: edited.value  # noqa: E731 - so that typing does not run the cells that store
    return edited, save, typed


@app.cell
def edit_store(release, save, set_view, typed, workbook):
    """Saves the edit, or asks first."""
    mo.stop(not save.value)
    asked = releases.save(workbook, release, typed())
    if asked.stored:
        set_view(releases.View(release.id, tab=releases.EDIT, said=asked.shown))
    anyway = asked.sure
    saving.beside(asked)
    return anyway, asked


@app.cell
def edit_sure(anyway, asked, release, set_view, typed, workbook):
    """Saves the edit that was asked about."""
    mo.stop(anyway is None or not anyway.value)
    saved = releases.save(workbook, release, typed(), asked=asked)
    if saved.stored:
        set_view(releases.View(release.id, tab=releases.EDIT, said=saved.shown))
    saving.beside(saved)
    return


@app.cell
def clone_form(release, tab):
    """Draws the form of a clone."""
    mo.stop(tab.value != releases.CLONE)
    copy = release_form.clone_form()
    clone = mo.ui.run_button(label="Clone into a draft", kind="success")
    page.show(release_form.laid_out(copy, clone))
    return clone, copy


@app.cell
def clone_store(clone, copy, release, set_view, workbook):
    """Clones the release."""
    mo.stop(not clone.value)
    cloned = releases.clone(workbook, release, copy.value)
    if cloned.stored:
        set_view(releases.View(cloned.result.id, said=cloned.shown))
    saving.beside(cloned)
    return


@app.cell
def last_form(release, tab):
    """Draws the one button of a tab that deletes, archives or reopens."""
    mo.stop(tab.value not in releases.LAST_WORD)
    last = mo.ui.run_button(label=releases.LAST_WORD[tab.value])
    page.show(releases.last_word(tab.value, last))
    return (last,)


@app.cell
def last_store(last, release, set_view, tab, workbook):
    """Deletes, archives or reopens the release, or asks first."""
    mo.stop(not last.value)
    closing = releases.close(workbook, release, tab.value)
    if closing.stored:
        set_view(releases.after_closing(workbook, release, closing))
    for_good = closing.sure
    saving.beside(closing)
    return (for_good,)


@app.cell
def last_sure(for_good, release, set_view, tab, workbook):
    """Does what was asked about."""
    mo.stop(for_good is None or not for_good.value)
    closed = releases.close(workbook, release, tab.value, sure=True)
    if closed.stored:
        set_view(releases.after_closing(workbook, release, closed))
    saving.beside(closed)
    return


if __name__ == "__main__":
    app.run()
