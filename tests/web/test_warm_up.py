"""What a process reads before it forks, so that no player's first guess waits for it."""

from __future__ import annotations

import gc
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from server.application import absent_model, db, warm_up
from server.config import ROOT
from server.domain.scores.models import BUNDLED, GPT2
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


def test_a_first_guess_reads_no_vocabulary_after_gunicorn_has_started(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))  # else the file sets it for good
    settings = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert settings["preload_app"] is True
    settings["when_ready"](SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app)))
    with vocabularies_read(app) as queries:
        play_a_word(app)
    assert queries == []


def test_garbage_is_looked_for_again_after_loading_and_after_a_reload(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload reads the settings again, and forks from what is loaded already."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    gc.unfreeze()
    settings = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert not gc.isenabled()
    settings["when_ready"](SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app)))
    assert gc.isenabled()
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert gc.isenabled()


def test_without_it_the_first_guess_reads_the_vocabulary(app: APIFlask) -> None:
    with vocabularies_read(app) as queries:
        play_a_word(app)
    assert len(queries) == 1


def test_no_connection_is_left_for_forked_workers_to_share(app: APIFlask) -> None:
    warm_up(app)
    with app.app_context():
        assert "Connections in pool: 0" in db.engine.pool.status()


def test_a_database_that_is_not_ready_stops_no_start(create: CreateApp, tmp_path: Path) -> None:
    without_tables = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    for url in (without_tables, "postgres://u:p@127.0.0.1:9/none"):
        warm_up(create(settings_for(url)))


def test_a_model_that_is_not_there_is_told_at_the_start(
    create: CreateApp, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    warm_up(create(settings_for(database_url, model="./no-such-model")))
    assert "MODEL: there is no folder ./no-such-model" in caplog.text


@pytest.mark.parametrize(("name", "kind"), [("./no-such", "folder"), ("/no/such.gguf", "file")])
def test_a_model_that_is_not_on_this_machine_is_named(name: str, kind: str) -> None:
    absent = absent_model(name)
    assert absent is not None
    assert absent.startswith(f"MODEL: there is no {kind} {name} on this machine.")


def test_what_cannot_be_known_here_is_not_called_absent(tmp_path: Path) -> None:
    for name in (str(tmp_path), GPT2, BUNDLED):
        assert absent_model(name) is None


def test_a_service_without_scored_passages_starts(empty_app: APIFlask) -> None:
    warm_up(empty_app)
