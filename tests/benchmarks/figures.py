"""The figures to reach: relorch against plain sqlite3 doing the same statements on the same schema, in one run.

Run it by hand: `python tests/benchmarks/figures.py [customers] [steps]`. It prints a ratio a line, with its
bound; nothing in here is a test, because one run on a busy machine proves nothing.
"""

from __future__ import annotations

import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from relorch import Workbook, open_workbook
from relorch.model.values import Release

CONTENT = "kubectl -n ${{ namespace }} rollout status deploy/app\n" * 8


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(work: Callable[[], object], wb: Workbook, times: int = 5) -> float:
    """The median of several runs, an event written before each so that no cache answers."""
    taken = []
    for number in range(times):
        wb.clusters.create(name=f"between {random.random()} {number}")
        taken.append(seconds(work))
    return statistics.median(taken)


def filled(wb: Workbook, customers: int, steps: int) -> tuple[Release, list[int], list[int]]:
    clusters = [wb.clusters.create(name=f"prod-{number}").id for number in range(6)]
    ids = [
        wb.customers.create(cluster_id=clusters[at % 6], namespace=f"customer-{at:04}", name=f"Customer {at}").id
        for at in range(customers)
    ]
    release = wb.releases.create(name="big", type="release")
    deploy = steps * 7 // 10
    templates = [
        wb.templates.add(
            release.id, name=f"Step {at}", category="deploy" if at < deploy else "verify", type="bash", content=CONTENT
        ).id
        for at in range(steps)
    ]
    return release, ids, templates[:deploy]


def plain(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "journal_mode=TRUNCATE"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def in_one(connection: sqlite3.Connection, *work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        connection.execute("BEGIN IMMEDIATE")
        for each in work:
            each()
        connection.execute("COMMIT")

    return run


def activate(wb: Workbook, db: sqlite3.Connection, release: Release, ids: list[int]) -> float:
    ours = seconds(lambda: wb.releases.activate(release.id, customer_ids=ids))
    db.execute("INSERT INTO releases (name, type, created_at, updated_at) VALUES ('copy', 'release', 1, 1)")
    (copy,) = db.execute("SELECT max(id) FROM releases").fetchone()
    names = "name, category, type, content, order_index, created_at, updated_at"
    db.execute(
        f"INSERT INTO step_templates (release_id, {names}) SELECT ?, {names} FROM step_templates WHERE release_id = ?",
        (copy, release.id),
    )
    member = "customer_id, state, added_at, updated_at"
    db.execute(
        f"INSERT INTO release_customers (release_id, {member}) SELECT ?, {member} FROM release_customers", (copy,)
    )
    made = (
        "INSERT INTO customer_steps (release_id, customer_id, template_id, template_revision, name, category, type,"
        " content, order_index, created_at, updated_at) SELECT m.release_id, m.customer_id, t.id, 1, t.name,"
        " t.category, t.type, t.content, t.order_index, 1, 1 FROM release_customers m JOIN step_templates t"
        " ON t.release_id = m.release_id WHERE m.release_id = ? ORDER BY m.customer_id, t.category, t.order_index"
    )
    theirs = seconds(in_one(db, lambda: db.execute(made, (copy,))))
    in_one(db, lambda: db.execute("DELETE FROM customer_steps WHERE release_id = ?", (copy,)))()
    return ours / theirs


def matrix(wb: Workbook, db: sqlite3.Connection, release: Release) -> float:
    query = (
        "SELECT customer_id, template_id, order_index, id, row_version, status FROM customer_steps"
        " WHERE release_id = ? ORDER BY customer_id, category, order_index"
    )
    theirs = median(lambda: db.execute(query, (release.id,)).fetchall(), wb)
    return median(lambda: wb.matrix(release.id).packed(), wb) / theirs


def progress(wb: Workbook, db: sqlite3.Connection, release: Release) -> float:
    query = "SELECT customer_id, status, count(*) FROM customer_steps WHERE release_id = ? GROUP BY 1, 2"
    theirs = median(lambda: db.execute(query, (release.id,)).fetchall(), wb)
    return median(lambda: wb.progress(release.id, by="customer"), wb) / theirs


def reorder(wb: Workbook, db: sqlite3.Connection, release: Release, deploy: list[int]) -> float:
    def shuffled() -> None:
        random.shuffle(deploy)
        wb.templates.reorder(release.id, "deploy", deploy)

    flip = (
        "UPDATE customer_steps SET order_index = (SELECT ? - t.order_index FROM step_templates t"
        " WHERE t.id = template_id) WHERE release_id = ? AND category = 'deploy'"
    )
    turns = iter(range(1_000))
    theirs = median(in_one(db, lambda: db.execute(flip, (10_000 + next(turns), release.id))), wb, 3)
    return median(shuffled, wb, 3) / theirs


def mark(wb: Workbook, db: sqlite3.Connection, release: Release) -> float:
    ids = [cell.id for cell in wb.matrix(release.id).cells()][:500]
    ours = seconds(lambda: wb.steps.mark_done(ids))
    text, digest = db.execute(
        "SELECT executed_content, executed_sha256 FROM customer_steps WHERE id = ?", (ids[0],)
    ).fetchone()
    (newest,) = db.execute("SELECT max(id) FROM events").fetchone()
    update = (
        "UPDATE customer_steps SET status = 'done', executed_at = ?, executed_by = 'x', executed_content = ?,"
        " executed_sha256 = ?, row_version = row_version + 1, updated_at = ? WHERE id = ? AND row_version > 0"
    )
    insert = (
        "INSERT INTO events (id, batch_id, at, operator, action, release_id, customer_id, template_id, step_id,"
        " before, after, note, sha256) VALUES (?, ?, 1, 'x', 'step.mark_done', 1, 1, 1, ?, '{}', ?, NULL, ?)"
    )
    facts = [(newest + 1 + at, newest + 1, step, text, "0" * 64) for at, step in enumerate(ids)]
    theirs = seconds(
        in_one(
            db,
            lambda: db.executemany(update, [(1, text, digest, 1, step) for step in ids]),
            lambda: db.executemany(insert, facts),
        )
    )
    return ours / theirs


QUERY = """
    SELECT cluster_name, status, count(*) AS steps, median(minutes_to_execution) AS minutes
    FROM step_facts GROUP BY ALL ORDER BY ALL
"""


def query(wb: Workbook) -> float:
    """Once the frame is kept: nothing is written in between."""
    import duckdb

    connection = duckdb.connect(config={"threads": "2"})
    connection.register("step_facts", wb.frame("step_facts"))
    for ask in (connection.sql(QUERY).pl, lambda: wb.sql(QUERY)):
        ask()
    theirs = statistics.median(seconds(lambda: connection.sql(QUERY).pl()) for _ in range(15))
    return statistics.median(seconds(lambda: wb.sql(QUERY)) for _ in range(15)) / theirs


def main(customers: int = 2_000, steps: int = 100) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.db"
        with open_workbook(str(path), operator="ana") as wb:
            release, ids, deploy = filled(wb, customers, steps)
            db = plain(path)
            print(f"activate            {activate(wb, db, release, ids):5.2f} × one INSERT … SELECT   (bound 3)")
            print(f"matrix              {matrix(wb, db, release):5.2f} × fetchall                (bound 2)")
            print(f"progress            {progress(wb, db, release):5.2f} × the GROUP BY            (bound 2)")
            print(f"reorder             {reorder(wb, db, release, deploy):5.2f} × one UPDATE              (bound 2)")
            print(f"mark 500 done       {mark(wb, db, release):5.2f} × executemany of both     (bound 12)")
            db.close()
            print(f"query, frames kept  {query(wb):5.2f} × DuckDB on the ready frame (bound 3)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory         {peak:5.0f} MB, baselines included    (bound 300)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
