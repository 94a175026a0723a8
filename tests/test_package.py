"""The package as a whole: what an import costs, what it says about itself, and which way its imports point."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import relorch

PACKAGE = Path(relorch.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if not {"migrations", "_shipped"} & set(path.parts))
HEAVY = ["marimo", "duckdb", "altair", "fastapi", "polars", "typer", "starlette", "uvicorn", "anywidget", "alembic"]


def imported(code: str) -> set[str]:
    """Run some code in a new process and give the top-level packages it has loaded in the end."""
    tell = "\nimport sys; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + tell], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_importing_relorch_loads_nothing_heavy() -> None:
    assert imported("import relorch") & set(HEAVY) == set()


def test_the_check_of_imports_sees_what_is_loaded() -> None:
    assert imported("import typer") & set(HEAVY) == {"typer"}


def described(path: Path) -> Iterator[tuple[str, bool]]:
    """Every public name of a module with whether it has a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = str(path.relative_to(ROOT))
    yield module, ast.get_docstring(tree) is not None
    yield from _described(tree, module)


def _described(parent: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[str, bool]]:
    for node in parent.body:
        if isinstance(node, ast.If | ast.Try):
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list):
            continue
        yield f"{name}:{node.name}", ast.get_docstring(node) is not None
        if isinstance(node, ast.ClassDef):
            yield from _described(node, f"{name}:{node.name}")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_everything_public_says_what_it_is(path: Path) -> None:
    assert [name for name, has_docstring in described(path) if not has_docstring] == []


def test_the_walk_finds_modules_classes_and_methods() -> None:
    names = {name for path in MODULES for name, _ in described(path)}
    assert {
        "relorch/errors.py",
        "relorch/errors.py:Conflict",
        "relorch/workbook/steps.py:Steps:mark_done",
        "relorch/store/rows.py:fetch",
    } <= names
    assert len(names) > 200


def test_imports_point_down_only() -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", checked.stdout), checked.stdout


def test_every_dependency_says_what_it_is_for() -> None:
    written = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(written)["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    explained = re.findall(r'^\s*"([^"]+)",?\s+#\s*\w+.*\s\w+', written, flags=re.MULTILINE)
    assert [name for name in wanted if name not in explained] == []
    assert len(wanted) > 15


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", relorch.__version__)
    assert set(relorch.__all__) == {"Workbook", "__version__", "open_workbook"}
