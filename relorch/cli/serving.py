"""`relorch serve`: the workbook, the pages and the guard put together."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from markupsafe import escape

import relorch
from relorch.serve.api import build_api
from relorch.serve.app import build_app
from relorch.serve.server import new_token, serve
from relorch.serve.tokens import operators_by_token
from relorch.ui.page import PAGES, controls_style
from relorch.ui.session import serve_pages_with
from relorch.workbook import Workbook


def notebooks_folder() -> Path:
    """Give the folder of the pages: that of an installed wheel, else of the source checkout."""
    package = Path(relorch.__file__).parent
    shipped = package / "_shipped" / "notebooks"
    return shipped if shipped.is_dir() else package.parent / "notebooks"


def serve_workbook(
    workbook: Workbook,
    *,
    host: str,
    port: int | None,
    browser: bool,
    on_address: Callable[[str], None],
    tokens: Path | None = None,
) -> None:
    """Serve the pages and the API of `workbook` until the process is told to stop.

    `on_address` gets the whole address with its token, once requests are answered. Programs sign in with
    RELORCH_TOKEN of the environment, or by the file `tokens`; see `relorch.serve.tokens`.
    """
    known = operators_by_token(os.environ, workbook.operator, tokens)
    serve_pages_with(workbook)
    token = new_token()
    folder = notebooks_folder()
    pages = {page: folder / f"{page}.py" for page in PAGES}
    app = build_app(pages, api=build_api(workbook), head=controls_style())

    with ExitStack() as leftovers:

        def ready(address: str) -> None:
            whole = f"{address}?token={token}"
            on_address(whole)
            if browser:  # in a thread: the server only takes Ctrl+C when this has returned
                page = leftovers.enter_context(_leading_to(whole, Path(workbook.path).parent))
                threading.Thread(target=webbrowser.open, args=(page.as_uri(),), daemon=True).start()

        _stop_when_hung_up()
        serve(app, host=host, port=port, operators=known | {token: workbook.operator}, on_ready=ready)


def _stop_when_hung_up() -> None:
    """Let a terminal that was closed stop the server as SIGTERM does, unless it was started to outlive it."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))


@contextmanager
def _leading_to(address: str, folder: Path) -> Iterator[Path]:
    """Give a page, readable by its owner only, that leads to `address`.

    The address holds the token, and what a browser is started with can be read by everybody on the machine.
    """
    page = folder / f".open-{secrets.token_hex(8)}.html"
    with open(os.open(page, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(address)}">\n')
    try:
        yield page
    finally:
        page.unlink(missing_ok=True)
