"""SQL over the frames: what a query names, and that it is one SELECT, is found out before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

import polars as pl
import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from relorch.errors import InvalidValue, QueryError, shown
from relorch.store import Store
from relorch.views.frames import NAMES, kept_frames, known
from relorch.views.sandbox import Called, answer, read

MOST_CHARACTERS = 100_000
MOST_SECONDS = 3_600

_ASKS = (exp.Query, exp.Values, exp.Describe, exp.Summarize, exp.Pivot)
_CHANGES = (exp.DDL, exp.DML, exp.Into, exp.Command, exp.Copy, exp.Set, exp.Pragma, exp.Attach, exp.Install)
_TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest", "json_each", "json_tree"})
_REFUSED = frozenset(
    {"getenv", "current_setting", "getvariable", "glob", "query", "query_table", "sniff_csv", "which_secret"}
    | {"nextval", "currval", "setval", "setseed", "write_log", "sleep_ms", "pg_sleep"}
)
_REFUSED_FAMILIES = ("read_", "parquet_", "duckdb_", "pragma_", "pg_", "json_execute")
_BARE_AT = re.compile(r'(?<![\w."])at(?![\w."])', re.IGNORECASE)


def run_query(store: Store, query: str, seconds: float) -> pl.DataFrame:
    """Give the answer of one SELECT over the frames it names; see `relorch.workbook.Workbook.sql`."""
    text = _text(query)
    names = tables_of(text)
    return answer(text, kept_frames(store, names) if names else {}, _limit(seconds))


@lru_cache(256)  # a page asks the same again and again, and what a text names does not change
def tables_of(query: str) -> tuple[str, ...]:
    """Give the names of the frames that a query names; raises `QueryError` unless it is one SELECT that only reads."""
    kinds, called = _read(query)
    if not kinds:
        raise _no_query(query)
    if len(kinds) != 1:
        raise QueryError(f"The query is {len(kinds)} statements; ask with one SELECT at a time.")
    tree = _parsed(query) if kinds[0] in ("SELECT", "MULTI") else None
    # MULTI: a PIVOT, which DuckDB runs in two parts
    if not isinstance(tree, _ASKS) or (kinds[0] == "MULTI" and tree.find(exp.Pivot) is None):
        raise QueryError("Only one SELECT is allowed here; the query would do something else.")
    _refuse_changes(tree)
    _refuse_called(query, called)
    return tuple(sorted(set(_named(tree))))


def _text(query: object) -> str:
    """Give a query without the semicolons at its end, which nothing may follow but comments."""
    if not isinstance(query, str) or not query.strip():
        raise _no_query(query)
    if len(query) > MOST_CHARACTERS:
        raise QueryError(f"The query is longer than {MOST_CHARACTERS:,} characters; make it shorter.")
    try:
        query.encode()
        tokens = sqlglot.tokenize(query, dialect="duckdb")
    except UnicodeEncodeError:
        raise QueryError("The query holds half of a character (a lone surrogate); take it out.") from None
    except SqlglotError:
        return query  # DuckDB will say what is wrong with it
    ends = list(takewhile(lambda token: token.token_type is TokenType.SEMICOLON, reversed(tokens)))
    return query[: ends[-1].start] if ends else query


def _no_query(query: object) -> QueryError:
    return QueryError(f"{shown(query)} is no query; write one SELECT, such as: FROM releases.")


def _limit(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        raise InvalidValue("seconds", seconds, f"must be more than 0 and at most {MOST_SECONDS}")
    return float(seconds)


def _read(query: str) -> tuple[list[str], Called | None]:
    try:
        return read(query)
    except QueryError as error:
        if "syntax error" in str(error) and _BARE_AT.search(query):
            raise QueryError(f'{error}\n\nAT is a word of SQL: write the column as "at", or as events.at.') from None
        raise


def _parsed(query: str) -> exp.Expr | None:
    try:
        if sqlglot.tokenize(query, dialect="duckdb")[0].token_type is TokenType.SHOW:
            return None  # it would be read as any command, with a warning on the terminal
        return sqlglot.parse_one(query, dialect="duckdb")
    except SqlglotError as error:
        where = next((f" (line {each['line']}, column {each['col']})" for each in getattr(error, "errors", ())), "")
        raise QueryError(f"It cannot be told which tables the query names{where}; write it in a plainer way.") from None
    except RecursionError:
        raise QueryError("The query is nested too deeply; make it flatter.") from None


def _refuse_changes(tree: exp.Expr) -> None:
    if tree.find(*_CHANGES) is not None:
        raise QueryError("A query only reads; there is something in it that would change or set something.")
    for function in tree.find_all(exp.Func):
        name = _function(function)
        if name in _REFUSED or name.startswith(_REFUSED_FAMILIES):
            raise QueryError(f"{name}() is not allowed here: a query reads only the tables {', '.join(NAMES)}.")


def _refuse_called(query: str, called: Called | None) -> None:
    """Refuse functions by what DuckDB itself reads: where sqlglot sees a comment there may be a call."""
    if called is None:
        if "{#" in query:
            raise QueryError("{# cannot be read for certain here; write a blank between { and #.")
        return
    for name in sorted(called.functions):
        if name in _REFUSED or name.startswith(_REFUSED_FAMILIES):
            raise QueryError(f"{name}() is not allowed here: a query reads only the tables {', '.join(NAMES)}.")
    for name in sorted(called.tables):
        _refuse_function(name)


def _function(node: exp.Func) -> str:
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _named(tree: exp.Expr) -> Iterator[str]:
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            _refuse_function(_function(table.this))
        elif table.catalog or table.db not in ("", "main"):
            name = ".".join(part.name for part in table.parts)
            raise QueryError(f"{shown(name)}: there are no schemas here, only the tables {', '.join(NAMES)}.")
        elif not _is_cte(table):
            yield known(table.name.lower() if table.name.lower() in NAMES else table.name)


def _refuse_function(name: str) -> None:
    if name not in _TABLE_FUNCTIONS:
        can = ", ".join(sorted(_TABLE_FUNCTIONS))
        raise QueryError(f"{name}() is not allowed as a table here; {can} are, and the tables {', '.join(NAMES)}.")


def _is_cte(table: exp.Table) -> bool:
    """Whether a WITH around the table means its name there: a CTE sees those before it, a recursive one itself."""
    child: exp.Expr = table
    name = table.name.lower()
    while (node := child.parent) is not None:
        if isinstance(node, exp.With):
            seen = list(takewhile(lambda cte, child=child: cte is not child, node.expressions))  # type: ignore[misc]
            seen += [child] if node.recursive else []
        else:
            around = node.args.get("with_")
            seen = around.expressions if around is not None and around is not child else []
        if not table.db and any(cte.alias.lower() == name for cte in seen):
            return True
        child = node
    return False
