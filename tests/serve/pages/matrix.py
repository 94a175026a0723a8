"""A page with a widget that rings, a button that leaves a trace on disk, and what marimo knows of the request."""

import marimo

app = marimo.App(width="full")

with app.setup:
    import os
    from pathlib import Path

    import anywidget
    import marimo as mo


@app.cell
def widget():
    class Bell(anywidget.AnyWidget):
        _esm = """
        export default { render({ model, el }) {
          const ring = document.createElement("button"), heard = document.createElement("output");
          ring.id = "ring"; ring.textContent = "ring"; heard.id = "heard";
          ring.onclick = () => model.send({ ring: 1 });
          model.on("msg:custom", (message) => { heard.textContent = message.heard; });
          el.append(ring, heard);
        } }
        """

    bell = Bell()
    bell.on_msg(lambda *_: bell.send({"heard": "ding"}))
    mo.ui.anywidget(bell)
    return


@app.cell
def button():
    press = mo.ui.run_button(label="press")
    mo.vstack([press])
    return (press,)


@app.cell
def trace(press):
    if press.value:
        with Path(os.environ["RELORCH_TEST_TRACE"]).open("a") as written:
            written.write("pressed\n")
    return


@app.cell
def request():
    asked = mo.app_meta().request
    mo.plain_text(
        f"secret-customer query {mo.query_params().to_dict()} meta {asked.meta} "
        f"user {asked.user} cookies {asked.cookies}"
    )
    return


if __name__ == "__main__":
    app.run()
