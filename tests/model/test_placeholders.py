"""The little language of `${{ … }}`: what it replaces, what it leaves alone, what it refuses."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relorch.model.placeholders import FILTERS, NAMES, Scope, check_content, names_in, parse, render, scope
from relorch.model.values import StepType

ScopeOf = Callable[..., Scope]
BASH, SQL, TEXT = StepType.BASH, StepType.SQL, StepType.TEXT


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("${{ customer.name }}", "Acme & Söhne"),
        ("${{ namespace }}", "acme-prod"),
        ("${{ cluster.name }}", "eu-1"),
        ("${{ cluster.kubeconfig_path }}", "~/.kube/eu-1"),
        ("${{ release.name }}", "2026.11"),
        ("${{ release.version }}", "4.2.0"),
        ("${{ vars.db_host }}", "db1.example"),
        ("${{ vars.x-y }}", "dashed"),
        ("${{namespace}}", "acme-prod"),
        ("${{\tnamespace   }}", "acme-prod"),
        ("${{ namespace|raw }}", "acme-prod"),
        ("${{ namespace | raw}}", "acme-prod"),
        ("-n ${{ namespace }}, ${{ namespace }}!", "-n acme-prod, acme-prod!"),
    ],
)
def test_a_placeholder_is_replaced_by_the_value_of_its_customer(scope_of: ScopeOf, written: str, rendered: str) -> None:
    values = scope_of({"db_host": "db1.example", "x-y": "dashed"})
    assert render(written, TEXT, values).text == rendered


def test_metadata_of_the_customer_wins_over_the_cluster_and_that_over_the_release() -> None:
    values = scope(
        customer_name="Acme",
        namespace="acme",
        cluster_name="eu-1",
        kubeconfig_path=None,
        release_name="2026.11",
        release_version=None,
        customer_metadata={"a": "customer"},
        cluster_metadata={"a": "cluster", "b": "cluster"},
        release_metadata={"a": "release", "b": "release", "c": "release"},
    )
    assert render("${{ vars.a }} ${{ vars.b }} ${{ vars.c }}", TEXT, values).text == "customer cluster release"


@pytest.mark.parametrize("step_type", StepType)
@pytest.mark.parametrize(
    "untouched",
    [
        "{{ .items }} {{ range .items }}{{ end }}",
        "-o go-template='{{ .status.phase }}'",
        "${VAR} ${#x} ${x:-1} ${x%.*} $1 $$ $?",
        "$((1 + 2)) $(date) `date`",
        "}} {{ }} $ { {",
        "$ {{ namespace }}",
        "{{ namespace }}",
        "",
    ],
)
def test_what_looks_alike_is_left_alone(scope_of: ScopeOf, step_type: StepType, untouched: str) -> None:
    check_content(untouched, step_type)
    assert render(untouched, step_type, scope_of()).text == untouched


@pytest.mark.parametrize("step_type", StepType)
def test_two_dollars_write_the_braces_themselves(scope_of: ScopeOf, step_type: StepType) -> None:
    assert render("$${{ secrets.TOKEN }}", step_type, scope_of()).text == "${{ secrets.TOKEN }}"
    assert render("$$${{ x }} $${{", step_type, scope_of()).text == "$${{ x }} ${{"
    assert render("$${{ ${{ release.version | raw }} }}", step_type, scope_of()).text == "${{ 4.2.0 }}"


@pytest.mark.parametrize(
    "malformed",
    [
        "${{ }}",
        "${{}}",
        "${{ namespace customer.name }}",
        "${{ namespace | raw | raw }}",
        "${{ namespace || raw }}",
        "${{ namespace | }}",
        "${{ namespace. }}",
        "${{ .namespace }}",
        "${{ 1st }}",
        "${{ upper(namespace) }}",
        "${{ namespace + 'x' }}",
        "${{ namespace | raw(1) }}",
        "${{ näme }}",
        "${{ ${{ namespace }}",
        "${{ namespace }",
        "${{ namespace",
        "${{ name\nspace }}",
    ],
)
@pytest.mark.parametrize("step_type", StepType)
def test_what_the_grammar_does_not_know_cannot_render(scope_of: ScopeOf, step_type: StepType, malformed: str) -> None:
    rendering = render(f"before {malformed} after", step_type, scope_of())
    assert (rendering.text, rendering.sha256) == (None, None)
    assert rendering.problems[0].placeholder.startswith("${{")


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ("${{ vars.nope }}", "neither customer, cluster nor release has metadata 'nope'"),
        ("${{ vars }}", "there is no such name"),
        ("${{ customer }}", "there is no such name"),
        ("${{ customer.namespace }}", "there is no such name"),
        ("${{ NAMESPACE }}", "there is no such name"),
        ("${{ namespace | shell }}", "there is no filter 'shell'"),
        ("${{ namespace | SH }}", "there is no filter 'SH'"),
        ("${{ cluster.kubeconfig_path }}", "the cluster has no kubeconfig_path"),
        ("${{ release.version }}", "the release has no version"),
    ],
)
def test_an_unknown_name_says_so(scope_of: ScopeOf, unknown: str, why: str) -> None:
    values = scope_of(kubeconfig_path=None, release_version=None)
    for step_type in StepType:
        (problem,) = render(unknown, step_type, values).problems
        assert problem.placeholder == unknown
        assert problem.why.startswith(why)
        assert str(problem) == f"{unknown}: {problem.why}"


WORD = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)


@given(
    name=st.lists(WORD, min_size=1, max_size=3).map(".".join).filter(lambda name: name not in NAMES),
    chosen=st.sampled_from([None, *FILTERS]),
    step_type=st.sampled_from(StepType),
)
def test_an_unknown_name_never_renders_to_anything(
    scope_of: ScopeOf, name: str, chosen: str | None, step_type: StepType
) -> None:
    placeholder = f"${{{{ {name} }}}}" if chosen is None else f"${{{{ {name} | {chosen} }}}}"
    rendering = render(f"a {placeholder} b", step_type, scope_of())
    assert rendering.text is None
    assert [problem.placeholder for problem in rendering.problems] == [placeholder]


def test_every_problem_is_listed_in_its_order(scope_of: ScopeOf) -> None:
    content = "${{ vars.a }} ${{ namespace }} ${{ vars.b | sh }} ${{ oops"
    problems = render(content, BASH, scope_of()).problems
    assert [problem.placeholder for problem in problems] == ["${{ vars.a }}", "${{ vars.b | sh }}", "${{ oops"]


@pytest.mark.parametrize(
    ("step_type", "foreign"),
    [(BASH, "sql"), (BASH, "ident"), (SQL, "sh"), (SQL, "path")],
)
def test_a_filter_of_the_other_language_is_refused(scope_of: ScopeOf, step_type: StepType, foreign: str) -> None:
    (problem,) = render(f"${{{{ namespace | {foreign} }}}}", step_type, scope_of()).problems
    assert f"the filter '{foreign}' is not for {step_type} steps" in problem.why


@pytest.mark.parametrize(
    "value", ["", "it's", 'say "x"', "$(touch pwned)", "a\nb\t", "-rf", "\\", "${{ namespace }}", "größe"]
)
def test_in_a_text_step_every_value_goes_in_as_it_is(scope_of: ScopeOf, value: str) -> None:
    assert render("<${{ vars.v }}>", TEXT, scope_of({"v": value})).text == f"<{value}>"


@pytest.mark.parametrize(
    ("step_type", "placeholder"),
    [
        (BASH, "${{ vars.v }}"),
        (BASH, "${{ vars.v | path }}"),
        (BASH, "${{ vars.v | raw }}"),
        (SQL, "${{ vars.v }}"),
        (SQL, "${{ vars.v | ident }}"),
        (SQL, "${{ vars.v | raw }}"),
    ],
)
def test_an_empty_value_needs_a_filter_that_quotes(scope_of: ScopeOf, step_type: StepType, placeholder: str) -> None:
    (problem,) = render(placeholder, step_type, scope_of({"v": ""})).problems
    assert "its value is empty" in problem.why
    quoted = "${{ vars.v | sh }}" if step_type is BASH else "${{ vars.v | sql }}"
    assert render(quoted, step_type, scope_of({"v": ""})).text == "''"


def test_what_a_value_brings_is_never_rendered_again(scope_of: ScopeOf) -> None:
    values = scope_of({"v": "${{ namespace }}"}, customer_name="${{ vars.v }}")
    assert render("${{ customer.name | raw }} ${{ vars.v | raw }}", BASH, values).text == (
        "${{ vars.v }} ${{ namespace }}"
    )


def test_the_digest_is_of_the_utf_8_bytes(scope_of: ScopeOf) -> None:
    rendering = render("Grüße, ${{ namespace }}", TEXT, scope_of())
    assert rendering.sha256 == hashlib.sha256("Grüße, acme-prod".encode()).hexdigest()


def test_the_ranges_of_raw_values_are_told(scope_of: ScopeOf) -> None:
    rendering = render(
        "a ${{ namespace }} ${{ vars.v | raw }}${{ vars.w | raw }}", BASH, scope_of({"v": "$x", "w": "y"})
    )
    assert rendering.text is not None
    assert [rendering.text[start:end] for start, end in rendering.raw] == ["$x", "y"]


def test_the_placeholders_of_a_content_can_be_listed() -> None:
    found = names_in("a ${{ namespace }} $${{ x }} ${{ vars.k | sh }} ${{ 1 }}")
    assert [(placeholder.name, placeholder.filter) for placeholder in found] == [
        ("namespace", None),
        ("vars.k", "sh"),
        ("", None),
    ]
    assert found[2].malformed is not None


def test_many_versions_of_a_large_text_are_not_all_kept_in_memory() -> None:
    tracemalloc.start()
    for number in range(800):
        parse(f"# {number} ${{{{ namespace }}}}\n" + "x" * 63_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50 * 1024 * 1024
