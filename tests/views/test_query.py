"""wb.sql: one SELECT over the frames it names; each way out is closed twice, by the reading of the query and by DuckDB."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from relorch import Workbook, open_workbook
from relorch.errors import InvalidValue, QueryError
from relorch.views import sandbox
from relorch.views.frames import NAMES
from relorch.views.query import tables_of
from relorch.views.sandbox import answer
from tests.conftest import Build

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b, range(100000) c"


@pytest.fixture(scope="module")
def wb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbook]:
    """One workbook for all: no query can change it."""
    with open_workbook(str(tmp_path_factory.mktemp("asked") / "workbook.db"), operator="ana") as workbook:
        build = Build(workbook)
        release = build.active(customers=3, steps=2)
        workbook.steps.mark_done([step.id for step in build.steps_of(release)][:2])
        yield workbook


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("word\nopensesame\n")
    return path


def refused(wb: Workbook, query: Any) -> str:
    with pytest.raises(QueryError) as caught:
        wb.sql(query)
    assert type(caught.value) is QueryError
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def test_a_query_joins_what_it_names(wb: Workbook) -> None:
    query = """
        SELECT c.name, s.status, count(*) AS steps
        FROM customer_steps s JOIN customers c ON c.id = s.customer_id
        GROUP BY ALL ORDER BY ALL
    """
    names = [customer.name for customer in wb.customers.list()]
    assert wb.sql(query).rows() == [
        (names[0], "done", 2),
        (names[1], "pending", 2),
        (names[2], "pending", 2),
    ]


def test_every_frame_comes_back_as_it_is(wb: Workbook) -> None:
    for name in NAMES:
        frame = wb.frame(name)
        texts = frame.with_columns(pl.col(pl.Enum).cast(pl.String))
        assert wb.sql(f"FROM {name}").equals(texts)
        assert wb.sql(f"FROM {name} WHERE false").schema == texts.schema


def test_times_are_those_of_utc(wb: Workbook) -> None:
    found = wb.at(datetime(2026, 11, 1, 0, 30, tzinfo=UTC)).clusters.create(name="night")
    query = f"SELECT date_trunc('day', created_at) AS day, hour(created_at) AS hour FROM clusters WHERE id = {found.id}"
    assert wb.sql(query).rows() == [(datetime(2026, 11, 1, tzinfo=UTC), 0)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT 1", []),
        ("VALUES (1), (2)", []),
        ("FROM releases", ["releases"]),
        ("TABLE releases", ["releases"]),
        ("DESCRIBE releases", ["releases"]),
        ("SUMMARIZE releases", ["releases"]),
        ("SELECT 1 FROM CUSTOMERS c, main.clusters, \"Events\"", ["clusters", "customers", "events"]),
        ("SELECT (SELECT max(id) FROM events), EXISTS (FROM releases)", ["events", "releases"]),
        ("SELECT * FROM customers UNION ALL BY NAME SELECT * FROM clusters", ["clusters", "customers"]),
        ("SELECT 1 FROM clusters k, LATERAL (SELECT 1 FROM customers c WHERE c.cluster_id = k.id)", ["clusters", "customers"]),
        ("WITH customers AS (SELECT 1) SELECT * FROM customers", []),
        ("WITH customers AS (SELECT * FROM customers) SELECT * FROM Customers", ["customers"]),
        ("WITH a AS (FROM releases), b AS (FROM a) FROM b", ["releases"]),
        ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 9) FROM t, events", ["events"]),
        ("SELECT (WITH customers AS (SELECT 1 AS x) SELECT x FROM customers), count(*) FROM customers", ["customers"]),
        ("SELECT * FROM (FROM releases) customers", ["releases"]),
        ("SELECT 1 FROM range(3), generate_series(1, 2), unnest([1])", []),
        ("PIVOT step_facts ON status USING count(*) GROUP BY cluster_name", ["step_facts"]),
        ("SELECT 'FROM customers' AS \"events\" -- FROM clusters", []),
    ],
)  # fmt: skip
def test_it_names_these_frames_and_runs(wb: Workbook, query: str, names: list[str]) -> None:
    assert list(tables_of(query)) == names
    wb.sql(query)


@pytest.mark.parametrize("end", [";", " ; ;", ";\n-- the end;", " -- the end", "\n/* ; */ ;"])
def test_what_stands_at_the_end_does_not_matter(wb: Workbook, end: str) -> None:
    assert wb.sql(f"SELECT ';' AS a, '1'::BIT AS b{end}").rows() == [(";", "1")]


CHANGES = {
    "copy": "COPY (SELECT 1) TO '{folder}/out.csv'",
    "export": "EXPORT DATABASE '{folder}/out'",
    "attach": "ATTACH '{folder}/out.db' AS out",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "load a file": "LOAD '{secret}'",
    "set": "SET threads = 7",
    "set global": "SET GLOBAL enable_external_access = true",
    "unlock": "SET lock_configuration = false",
    "reset": "RESET memory_limit",
    "pragma": "PRAGMA threads = 7",
    "create": "CREATE TABLE out AS SELECT 1",
    "create a view": "CREATE VIEW out AS SELECT 1",
    "create a macro": "CREATE MACRO out() AS 1",
    "insert": "INSERT INTO customers SELECT * FROM customers",
    "insert on the way": "WITH a AS (INSERT INTO customers FROM customers RETURNING *) FROM a",
    "update": "UPDATE customers SET name = 'x'",
    "delete": "DELETE FROM customers",
    "import": "IMPORT DATABASE '{folder}'",
    "call": "CALL force_checkpoint('x')",
    "secret": "CREATE PERSISTENT SECRET out (TYPE s3)",
}
READS = {
    "csv": "FROM read_csv('{secret}')",
    "a file's name": "FROM '{secret}'",
    "a quoted name": 'FROM "{secret}"',
    "text": "SELECT content FROM read_text('{secret}')",
    "blob": "FROM read_blob('{secret}')",
    "lateral": "FROM customers, LATERAL read_text('{secret}')",
    "glob": "FROM glob('{folder}/*')",
    "parquet": "FROM parquet_scan('{secret}')",
    "json": "FROM read_json('{secret}')",
    "sniff": "FROM sniff_csv('{secret}')",
    "database": "FROM read_duckdb('{secret}')",
    "by text": "FROM query('FROM read_text(''{secret}'')')",
    "serialized": "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{secret}'')'))",
    "url": "FROM read_csv('http://127.0.0.1:9/x.csv')",
    "environment": "SELECT getenv('HOME')",
    "environment, chained": "SELECT 'HOME'.getenv()",
    "environment, quoted": "SELECT main.\"getenv\"('HOME')",
    "variable": "SELECT * FROM frames",
}


@pytest.mark.parametrize("query", [*CHANGES.values(), *READS.values()], ids=[*CHANGES, *READS])
def test_a_way_out_is_refused_before_it_runs(wb: Workbook, query: str, secret: Path) -> None:
    with pytest.raises(QueryError) as caught:
        tables_of(query.format(secret=secret, folder=secret.parent))
    assert "opensesame" not in str(caught.value)


@pytest.mark.parametrize("query", [*CHANGES.values(), *READS.values()], ids=[*CHANGES, *READS])
def test_duckdb_refuses_it_as_well(wb: Workbook, query: str, secret: Path) -> None:
    frames = {name: wb.frame(name) for name in NAMES}
    before = sorted(secret.parent.iterdir())
    with pytest.raises(QueryError) as caught:
        answer(query.format(secret=secret, folder=secret.parent), frames, 5.0)
    assert "opensesame" not in str(caught.value)
    assert sorted(secret.parent.iterdir()) == before


def test_what_gets_past_the_reading_of_a_query_leaves_nothing_behind(wb: Workbook) -> None:
    frames = {"customers": wb.frame("customers")}
    assert answer("CREATE TEMP TABLE mine AS FROM customers", frames, 5.0).item() == 3
    for name in ("mine", "customers"):
        with pytest.raises(QueryError, match=f"{name} does not exist"):
            answer(f"FROM {name}", {}, 5.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable_external_access", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("python_enable_replacements", False),
        ("lock_configuration", True),
        ("memory_limit", "953.6 MiB"),
        ("threads", 2),
        ("temp_directory", ""),
        ("TimeZone", "UTC"),
    ],
)
def test_duckdb_is_set_to_reach_nothing(name: str, value: Any) -> None:
    assert answer(f"SELECT current_setting('{name}')", {}, 5.0).item() == value


@pytest.mark.parametrize(
    "query",
    ["EXPLAIN SELECT 1", "SHOW TABLES", "SHOW customers", "USE temp", "BEGIN", "COMMIT", "CHECKPOINT", "VACUUM"]
    + ["PREPARE p AS SELECT 1", "EXECUTE p", "DROP TABLE customers", "SET VARIABLE x = 1", "DETACH memory"]
    + ["SELECT current_setting('threads')", "SELECT getvariable('x')", "SELECT sleep_ms(1)", "SELECT pg_sleep(1)"]
    + ["SELECT nextval('x')", "FROM duckdb_settings()", "FROM query_table('customers')", "FROM seq_scan('customers')"]
    + ["SELECT write_log('x')", "FROM pragma_table_info('customers')", "FROM (SHOW TABLES)"],
)  # fmt: skip
def test_what_is_no_question_about_the_tables_is_refused(wb: Workbook, query: str, capfd: Any) -> None:
    with pytest.raises(QueryError) as caught:
        tables_of(query)
    assert str(caught.value).endswith(".")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name",
    ["bogus", "wb", "'x.csv'", "sqlite_master", "duckdb_tables", "pg_class", "information_schema.tables"]
    + ["temp.customers", "memory.main.customers", "other.customers"],
)  # fmt: skip
def test_an_unknown_table_lists_the_known_ones(wb: Workbook, name: str) -> None:
    message = refused(wb, f"SELECT * FROM {name}")
    assert name.strip("'") in message
    assert [known for known in NAMES if known not in message] == []


def test_a_later_cte_is_not_known_to_an_earlier_one(wb: Workbook) -> None:
    assert "'b': there is no such table" in refused(wb, "WITH a AS (FROM b), b AS (SELECT 1) FROM a")


@pytest.mark.parametrize("query", ["", "  \n\t", "-- only a comment", ";", None, 5, b"SELECT 1", ["SELECT 1"]])
def test_no_query_says_so(wb: Workbook, query: Any) -> None:
    assert "is no query; write one SELECT" in refused(wb, query)


def test_two_statements_are_one_too_many(wb: Workbook) -> None:
    assert refused(wb, "SELECT 1; SELECT 2") == "The query is 2 statements; ask with one SELECT at a time."


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT bogus FROM customers", 'Referenced column "bogus" not found'),
        ("SELECT 'x'::INTEGER", "Could not convert string 'x'"),
        ("SELECT CAST(CASE WHEN range = 500000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(900000)", "Could not convert"),
        ("SELECT $1", "Values were not provided"),
        ("SELECT max(at) FROM events", 'write the column as "at"'),
        ("SELECT '\ud800'", "half of a character"),
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "nested too deeply"),
        ("SELECT " + "1 + " * 5_000 + "1", "expression depth"),
        ("SELECT '" + "x" * 100_000 + "'", "longer than 100,000 characters"),
        ("SELECT list(range) FROM range(1000000000)", "more memory"),
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_query_says_what_is_wrong(wb: Workbook, query: str, said: str) -> None:
    assert said in refused(wb, query)


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("sum(1)", pl.Int64, 1),
        (f"{10**38 - 1}::HUGEINT", pl.Decimal(38, 0), Decimal(10**38 - 1)),
        ("340282366920938463463374607431768211455::UHUGEINT", pl.String, str(2**128 - 1)),
        ("1.50::DECIMAL(5, 2)", pl.Decimal(5, 2), Decimal("1.50")),
        ("INTERVAL 90 MINUTE", pl.Duration("us"), timedelta(minutes=90)),
        ("INTERVAL 1 MONTH", pl.Duration("us"), timedelta(days=30)),
        ("NULL::INTERVAL", pl.Duration("us"), None),
        ("[INTERVAL 1 DAY]", pl.String, "[1 day]"),
        ("[1, NULL]", pl.List(pl.Int32), [1, None]),
        ("{'a': 1, 'b': ['x']}", pl.Struct({"a": pl.Int32, "b": pl.List(pl.String)}), {"a": 1, "b": ["x"]}),
        ("{'a': 1::BIGNUM}", pl.String, "{'a': 1}"),
        ("array_value(1, 2)", pl.Array(pl.Int32, 2), [1, 2]),
        ("'101'::BIT", pl.String, "101"),
        ("union_value(a := 1)", pl.String, "1"),
        ("'x'::BLOB", pl.Binary, b"x"),
        ("'{\"a\": 1}'::JSON", pl.String, '{"a": 1}'),
        ("DATE '2026-11-01'", pl.Date, date(2026, 11, 1)),
        ("TIMESTAMP '9999-12-31 23:59:59'", pl.Datetime("us"), datetime(9999, 12, 31, 23, 59, 59)),
        ("NULL", pl.Null, None),
    ],
)
def test_a_value_comes_as_what_polars_has_for_it(wb: Workbook, written: str, kind: Any, value: Any) -> None:
    found = wb.sql(f"SELECT {written} AS found")
    assert found.schema == pl.Schema({"found": kind})
    assert found.item() == value if not isinstance(value, list) else found.item().to_list() == value
    assert wb.sql(f"SELECT {written} AS found LIMIT 0").height == 0


@pytest.mark.parametrize("written", ["DATE 'infinity'", "TIMESTAMPTZ '-infinity'", "DATE '10000-01-01'"])
def test_a_date_that_nobody_can_show_is_refused(wb: Workbook, written: str) -> None:
    assert refused(wb, f"SELECT {written} AS d") == (
        "Column d holds a date outside of the years 1 to 9999; cast it to VARCHAR."
    )
    assert wb.sql(f"SELECT CAST({written} AS VARCHAR) AS d").height == 1


@pytest.mark.parametrize("number", [2**127 - 1, -(10**38)])
def test_a_number_that_would_lose_digits_is_refused(wb: Workbook, number: int) -> None:
    assert "more than 38 digits" in refused(wb, f"SELECT ({number})::HUGEINT AS big")
    assert wb.sql(f"SELECT ({number})::HUGEINT::VARCHAR AS big").item() == str(number)


def test_columns_of_one_name_get_a_number(wb: Workbook) -> None:
    assert wb.sql("SELECT 1 a, 2 a, 3 a_2, 4 a, INTERVAL 5 DAY a").columns == ["a", "a_3", "a_2", "a_4", "a_5"]


def test_a_query_is_stopped_when_its_time_is_over(wb: Workbook) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"^The query was stopped after 0.3 seconds; let it look at fewer rows.$"):
        wb.sql(ENDLESS, seconds=0.3)
    assert time.monotonic() - begun < 5
    assert wb.sql("SELECT 1 AS a").item() == 1


def test_only_the_slow_one_of_two_is_stopped(wb: Workbook) -> None:
    quick = "SELECT count(*) FROM range(200000000) WHERE range % 7 = 0"
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(wb.sql, ENDLESS, seconds=0.1)
        assert pool.submit(wb.sql, quick).result().item() == 28_571_429
        assert isinstance(slow.exception(), QueryError)


@pytest.mark.parametrize("seconds", [0, -1, None, True, float("nan"), float("inf"), "3", 3_601])
def test_a_time_limit_is_some_seconds(wb: Workbook, seconds: Any) -> None:
    with pytest.raises(InvalidValue, match="seconds"):
        wb.sql("SELECT 1", seconds=seconds)


def test_an_answer_is_not_endless(wb: Workbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_BYTES", 4 * 1024**2)
    assert "larger than 4 MB" in refused(wb, "FROM range(100000000000)")


def test_an_answer_does_not_keep_the_frames() -> None:
    told = pl.DataFrame({"a": ["x" * 100]}).to_arrow()
    ref = weakref.ref(told)
    assert answer("SELECT count(*) FROM told", {"told": pl.DataFrame(pl.from_arrow(told))}, 5.0).item() == 1
    del told
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT range(1000000000)",
        "SELECT repeat('x', 3000000000)",
        "SELECT length(lpad('x', 2000000000, 'y'))",
        "SELECT list_resize([1], 1000000000)",
        "SELECT length(format('{:>2000000000}', 1))",
        "SELECT max(len(range(0, (i.range % 3 + 1) * 50000000))) FROM range(100) i",
        "SELECT length(replace(replace(repeat('x', 100000), 'x', repeat('x', 100000)), 'x', 'yy'))",
    ],
)
def test_one_value_does_not_fill_the_memory(wb: Workbook, query: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(QueryError, match=r"memory|stopped after 3 seconds"):
        wb.sql(query, seconds=3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_200_000
    assert wb.sql("SELECT 1 AS a").item() == 1


def test_what_no_interrupt_stops_is_stopped(wb: Workbook) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryError, match="stopped after 0.5 seconds"):
        wb.sql("SELECT length(bitstring('1', 2000000000)), sum(range) FROM range(100000000000)", seconds=0.5)
    assert time.monotonic() - begun < 3


def test_a_process_that_is_gone_is_started_anew(wb: Workbook) -> None:
    for _ in range(2):
        assert wb.sql("SELECT count(*) AS n FROM customers").item() == 3
        process = sandbox._idle[-1]._process
        process.kill()
        process.wait()


def test_it_ends_with_the_program_that_asked() -> None:
    program = (
        "import os; from relorch.views.sandbox import answer; answer('SELECT 1', {}, 5.0); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=30)
    assert ended.returncode == -signal.SIGKILL  # and whoever holds the other end of stdout is gone: run() came back


def test_what_only_sqlglot_takes_for_a_comment_hides_nothing(wb: Workbook) -> None:
    hidden = "SELECT MAP {#1: (SELECT string_agg(name) FROM duckdb_settings()), --#} {\n 'b': 'c'} FROM (SELECT 'a' x)"
    with pytest.raises(QueryError, match="duckdb_settings"):
        wb.sql(hidden)
    assert wb.sql("SELECT sum(range) AS n FROM range(5)").item() == 10


def test_times_to_the_nanosecond_come_as_they_are(wb: Workbook) -> None:
    assert wb.sql("SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS t").height == 1


@pytest.mark.parametrize(
    "value", ["{'a': TIMESTAMP 'infinity'}", "[DATE '99999-01-01']", "MAP {'a': DATE '-infinity'}"]
)
def test_a_date_outside_of_the_calendar_is_harmless_inside_of_something(wb: Workbook, value: str) -> None:
    assert len(wb.sql(f"SELECT {value} AS v").rows()) == 1


def test_ctrl_c_ends_a_query_at_once(tmp_path: Path) -> None:
    program = f"from relorch.views.sandbox import answer\nprint('on', flush=True)\nanswer({ENDLESS!r}, {{}}, 60.0)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        _, said = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in said
    assert time.monotonic() - begun < 5


def test_a_query_ends_with_the_program_that_asked() -> None:
    program = (
        "import os, threading; from relorch.views.sandbox import answer;"
        f"threading.Timer(2, os.kill, (os.getpid(), 9)).start(); answer({ENDLESS!r}, {{}}, 60.0)"
    )
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=50)
    assert time.monotonic() - begun < 20  # stdout of the query's process is closed too


def test_a_process_that_stands_is_given_up(wb: Workbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_STARTING_SECONDS", 1)
    assert wb.sql("SELECT 1 AS a").item() == 1
    sandbox._idle[-1]._process.send_signal(signal.SIGSTOP)
    with pytest.raises(QueryError, match="stopped after 0.5 seconds"):
        answer("SELECT 1", {}, 0.5)
    assert wb.sql("SELECT 1 AS a").item() == 1


def test_a_fork_has_engines_of_its_own(wb: Workbook) -> None:
    assert wb.sql("SELECT 1 AS a").item() == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if not sandbox._idle and answer("SELECT 7", {}, 5.0).item() == 7 else 1)
    assert [wb.sql(f"SELECT {number} AS a").item() for number in range(50)] == list(range(50))
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("broken", [None, "", "/nowhere/python", "/bin/true"])
def test_a_process_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch, broken: Any) -> None:
    sandbox._close()
    monkeypatch.setattr(sys, "executable", broken)
    with pytest.raises(QueryError, match="start"):
        answer("SELECT 1", {}, 5.0)


def test_less_memory_than_usual_is_no_reason_to_end() -> None:
    program = "from relorch.views.sandbox import answer; print(answer('SELECT 42', {}, 5.0).item())"
    command = f'ulimit -v 1900000; exec {sys.executable} -c "{program}"'
    assert subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, timeout=60).stdout == b"42\n"


def test_a_large_frame_that_changed_takes_the_place_of_the_old_one() -> None:
    for number in range(3):
        frame = pl.DataFrame({"number": range(200_000)}).with_columns(
            text=pl.concat_str(pl.lit("x" * 2_000), pl.col("number").cast(pl.String))
        )
        query = "SELECT count(*) + sum(length(text)) AS size FROM told"
        assert answer(query, {"told": frame}, 30.0).item() == 200_000 + 400_000_000 + 1_088_890, number
        del frame


def test_a_query_that_took_much_leaves_enough_for_the_next(wb: Workbook) -> None:
    large = "SELECT length(repeat('y', (600000000 + range)::INTEGER)) AS n FROM range({n}) LIMIT 1"
    for number in range(1, 5):
        assert wb.sql(large.format(n=number)).item() == 600_000_000


def test_an_answer_of_few_large_rows_comes() -> None:
    assert answer("SELECT range AS i, repeat('y', 20000) AS y FROM range(20000)", {}, 30.0).height == 20_000
