"""Generated values as the workbook stores them: whatever a name, a text or a content may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from relorch.errors import InvalidValue
from relorch.model import text

_CONTROL = "".join(map(chr, [*range(9), *range(11), *range(11, 32), *range(127, 160)]))
_ANY = st.characters(exclude_categories=["Cs"], exclude_characters=_CONTROL.replace("\t", "").replace("\n", ""))
_SIGNS = st.text("#*_`~'\"[]()<>!\\&;|{}$%^ \t\n-=+@1.,ab:é\u200f\u05d0\u0645😀👩‍👩‍👧\u2028\ufeff", max_size=50)
_NAMES = ["=1+1", "+1", "'=1", "''", "1. x", "- a", "# b #", "**b**", "`x`", "&amp;", "<b>", "[a]: b", "2026.11", "yes", "~", "null", "Deploy", "Verify", "a  b", "\\", "a, b", 'a "b"', "a;b", "אבג", "🚀 x", "＝1"]  # fmt: skip
_BLOCKS = ["# h", "a\n---", "```bash\nx\n```", "~~~\nunclosed", "<script>", "<!-- x", "- a\n  ```sql\n  x\n  ```", "    code", "\tx", "---", "[a]: /b", "<!-- relorch: {} -->", "a\n\n\n  b  \n\tc \n", " \n \n  x", "|\n>", "* * * * * * x", "{{ .a }} ${B} ${#c} $((1))"]  # fmt: skip


def _stored(check: Callable[[Any], Any]) -> Callable[[str], Any]:
    """Give a text as it is stored; None for one that is refused."""

    def stored(value: str) -> Any:
        try:
            return check(value)
        except InvalidValue:
            return None

    return stored


def names() -> st.SearchStrategy[str]:
    lines = st.one_of(st.text(_ANY, max_size=40), _SIGNS, st.sampled_from(_NAMES))
    return lines.map(_stored(lambda value: text.line("name", value))).filter(bool)


def blocks() -> st.SearchStrategy[str]:
    texts = st.one_of(st.text(_ANY, max_size=60), _SIGNS, st.sampled_from([*_BLOCKS, *_NAMES, ""]))
    return texts.map(_stored(lambda value: text.block("text", value))).filter(lambda value: value is not None)


def descriptions() -> st.SearchStrategy[str | None]:
    return st.none() | blocks().map(_stored(lambda value: text.optional_block("description", value)))


def contents() -> st.SearchStrategy[str]:
    return blocks().map(_stored(text.content)).filter(bool)


def metadata() -> st.SearchStrategy[dict[str, str]]:
    keys = st.sampled_from(["plan", "db_host", "Name", "active", "cluster", "_x", "a-b"])
    return st.dictionaries(keys, blocks(), max_size=3)


def steps() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "category": st.sampled_from(["deploy", "verify"]),
            "name": names(),
            "type": st.sampled_from(["bash", "sql", "text"]),
            "content": contents(),
            "description": descriptions(),
            "required": st.booleans(),
        }
    )
    return st.lists(one, max_size=4).map(lambda found: sorted(found, key=lambda step: step["category"]))
