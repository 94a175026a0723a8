"""`relorch serve`: the workbook, the pages and the guard put together."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import relorch
from relorch.serve.app import build_app
from relorch.serve.server import new_token, serve
from relorch.ui.page import PAGES
from relorch.ui.session import serve_pages_with
from relorch.workbook import Workbook


def notebooks_folder() -> Path:
    """Give the folder of the pages: that of an installed wheel, else of the source checkout."""
    package = Path(relorch.__file__).parent
    shipped = package / "_shipped" / "notebooks"
    return shipped if shipped.is_dir() else package.parent / "notebooks"


def serve_workbook(
    workbook: Workbook, *, host: str, port: int | None, browser: bool, on_address: Callable[[str], None]
) -> None:
    """Serve the pages of `workbook` until the process is told to stop.

    `on_address` gets the whole address with its token, once requests are answered.
    """
    serve_pages_with(workbook)
    token = new_token()
    folder = notebooks_folder()
    app = build_app({page: folder / f"{page}.py" for page in PAGES})

    def ready(address: str) -> None:
        whole = f"{address}?token={token}"
        on_address(whole)
        if browser:  # in a thread: the server only takes Ctrl+C when this has returned
            threading.Thread(target=webbrowser.open, args=(whole,), daemon=True).start()

    serve(app, host=host, port=port, operators={token: workbook.operator}, on_ready=ready)
