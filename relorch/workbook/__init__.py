"""The workbook: one open database and every use case on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from relorch.errors import StorageError
from relorch.model import text
from relorch.model.progress import Progress
from relorch.model.values import Event
from relorch.store import Store, events
from relorch.store.backup import Backup, back_up
from relorch.store.check import Check, check, refuse_without_tables
from relorch.store.files import database_path, ensure_workbook
from relorch.views.flow import Flow, flow_of, versions_at
from relorch.views.kept import kept_of
from relorch.views.matrix import Matrix, matrix_of
from relorch.views.overview import Activity, Overview, activity_of, overview_of
from relorch.views.progress import progress_by, progress_of
from relorch.views.standing import Version, versions_of
from relorch.workbook.clusters import Clusters, require_cluster
from relorch.workbook.core import Clock, Core, utc_now
from relorch.workbook.customers import Customers
from relorch.workbook.exports import Exports
from relorch.workbook.imports import Imports
from relorch.workbook.releases import Releases, require_release
from relorch.workbook.steps import Steps
from relorch.workbook.templates import Templates
from relorch.workbook.transitions import ids_of
from relorch.workbook.undo import UNDO, UNDOABLE, Undone, undo_batch

if TYPE_CHECKING:
    import polars as pl

    from relorch.views.report import ReleaseReport, SignOff

DEFAULT_DATABASE = "file:./data/app.db"


@dataclass(frozen=True)
class Changes:
    """What was changed since a moment: `revision` is the newest event's id.

    `customers` had steps changed; of `releases` (None: the inventory) more than steps was.
    """

    revision: int
    customers: frozenset[int]
    releases: frozenset[int | None]

    @property
    def any(self) -> bool:
        """Whether anything was changed at all."""
        return bool(self.customers or self.releases)


class Workbook:
    """Every use case on one open database, for one operator.

    One verb is one transaction: the change and its events, or nothing. Threads may share it; give each
    operator a view of their own by `acting_as`.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.clusters = Clusters(core)
        self.customers = Customers(core)
        self.releases = Releases(core)
        self.templates = Templates(core)
        self.steps = Steps(core)
        self.imports = Imports(core)
        self.exports = Exports(core)

    @property
    def operator(self) -> str:
        """Who acts."""
        return self._core.operator

    @property
    def path(self) -> str:
        """The absolute path of the database file."""
        return str(self._core.store.path)

    @property
    def last_batch(self) -> int | None:
        """The batch that the last verb of this workbook stored in this thread, or None when it stored nothing.

        Read it right after the verb, whatever the verb answers; a preview leaves it alone.
        """
        return None if self._core.latest.batch is None else self._core.latest.batch.id

    @property
    def last_undoable(self) -> int | None:
        """The same, or None when `undo` does not cover what the verb did: what a page may offer to take back."""
        latest = self._core.latest.batch
        return latest.id if latest is not None and latest.actions <= UNDOABLE | {UNDO} else None

    def acting_as(self, operator: str) -> Workbook:
        """Give the same workbook for another operator; raises `InvalidValue` for a name that cannot be one."""
        return Workbook(Core(self._core.store, _operator(operator), self._core.clock))

    def at(self, moment: datetime) -> Workbook:
        """Give the same workbook at a fixed moment (an aware time): what is done by it is recorded then.

        A moment without a zone is refused with `InvalidValue` by the first verb.
        """
        return Workbook(Core(self._core.store, self._core.operator, lambda: moment))

    def now(self) -> datetime:
        """Give the moment of the workbook's clock, in UTC."""
        return self._core.now()

    def matrix(
        self, release_id: int, cluster_id: int | None = None, *, customer_ids: Sequence[int] | None = None
    ) -> Matrix:
        """Give steps × customers of a release: whole, of one cluster, or of some customers; raises `NotFound`."""
        with self._core.look() as connection:
            require_release(connection, release_id)
            if cluster_id is not None:
                require_cluster(connection, cluster_id)
            if customer_ids is not None:
                customer_ids = ids_of("customer_ids", customer_ids)
            return matrix_of(connection, release_id, cluster_id, customer_ids, operator=self.operator)

    @overload
    def progress(self, release_id: int, by: None = None) -> Progress: ...
    @overload
    def progress(self, release_id: int, by: str) -> list[Progress]: ...
    def progress(self, release_id: int, by: str | None = None) -> Progress | list[Progress]:
        """Give how far a release is: `.total .counts .percentage .held`.

        With `by` (cluster, customer, step or category) a list of these with `.key .label`, in the order of the
        pages. Raises `NotFound`, `InvalidValue`.
        """
        with self._core.look() as connection:
            require_release(connection, release_id)
            return progress_of(connection, release_id) if by is None else progress_by(connection, release_id, by)

    def history(
        self,
        *,
        release_id: int | None = None,
        customer_id: int | None = None,
        step_id: int | None = None,
        batch_id: int | None = None,
        newest: int | None = None,
    ) -> list[Event]:
        """Give the events that match every argument, oldest first; `newest` keeps only so many of the last ones.

        Raises `InvalidValue` for what is no id or number; an unknown id has no events.
        """
        wanted = {"release_id": release_id, "customer_id": customer_id, "step_id": step_id, "batch_id": batch_id}
        for name, value in {**wanted, "newest": newest}.items():
            if value is not None:
                text.number(name, value, least=int(name != "newest"))
        with self._core.look() as connection:
            found = events.select_history(connection, **wanted, newest=newest)
        return [Event(**row) for row in found]

    def activity(
        self, *, release_id: int | None = None, customer_id: int | None = None, newest: int = 50
    ) -> tuple[Activity, ...]:
        """Give the last batches with the names people know, the newest first: of all, a release or a customer."""
        wanted = {"release_id": release_id, "customer_id": customer_id}
        for name, value in {**wanted, "newest": newest}.items():
            if value is not None:
                text.number(name, value, least=int(name != "newest"))
        with self._core.look() as connection:
            return activity_of(connection, newest, **wanted)

    def overview(self) -> Overview:
        """Give what an operator wants to know first: active releases, what failed, what is next, what happened."""
        with self._core.look() as connection:
            return overview_of(connection, self.operator)

    def versions(self, at: datetime | None = None) -> dict[int, Version]:
        """Give each customer's current version by customer id: that of the release it completed last.

        A customer completed a release when its last open step closed and none is open; one that never did is
        missing here, and so is what it did in a release that it was removed from. `at`: an aware time; with it what
        was so at that moment, told from the events alone. Raises `InvalidValue` for a time without a zone.
        """
        moment = None if at is None else text.moment("at", at)
        with self._core.look() as connection:
            return versions_of(connection) if moment is None else versions_at(connection, moment)

    def flow(self, release_id: int) -> Flow:
        """Give how a release went until now, from its events alone; raises `NotFound`.

        `.burn_up` has a point for each batch that changed the numbers, `.lead_times` the members that were not removed,
        `.steps` the time and trouble each step took, `.forecast` when the rest will be done at the pace so far.
        """
        now = self._core.now()
        with self._core.look() as connection:
            require_release(connection, release_id)
            return flow_of(connection, release_id, now)

    def frame(self, name: str) -> pl.DataFrame:
        """Give a table as a typed polars frame: times in UTC, enums, flags; metadata, before and after as JSON text.

        `name`: clusters, customers, releases, step_templates, release_customers, customer_steps, events, or
        step_facts: each step with the names of its release, customer and cluster, and without its text. What was
        read is kept until something changes. Raises `QueryError` for another name.
        """
        from relorch.views.frames import frames_of  # polars costs its import only those who ask for a frame

        return frames_of(self._core.store, [name])[name]

    def sql(self, query: str, *, seconds: float = 30.0) -> pl.DataFrame:
        """Give the answer of one SELECT in DuckDB's SQL over the frames it names (see `frame`).

        It can read nothing else and change nothing. Raises `QueryError` for anything but one SELECT, for an unknown
        table, for what DuckDB refuses, and when it runs for longer than `seconds`.
        """
        from relorch.views.query import run_query

        return run_query(self._core.store, query, seconds)

    @overload
    def report(self, release_id: int, customer_id: None = None) -> ReleaseReport: ...
    @overload
    def report(self, release_id: int, customer_id: int) -> SignOff: ...
    def report(self, release_id: int, customer_id: int | None = None) -> ReleaseReport | SignOff:
        """Give the facts of a release for the record, or those of one customer in it, as one signs for them.

        Secrets are masked and counted; `relorch.reports` makes HTML, JSON or CSV of it. A removed member can be
        asked for too. Raises `NotFound`, and `NotAllowed` for a release without members or a customer that is none.
        """
        from relorch.workbook.reporting import report_of  # only who wants a report waits for what it takes

        if customer_id is not None:
            text.number("customer_id", customer_id)
        with self._core.look() as connection:
            return report_of(connection, release_id, customer_id, operator=self.operator, now=self._core.now())

    def undo(self, batch_id: int | None = None, *, skip_touched: bool = False) -> Undone:
        """Take a batch back: status verbs, override and reset, custom steps, templates and their order.

        `batch_id` None: this operator's last batch that can be. Every column gets its value of before, except
        `row_version` and `updated_at`, which only grow; the undo is a batch itself and can be undone.
        Raises `NotFound` for an unknown batch, `NotAllowed` for one that cannot be undone or was, and `Conflict`,
        with nothing changed, when a row was touched since. `skip_touched` puts back the rest and lists what it left;
        it is refused all the same where nothing is left to put back, where a template or the order itself was
        touched, and where customers who joined since took a template's text.
        """
        wanted = None if batch_id is None else text.number("batch_id", batch_id)
        with self._core.change() as change:
            undone = undo_batch(change, wanted, skip_touched=text.flag("skip_touched", skip_touched))
        return replace(undone, batch_id=change.batch_id)

    def revision(self) -> int:
        """Give the id of the newest event: it grows with every change of the workbook."""
        with self._core.look() as connection:
            return events.newest_id(connection)

    def changes_since(self, revision: int) -> Changes:
        """Give what was changed after the event with this id (see `revision`); raises `InvalidValue` for no number."""
        text.number("revision", revision, least=0)
        with self._core.look() as connection:
            newest = events.newest_id(connection)
            found = events.touched_since(connection, revision) if newest != revision else []
        return Changes(
            newest,
            frozenset(row["customer_id"] for row in found if row["step_id"] is not None),
            frozenset(row["release_id"] for row in found if row["step_id"] is None),
        )

    def first_broken_event(self) -> int | None:
        """Give the id of the first event that was tampered with, or None: the chain holds."""
        with self._core.look() as connection:
            return events.first_broken(connection)

    def backup(self, target: Path | None = None) -> Backup:
        """Copy the workbook to `target`, a new file or a folder; None: into `backups` beside it, named by the time.

        The copy is found whole before it gets its name. Raises `CannotOpen` for a file that exists or cannot be
        made, `StorageError` when the disk is full; nothing is left there then. `relorch.store.backup.restore`
        puts one back.
        """
        return back_up(self._core.store, target, self._core.now())

    def check(self) -> Check:
        """Look at the whole workbook and give what is wrong with it."""
        found = None
        try:
            with self._core.look() as connection:
                found = check(connection)
        except StorageError:  # of a damaged file even the end of a read is refused
            if found is None or found.ok:
                raise
        return found

    def close(self) -> None:
        """Close the database; the workbook, and every view of it by `acting_as`, is of no use after that."""
        kept_of(self._core.store).close()
        self._core.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_workbook(
    url: str | None = None, operator: str | None = None, *, create: bool = True, clock: Clock = utc_now
) -> Workbook:
    """Open a workbook, making a new one where there is no file yet.

    `url`: `sqlite:///path`, `file:path` or a path; None: the environment's DATABASE_URL, else ./data/app.db.
    `operator`: who acts; None: the environment's RELORCH_OPERATOR, else the name of the system's user.
    `create=False` refuses a missing file; `clock` gives aware times. An old schema is never migrated here.
    Raises `CannotOpen` for a file that is no workbook of this schema, `InvalidValue` for the operator's name.
    """
    name = _operator(operator if operator is not None else default_operator())
    path = database_path(url if url is not None else os.environ.get("DATABASE_URL") or DEFAULT_DATABASE)
    ensure_workbook(path, create=create)
    store = Store(path)
    try:
        with store.reading() as connection:  # sets and reads back the pragmas: what cannot be used is refused now
            refuse_without_tables(connection, path)
    except BaseException:
        store.close()
        raise
    return Workbook(Core(store, name, clock))


def default_operator() -> str:
    """Give who acts when nobody says: RELORCH_OPERATOR, else the name of the system's user."""
    if name := os.environ.get("RELORCH_OPERATOR"):
        return name
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def _operator(name: str) -> str:
    return text.line("operator", name, text.OPERATOR_LIMIT)
