"""A database of the original specification's stack comes over whole: rows, states, times, and what had to be repaired."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relorch import Workbook
from relorch.errors import CannotOpen, NotAllowed, RelorchError
from relorch.transfer.spec_database import ranges
from relorch.workbook.imports import Imported
from relorch.workbook.whole import import_workbook

SCHEMA = """
CREATE TABLE clusters (
  id integer PRIMARY KEY AUTOINCREMENT NOT NULL, name text NOT NULL, kubeconfig_path text, description text,
  is_active integer DEFAULT true, metadata text, created_at integer, updated_at integer);
CREATE UNIQUE INDEX clusters_name_unique ON clusters (name);
CREATE TABLE customers (
  id integer PRIMARY KEY AUTOINCREMENT NOT NULL, cluster_id integer NOT NULL, namespace text NOT NULL,
  name text NOT NULL, description text, is_active integer DEFAULT true, metadata text, created_at integer,
  updated_at integer, FOREIGN KEY (cluster_id) REFERENCES clusters(id) ON DELETE restrict);
CREATE TABLE releases (
  id integer PRIMARY KEY AUTOINCREMENT NOT NULL, name text NOT NULL, type text NOT NULL, status text DEFAULT 'draft',
  version_number text, release_date integer, description text, metadata text, created_at integer, updated_at integer);
CREATE TABLE step_templates (
  id integer PRIMARY KEY AUTOINCREMENT NOT NULL, release_id integer NOT NULL, name text NOT NULL,
  category text NOT NULL, type text NOT NULL, content text NOT NULL, order_index integer NOT NULL, description text,
  created_at integer, FOREIGN KEY (release_id) REFERENCES releases(id) ON DELETE cascade);
CREATE TABLE customer_steps (
  id integer PRIMARY KEY AUTOINCREMENT NOT NULL, release_id integer NOT NULL, customer_id integer NOT NULL,
  template_id integer, name text NOT NULL, category text NOT NULL, type text NOT NULL, content text NOT NULL,
  order_index integer NOT NULL, status text DEFAULT 'pending', executed_at integer, executed_by text,
  skip_reason text, notes text, is_custom integer DEFAULT false, is_overridden integer DEFAULT false,
  created_at integer, updated_at integer);
"""
MADE, CHANGED, RAN = 1_790_000_000, 1_790_000_100, 1_790_000_050
TIMES = {"created_at": MADE, "updated_at": CHANGED}
DEFAULTS: dict[str, dict[str, Any]] = {
    "clusters": {"name": "eu-1", "kubeconfig_path": "~/.kube/eu-1", **TIMES},
    "customers": {"cluster_id": 1, "namespace": "acme", "name": "Acme", **TIMES},
    "releases": {"name": "2026.11", "type": "release", "status": "active", **TIMES},
    "step_templates": {
        **{"release_id": 1, "name": "Migrate", "category": "deploy", "type": "bash", "content": "true"},
        **{"order_index": 0, "created_at": MADE},
    },
    "customer_steps": {
        **{"release_id": 1, "customer_id": 1, "template_id": 1, "name": "Migrate", "category": "deploy"},
        **{"type": "bash", "content": "true", "order_index": 0, **TIMES},
    },
}
Make = Callable[..., Path]


@pytest.fixture
def spec(tmp_path: Path) -> Make:
    """Make such a database: `spec(customers=[{...}, …])`; one row of each table where nothing is said."""

    def make(**tables: list[dict[str, Any]]) -> Path:
        path = tmp_path / "app.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(SCHEMA)
            for table, defaults in DEFAULTS.items():
                for row in tables.get(table, [{}]):
                    values = defaults | row
                    names, marks = ", ".join(values), ", ".join("?" * len(values))
                    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
        return path

    return make


@pytest.fixture
def taken(wb: Workbook, spec: Make) -> Callable[..., list[str]]:
    """Import such a database; gives its findings as `kind: message`."""

    def take(**tables: list[dict[str, Any]]) -> list[str]:
        return told(wb.imports.spec_database(spec(**tables)))

    return take


def told(imported: Imported) -> list[str]:
    return [f"{finding.kind}: {finding.message}" for finding in imported.findings]


def second(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


UNKNOWN_OPERATOR = "repair: customer_steps 1: who made it done was not recorded; it is '(not recorded)' now."


def test_rows_states_and_times_are_kept(wb: Workbook, spec: Make) -> None:
    path = spec(
        clusters=[{"id": 7, "metadata": '{"registry":"r.example"}', "description": "Frankfurt"}],
        customers=[{"id": 9, "cluster_id": 7}, {"id": 11, "cluster_id": 7, "namespace": "beta", "is_active": 0}],
        releases=[{"id": 3, "version_number": "4.2.0", "release_date": RAN}],
        step_templates=[
            {"id": 21, "release_id": 3, "description": "first"},
            {"id": 22, "release_id": 3, "category": "verify", "type": "sql", "content": "SELECT 1"},
        ],
        customer_steps=[
            {
                **{"id": 31, "release_id": 3, "customer_id": 9, "template_id": 21, "status": "done"},
                **{"executed_at": RAN, "executed_by": "ben", "notes": "ok"},
            },
            {"id": 32, "release_id": 3, "customer_id": 9, "template_id": 22, "category": "verify"},
        ],
    )
    imported = wb.imports.spec_database(path)
    assert (imported.stored, imported.findings) == (True, ())
    (cluster,), (release,) = wb.clusters.list(), wb.releases.list()
    assert cluster.model_dump() == {
        **{"id": 7, "name": "eu-1", "kubeconfig_path": "~/.kube/eu-1", "description": "Frankfurt", "is_active": True},
        **{"metadata": {"registry": "r.example"}, "created_at": second(MADE), "updated_at": second(CHANGED)},
        "row_version": 1,
    }
    assert [(each.id, each.namespace, each.is_active) for each in wb.customers.list(inactive=True)] == [
        (9, "acme", True),
        (11, "beta", False),
    ]
    assert (release.id, release.status, release.version_number, release.release_date) == (
        3,
        "active",
        "4.2.0",
        second(RAN),
    )
    assert [(each.id, each.order_index, each.description) for each in wb.templates.list(3)] == [
        (21, 0, "first"),
        (22, 0, None),
    ]
    done, pending = wb.steps.list(3, 9)
    assert (done.id, done.status, done.executed_at, done.executed_by, done.notes) == (
        31,
        "done",
        second(RAN),
        "ben",
        "ok",
    )
    assert (done.executed_content, done.executed_sha256) == ("true", hashlib.sha256(b"true").hexdigest())
    assert (pending.id, pending.status, pending.executed_at, pending.type) == (32, "pending", None, "bash")
    assert [(member.customer_id, member.state, member.added_at) for member in wb.releases.members(3)] == [
        (9, "active", second(MADE))
    ]
    assert wb.check().ok
    assert [str(change.what) for change in imported.changes] == [
        *("clusters", "customers", "releases", "step_templates", "release_customers", "customer_steps"),
    ]


def test_the_record_tells_each_thing_and_what_was_executed(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    step = {"status": "done", "executed_at": RAN, "executed_by": "ben"}
    assert taken(customer_steps=[step], step_templates=[{}, {"order_index": 1}]) == []
    events = wb.history()
    actions = [
        "cluster.import",
        "customer.import",
        "release.import",
        "template.import",
        "template.import",
        "step.import",
    ]
    assert [event.action for event in events] == actions
    assert {event.operator for event in events} == {"ana"}
    assert len({event.batch_id for event in events}) == 1
    assert events[2].after is not None
    since = second(MADE).isoformat()
    assert events[2].after["members"] == [{"customer_id": 1, "since": since, "steps": 1}]
    assert (events[5].step_id, events[5].template_id, events[5].customer_id, events[5].release_id) == (1, 1, 1, 1)
    assert events[5].after == {
        **{"status": "done", "executed_at": second(RAN).isoformat(), "executed_by": "ben"},
        "executed_sha256": hashlib.sha256(b"true").hexdigest(),
    }


def test_work_goes_on_where_it_stood(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    steps = [{"status": "done", "executed_at": RAN, "executed_by": "ben"}, {"template_id": 2, "order_index": 1}]
    assert taken(customer_steps=steps, step_templates=[{}, {"order_index": 1}]) == []
    wb.steps.mark_done(2)
    wb.steps.revert(1, reason="wrong cluster")
    wb.undo()
    assert wb.progress(1).counts == {
        "pending": 0,
        "in_progress": 0,
        "done": 2,
        "skipped": 0,
        "failed": 0,
        "reverted": 0,
    }
    assert wb.clusters.create(name="us-1").id == 2
    assert wb.matrix(1).packed()
    assert wb.check().ok


ROW = {"status": "done", "executed_at": RAN, "executed_by": "ben"}
LONG = "x" * 200 + "the rest"
REPAIRS: dict[str, tuple[dict[str, list[dict[str, Any]]], list[str]]] = {
    "nobody wrote down who": ({"customer_steps": [{"status": "done", "executed_at": RAN}]}, [UNKNOWN_OPERATOR]),
    "nor when": (
        {"customer_steps": [{"status": "reverted", "executed_by": "ben"}]},
        ["repair: customer_steps 1: when it was reverted was not recorded; it is the time of its last change now."],
    ),
    "nor why": (
        {"customer_steps": [ROW | {"status": "skipped", "skip_reason": "\n "}]},
        ["repair: customer_steps 1: why it was skipped was not recorded; it is '(not recorded)' now."],
    ),
    "a pending step that was executed": (
        {"customer_steps": [ROW | {"status": None}]},
        ["repair: customer_steps 1: it is pending: when and by whom it was executed was taken off."],
    ),
    "an invalid namespace": (
        {"customers": [{"namespace": "Acme_Prod"}], "customer_steps": []},
        ["repair: customers 1: namespace 'Acme_Prod' is none that Kubernetes knows; the customer is inactive."],
    ),
    "two releases of one name": (
        {"releases": [{}, {}, {}]},
        [
            "repair: releases 2: name '2026.11' is taken; it is '2026.11 (2)' now.",
            "repair: releases 3: name '2026.11' is taken; it is '2026.11 (3)' now.",
        ],
    ),
    "a name of digits": (
        {"releases": [{"name": "2026"}]},
        ["repair: releases 1: name was digits only and is 'release 2026' now."],
    ),
    "a draft with steps": (
        {"releases": [{"status": "draft"}]},
        ["repair: releases 1: it was a draft, but customers have steps of it; it is active."],
    ),
    "gaps in the order": (
        {"step_templates": [{"order_index": 3}, {"order_index": 8}], "customer_steps": []},
        ["repair: step_templates 1-2: it has another number in its order, which had gaps or was not clear."],
    ),
    "a template that is gone": (
        {"customer_steps": [{"template_id": None}]},
        ["repair: customer_steps 1: its template is gone: it is a custom step now."],
    ),
    "a custom step of a template": (
        {"customer_steps": [{"is_custom": 1}]},
        ["repair: customer_steps 1: it has a template: it is no custom step."],
    ),
    "an inactive cluster in use": (
        {"clusters": [{"is_active": 0}]},
        ["repair: clusters 1: it has active customers and so is active now."],
    ),
    "milliseconds": (
        {"releases": [{"release_date": RAN * 1000}]},
        ["repair: releases 1: release_date was read as milliseconds, as it is too large for seconds."],
    ),
    "no times": (
        {"clusters": [{"created_at": None}]},
        ["repair: clusters 1: created_at was missing and is its last change, or now."],
    ),
    "no content": (
        {"step_templates": [{"content": " \n", "type": "sql"}]},
        ["repair: step_templates 1: content was empty and is '-- (no content)' now."],
    ),
    "a name of two lines": (
        {"clusters": [{"name": "eu\n1"}]},
        ["repair: clusters 1: name had line breaks or tabs, which are blanks now."],
    ),
    "a control character": (
        {"clusters": [{"description": "a\x1bb"}]},
        ["repair: clusters 1: description held characters that no text may hold; each is '\ufffd' now."],
    ),
    "a long name": (
        {"clusters": [{"name": LONG}]},
        [
            "repair: clusters 1: name was longer than 200 characters: the rest is in its description or, "
            "without room there, in the import's event."
        ],
    ),
    "a long step name": (
        {"customer_steps": [{"name": LONG}]},
        ["repair: customer_steps 1: name was longer than 200 characters: the rest is in the import's event."],
    ),
}


@pytest.mark.parametrize("kind", REPAIRS)
def test_what_can_be_put_right_is_and_is_listed(wb: Workbook, taken: Callable[..., list[str]], kind: str) -> None:
    tables, expected = REPAIRS[kind]
    assert taken(**tables) == expected
    assert wb.releases.list()
    assert wb.check().ok


def test_a_namespace_that_cannot_be_is_inactive_and_kept(
    wb: Workbook, taken: Callable[..., list[str]], tmp_path: Path
) -> None:
    none = "is none that Kubernetes knows; the customer is inactive."
    assert taken(customers=[{}, {}, {"namespace": "Beta_"}, {"cluster_id": 2}], clusters=[{}, {"name": "us-1"}]) == [
        "repair: customers 2: namespace 'acme' is taken; it is 'acme (2)' now.",
        f"repair: customers 2: namespace 'acme (2)' {none}",
        f"repair: customers 3: namespace 'Beta_' {none}",
    ]
    found = [(each.id, each.namespace, each.is_active) for each in wb.customers.list(inactive=True)]
    assert sorted(found) == [(1, "acme", True), (2, "acme (2)", False), (3, "Beta_", False), (4, "acme", True)]
    assert import_workbook(str(tmp_path / "copy.db"), wb.exports.workbook()).stored


def test_metadata_becomes_a_flat_map_of_texts(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    metadata = {"db": {"host": "db1", "ports": [5432, 5433]}, "db_host": "other", "replicas": 3, "1st": "x", "e": {}}
    assert taken(clusters=[{"metadata": json.dumps(metadata)}]) == [
        "repair: clusters 1: metadata 'replicas' was no text and is its JSON now.",
        "repair: clusters 1: metadata 'e' was no text and is its JSON now.",
        "repair: clusters 1: metadata 'db.host' has the key 'db_host_2' now.",
        "repair: clusters 1: metadata 'db.ports' was no text and is its JSON now.",
        "repair: clusters 1: metadata 'db.ports' has the key 'db_ports' now.",
        "repair: clusters 1: metadata '1st' has the key '_1st' now.",
    ]
    assert wb.clusters.get(1).metadata == {
        **{"_1st": "x", "db_host": "other", "db_host_2": "db1", "db_ports": "[5432, 5433]", "e": "{}", "replicas": "3"},
    }
    assert wb.clusters.update(1, metadata=wb.clusters.get(1).metadata).id == 1


def test_nothing_of_a_long_text_is_lost(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    taken(clusters=[{"name": LONG, "description": "Frankfurt"}], customers=[{"description": "y" * 4_001 + "z"}])
    assert (wb.clusters.get(1).name, wb.clusters.get(1).description) == ("x" * 200, "Frankfurt\nname: …the rest")
    assert wb.customers.get(1).description == "y" * 4_000
    after = wb.history(customer_id=1)[0].after
    assert after is not None
    assert after["rest"] == {"description": "yz"}


def test_a_custom_step_stands_by_its_neighbour(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    own = {"template_id": None, "is_custom": 1}
    taken(
        step_templates=[{}, {"order_index": 1}],
        customer_steps=[
            *({"name": "first", "order_index": 0, **own}, {"template_id": 1, "order_index": 0}),
            *({"name": "between", "order_index": 1, **own}, {"template_id": 2, "order_index": 1}),
        ],
    )
    found = [(step.id, step.order_index, step.anchor_template_id, step.anchor_side) for step in wb.steps.list(1, 1)]
    assert found == [(2, 0, None, None), (1, 1, 1, "after"), (4, 2, None, None), (3, 3, 2, "after")]
    wb.templates.reorder(1, "deploy", [2, 1])
    assert [step.id for step in wb.steps.list(1, 1)] == [4, 3, 2, 1]


def test_a_custom_step_before_all_others_stays_there(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    taken(customer_steps=[{"template_id": None, "is_custom": 1}, {"order_index": 1}])
    first, second_ = wb.steps.list(1, 1)
    assert (first.id, first.anchor_template_id, first.anchor_side, second_.id) == (1, 1, "before", 2)


ERRORS: dict[str, tuple[dict[str, list[dict[str, Any]]], list[str]]] = {
    "a dangling cluster": (
        {"customers": [{"cluster_id": 5}, {"cluster_id": 1, "namespace": "b"}, {"cluster_id": 6, "namespace": "c"}]},
        ["customers 1: cluster_id 5: there is no such cluster", "customers 3: cluster_id 6: there is no such cluster"],
    ),
    "a dangling step": (
        {"customer_steps": [{"template_id": 8, "customer_id": 9, "release_id": 7}]},
        [
            "customer_steps 1: release_id 7: there is no such release",
            "customer_steps 1: customer_id 9: there is no such customer",
            "customer_steps 1: template_id 8: there is no such template",
        ],
    ),
    "unknown words": (
        {"releases": [{"type": "big", "status": "gone"}], "customer_steps": [{"status": "failed"}]},
        [
            "releases 1: type 'big' is none of onboarding, release, hotfix",
            "releases 1: status 'gone' is none of draft, active, archived",
            "customer_steps 1: status 'failed' is none of pending, done, skipped, reverted",
        ],
    ),
    "wrong types": (
        {"clusters": [{"metadata": "[1]", "is_active": "maybe"}], "step_templates": [{"order_index": "x"}]},
        [
            "clusters 1: is_active 'maybe' is neither 0 nor 1",
            "clusters 1: metadata '[1]' is no JSON object",
            "step_templates 1: order_index 'x' is no whole number",
        ],
    ),
    "bytes": ({"clusters": [{"name": b"\xff"}]}, ["clusters 1: name b'\\xff' is no text"]),
    "a deep metadata": ({"clusters": [{"metadata": "[" * 99_999}]}, ["clusters 1: metadata"]),
    "a time that is none": (
        {"releases": [{"release_date": 2**62}]},
        ["releases 1: release_date 4611686018427387904 is no time"],
    ),
    "a content with an escape": (
        {"customer_steps": [{"content": "printf '\x1b[0m'"}]},
        ["customer_steps 1: content holds the character U+001B, which is not allowed here; change it in the old"],
    ),
    "a content beyond 64 KB": (
        {"step_templates": [{"content": "x" * 65_537}]},
        ["step_templates 1: content is longer than 65,536 characters; change it in the old application first"],
    ),
    "a template of another release": (
        {"releases": [{}, {"name": "b"}], "step_templates": [{"release_id": 2}]},
        ["customer_steps 1: template_id 1 is of another release or category"],
    ),
    "a step twice": ({"customer_steps": [{}, {}]}, ["customer_steps 2: its customer has a step of template 1 already"]),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_stop_it_and_all_are_listed(wb: Workbook, spec: Make, stored: Callable[[], Any], kind: str) -> None:
    tables, expected = ERRORS[kind]
    before = stored()
    imported = wb.imports.spec_database(spec(**tables))
    errors = [finding.message for finding in imported.findings if finding.kind == "error"]
    assert [found[: len(wanted)] for found, wanted in zip(errors, expected, strict=True)] == expected
    assert (imported.stored, imported.batch_id, imported.changes) == (False, None, ())
    assert stored() == before


def test_what_is_missing_is_named(wb: Workbook, spec: Make) -> None:
    path = spec()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("DROP TABLE step_templates; ALTER TABLE customer_steps DROP COLUMN notes;")
    assert told(wb.imports.spec_database(path)) == [
        "error: the database 'app.db': it has no table step_templates; a database of the specification has it.",
        "error: the database 'app.db': it has no customer_steps.notes; a database of the specification has it.",
    ]


def test_text_that_is_no_utf_8_is_marked(wb: Workbook, spec: Make) -> None:
    path = spec()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE clusters SET description = CAST(x'61ff62' AS TEXT)")
    (finding,) = wb.imports.spec_database(path).findings
    assert (finding.kind, wb.clusters.get(1).description) == ("repair", "a\ufffdb")


def test_what_cannot_render_or_be_worked_on_is_a_warning(wb: Workbook, taken: Callable[..., list[str]]) -> None:
    content = "psql ${{ vars.db_host }}"
    assert taken(
        customers=[{}, {"namespace": "beta", "is_active": 0}],
        step_templates=[{"content": content}, {"content": "echo '${{ namespace | sh }}'", "order_index": 1}],
        customer_steps=[
            {"content": content},
            {"customer_id": 2},
            {"customer_id": 2, "template_id": 2, "order_index": 1},
        ],
    ) == [
        "warning: step_templates 2: it cannot render: the filter 'sh' brings its own quotes, so it cannot stand inside single quotes.",
        "warning: customer_steps 1: it cannot render: ${{ vars.db_host }}: neither customer, cluster nor release has metadata 'db_host'.",
        "warning: customer_steps 2-3: customer 2 is inactive, and the step is open in an active release.",
    ]


def test_a_dry_run_tells_the_same_and_stores_nothing(wb: Workbook, spec: Make, stored: Callable[[], Any]) -> None:
    path, before = spec(customer_steps=[{"status": "done", "executed_at": RAN}]), stored()
    tried = wb.imports.spec_database(path, dry_run=True)
    assert (tried.stored, tried.batch_id, stored()) == (False, None, before)
    done = wb.imports.spec_database(path)
    assert (tried.changes, tried.findings) == (done.changes, done.findings)
    assert (told(done), done.stored) == ([UNKNOWN_OPERATOR], True)


def test_a_workbook_that_is_not_empty_is_refused(wb: Workbook, spec: Make, refused: Any) -> None:
    wb.clusters.create(name="eu-1")
    with refused(NotAllowed, "This workbook holds 1 clusters, 1 events", "Name a new file"):
        wb.imports.spec_database(spec())


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_file_is_only_read(wb: Workbook, spec: Make, tmp_path: Path, mode: str) -> None:
    path = spec()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
    path.chmod(0o400)
    before = {each.name: each.read_bytes() for each in tmp_path.glob("app.db*")}
    assert wb.imports.spec_database(path).stored
    assert {each.name: each.read_bytes() for each in tmp_path.glob("app.db*")} == before


def test_what_the_other_application_has_not_yet_checkpointed_comes_too(wb: Workbook, spec: Make) -> None:
    path = spec()
    with closing(sqlite3.connect(path)) as running:
        running.execute("PRAGMA journal_mode=wal")
        running.execute("UPDATE clusters SET name = 'us-9'")
        running.commit()
        with pytest.raises(RelorchError, match="this program has it open itself"):
            wb.imports.spec_database(path)
        copy = path.with_name("copy.db")
        for ending in ("", "-wal"):
            copy.with_name(copy.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
    assert wb.imports.spec_database(copy).stored
    assert wb.clusters.get(1).name == "us-9"


def test_what_is_no_such_database_is_refused(wb: Workbook, tmp_path: Path, refused: Any) -> None:
    text, empty, folder = tmp_path / "text.db", tmp_path / "empty.db", tmp_path / "folder.db"
    text.write_text("no database " * 100)
    empty.touch()
    folder.mkdir()
    backup = wb.backup(tmp_path / "backup.db").path
    for path, words in {
        text: "this file cannot be read as a database",
        empty: "this file is empty",
        folder: "there is no such file",
        tmp_path / "nothing.db": "there is no such file",
        backup: "this is a workbook of relorch",
        Path(wb.path): "this is the workbook itself",
    }.items():
        with refused(CannotOpen, str(path), words):
            wb.imports.spec_database(path)


def test_rows_are_told_as_a_person_writes_them() -> None:
    assert ranges([3, 1, 2, 7, 9, 10]) == "1-3, 7, 9-10"
    assert ranges(list(range(0, 1_000, 2))).endswith(", 196, 198 and 400 more")
