"""The DuckDB that queries run in: a process of its own, started by `relorch.views.sandbox` as a script.

It has the frames it is sent and nothing else: no files, no network, no settings. What a query may take of memory is
a limit of the process, and the kernel ends it when its seconds are over: DuckDB neither counts nor interrupts what one
call makes of one value. It ends by itself when its parent is gone, in the middle of a query as well, or has not asked
for a while.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from multiprocessing.connection import Connection
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from duckdb.sqltypes import DuckDBPyType

_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # a table is a frame, never a variable of the code around
    "temp_directory": "",
    "memory_limit": "1GB",
    "threads": "2",
}
_IDLE_SECONDS = 300
_ROWS = 20_480
_MESSAGE_BYTES = 16 * 1024**2
_PLAIN = frozenset(
    {"null", "boolean", "float", "double", "decimal", "varchar", "blob", "uuid", "enum", "date", "time"}
    | {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
    | {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
"""The types that polars has as well; a value of any other one becomes its text."""
_NESTED = frozenset({"list", "array", "struct", "map"})
_TOO_MUCH = "The query needs more memory than it may use; let it look at fewer rows or columns."
Tables = dict[str, pa.Table]


def serve(parent: Connection, engine: DuckDBPyConnection) -> None:
    """Answer what the parent asks until it is gone; each answer ends with a JSON object, of `error` if it failed."""
    tables: Tables = {}
    offered: set[str] = set()
    parent.send_bytes(b'{"ready": true}')
    while parent.poll(_IDLE_SECONDS):
        asked = json.loads(parent.recv_bytes())
        wanted = set(asked["tables"])
        same = offered & wanted - set(asked["drop"])
        for name in offered - same:
            engine.unregister(name)
        for name in asked["drop"]:  # before others come, so that the memory is free
            del tables[name]
        for name, parts in asked["sent"].items():
            tables[name] = pa.concat_tables([_unpacked(parent.recv_bytes()) for _ in range(parts)])
        for name in wanted - same:
            engine.register(name, tables[name])  # nothing is copied
        offered = wanted
        signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
        told, is_well = _told(parent, engine, asked)
        signal.setitimer(signal.ITIMER_REAL, 0)
        stays = is_well and not _is_worn()
        parent.send_bytes(json.dumps(told | {"stays": stays}).encode())
        if not stays:
            return


def _is_worn() -> bool:
    """Whether so much was taken once that the next query, which has what is left, might want for memory."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return limit != resource.RLIM_INFINITY and peak > limit / 2


def _told(parent: Connection, engine: DuckDBPyConnection, asked: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Do what is asked; gives what to say of it, and whether this DuckDB still answers after that."""
    try:
        if asked["only"] == "kinds":
            return _kinds(engine, asked["query"]), True
        return _answer(parent, engine, asked), True
    except MemoryError:
        return {"error": _TOO_MUCH, "memory": True}, False
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # OSError: what breaks while rows arrive
        if _is_about_memory(error):
            return {"error": _TOO_MUCH, "memory": True}, False
        return {"error": str(error).strip()}, not isinstance(error, duckdb.FatalException | duckdb.InternalException)


def _kinds(engine: DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Give what DuckDB takes each statement of a text for, and how it reads them, where it tells that."""
    with engine.cursor() as cursor:
        kinds = [statement.type.name for statement in cursor.extract_statements(query)]
        try:
            row = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
        except duckdb.Error:
            row = None
    return {"kinds": kinds, "read": None if row is None else row[0]}


def _answer(parent: Connection, engine: DuckDBPyConnection, asked: dict[str, Any]) -> dict[str, Any]:
    """Run one statement and send what it gives, one message a batch."""
    with _only_reading(engine):
        relation = engine.sql(asked["query"])
        if relation is None:
            return {"error": "The query gives no table; ask with one SELECT."}
        names, types = relation.columns, relation.types
        if not _sent(parent, _for_polars(relation), asked["most_bytes"]):
            much = f"{asked['most_bytes'] // 1024**2} MB"
            return {"error": f"The answer is larger than {much}; ask for fewer rows or columns, or add a LIMIT."}
        return {"names": names, "kinds": [kind.id for kind in types]}


@contextmanager
def _only_reading(engine: DuckDBPyConnection) -> Iterator[None]:
    """Begin a transaction that can only read, and that leaves nothing behind."""
    engine.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # what went wrong is told, not what came of it
            engine.execute("ROLLBACK")


def _sent(parent: Connection, relation: DuckDBPyRelation, most_bytes: int) -> bool:
    """Send the rows, or only the columns where there are none; False when they become too many bytes."""
    reader, size = relation.to_arrow_reader(_ROWS), 0
    first = next(reader, None)
    if first is None:
        parent.send_bytes(_packed(reader.schema, []))
        return True
    for batch in chain([first], reader):
        size += batch.nbytes
        if size > most_bytes:
            return False
        rows = max(1, batch.num_rows * _MESSAGE_BYTES // max(batch.nbytes, 1))
        for at in range(0, batch.num_rows, rows):
            parent.send_bytes(_packed(reader.schema, [batch.slice(at, rows)]))
    return True


def _packed(schema: pa.Schema, batches: list[pa.RecordBatch]) -> memoryview:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return stream.getbuffer()


def _unpacked(message: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(message)).read_all()


def _for_polars(relation: DuckDBPyRelation) -> DuckDBPyRelation:
    wanted = [_wanted(number, each) for number, each in enumerate(relation.types, 1)]
    return relation if all(each.startswith("#") for each in wanted) else relation.project(", ".join(wanted))


def _wanted(number: int, kind: DuckDBPyType) -> str:
    """Give what to select for a column so that polars can hold it."""
    if kind.id == "interval":
        return f"epoch_us(#{number})"
    return f"#{number}" if _is_plain(kind) else f"CAST(#{number} AS VARCHAR)"


def _is_plain(kind: DuckDBPyType) -> bool:
    if kind.id not in _NESTED:
        return kind.id in _PLAIN
    inside = [child for _, child in kind.children if isinstance(child, DuckDBPyType)]
    # a date in there is not looked at one by one, and one outside of the calendar would end polars' thread
    return all(_is_plain(child) and not child.id.startswith(("date", "timestamp")) for child in inside)


def _is_about_memory(error: Exception) -> bool:
    return isinstance(error, duckdb.OutOfMemoryException) or str(error).strip().startswith("Out of Memory")


def _opened() -> DuckDBPyConnection:
    engine = duckdb.connect(":memory:", config=_LOCKED)
    engine.execute("SET GLOBAL TimeZone = 'UTC'")
    engine.execute("SET GLOBAL lock_configuration = true")
    return engine


def _limit(most_bytes: int) -> None:
    """Take no more memory than this, nor than is allowed anyway; where there is no such limit, DuckDB's own holds."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    least = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (least, least))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """Wait until nobody holds the other end of the pipe."""
    gone = select.poll()
    gone.register(parent, 0)  # a hang-up is told whatever is asked for
    gone.poll()
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which ends this process too
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel's, so that it holds inside of DuckDB
    pipe = Connection(int(sys.argv[1]))
    _limit(int(sys.argv[2]))
    threading.Thread(target=_end_with, args=[pipe.fileno()], daemon=True).start()
    with suppress(EOFError, OSError):  # the parent is gone
        serve(pipe, _opened())
