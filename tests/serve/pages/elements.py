"""One of each kind of element that relorch's pages use."""

import marimo

app = marimo.App(width="full")

with app.setup:
    import altair as alt
    import marimo as mo
    import polars as pl


@app.cell
def frame():
    customers = pl.DataFrame({"customer": [f"c{i}" for i in range(30)], "open": list(range(30))})
    return (customers,)


@app.cell
def chart(customers):
    alt.Chart(customers).mark_bar().encode(x="customer", y="open")
    return


@app.cell
def table(customers):
    mo.ui.table(customers, page_size=5)
    return


@app.cell
def form():
    code = mo.ui.code_editor("select 1", language="sql")
    upload = mo.ui.file(label="upload")
    pick = mo.ui.dropdown(["a", "b"], label="pick")
    mo.vstack([code, upload, pick, mo.download(b"made before", filename="sheet.txt", label="save")])
    return code, pick, upload


@app.cell
def answer(pick, upload):
    mo.plain_text(f"picked {pick.value} uploaded {[file.contents for file in upload.value]}")
    return


@app.cell
def preview():
    mo.Html("<iframe id='preview' sandbox srcdoc='<style>p{color:red}</style><p>signed off</p>'></iframe>")
    return


if __name__ == "__main__":
    app.run()
