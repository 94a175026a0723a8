"""What a database makes of a rendered step: exactly the value, or nothing at all. SQLite runs what standard SQL allows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relorch.errors import InvalidValue
from relorch.model.placeholders import Rendering, Scope, check_content, render
from relorch.model.values import StepType

ScopeOf = Callable[..., Scope]
SQL = StepType.SQL

VALUES = [
    "acme-prod",
    "it's",
    "''",
    "'; DROP TABLE customers; --",
    '"; DROP TABLE customers; --',
    "a -- b",
    "/* a */",
    "*/ a /*",
    "one\ntwo",
    "Größe 日本語 👩‍🚀",
    "$$",
    "%_",
    "1; SELECT 2",
    "NULL",
    "x" * 4_000,
]
HOSTILE = st.one_of(
    st.sampled_from(VALUES),
    st.text(st.sampled_from("'\"`;-/*$%_() \n01aü"), max_size=12),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\\"), max_size=20),
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def answered(database: sqlite3.Connection, rendering: Rendering) -> object:
    assert rendering.text is not None, rendering.problems
    return database.execute(rendering.text).fetchone()[0]


@given(value=HOSTILE)
@example(value="")
def test_sql_gives_exactly_the_value_as_a_literal(scope_of: ScopeOf, database: sqlite3.Connection, value: str) -> None:
    assert answered(database, render("SELECT ${{ vars.v | sql }} -- '", SQL, scope_of({"v": value}))) == value
    pair = "SELECT 'a' || ${{ vars.v | sql }} || (${{ vars.v | sql }}) /* ' */"
    assert answered(database, render(pair, SQL, scope_of({"v": value}))) == f"a{value}{value}"


@given(value=HOSTILE.filter(bool))
def test_ident_gives_exactly_the_value_as_a_name(scope_of: ScopeOf, database: sqlite3.Connection, value: str) -> None:
    rendering = render("SELECT 1 AS ${{ vars.v | ident }}", SQL, scope_of({"v": value}))
    assert rendering.text is not None
    assert database.execute(rendering.text).description[0][0] == value


@pytest.mark.parametrize("chosen", ["sql", "ident"])
@pytest.mark.parametrize("value", ["\\", "a\\'b", "\\'; DROP TABLE customers; --", "C:\\temp"])
def test_a_backslash_is_refused_because_databases_disagree_about_it(scope_of: ScopeOf, chosen: str, value: str) -> None:
    (problem,) = render(f"SELECT ${{{{ vars.v | {chosen} }}}}", SQL, scope_of({"v": value})).problems
    assert problem.why == "its value holds a backslash, which databases read differently"


@pytest.mark.parametrize("number", ["0", "42", "-7", "3.14", "-0.5", "007"])
def test_a_bare_number_needs_no_quotes(scope_of: ScopeOf, database: sqlite3.Connection, number: str) -> None:
    assert answered(database, render("SELECT 1 + ${{ vars.v }}", SQL, scope_of({"v": number}))) == 1 + float(number)


@pytest.mark.parametrize("value", ["acme", "1e3", "1.", ".5", "1-2", "acme-prod", "NULL", "0x1F", "a.b", "1:2"])
def test_outside_quotes_anything_but_a_number_is_refused(scope_of: ScopeOf, value: str) -> None:
    (problem,) = render("SELECT ${{ vars.v }}", SQL, scope_of({"v": value})).problems
    assert problem.why.startswith("outside quotes its value must be a number")


@pytest.mark.parametrize("value", ["acme-prod", "a.b_c:d/e@f", "2026-11-23", "-x", "4.2.0"])
def test_inside_quotes_a_plain_value_needs_no_filter(
    scope_of: ScopeOf, database: sqlite3.Connection, value: str
) -> None:
    assert answered(database, render("SELECT '${{ vars.v }}'", SQL, scope_of({"v": value}))) == value
    assert answered(database, render("SELECT 'a''b${{ vars.v }}'", SQL, scope_of({"v": value}))) == f"a'b{value}"


@pytest.mark.parametrize("value", ["it's", "a--b", "--", "a b", "a;b", "a\\b", "a\nb", '"', "`", "ü", "a%", "a,b", "#"])
def test_inside_quotes_any_other_value_is_refused(scope_of: ScopeOf, value: str) -> None:
    (problem,) = render("SELECT '${{ vars.v }}'", SQL, scope_of({"v": value})).problems
    assert "add the filter '| sql'" in problem.why


@pytest.mark.parametrize("content", ["SELECT 1 -${{ vars.v }}", "SELECT 1 /${{ vars.v }}", "SELECT 1 *${{ vars.v }}"])
def test_a_bare_value_never_completes_a_comment(scope_of: ScopeOf, content: str) -> None:
    (problem,) = render(content, SQL, scope_of({"v": "-1"})).problems
    assert "would begin or end a comment" in problem.why


def test_in_a_comment_a_bare_value_stays_in_the_comment(scope_of: ScopeOf, database: sqlite3.Connection) -> None:
    content = "SELECT 1 -- for ${{ namespace }}\n + 1 /* ${{ namespace }} */"
    assert answered(database, render(content, SQL, scope_of())) == 2


P = "${{ vars.v | sql }}"
INSIDE = [
    (f"SELECT '{P}'", "single quotes"),
    (f"SELECT 'it''s {P}'", "single quotes"),
    (f'SELECT "{P}"', "double quotes"),
    (f"SELECT `{P}`", "backticks"),
    (f"SELECT 1 -- {P}", "a comment"),
    (f"SELECT 1 -- it's {P}", "a comment"),
    (f"SELECT 1 /* {P} */", "a block comment"),
    (f"SELECT 1 /*\n it's\n {P} */", "a block comment"),
    (f"SELECT $$ {P} $$", "dollar quotes"),
    (f"DO $body$ BEGIN {P}; END $body$", "dollar quotes"),
    (f"DO $a$ $$ {P} $$ $a$", "dollar quotes"),
    (f"SELECT ''{P}", "a literal"),
    (f'SELECT ""{P}', "a literal"),
]


@pytest.mark.parametrize(("content", "place"), INSIDE)
def test_a_filter_inside_something_is_refused_on_save_and_on_render(
    scope_of: ScopeOf, content: str, place: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_content(content, SQL)
    assert (caught.value.field, caught.value.value) == ("content", P)
    (problem,) = render(content, SQL, scope_of({"v": "it's"})).problems
    for words in (str(caught.value), problem.why):
        assert f"the filter 'sql' brings its own quotes, so it cannot stand inside {place}" in words


AMBIGUOUS = {
    "PostgreSQL nests comments": f"/* a /* b */ {P} */ SELECT 1",
    "MySQL reads a backslash in a literal": f"SELECT 'it\\'s {P}'",
    "PostgreSQL reads one behind E": f"SELECT E'it\\'s', {P} '",
    "MySQL ends a comment behind # at the line": f"# it's\nSELECT 'x {P}'",
}


@pytest.mark.parametrize("content", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_where_databases_disagree_a_filter_is_refused(scope_of: ScopeOf, content: str) -> None:
    with pytest.raises(InvalidValue, match="brings its own quotes"):
        check_content(content, SQL)
    assert render(content, SQL, scope_of({"v": "x"})).text is None


OUTSIDE = [
    f"SELECT {P}",
    f"SELECT {P} -- it's",
    f"-- it's\nSELECT {P}",
    f"/* it's \" */ SELECT {P}",
    f"SELECT ({P})",
    f'SELECT {P} AS "it\'s"',
    f"SELECT CASE WHEN 'it''s' = {P} THEN 'no' ELSE {P} END",
    f"SELECT {P} WHERE 5-1 = 4 AND 'a' <> '\"'",
]


@pytest.mark.parametrize("content", OUTSIDE)
def test_a_filter_in_plain_code_gives_the_value(scope_of: ScopeOf, database: sqlite3.Connection, content: str) -> None:
    check_content(content, SQL)
    assert answered(database, render(content, SQL, scope_of({"v": "a'; --"}))) == "a'; --"
