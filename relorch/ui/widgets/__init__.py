"""The two anywidgets of plain ES modules: the matrix, and the step beside it."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def module(name: str) -> str:
    """Give a widget's ES module with what all widgets share in front of it."""
    return (_HERE / "common.js").read_text(encoding="utf-8") + (_HERE / f"{name}.js").read_text(encoding="utf-8")


def style(name: str) -> str:
    """Give a widget's style sheet."""
    return (_HERE / f"{name}.css").read_text(encoding="utf-8")
