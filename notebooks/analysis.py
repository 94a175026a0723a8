# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""Ad-hoc analysis: SQL over the workbook's tables, your own or ready-made, as a table, a chart and a file."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Analysis · relorch")

with app.setup:
    import marimo as mo

    from relorch.errors import NotAllowed, StorageError
    from relorch.ui import analysis, page, session


@app.cell
def params():
    """The query that the address holds; a test replaces it."""
    params = session.read_params()
    return (params,)


@app.cell
def workbook(params):
    """The workbook that is asked; a test replaces it."""
    try:
        workbook = session.open_page(params)
    except (NotAllowed, StorageError) as error:
        mo.stop(True, page.not_opened(error))
    return (workbook,)


@app.cell
def top():
    """The bar and the title."""
    page.header("analysis", "Analysis")
    return


@app.cell
def tables(workbook):
    """Lists the tables and their columns."""
    workbook  # without one there is nothing to ask
    analysis.tables()
    return


@app.cell
def editor(params, workbook):
    """Draws the editor."""
    workbook  # as above
    query = analysis.editor(params.text("q"))
    run = mo.ui.run_button(label="Run", kind="success")
    typed = lambda: query.value  # noqa: E731 - so that typing does not run the cell that asks
    analysis.laid_out(query, run)
    return run, typed


@app.cell
def reply(params, run, typed, workbook):
    """Asks the workbook: what was typed when Run is pressed, what the address holds when the page opens."""
    asked = typed() if run.value else params.text("q")
    mo.stop(asked is None, analysis.not_asked())
    analysis.write_address(asked)
    answer = analysis.ask(workbook, asked)
    analysis.told(answer)
    return (answer,)


@app.cell
def chart_of(answer):
    """Draws the choice of what a chart shows."""
    mo.stop(not analysis.can_be_drawn(answer))
    choice = analysis.chart_choice(answer)
    kind, x, y, colour = choice.values()  # as one element marimo would keep the last of two changes only
    analysis.choices(choice)
    return colour, kind, x, y


@app.cell
def chart(answer, colour, kind, x, y):
    """Draws the chart."""
    analysis.chart(answer, {"kind": kind.value, "x": x.value, "y": y.value, "colour": colour.value})
    return


@app.cell
def ready_made(workbook):
    """Draws the ready-made questions; each is a cell of its own below, and asked when it is picked."""
    workbook  # as above
    questions = analysis.Questions.ready()
    picked = questions.picked
    questions.shown()
    return picked, questions


@app.cell
def troublesome_steps(picked, questions, workbook):
    """Which steps fail, are skipped or reverted most?"""
    mo.stop(picked.value != "troublesome_steps")
    questions.ask(
        workbook,
        """
        SELECT release_name, step_name,
               count(*) FILTER (WHERE action = 'step.fail') AS failures,
               count(*) FILTER (WHERE action = 'step.skip') AS skips,
               count(*) FILTER (WHERE action = 'step.revert') AS reverts,
               count(*) AS together
        FROM events JOIN step_facts USING (step_id)
        WHERE action IN ('step.fail', 'step.skip', 'step.revert')
        GROUP BY ALL
        ORDER BY together DESC, step_name
        """,
    )
    return


@app.cell
def who_did_what(picked, questions, workbook):
    """Who did what in the last seven days?"""
    mo.stop(picked.value != "who_did_what")
    questions.ask(
        workbook,
        """
        SELECT operator, action, count(*) AS times, max("at") AS last_at
        FROM events
        WHERE "at" > now() - INTERVAL 7 DAY
        GROUP BY ALL
        ORDER BY operator, times DESC
        """,
    )
    return


@app.cell
def behind_their_cluster(picked, questions, workbook):
    """Which customers are behind the median of their cluster?"""
    mo.stop(picked.value != "behind_their_cluster")
    questions.ask(
        workbook,
        """
        WITH standing AS (
            SELECT release_name, cluster_name, customer_name,
                   round(100 * avg((status IN ('done', 'skipped'))::INTEGER), 1) AS closed_percent
            FROM step_facts
            WHERE release_status = 'active' AND member_state = 'active'
            GROUP BY ALL
        )
        SELECT *, median(closed_percent) OVER (PARTITION BY release_name, cluster_name) AS cluster_median
        FROM standing
        QUALIFY closed_percent < cluster_median
        ORDER BY closed_percent - cluster_median, customer_name
        """,
    )
    return


@app.cell
def overridden_texts(picked, questions, workbook):
    """Which texts were overridden?"""
    mo.stop(picked.value != "overridden_texts")
    questions.ask(
        workbook,
        """
        SELECT release_name, customer_name, facts.step_name, facts.status, steps.content
        FROM step_facts AS facts JOIN customer_steps AS steps ON steps.id = facts.step_id
        WHERE facts.is_overridden
        ORDER BY release_name, facts.step_name, customer_name
        """,
    )
    return


@app.cell
def slowest_customers(picked, questions, workbook):
    """Which customers took longest?"""
    mo.stop(picked.value != "slowest_customers")
    questions.ask(
        workbook,
        """
        SELECT release_name, cluster_name, customer_name,
               round(date_diff('minute', min(created_at), max(executed_at)) / 60, 1) AS hours
        FROM step_facts
        WHERE member_state <> 'removed'
        GROUP BY ALL
        HAVING bool_and(status IN ('done', 'skipped'))
        ORDER BY hours DESC, customer_name
        """,
    )
    return


@app.cell
def versions_per_cluster(picked, questions, workbook):
    """Which versions run on which cluster?"""
    mo.stop(picked.value != "versions_per_cluster")
    questions.ask(
        workbook,
        """
        WITH completed AS (
            SELECT cluster_name, customer_id, release_version, max(executed_at) AS completed_at
            FROM step_facts
            WHERE member_state <> 'removed'
            GROUP BY cluster_name, customer_id, release_id, release_version
            HAVING bool_and(status IN ('done', 'skipped'))
        ), current AS (
            SELECT cluster_name, customer_id, arg_max(coalesce(release_version, ''), completed_at) AS version
            FROM completed
            GROUP BY ALL
        )
        SELECT cluster_name, version, count(*) AS customers
        FROM current
        GROUP BY ALL
        ORDER BY cluster_name, version
        """,
    )
    return


@app.cell
def notes_that_mention(picked, questions, workbook):
    """Which notes and reasons mention a word? Open it in the editor to look for another one."""
    mo.stop(picked.value != "notes_that_mention")
    questions.ask(
        workbook,
        """
        SELECT "at", operator, action, customer_name, step_name, note
        FROM events JOIN step_facts USING (step_id)
        WHERE note ILIKE '%restart%'
        ORDER BY "at" DESC
        """,
    )
    return


@app.cell
def begun_and_not_finished(picked, questions, workbook):
    """What was begun and not finished, by whom?"""
    mo.stop(picked.value != "begun_and_not_finished")
    questions.ask(
        workbook,
        """
        SELECT executed_by, release_name, customer_name, step_name, executed_at AS begun_at
        FROM step_facts
        WHERE status = 'in_progress' AND release_status = 'active'
        ORDER BY begun_at
        """,
    )
    return


if __name__ == "__main__":
    app.run()
