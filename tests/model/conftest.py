"""What the tests of the model share: one customer's values, and a real shell in an empty folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from relorch.model.placeholders import Scope, scope

settings.register_profile("relorch", deadline=None)  # a busy machine is no wrong answer
settings.load_profile("relorch")

BASH = shutil.which("bash") or "/bin/bash"
ScopeOf = Callable[..., Scope]
Shell = Callable[[str], bytes]


@pytest.fixture(scope="session")
def scope_of() -> ScopeOf:
    """The values of the customer acme; what a test gives becomes its metadata."""

    def make(metadata: Mapping[str, str] | None = None, **names: str | None) -> Scope:
        plain = {
            "customer_name": "Acme & Söhne",
            "namespace": "acme-prod",
            "cluster_name": "eu-1",
            "kubeconfig_path": "~/.kube/eu-1",
            "release_name": "2026.11",
            "release_version": "4.2.0",
        }
        return scope(
            **{**plain, **names},  # type: ignore[arg-type]
            customer_metadata=metadata or {},
            cluster_metadata={},
            release_metadata={},
        )

    return make


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose name itself has to be quoted."""
    path = tmp_path_factory.mktemp("homes") / "o'brien $x *"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Shell:
    """Run a text in bash and give what it prints; whatever it writes to disk fails the test.

    There is no program on its PATH, so that only builtins run, whatever a value smuggles in.
    """
    folder = tmp_path_factory.mktemp("shell")
    environment = {"HOME": str(home), "PATH": "/nonexistent", "LC_ALL": "C.UTF-8"}

    def run(text: str) -> bytes:
        done = subprocess.run(
            [BASH, "--norc", "--noprofile", "-c", text],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        written = [path.name for path in folder.iterdir()]
        for name in written:
            (folder / name).unlink()
        assert written == [], f"a value was run: {text!r}"
        return done.stdout

    return run
