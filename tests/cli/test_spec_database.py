"""`relorch import spec-database`: the old application's database, taken over from the command line."""

from __future__ import annotations

import hashlib
from pathlib import Path

from relorch import open_workbook
from tests.cli.conftest import Run
from tests.workbook.test_spec_database import RAN, Make, spec  # noqa: F401 a fixture

STEPS = [
    {"status": "done", "executed_at": RAN, "executed_by": "ben", "notes": "ok"},
    {"template_id": 2, "order_index": 1, "name": "Verify"},
]
TEMPLATES = [{}, {"order_index": 1, "name": "Verify"}]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_becomes_a_workbook_to_go_on_with(
    elsewhere: Run,
    spec: Make,  # noqa: F811 the fixture above
    tmp_path: Path,
) -> None:
    old, new = spec(customer_steps=STEPS, step_templates=TEMPLATES), tmp_path / "new.db"
    before = digest(old)
    planned = elsewhere("import", "spec-database", old, "--dry-run", "--db", new)
    assert (planned.code, new.exists(), "dry run" in planned.err) == (0, False, True)
    done = elsewhere("import", "spec-database", old, "--db", new)
    assert (done.code, done.out) == (0, planned.out)
    assert [line.split()[1] for line in done.lines[1:] if "customer_steps" in line] == ["customer_steps"]
    following = elsewhere("next", "-r", "2026.11", "-c", "eu-1/acme", "--text", "--db", new)
    assert (following.code, following.out) == (0, "true")
    assert elsewhere("done", "2", "--db", new).code == 0
    with open_workbook(str(new), "ana", create=False) as wb:
        told = [(step.name, step.status, step.executed_by, step.notes) for step in wb.steps.list(1, 1)]
    assert told == [("Migrate", "done", "ben", "ok"), ("Verify", "done", "ana", None)]
    assert elsewhere("check", "--db", new).code == 0
    assert digest(old) == before


def test_what_cannot_be_taken_over_leaves_nothing(
    elsewhere: Run,
    spec: Make,  # noqa: F811 the fixture above
    tmp_path: Path,
) -> None:
    new = tmp_path / "new.db"
    wrong = elsewhere("import", "spec-database", spec(customer_steps=[{"status": "cooking"}]), "--db", new)
    assert (wrong.code, wrong.out) == (1, "")
    assert "error: " in wrong.err
    assert "nothing was imported" in wrong.err
    nowhere = elsewhere("import", "spec-database", tmp_path / "nowhere.db", "--db", new)
    assert nowhere.code == 2
    assert "nowhere.db" in nowhere.err
    assert "Traceback" not in wrong.err + nowhere.err
    assert not new.exists()


def test_a_workbook_that_holds_something_is_left_alone(
    elsewhere: Run,
    spec: Make,  # noqa: F811 the fixture above
    tmp_path: Path,
) -> None:
    old, new = spec(), tmp_path / "new.db"
    assert elsewhere("import", "spec-database", old, "--db", new).code == 0
    again = elsewhere("import", "spec-database", old, "--db", new)
    assert (again.code, again.out) == (1, "")
    assert len(elsewhere("customers", "--db", new).lines) == 2
