"""Applications on databases whose passages the bundled model was looked into on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from server import create_app
from server.application import db
from tests.conftest import Player, close, fill, settings_for
from tests.databases import PostgresqlDatabases, SqliteFiles
from tests.kept import RememberedTracer


def fill_traced(database_url: str, passages: Path, scorer: Any, *, small: bool = False) -> None:
    """Fill a database as for play, and let the bundled model be looked into."""
    from server.lm.inside.lens_files import read_lens
    from server.lm.inside.tracing import PassageTracer
    from server.lm.source import SHIPPED_LENS
    from server.services.inside.building import build_traces

    fill(database_url, passages, scorer)
    app = create_app(settings_for(database_url))
    with app.app_context():
        lens, _ = read_lens(SHIPPED_LENS, scorer.identity)
        tracer = RememberedTracer(PassageTracer(scorer._loaded, lens))
        built = build_traces(
            db.session, tracer, datetime.now(UTC), lambda done, total: None, small=small
        )
        assert built.added > 0
        assert built.left_out == []
    close(app)


@pytest.fixture
def traced_url(
    databases: SqliteFiles | PostgresqlDatabases, played_passages: Path, bundled_scorer: Any
) -> Iterator[str]:
    """A database with scored passages and their traces."""
    template = databases.template(
        "traced", lambda url: fill_traced(url, played_passages, bundled_scorer)
    )
    with databases.copy(template) as url:
        yield url


@pytest.fixture
def small_url(
    databases: SqliteFiles | PostgresqlDatabases, played_passages: Path, bundled_scorer: Any
) -> Iterator[str]:
    """The same with small traces."""
    template = databases.template(
        "small", lambda url: fill_traced(url, played_passages, bundled_scorer, small=True)
    )
    with databases.copy(template) as url:
        yield url


@pytest.fixture
def traced(traced_url: str) -> Iterator[APIFlask]:
    """The application without a model: it shows what is stored."""
    app = create_app(settings_for(traced_url, live_scoring=False))
    app.testing = True
    yield app
    close(app)


@pytest.fixture
def carol(traced: APIFlask) -> Player:
    """A player where traces are stored."""
    return Player(traced.test_client())


@pytest.fixture
def dave(traced: APIFlask) -> Player:
    """Another one."""
    return Player(traced.test_client())
