"""A real `relorch serve --sample` in a process of its own, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from relorch import Workbook, open_workbook
from relorch.workbook.sample import make_sample


@dataclass
class Serving:
    """A running server: `address` carries the token, `origin` does not."""

    process: subprocess.Popen[str]
    address: str
    folder: Path
    database: Path

    @property
    def origin(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def open(self, operator: str = "checker") -> Workbook:
        """The served database, opened from this process too."""
        return open_workbook(str(self.database), operator=operator, create=False)


@dataclass
class Tab:
    """A page of a signed-in browser, with all that it complained about; at first it is where the address leads to."""

    blank: Any
    address: str
    origin: str
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    is_blank: bool = True

    @property
    def page(self) -> Any:
        if self.is_blank:
            self.is_blank = False
            self.blank.goto(self.address)
        return self.blank

    def goto(self, path: str) -> Any:
        if self.is_blank:  # signed in without drawing the page that is left at once
            self.is_blank = False
            assert self.blank.request.get(self.address).ok
        self.blank.goto(f"{self.origin}{path}")
        return self.blank


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


_PORT = _free_port()
"""One after the other the servers of a run have the same address, so that the browser loads marimo's files once."""


def _port() -> int:
    with socket.socket() as knock:
        return 0 if knock.connect_ex(("127.0.0.1", _PORT)) == 0 else _PORT


def start_serving(folder: Path, *options: str) -> Serving:
    """Run `relorch serve` in `folder` and wait for its address."""
    command = [sys.executable, "-m", "relorch", "serve", "--no-browser", "--port", str(_port()), *options]
    environment = {**os.environ, "RELORCH_OPERATOR": "ana"}
    environment.pop("DATABASE_URL", None)
    log = (folder / "serve.log").open("w")
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), (folder / "serve.log").read_text()
    name = "sample.db" if "--sample" in options else "app.db"
    return Serving(process, address, folder, folder / "data" / name)


PAGES = (
    ("/dashboard", "h1"),
    ("/inventory", "h1"),
    ("/inventory?customer={customer}", "h1"),
    ("/releases", "h1"),
    ("/releases?release={release}", "h1"),
    ("/steps?release={release}&template={template}", "h1"),
    ("/matrix?release={release}&step={step}", "[role=grid]"),
    ("/checklist?release={release}&step={step}", "[role=listbox]"),
    ("/checklist?release={release}&template={template}", "[role=listbox]"),
    ("/checklist?release={draft}", "h1"),
    ("/progress?release={release}", "h2"),
    ("/analysis?q=FROM%20customers", "table"),
    ("/report?release={release}", "iframe"),
)
"""Every page on the sample, with what is on it when it is there; see `address_of`."""


@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, played once; copy it before use."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    make_sample(path)
    return path


@pytest.fixture
def serving(sample_database: Path, tmp_path: Path) -> Iterator[Serving]:
    """A server on a fresh copy of the sample."""
    (tmp_path / "data").mkdir()
    shutil.copy(sample_database, tmp_path / "data" / "sample.db")  # nobody has that file open now
    yield from _until_the_end(start_serving(tmp_path, "--sample"))


@pytest.fixture
def serving_empty(tmp_path: Path) -> Iterator[Serving]:
    """A server on the empty workbook it makes for itself."""
    yield from _until_the_end(start_serving(tmp_path))


@pytest.fixture(scope="module")
def sample(sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server on the sample for tests that only look."""
    folder = tmp_path_factory.mktemp("looked-at")
    (folder / "data").mkdir()
    shutil.copy(sample_database, folder / "data" / "sample.db")
    yield from _until_the_end(start_serving(folder, "--sample"))


def address_of(sample: Serving, path: str) -> str:
    """Give a path of `PAGES` with the ids of the sample."""
    with sample.open() as wb:
        releases = wb.releases.list()
        release, draft = (next(each for each in releases if each.status == one) for one in ("active", "draft"))
        step = wb.steps.next(release.id)
        assert step is not None
    return path.format(
        release=release.id, draft=draft.id, step=step.id, customer=step.customer_id, template=step.template_id
    )


def _until_the_end(server: Serving) -> Iterator[Serving]:
    yield server
    server.process.terminate()
    server.process.wait(15)


def _context(chromium: Any, **options: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


@pytest.fixture(scope="session")
def first_context(chromium: Any) -> Iterator[Any]:
    """What the first tab of each test is opened in: it keeps marimo's files, and no cookie."""
    context = _context(chromium)
    yield context
    context.close()


@pytest.fixture
def tab(chromium: Any, first_context: Any) -> Iterator[Callable[..., Tab]]:
    """Open signed-in tabs, each in a browser context of its own."""
    contexts: list[Any] = []

    def context_of(options: dict[str, Any]) -> Any:
        if first_context.pages or options.keys() - {"color_scheme"}:
            contexts.append(_context(chromium, **options))
            return contexts[-1]
        return first_context

    def tab(server: Serving, **options: Any) -> Tab:
        blank = context_of(options).new_page()
        opened = Tab(blank, server.address, server.origin)
        blank.emulate_media(color_scheme=options.get("color_scheme", "light"))
        blank.on("console", lambda said: _note(opened, said))
        blank.on("pageerror", lambda error: opened.console.append(str(error)))
        blank.on("request", lambda request: _watch(opened, request.url))
        return opened

    yield tab
    for context in contexts:
        context.close()
    for page in first_context.pages:
        page.close()
    first_context.clear_cookies()


def _note(opened: Tab, said: Any) -> None:
    if said.type in ("error", "warning"):
        opened.console.append(f"{said.type}: {said.text}")


def _watch(opened: Tab, url: str) -> None:
    if not url.startswith((opened.origin, "data:", "blob:")):
        opened.outside.append(url)
