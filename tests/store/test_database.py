"""Migrations, transactions, and what is on disk once it is acknowledged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from apiflask import APIFlask
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from server.application import db
from server.config import ROOT
from server.domain.text.tokens import Vocabulary
from server.store.engine import configure, engine_options, migrating, normalised_url, writing
from server.store.passages import known_hashes
from server.store.players import add_player, find_player
from server.store.scoring.blobs import vocabulary_to_blob
from server.store.scoring.scores import answer_counts
from server.store.tables import Base, PlayerRow
from tests.databases import PostgresqlDatabases, SqliteFiles

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
TABLES = {"language_models", "passages", "scored_passages", "players", "rounds", "guesses"}


def test_migrations_make_exactly_the_tables_of_the_code(empty_app: APIFlask) -> None:
    with empty_app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(connection).get_table_names()) >= TABLES


def test_migrating_twice_changes_nothing(empty_app: APIFlask) -> None:
    result = empty_app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 0
    assert "up to date" in result.output


def make_bare(url: str) -> None:
    """Make a database without tables: a SQLite file is there once something has been written."""
    engine = create_engine(normalised_url(url))
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE spare (id INTEGER)"))
        connection.execute(text("DROP TABLE spare"))
        connection.commit()
    engine.dispose()


def test_migrating_fills_in_the_size_of_a_vocabulary(
    databases: SqliteFiles | PostgresqlDatabases,
) -> None:
    with databases.copy(databases.template("bare", make_bare)) as url:
        engine = create_engine(normalised_url(url))
        configure(engine)
        config = Config()
        config.set_main_option("script_location", str(ROOT / "migrations"))
        vocabulary = vocabulary_to_blob(Vocabulary((b" a", b"", b" the")))
        with migrating(engine) as connection:
            config.attributes["connection"] = connection
            upgrade(config, "0002")
            columns = "name, revision, tokenizer_fingerprint, parameters, window_tokens"
            statement = (
                f"INSERT INTO language_models ({columns}, vocabulary, created_at) "
                "VALUES ('m', '1', '1', 1, 64, :vocabulary, CURRENT_TIMESTAMP)"
            )
            connection.execute(text(statement), {"vocabulary": vocabulary})
            connection.commit()
            upgrade(config, "head")
        with Session(engine) as session:
            assert list(answer_counts(session).values()) == [3, 2]  # tokens, words
        engine.dispose()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@h:5432/d", "postgresql+psycopg://u:p@h:5432/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ],
)
def test_herokus_database_urls_are_accepted(given: str, driver: str) -> None:
    assert normalised_url(given) == driver


def test_moments_come_back_in_utc_whatever_their_zone(empty_app: APIFlask) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with empty_app.app_context(), writing(db.session) as session:
        add_player(session, "someone", elsewhere)
    with empty_app.app_context():
        player = find_player(db.session, "someone")
        assert player is not None
        assert player.created_at == NOW
        assert player.created_at.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(empty_app: APIFlask) -> None:
    with (
        empty_app.app_context(),
        pytest.raises(StatementError, match="without a time zone"),
        writing(db.session) as session,
    ):
        add_player(session, "someone", NOW.replace(tzinfo=None))


def test_a_failed_use_case_leaves_nothing(empty_app: APIFlask) -> None:
    with empty_app.app_context():
        with pytest.raises(ZeroDivisionError), writing(db.session) as session:
            assert add_player(session, "someone", NOW).id / 0
        assert find_player(db.session, "someone") is None


def test_one_public_id_is_one_player(empty_app: APIFlask) -> None:
    with empty_app.app_context():
        with writing(db.session) as session:
            add_player(session, "someone", NOW)
        with pytest.raises(IntegrityError), writing(db.session) as session:
            add_player(session, "someone", NOW)


def test_writers_wait_for_each_other_and_none_fails(empty_database_url: str) -> None:
    url = normalised_url(empty_database_url)
    engine = create_engine(**engine_options(url))
    configure(engine)
    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(10):
                with Session(engine) as session, writing(session):
                    add_player(session, f"{writer}-{number}", NOW)
        except Exception as error:
            failures.append(error)

    writers = [Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    with Session(engine) as session:
        assert session.query(PlayerRow).count() == 40
    engine.dispose()
    assert failures == []


def test_any_number_of_passages_is_looked_up(empty_app: APIFlask) -> None:
    """A long text cut into short parts: SQLite takes 32,766 parameters, PostgreSQL 65,535."""
    hashes = [f"{number:064x}" for number in range(70_000)]
    with empty_app.app_context():
        assert known_hashes(db.session, hashes) == set()


def test_sqlite_runs_in_wal_mode_and_syncs_every_commit(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("wal") / "x.sqlite3"
    engine = create_engine(**engine_options(f"sqlite:///{path}"))
    configure(engine)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()
