"""A PostgreSQL connection that ends in the middle of what a request does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.store.engine import configure, engine_options, normalised_url
from server.store.patience import hurry
from tests.databases import PostgresqlDatabases


@pytest.fixture(params=["a request", "a command"])
def engine(
    postgresql_databases: PostgresqlDatabases, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    template = postgresql_databases.template("bare", lambda _url: None)
    with postgresql_databases.copy(template) as url:
        engine = create_engine(**engine_options(normalised_url(url)))
        configure(engine)
        hurry(60 if request.param == "a request" else None)
        yield engine
        hurry(None)
        engine.dispose()


def end(engine: Engine, process: int) -> None:
    """Have the server end another connection, as it does with all when it is stopped."""
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT pg_terminate_backend({process}, 60000)"))


def process_of(session: Session) -> int:
    found = session.scalar(text("SELECT pg_backend_pid()"))
    assert isinstance(found, int)
    return found


def test_a_session_ends_in_silence_on_a_connection_that_is_lost(engine: Engine) -> None:
    with Session(engine) as session:
        end(engine, process_of(session))
    with Session(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_lost_connection_is_told_by_the_statement_not_by_the_rollback(engine: Engine) -> None:
    with Session(engine) as session:
        end(engine, process_of(session))
        with pytest.raises(OperationalError, match="terminating connection"):
            session.scalar(text("SELECT 1"))
        session.rollback()
        assert session.scalar(text("SELECT 1")) == 1


def test_what_was_not_committed_on_a_lost_connection_is_not_there(engine: Engine) -> None:
    with Session(engine) as session:
        session.execute(text("CREATE TABLE kept (number INTEGER)"))
        session.commit()
        session.execute(text("INSERT INTO kept VALUES (1)"))
        end(engine, process_of(session))
        session.rollback()
        assert session.scalar(text("SELECT count(*) FROM kept")) == 0
