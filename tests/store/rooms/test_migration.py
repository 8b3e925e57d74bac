"""The migration of rooms on a database that is in use."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic.command import downgrade, upgrade
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from server.config import ROOT
from server.store.engine import configure, migrating, normalised_url

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
BEFORE, ROOMS = "0012", "0013"
TABLES = {"rooms", "room_players", "room_answers"}


def test_rooms_come_and_go_and_leave_all_else_as_it_was(database_url: str) -> None:
    engine = create_engine(normalised_url(database_url))
    configure(engine)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))

    def count(connection: object, table: str) -> int:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar())  # type: ignore[attr-defined]

    with migrating(engine) as connection:
        config.attributes["connection"] = connection
        before = count(connection, "passages"), count(connection, "scored_passages")
        connection.execute(
            text(
                "INSERT INTO passages (content_hash, text, title, source, licence, genre, "
                "retired, created_at) VALUES ('own', 'a', 'a', '', '', '', false, :now)"
            ),
            {"now": NOW},
        )
        connection.execute(
            text(
                "INSERT INTO rooms (code, key_digest, passage_id, model_id, own_text, words, "
                "phase, word, version, answers, created_at, closes_at, closed) "
                "SELECT 'BCDFGH', '', id, (SELECT min(id) FROM language_models), "
                ":yes, 3, 'waiting', 0, 1, 0, :now, :now, :no "
                "FROM passages WHERE content_hash = 'own'"
            ),
            {"now": NOW, "yes": True, "no": False},
        )
        connection.commit()
        downgrade(config, BEFORE)
        assert set(inspect(connection).get_table_names()).isdisjoint(TABLES)
        assert (count(connection, "passages"), count(connection, "scored_passages")) == before
        upgrade(config, ROOMS)
        assert set(inspect(connection).get_table_names()) >= TABLES
        assert count(connection, "rooms") == 0
    engine.dispose()
