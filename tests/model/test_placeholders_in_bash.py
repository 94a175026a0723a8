"""What bash makes of a rendered step: exactly the value, or nothing at all. Every text here runs in a real bash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relorch.errors import InvalidValue
from relorch.model.placeholders import Rendering, Scope, check_content, render
from relorch.model.values import StepType

ScopeOf = Callable[..., Scope]
Shell = Callable[[str], bytes]
BASH = StepType.BASH

VALUES = [
    "acme-prod",
    "Acme & Söhne",
    "two  words",
    "it's",
    "''",
    'say "hello"',
    "$(:>pwned)",
    "`:>pwned`",
    "${HOME}",
    "$HOME",
    "$'\\n'",
    "; :>pwned",
    "a && :>pwned || :>pwned",
    "| :>pwned",
    ">pwned",
    "'; :>pwned; '",
    '"; :>pwned; "',
    "')$(:>pwned)('",
    "one\ntwo",
    "one\n:>pwned\n",
    "\nEOF\n:>pwned\n",
    "back\\slash\\",
    "\\",
    "*",
    "/*",
    "[a-z]?",
    "{a,b}",
    "~",
    "~root/x",
    "~/with blank",
    "!!",
    "a\tb",
    "# not a comment",
    "%s%n",
    "=ls",
    "a=b",
    "--",
    "-rf",
    "日本語 👩‍🚀 é",
    "\u202etxt.exe",
    "x" * 4_000,
]
HOSTILE = st.one_of(
    st.sampled_from(VALUES),
    st.text(st.sampled_from("'\"`$(){}[]<>;&|*?~#!%=\\-/: \n\tab0ü"), max_size=12),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20),
)


def shown(shell: Shell, rendering: Rendering) -> str:
    assert rendering.text is not None, rendering.problems
    return shell(rendering.text).decode()


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_sh_gives_exactly_the_value_as_one_word(scope_of: ScopeOf, shell: Shell, value: str) -> None:
    rendering = render("printf '<%s>' ${{ vars.v | sh }}", BASH, scope_of({"v": value}))
    if value.startswith("-"):
        assert [problem.why for problem in rendering.problems] == [
            "its value begins with '-', which a command would take for an option"
        ]
    else:
        assert shown(shell, rendering) == f"<{value}>"


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_a_bare_value_is_exact_or_refused(scope_of: ScopeOf, shell: Shell, value: str) -> None:
    rendering = render("printf '<%s>' ${{ vars.v }}", BASH, scope_of({"v": value}))
    if value in ("acme-prod", "a=b", "x" * 4_000):
        assert shown(shell, rendering) == f"<{value}>"
    else:
        (problem,) = rendering.problems
        assert "add the filter '| sh'" in problem.why


@pytest.mark.parametrize("value", ["a", "_a", "0", ".hidden", "/var/lib", "a.b/c:d@e%f+g,h=i-j_k", "4.2.0"])
def test_plain_names_paths_and_versions_need_no_filter(scope_of: ScopeOf, shell: Shell, value: str) -> None:
    for place in ("${{ vars.v }}", '"${{ vars.v }}"', "'${{ vars.v }}'", '"$(printf %s ${{ vars.v }})"'):
        assert shown(shell, render(f"printf %s {place}", BASH, scope_of({"v": value}))) == value


@pytest.mark.parametrize("first", "-:@%+,=~")
def test_a_bare_value_begins_with_a_letter_a_digit_a_dot_or_a_slash(scope_of: ScopeOf, first: str) -> None:
    assert render("echo ${{ vars.v }}", BASH, scope_of({"v": f"{first}x"})).text is None


@given(value=HOSTILE)
@example(value="")
def test_sh_is_exact_for_any_value(scope_of: ScopeOf, shell: Shell, value: str) -> None:
    content = "printf '<%s>' ${{ vars.v | sh }} x${{ vars.v | sh }}y --to=${{ vars.v | sh }} \"$(printf %s ${{ vars.v | sh }}.)\""
    rendering = render(content, BASH, scope_of({"v": value}))
    if value.startswith("-"):
        assert rendering.text is None
    else:
        assert shown(shell, rendering) == f"<{value}><x{value}y><--to={value}><{value}.>"


@given(value=HOSTILE)
def test_a_bare_value_is_exact_or_refused_whatever_it_is(scope_of: ScopeOf, shell: Shell, value: str) -> None:
    rendering = render("printf '<%s>' ${{ vars.v }} \"${{ vars.v }}\"", BASH, scope_of({"v": value}))
    if rendering.text is not None:
        assert shown(shell, rendering) == f"<{value}><{value}>"


@given(value=st.one_of(HOSTILE, HOSTILE.map(lambda rest: f"~/{rest}")))
@example(value="~/")
@example(value="~/.kube/eu 1's")
@example(value="~/$(:>pwned)")
def test_path_lets_the_shell_find_the_home_and_nothing_else(
    scope_of: ScopeOf, shell: Shell, home: Path, value: str
) -> None:
    rendering = render("printf '<%s>' ${{ vars.v | path }}", BASH, scope_of({"v": value}))
    if not value or value.startswith("-"):
        assert rendering.text is None
    elif value.startswith("~/"):
        assert shown(shell, rendering) == f"<{home}/{value[2:]}>"
    else:
        assert shown(shell, rendering) == f"<{value}>"


def test_path_works_in_an_assignment(scope_of: ScopeOf, shell: Shell, home: Path) -> None:
    content = 'export KUBECONFIG=${{ cluster.kubeconfig_path | path }}\nprintf %s "$KUBECONFIG"'
    assert shown(shell, render(content, BASH, scope_of(kubeconfig_path="~/.kube/eu 1"))) == f"{home}/.kube/eu 1"


def test_raw_is_what_its_name_says(scope_of: ScopeOf, shell: Shell) -> None:
    assert shown(shell, render("printf %s ${{ vars.v | raw }}", BASH, scope_of({"v": "$((6 * 7))"}))) == "42"


P = "${{ vars.v | sh }}"
INSIDE = [
    (f"echo '{P}'", "single quotes"),
    (f'echo "{P}"', "double quotes"),
    (f'echo "a" "b $(echo "{P}")"', "double quotes"),
    (f"echo $'{P}'", "ANSI-C quotes"),
    (f"echo hi # {P}", "a comment"),
    (f"# it's {P}", "a comment"),
    (f"cat <<EOF\n{P}\nEOF", "a here-document"),
    (f"cat <<'EOF'\n{P}\nEOF", "a here-document"),
    (f'cat <<"EOF"\n{P}\nEOF', "a here-document"),
    (f"cat <<\\EOF\n{P}\nEOF", "a here-document"),
    (f"cat <<-EOF\n\t{P}\n\tEOF", "a here-document"),
    (f"cat <<ONE <<TWO\nONE\n{P}\nTWO", "a here-document"),
    (f"cat <<EOF | sort # it's\n {P}\nEOF", "a here-document"),
    (f"cat <<EOF\n\tEOF\n{P}\nEOF", "a here-document"),
    (f"echo $((1 + {P}))", "arithmetic"),
    (f"echo $(( (1) + {P} ))", "arithmetic"),
    (f"(( 1 < {P} )) && echo", "arithmetic"),
    (f"for ((i = 0; i < {P}; i++)); do :; done", "arithmetic"),
    (f"echo $[1 + {P}]", "a text in which quotes cannot be followed for certain ($["),
    (f"[[ {P} -eq 1 ]] && echo", "a [[ … ]] test"),
    (f"a[{P}]=1", "a subscript"),
    (f'echo `echo "it\'s"`; echo {P}', "a text in which quotes cannot be followed for certain (backticks"),
    (f"echo ${{x:-{P}}}", "a parameter expansion"),
    (f'echo "${{x:-{P}}}"', "a parameter expansion"),
    (f"echo ${{x#{P}}}", "a parameter expansion"),
    (f"echo `printf %s {P}`", "backticks"),
    (f'echo "`printf %s {P}`"', "backticks"),
    (f"echo \\{P}", "an escape"),
    (f'echo "\\{P}"', "an escape"),
]


@pytest.mark.parametrize(("content", "place"), INSIDE)
def test_a_filter_inside_something_is_refused_on_save_and_on_render(
    scope_of: ScopeOf, content: str, place: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_content(content, BASH)
    assert caught.value.field == "content"
    assert caught.value.value == P
    (problem,) = render(content, BASH, scope_of({"v": "it's"})).problems
    assert problem.placeholder == P
    for words in (str(caught.value), problem.why):
        assert f"the filter 'sh' brings its own quotes, so it cannot stand inside {place}" in words


OUTSIDE = [
    (f"printf %s {P}", "{}"),
    (f"printf %s 'it'\"'\"'s'{P}\"y\"", "it's{}y"),
    (f"# it's\nprintf %s {P}", "{}"),
    (f"printf %s#x {P}", "{}#x"),
    (f'printf %s "$(printf %s {P})"', "{}"),
    (f'printf %s "a$(printf "%s" {P})b"', "a{}b"),
    (f'printf %s "$(printf \'%s\' "\'" {P})"', "'{}"),
    (
        f'cat() {{ while IFS= read -r l; do printf %s "$l"; done; }}\ncat <<EOF\nit\'s "\nEOF\nprintf %s {P}',
        "it's \"{}",
    ),
    (f": <<'A' <<-B\n'\nA\n\"\n\tB\nprintf %s {P}", "{}"),
    (f"x=$((2 << 3))\nprintf %s {P}", "{}"),
    (f"(( x = 1 )); printf %s {P}", "{}"),
    (f"x=${{y:-'}}'}}\nprintf %s {P}", "{}"),
    (f"x=${{#y}}; printf %s {P} # it's", "{}"),
    (f"case x in\n  x) printf %s {P};;\nesac", "{}"),
    (f"f() {{ printf %s {P}; }}\nf", "{}"),
    (f"(printf %s {P})", "{}"),
    (f'a=(b {P}); printf %s "${{a[1]}}"', "{}"),
    (f"x=a; if [[ $x == *b* ]]; then :; fi; printf %s {P}", "{}"),
    (f"echo `date +%s` >/dev/null; printf %s {P}", "{}"),
    (f"printf %s \\\n  {P}", "{}"),
    (f"printf %s \\\\{P}", "\\{}"),
    (f'X={P} ; printf %s "$X"', "{}"),
    (f"read -r -d '' X <<< {P}; printf %s \"$X\"", "{}"),
    (f"printf %s $'it\\'s'{P}", "it's{}"),
]


@pytest.mark.parametrize(("content", "printed"), OUTSIDE)
def test_a_filter_in_plain_code_gives_the_value(scope_of: ScopeOf, shell: Shell, content: str, printed: str) -> None:
    check_content(content, BASH)
    for value in ("two  words", "it's", "$(:>pwned)", "*;:>pwned"):
        assert shown(shell, render(content, BASH, scope_of({"v": value}))) == printed.format(value)
