from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings

from relorch.transfer.findings import Findings
from relorch.transfer.release_markdown import markdown_of, read_markdown
from tests.transfer.generated import steps

RUNBOOK = (Path(__file__).parent / "runbook.md").read_text(encoding="utf-8")


def read(text: str, file_name: str = "night.md") -> tuple[list[tuple[str, str, str, str]], list[str]]:
    findings = Findings()
    found = read_markdown(text, file_name, findings).steps
    said = [tuple(step.values[name] for name in ("category", "name", "type", "content")) for step in found]
    return said, [f"{finding.kind} {finding}" for finding in findings.by_line()]  # type: ignore[return-value]


LINKED = [
    {"category": "deploy", "name": "0", "type": "text", "content": "[A]:0", "description": None, "required": False},
    {"category": "deploy", "name": "[A]", "type": "bash", "content": "0", "description": None, "required": False},
]
"""A text step that defines a link, which the heading of another one would use."""


@settings(max_examples=150, deadline=None)
@given(steps())
@example(LINKED)
def test_every_step_comes_back(written: list[dict[str, Any]]) -> None:
    findings = Findings()
    back = read_markdown(markdown_of({"name": "Verify", "type": "release"}, written), "x.md", findings)
    assert findings.errors == []
    assert [{"description": None, "required": False, **step.values} for step in back.steps] == written


def test_a_runbook_keeps_the_bytes_of_each_block() -> None:
    found, told = read(RUNBOOK)
    pods = """kubectl get pods -o go-template='{{ range .items }}{{ .metadata.name }}{{ "\\n" }}{{ end }}'"""
    accounts = "Migrate the accounts table"
    assert found == [
        ("deploy", "Upgrade of the app", "text", "Read it **whole** before you begin.\n\n- one person runs, another one looks\n  - never both at once\n    1. nested as deep as this\n- the window is ${{ vars.window }}"),
        ("deploy", "Stop the workers", "bash", f"kubectl --namespace ${{{{ namespace }}}} scale deployment worker --replicas 0\n{pods}"),
        ("deploy", "Stop the workers (2)", "bash", "\tfor POD in ${PODS}; do   \n\t  printf '%s\\n' \"${POD}\" \"${#POD}\" \"$((1 + 1))\"\n\tdone"),
        ("deploy", accounts, "text", "1. Take the lock:"),
        ("deploy", f"{accounts} (2)", "sql", "SELECT pg_advisory_lock(42);\n\n  -- indented on purpose"),
        ("deploy", f"{accounts} (3)", "text", "2. Then change it:"),
        ("deploy", f"{accounts} (4)", "sql", "ALTER TABLE accounts ADD COLUMN note text; -- ``` stays"),
        ("deploy", f"{accounts} (5)", "text", "   It takes a minute."),
        ("deploy", f"{accounts} (6)", "bash", "$ psql -c 'SELECT 1'\n ?column?"),
        ("deploy", f"{accounts} (7)", "text", "no language: this is what you should see"),
        ("deploy", f"{accounts} (8)", "text", "```yaml\nreplicas: 2\n```"),
        ("verify", "Deploy", "bash", "curl -fsS https://${HOST}/health"),
        ("deploy", "Afterwards", "text", "Write to the customer."),
    ]  # fmt: skip
    assert [line.split(":")[0] for line in told] == [
        "warning line 46",
        "warning line 51",
        "warning line 70",
        "warning line 74",
    ]


@pytest.mark.parametrize(
    ("text", "steps", "told"),
    [
        ("```sql\nx\n```\n", [("deploy", "night", "sql", "x")], []),
        ("---\ntitle: a\n---\nx\n", [("deploy", "night", "text", "x")], []),
        ("---\nx\n---\n\n# a\n\ny\n", [("deploy", "a", "text", "y")], ["warning line 2: The heading 'x' has nothing below it, so it makes no step"]),
        ("\ufeff# a\r\n\r\n```sh\r\nx\r\ny\r\n```", [("deploy", "a", "bash", "x\ny")], []),
        ("# Verify\n\nlook\n", [("verify", "Verify", "text", "look")], []),
        ("# a\n\n```bash\n```\n", [], ["warning line 1: The heading 'a' has nothing below it, so it makes no step", "warning line 3: The block is empty, so it makes no step"]),
        ("# a\n\n***\n\n# b\n\nx\n", [("deploy", "b", "text", "x")], ["warning line 1: The heading 'a' has nothing below it, so it makes no step"]),
        ("# a\n<!-- relorch: [1] -->\n\nx\n", [("deploy", "a", "text", "x")], ["error line 2: The comment to relorch is no JSON object"]),
    ],
)  # fmt: skip
def test_how_a_runbook_is_read(text: str, steps: list[Any], told: list[str]) -> None:
    assert read(text) == (steps, told)


NASTY: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "fences in nested lists": (
        "1. one\n   - two\n     1. three\n        ```bash\n        a\n          b ${V}\n        ```\n   - four\n     ~~~sql\n     SELECT '~~~';\n     ~~~\n",
        [("text", "1. one\n   - two\n     1. three"), ("bash", "a\n  b ${V}"), ("text", "   - four"), ("sql", "SELECT '~~~';")],
    ),
    "tabs": ("-\tone\n\n\t```sh\n\ta\tb\n\t\tc\n\t```\n\n```bash\n\td\ne\t\n```\n", [("text", "-\tone"), ("bash", "a\tb\n\tc"), ("bash", "\td\ne\t")]),
    "fences in block quotes": (
        "> ```bash\n> a\n>   b\n>\n> c\n> ```\n> after\n\n> > ```sql\n> > SELECT 1;\n> > ```\n",
        [("bash", "a\n  b\n\nc"), ("text", "> after"), ("sql", "SELECT 1;")],
    ),
    "tildes in backticks, backticks in tildes": ("````bash\ncat <<E\n```\n~~~\nE\n````\n\n~~~sh\n```\n~~~~\n", [("bash", "cat <<E\n```\n~~~\nE"), ("bash", "```")]),
    "line ends of Windows": ("```bash\r\na\r\n\r\n  b \\\r\n```\r\n\r\nc\r\nd\r\n", [("bash", "a\n\n  b \\"), ("text", "c\nd")]),
    "a block that is commented out": ("<!-- a\n\n```bash\nb\n```\n-->\n\n```bash\nc <!-- d -->\n```\n", [("text", "<!-- a\n\n```bash\nb\n```\n-->"), ("bash", "c <!-- d -->")]),
    "a heading with a line under it": ("```bash\na\n---\nb\n===\n```\n", [("bash", "a\n---\nb\n===")]),
    "braces and variables": (
        "```bash\nget -o go-template='{{range .i}}{{\"\\n\"}}{{end}}' ${V:-d} $((1+1)) ${#x} $${{ x }} ${{ y }}\n```\n",
        [("bash", "get -o go-template='{{range .i}}{{\"\\n\"}}{{end}}' ${V:-d} $((1+1)) ${#x} $${{ x }} ${{ y }}")],
    ),
    "indented code": ("    a\n    \tb\n\nc\n\n    d\n", [("text", "    a\n    \tb\n\nc\n\n    d")]),
    "blanks around": ("```bash\n\n\n  a  \n\n\n```\n", [("bash", "\n\n  a  ")]),
    "signs of other alphabets": ("```bash\na\u2028b\u00a0c\u200b\u05d0\n```\n", [("bash", "a\u2028b\u00a0c\u200b\u05d0")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", NASTY)
def test_whatever_is_around_a_block_its_bytes_stay(kind: str) -> None:
    text, blocks = NASTY[kind]
    steps, told = read(f"Heading\n=======\n\n{text}")
    names = [name for _, name, _, _ in steps]
    assert names == ["Heading", *(f"Heading ({at})" for at in range(2, len(blocks) + 1))]
    assert [(type, content) for _, _, type, content in steps] == blocks
    assert told == []


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_block_that_is_never_closed_is_told(end: str) -> None:
    warning = "warning line {}: The block is never closed, so all up to line {} is in it; close it if that is not meant"
    assert read(f"# a\n\n```bash\nx\n\n# b\n\ny{end}") == (
        [("deploy", "a", "bash", "x\n\n# b\n\ny")],
        [warning.format(3, 8)],
    )
    assert read(f"# a\n\n- b\n  ```sql\n  x\n\n# c\n\n```sql\ny\n```{end}")[1] == [warning.format(4, 6)]
    assert read(f"# a\n\n```bash\nx\n```{end}")[1] == []


def test_a_heading_that_is_too_long_is_cut_and_its_rest_kept() -> None:
    findings = Findings()
    (step,) = read_markdown(f"# {'a' * 199} bcd\n\nx\n", "x.md", findings).steps
    assert (step.values["name"], step.values["description"]) == ("a" * 199, "bcd")
    assert [(finding.kind.value, finding.line) for finding in findings.found] == [("repair", 1)]


def test_a_text_with_headings_is_fenced() -> None:
    step = {"category": "deploy", "name": "a", "type": "text", "required": False, "description": None}
    text = markdown_of({"name": "x"}, [{**step, "content": "# h\n\nx"}, {**step, "content": "plain"}])
    assert text == "---\nname: x\n---\n\n# Deploy\n\n## a\n\n```text\n# h\n\nx\n```\n\n## a\n\nplain\n"


def test_lines_of_many_signs_are_read_at_once() -> None:
    assert read("* " * 5_000 + "x\n")[1] == []
