"""A backup holds everything at one moment, and comes back into an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, func, make_url, select

from server import create_app
from server.store.engine import normalised_url
from tests.conftest import CreateApp, Player, close, settings_for, skip_or_fail
from tests.databases import PostgresqlDatabases, SqliteFiles
from tests.store.test_database import make_bare


@pytest.fixture
def bare_url(databases: SqliteFiles | PostgresqlDatabases) -> Iterator[str]:
    """A database without tables."""
    with databases.copy(databases.template("bare", make_bare)) as url:
        yield url


def counts(url: str) -> dict[str, int]:
    engine = create_engine(normalised_url(url))
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        counted = {
            name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for name, table in found.tables.items()
        }
    engine.dispose()
    return counted


def test_a_backup_comes_back_whole(
    create: CreateApp, database_url: str, bare_url: str, tmp_path: Path
) -> None:
    app, file = create(settings_for(database_url)), tmp_path / "backup"
    Player(app.test_client()).play(lambda _: "the")
    ran = app.test_cli_runner().invoke(args=["db", "backup", str(file)])
    if "server version mismatch" in ran.output or "no pg_dump here" in ran.output:
        skip_or_fail("pg_dump", "there is none of the server's version or a later one")
    assert ran.exit_code == 0, ran.output
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup"]
    again = app.test_cli_runner().invoke(args=["db", "backup", str(file)])
    assert (again.exit_code, "overwrites none" in again.output) == (1, True)

    other = create_app(settings_for(bare_url))
    restored = other.test_cli_runner().invoke(args=["db", "restore", str(file)])
    assert restored.exit_code == 0, restored.output
    assert counts(bare_url) == counts(database_url)
    assert counts(bare_url)["guesses"] == 12
    full = other.test_cli_runner().invoke(args=["db", "restore", str(file)])
    assert (full.exit_code, "restore into an empty one" in full.output) == (1, True)
    client = other.test_client()
    assert client.get("/readyz").status_code == 200
    assert client.get("/api/v1/stats").get_json()["left_out"]["fast"] == 1
    close(other)


def test_the_password_is_in_no_sentence(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url))
    ran = app.test_cli_runner().invoke(args=["db", "backup", "/nowhere/at/all"])
    assert ran.exit_code == 1
    password = make_url(database_url).password
    assert not password or password not in ran.output
