from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from relorch.transfer.findings import Findings
from relorch.transfer.release_yaml import read_yaml, yaml_of
from tests.transfer.generated import descriptions, metadata, names, steps

RELEASES = st.fixed_dictionaries(
    {
        "name": names(),
        "type": st.just("hotfix"),
        "version_number": st.none() | names(),
        "description": descriptions(),
        "metadata": metadata(),
    }
)
STEP = "name: x\nsteps:\n  - category: deploy\n    name: a\n    type: bash\n    content: "


def found(text: str) -> list[str]:
    findings = Findings()
    read_yaml(text, findings)
    return [f"{finding.kind} {finding}" for finding in findings.by_line()]


@settings(max_examples=150, deadline=None)
@given(RELEASES, steps())
def test_every_release_comes_back(release: dict[str, Any], written: list[dict[str, Any]]) -> None:
    findings = Findings()
    back = read_yaml(yaml_of(release, written), findings)
    assert findings.found == []
    assert back.release.values == {name: value for name, value in release.items() if value}
    assert [step.values for step in back.steps] == [
        {**step, "description": step["description"] or ""} for step in written
    ]


@settings(max_examples=50, deadline=None)
@given(steps())
def test_another_reader_reads_the_same(written: list[dict[str, Any]]) -> None:
    loaded = yaml.safe_load(yaml_of({"name": "x"}, written))
    assert [step["content"].removesuffix("\n") for step in loaded["steps"]] == [step["content"] for step in written]


def test_a_content_is_a_literal_block_whatever_blanks_and_tabs_it_has() -> None:
    step = {"category": "deploy", "name": "a", "type": "bash", "required": False, "description": None}
    text = yaml_of({"name": "2026.11"}, [{**step, "content": "  if x; then \n\ty  \n\n  fi"}, {**step, "content": "b"}])
    assert text == (
        "name: '2026.11'\n"
        "steps:\n"
        "  - category: deploy\n    name: a\n    type: bash\n    required: false\n    description: ''\n"
        "    content: |2\n        if x; then \n      \ty  \n\n        fi\n"
        "\n"
        "  - category: deploy\n    name: a\n    type: bash\n    required: false\n    description: ''\n"
        "    content: |\n      b\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["error There is nothing in the file"]),
        ("- a\n", ["error line 1: A release file is a map with the keys name, type, version_number, release_date, description, metadata, steps"]),
        ("name: [\n", ["error line 2: This is no YAML: expected the node content, but found '<stream end>'"]),
        ("name: \0\n", ["error line 1: The character U+0000 cannot stand in YAML"]),
        ("name: x\nsteps: []\nname: y\n", ["error line 3: The key 'name' stands in line 1 already"]),
        ("name: x\nsteps: []\n---\na: b\n", ["error line 3: A release file holds one document; there is another one here"]),
        (STEP + "&a x\n", ["error line 6: '&a' is an anchor, which a release file has no use for; take it out"]),
        (STEP + "*a\n", ["error line 6: '*a' stands for a text elsewhere; write it out here", "error line 6: 'content' has to be a text"]),
        (STEP + "!!python/name:os.system x\n", ["error line 6: The tag 'tag:yaml.org,2002:python/name:os.system' is not read; take it out"]),
        (STEP + "x\n    colour: red\n", ["error line 7: The key 'colour' is unknown; a step has category, name, type, required, description, content"]),
        (STEP + "x\n    required: maybe\n", ["error line 7: 'required' has to be true or false"]),
        (STEP + "5\n", ["repair line 6: 'content': '5' reads as int in YAML; it was taken as a text"]),
        ("steps:\n  - name: a\n    type: bash\n", ["error line 2: The step has no 'category'", "error line 2: The step has no 'content'"]),
        ("name: x\nsteps: " + "[" * 30, ["error line 2: Maps and lists stand more than 20 deep in each other here"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_line(text: str, told: list[str]) -> None:
    assert found(text) == told


def test_metadata_is_made_flat() -> None:
    findings = Findings()
    text = "metadata:\n  a: {b: {c: x}}\n  ports: [1, {n: y}]\n  seats: 010\n  gone:\nsteps: []\n"
    assert read_yaml(text, findings).release.values["metadata"] == {
        "a_b_c": "x",
        "ports": '["1", {"n": "y"}]',
        "seats": "010",
        "gone": "null",
    }
    assert [(finding.kind.value, finding.line) for finding in findings.by_line()] == [
        ("repair", 2),
        ("repair", 2),
        ("repair", 3),
        ("repair", 4),
        ("repair", 5),
    ]
