"""What every test may ask for: a workbook in a new file, and one builder per noun."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from relorch import Workbook, open_workbook
from relorch.model.values import Cluster, Customer, CustomerStep, Release, StepTemplate

T = TypeVar("T")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/workbook.db"


@pytest.fixture
def wb(url: str) -> Iterator[Workbook]:
    with open_workbook(url, operator="ana") as workbook:
        yield workbook


def to_the_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own thread: Playwright, once started, keeps one running in the test's thread."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, coroutine).result()


@dataclass
class Build:
    """Builders that fill in what a test does not care about."""

    wb: Workbook
    numbers: count[int] = field(default_factory=lambda: count(1))

    def cluster(self, **fields: Any) -> Cluster:
        number = next(self.numbers)
        return self.wb.clusters.create(**{"name": f"cluster-{number}", "kubeconfig_path": "~/.kube/config"} | fields)

    def customer(self, cluster: Cluster | None = None, **fields: Any) -> Customer:
        number = next(self.numbers)
        cluster_id = (cluster or self.cluster()).id
        defaults = {"namespace": f"customer-{number}", "name": f"Customer {number}"}
        return self.wb.customers.create(cluster_id=cluster_id, **defaults | fields)

    def release(self, **fields: Any) -> Release:
        number = next(self.numbers)
        return self.wb.releases.create(**{"name": f"release-{number}", "type": "release"} | fields)

    def template(self, release: Release, **fields: Any) -> StepTemplate:
        defaults = {"name": f"step {next(self.numbers)}", "category": "deploy", "type": "bash", "content": "true"}
        return self.wb.templates.add(release.id, **defaults | fields)

    def active(self, *, customers: int = 1, steps: int = 1, **template: Any) -> Release:
        """An active release whose customers share one cluster."""
        release = self.release()
        cluster = self.cluster()
        for _ in range(steps):
            self.template(release, **template)
        ids = [self.customer(cluster).id for _ in range(customers)]
        return self.wb.releases.activate(release.id, customer_ids=ids)

    def step(self, **template: Any) -> CustomerStep:
        """The one pending step of the one customer of an active release."""
        return self.steps_of(self.active(**template))[0]

    def steps_of(self, release: Release) -> list[CustomerStep]:
        """All steps of a release, customer by customer."""
        members = self.wb.releases.members(release.id)
        return [step for member in members for step in self.wb.steps.list(release.id, member.customer_id)]


@pytest.fixture
def build(wb: Workbook) -> Build:
    return Build(wb)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's browser, for which `evil.example` is this machine. Skips without it, unless it is required."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("RELORCH_REQUIRE_BROWSER") == "1":
        pytest.fail("RELORCH_REQUIRE_BROWSER=1, but there is no chromium on the path")
    if path is None:
        pytest.skip("there is no chromium on the path")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        browser = driver.chromium.launch(executable_path=path, args=[*quiet, rules])
        yield browser
        browser.close()
