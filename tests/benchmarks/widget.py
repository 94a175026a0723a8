"""The figures of the matrix in the browser: against AG Grid Community on the same data, and against a bare echo.

Run it by hand: `python -m tests.benchmarks.widget [customers] [steps]`; it takes AG Grid from the npm registry into a
temporary folder. Both are drawn in the same Chromium, turn by turn, from data that is there already. Nothing in here is
a test, because one run on a busy machine proves nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from relorch import open_workbook
from relorch.model.values import Release
from relorch.ui.widgets.matrix import MatrixWidget
from relorch.workbook import Workbook
from tests.benchmarks.figures import filled

GRID = "ag-grid-community@36"
TURNS, FRAMES, PRESSES = 5, 80, 200
CONTENT = "kubectl -n ${{ namespace }} rollout status deploy/app\n" * 8

MEASURE = """
const frame = () => new Promise((go) => requestAnimationFrame(go));
const nodes = (root) => [...root.querySelectorAll("*")].reduce((sum, node) => sum + 1 + (node.shadowRoot ? nodes(node.shadowRoot) : 0), 0);
/** Milliseconds from here until what `draw` puts there was painted. */
async function firstPaint(draw, there) {
  const begun = performance.now();
  draw();
  while (!there()) await frame();
  await frame();
  await new Promise((go) => setTimeout(go));
  return performance.now() - begun;
}
/** Milliseconds of each frame while `view` scrolls both ways. */
async function scrolled(view, frames) {
  const taken = [];
  let last = await frame();
  for (let at = 0; at < frames; at++) {
    view().scrollLeft += 700;
    view().scrollTop += 60;
    const now = await frame();
    taken.push(now - last);
    last = now;
  }
  return taken;
}
async function measured(draw, there, view, root) {
  const paint = await firstPaint(draw, there);
  await new Promise((go) => setTimeout(go, 500));
  const frames = await scrolled(view, FRAMES);
  return { paint, frames, nodes: nodes(root()) };
}
"""

OURS = """<!doctype html><meta charset="utf-8"><style>THEME</style><body style="margin:0"><div id="here"></div><script type="module">
MEASURE
import widget from "./matrix.js";
const head = await (await fetch("head.json")).json(), cells = new DataView(await (await fetch("cells.bin")).arrayBuffer());
const css = await (await fetch("matrix.css")).text();
const traits = { head, cells, channel: "benchmark", selected: 0 };
const model = { get: (name) => traits[name], set: (name, value) => { traits[name] = value; }, save_changes() {}, on() {}, off() {}, send() {} };
const shadow = document.getElementById("here").attachShadow({ mode: "open" });
const style = document.createElement("style"); style.textContent = css; shadow.append(style);
window.measure = () => measured(() => widget.render({ model, el: shadow }), () => shadow.querySelector(".ro-cell"),
  () => shadow.querySelector('[role="grid"]'), () => shadow);
</script>"""

THEIRS = """<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="here" style="height:860px"></div>
<script src="ag-grid.js"></script><script type="module">
MEASURE
const { names, rows } = await (await fetch("rows.json")).json();
const options = {
  rowData: rows, rowHeight: 30,
  columnDefs: [{ field: "step", pinned: "left", width: 260 }, ...names.map((name, at) => ({ field: "c" + at, headerName: name, width: 38 }))],
};
const here = document.getElementById("here");
window.measure = () => measured(() => agGrid.createGrid(here, options), () => here.querySelector('.ag-cell[col-id="c0"]'),
  () => here.querySelector('.ag-grid-viewport'),
  () => here);
</script>"""

ECHO = '''
import marimo
app = marimo.App()

@app.cell
def _():
    import anywidget
    import marimo as mo

    class Echo(anywidget.AnyWidget):
        _esm = """export default { render({ model, el }) {
          window.echo = () => new Promise((told) => {
            const begun = performance.now();
            const heard = () => { model.off("msg:custom", heard); told(performance.now() - begun); };
            model.on("msg:custom", heard); model.send({});
          });
        } }"""

    echo = Echo()
    echo.on_msg(lambda widget, content, _: widget.send(content))
    mo.ui.anywidget(echo)
    return
'''

PRESS = """async (key) => {
  const deep = (root) => [...root.querySelectorAll("*")].filter((node) => node.shadowRoot).map((node) => node.shadowRoot);
  const find = (root) => root.querySelector('[role="grid"]') ?? deep(root).map(find).find(Boolean);
  const grid = find(document), selected = () => grid.querySelector('[role="gridcell"][aria-selected="true"]');
  const press = (key) => (selected() ?? grid).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
  const begun = performance.now();
  press(key); press("d");
  while (!/: done/.test(selected()?.ariaLabel ?? "")) {
    if (performance.now() - begun > 20000) throw Error("not stored: " + selected()?.ariaLabel);
    await new Promise((go) => setTimeout(go, 1));
  }
  return performance.now() - begun;
}"""


def laid_out(folder: Path, wb: Workbook, release: Release) -> None:
    """The files of both pages."""
    widget = MatrixWidget(wb, release, channel="benchmark")
    theme = (Path(sys.modules[MatrixWidget.__module__].__file__ or "").parents[1] / "theme.css").read_text()
    (folder / "matrix.js").write_text(str(widget._esm))
    (folder / "matrix.css").write_text(str(widget._css))
    (folder / "head.json").write_text(json.dumps(widget.head))
    (folder / "cells.bin").write_bytes(widget.cells)
    matrix = wb.matrix(release.id)
    rows = [
        {"step": row.name} | {f"c{at}": _status(matrix.cell(number, at)) for at in range(len(matrix.customers))}
        for number, row in enumerate(matrix.rows)
    ]
    (folder / "rows.json").write_text(json.dumps({"names": [each.name for each in matrix.customers], "rows": rows}))
    measure = MEASURE.replace("FRAMES", str(FRAMES))
    (folder / "ours.html").write_text(OURS.replace("MEASURE", measure).replace("THEME", theme))
    (folder / "theirs.html").write_text(THEIRS.replace("MEASURE", measure))
    command = ["npm", "install", GRID, "--prefix", str(folder), "--no-save", "--no-package-lock", "--ignore-scripts"]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copy(folder / "node_modules/ag-grid-community/dist/ag-grid-community.min.js", folder / "ag-grid.js")


def _status(cell: Any) -> str:
    return "" if cell is None else str(cell.status)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder's files; gives the address."""
    handler = partial(type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None}), directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def started(folder: Path, *command: str) -> Iterator[str]:
    """Start a server that prints its address; gives that."""
    environment = os.environ | {"RELORCH_OPERATOR": "ana"}
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait(20)


def drawn(browser: Any, address: str) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(address)
    page.wait_for_function("window.measure")
    page.wait_for_timeout(300)
    found: dict[str, Any] = page.evaluate("measure()")
    page.close()
    return found


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def compared(browser: Any, address: str) -> None:
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(TURNS):
        ours.append(drawn(browser, f"{address}/ours.html"))
        theirs.append(drawn(browser, f"{address}/theirs.html"))
    paint, their_paint = (statistics.median(each["paint"] for each in every) for every in (ours, theirs))
    scroll, their_scroll = (p95([each for one in every for each in one["frames"]]) for every in (ours, theirs))
    print(f"first paint    {paint:6.0f} ms, AG Grid {their_paint:6.0f} ms: {paint / their_paint:4.2f} × (bound 0.3)")
    print(
        f"scroll, p95    {scroll:6.0f} ms, AG Grid {their_scroll:6.0f} ms: {scroll / their_scroll:4.2f} × (bound 0.3)"
    )
    print(f"DOM nodes      {ours[-1]['nodes']:6}   , AG Grid {theirs[-1]['nodes']:6}             (bound 3,000)")


def pressed(browser: Any, address: str, step: int, echo: str, steps: int) -> None:
    bare = browser.new_page()
    bare.goto(echo)
    bare.wait_for_function("window.echo", timeout=60_000)
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(address)
    page.goto(f"{address.split('/?')[0]}/matrix?step={step}")
    page.get_by_role("gridcell", selected=True).wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    page.get_by_role("gridcell", selected=True).click()
    taken, echoed = [], []
    for at in range(PRESSES):
        along = "ArrowRight" if at % (steps - 1) == steps - 2 else ("ArrowDown", "ArrowUp")[at // (steps - 1) % 2]
        taken.append(page.evaluate(PRESS, along))
        echoed.append(bare.evaluate("echo()"))
    print(
        f"arrow and verb {statistics.median(taken):6.0f} ms, {p95(taken):.0f} ms at p95, a bare echo {p95(echoed):6.0f} ms        (bound: echo + 60)"
    )


def main(customers: int = 2_000, steps: int = 100) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        with open_workbook(str(folder / "data" / "app.db"), operator="ana") as wb:
            draft, ids, _ = filled(wb, customers, steps)
            release = wb.releases.activate(draft.id, customer_ids=ids)
            first = wb.matrix(release.id).cell(0, 0)
            laid_out(folder, wb, release)
        (folder / "echo.py").write_text(ECHO)
        echoing = ("marimo", "run", "echo.py", "--headless", "--no-token", "--port", "0")
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
            with served(folder) as address:
                compared(browser, address)
            serving = ("relorch", "serve", "--no-browser", "--port", "0")
            with started(folder, *serving) as address, started(folder, *echoing) as echo:
                pressed(browser, address, first.id if first else 0, echo, steps)
            browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
