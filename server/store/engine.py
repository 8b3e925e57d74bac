"""Opening the database: SQLite in WAL mode or PostgreSQL, and transactions that mean to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

_SQLITE_BUSY_TIMEOUT_MS = 10_000


def normalised_url(url: str) -> str:
    """Return the URL as SQLAlchemy takes it: Heroku's `postgres://` is PostgreSQL by psycopg 3."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def engine_options(url: str) -> dict[str, Any]:
    """Return the engine options for this database."""
    options: dict[str, Any]
    if make_url(url).get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": _SQLITE_BUSY_TIMEOUT_MS / 1000}}
    else:
        options = {"pool_pre_ping": True}
    # Errors are logged; what players typed, and who they are, are not.
    return {"url": url, "hide_parameters": True, **options}


def configure(engine: Engine) -> None:
    """Attach what SQLite needs to `engine`: WAL, foreign keys, and explicit BEGIN statements."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", _begin_sqlite_transaction)


@contextmanager
def writing(session: Session) -> Iterator[Session]:
    """Run a use case that writes: one transaction, committed at the end, rolled back on any error.

    SQLite takes the write lock at the start, so that two writers wait instead of failing half way.
    """
    session.rollback()
    session.connection(execution_options={"intends_to_write": True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for migrations.

    On SQLite foreign keys are off meanwhile: a table is changed by rebuilding it and dropping the
    old one, which would delete every row that refers to it. They are checked at the end.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
            broken = driver.execute("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise ValueError(f"the migration left references to missing rows: {broken[:5]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    # The driver would begin transactions late and by itself; `begin` below does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    writes = connection.get_execution_options().get("intends_to_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
