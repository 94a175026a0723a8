"""Running the migrations that ship inside the package."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from relorch.store.tables import APPLICATION_ID, SCHEMA

_one_at_a_time = threading.Lock()
SCRIPTS = Path(__file__).with_name("migrations")


def create(path: Path) -> None:
    """Bring the new, empty database file `path` to the newest schema and mark it as a workbook."""
    with _one_at_a_time:  # Alembic keeps what it works on in a module
        _upgrade(path)


def _upgrade(path: Path) -> None:
    # Alembic is only needed here, and takes its time to load
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=FULL")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA}")
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        connection.commit()
    engine.dispose()


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
