"""Running the migrations that ship inside the package."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from relorch.errors import Busy, CannotOpen, StorageError
from relorch.store.tables import APPLICATION_ID, SCHEMA

if TYPE_CHECKING:
    from relorch.store.backup import Contents

_one_at_a_time = threading.Lock()
SCRIPTS = Path(__file__).with_name("migrations")


class _TakenBack(Exception):
    """A migration ran through, and what it left is not whole."""


@dataclass(frozen=True)
class Upgraded:
    """What `upgrade` did: with two equal schemas nothing was to do, and `backup` is None."""

    path: Path
    from_schema: int
    to_schema: int
    backup: Path | None


def create(path: Path) -> None:
    """Bring the new, empty database file `path` to the newest schema and mark it as a workbook."""
    with _one_at_a_time:  # Alembic keeps what it works on in a module
        _upgrade(path)


def _upgrade(path: Path) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True), poolclass=NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=FULL")
        _run(connection, SCRIPTS)
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA}")
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        connection.commit()
    engine.dispose()


def _run(connection: Connection, scripts: Path) -> None:
    # Alembic is only needed here, and takes its time to load
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def upgrade(url: str, *, now: datetime | None = None, scripts: Path = SCRIPTS, schema: int = SCHEMA) -> Upgraded:
    """Bring the workbook at `url` to the newest schema, after a backup of it that was found whole.

    It happens as a whole or not at all. Raises `CannotOpen` for what is no workbook or of a newer schema, `Busy`
    while somebody has it open, `StorageError`, naming the backup, when a migration failed. `scripts` and `schema`
    are those of the package.
    """
    # both stand on this module
    from relorch.store import Store, backup
    from relorch.store.files import database_path

    path = database_path(url)
    backup.refuse_in_use(path)
    found = backup.examined(path)
    if found.schema > schema:
        raise CannotOpen(f"{path}: its schema is {found.schema}, newer than {schema}; install a newer relorch.")
    if found.schema == schema:
        return Upgraded(path, schema, schema, None)
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        raise StorageError(f"{path}: there is too little free space for a backup and an upgrade; nothing was changed.")
    store = Store(path)
    try:
        kept = backup.back_up(store, None, now or datetime.now(UTC)).path
    finally:
        store.close()
    with _one_at_a_time:
        _migrate(path, found, kept, scripts, schema)
    return Upgraded(path, found.schema, schema, kept)


def _migrate(path: Path, found: Contents, kept: Path, scripts: Path, schema: int) -> None:
    from alembic.util import CommandError

    from relorch.store.engine import make_engine  # only an upgrade of a file needs it

    engine = make_engine(path, "write")
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")  # inside a transaction SQLite would ignore it without a word
            with connection.begin():
                _migrate_all(connection, driver, path, found, scripts, schema)
    except (SQLAlchemyError, sqlite3.Error, CommandError, _TakenBack) as error:
        told = str(error).splitlines()[0]
        raise StorageError(f"{path}: the upgrade failed ({told}); nothing was changed. A backup is {kept}.") from error
    except BaseException as error:
        error.add_note(f"{path}: nothing was changed. A backup is {kept}.")
        raise
    finally:
        engine.dispose()


def _migrate_all(
    connection: Connection, driver: sqlite3.Connection, path: Path, found: Contents, scripts: Path, schema: int
) -> None:
    from relorch.store.backup import contents

    if contents(driver) != found:
        raise Busy(f"{path}: somebody wrote to it meanwhile; nothing was changed, try again.")
    _run(connection, scripts)
    driver.execute(f"PRAGMA user_version={schema}")
    now = contents(driver)
    lost = [name for name, count in found.rows.items() if now.rows.get(name, 0) != count]
    dangling = driver.execute("PRAGMA foreign_key_check").fetchall()
    damage = [row[0] for row in driver.execute("PRAGMA integrity_check") if row[0] != "ok"]
    if now.schema != schema or now.newest != found.newest or lost or dangling or damage:
        raise _TakenBack(f"rows lost or added in {', '.join(lost)}" if lost else "its tables do not fit together")


def revision_number(connection: sqlite3.Connection) -> int:
    """Give the number of the schema that Alembic left in the file; one it does not know counts as newer.

    Revisions are named by number (`0001`).
    """
    rows = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()
    if not rows[0]:
        return 0
    revisions = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    return max((int(name) if name.isdigit() else SCHEMA + 1 for name in revisions), default=0)
