"""The live file is opened by SQLite and by nothing else in the process.

Closing any other descriptor of it would drop SQLite's locks, and later commits would be lost without a word.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLAYED = """
import os, sys
from datetime import UTC, datetime
path = sys.argv[1]
opened, connected = [], set()

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and os.fsdecode(arguments[0]).startswith(path):
        opened.append(os.fsdecode(arguments[0]))
    if event == "sqlite3.connect" and path in os.fsdecode(arguments[0]):
        connected.add(sys._getframe(1).f_globals["__name__"])

sys.addaudithook(watch)
with open(path + ".control", "w"):
    assert opened == [path + ".control"], "the watch sees nothing"
opened.clear()
import relorch
for _ in range(2):
    with relorch.open_workbook(path, operator="ana") as wb:
        stamp = str(wb.revision())
        cluster = wb.clusters.create(name="eu" + stamp, kubeconfig_path=path)
        customer = wb.customers.create(cluster_id=cluster.id, namespace="acme", name="Acme")
        release = wb.releases.create(name="r" + stamp, type="release")
        template = wb.templates.add(release.id, name="s", category="deploy", type="bash", content="true")
        wb.releases.activate(release.id, customer_ids=[customer.id])
        (step,) = wb.steps.list(release.id, customer.id)
        wb.steps.start(step.id); wb.steps.fail(step.id, reason="x"); wb.steps.reopen(step.id)
        wb.templates.update(template.id, content="false")
        wb.steps.detail(step.id); wb.matrix(release.id).packed(); wb.progress(release.id, by="cluster")
        assert wb.first_broken_event() is None
        wb.releases.archive(release.id)
print(sorted(opened), sorted(connected))
"""


def test_nothing_but_sqlite_opens_the_file_and_only_the_store_asks_it_to(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-c", PLAYED, str(tmp_path / "workbook.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert played.stderr == ""
    assert played.stdout == "[] ['relorch.store.engine', 'relorch.store.files']\n"
