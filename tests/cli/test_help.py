"""Every command has help, takes what every command takes, and stands in the README."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from relorch import __file__ as package
from relorch.cli import app
from tests.cli.conftest import Run

README = (Path(package).parents[1] / "README.md").read_text(encoding="utf-8")
HEAVY = {
    "marimo",
    "duckdb",
    "polars",
    "pyarrow",
    "fastapi",
    "starlette",
    "uvicorn",
    "altair",
    "sqlglot",
    "jinja2",
    "alembic",
}
PRINTS_NO_VALUES = {
    "serve",
    "export inventory",
    "export release",
    "export workbook",
    "report",
    "delete-draft",
    "delete-step",
}


def commands(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


EVERY = dict(commands(typer.main.get_command(app)))
DESIGNED = "serve status matrix next show start done skip fail revert reopen undo activate backup restore check sql"


def test_the_commands_that_were_promised_are_there() -> None:
    promised = [
        *DESIGNED.split(),
        "db upgrade",
        "import inventory",
        "import release",
        "export inventory",
        "export release",
    ]
    assert [name for name in promised if name not in EVERY] == []


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_command_is_in_the_readme_and_says_what_it_and_each_option_does(name: str) -> None:
    command = EVERY[name]
    assert f"`relorch {name}" in README
    assert len(command.help.split()) > 3
    assert [param.name for param in command.params if not getattr(param, "help", None) and param.name != "help"] == []


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_command_takes_the_database_and_the_operator_and_prints_json(name: str) -> None:
    options = {option for param in EVERY[name].params for option in param.opts}
    assert options >= {"--db", "--operator"}
    assert "--json" in options or name in PRINTS_NO_VALUES


def test_the_readme_names_no_command_that_is_not_there() -> None:
    rows = [line.split("`")[1] for line in README.splitlines() if line.startswith("| `relorch ")]
    assert [row for row in rows if not any(f"{row} ".startswith(f"relorch {name} ") for name in EVERY)] == []
    assert len(rows) == len(EVERY)


def test_help_names_every_command_and_wrong_words_leave_with_2(elsewhere: Run) -> None:
    helped = elsewhere("--help")
    assert helped.code == 0
    assert [name for name in EVERY if f"\n  {name.split()[0]} " not in helped.out] == []
    for words in (
        ["nonsense"],
        ["status", "--nonsense"],
        ["done", "--version", "x"],
        ["import"],
        ["status", "--by", "step"],
    ):
        wrong = elsewhere(*words)
        assert (wrong.code, wrong.out if words != ["import"] else "") == (2, "")


def test_looking_at_a_workbook_loads_nothing_heavy(url: str, build: Any) -> None:
    release = build.active()
    code = f"""
import sys
from relorch.cli import main
for words in ("status", "next -r {release.id}", "matrix -r {release.id}", "history", "done 1"):
    try:
        main([*words.split(), "--db", {url!r}])
    except SystemExit as left:
        assert not left.code, words
print(*{{name.partition(".")[0] for name in sys.modules}}, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert (loaded & HEAVY, "typer" in loaded) == (set(), True)
