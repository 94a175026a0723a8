"""The anywidgets of plain ES modules: each a class, NAME.js (with NAME_*.js) and NAME.css."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def module(name: str) -> str:
    """Give a widget's ES module: what all widgets share, then NAME.js and every NAME_*.js in sorted order."""
    parts = [_HERE / "common.js", _HERE / f"{name}.js", *sorted(_HERE.glob(f"{name}_*.js"))]
    return "".join(part.read_text(encoding="utf-8") for part in parts)


def style(name: str) -> str:
    """Give a widget's style sheet."""
    return (_HERE / f"{name}.css").read_text(encoding="utf-8")
