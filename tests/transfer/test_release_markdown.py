from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from relorch.transfer.findings import Findings
from relorch.transfer.release_markdown import markdown_of, read_markdown
from tests.transfer.generated import steps

RUNBOOK = (Path(__file__).parent / "runbook.md").read_text(encoding="utf-8")


def read(text: str, file_name: str = "night.md") -> tuple[list[tuple[str, str, str, str]], list[str]]:
    findings = Findings()
    found = read_markdown(text, file_name, findings).steps
    said = [tuple(step.values[name] for name in ("category", "name", "type", "content")) for step in found]
    return said, [f"{finding.kind} {finding}" for finding in findings.by_line()]  # type: ignore[return-value]


@settings(max_examples=150, deadline=None)
@given(steps())
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
        ("# a\n\n```bash\n```\n", [], ["warning There is no step in the file", "warning line 1: The heading 'a' has nothing below it, so it makes no step", "warning line 3: The block is empty, so it makes no step"]),
        ("# a\n\n***\n\n# b\n\nx\n", [("deploy", "b", "text", "x")], ["warning line 1: The heading 'a' has nothing below it, so it makes no step"]),
        ("# a\n<!-- relorch: [1] -->\n\nx\n", [("deploy", "a", "text", "x")], ["error line 2: The comment to relorch is no JSON object"]),
    ],
)  # fmt: skip
def test_how_a_runbook_is_read(text: str, steps: list[Any], told: list[str]) -> None:
    assert read(text) == (steps, told)


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
