"""Databases that live for one test, in memory where the machine allows, and a Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis, exceptions
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from tests.waiting import PATIENCE_S, wait_until

MEMORY = Path("/dev/shm")
NEEDED_BYTES = 2 << 30
# Nothing here outlives the tests, so nothing need be safe on a disk.
NOT_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
# For tests of what no database has a part in, of many requests, or of what a file holds.
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
FIRST_TO_CHOOSE = 150_000  # the first version that can be told how to copy a database


def place_for_databases() -> str | None:
    """Return the folder of files in memory where there is one with room, or None."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < NEEDED_BYTES:
        return None
    return str(MEMORY)


def forget_durability(server_url: str) -> None:
    """Let a server of the tests' own write to its disk when it likes."""
    switched_off = (f"ALTER SYSTEM SET {setting} = off" for setting in NOT_DURABLE)
    engine = engine_of(make_url(server_url))
    execute(engine, *switched_off, "SELECT pg_reload_conf()")
    engine.dispose()


def engine_of(server_url: URL) -> Engine:
    """Return the way to a server for statements that no transaction may hold."""
    url = server_url.set(drivername="postgresql+psycopg")
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)


def execute(engine: Engine, *statements: str) -> None:
    """Execute statements, each by itself."""
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def version_of(engine: Engine) -> int:
    """Return the number of a server's version, as 150004 for 15.4."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SHOW server_version_num")))


class SqliteFiles:
    """Databases that are copies of a template file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Return the URL of a template, filled at the first call."""
        path = self._folder / f"{name}.sqlite3"
        if not path.exists():
            fill(f"sqlite:///{path}")
        return f"sqlite:///{path}"

    @contextmanager
    def copy(self, template_url: str, name: str = "") -> Iterator[str]:
        """Yield the URL of a copy that lives for one test, under a name that may come again."""
        path = self._folder / f"{name or uuid4().hex}.sqlite3"
        shutil.copy(template_url.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
        for leftover in self._folder.glob(f"{path.name}*"):
            leftover.unlink()


class PostgresqlDatabases:
    """Databases of one server that are copies of a template database."""

    def __init__(self, server_url: str) -> None:
        self._url = make_url(server_url).set(drivername="postgresql")
        self._engine = engine_of(self._url)  # a connection for each statement would cost as much
        self._run = uuid4().hex[:8]
        self._templates: set[str] = set()
        # Whole files, the only way before 15: page by page takes half as much again.
        self._copying = "STRATEGY file_copy" if version_of(self._engine) >= FIRST_TO_CHOOSE else ""

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Return the URL of a template, filled at the first call."""
        database = f"perplexed_{self._run}_{name}"
        if database not in self._templates:
            execute(self._engine, f"CREATE DATABASE {database}")
            fill(self._url_of(database))
            self._templates.add(database)
        return self._url_of(database)

    @contextmanager
    def copy(self, template_url: str, name: str = "") -> Iterator[str]:
        """Yield the URL of a copy that lives for one test, under a name that may come again."""
        database = f"perplexed_{self._run}_{name}" if name else f"perplexed_{uuid4().hex}"
        template = make_url(template_url).database
        execute(self._engine, f"CREATE DATABASE {database} TEMPLATE {template} {self._copying}")
        yield self._url_of(database)
        execute(self._engine, f"DROP DATABASE {database} WITH (FORCE)")

    def end(self) -> None:
        """Leave nothing behind on a server that outlives the tests."""
        for database in self._templates:
            execute(self._engine, f"DROP DATABASE {database} WITH (FORCE)")
        self._engine.dispose()

    def _url_of(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)


@contextmanager
def redis_server(binary: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Yield a Redis of the tests' own, once it answers, and its process, which may be killed."""
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(f"unix://{socket}"), server)
        yield f"redis+unix://{socket}", server
    finally:
        server.kill()
        server.wait(timeout=PATIENCE_S)


def _answers(redis_url: str) -> bool:
    """Tell whether a Redis answers: its socket is there before anybody listens at it."""
    with Redis.from_url(redis_url) as client:
        try:
            return bool(client.ping())
        except exceptions.ConnectionError:
            return False
