# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The matrix: steps × customers of one release, with the selected step beside it."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Matrix · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, NotFound, StorageError
    from relorch.model.values import ReleaseStatus
    from relorch.ui import desk, page, session, words


@app.cell
def params():
    """Which release and which step the address asks for; a test replaces it."""
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
    """The release the page is about, with the top of the page."""
    try:
        release = desk.wanted_release(workbook, params)
    except NotFound:
        mo.stop(
            True,
            mo.vstack(
                [
                    page.header("matrix", "Matrix", beside=desk.other_releases(workbook.releases.list(), None)),
                    page.notice(words.NO_SUCH_RELEASE),
                ]
            ),
        )
    page.header("matrix", desk.title_of(release), beside=desk.other_releases(workbook.releases.list(), release))
    return (release,)


@app.cell
def grid(params, release, workbook):
    """The matrix and the step beside it."""
    mo.stop(release is None or release.status is ReleaseStatus.DRAFT, desk.nothing_yet(release))
    desk.desk(workbook, release, desk.wanted_step(workbook, release, params))
    return


if __name__ == "__main__":
    app.run()
