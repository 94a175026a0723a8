"""Queries in a process of their own (`relorch.views.engine`), which has only the frames it is sent."""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from relorch.errors import QueryError

MOST_BYTES = 512 * 1024**2
"""How large an answer may be; more is hardly meant, and would be held in this process."""
MOST_MEMORY = 2 * 1024**3
"""What the process of a query may have of address space in bytes, its code and the frames included."""

_SCRIPT = Path(__file__).with_name("engine.py")
_READING_SECONDS = 30
_AT_ONCE = 4
_KEPT = 2
_GONE = "The query ended the process it ran in, most likely for want of memory; let it look at fewer rows or columns."
_STARTING_SECONDS = 20
_MESSAGE_BYTES = 16 * 1024**2
_UNITS = {"ms": 10**3, "us": 10**6}


class Called(NamedTuple):
    """What a query calls, as DuckDB itself reads it."""

    functions: set[str]
    tables: set[str]  # functions that stand for a table


class _Engine:
    """One process that answers queries, one after another; it keeps the frames it was sent, for the next query."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno()), str(MOST_MEMORY)]
        environment = os.environ | {"MALLOC_ARENA_MAX": "2"}  # each arena takes 64 MB of address space
        try:
            self._process = subprocess.Popen(  # noqa: S603 our own script
                command, pass_fds=[theirs.fileno()], env=environment, stderr=subprocess.DEVNULL
            )
        except (OSError, TypeError) as error:
            raise QueryError(f"No process for the query could be started with {sys.executable}: {error}.") from None
        finally:
            theirs.close()
        self._sent: dict[str, ReferenceType[pl.DataFrame]] = {}
        self.is_new, self.is_late = True, False
        try:
            self._received(time.monotonic() + _STARTING_SECONDS)
        except (EOFError, OSError):
            self.close()
            raise QueryError(
                f"The process for the query ended while it was started with {sys.executable}; "
                "is there memory for it, and is relorch installed there?"
            ) from None

    def ask(self, what: dict[str, Any], frames: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], list[bytes]]:
        """Give what the process says at the end, and what it sent before; raises EOFError or OSError if it is gone."""
        late = time.monotonic() + what["seconds"] + _STARTING_SECONDS
        new = {name: frame for name, frame in frames.items() if self._sent.get(name, _nothing)() is not frame}
        drop = [name for name, sent in self._sent.items() if name in new or sent() is None]
        parts = {name: list(_parts(frame)) for name, frame in new.items()}
        sent = {name: len(each) for name, each in parts.items()}
        self._pipe.send_bytes(json.dumps(what | {"tables": list(frames), "drop": drop, "sent": sent}).encode())
        for name in drop:
            del self._sent[name]
        for name, each in parts.items():
            for part in each:
                self._pipe.send_bytes(_packed(part))
            self._sent[name] = ref(frames[name])
        batches: list[bytes] = []
        while (told := self._received(late))[:1] != b"{":
            batches.append(told)
        self.is_new = False
        found = json.loads(told)
        if not found["stays"]:
            self.close()
        return found, batches

    def _received(self, late: float) -> bytes:
        """Wait for a message, by and by: a read would not be broken off by Ctrl+C, nor end when the process stands."""
        while not self._pipe.poll(0.2):
            if time.monotonic() > late:
                self.is_late = True
                raise EOFError
        return self._pipe.recv_bytes()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> int:
        """End the process; gives how it ended, if it had before."""
        self._pipe.close()
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _nothing() -> None:
    return None


def _parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    rows = int(frame.height * _MESSAGE_BYTES / max(frame.estimated_size(), 1))
    return frame.iter_slices(max(rows, 1)) if frame.height else iter([frame])


def _packed(frame: pl.DataFrame) -> memoryview:
    stream = io.BytesIO()
    frame.write_ipc_stream(stream, compat_level=pl.CompatLevel.newest())
    return stream.getbuffer()


_idle: list[_Engine] = []
_guard = threading.Lock()
_slots = threading.BoundedSemaphore(_AT_ONCE)


@contextmanager
def _engine() -> Iterator[_Engine]:
    """Give an engine that nobody else has; one that fails is not used again."""
    with _slots:
        with _guard:
            engine = _idle.pop() if _idle else None
        if engine is None or not engine.is_alive():
            engine = _Engine()
        try:
            yield engine
        except BaseException:  # what it was about to say would be taken for the next answer
            engine.close()
            raise
        with _guard:
            _idle.append(engine)
            surplus = _idle.pop(0) if len(_idle) > _KEPT else None
        if surplus is not None:
            surplus.close()


@atexit.register
def _close() -> None:
    while _idle:
        _idle.pop().close()


def _forget() -> None:
    """Leave the engines to the process that was forked: two that read from one pipe get each other's answers."""
    global _guard, _slots
    _idle.clear()
    _guard, _slots = threading.Lock(), threading.BoundedSemaphore(_AT_ONCE)


os.register_at_fork(after_in_child=_forget)


def read(query: str, seconds: float = _READING_SECONDS) -> tuple[list[str], Called | None]:
    """Give what DuckDB takes each statement of a text for, such as SELECT, and what one statement calls.

    None for a statement that DuckDB does not tell of, such as a PIVOT. Raises `QueryError` with DuckDB's message.
    """
    told, _ = _told({"only": "kinds", "query": query, "seconds": seconds}, {})
    try:
        tree = json.loads(told["read"] or "{}")
    except RecursionError:
        return told["kinds"], None
    return told["kinds"], None if tree.get("error", True) else _called(tree["statements"])


def answer(query: str, frames: Mapping[str, pl.DataFrame], seconds: float) -> pl.DataFrame:
    """Give what one statement says over the frames, which are its only tables.

    Raises `QueryError` for what DuckDB refuses, after `seconds`, for more memory than `MOST_MEMORY`, and for an
    answer of more than `MOST_BYTES`.
    """
    told, batches = _told({"only": "answer", "query": query, "seconds": seconds, "most_bytes": MOST_BYTES}, frames)
    table = pa.concat_tables(pa.ipc.open_stream(batch).read_all() for batch in batches)
    frame = pl.DataFrame(pl.from_arrow(table.rename_columns(_unique(told["names"]))))
    return frame.with_columns(_as_python(frame[:, at], kind) for at, kind in enumerate(told["kinds"]))


def _told(what: dict[str, Any], frames: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], list[bytes]]:
    told, batches = _asked(what, frames) or _asked(what, frames) or ({"error": _GONE}, [])
    if "error" in told:
        raise QueryError(told["error"])
    return told, batches


def _asked(what: dict[str, Any], frames: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Give what a process says; None when an older one is gone, or has too little memory left: a new one may answer."""
    with _engine() as engine:
        is_new = engine.is_new
        try:
            told, batches = engine.ask(what, frames)
            return (told, batches) if is_new or "memory" not in told else None
        except (EOFError, OSError):
            ended = engine.close()
    if ended == -signal.SIGALRM or engine.is_late:
        return {"error": f"The query was stopped after {what['seconds']:g} seconds; let it look at fewer rows."}, []
    return ({"error": _GONE}, []) if is_new else None


def _as_python(column: pl.Series, kind: str) -> pl.Series:
    """Give a column as the type one reckons with: sums as whole numbers, intervals as durations."""
    if kind == "interval":
        return column.cast(pl.Duration("us"))
    if kind == "hugeint":
        if not column.to_physical().drop_nulls().is_between(1 - 10**38, 10**38 - 1).all():
            raise QueryError(f"Column {column.name} holds a number of more than 38 digits; cast it to VARCHAR.")
        whole = column.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column
    if isinstance(column.dtype, pl.Date | pl.Datetime) and not _in_calendar(column):
        raise QueryError(f"Column {column.name} holds a date outside of the years 1 to 9999; cast it to VARCHAR.")
    return column


def _in_calendar(column: pl.Series) -> bool:
    """Whether Python can show every date of a column; polars ends the thread over one that it cannot."""
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_unit == "ns":
        return True  # these end in 2262
    day = 86_400 * _UNITS[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    stored = column.to_physical().drop_nulls()
    return bool(stored.is_between(-719_162 * day, 2_932_897 * day - 1).all())


def _unique(names: Sequence[str]) -> list[str]:
    """Give the names of columns, the second a as a_2."""
    found: list[str] = []
    for name in names:
        number, free = 2, name
        while free in found or (free != name and free in names):
            free, number = f"{name}_{number}", number + 1
        found.append(free)
    return found


def _called(statements: list[Any]) -> Called:
    functions: set[str] = set()
    tables: set[str] = set()
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("type") == "TABLE_FUNCTION":
                tables.add(node["function"]["function_name"].lower())
                waiting += node["function"].values()
                node = {name: value for name, value in node.items() if name != "function"}
            elif isinstance(node.get("function_name"), str):
                functions.add(node["function_name"].lower())
            waiting += node.values()
    return Called(functions, tables)
