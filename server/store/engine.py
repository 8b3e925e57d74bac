"""Opening the database: SQLite in WAL mode or PostgreSQL, and transactions that mean to write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Engine,
    String,
    column,
    event,
    inspect,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.store.patience import LEAST_CONNECT_S, Waits, WatchedPool
from server.store.turns import Turns

DEFAULT_WAITS = Waits()
SQLITE_CONNECTIONS = 20
# A host that has gone is noticed by its silence, also where nobody is waiting.
_KEEP_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3}


def normalised_url(url: str) -> str:
    """Return the URL as SQLAlchemy takes it: Heroku's `postgres://` is PostgreSQL by psycopg 3."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def engine_options(url: str, waits: Waits = DEFAULT_WAITS, connections: int = 10) -> dict[str, Any]:
    """Return the engine options for this database.

    `connections` is how many a process may have open at once; SQLite's cost nothing.
    """
    options: dict[str, Any]
    if make_url(url).get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": waits.lock_s}, "pool_size": SQLITE_CONNECTIONS}
    else:
        connect = {"connect_timeout": max(LEAST_CONNECT_S, round(waits.connect_s)), **_KEEP_ALIVE}
        options = {"connect_args": connect, "pool_size": connections}
    pool: dict[str, Any] = {"max_overflow": 0, "pool_timeout": waits.pool_s, "pool_use_lifo": True}
    pool["poolclass"] = WatchedPool
    # Errors are logged; what players typed, and who they are, are not.
    return {"url": url, "hide_parameters": True, **pool, **options}


def configure(engine: Engine, waits: Waits = DEFAULT_WAITS) -> None:
    """Attach to `engine` what bounds its waiting, and what else SQLite needs.

    That is WAL, foreign keys, and explicit BEGIN statements.
    """
    if engine.dialect.name != "sqlite":
        from server.store.bounded import bound  # psycopg's 8 MB, for PostgreSQL alone

        bound(engine, waits)
        return
    turns = Turns(engine.url.database or "", waits.lock_s)
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", partial(_begin_sqlite_transaction, turns))


@contextmanager
def writing(session: Session, *, shown_after: bool = False) -> Iterator[Session]:
    """Run a use case that writes: one transaction, committed at the end, rolled back on any error.

    With `shown_after` the rows keep what they hold, to be shown once others may write again.

    SQLite takes the write lock at the start, so that two writers wait instead of failing half way,
    and in turn (`server/store/turns.py`).
    """
    session.rollback()
    session.expire_all()
    session.expire_on_commit = not shown_after
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


def present_revision(session: Session) -> str | None:
    """Return the revision of the tables, as the last migration wrote it; None without tables."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    version: ColumnClause[str] = column("version_num", String)
    return session.scalars(select(version).select_from(table("alembic_version"))).one_or_none()


def require_room(session: Session) -> None:
    """Raise what PostgreSQL raises where its tables have no room to grow.

    A row may still be written where another one was: only what takes room anew shows the lack of
    it. A result that does not fit in memory does, in a file beside the tables, gone at once.
    On SQLite each row that is written takes room in the log.
    """
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SET LOCAL work_mem = '64kB'"))
        session.execute(text("SELECT count(*) FROM generate_series(1, 10000)"))


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    # The driver would begin transactions late and by itself; `begin` below does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "cache_size=-256"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite_transaction(turns: Turns, connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    writes = connection.get_execution_options().get("intends_to_write", False)
    try:
        turns.begin(driver) if writes else driver.execute("BEGIN")
    except sqlite3.OperationalError as error:
        raise OperationalError("BEGIN", {}, error, hide_parameters=True) from error
