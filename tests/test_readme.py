"""README cannot drift: its Python runs, its commands exist, its set-up commands are the ones that CI runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_example_runs_as_written(tmp_path: Path) -> None:
    example, _ = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == "helm upgrade app charts/app --version 4.2.0 -n acme-prod\n100\n"


def test_the_analysis_in_five_lines_runs_as_written(tmp_path: Path) -> None:
    example, analysis = blocks("python")
    assert len([line for line in analysis.splitlines() if line]) == 5
    done = subprocess.run([sys.executable, "-c", example + analysis], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    told = [line for line in done.stdout.splitlines() if line.startswith("│")]
    assert [re.findall(r"[\w.]+", line) for line in told if "done" in line] == [
        ["Upgrade", "done", "1"],
        ["step.mark_done", "1"],
    ]


def test_there_are_exactly_two_set_up_commands() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && .venv/bin/pip install ") for command in commands)


def test_the_picture_is_there() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file()
