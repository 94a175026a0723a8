"""Files that go in and out: dry runs, findings by line, whole files or none."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import tracemalloc
from pathlib import Path

import pytest

from relorch import Workbook, open_workbook
from relorch.transfer import whole
from tests.cli.conftest import Run
from tests.conftest import Build

INVENTORY = (
    "cluster,namespace,name,kubeconfig_path,db_host\neu-1,acme-prod,Acme,~/.kube/eu,db1\neu-1,beta-prod,Beta,,db2\n"
)
RUNBOOK = "# Migrate\n\n```sql\nSELECT 1;\n```\n"


def given(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_an_import_makes_the_workbook_and_a_dry_run_does_not(elsewhere: Run, tmp_path: Path) -> None:
    file, new = given(tmp_path, "inventory.csv", INVENTORY), tmp_path / "new.db"
    planned = elsewhere("import", "inventory", file, "--dry-run", "--db", new)
    assert (planned.code, new.exists()) == (0, False)
    assert "dry run" in planned.err
    done = elsewhere("import", "inventory", file, "--db", new)
    assert done.out == planned.out
    assert [line.split()[:3] for line in done.lines[1:]] == [
        ["create", "cluster", "eu-1"],
        ["create", "customer", "Acme"],
        ["create", "customer", "Beta"],
    ]
    with open_workbook(str(new), "ana", create=False) as wb:
        assert [customer.namespace for customer in wb.customers.list()] == ["acme-prod", "beta-prod"]


def test_every_error_of_a_file_is_listed_by_line_and_nothing_is_made(elsewhere: Run, tmp_path: Path) -> None:
    file = given(tmp_path, "inventory.csv", "cluster,namespace,name\neu-1,a,\neu-1,b,Bee\n,c,Sea\n")
    for extra in ([], ["--dry-run"]):
        wrong = elsewhere("import", "inventory", file, "--db", tmp_path / "new.db", *extra)
        assert (wrong.code, wrong.out) == (1, "")
        assert "error: line 2" in wrong.err
        assert "error: line 4" in wrong.err
        assert "Traceback" not in wrong.err
    assert [path.name for path in tmp_path.iterdir()] == ["inventory.csv"]


def test_an_import_that_changes_open_texts_asks_first(relorch: Run, wb: Workbook, build: Build, tmp_path: Path) -> None:
    cluster = build.cluster(name="eu-1", kubeconfig_path=None)
    customer = build.customer(cluster, namespace="acme-prod", name="Acme", metadata={"db_host": "db0"})
    release = build.release()
    build.template(release, content="echo ${{ vars.db_host }}")
    wb.releases.activate(release.id, customer_ids=[customer.id])
    rows = "cluster,namespace,name,db_host\neu-1,acme-prod,Acme,db1\neu-1,Bad_One,Bad,\n"
    file = given(tmp_path, "inventory.csv", rows)
    refused = relorch("import", "inventory", file)
    assert refused.code == 1
    assert refused.err.index("Bad_One") < refused.err.index("1 open steps")
    assert refused.err.count("is no RFC 1123 label") == 1
    assert wb.customers.get(customer.id).metadata == {"db_host": "db0"}
    assert relorch("import", "inventory", file, "--yes").code == 0
    assert wb.customers.get(customer.id).metadata == {"db_host": "db1"}


def test_a_release_goes_out_and_comes_in_as_the_same(relorch: Run, wb: Workbook, tmp_path: Path) -> None:
    file = given(tmp_path, "runbook.md", RUNBOOK)
    assert relorch("import", "release", file, "--name", "2026.11").code == 0
    for name in ("again.yaml", "again.md"):
        assert relorch("export", "release", "2026.11", "-o", tmp_path / name).code == 0
        assert relorch("import", "release", tmp_path / name, "--name", name).code == 0
    steps = [[(t.name, t.type, t.content) for t in wb.templates.list(each.id)] for each in wb.releases.list()]
    assert steps == [[("Migrate", "sql", "SELECT 1;")]] * 3
    shown = relorch("export", "release", "2026.11")
    assert shown.out == (tmp_path / "again.yaml").read_text()
    into = relorch("import", "release", tmp_path / "again.yaml", "--into", "2026.11")
    assert (into.code, "nothing to change" in into.err) == (0, True)


def test_steps_that_somebody_works_by_are_changed_by_a_file_after_a_question(
    relorch: Run, wb: Workbook, build: Build, tmp_path: Path
) -> None:
    release = build.active(name="Migrate", type="sql", content="SELECT 0;")
    file = given(tmp_path, "runbook.md", RUNBOOK)
    refused = relorch("import", "release", file, "--into", release.name)
    assert refused.code == 1
    assert "which is active. 1 open steps will show another text" in refused.err
    assert "step Migrate: 1 follow: " in refused.err
    assert "step Migrate: 1 follow: " in relorch("import", "release", file, "--into", release.name, "--dry-run").err
    assert [step.content for step in build.steps_of(release)] == ["SELECT 0;"]
    assert relorch("import", "release", file, "--into", release.name, "--yes").code == 0
    assert [step.content for step in build.steps_of(release)] == ["SELECT 1;"]
    assert relorch("undo").code == 0
    assert [step.content for step in build.steps_of(release)] == ["SELECT 0;"]


def test_what_changes_while_the_question_is_asked_is_not_imported_over(
    relorch: Run, wb: Workbook, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = build.active(name="Migrate", type="sql", content="SELECT 0;")
    file = given(tmp_path, "runbook.md", RUNBOOK)

    def take_long(*_: object, **__: object) -> None:
        wb.acting_as("ben").steps.mark_done(build.steps_of(release)[0].id)

    monkeypatch.setattr("relorch.cli.importing.agree", take_long)
    overtaken = relorch("import", "release", file, "--into", release.name)
    assert (overtaken.code, "look at it again" in overtaken.err) == (1, True)
    assert wb.templates.list(release.id)[0].content == "SELECT 0;"


def test_equal_rows_are_counted_and_not_all_printed(elsewhere: Run, tmp_path: Path) -> None:
    file = given(tmp_path, "inventory.csv", "cluster,namespace,name\n" + "eu-1,a,A\n" * 3_000)
    done = elsewhere("import", "inventory", file, "--db", tmp_path / "new.db")
    assert (done.code, len(done.err.splitlines())) == (0, 1_002)
    assert "There are 2,999 repairs; those after the first 1,000 are left out" in done.err
    given(tmp_path, "inventory.csv", "cluster,namespace,name\n" + "".join(f"eu-1,{at},\n" for at in range(3_000)))
    wrong = elsewhere("import", "inventory", file, "--db", tmp_path / "newer.db")
    assert (wrong.code, len(wrong.err.splitlines())) == (1, 1_002)
    assert "nothing was imported: 3,000 errors" in wrong.err


def test_customers_who_come_in_inactive_are_counted_with_the_way_to_them(elsewhere: Run, tmp_path: Path) -> None:
    file = given(tmp_path, "inventory.csv", "cluster,namespace,name\neu-1,a,A\neu-1,BAD_1,B\n")
    for more, way in ((("--dry-run",), "1."), ((), "1; 'relorch customers --inactive' lists them too.")):
        done = elsewhere("import", "inventory", file, "--db", tmp_path / "new.db", *more)
        assert (done.code, "its customer is imported inactive" in done.err) == (0, True)
        assert f"Inactive among the new customers: {way}\n" in done.err
    assert "BAD_1" in elsewhere("customers", "--inactive", "--db", tmp_path / "new.db").out


def test_a_whole_workbook_goes_into_a_new_file_only(relorch: Run, elsewhere: Run, build: Build, tmp_path: Path) -> None:
    build.step()
    lines, new = tmp_path / "workbook.jsonl", tmp_path / "new.db"
    assert relorch("export", "workbook", "-o", lines).code == 0
    assert elsewhere("import", "workbook", lines, "--db", new, "--dry-run").code == 0
    assert not new.exists()
    assert elsewhere("import", "workbook", lines, "--db", new).code == 0
    assert elsewhere("export", "workbook", "--db", new).out == lines.read_text(encoding="utf-8")
    assert elsewhere("import", "workbook", lines, "--db", new).code == 2
    given(tmp_path, "workbook.jsonl", "{}\n")
    wrong = elsewhere("import", "workbook", lines, "--db", tmp_path / "newer.db")
    assert (wrong.code, (tmp_path / "newer.db").exists()) == (1, False)
    assert "error: line 1" in wrong.err


def test_a_line_without_an_end_is_not_read_whole(
    elsewhere: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless, megabyte = tmp_path / "endless.jsonl", 1024 * 1024
    endless.write_bytes(b"x" * 40 * megabyte)
    monkeypatch.setattr(whole, "LINE_LIMIT", megabyte)
    tracemalloc.start()
    wrong = elsewhere("import", "workbook", endless, "--db", tmp_path / "new.db")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (wrong.code, "error: line 1: this line is longer than 1,048,576 bytes" in wrong.err) == (1, True)
    assert most < 20 * megabyte


def test_a_file_that_cannot_be_read_is_refused_before_anything_is_made(elsewhere: Run, tmp_path: Path) -> None:
    large, latin = tmp_path / "large.csv", tmp_path / "latin.csv"
    large.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    latin.write_bytes(b"cluster,namespace,name\neu,a,S\xf6hne\n")
    expected = {
        large: (1, "10 MB"),
        latin: (1, "line 2"),
        tmp_path: (2, "directory"),
        tmp_path / "none": (2, "No such file"),
    }
    for path, (code, why) in expected.items():
        refused = elsewhere("import", "inventory", path, "--db", tmp_path / "new.db")
        assert (refused.code, why in refused.err) == (code, True)
    unknown = elsewhere("import", "release", latin, "--db", tmp_path / "new.db")
    assert (unknown.code, "--format" in unknown.err) == (1, False)
    assert not (tmp_path / "new.db").exists()


def test_an_export_is_its_owners_and_replaces_what_was_there_as_a_whole(
    relorch: Run, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.customer(name="Acme")
    target = given(tmp_path, "inventory.csv", "what was there")
    target.chmod(0o644)

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", broken)
        failed = relorch("export", "inventory", "-o", target)
    assert (failed.code, target.read_text()) == (3, "what was there")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    done = relorch("export", "inventory", "-o", target)
    assert (done.code, done.err) == (0, f"relorch: {target}: the file that was there was replaced.\n")
    assert (stat.S_IMODE(target.stat().st_mode), "Acme" in target.read_text()) == (0o644, True)
    new = relorch("export", "inventory", "-o", tmp_path / "new.csv")
    assert (new.code, new.err, stat.S_IMODE((tmp_path / "new.csv").stat().st_mode)) == (0, "", 0o600)


def test_an_export_never_goes_over_the_workbook_itself(relorch: Run, url: str, build: Build, tmp_path: Path) -> None:
    build.cluster()
    own = Path(url.removeprefix("sqlite:///"))
    link = tmp_path / "link.db"
    link.symlink_to(own)
    for target in (own, link, own.with_name(own.name + "-journal")):
        assert relorch("export", "inventory", "-o", target).code == 1
    assert relorch("export", "inventory", "-o", tmp_path / "no" / "such" / "folder.csv").code == 2
    assert relorch("check").code == 0


def test_a_backup_is_checked_and_comes_back(
    relorch: Run, elsewhere: Run, wb: Workbook, build: Build, tmp_path: Path
) -> None:
    build.release(name="kept")
    backup, other = tmp_path / "backup.db", tmp_path / "other.db"
    made = json.loads(relorch("backup", backup, "--json").out)
    assert (made["path"], made["bytes"]) == (str(backup), backup.stat().st_size)
    assert relorch("backup", backup).code == 2
    assert elsewhere("restore", backup, "--db", other, "--operator", "ana").code == 0
    assert [each["name"] for each in json.loads(elsewhere("status", "--json", "--db", other).out)] == ["kept"]
    assert elsewhere("restore", tmp_path / "none.db", "--db", other).code == 2
    assert elsewhere("db", "upgrade", "--db", other).code == 0


def test_check_leaves_with_3_when_the_record_was_changed(elsewhere: Run, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    path = tmp_path / "app.db"
    with open_workbook(str(path), "ana") as wb:
        wb.clusters.create(name="eu-1")
    assert elsewhere("check", "--db", path).code == 0
    with closing(sqlite3.connect(path)) as behind:
        for (name,) in behind.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            behind.execute(f"DROP TRIGGER {name}")
        behind.execute("UPDATE events SET operator = 'mallory'")
        behind.commit()
    broken = elsewhere("check", "--db", path)
    assert broken.code == 3
    assert "event 1" in broken.out
    assert json.loads(elsewhere("check", "--json", "--db", path).out)["ok"] is False


def test_sql_answers_as_a_table_as_json_and_as_csv_that_no_spreadsheet_runs(relorch: Run, build: Build) -> None:
    build.cluster(name="=cmd()")
    query = "select id, name, is_active, created_at from clusters"
    (row,) = json.loads(relorch("sql", query, "--json").out)
    assert (row["id"], row["name"], row["is_active"], row["created_at"][-1]) == (1, "=cmd()", True, "Z")
    assert relorch("sql", query).lines[1].split()[:3] == ["1", "=cmd()", "True"]
    (_, cells) = csv.reader(io.StringIO(relorch("sql", query, "--csv").out))
    assert cells[1] == "'=cmd()"
    assert json.loads(relorch("sql", "select 'nan'::double as x", "--json").out) == [{"x": None}]
    assert "customer_steps" in json.loads(relorch("sql", "--tables", "--json").out)
    for wrong in ("drop table clusters", "select * from read_csv('/etc/passwd')", "select", "", "select 1; select 2"):
        refused = relorch("sql", wrong)
        assert (refused.code, refused.out, "Traceback" in refused.err) == (1, "", False)
    assert relorch("sql").code == 2
