"""Where bash's own rules are hardest to follow, a filtered value is refused or stays a value; it never runs.

The first half are texts somebody might write, the second half grows texts out of bash's own constructs.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relorch.model.placeholders import Scope, render
from relorch.model.values import StepType

ScopeOf = Callable[..., Scope]
Shell = Callable[[str], bytes]

P = "${{ vars.v | sh }}"
HOSTILE = ["$(:>pwned)", "'$(:>pwned)'", '"`:>pwned`', ";:>pwned;", "\nEOF\n:>pwned\n", "a[$(:>pwned)]"]

TRICKY = {
    "a pattern's bracket inside a quoted substitution": f'echo "$(case x in x) echo "{P}" ;; esac)"',
    "a case nested in a case": f'echo "$(case x in x) case y in y) echo "{P}" ;; esac ;; esac)"',
    "a group in a group of arithmetic": f"echo $(( (((1))) + {P} ))",
    "arithmetic right after while": f"x=1; while((x<{P})); do break; done",
    "arithmetic right after if": f"if((1<{P})); then :; fi",
    "arithmetic after a negation": f"!((1<{P}))",
    "a subscript in old arithmetic": f"a=(1); echo $[ a[0] + {P} ]",
    "an array's subscript": f"a[{P}]=1",
    "the subscript of an array's element": f"a=([{P}]=1)",
    "the subscript of a later element": f"a=(one [{P}]=1)",
    "a quote inside backticks": f"echo `# it's` ' ` {P} '",
    "a substitution inside backticks": f"echo `echo $(echo {P})`",
    "a subshell inside backticks": f"echo `(echo {P})`",
    "backticks closed inside quotes": f"echo `echo '` {P} `'`",
    "a here-document whose end is quoted in part": f'cat <<E"O"F\nE\n{P}\nEOF\n',
    "a here-document whose end is quoted later": f"cat <<E'OF'\nE\n{P}\nEOF\n",
    "a here-document whose end has an escape": f"cat <<E\\OF\nE\n{P}\nEOF\n",
    "a continued line before a here-document's end": f"cat <<EOF\na \\\nEOF\n{P}\nEOF\n",
    "a here-document that ends in a value": f"cat <<E${{{{ namespace }}}}\nE\n{P}\nEacme-prod\n",
    "a number sign after an escaped blank": f"echo a\\ #it's\necho {P} '",
    "a number sign after a continued line": f"echo a\\\n#it's\necho {P} '",
    "a quote after the process id": f"echo $$'\\' ' {P} '",
    "brackets in a string of arithmetic": f'echo "$((echo "))"; echo "{P}") )"',
    "a here-document begun before a substitution": f'cat <<EOF $(echo a\necho b)\n"{P}"\nEOF',
    "a quote inside a quoted expansion": f"echo \"${{x:-it's}}\" ' }} \" {P} '",
    "a brace inside a quoted expansion": f'echo "${{x:-\'}}\'}}" "{P}"',
    "a bracket inside a pattern": f'[[ "(" =~ [(] ]] && echo "{P}"',
    "a class of characters inside a test": f"[[ a == [[:alpha:]] && 1 -eq {P} ]]",
    "a comment inside a test": f"[[ a && # it's\n b ]]\necho ' [[ x ]] {P} '",
    "a subscript in a subscript": f"a[b[1]+{P}]=1",
    "a subscript that is none": f'echo "$(echo a[b)" ] " ] {P}"',
    "a word of the language continued on the next line": f'echo "$(ca\\\nse x in x) echo "{P}" ;; esac)"',
    "brackets continued on the next line": f"(\\\n(1<{P}))",
    "a substitution continued on the next line": f'echo "$\\\n(echo "{P}")"',
    "a comment right behind arithmetic": f"((1))#{P}",
    "a comment right behind a subshell": f"(echo)#{P}",
    "no comment behind an expansion of arithmetic": f"echo $((1))#'\necho {P} '",
    "no comment behind a substitution": f"echo $(echo)#'\necho {P} '",
    "no comment behind a process": f"echo <(echo)#'\necho {P} '",
    "no comment behind a list of an array": f"a=(b)#'\necho {P} '",
    "what a command in arithmetic prints": f"echo $(($(echo {P})))",
    "what a command in an arithmetic command prints": f'(( "$(echo {P})" > 0 ))',
    "what a command in brackets of arithmetic prints": f"echo $(( (1 + $(echo {P})) ))",
    "what a command in quotes of arithmetic prints": f'echo $(( $(echo "$(echo {P})") ))',
    "what a command in a subscript prints": f"a[$(echo {P})]=1",
    "what a command in a subscript of an expansion prints": f"a=(1 2); echo ${{a[$(echo {P})]}}",
    "what a command in an offset prints": f"x=abc; echo ${{x:$(echo {P})}}",
    "what a command in a length prints": f"x=abc; echo ${{x:0:$(echo {P})}}",
    "what a command in a quoted offset prints": f'x=abc; echo "${{x: $(echo {P})}}"',
    "what a command in a default of an offset prints": f"x=abc; echo ${{x:${{y:-$(echo {P})}}}}",
    "a comment inside a substitution": f'echo "$(echo a # it\'s )\n)" "{P}"',
}


def assert_it_stays_a_value(shell: Shell, scope_of: ScopeOf, content: str) -> None:
    """Run every rendering there is; the fixture fails the test when one wrote a file."""
    for value in HOSTILE:
        text = render(content, StepType.BASH, scope_of({"v": value})).text
        if text is not None:
            shell(text)


@pytest.mark.parametrize("content", TRICKY.values(), ids=TRICKY.keys())
def test_a_value_does_not_run(shell: Shell, scope_of: ScopeOf, content: str) -> None:
    assert_it_stays_a_value(shell, scope_of, content)


AROUND = [
    "{}",
    '"{}"',
    "'{}'",
    "$({})",
    '"$({})"',
    "`{}`",
    "({})",
    "{{ {}; }}",
    "$(({}))",
    "(({}))",
    "$[{}]",
    "${{x:-{}}}",
    '"${{x:-{}}}"',
    "echo {}",
    "echo a{}",
    "if {}; then :; fi",
    "case x in x) {} ;; esac",
    "case x in (x) {} ;; esac",
    "cat <<EOF\n{}\nEOF\n",
    "cat <<'EOF'\n{}\nEOF\n",
    "$(cat <<EOF\n{}\nEOF\n)",
    "<(echo {})",
    "[[ {} == x ]]",
    "[[ a == [[:alpha:]] && {} ]]",
    "a[{}]=1",
    "a=([{}]=1)",
    "x=${{x:{}}}",
    "${{a[{}]}}",
    "${{x/{}/y}}",
    "echo $(( 1 + {} ))",
    "[[ -n {} ]]",
    "for i in {}; do :; done",
    "while read -r x; do {}; done < <(echo 1)",
    "f() {{ {}; }}",
    'echo "a $({}) b"',
    "cat <<< {}",
    "! {}",
    "{} &",
]
BESIDE = [
    "",
    "echo 'a'",
    'echo "b"',
    "# it's",
    'echo a # "it\'s"',
    "echo \\'",
    'echo \\"',
    "echo a\\ #b",
    "echo 'a\\'",
    "echo $'a\\'b'",
    'echo "$(case x in x) echo c;; esac)"',
    "echo $(( ((1)) + ((2)) ))",
    "echo `echo d`",
    "cat <<EOF\nit's\nEOF",
    "cat <<'E F'\n\"\nE F",
    'echo "${x:-"e"}"',
    "echo ${#x} $# $$ $((1<<2))",
    'x=${y%%"\'"*}',
    "[[ a == [[:alpha:]] ]]",
    "a[1]='b' # it's",
    "echo a \\\n  b",
]


@st.composite
def grown(draw: st.DrawFn) -> str:
    content = P
    for around in draw(st.lists(st.sampled_from(AROUND), max_size=4)):
        content = around.format(content)
    before, after = draw(st.lists(st.sampled_from(BESIDE), max_size=2)), draw(st.sampled_from(BESIDE))
    return "\n".join([*before, content, after])


@settings(max_examples=200)
@given(content=grown())
def test_a_value_does_not_run_wherever_it_is_put(shell: Shell, scope_of: ScopeOf, content: str) -> None:
    assert_it_stays_a_value(shell, scope_of, content)
