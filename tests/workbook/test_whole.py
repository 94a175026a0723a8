"""A whole workbook goes out as lines and comes back equal, or not at all."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relorch import Workbook, open_workbook
from relorch.errors import CannotOpen, InvalidValue, StorageError
from relorch.model import text
from relorch.model.placeholders import sha256
from relorch.store import engine, events
from relorch.store.tables import SCHEMA, metadata
from relorch.transfer import whole
from relorch.transfer.findings import Findings
from relorch.transfer.whole import MOST_ERRORS, Reader
from relorch.workbook.imports import Imported
from relorch.workbook.whole import import_workbook
from tests.conftest import Build

Edit = Callable[[list[dict[str, Any]]], None]


@pytest.fixture(scope="module")
def full(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with rows in every table, every status, and ids that were used and are gone; nobody has it open."""
    path = tmp_path_factory.mktemp("full") / "workbook.db"
    path.write_bytes(blank.read_bytes())
    with open_workbook(str(path), operator="ana") as wb:
        _fill(wb, Build(wb))
    return path


def _fill(wb: Workbook, build: Build) -> None:
    wb.releases.delete(build.release().id)
    release = build.active(customers=3, steps=3, content="echo ${{ namespace }}")
    first, second, third, fourth, fifth, *_ = build.steps_of(release)
    wb.steps.mark_done(first.id, notes="ok ✓ \u202e\u2028 \U0001f680")
    wb.steps.start(second.id)
    wb.steps.skip(third.id, reason='"quoted", with\nlines')
    wb.steps.mark_done(fourth.id)
    wb.steps.fail(fourth.id, reason="disk full")
    wb.steps.revert(fourth.id)
    wb.steps.override(fifth.id, "SELECT 1")
    own = {"name": "own", "category": "deploy", "type": "text", "content": "look"}
    wb.steps.add_custom(release.id, first.customer_id, **own, after_id=first.id)
    wb.steps.delete(wb.steps.add_custom(release.id, first.customer_id, **own).id)
    wb.releases.hold(release.id, [fourth.customer_id], reason="freeze")
    build.customer(metadata={"db_host": "=cmd|' /C calc'!A0"}, name='مرحبا, "x"')


@pytest.fixture
def filled(full: Path, tmp_path: Path) -> Iterator[Workbook]:
    path = tmp_path / "workbook.db"
    path.write_bytes(full.read_bytes())
    with open_workbook(str(path), operator="ana") as workbook:
        yield workbook
        assert workbook._core.store.checked_out() == 0


@pytest.fixture(scope="module")
def exported(full: Path) -> tuple[str, ...]:
    """The lines of the full workbook."""
    with open_workbook(str(full), operator="ana") as workbook:
        return tuple(workbook.exports.workbook())


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "other" / "workbook.db"


def everything(path: Path) -> list[str]:
    with open_workbook(str(path), operator="nobody", create=False) as wb:
        assert wb.check().ok
        return list(wb.exports.workbook())


def test_it_comes_back_equal(filled: Workbook, other: Path) -> None:
    lines = list(filled.exports.workbook())
    imported = import_workbook(str(other), lines)
    assert (imported.stored, imported.findings) == (True, ())
    assert everything(other) == lines
    assert (other.stat().st_mode & 0o777, [path.name for path in other.parent.glob("*.db")]) == (0o600, ["workbook.db"])


def test_every_row_of_every_table_is_there_in_plain_ascii(filled: Workbook) -> None:
    head, *found = map(json.loads, filled.exports.workbook())
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for line in found:
        rows.setdefault(line["table"], []).append(tuple(line["row"].values()))
    with filled._core.store.reading() as connection:
        for table in metadata.tables:
            stored = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2")
            assert rows[table] == [tuple(row) for row in stored]
    assert head["rows"] == {table: len(every) for table, every in rows.items()}
    lines = list(filled.exports.workbook())
    assert all(line.isascii() and line.endswith("\n") and line.count("\n") == 1 for line in lines)


def test_ids_that_are_gone_are_not_given_again(filled: Workbook, other: Path) -> None:
    import_workbook(str(other), filled.exports.workbook())
    with open_workbook(str(other), operator="ana", create=False) as wb:
        ids = [each.releases.create(name="next", type="hotfix").id for each in (wb, filled)]
        highest = max(
            step.id for member in filled.releases.members(2) for step in filled.steps.list(2, member.customer_id)
        )
        made = [
            each.steps.add_custom(2, 1, name="n", category="verify", type="text", content="c").id
            for each in (wb, filled)
        ]
    assert (ids, made) == ([3, 3], [highest + 2] * 2)


def test_an_empty_workbook_comes_back_too(wb: Workbook, other: Path) -> None:
    lines = list(wb.exports.workbook())
    assert len(lines) == 1
    assert import_workbook(str(other), lines).stored
    assert everything(other) == lines


def test_undo_and_work_go_on_in_the_copy(filled: Workbook, other: Path) -> None:
    import_workbook(str(other), filled.exports.workbook())
    with open_workbook(str(other), operator="ana", create=False) as wb:
        wb.undo()
        pending = next(step for step in wb.steps.list(2, 3) if step.status == "pending")
        wb.steps.mark_done(pending.id)
        assert wb.check().ok


def _is_line(value: str) -> bool:
    try:
        return text.line("name", value) == value and not value.isdigit()
    except InvalidValue:
        return False


HOSTILE = st.sampled_from(["a,b", 'x"y', "=1+1", "-2", "@x", "🚀", "שלום", "l'été\u2003x", "😀" * 50, "a\u200db"])
NAMES = (HOSTILE | st.text(min_size=1, max_size=30)).filter(_is_line)


@given(names=st.lists(NAMES, min_size=20, max_size=20, unique=True), notes=st.lists(st.text(max_size=50), min_size=20))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_generated_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, blank: Path, names: list[str], notes: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("generated")
    path = folder / "workbook.db"
    path.write_bytes(blank.read_bytes())
    with open_workbook(str(path), operator=names[0]) as wb:
        for number, (name, note) in enumerate(zip(names, notes, strict=False)):
            metadata = {"note": note} if not text._FORBIDDEN_BLOCK.search(note) else {}
            cluster = wb.clusters.create(name=name, metadata=metadata)
            wb.customers.create(cluster_id=cluster.id, namespace=f"c-{number}", name=name)
        lines = list(wb.exports.workbook())
    assert import_workbook(str(folder / "copy.db"), lines).stored
    assert everything(folder / "copy.db") == lines


def test_others_write_on_while_an_export_is_taken_slowly(filled: Workbook, tmp_path: Path) -> None:
    expected = list(filled.exports.workbook())
    taken = filled.exports.workbook()
    begun = [next(taken)]
    filled.clusters.create(name="meanwhile")
    assert begun + list(taken) == expected
    broken_off = filled.exports.workbook()
    next(broken_off)
    del broken_off
    gc.collect()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def told(imported: Imported) -> list[str]:
    return [str(finding) for finding in imported.findings]


@pytest.fixture
def tampered(exported: tuple[str, ...], other: Path) -> Callable[[Edit], list[str]]:
    """Import an export that somebody changed: what is found; nothing may be made of it."""

    def take(edit: Edit) -> list[str]:
        found = [json.loads(line) for line in exported]
        edit(found)
        imported = import_workbook(str(other), (json.dumps(line) for line in found))
        assert (imported.stored, imported.changes) == (False, ())
        assert not other.exists()
        assert not other.parent.exists()
        return told(imported)

    return take


def first(found: list[dict[str, Any]], table: str) -> int:
    """The place of the first row of a table; its line is one more."""
    return next(place for place, line in enumerate(found) if line.get("table") == table)


WRONG = [
    ("clusters", "id", "1", "id '1': must be a whole number"),
    ("clusters", "id", 1.0, "id 1.0: must be a whole number"),
    ("clusters", "id", True, "id True: must be a whole number"),
    ("clusters", "id", 2**63, "id 9223372036854775808: must be a whole number"),
    ("clusters", "id", 2**48 + 1, "id 281474976710657: must not be above 281,474,976,710,656"),
    ("clusters", "id", None, "id must not be null"),
    ("clusters", "name", None, "name must not be null"),
    ("clusters", "name", "two\nlines", "name 'two\\nlines': holds the character U+000A"),
    ("clusters", "name", "\ud800", "name '\\ud800': holds the character U+D800"),
    ("clusters", "is_active", 2, "is_active 2: must be 0 or 1"),
    ("clusters", "metadata", '{"a":1}', "metadata a 1: must be a text"),
    ("clusters", "metadata", "[" * 9_999, "metadata '[[["),
    ("clusters", "created_at", 2**62, "created_at: 4611686018427387904 is no time"),
    ("customers", "namespace", "Acme_1", "namespace 'Acme_1': must be an RFC 1123 label"),
    ("releases", "status", "gone", "status 'gone': is none of "),
    ("customer_steps", "executed_content", "rm -rf /", "executed_sha256 is not the digest of executed_content"),
    ("events", "before", "x", "before 'x': must be a JSON object as text"),
]


@pytest.mark.parametrize(("table", "column", "value", "words"), WRONG)
def test_a_wrong_value_is_told_with_its_line(
    exported: tuple[str, ...], table: str, column: str, value: object, words: str
) -> None:
    found = [json.loads(line) for line in exported]
    place = first(found, table)
    found[place]["row"][column] = value
    findings = Findings()
    reader = Reader((json.dumps(line) for line in found), findings)
    assert reader.head(SCHEMA) is not None
    assert len(list(reader.records())) == len(exported) - 2
    (finding,) = findings.found
    assert str(finding).startswith(f"line {place + 1}: {table} ")
    assert words in str(finding)


def test_what_the_tables_refuse_is_told_with_its_line_too(
    tampered: Callable[[Edit], list[str]], exported: tuple[str, ...]
) -> None:
    lines = [json.loads(line) for line in exported]
    cluster, step = first(lines, "clusters") + 1, first(lines, "customer_steps")
    customer = first(lines, "releases") - 1

    def edit(found: list[dict[str, Any]]) -> None:
        found[cluster]["row"]["name"] = "x" * 201
        found[step]["row"]["status"] = "pending"

    assert tampered(edit) == [
        f"line {cluster + 1}: clusters: CHECK constraint failed: ck_clusters_name_length",
        f"line {customer + 1}: customers: cluster_id 2: there is no such row in clusters",
        f"line {step + 1}: customer_steps: CHECK constraint failed: ck_customer_steps_executed",
    ]


def test_all_errors_are_told_not_only_the_first(
    tampered: Callable[[Edit], list[str]], exported: tuple[str, ...]
) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        steps = first(found, "customer_steps")
        found[steps]["row"]["status"] = "gone"
        found[steps + 3]["row"]["nonsense"] = 1
        del found[steps + 4]["row"]["notes"]
        found[steps + 5]["table"] = "secrets"
        found[steps + 6] = {"row": {}}

    known = "done, failed, in_progress, pending, reverted, skipped"
    line = first([json.loads(line) for line in exported], "customer_steps") + 1
    assert tampered(edit) == [
        "customer_steps: the head tells of 10 rows, the file has 8",
        f"line {line}: customer_steps 1: status 'gone': is none of {known}",
        f"line {line + 3}: customer_steps 4: unknown columns: 'nonsense'",
        f"line {line + 4}: customer_steps 5: missing columns: 'notes'",
        f"line {line + 5}: table 'secrets': there is no such table",
        f'line {line + 6}: a line must be {{"table": …, "row": {{…}}}}',
    ]


def test_a_record_that_was_changed_is_told(tampered: Callable[[Edit], list[str]]) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        found[first(found, "events") + 3]["row"]["operator"] = "eve"

    (found,) = tampered(edit)
    assert found.endswith("events 4: it does not follow the event before it; the record broke")


def test_an_event_that_was_taken_out_is_told(tampered: Callable[[Edit], list[str]]) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        del found[first(found, "events") + 3]
        found[0]["rows"]["events"] -= 1

    (found,) = tampered(edit)
    assert found.endswith("events 5: it does not follow the event before it; the record broke")


def test_a_file_that_was_cut_off_is_told(tampered: Callable[[Edit], list[str]]) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        del found[-2:]

    (found,) = tampered(edit)
    assert found.startswith("events: the head tells of ")


def test_a_step_of_another_releases_template_is_told(tampered: Callable[[Edit], list[str]]) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        release, template = first(found, "releases"), first(found, "step_templates")
        other = json.loads(json.dumps(found[release]))
        other["row"] |= {"id": 77, "name": "other"}
        found[template]["row"]["release_id"] = 77
        found.insert(release, other)
        found[0]["rows"]["releases"] += 1

    assert all(line.endswith("its template belongs to another release") for line in tampered(edit))


FORGED = (
    {"status": "skipped"},
    {"executed_by": "eve"},
    {"executed_content": "evil", "executed_sha256": sha256("evil")},
    {"executed_at": 1},
    {"notes": "forged"},
)


@pytest.mark.parametrize("change", FORGED)
def test_a_step_that_is_not_what_its_events_say_is_told(
    tampered: Callable[[Edit], list[str]], change: dict[str, str]
) -> None:
    def edit(found: list[dict[str, Any]]) -> None:
        found[first(found, "customer_steps")]["row"] |= change

    assert tampered(edit) == ["customer_steps 1: what it says is not what its events say"]


def test_a_disk_that_gets_full_amid_the_rows_is_called_so(
    exported: tuple[str, ...], other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragmas = engine._pragmas
    monkeypatch.setattr(engine, "_pragmas", lambda role: {**pragmas(role), "max_page_count": 100})
    place = first([json.loads(line) for line in exported], "releases")
    row = json.loads(exported[place])["row"] | {"description": "x" * 4_000}
    many = [json.dumps({"table": "releases", "row": {**row, "id": 9 + n, "name": f"r{n}"}}) for n in range(500)]
    with pytest.raises(StorageError) as caught:
        import_workbook(str(other), [*exported[: place + 1], *many])
    assert str(caught.value) == f"{other}: the disk is full; nothing was stored. Free some space and try again."


HEADS: dict[str, tuple[Any, str]] = {
    "another format": ({"format": "x"}, 'line 1: this is no workbook: the first line must say "format"'),
    "a list": ([1], "line 1: this is no workbook"),
    "a newer schema": (
        {"schema": 99},
        "line 1: this is a workbook of version 1, schema 99; this relorch reads version 1",
    ),
    "another version": ({"version": 2}, "line 1: this is a workbook of version 2"),
    "no counts": ({"rows": {"clusters": -1}}, "line 1: counters and rows must give a whole number for each table"),
    "a counter that leaves no ids": ({"counters": {"customers": 2**63 - 1}}, "line 1: counters and rows must give a"),
    "unknown tables": ({"counters": {"sqlite_master": 1}}, "line 1: counters and rows must give a whole number"),
}


def head_of(lines: Iterable[str | bytes]) -> list[str]:
    """What is found in the head of a file that has none which can be read."""
    findings = Findings()
    assert Reader(lines, findings).head(SCHEMA) is None
    return [str(finding) for finding in findings.found]


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_that_cannot_be_read_is_told_alone(exported: tuple[str, ...], kind: str) -> None:
    change, words = HEADS[kind]
    head = json.loads(exported[0]) | change if isinstance(change, dict) else change
    (found,) = head_of([json.dumps(head), "nonsense"])
    assert found.startswith(words)


@pytest.mark.parametrize("lines", [[], [b"\xff\xfe"], ["x" * 100, "y"], ["[" * 100_000], ["9" * 10_000], ["\ufeff{}"]])
def test_what_is_no_json_is_told(lines: Iterable[str | bytes]) -> None:
    assert head_of(lines) == ["line 1: this is no JSON"]


def test_without_a_head_nothing_is_made(other: Path) -> None:
    found = import_workbook(str(other), ["x"])
    assert (told(found), found.stored, other.parent.exists()) == (["line 1: this is no JSON"], False, False)


def test_nobody_reads_more_than_a_thousand_errors(wb: Workbook, other: Path) -> None:
    def endless() -> Iterator[str]:
        yield from wb.exports.workbook()
        while True:
            yield "{"

    found = told(import_workbook(str(other), endless()))
    assert len(found) == MOST_ERRORS + 1
    assert "There are more than 1,000 errors; the rest was not looked at" in found


def test_a_line_that_is_too_long_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "LINE_LIMIT", 1024)
    file = io.BytesIO(b"[]\n" + b"x" * 5_000 + b"\n[]\n" + b"y" * 1_024)
    lines = list(whole.lines_of(file))
    assert lines == [b"[]\n", b"x" * 1_026, b"[]\n", b"y" * 1_024]
    findings = Findings()
    assert list(Reader(lines, findings).records()) == []
    assert [str(finding) for finding in findings.found] == [
        'line 1: a line must be {"table": …, "row": {…}}',
        "line 2: this line is longer than 1,024 bytes",
        'line 3: a line must be {"table": …, "row": {…}}',
        "line 4: this is no JSON",
    ]


def test_a_dry_run_does_everything_but_keep_the_file(filled: Workbook, other: Path) -> None:
    lines = list(filled.exports.workbook())
    tried = import_workbook(str(other), lines, dry_run=True)
    assert (tried.stored, other.parent.exists()) == (False, False)
    assert tried.changes == import_workbook(str(other), lines).changes
    assert [f"{each.action} {each.what} {each.detail}" for each in tried.changes][:3] == [
        "add clusters 2",
        "add customers 4",
        "add releases 1",
    ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_is_there_is_refused(filled: Workbook, tmp_path: Path, dry_run: bool) -> None:
    mine = tmp_path / "mine.db"
    mine.write_text("mine")
    for path in (mine, Path(filled.path)):
        with pytest.raises(CannotOpen, match="there is a file already; a whole workbook is only read into a new one"):
            import_workbook(str(path), filled.exports.workbook(), dry_run=dry_run)
    assert mine.read_text() == "mine"
    assert filled.check().ok


def test_a_file_that_somebody_makes_meanwhile_stays(filled: Workbook, other: Path) -> None:
    def slow() -> Iterator[str]:
        yield from filled.exports.workbook()
        other.write_text("theirs")

    with pytest.raises(CannotOpen, match="somebody else made a file of this name meanwhile"):
        import_workbook(str(other), slow())
    assert other.read_text() == "theirs"


def test_an_error_of_the_file_itself_leaves_nothing(filled: Workbook, other: Path) -> None:
    def torn() -> Iterator[str]:
        with closing(filled.exports.workbook()) as lines:
            yield next(lines)
        raise OSError(5, "Input/output error")

    with pytest.raises(StorageError):
        import_workbook(str(other), torn())
    assert not other.parent.exists()


def test_the_chain_is_the_one_of_the_record() -> None:
    assert [column.name for column in metadata.tables["events"].columns] == [*events._CHAINED, "sha256"]
