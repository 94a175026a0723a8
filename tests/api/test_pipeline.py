"""A pipeline ticks a step: the real `relorch serve`, a token of its own, and nothing but HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from relorch import Workbook
from relorch.serve.server import new_token
from tests.conftest import Build


@contextmanager
def served(wb: Workbook, folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """Give the address of a server on the workbook, without its token."""
    command = [sys.executable, "-m", "relorch", "serve", "--db", wb.path, "--operator", "ana", "--no-browser"]
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    process = subprocess.Popen(
        [*command, "--port", "0", *options], cwd=folder, env=known, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().partition("?")[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def test_a_pipeline_ticks_a_step_with_its_token(wb: Workbook, build: Build, tmp_path: Path) -> None:
    step = build.step(content="echo ${{ namespace }}")
    pipeline, ben = new_token(), new_token()
    file = tmp_path / "tokens"
    file.touch(0o600)
    file.write_text(f"ben {ben}\n")
    with served(wb, tmp_path, "--tokens", str(file), RELORCH_TOKEN=pipeline) as address:
        api = f"{address}api"
        bearer = {"authorization": f"Bearer {pipeline}"}
        text = httpx.get(f"{api}/steps/{step.id}/detail", headers=bearer).json()
        said = {"expectedVersion": text["step"]["rowVersion"], "textSha256": text["textSha256"], "notes": "run 17"}
        done = httpx.post(f"{api}/steps/{step.id}/done", headers=bearer, json=said)
        again = httpx.post(f"{api}/steps/{step.id}/done", headers={"authorization": f"Bearer {ben}"}, json=said)
        wrong = httpx.get(f"{api}/health", headers={"authorization": f"Bearer {new_token()}"})
    assert (done.status_code, done.json()["steps"][0]["executedBy"]) == (200, "ana")
    assert (again.status_code, again.json()["who"]) == (409, "ana")
    assert (wrong.status_code, wrong.headers["content-type"]) == (401, "application/problem+json")
    assert wb.steps.get(step.id).notes == "run 17"


@pytest.mark.parametrize("name", ["RELORCH_TOKEN", "--tokens"])
def test_a_token_that_can_be_guessed_does_not_start_a_server(wb: Workbook, tmp_path: Path, name: str) -> None:
    file = tmp_path / "tokens"
    file.touch(0o600)
    file.write_text("ben hunter2-hunter2\n")
    options, environment = (["--tokens", str(file)], {}) if name == "--tokens" else ([], {name: "hunter2-hunter2"})
    done = subprocess.run(
        [sys.executable, "-m", "relorch", "serve", "--db", wb.path, "--no-browser", *options],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert "can be guessed" in " ".join(done.stderr.split())
    assert "hunter2" not in done.stderr
