"""What a process reads before it forks, so that no player's first guess waits for it."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from apiflask import APIFlask
from sqlalchemy import event

from server.application import db, warm_up
from server.config import ROOT
from tests.conftest import CreateApp, Player, settings_for


@contextmanager
def vocabularies_read(app: APIFlask) -> Iterator[list[str]]:
    """Collect the queries that read a vocabulary meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if (
            "language_models.vocabulary AS" in statement
            or "language_models.vocabulary," in statement
        ):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def play_a_word(app: APIFlask) -> None:
    player = Player(app.test_client())
    state = player.start()
    assert player.answer(state["id"], state["asked"]["position"], "the").status_code == 200


def test_a_first_guess_reads_no_vocabulary_after_gunicorn_has_started(app: APIFlask) -> None:
    settings = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert settings["preload_app"] is True
    settings["when_ready"](SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app)))
    with vocabularies_read(app) as queries:
        play_a_word(app)
    assert queries == []


def test_without_it_the_first_guess_reads_the_vocabulary(app: APIFlask) -> None:
    with vocabularies_read(app) as queries:
        play_a_word(app)
    assert len(queries) == 1


def test_no_connection_is_left_for_forked_workers_to_share(app: APIFlask) -> None:
    warm_up(app)
    with app.app_context():
        assert db.engine.pool.status().startswith("Pool size: 5  Connections in pool: 0")


def test_a_database_that_is_not_ready_stops_no_start(create: CreateApp, tmp_path: Path) -> None:
    without_tables = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    for url in (without_tables, "postgres://u:p@127.0.0.1:9/none"):
        warm_up(create(settings_for(url)))


def test_a_service_without_scored_passages_starts(empty_app: APIFlask) -> None:
    warm_up(empty_app)
