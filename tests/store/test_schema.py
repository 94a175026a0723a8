"""The schema: one in the code, one in the migrations, and what the database itself refuses."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from relorch import Workbook
from relorch.errors import StorageError
from relorch.model.status import Status
from relorch.store.migrate import SCRIPTS
from relorch.store.tables import APPEND_ONLY, SCHEMA, metadata

Sql = Callable[..., list[tuple[Any, ...]]]


def described(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Everything in a schema, each table as the set of its lines: their order means nothing."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: set(_parts(sql)) for name, sql in rows if name not in ("alembic_version", "sqlite_sequence")}


def _parts(sql: str) -> Iterator[str]:
    depth, part = 0, ""
    for char in re.sub(r"\s+", " ", sql):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 1:
            yield part.strip()
            part = ""
        else:
            part += char
    yield part.replace(" )", ")").strip()


def test_the_migrations_make_the_tables_of_the_code(blank: Path) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        for trigger in APPEND_ONLY:
            connection.exec_driver_sql(trigger)
        wanted = described(connection.connection.driver_connection)
    engine.dispose()
    with closing(sqlite3.connect(blank)) as connection:
        assert described(connection) == wanted
    assert len(wanted) > 15


def test_the_newest_migration_is_the_schema_of_the_code() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(SCHEMA, 0, -1)]


CLUSTER = "INSERT INTO clusters (name, created_at, updated_at) VALUES (?, 1, 1)"
STEP = "UPDATE customer_steps SET {} WHERE id = 1"
REFUSED = {
    "a cluster without a name": ("INSERT INTO clusters (name, created_at, updated_at) VALUES ('', 1, 1)", "CHECK"),
    "a name that is too long": (f"UPDATE clusters SET name = '{'x' * 201}'", "CHECK"),
    "a flag of 2": ("UPDATE clusters SET is_active = 2", "CHECK"),
    "a text for a number": ("UPDATE clusters SET row_version = 'x'", "cannot store TEXT"),
    "two active clusters of one name": (
        "INSERT INTO clusters (name, created_at, updated_at) SELECT name, 1, 1 FROM clusters",
        "UNIQUE",
    ),
    "two active namespaces on one cluster": (
        "INSERT INTO customers (cluster_id, namespace, name, created_at, updated_at) "
        "SELECT cluster_id, namespace, 'x', 1, 1 FROM customers",
        "UNIQUE",
    ),
    "a customer on no cluster": (
        "INSERT INTO customers (cluster_id, namespace, name, created_at, updated_at) VALUES (99, 'a', 'x', 1, 1)",
        "FOREIGN KEY",
    ),
    "a status nobody knows": (STEP.format("status = 'perhaps'"), "CHECK"),
    "a step done by nobody": (STEP.format("status = 'done'"), "CHECK"),
    "a pending step done by somebody": (STEP.format("executed_at = 1, executed_by = 'ana'"), "CHECK"),
    "a frozen text without its digest": (STEP.format("executed_content = 'x'"), "CHECK"),
    "a step without its member": (STEP.format("customer_id = 99"), "FOREIGN KEY"),
    "an archived release from nowhere": ("UPDATE releases SET status = 'archived'", "CHECK"),
    "two templates in one place": (
        "INSERT INTO step_templates (release_id, name, category, type, content, order_index, created_at, updated_at) "
        "SELECT release_id, name, category, type, content, order_index, 1, 1 FROM step_templates",
        "UNIQUE",
    ),
    "one template twice for a member": (
        "INSERT INTO customer_steps (release_id, customer_id, template_id, name, category, type, content, "
        "order_index, created_at, updated_at) SELECT release_id, customer_id, template_id, name, category, type, "
        "content, 9, 1, 1 FROM customer_steps",
        "UNIQUE",
    ),
    "a cluster that has customers": ("DELETE FROM clusters", "FOREIGN KEY"),
    "a customer that has steps": ("DELETE FROM customers", "FOREIGN KEY"),
    "a release that has steps": ("DELETE FROM releases", "FOREIGN KEY"),
    "a template that has steps": ("DELETE FROM step_templates", "FOREIGN KEY"),
    "a member that has steps": ("DELETE FROM release_customers", "FOREIGN KEY"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_itself_refuses(wb: Workbook, build: Any, sql: Sql, what: str) -> None:
    build.step()
    statement, why = REFUSED[what]
    with pytest.raises(StorageError, match=why):
        sql(statement)


def test_an_id_is_never_used_again(wb: Workbook, sql: Sql) -> None:
    first = wb.clusters.create(name="eu-1")
    sql("DELETE FROM clusters")
    assert wb.clusters.create(name="eu-1").id > first.id


def test_every_enum_of_the_database_is_the_one_of_the_model(sql: Sql) -> None:
    ((table,),) = sql("SELECT sql FROM sqlite_master WHERE name = 'customer_steps'")
    ((listed,),) = [re.findall(r"status IN \(([^)]*)\)", table)]
    assert [name.strip(" '") for name in listed.split(",")] == [status.value for status in Status]
