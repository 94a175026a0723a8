"""What the tests of the API share: a workbook with something of everything, and a client before the real guard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from relorch import Workbook, open_workbook
from relorch.serve.api import build_api
from relorch.serve.guard import Guard
from tests.conftest import Build, to_the_end

HOST = "relorch.test"
TOKENS = {"t-ana": "ana", "t-ben": "ben"}
COOKIE = "relorch_8123"

Ask = Callable[..., httpx.Response]


def behind_the_guard(workbook: Workbook) -> Guard:
    """The API as it is served, without the pages beside it."""
    return Guard(build_api(workbook), hosts=frozenset({HOST}), operators=TOKENS, cookie=COOKIE)


def asking(app: Any, token: str | None = "t-ana") -> Ask:
    """Give a way to ask an app; what it lets out as an exception becomes the answer that a server would give."""

    async def asked(method: str, path: str, headers: dict[str, str], rest: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers=headers, **rest)

    def ask(method: str, path: str, /, *, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        usual = {} if token is None else {"authorization": f"Bearer {token}"}
        return to_the_end(asked(method, f"/api{path}", usual | (headers or {}), rest))

    return ask


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workbook that nobody has open; making one takes its time, a copy does not."""
    path = tmp_path_factory.mktemp("blank") / "workbook.db"
    open_workbook(str(path), operator="nobody").close()
    return path


@pytest.fixture
def url(blank: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(blank, tmp_path / 'workbook.db')}"


@pytest.fixture
def app(wb: Workbook) -> Guard:
    return behind_the_guard(wb)


@pytest.fixture
def ask(app: Guard) -> Ask:
    """Ask as ana."""
    return asking(app)


@pytest.fixture
def ask_as_ben(app: Guard) -> Ask:
    return asking(app, "t-ben")


def fill(workbook: Workbook) -> None:
    """Something of everything: ids from 1 on, releases in every status, steps in most."""
    build = Build(workbook)
    first, second = build.cluster(metadata={"zone": "a"}), build.cluster()
    workbook.clusters.deactivate(build.cluster().id)
    members = [build.customer(first).id, build.customer(first).id, build.customer(second).id]
    workbook.customers.deactivate(build.customer(first).id)
    for _ in range(2):
        release = build.release()
        for category in ("deploy", "deploy", "verify"):
            build.template(release, category=category, content="echo ${{ namespace }} ${{ vars.zone | sh }}")
        workbook.releases.activate(release.id, customer_ids=members)
    workbook.releases.archive(release.id)
    build.template(build.release())
    steps = workbook.steps.list(1, members[0])
    workbook.steps.start(steps[0].id)
    workbook.steps.mark_done(steps[1].id)
    workbook.steps.override(steps[2].id, "echo own")
    workbook.steps.add_custom(1, members[0], name="own", category="deploy", type="bash", content="true")
    workbook.releases.hold(1, [members[1]], reason="not now")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbook]:
    """One workbook for the many requests of a module."""
    path: Path = tmp_path_factory.mktemp("api") / "workbook.db"
    with open_workbook(str(path), operator="ana") as workbook:
        fill(workbook)
        yield workbook
