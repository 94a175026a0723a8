"""The command line in this process: what it prints on either side, and the code it leaves with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from relorch.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Run = Callable[..., Ran]


@pytest.fixture
def elsewhere(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command whose database, if any, is among its words."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("RELORCH_OPERATOR", "ana")

    def run(*words: object) -> Ran:
        capfd.readouterr()
        try:
            main([str(word) for word in words])
            code: object = 0
        except SystemExit as left:
            code = left.code or 0
        printed = capfd.readouterr()
        assert isinstance(code, int)
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def relorch(elsewhere: Run, url: str) -> Run:
    """Run a command on the test's workbook, as ana."""

    def run(*words: object) -> Ran:
        return elsewhere(*words, "--db", url)

    return run
